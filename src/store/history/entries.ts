/** What the entries of the history say, kind by kind, and how they are asked for. */
import type { HistoryKind } from '../../spec/history.js';
import type { BasicData } from '../../spec/portfolio.js';
import type { LeftAs } from '../../spec/status-changes.js';
import type { Day } from '../../spec/terms.js';
import type { Erasure } from '../erasure/erasure-list.js';
import type { RecordRef } from '../store.js';

/** What every entry of the history says. */
interface Happening {
  readonly at: Date;
  /** Package, folder, table or receipt, by base name; empty where there is none. */
  readonly file: string;
  /** 0 for anything but packages and documents. */
  readonly bytes: number;
  /** Who did it, by the name the system knows them by. */
  readonly operator: string;
}

/** That something was done that needs no more words than its students have. */
export interface PlainEntry extends Happening {
  readonly kind: 'init' | 'pick';
}

export interface LoadEntry extends Happening {
  readonly kind: 'load';
  /** The codes of the rules that the clerk set aside, with blanks between; empty for none. */
  readonly overridden?: string;
}

/** What entries of these kinds say that others do not. A kind that needs no column of its own has its type here. */
export interface EntryDetails {
  /** The school's name was set. */
  readonly school: { readonly name: string; readonly before: string };
  /** Students left, or came back. */
  readonly leave: { readonly as: LeftAs | 'here'; readonly on: Day };
  /** Registers were written. `files`: how many files of records with them; not there when none were asked for. */
  readonly register: { readonly academicYear: number; readonly batch: string; readonly files?: number };
  /** Files of a student were copied out of the store: how many; whether those of picked records alone. */
  readonly files: { readonly files: number; readonly picked: boolean };
  /** A page or a table with data of students was written, or a table printed: by which command; and the entry that it is about. */
  readonly output: { readonly command: OutputCommand; readonly of?: number };
  /** Files that the vault lacked are back: how many, how many of them were known by MD5 alone, and how many are still missing. */
  readonly recover: { readonly files: number; readonly byMd5: number; readonly missing: number };
  /** A package was checked: its MD5, and of one that is not in order why, by the code of the error. */
  readonly verify: Queued & { readonly md5: string; readonly code: string };
  /**
   * A student was erased for good: who, by keyed hash; why; how many records and files went; and the entries that had the student's
   * words in them, with their hashes since then.
   */
  readonly erase: {
    readonly keyedId: string;
    readonly reason: string;
    readonly records: number;
    readonly files: number;
    readonly reworded: readonly { readonly position: number; readonly hash: string }[];
  };
  /** The store was backed up: how many records and files are in the snapshot, and how many files the store did not have whole. */
  readonly backup: SnapshotRef & { readonly records: number; readonly files: number; readonly missing: number };
  /** A backup was restored to a scratch folder, and compared with what the snapshot says. */
  readonly rehearsal: SnapshotRef;
  /** The store was made out of a backup. `erasures`: those that it obeyed and that the log has no entries of; not there in earlier versions. */
  readonly restore: SnapshotRef & { readonly erasures?: readonly Erasure[] };
  /** `lpx doctor --repair`: files and folders that others could use; contents that no record names, which were moved out of the vault. */
  readonly repair: { readonly modes: number; readonly orphans: number; readonly checksums?: number };
  /**
   * The store came here from another place, which `folder` names: how many records and files came along, how many files it did not have
   * whole, and the place in the chain of the newest entry that it had.
   */
  readonly move: { readonly records: number; readonly files: number; readonly missing: number; readonly position: number };
  /** A probe was written before a move: its file, and the computer. */
  readonly probe: { readonly sha256: string; readonly host: string };
  /** A student was taken off the roll. `why`: the clerk's words; may be empty. */
  readonly remove: { readonly why: string };
}

/** The commands that write data of students into pages and tables, and have no entry of their own for it. */
export type OutputCommand = 'history' | 'log' | 'pick' | 'receipt' | 'show' | 'slip' | 'status' | 'students';

/** A snapshot of a backup, and the place in the chain of the newest entry that it has. */
export interface SnapshotRef {
  readonly repository: string;
  readonly snapshot: string;
  readonly position: number;
}

export type DetailedEntry = {
  [Kind in keyof EntryDetails]: Happening & {
    readonly kind: Kind;
    /** Where files were written; not there where none were. */
    readonly folder?: string;
    readonly details: EntryDetails[Kind];
  };
}[keyof EntryDetails];

/** An entry was taken back. */
export interface UndoEntry extends Happening {
  readonly kind: 'undo';
  /** The entry, by its number. */
  readonly refersTo: number;
  /**
   * What that one was; of an undo, whether what that had taken back stands again; whether it was taken back although what it brought had
   * been sent, or was in a register.
   */
  readonly details: { readonly of: HistoryKind; readonly redoes?: boolean; readonly despiteSent?: boolean };
}

/** That a receipt was written for an import, or one was found to fit an export. */
export interface ReceiptEntry extends Happening {
  readonly kind: 'receipt';
  /** Where it was written; empty for one that was checked. */
  readonly folder: string;
  readonly school: string;
  readonly md5: string;
  /** The import or export, by its number. */
  readonly refersTo: number;
  /** Of one that was checked: what it says. */
  readonly receiving?: Receiving | undefined;
}

/** What an entry says that a worker made. */
export interface Queued {
  /** The run of the command that had it done, as the workers' logs have it; not there where no worker was asked. */
  readonly request?: string | undefined;
}

interface PackageEntry extends Happening, Queued {
  readonly md5: string;
  /** Empty when it is unknown. */
  readonly contentsDigest: string;
  /** The other school: where a package came from or went to; empty when unknown. */
  readonly school: string;
  /** The codes of the rules that the clerk set aside, with blanks between; empty for none. */
  readonly overridden: string;
}

export interface ExportEntry extends PackageEntry {
  readonly kind: 'export';
  readonly reason: string;
  /** With blanks between; empty for all. */
  readonly terms: string;
  /** The students' last day here; empty in entries of earlier versions. */
  readonly left: Day | '';
  /** Where the package was written; empty in entries of earlier versions. */
  readonly folder: string;
}

export interface ImportEntry extends PackageEntry {
  readonly kind: 'import';
  readonly reason: 'unsigned' | '';
  /** Unchanged when all of it was there before; failed when it was refused: then only file, size, MD5 and code are known. */
  readonly state: 'done' | 'unchanged' | 'failed';
  /** Of one that failed, the code of the error; else empty. */
  readonly code: string;
}

/** An entry to add to the history. Exports are added as they are claimed. */
export type NewHistoryEntry = PlainEntry | LoadEntry | DetailedEntry | ReceiptEntry | ImportEntry | UndoEntry;

/** That a property of a student's basic data became another. */
export interface BasicDataChange {
  readonly property: keyof BasicData;
  readonly from: string | number;
  readonly to: string | number;
}

export interface HistoryStudent {
  readonly nationalId: string;
  readonly name: string;
  readonly courseResults: number;
  readonly multiPerformances: number;
  readonly attachments: number;
  /** Whether the student was not there before. */
  readonly created: boolean;
  readonly changes: readonly BasicDataChange[];
  /** Of an import; undefined when the package has the student as the roll does. */
  readonly sentAs: SentAs | undefined;
  /** Of a load, the records that it removed, brought back, updated or no longer has as picked. */
  readonly records: readonly HistoryRecord[];
}

/** The effect of a load on a record, other than adding it. */
export interface HistoryRecord {
  readonly ref: string;
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  /** `removed`, `returned`, `replaced`, `unpicked`. */
  readonly outcome: string;
}

/** How much of a student was loaded, exported or imported. */
export type HistoryCounts = Pick<HistoryStudent, 'courseResults' | 'multiPerformances' | 'attachments'>;

/** What else an entry says of a student. */
export type HistoryRemarks = Partial<Pick<HistoryStudent, 'created' | 'changes' | 'sentAs'>>;

/** Where a package differs from the roll; empty where it does not. */
export type SentAs = Pick<BasicData, 'nationalId' | 'name' | 'birthDate'>;

interface Kept {
  readonly id: number;
  /** Those who were asked for. */
  readonly students: readonly HistoryStudent[];
  /** How many students it is about, those among them who were erased since. */
  readonly studentCount: number;
  readonly erased: number;
  /** Of a load: how many records it removed, brought back, and so on, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The entry that took this one back; undefined while it stands. */
  readonly undoneBy: number | undefined;
}

interface KeptPackage extends Kept {
  /** The SHA-256 of the package's ZIP, which version 0.1 kept; else empty. */
  readonly sha256: string;
}

export type KeptImport = ImportEntry & KeptPackage;
/** `received` says when and by whom it was acknowledged; undefined until then. */
export type KeptExport = ExportEntry & KeptPackage & { readonly received: Receiving | undefined };
export type HistoryEntry = (Exclude<NewHistoryEntry, ImportEntry> & Kept) | KeptImport | KeptExport;

/** Which entries of the history; all that is given has to fit. */
export interface HistoryFilter {
  /** National id, also by the one that a package had. */
  readonly student?: string | undefined;
  /** The other school of packages and receipts. */
  readonly school?: string | undefined;
  /** None for all. */
  readonly kinds?: readonly HistoryKind[] | undefined;
  /** Numbers. */
  readonly ids?: readonly number[] | undefined;
  /** Of the package. */
  readonly md5?: string | undefined;
  /** From this moment on. */
  readonly since?: Date | undefined;
  /** Before this moment. */
  readonly before?: Date | undefined;
  /** With lower numbers than this one. */
  readonly olderThan?: number | undefined;
  /** At most so many, the newest. */
  readonly limit?: number | undefined;
  /** `few`: of an entry with many students, some. Default: all; of the one student who is asked for, that one. */
  readonly students?: 'all' | 'few' | undefined;
}

/** That a package has arrived, as the receiving school's receipt says. */
export interface Receiving {
  readonly at: Date;
  /** School and person. */
  readonly by: string;
}

/** The effect of an entry on a record, other than adding it. */
export interface RecordOutcome {
  readonly nationalId: string;
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  readonly outcome: string;
  /** Undefined of a record that the store does not have. */
  readonly record: RecordRef | undefined;
}

/** The same as it is added. */
export type NewRecordOutcome = Omit<RecordOutcome, 'nationalId' | 'record'> & { readonly record?: RecordRef | undefined };

/** An entry as `lpx undo` sees it. */
export interface EntryState {
  readonly id: number;
  readonly kind: HistoryKind;
  readonly state: 'done' | 'unchanged' | 'failed';
  readonly at: Date;
  readonly file: string;
  readonly undoneBy: number | undefined;
  /** Of an undo, the entry that it took back. */
  readonly refersTo: number | undefined;
  /** Whether all that it changed is kept; not so by earlier versions. */
  readonly keepsChanges: boolean;
  /** Whether students have been erased who were in it. */
  readonly hasErased: boolean;
}
