/** The school's store, as the use cases see it. `open.ts` opens one. */
import type { CourseListing } from '../spec/course-code-file.js';
import type { HistoryKind } from '../spec/history.js';
import type { BasicData, JsonObject, PortfolioRecord } from '../spec/portfolio.js';
import type { LeftAs } from '../spec/status-changes.js';
import type { Day } from '../spec/terms.js';
import type { BatchJournal } from './batch-journal.js';
import type { Erasure } from './erasure/erasure-list.js';
import type { StudentErasures } from './erasure/student-erasures.js';
import type { StoreHealth } from './health/store-health.js';
import type { CustodyLog } from './history/custody-log.js';
import type { Moved } from './moving.js';
import type { NamedValues } from './named-values.js';
import type { PackageClaims } from './package-claims.js';
import type { Presence } from './processes/presence.js';
import type { FileOwner, NeededFile, OwedByRecord } from './records/needed-files.js';
import type { RowReader } from './table-rows.js';
import type { AttachmentVault } from './vault/attachments.js';

export interface School {
  readonly code: string;
  readonly name: string;
}

/** A file of a record. Its content is known by its hash; its name and type are the record's own. */
export interface StoredAttachment {
  readonly sha256: string;
  readonly md5: string;
  readonly bytes: number;
  /** Undefined until it is exported, for a file that an earlier version or a package without CRCs (AE-2) brought. */
  readonly crc32?: number | undefined;
  /** `pdf`, `jpg`, `png`, `mp3`, `mp4`, or the extension it came with. */
  readonly type: string;
  /** The name it was uploaded under; display text, never a path. */
  readonly name: string;
}

/** Own records came from this school's platform; received ones from another school, and stay apart. */
export const PROVENANCES = ['own', 'received'] as const;
export type Provenance = (typeof PROVENANCES)[number];

/** A record as the store keeps it. */
export interface StoredRecord {
  readonly id: number;
  readonly provenance: Provenance;
  readonly record: PortfolioRecord<StoredAttachment>;
  readonly key: string;
  readonly content: string;
  /** The load or import that brought it, and when that was. */
  readonly historyId: number;
  readonly cameAt: Date;
  /** How it came, and with which file: a document that was loaded, or a package. */
  readonly cameBy: HistoryKind;
  readonly cameWith: string;
  /** Whether a platform's document or a package said it, now or before: registers do not overwrite that. */
  readonly ofPlatform: boolean;
  /** Whether the student chose it to be submitted (勾選). */
  readonly picked: boolean;
}

/** What the school's own lists say of a student; empty where none says it. */
export interface RollEntry {
  readonly studentNumber: string;
  readonly className: string;
  readonly seat: string;
}

/** A student as the roll has them, without records. */
export interface RollStudent {
  readonly id: number;
  readonly basicData: BasicData;
  readonly extras: JsonObject;
  readonly roll: RollEntry;
  /** Whether basic data came from a list alone: then only national id, name and birth date are known. */
  readonly listed: boolean;
  /** Undefined for one who is here. */
  readonly left: Leaving | undefined;
}

export interface StoredStudent extends RollStudent {
  /** School years by which the study is lengthened (高級中等教育法 第42條). */
  readonly extendedYears: number;
  /** Own records first, then received ones, each in the order they came; without those that were taken out. */
  readonly records: readonly StoredRecord[];
}

export interface StudentSummary extends RollEntry {
  readonly nationalId: string;
  readonly name: string;
  readonly courseResults: number;
  readonly multiPerformances: number;
  /** Records of both kinds that another school sent. */
  readonly received: number;
  readonly attachments: number;
  /** Files that their records are owed. */
  readonly owed: number;
  /** Whether basic data came from a list alone. */
  readonly listed: boolean;
  /** Undefined for one who is here. */
  readonly left: Leaving | undefined;
}

/** That a student has left, how, and the last day here. */
export interface Leaving {
  readonly as: LeftAs;
  readonly on: Day;
}

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

/** A pick by the record it is of. */
export type RecordRef = Pick<StoredRecord, 'provenance' | 'id'>;

/** A record to put in, with its identity worked out. */
export interface NewRecord {
  readonly record: PortfolioRecord<StoredAttachment>;
  readonly key: string;
  readonly content: string;
}

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

/** A later entry that rests on one, and how. */
export interface Hanging extends Pick<EntryState, 'id' | 'kind' | 'at' | 'file'> {
  /**
   * `changed`: it changed the same further; `picked`: it picked such records, or picks of it need the room; `matched`: it brought the same
   * records, or found them there; `sent`: it took what was there out of the store.
   */
  readonly why: 'changed' | 'picked' | 'matched' | 'sent';
  /** The other school, of an export or a receipt; else empty. */
  readonly school: string;
}

/** A student who is no longer on the roll. */
export interface RemovedStudent {
  readonly nationalId: string;
  readonly name: string;
  /** The newest entry of the history that did it, and when. */
  readonly removedBy: number;
  readonly removedAt: Date;
}

/** What taking an entry back does. */
export interface TakenBack {
  readonly students: readonly TakenBackStudent[];
  /** Listings of course codes and of schools that are gone, or as they were. */
  readonly courses: number;
  readonly schools: number;
  readonly schoolName: { readonly from: string; readonly to: string } | undefined;
}

/** The effect of taking an entry back on one student. */
export interface TakenBackStudent {
  readonly id: number;
  readonly nationalId: string;
  readonly name: string;
  /** Whether the student is no longer on the roll, or again. */
  readonly roll: 'off' | 'back' | undefined;
  /** Records that are no longer there, there again, and that say again what they said before. */
  readonly removed: number;
  readonly returned: number;
  readonly restored: number;
  /** Records that are picked again, and no longer. */
  readonly picked: number;
  readonly unpicked: number;
  /** What of basic data is again as before. */
  readonly changes: readonly BasicDataChange[];
  /** Whether leaving, extended years, and class, seat or student number are as before. */
  readonly left: boolean;
  readonly extendedYears: boolean;
  readonly rollEntry: boolean;
  /** Of the records. */
  readonly counts: HistoryCounts;
}

/** Reading and writing inside one transaction. What is written belongs to the entry that was added last. */
export interface StoreChange extends Pick<Store, 'student' | 'removedStudents' | 'rollOf' | 'knownFiles'> {
  historyKind(id: number): Promise<HistoryKind>;
  /** The numbers of students by national id, also of those who were taken off the roll; nothing for ids that are not there. */
  studentIds(nationalIds: readonly string[]): Promise<number[]>;
  /** Adds an entry; with the transaction's end it takes its place in the chain. @returns its number */
  addHistory(entry: NewHistoryEntry): Promise<number>;
  /** @throws LPX_STUDENT_CHANGED when the student has been erased since the number was read */
  addHistoryStudent(historyId: number, studentId: number, counts: HistoryCounts, remarks?: HistoryRemarks): Promise<void>;
  /** The same for many; without counts, nothing is counted. */
  addHistoryStudents(
    historyId: number,
    students: readonly (HistoryRemarks & Partial<HistoryCounts> & { readonly studentId: number })[],
  ): Promise<void>;
  /** Notes that an entry found records there, by the entries that brought them. */
  addMatches(historyId: number, matched: Iterable<number>): Promise<void>;
  addRecordOutcomes(historyId: number, studentId: number, outcomes: readonly NewRecordOutcome[]): Promise<void>;
  /** @param files the files that the receipt names, by SHA-256 */
  markReceived(historyId: number, receiving: Receiving, files: readonly string[]): Promise<void>;
  addStudent(basicData: BasicData, extras: JsonObject): Promise<StoredStudent>;
  /** Basic data as the platform has them. */
  updateStudent(id: number, basicData: BasicData, extras: JsonObject): Promise<void>;
  /** Puts students on the roll whom a list names. @returns their ids, in order */
  enrol(students: readonly Pick<RollStudent, 'basicData' | 'roll'>[]): Promise<number[]>;
  /** Brings what a list says of a student up to date; basic data only of one whom no platform has described. */
  updateRoll(id: number, basicData: BasicData | undefined, roll: RollEntry): Promise<void>;
  addRecords(studentId: number, provenance: Provenance, historyId: number, records: readonly NewRecord[]): Promise<void>;
  /** Puts a record in the place of a stored one, whose former content is kept. */
  replaceRecord(stored: StoredRecord, record: NewRecord, historyId: number): Promise<void>;
  /** Gives a record files that it was owed: its number, its picks and the entry that brought it stay; what it was before is kept. */
  payRecord(stored: RecordRef, record: NewRecord, historyId: number): Promise<void>;
  /** The records of a student that a load took out. */
  removedRecords(studentId: number): Promise<StoredRecord[]>;
  /** Takes records out: they are kept with their picks, and no more than that. */
  removeRecords(records: readonly RecordRef[], historyId: number): Promise<void>;
  /** Brings records back that were taken out. */
  restoreRecords(records: readonly RecordRef[]): Promise<void>;
  /** @param leaving undefined for a student who is here again */
  setLeft(studentId: number, leaving: Leaving | undefined): Promise<void>;
  setSchoolName(name: string): Promise<void>;
  /** Puts a content into the table of files that no record has. */
  addFile(file: Pick<StoredAttachment, 'sha256' | 'md5' | 'bytes'>): Promise<void>;
  /** Keeps the CRC-32 of files, by their SHA-256. */
  setCrc32s(crc32s: ReadonlyMap<string, number>): Promise<void>;
  /** Takes out of the table of files those of these that no record has or had. */
  dropUnneeded(sha256s: readonly string[]): Promise<void>;
  addPick(studentId: number, record: RecordRef, at: Date): Promise<void>;
  removePick(record: RecordRef): Promise<void>;
  setExtendedYears(studentId: number, years: number): Promise<void>;
  /** A settled entry; undefined for none. */
  entry(id: number): Promise<EntryState | undefined>;
  /** The later entries that rest on an entry, the newest first. */
  hangingOn(id: number): Promise<Hanging[]>;
  /** Takes an entry back, as part of the entry that was added last: what it changed is as before, and what it added is not there. */
  takeBack(id: number): Promise<TakenBack>;
  /** Takes a student off the roll, with all records; both are kept. */
  removeStudent(studentId: number): Promise<void>;
  /** Puts listings in, over those of the same code. @returns how many are new or other than before */
  putCourses(listings: readonly CourseListing[]): Promise<number>;
  /** The same for schools. */
  putSchools(schools: readonly School[]): Promise<number>;
  /** Every row, as this change sees it. */
  readonly rows: RowReader;
  /** The packages that are not finished, by their names. */
  openPackages(): Promise<string[]>;
  /** How many jobs of the queue wait or run. From here on, none is submitted or begun before the change ends. */
  openJobs(): Promise<number>;
  /** The batches that did not come to their end: when each began, and the work folder of its process. */
  openBatches(): Promise<{ readonly at: string; readonly work: string }[]>;
  /** Notes where the store went: with the end of the change it can be opened no more. */
  markMoved(moved: Moved): Promise<void>;
}

export interface Store {
  /** What messages call it: its folder, or the URL of its database without the user. */
  readonly folder: string;
  readonly school: School;
  readonly attachments: AttachmentVault;
  readonly presence: Presence;
  /** The packages that are being made. */
  readonly claims: PackageClaims;
  /** The batches that were begun. */
  readonly batches: BatchJournal;
  /** The keys of encrypted backups, under which objects are named there. */
  readonly backupKeys: NamedValues;
  /** The ids of the repositories, by folder, into which a backup was begun and may have a snapshot that the history does not name. */
  readonly begunBackups: NamedValues;
  /** The history as a ledger. */
  readonly log: CustodyLog;
  /** The students who were erased, and how more are. */
  readonly erasures: StudentErasures;
  /** What the database says of its own health. */
  readonly health: StoreHealth;
  students(): Promise<StudentSummary[]>;
  /** Those who were taken off the roll, of all students or of these; nobody who was erased. @throws LPX_STORE_DAMAGED */
  removedStudents(nationalIds?: readonly string[]): Promise<RemovedStudent[]>;
  student(nationalId: string): Promise<StoredStudent | undefined>;
  /** Those of these students who are on the roll, by national id. @throws LPX_STORE_DAMAGED */
  rollOf(nationalIds: readonly string[]): Promise<Map<string, RollStudent>>;
  /** The names of students by national id, in any letters; without those who are not there. */
  names(nationalIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The contents (by SHA-256) that records of more than one of these students have as files. */
  sharedFiles(nationalIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Those of the contents (by SHA-256) that records of the store have as files. */
  knownFiles(hashes: readonly string[]): Promise<ReadonlySet<string>>;
  /** What the custody log knows a student by: the national id under a key of the student's own, 64 hex digits. */
  keyedId(studentId: number): Promise<string>;
  /** Every file that a record is owed, by student; without those of records that were taken out. @throws LPX_STORE_DAMAGED */
  owedFiles(): Promise<readonly OwedByRecord[]>;
  /** Every content that a record has as a file, or had before it was replaced or taken out, once. */
  neededFiles(): Promise<readonly NeededFile[]>;
  /**
   * The records that have these contents (by SHA-256) as files, by student: those that are there, or those that were taken out.
   * @throws LPX_STORE_DAMAGED
   */
  fileOwners(hashes: ReadonlySet<string>, which?: 'present' | 'removed'): Promise<readonly FileOwner[]>;
  /** The files (by SHA-256) that receipts of this student's exports name. */
  acknowledgedFiles(nationalId: string): Promise<ReadonlySet<string>>;
  /** Newest first; without packages that are still being made. */
  history(filter?: HistoryFilter): Promise<HistoryEntry[]>;
  /** How many entries `history()` has. */
  historyCount(): Promise<number>;
  /** In the order of the package. */
  recordOutcomes(historyId: number): Promise<RecordOutcome[]>;
  /** The course code files: the listings of these codes, and which of their plans (year and school) a file is here for. */
  courses(codes: readonly string[]): Promise<{ readonly listings: readonly CourseListing[]; readonly plans: ReadonlySet<string> }>;
  /** The list of schools: those of these codes, and whether there is a list at all. */
  schools(codes: readonly string[]): Promise<{ readonly schools: readonly School[]; readonly listed: boolean }>;
  /**
   * Runs `work` in one transaction that no other writer shares, and keeps its changes only when it says so.
   * @throws LPX_STORE_BUSY, LPX_DISK_FULL, and what `work` throws, with nothing kept
   */
  change<T>(work: (change: StoreChange) => Promise<{ readonly keep: boolean; readonly result: T }>): Promise<T>;
  /** Runs `work` on every row as it is at one moment, while others may write. The store answers nothing else meanwhile. */
  readRows<T>(work: (rows: RowReader) => Promise<T>): Promise<T>;
  /** Where it went; undefined for a store that is where it was. */
  moved(): Promise<Moved | undefined>;
  /** Whether a move is still making it. */
  isUnpublished(): Promise<boolean>;
  /** Lets everybody open a store that a move has made. */
  publish(): Promise<void>;
  close(): Promise<void>;
}
