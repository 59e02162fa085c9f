/** The tables of the store, as the query builder sees them. */
import type { Generated } from 'kysely';
import type { HistoryKind } from '../spec/history.js';
import type { ListName } from '../spec/portfolio.js';
import type { LeftAs } from '../spec/status-changes.js';
import type { ChangedTable } from './history/entry-changes.js';
import type { Provenance } from './store.js';

/** What a row was when it was stored (`seal.ts`); empty only until the tenth version of the tables is complete. */
type Seal = Generated<string>;

export interface RecordTable {
  id: Generated<number>;
  student_id: number;
  history_id: number;
  list: ListName;
  record_key: string;
  content: string;
  origin_school_code: string;
  /** Empty for records that are not course results. */
  course_code: string;
  /** JSON */
  fields: string;
  /** JSON */
  extras: string;
  document_sha256: string | null;
  document_name: string;
  /** `pdf`, `jpg`, …; empty without a document. */
  document_type: string;
  media_sha256: string | null;
  media_name: string;
  media_type: string;
  /** The entry by which it was taken out; null while it is there. */
  removed_by: Generated<number | null>;
  /** JSON: the files that it is owed; empty for none. */
  owed: Generated<string>;
  /** JSON: what was repaired of it when it came; empty for nothing. */
  repairs: Generated<string>;
  seal: Seal;
}

/** What the columns of the history have that an entry has nothing to say in. */
export const UNSAID = {
  md5: '',
  sha256: '',
  contents_digest: '',
  school: '',
  reason: '',
  terms: '',
  left_on: '',
  folder: '',
  overridden: '',
  code: '',
  received_at: '',
  received_by: '',
  package: null,
} as const;

export interface Tables {
  schema_version: { version: number };
  /** What only this store is set to. `attachments`: the folder in which they are, of a store in a database. */
  settings: { name: string; value: string };
  /** In PostgreSQL: the work folders and turns of connections, which count while the connection lives. */
  sessions: { name: string; session: string };
  /** One row. `shared_group` is the group of users that shares the store; empty when it is its owner's alone. */
  school: { code: string; name: string; shared_group: string; seal: Seal };
  students: {
    id: Generated<number>;
    national_id: string;
    basic_data: string;
    extras: string;
    extended_years: Generated<number>;
    /** How and on which day the student left; empty for one who is here. */
    left_as: Generated<LeftAs | ''>;
    left_on: Generated<string>;
    /** 1 while basic data came from a list alone: name and birth date, and nothing of the platform's. */
    listed: Generated<number>;
    /** What the school's lists say; empty where none says it. */
    student_number: Generated<string>;
    class_name: Generated<string>;
    seat: Generated<string>;
    /** The entry by which the student was taken off the roll; null for one who is on it. */
    removed_by: Generated<number | null>;
    /** The hash of the student's records and picks (`holdings.ts`); empty without any. */
    holds: Generated<string>;
    /** Random, 64 hex digits: the key under which the history knows the national id (`chain.ts`). */
    id_key: string;
    seal: Seal;
  };
  /** The CRC-32 is unknown of files from before the ninth version, until they are exported. */
  attachments: { sha256: string; md5: string; bytes: number; crc32: number | null; seal: Seal };
  /** Everything that happened to the store, an entry each. */
  history: {
    id: Generated<number>;
    kind: HistoryKind;
    /** ISO 8601, UTC */
    at: string;
    file: string;
    bytes: number;
    md5: string;
    /** Of the ZIP; empty since the ninth version. */
    sha256: string;
    contents_digest: Generated<string>;
    school: string;
    reason: string;
    terms: string;
    /** Of an export: the day the students left. */
    left_on: Generated<string>;
    /** Where files were written to; empty where none were. */
    folder: Generated<string>;
    /** Of an import that failed: why, by the code of the error. */
    code: Generated<string>;
    /** JSON: what only entries of its kind have to say. */
    details: Generated<string>;
    /** The entry it is about: of a receipt, the import or export. */
    refers_to: Generated<number | null>;
    /** The entry that took it back; null while it stands. */
    undone_by: Generated<number | null>;
    /** 1 for an entry of which `entry_changes` has all that it changed; 0 for those of earlier versions. */
    keeps_changes: Generated<number>;
    /** The rules that an export or import was made against; else empty. */
    overridden: string;
    operator: string;
    /** ISO 8601, UTC; empty until an export is acknowledged. */
    received_at: string;
    received_by: string;
    /** The name of a package that was made here, without `.zip`: no two have the same. Null for anything else. */
    package: string | null;
    /**
     * Of an export: pending until all of its files are written, written until they have their names. Of an import:
     * unchanged when all was there before, failed when it was refused.
     */
    state: Generated<'pending' | 'written' | 'done' | 'unchanged' | 'failed'>;
    /** The work folder of the process that makes it; empty once it is done. */
    work: Generated<string>;
    /** The job of a batch that it is of, as `<batch>-<job>`; else empty. */
    batch_job: Generated<string>;
    /** Its place in the chain, from 1 without gaps; null until it is settled. */
    position: Generated<number | null>;
    /** The hash of the entry before it in the chain, and its own (`chain.ts`). */
    previous_hash: Generated<string>;
    hash: Generated<string>;
    /** Random, 32 hex digits, so that nobody guesses what was taken out of the entry; empty in entries of earlier versions. */
    salt: Generated<string>;
    /** The hash of its students (`chain.ts`); empty in entries of earlier versions. */
    students_hash: Generated<string>;
    /** The hash of what `entry_changes` has of it; empty in entries of earlier versions. */
    changes_hash: Generated<string>;
    /** The hash of its rows that no other hash covers (`entry-rows.ts`); empty in entries of earlier versions. */
    rows_hash: Generated<string>;
  };
  history_students: {
    history_id: number;
    student_id: number;
    course_results: number;
    multi_performances: number;
    attachments: number;
    /** The national id under the student's key (`chain.ts`). */
    keyed_id: Generated<string>;
    /** Of an export: the contents digest of a package of this student alone; empty in entries of earlier versions. */
    contents_digest: Generated<string>;
    /** 1 for a student who was not there before. */
    created: Generated<number>;
    /** JSON: what became of basic data, a `BasicDataChange` each. */
    changes: Generated<string>;
    /** What the package of an import says otherwise than the roll; empty where it does not. */
    sent_national_id: Generated<string>;
    sent_name: Generated<string>;
    sent_birth_date: Generated<string>;
    /** What is said of the student here and in `history_records`, under the student's key; empty in entries of earlier versions. */
    said_hash: Generated<string>;
  };
  /** What is left in the history of students who were erased: the hashes that the chain needs. */
  history_erased: {
    history_id: number;
    keyed_id: string;
    course_results: number;
    multi_performances: number;
    attachments: number;
    created: number;
    said_hash: string;
  };
  /** The students who were erased, by the national id under the key that was destroyed: whoever has the key of old finds them. */
  erasures: {
    keyed_id: string;
    /** ISO 8601, UTC */
    at: string;
  };
  /** What of erased students is still to be overwritten: files by their SHA-256, and the database itself (`isOfDatabase`). */
  remnants: { sha256: string };
  /** Batches that were begun (`batch-journal.ts`). */
  batches: {
    id: Generated<number>;
    /** Random: what the jobs of this batch are known by in the history. */
    token: string;
    kind: 'export' | 'import';
    /** What is the same of two batches of the same list with the same options: SHA-256, 64 hex digits. */
    key: string;
    /** ISO 8601, UTC */
    at: string;
    /** The work folder of the process that runs it; of one that is gone, the batch was cut short. Empty once it has ended. */
    work: string;
  };
  /** Files of packages that do not have their names yet: where they are, and what they are going to be called. */
  unpublished: { history_id: number; part: string; file: string };
  own_records: RecordTable;
  received_records: RecordTable;
  /** What records were before an entry replaced them; `history_id` is the entry that had brought them so. */
  former_records: Omit<RecordTable, 'id' | 'removed_by' | 'seal'> & {
    provenance: Provenance;
    record_id: number;
    replaced_by: number;
    seal: string;
  };
  /** What an entry did with records other than bringing them in as new. An import does so also with records that it leaves out. */
  history_records: {
    id: Generated<number>;
    history_id: number;
    student_id: number;
    /** The list by its name on the wire. */
    list: string;
    title: string;
    outcome: string;
    /** Null of a record that the store does not have. */
    provenance: Provenance | null;
    record_id: number | null;
  };
  picks: { provenance: Provenance; record_id: number; student_id: number; at: string };
  /** `history_id` is the entry that brought them so; null for those of earlier versions. */
  course_codes: { code: string; plan: string; subject_name: string; credits: string; history_id: Generated<number | null> };
  known_schools: { code: string; name: string; history_id: Generated<number | null> };
  /** What rows were before an entry changed them (`entry-changes.ts`). */
  entry_changes: {
    id: Generated<number>;
    history_id: number;
    table_name: ChangedTable;
    /** JSON: the values of the columns that the row is known by. */
    row_key: string;
    /** The student whose data it is; null for none. */
    student_id: number | null;
    /** JSON; null where there was no row. */
    before: string | null;
    seal: string;
  };
  /** That an entry found records of another one to be there as it says. */
  entry_matches: { history_id: number; matched_id: number };
  /** The files that the receipt of an export says the other school has. `history_id` is the export. */
  receipt_files: { history_id: number; sha256: string };
}
