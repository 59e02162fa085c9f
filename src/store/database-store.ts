/** The store over a query builder. Nothing here is SQLite's own. */

import type { Kysely } from 'kysely';
import { LpxError } from '../errors.js';
import { markCommitted } from '../io/interruption.js';
import { canonicalCode } from '../plain-text.js';
import type { CourseListing } from '../spec/course-code-file.js';
import { planOfCourseCode } from '../spec/identifiers/course-code.js';
import { MULTI_PERFORMANCE_LISTS } from '../spec/portfolio.js';
import { BatchJournal } from './batch-journal.js';
import { DatabaseChange } from './database-change.js';
import { StudentErasures } from './erasure/student-erasures.js';
import { StoreHealth } from './health/store-health.js';
import { keyedId } from './history/chain.js';
import { CustodyLog } from './history/custody-log.js';
import { areAcknowledged } from './history/entry-rows.js';
import { countHistory, readHistory } from './history/history-rows.js';
import { type Moved, makerOf, movedIn, publish } from './moving.js';
import { begunBackupsIn, NamedValues, rehearsalsIn } from './named-values.js';
import { PackageClaims } from './package-claims.js';
import type { Presence } from './processes/presence.js';
import { type FileOwner, type NeededFile, neededFiles, type OwedByRecord, owedFiles, ownersOf } from './records/needed-files.js';
import { inParts } from './statements.js';
import {
  type HistoryEntry,
  type HistoryFilter,
  PROVENANCES,
  type RecordOutcome,
  type RemovedStudent,
  type RollStudent,
  type School,
  type Store,
  type StoreChange,
  type StoredStudent,
  type StudentSummary,
} from './store.js';
import { basicDataOf, leavingOf, rollEntryOf } from './stored-rows.js';
import { type Db, knownFilesIn, onRoll, readRemoved, readRoll, readStudent, TABLE_OF } from './student-rows.js';
import { type RowReader, readRows } from './table-rows.js';
import type { Tables } from './tables.js';
import type { AttachmentVault } from './vault/attachments.js';

/** What a store has beside its database. */
type StoreParts = Pick<Store, 'folder' | 'school' | 'attachments' | 'presence'>;

export class DatabaseStore implements Store {
  readonly #db: Kysely<Tables>;
  readonly folder: string;
  readonly school: School;
  readonly attachments: AttachmentVault;
  readonly presence: Presence;
  readonly claims: PackageClaims;
  readonly batches: BatchJournal;
  readonly backupKeys: NamedValues;
  readonly begunBackups: NamedValues;
  readonly moveKeys: NamedValues;
  readonly rehearsals: NamedValues;
  readonly log: CustodyLog;
  readonly erasures: StudentErasures;
  readonly health: StoreHealth;

  constructor(db: Kysely<Tables>, { folder, school, attachments, presence }: StoreParts) {
    this.#db = db;
    this.folder = folder;
    this.school = { ...school, code: canonicalCode(school.code) };
    this.attachments = attachments;
    this.presence = presence;
    this.claims = new PackageClaims(db, folder, presence);
    this.batches = new BatchJournal(db, presence);
    this.backupKeys = new NamedValues(db, 'backup-key');
    this.begunBackups = begunBackupsIn(db);
    this.moveKeys = new NamedValues(db, 'move-key');
    this.rehearsals = rehearsalsIn(db);
    this.log = new CustodyLog(db);
    this.erasures = new StudentErasures(db, { folder, attachments, presence });
    this.health = new StoreHealth(db);
  }

  async students(): Promise<StudentSummary[]> {
    const students = await onRoll(this.#db).orderBy('national_id').execute();
    const counts = new Map<number, { courseResults: number; multiPerformances: number; received: number; attachments: number }>();
    for (const provenance of PROVENANCES) {
      const rows = await this.#db
        .selectFrom(TABLE_OF[provenance])
        .select(['student_id', 'list'])
        .select((eb) => [
          eb.fn.countAll<number>().as('records'),
          eb.fn.count<number>('document_sha256').as('documents'),
          eb.fn.count<number>('media_sha256').as('media'),
        ])
        .where('removed_by', 'is', null)
        .groupBy(['student_id', 'list'])
        .execute();
      for (const row of rows) {
        const count = counts.get(row.student_id) ?? { courseResults: 0, multiPerformances: 0, received: 0, attachments: 0 };
        counts.set(row.student_id, count);
        const records = Number(row.records);
        const exchanged = row.list === 'courseResults' || MULTI_PERFORMANCE_LISTS.has(row.list);
        if (row.list === 'courseResults') count.courseResults += records;
        else if (exchanged) count.multiPerformances += records;
        if (exchanged && provenance === 'received') count.received += records;
        count.attachments += Number(row.documents) + Number(row.media);
      }
    }
    const owed = new Map<number, number>();
    for (const { studentId } of await owedFiles(this.#db, this.folder)) owed.set(studentId, (owed.get(studentId) ?? 0) + 1);
    const none = { courseResults: 0, multiPerformances: 0, received: 0, attachments: 0 };
    return students.map((student) => ({
      nationalId: student.national_id,
      name: basicDataOf(student, this.folder).name,
      left: leavingOf(student),
      listed: student.listed === 1,
      ...rollEntryOf(student),
      ...(counts.get(student.id) ?? none),
      owed: owed.get(student.id) ?? 0,
    }));
  }

  removedStudents(nationalIds?: readonly string[]): Promise<RemovedStudent[]> {
    return readRemoved(this.#db, this.folder, nationalIds);
  }

  student(nationalId: string): Promise<StoredStudent | undefined> {
    return readStudent(this.#db, nationalId, this.folder);
  }

  rollOf(nationalIds: readonly string[]): Promise<Map<string, RollStudent>> {
    return readRoll(this.#db, nationalIds, this.folder);
  }

  async names(nationalIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    for (const some of inParts([...new Set(nationalIds.map(canonicalCode))])) {
      const rows = await onRoll(this.#db).where('national_id', 'in', some).execute();
      for (const row of rows) names.set(row.national_id, basicDataOf(row, this.folder).name);
    }
    return names;
  }

  async sharedFiles(nationalIds: readonly string[]): Promise<ReadonlySet<string>> {
    const [once, shared] = [new Map<string, number>(), new Set<string>()];
    for (const some of inParts([...new Set(nationalIds.map(canonicalCode))]))
      for (const provenance of PROVENANCES) {
        const rows = await this.#db
          .selectFrom(`${TABLE_OF[provenance]} as records`)
          .innerJoin('students', 'students.id', 'records.student_id')
          .select(['student_id', 'document_sha256', 'media_sha256'])
          .where('national_id', 'in', some)
          .where('records.removed_by', 'is', null)
          .execute();
        for (const { student_id, document_sha256, media_sha256 } of rows)
          for (const sha256 of [document_sha256, media_sha256]) {
            if (sha256 === null) continue;
            if ((once.get(sha256) ?? student_id) !== student_id) shared.add(sha256);
            once.set(sha256, student_id);
          }
      }
    return shared;
  }

  knownFiles(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    return knownFilesIn(this.#db, hashes);
  }

  async keyedId(studentId: number): Promise<string> {
    const student = this.#db.selectFrom('students').select(['national_id', 'id_key']).where('id', '=', studentId);
    const { national_id, id_key } = await student.executeTakeFirstOrThrow();
    return keyedId(id_key, national_id);
  }

  owedFiles(): Promise<OwedByRecord[]> {
    return owedFiles(this.#db, this.folder);
  }

  neededFiles(): Promise<NeededFile[]> {
    return neededFiles(this.#db);
  }

  fileOwners(hashes: ReadonlySet<string>, which?: 'present' | 'removed'): Promise<FileOwner[]> {
    return ownersOf(this.#db, this.folder, hashes, which);
  }

  async acknowledgedFiles(nationalId: string): Promise<ReadonlySet<string>> {
    const rows = await this.#db
      .selectFrom('receipt_files')
      .innerJoin('history_students', 'history_students.history_id', 'receipt_files.history_id')
      .innerJoin('students', 'students.id', 'history_students.student_id')
      .select(['sha256', 'receipt_files.history_id'])
      .where('national_id', '=', nationalId)
      .execute();
    const exportIds = rows.map(({ history_id }) => history_id);
    if (!(await areAcknowledged(this.#db, exportIds))) throw new LpxError('LPX_STORE_DAMAGED', { folder: this.folder, part: 'history' });
    return new Set(rows.map(({ sha256 }) => sha256));
  }

  history(filter: HistoryFilter = {}): Promise<HistoryEntry[]> {
    return readHistory(this.#db, this.folder, filter);
  }

  historyCount(): Promise<number> {
    return countHistory(this.#db);
  }

  async recordOutcomes(historyId: number): Promise<RecordOutcome[]> {
    const rows = await this.#db
      .selectFrom('history_records')
      .innerJoin('students', 'students.id', 'history_records.student_id')
      .select(['national_id as nationalId', 'list', 'title', 'outcome', 'provenance', 'record_id'])
      .where('history_id', '=', historyId)
      .orderBy('history_records.id')
      .execute();
    return rows.map(({ provenance, record_id, ...rest }) => ({
      ...rest,
      record: provenance === null || record_id === null ? undefined : { provenance, id: record_id },
    }));
  }

  async courses(codes: readonly string[]): Promise<{ readonly listings: readonly CourseListing[]; readonly plans: ReadonlySet<string> }> {
    const listings = await listingsIn(this.#db, codes);
    const plans = new Set<string>();
    for (const plan of new Set(codes.map(planOfCourseCode)))
      if (await this.#db.selectFrom('course_codes').select('code').where('plan', '=', plan).executeTakeFirst()) plans.add(plan);
    return { listings, plans };
  }

  async schools(codes: readonly string[]): Promise<{ readonly schools: readonly School[]; readonly listed: boolean }> {
    const schools = await schoolsIn(this.#db, codes);
    const listed = schools.length > 0 || (await this.#db.selectFrom('known_schools').select('code').executeTakeFirst()) !== undefined;
    return { schools, listed };
  }

  async change<T>(work: (change: StoreChange) => Promise<{ readonly keep: boolean; readonly result: T }>): Promise<T> {
    const outcome: { result?: T } = {};
    try {
      await this.#db.transaction().execute(async (transaction) => {
        const change = new DatabaseChange(transaction, this.folder);
        const { keep, result } = await work(change);
        outcome.result = result;
        if (!keep) throw NOTHING_TO_KEEP;
        await change.chainEntries();
        // Before the commit is under way: a signal that comes meanwhile cannot know whether to undo what belongs to it.
        markCommitted();
      });
    } catch (error) {
      if (error !== NOTHING_TO_KEEP) throw error;
    }
    return outcome.result as T;
  }

  readRows<T>(work: (rows: RowReader) => Promise<T>): Promise<T> {
    return readRows(this.#db, this.folder, work);
  }

  moved(): Promise<Moved | undefined> {
    return movedIn(this.#db, this.folder);
  }

  async isUnpublished(): Promise<boolean> {
    return (await makerOf(this.#db)) !== undefined;
  }

  publish(): Promise<void> {
    return publish(this.#db);
  }

  async close(): Promise<void> {
    this.attachments.close();
    await this.#db.destroy();
  }
}

/** Thrown to roll a transaction back without an error. */
const NOTHING_TO_KEEP = new Error('rolled back');

async function listingsIn(db: Db, codes: readonly string[]): Promise<CourseListing[]> {
  const listings: CourseListing[] = [];
  for (const some of inParts([...new Set(codes)]))
    listings.push(
      ...(await db
        .selectFrom('course_codes')
        .select(['code', 'subject_name as subjectName', 'credits'])
        .where('code', 'in', some)
        .execute()),
    );
  return listings;
}

async function schoolsIn(db: Db, codes: readonly string[]): Promise<School[]> {
  const schools: School[] = [];
  for (const some of inParts([...new Set(codes)]))
    schools.push(...(await db.selectFrom('known_schools').select(['code', 'name']).where('code', 'in', some).execute()));
  return schools;
}
