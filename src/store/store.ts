/** The school's store, as the use cases see it. `open.ts` opens one. */
import type { CourseListing } from '../spec/course-code-file.js';
import type { HistoryKind } from '../spec/history.js';
import type { BasicData, JsonObject, PortfolioRecord } from '../spec/portfolio.js';
import type { LeftAs } from '../spec/status-changes.js';
import type { Day } from '../spec/terms.js';
import type { BatchJournal } from './batch-journal.js';
import type { StudentErasures } from './erasure/student-erasures.js';
import type { StoreHealth } from './health/store-health.js';
import type { CustodyLog } from './history/custody-log.js';
import type {
  EntryState,
  HistoryCounts,
  HistoryEntry,
  HistoryFilter,
  HistoryRemarks,
  NewHistoryEntry,
  NewRecordOutcome,
  Receiving,
  RecordOutcome,
} from './history/entries.js';
import type { Hanging, UndoRoot } from './history/hanging.js';
import type { TakenBack } from './history/taken-back.js';
import type { Moved } from './moving.js';
import type { NamedValues } from './named-values.js';
import type { PackageClaims } from './package-claims.js';
import type { Presence } from './processes/presence.js';
import type { FileOwner, NeededFile, OwedByRecord } from './records/needed-files.js';
import type { RowReader } from './table-rows.js';
import type { AttachmentVault } from './vault/attachments.js';

export type * from './history/entries.js';
export type { Hanging, UndoRoot } from './history/hanging.js';
export type { TakenBack, TakenBackStudent } from './history/taken-back.js';

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

/** A pick by the record it is of. */
export type RecordRef = Pick<StoredRecord, 'provenance' | 'id'>;

/** A record to put in, with its identity worked out. */
export interface NewRecord {
  readonly record: PortfolioRecord<StoredAttachment>;
  readonly key: string;
  readonly content: string;
}

/** A student who is no longer on the roll. */
export interface RemovedStudent {
  readonly nationalId: string;
  readonly name: string;
  /** The newest entry of the history that did it, and when. */
  readonly removedBy: number;
  readonly removedAt: Date;
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
  /** What a chain of undoing that ends with an entry is about. */
  rootOf(id: number): Promise<UndoRoot>;
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
  /** What the new stores know it by that its moves make, by the folder that it was in: a copy elsewhere has a key of its own. */
  readonly moveKeys: NamedValues;
  /** The folders in which rehearsals are under way, or were killed. */
  readonly rehearsals: NamedValues;
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
