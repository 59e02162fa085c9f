/** The school's store, as the use cases see it. `sqlite.ts` opens one on disk. */
import type { BasicData, JsonObject, PortfolioRecord } from '../spec/portfolio.js';
import type { AttachmentVault } from './attachments.js';

export interface School {
  readonly code: string;
  readonly name: string;
}

/** A file the store holds, known by its content. */
export interface StoredAttachment {
  readonly sha256: string;
  readonly md5: string;
  readonly crc32: number;
  readonly bytes: number;
  /** `pdf`, `jpg`, `png`, `mp3`, `mp4`, or the extension it came with. */
  readonly type: string;
  /** The name it was uploaded under; display text, never a path. */
  readonly name: string;
}

/** Own records came from this school's platform; received ones from another school, and stay apart. */
export type Provenance = 'own' | 'received';

/** A record as the store keeps it. */
export interface StoredRecord {
  readonly id: number;
  readonly provenance: Provenance;
  readonly record: PortfolioRecord<StoredAttachment>;
  readonly key: string;
  readonly content: string;
  /** The load or import that brought it. */
  readonly historyId: number;
}

export interface StoredStudent {
  readonly id: number;
  readonly basicData: BasicData;
  readonly extras: JsonObject;
  /** Own records first, then received ones, each in the order they came. */
  readonly records: readonly StoredRecord[];
}

export interface StudentSummary {
  readonly nationalId: string;
  readonly name: string;
  readonly courseResults: number;
  readonly multiPerformances: number;
  /** Records of both kinds that another school sent. */
  readonly received: number;
  readonly attachments: number;
}

export type HistoryKind = 'load' | 'export' | 'import';

/** One thing that happened to the store, told to it once it is known. */
export interface NewHistoryEntry {
  readonly kind: HistoryKind;
  readonly at: Date;
  /** Package or folder, by base name. */
  readonly file: string;
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string;
  /** The other school: where a package came from or went to; empty when unknown. */
  readonly school: string;
  /** Reason and terms of an export; `unsigned` for an import without a signature; empty otherwise. */
  readonly reason: string;
  readonly terms: string;
}

export interface HistoryStudent {
  readonly nationalId: string;
  readonly name: string;
  readonly courseResults: number;
  readonly multiPerformances: number;
  readonly attachments: number;
}

export interface HistoryEntry extends NewHistoryEntry {
  readonly id: number;
  readonly students: readonly HistoryStudent[];
}

/** A record to put in, with its identity worked out. */
export interface NewRecord {
  readonly record: PortfolioRecord<StoredAttachment>;
  readonly key: string;
  readonly content: string;
}

/** Reading and writing inside one transaction. */
export interface StoreChange {
  student(nationalId: string): Promise<StoredStudent | undefined>;
  historyKind(id: number): Promise<HistoryKind>;
  addHistory(entry: NewHistoryEntry): Promise<number>;
  addHistoryStudent(historyId: number, studentId: number, counts: Omit<HistoryStudent, 'nationalId' | 'name'>): Promise<void>;
  addStudent(basicData: BasicData, extras: JsonObject): Promise<StoredStudent>;
  updateStudent(id: number, basicData: BasicData, extras: JsonObject): Promise<void>;
  addRecord(studentId: number, provenance: Provenance, historyId: number, record: NewRecord): Promise<void>;
  replaceRecord(stored: StoredRecord, record: NewRecord, historyId: number): Promise<void>;
}

export interface Store {
  readonly folder: string;
  readonly school: School;
  readonly attachments: AttachmentVault;
  students(): Promise<StudentSummary[]>;
  student(nationalId: string): Promise<StoredStudent | undefined>;
  /** Newest first. */
  history(): Promise<HistoryEntry[]>;
  /**
   * Runs `work` in one transaction that no other writer shares, and keeps its changes only when it says so.
   * @throws LPX_STORE_BUSY, LPX_DISK_FULL, and what `work` throws, with nothing kept
   */
  change<T>(work: (change: StoreChange) => Promise<{ readonly keep: boolean; readonly result: T }>): Promise<T>;
  close(): Promise<void>;
}
