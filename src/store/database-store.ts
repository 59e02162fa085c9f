/** The store over a query builder. Nothing here is SQLite's own. */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { LpxError } from '../errors.js';
import { markCommitted } from '../io/interruption.js';
import { canonicalCode } from '../plain-text.js';
import type { CourseListing } from '../spec/course-code-file.js';
import { HISTORY_KINDS, type HistoryKind } from '../spec/history.js';
import { planOfCourseCode } from '../spec/identifiers/course-code.js';
import { identityOf } from '../spec/identity.js';
import {
  type BasicData,
  type JsonObject,
  MULTI_PERFORMANCE_LISTS,
  type PortfolioRecord,
  SLOTS,
  type Slot,
  titleOf,
  wireListOf,
} from '../spec/portfolio.js';
import type { AttachmentVault } from './attachments.js';
import { BackupKeys } from './backup-keys.js';
import { BatchJournal } from './batch-journal.js';
import { chainEntry, erasuresIn, isEntryIntact, keyedId, newIdKey, saidHash } from './chain.js';
import { CustodyLog } from './custody-log.js';
import { type ChangedTable, EntryChanges } from './entry-changes.js';
import { areAcknowledged } from './entry-rows.js';
import { countHistory, historyColumns, readHistory } from './history-rows.js';
import { sealHoldings } from './holdings.js';
import { type Moved, makerOf, markMoved, movedIn, publish } from './moving.js';
import { type FileOwner, type NeededFile, neededFiles, type OwedByRecord, owedFiles, ownersOf } from './needed-files.js';
import { PackageClaims } from './package-claims.js';
import type { Presence } from './presence.js';
import { openJobs } from './queued-traces.js';
import { asStored, sealed, sealOf } from './seal.js';
import { inParts } from './statements.js';
import {
  type EntryState,
  type Hanging,
  type HistoryCounts,
  type HistoryEntry,
  type HistoryFilter,
  type HistoryRemarks,
  type Leaving,
  type NewHistoryEntry,
  type NewRecord,
  type NewRecordOutcome,
  PROVENANCES,
  type Provenance,
  type Receiving,
  type RecordOutcome,
  type RecordRef,
  type RemovedStudent,
  type RollEntry,
  type RollStudent,
  type School,
  type Store,
  type StoreChange,
  type StoredAttachment,
  type StoredRecord,
  type StoredStudent,
  type StudentSummary,
  type TakenBack,
} from './store.js';
import { StoreHealth } from './store-health.js';
import {
  basicDataOf,
  damaged,
  leavingOf,
  listIn,
  objectIn,
  orDamaged,
  rollEntryOf,
  type StudentRef,
  type StudentRow,
  storedTime,
  updateStudentRow,
} from './stored-rows.js';
import { StudentErasures } from './student-erasures.js';
import { type Row, RowReader, readRows } from './table-rows.js';
import type { RecordTable, Tables } from './tables.js';
import { hangingOn, markTakenBack, takeBack } from './taking-back.js';

const TABLE_OF = { own: 'own_records', received: 'received_records' } as const;

type Db = Kysely<Tables> | Transaction<Tables>;

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
  readonly backupKeys: BackupKeys;
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
    this.backupKeys = new BackupKeys(db);
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

  async removedStudents(): Promise<RemovedStudent[]> {
    const rows = await this.#db.selectFrom('students').selectAll().where('removed_by', 'is not', null).orderBy('national_id').execute();
    return rows.map((row) => ({
      nationalId: row.national_id,
      name: basicDataOf(row, this.folder).name,
      removedBy: Number(row.removed_by),
    }));
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

  fileOwners(hashes: ReadonlySet<string>): Promise<FileOwner[]> {
    return ownersOf(this.#db, this.folder, hashes);
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
    return movedIn(this.#db);
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

export class DatabaseChange implements StoreChange {
  readonly #db: Transaction<Tables>;
  readonly #folder: string;
  readonly #added: number[] = [];
  /** The students whose records or picks it changed. */
  readonly #touched = new Set<number>();
  readonly #changes: EntryChanges;
  readonly rows: RowReader;

  constructor(db: Transaction<Tables>, folder: string) {
    this.#db = db;
    this.#folder = folder;
    this.rows = new RowReader(db, folder);
    this.#changes = new EntryChanges(db);
  }

  /** The entry that what is done now belongs to: the last one added. Without one, nothing is there to be undone. */
  get #entry(): number | undefined {
    return this.#added.at(-1);
  }

  readonly #noteUpdate = async (table: ChangedTable, row: Row, columns: Row): Promise<void> => {
    if (this.#entry !== undefined) await this.#changes.updated(this.#entry, table, row, columns);
  };

  #updateStudent(id: number, columns: Partial<StudentRow>): Promise<void> {
    return updateStudentRow(this.#db, { id, folder: this.#folder, noted: this.#noteUpdate }, columns);
  }

  student(nationalId: string): Promise<StoredStudent | undefined> {
    return readStudent(this.#db, nationalId, this.#folder);
  }

  knownFiles(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    return knownFilesIn(this.#db, hashes);
  }

  async openPackages(): Promise<string[]> {
    const unfinished = this.#db.selectFrom('history').select('file').where('state', 'in', ['pending', 'written']);
    return (await unfinished.orderBy('id').execute()).map(({ file }) => file);
  }

  openJobs(): Promise<number> {
    return openJobs(this.#db);
  }

  openBatches(): Promise<{ at: string; work: string }[]> {
    return this.#db.selectFrom('batches').select(['at', 'work']).where('work', '<>', '').orderBy('id').execute();
  }

  markMoved(moved: Moved): Promise<void> {
    return markMoved(this.#db, moved);
  }

  async studentIds(nationalIds: readonly string[]): Promise<number[]> {
    const ids: number[] = [];
    for (const some of inParts([...new Set(nationalIds)])) {
      const rows = await this.#db.selectFrom('students').select('id').where('national_id', 'in', some).execute();
      ids.push(...rows.map(({ id }) => id));
    }
    return ids;
  }

  async historyKind(id: number): Promise<HistoryKind> {
    return (await this.#db.selectFrom('history').select('kind').where('id', '=', id).executeTakeFirstOrThrow()).kind;
  }

  async addHistory(entry: NewHistoryEntry): Promise<number> {
    const { id } = await this.#db
      .insertInto('history')
      .values({ ...historyColumns(entry), keeps_changes: 1 })
      .returning('id')
      .executeTakeFirstOrThrow();
    this.#added.push(id);
    return id;
  }

  /** Gives the new entries their places in the chain, once all that belongs to them is there. */
  async chainEntries(): Promise<void> {
    await this.#changes.flush();
    await sealHoldings(this.#db, this.#touched);
    for (const id of this.#added) await chainEntry(this.#db, id);
  }

  async addHistoryStudent(historyId: number, studentId: number, counts: HistoryCounts, remarks: HistoryRemarks = {}): Promise<void> {
    await this.addHistoryStudents(historyId, [{ ...remarks, ...counts, studentId }]);
  }

  async addHistoryStudents(
    historyId: number,
    students: readonly (HistoryRemarks & Partial<HistoryCounts> & { readonly studentId: number })[],
  ): Promise<void> {
    for (const some of inParts(students)) {
      const ids = some.map(({ studentId }) => studentId);
      const rows = await this.#db.selectFrom('students').select(['id', 'national_id', 'id_key']).where('id', 'in', ids).execute();
      const keyOf = new Map(rows.map(({ id, ...row }) => [id, row]));
      await this.#db
        .insertInto('history_students')
        .values(
          some.map((student) => {
            const row = historyStudentRow(historyId, student);
            const keyed = keyOf.get(student.studentId);
            // One who was found before this change began, and has been erased since.
            if (!keyed) throw new LpxError('LPX_STUDENT_CHANGED');
            return { ...row, keyed_id: keyedId(keyed.id_key, keyed.national_id), said_hash: saidHash(keyed.id_key, row, []) };
          }),
        )
        .execute();
    }
  }

  async addRecordOutcomes(historyId: number, studentId: number, outcomes: readonly NewRecordOutcome[]): Promise<void> {
    for (const some of inParts(outcomes))
      await this.#db
        .insertInto('history_records')
        .values(
          some.map(({ list, title, outcome, record }) => ({
            history_id: historyId,
            student_id: studentId,
            list,
            title,
            outcome,
            provenance: record?.provenance ?? null,
            record_id: record?.id ?? null,
          })),
        )
        .execute();
    // What is said of the student is more by now: the end of the change gives it its hash.
    if (outcomes.length > 0)
      await this.#db
        .updateTable('history_students')
        .set({ said_hash: '' })
        .where('history_id', '=', historyId)
        .where('student_id', '=', studentId)
        .execute();
  }

  async addMatches(historyId: number, matched: Iterable<number>): Promise<void> {
    const others = [...new Set(matched)].filter((id) => id !== historyId);
    for (const some of inParts(others))
      await this.#db
        .insertInto('entry_matches')
        .values(some.map((matched_id) => ({ history_id: historyId, matched_id })))
        .onConflict((conflict) => conflict.columns(['history_id', 'matched_id']).doNothing())
        .execute();
  }

  async entry(id: number): Promise<EntryState | undefined> {
    const row = await this.#db.selectFrom('history').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row || row.state === 'pending' || row.state === 'written') return undefined;
    const { kind, state, file } = row;
    if (!isEntryIntact(row, await erasuresIn(this.#db))) throw new LpxError('LPX_STORE_DAMAGED', { folder: this.#folder, part: 'history' });
    const erased = await this.#db.selectFrom('history_erased').select('history_id').where('history_id', '=', id).executeTakeFirst();
    return {
      id,
      kind,
      state,
      at: storedTime(row.at, { folder: this.#folder }),
      file,
      undoneBy: row.undone_by ?? undefined,
      refersTo: kind === 'undo' ? (row.refers_to ?? undefined) : undefined,
      keepsChanges: row.keeps_changes === 1,
      hasErased: erased !== undefined,
    };
  }

  hangingOn(id: number): Promise<Hanging[]> {
    return hangingOn(this.#db, id, this.#folder);
  }

  async takeBack(id: number): Promise<TakenBack> {
    const by = this.#entry;
    if (by === undefined) throw new Error('An entry is taken back by another one.');
    const taken = await takeBack(id, { db: this.#db, folder: this.#folder, by, changes: this.#changes, touched: this.#touched });
    await markTakenBack(this.#db, id, by);
    return taken;
  }

  async removeStudent(studentId: number): Promise<void> {
    const removed_by = this.#entry;
    if (removed_by === undefined) throw new Error('A student is taken off the roll by an entry.');
    for (const provenance of PROVENANCES) {
      const records = await this.#db
        .selectFrom(TABLE_OF[provenance])
        .select('id')
        .where('student_id', '=', studentId)
        .where('removed_by', 'is', null)
        .execute();
      for (const { id } of records) await this.#setRemoved({ provenance, id }, removed_by);
    }
    await this.#updateStudent(studentId, { removed_by });
  }

  async markReceived(historyId: number, { at, by }: Receiving, files: readonly string[]): Promise<void> {
    for (const some of inParts([...new Set(files)]))
      await this.#db
        .insertInto('receipt_files')
        .values(some.map((sha256) => ({ history_id: historyId, sha256 })))
        .onConflict((conflict) => conflict.columns(['history_id', 'sha256']).doNothing())
        .execute();
    await this.#db.updateTable('history').set({ received_at: at.toISOString(), received_by: by }).where('id', '=', historyId).execute();
  }

  async setCrc32s(crc32s: ReadonlyMap<string, number>): Promise<void> {
    for (const [sha256, crc32] of crc32s) await this.#db.updateTable('attachments').set({ crc32 }).where('sha256', '=', sha256).execute();
  }

  async addPick(studentId: number, { provenance, id }: RecordRef, at: Date): Promise<void> {
    const pick = { provenance, record_id: id, student_id: studentId, at: at.toISOString() };
    const added = await this.#db
      .insertInto('picks')
      .values(pick)
      .onConflict((conflict) => conflict.columns(['provenance', 'record_id']).doNothing())
      .returning('record_id')
      .executeTakeFirst();
    if (!added) return;
    this.#touched.add(studentId);
    if (this.#entry !== undefined) await this.#changes.added(this.#entry, 'picks', pick);
  }

  async removePick({ provenance, id }: RecordRef): Promise<void> {
    const pick = await this.#db
      .deleteFrom('picks')
      .where('provenance', '=', provenance)
      .where('record_id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!pick) return;
    this.#touched.add(pick.student_id);
    if (this.#entry !== undefined) await this.#changes.deleted(this.#entry, 'picks', pick);
  }

  async setExtendedYears(studentId: number, years: number): Promise<void> {
    await this.#updateStudent(studentId, { extended_years: years });
  }

  async putCourses(listings: readonly CourseListing[]): Promise<number> {
    const listingOf = ({ code, subjectName, credits }: CourseListing) => ({ code, subject_name: subjectName, credits });
    return this.#putChanged(
      'course_codes',
      listings.map((listing) => ({ ...listingOf(listing), plan: planOfCourseCode(listing.code) })),
    );
  }

  async putSchools(schools: readonly School[]): Promise<number> {
    return this.#putChanged(
      'known_schools',
      schools.map(({ code, name }) => ({ code, name })),
    );
  }

  /** Puts in what is new, or says something else than what is held under its code. @returns how many those are */
  async #putChanged(table: 'course_codes' | 'known_schools', rows: readonly (Row & { readonly code: string })[]): Promise<number> {
    let count = 0;
    for (const some of inParts([...new Map(rows.map((row) => [row.code, row])).values()])) {
      const codes = some.map(({ code }) => code);
      const found = await this.#db
        .selectFrom(table as 'known_schools')
        .selectAll()
        .where('code', 'in', codes)
        .execute();
      const held = new Map<string, Row & { readonly code: string }>(found.map((row) => [row.code, row]));
      const fresh = some
        .filter((row) => Object.entries(row).some(([name, value]) => held.get(row.code)?.[name] !== value))
        .map((row) => ({ ...row, history_id: this.#entry ?? null }));
      count += fresh.length;
      for (const row of fresh) {
        const before = held.get(row.code);
        if (!before) continue;
        await this.#noteUpdate(table, before, row);
        await this.#db
          .updateTable(table as 'known_schools')
          .set(row)
          .where('code', '=', row.code)
          .execute();
      }
      const added = fresh.filter(({ code }) => !held.has(code));
      if (added.length > 0)
        await this.#db
          .insertInto(table as 'known_schools')
          .values(added as never)
          .execute();
    }
    return count;
  }

  async addStudent(basicData: BasicData, extras: JsonObject): Promise<StoredStudent> {
    const row = newStudentRow({ basicData, extras, roll: NO_ROLL_ENTRY, listed: 0 });
    const [id = await this.#insertStudent(row)] = (await this.#backOnRoll([row])).values();
    return { id, basicData, extras, roll: NO_ROLL_ENTRY, listed: false, extendedYears: 0, left: undefined, records: [] };
  }

  async updateStudent(id: number, basicData: BasicData, extras: JsonObject): Promise<void> {
    const columns = { basic_data: JSON.stringify(basicData), extras: JSON.stringify(extras), listed: 0 };
    await this.#updateStudent(id, columns);
  }

  rollOf(nationalIds: readonly string[]): Promise<Map<string, RollStudent>> {
    return readRoll(this.#db, nationalIds, this.#folder);
  }

  async enrol(students: readonly Pick<RollStudent, 'basicData' | 'roll'>[]): Promise<number[]> {
    const ids = new Map<string, number>();
    for (const some of inParts(students)) {
      const all = some.map((student) => newStudentRow({ ...student, extras: {}, listed: 1 }));
      for (const [nationalId, id] of await this.#backOnRoll(all)) ids.set(nationalId, id);
      const added = all.filter(({ national_id }) => !ids.has(national_id));
      if (added.length === 0) continue;
      const rows = await this.#db
        .insertInto('students')
        .values(added.map((row) => sealed('students', { ...row, id_key: newIdKey() })))
        .returning(['id', 'national_id'])
        .execute();
      for (const { id, national_id } of rows) ids.set(national_id, id);
    }
    return students.map(({ basicData }) => ids.get(basicData.nationalId) as number);
  }

  async #insertStudent(row: NewStudentRow): Promise<number> {
    const { id } = await this.#db
      .insertInto('students')
      .values(sealed('students', { ...row, id_key: newIdKey() }))
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  /** Puts those of the students on the roll, as new ones, who were taken off it. @returns their numbers by national id */
  async #backOnRoll(rows: readonly NewStudentRow[]): Promise<Map<string, number>> {
    const removed = await this.#db
      .selectFrom('students')
      .select(['id', 'national_id'])
      .where(
        'national_id',
        'in',
        rows.map(({ national_id }) => national_id),
      )
      .where('removed_by', 'is not', null)
      .execute();
    const ids = new Map(removed.map(({ id, national_id }) => [national_id, id]));
    for (const row of rows) {
      const id = ids.get(row.national_id);
      if (id !== undefined) await this.#updateStudent(id, { ...row, removed_by: null });
    }
    return ids;
  }

  async updateRoll(id: number, basicData: BasicData | undefined, roll: RollEntry): Promise<void> {
    const columns = { ...(basicData && { basic_data: JSON.stringify(basicData) }), ...rollColumns(roll) };
    await this.#updateStudent(id, columns);
  }

  async addRecords(studentId: number, provenance: Provenance, historyId: number, records: readonly NewRecord[]): Promise<void> {
    await this.#addAttachments(records);
    if (records.length > 0) this.#touched.add(studentId);
    const table = TABLE_OF[provenance];
    for (const some of inParts(records))
      await this.#db
        .insertInto(table)
        .values(some.map((record) => sealed(table, { student_id: studentId, history_id: historyId, ...columnsOf(record) })))
        .execute();
  }

  async replaceRecord(stored: StoredRecord, record: NewRecord, historyId: number): Promise<void> {
    await this.#putInPlace(stored, record, { replacedBy: historyId, broughtBy: historyId });
  }

  async payRecord(stored: RecordRef, record: NewRecord, historyId: number): Promise<void> {
    await this.#putInPlace(stored, record, { replacedBy: historyId });
  }

  /** Changes a record, whose former content is kept. `broughtBy`: the entry that it is of from now on; without it, that stays. */
  async #putInPlace(
    stored: RecordRef,
    record: NewRecord,
    { replacedBy, broughtBy }: { readonly replacedBy: number; readonly broughtBy?: number },
  ): Promise<void> {
    await this.#addAttachments([record]);
    const table = TABLE_OF[stored.provenance];
    const before = await this.#recordRow(stored);
    const { id, removed_by, ...former } = before;
    const kept = { ...former, provenance: stored.provenance, record_id: id, replaced_by: replacedBy };
    await this.#db.insertInto('former_records').values(kept).execute();
    if (this.#entry !== undefined) await this.#changes.added(this.#entry, 'former_records', kept);
    const { student_id, history_id } = former;
    this.#touched.add(student_id);
    const columns = { history_id: broughtBy ?? history_id, ...columnsOf(record) };
    await this.#noteUpdate(table, before, columns);
    await this.#db
      .updateTable(table)
      .set(sealed(table, { student_id, removed_by, ...columns }))
      .where('id', '=', id)
      .execute();
  }

  async removedRecords(studentId: number): Promise<StoredRecord[]> {
    const { national_id: nationalId } = await this.#db
      .selectFrom('students')
      .select('national_id')
      .where('id', '=', studentId)
      .executeTakeFirstOrThrow();
    const student = { id: studentId, nationalId, folder: this.#folder };
    const records: StoredRecord[] = [];
    for (const provenance of PROVENANCES) records.push(...(await readRecords(this.#db, student, provenance, 'removed')));
    return records;
  }

  async removeRecords(records: readonly RecordRef[], historyId: number): Promise<void> {
    for (const record of records) await this.#setRemoved(record, historyId);
  }

  async restoreRecords(records: readonly RecordRef[]): Promise<void> {
    for (const record of records) await this.#setRemoved(record, null);
  }

  async #setRemoved(record: RecordRef, removedBy: number | null): Promise<void> {
    const table = TABLE_OF[record.provenance];
    const before = await this.#recordRow(record);
    const { id, ...row } = before;
    this.#touched.add(row.student_id);
    await this.#noteUpdate(table, before, { removed_by: removedBy });
    await this.#db
      .updateTable(table)
      .set(sealed(table, { ...row, removed_by: removedBy }))
      .where('id', '=', id)
      .execute();
  }

  #recordRow({ provenance, id }: RecordRef): Promise<Selectable<RecordTable>> {
    return this.#db.selectFrom(TABLE_OF[provenance]).selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  }

  async setLeft(studentId: number, leaving: Leaving | undefined): Promise<void> {
    await this.#updateStudent(studentId, { left_as: leaving?.as ?? '', left_on: leaving?.on ?? '' });
  }

  async addFile({ sha256, md5, bytes }: Pick<StoredAttachment, 'sha256' | 'md5' | 'bytes'>): Promise<void> {
    await this.#db
      .insertInto('attachments')
      .values(sealed('attachments', { sha256, md5, bytes, crc32: null }))
      .onConflict((conflict) => conflict.column('sha256').doNothing())
      .execute();
  }

  async setSchoolName(name: string): Promise<void> {
    const row = await this.#db.selectFrom('school').selectAll().executeTakeFirstOrThrow();
    await this.#noteUpdate('school', row, { name });
    await this.#db
      .updateTable('school')
      .set(sealed('school', { ...row, name }))
      .execute();
  }

  async #addAttachments(records: readonly NewRecord[]): Promise<void> {
    const attachments = records.flatMap(({ record: { document, media } }) => [document, media].filter((attachment) => attachment !== null));
    for (const some of inParts(attachments))
      await this.#db
        .insertInto('attachments')
        .values(some.map(({ sha256, md5, bytes, crc32 = null }) => sealed('attachments', { sha256, md5, bytes, crc32 })))
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .execute();
  }
}

/** The columns of a student who is new to the roll, but for the key. */
type NewStudentRow = ReturnType<typeof newStudentRow>;

interface NewStudent extends Pick<RollStudent, 'basicData' | 'extras' | 'roll'> {
  readonly listed: 0 | 1;
}

const newStudentRow = ({ basicData, extras, roll, listed }: NewStudent) => ({
  national_id: basicData.nationalId,
  basic_data: JSON.stringify(basicData),
  extras: JSON.stringify(extras),
  extended_years: 0,
  left_as: '' as const,
  left_on: '',
  listed,
  ...rollColumns(roll),
});

const NO_ROLL_ENTRY: RollEntry = { studentNumber: '', className: '', seat: '' };

const rollColumns = ({ studentNumber, className, seat }: RollEntry) => ({ student_number: studentNumber, class_name: className, seat });

function historyStudentRow(
  historyId: number,
  {
    studentId,
    courseResults = 0,
    multiPerformances = 0,
    attachments = 0,
    created = false,
    changes = [],
    sentAs,
  }: HistoryRemarks & Partial<HistoryCounts> & { readonly studentId: number },
) {
  return {
    history_id: historyId,
    student_id: studentId,
    course_results: courseResults,
    multi_performances: multiPerformances,
    attachments,
    created: created ? 1 : 0,
    changes: JSON.stringify(changes),
    sent_national_id: sentAs?.nationalId ?? '',
    sent_name: sentAs?.name ?? '',
    sent_birth_date: sentAs?.birthDate ?? '',
    contents_digest: '',
  };
}

async function knownFilesIn(db: Db, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const some of inParts([...new Set(hashes)])) {
    const rows = await db.selectFrom('attachments').select('sha256').where('sha256', 'in', some).execute();
    for (const { sha256 } of rows) known.add(sha256);
  }
  return known;
}

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

function columnsOf({
  record,
  key,
  content,
}: NewRecord): Omit<Selectable<RecordTable>, 'id' | 'student_id' | 'history_id' | 'removed_by' | 'seal'> {
  return {
    list: record.list,
    record_key: key,
    content,
    origin_school_code: record.fields.originSchoolCode,
    course_code: record.list === 'courseResults' ? record.fields.courseCode : '',
    fields: JSON.stringify(record.fields),
    extras: JSON.stringify(record.extras),
    document_sha256: record.document?.sha256 ?? null,
    document_name: record.document?.name ?? '',
    document_type: record.document?.type ?? '',
    media_sha256: record.media?.sha256 ?? null,
    media_name: record.media?.name ?? '',
    media_type: record.media?.type ?? '',
    owed: record.owed?.length ? JSON.stringify(record.owed) : '',
    repairs: record.repairs?.length ? JSON.stringify(record.repairs) : '',
  };
}

/** The students who are on the roll. */
const onRoll = (db: Db) => db.selectFrom('students').selectAll().where('removed_by', 'is', null);

const studentRow = (db: Db, nationalId: string) => onRoll(db).where('national_id', '=', nationalId).executeTakeFirst();

/** Finds a student by an id in any letters. @throws LPX_STORE_DAMAGED when a record is not what was stored */
async function readStudent(db: Db, nationalId: string, folder: string): Promise<StoredStudent | undefined> {
  const row = (await studentRow(db, canonicalCode(nationalId))) ?? (await studentRow(db, nationalId));
  if (!row) return undefined;
  const student = { id: row.id, nationalId: row.national_id, folder };
  const records: StoredRecord[] = [];
  for (const provenance of PROVENANCES) records.push(...(await readRecords(db, student, provenance)));
  return { ...rollStudentOf(row, folder), extendedYears: row.extended_years, records };
}

/** @throws LPX_STORE_DAMAGED */
async function readRoll(db: Db, nationalIds: readonly string[], folder: string): Promise<Map<string, RollStudent>> {
  const roll = new Map<string, RollStudent>();
  for (const some of inParts(nationalIds))
    for (const row of await onRoll(db).where('national_id', 'in', some).execute()) roll.set(row.national_id, rollStudentOf(row, folder));
  return roll;
}

/** @throws LPX_STORE_DAMAGED */
function rollStudentOf(row: Selectable<Tables['students']>, folder: string): RollStudent {
  return {
    id: row.id,
    basicData: basicDataOf(row, folder),
    extras: orDamaged({ nationalId: row.national_id, folder }, () => objectIn(row.extras)),
    roll: rollEntryOf(row),
    listed: row.listed === 1,
    left: leavingOf(row),
  };
}

async function readRecords(
  db: Db,
  student: StudentRef,
  provenance: Provenance,
  which: 'present' | 'removed' = 'present',
): Promise<StoredRecord[]> {
  const table = TABLE_OF[provenance];
  const rows = await db
    .selectFrom(`${table} as records`)
    .leftJoin('history', 'history.id', 'records.history_id')
    .leftJoin('attachments as document', 'document.sha256', 'records.document_sha256')
    .leftJoin('attachments as media', 'media.sha256', 'records.media_sha256')
    .leftJoin('picks', (join) => join.onRef('picks.record_id', '=', 'records.id').on('picks.provenance', '=', provenance))
    .selectAll('records')
    .select((eb) =>
      eb
        .selectFrom('former_records as former')
        .innerJoin('history as earlier', 'earlier.id', 'former.history_id')
        .select('former.history_id')
        .where('former.student_id', '=', student.id)
        .where('former.provenance', '=', provenance)
        .whereRef('former.record_id', '=', 'records.id')
        .where('earlier.bytes', '>', 0)
        .limit(1)
        .as('former_of_platform'),
    )
    .select([
      // An entry of a register has no bytes.
      'history.bytes as came_bytes',
      'history.at as came_at',
      'history.kind as came_by',
      'history.file as came_with',
      'document.md5 as document_md5',
      'document.bytes as document_bytes',
      'document.crc32 as document_crc32',
      'document.seal as document_seal',
      'media.md5 as media_md5',
      'media.bytes as media_bytes',
      'media.crc32 as media_crc32',
      'media.seal as media_seal',
      'picks.at as picked_at',
    ])
    .where('records.student_id', '=', student.id)
    .$call((query) =>
      which === 'present'
        ? query.where('records.removed_by', 'is', null)
        : query.where('records.removed_by', 'in', (eb) => eb.selectFrom('history').select('id').where('kind', '=', 'load')),
    )
    .orderBy('records.id')
    .execute();
  return rows.map((row) => {
    const record = orDamaged(student, () => recordOf(row));
    const { key, content } = orDamaged(student, () => identityOf(record));
    const sound =
      row.seal === sealOf(table, row) &&
      content === row.content &&
      key === row.record_key &&
      (row.came_by === null || HISTORY_KINDS.includes(row.came_by)) &&
      asStored(record.fields.originSchoolCode) === row.origin_school_code &&
      SLOTS.every((slot) => isSealed(row, slot));
    if (!sound) throw damaged(student, { list: wireListOf(record.list).wire, title: titleOf(record) });
    return {
      id: row.id,
      provenance,
      key,
      content,
      historyId: row.history_id,
      cameAt: storedTime(row.came_at ?? '', student),
      cameBy: row.came_by ?? 'load',
      ofPlatform: row.came_bytes !== 0 || row.former_of_platform !== null,
      cameWith: row.came_with ?? '',
      picked: row.picked_at !== null,
      record,
    };
  });
}

const recordOf = (row: Pick<Selectable<RecordTable>, 'list' | 'fields' | 'extras' | 'owed' | 'repairs'> & AttachmentColumns) =>
  ({
    list: wireListOf(row.list).name,
    fields: objectIn(row.fields),
    extras: objectIn(row.extras),
    document: attachmentIn(row, 'document'),
    media: attachmentIn(row, 'media'),
    ...(row.owed !== '' && { owed: listIn(row.owed) }),
    ...(row.repairs !== '' && { repairs: listIn(row.repairs) }),
  }) as unknown as PortfolioRecord<StoredAttachment>;

/** Whether a record's file is none, or described as it was when it came. */
function isSealed(row: AttachmentColumns, slot: Slot): boolean {
  const [sha256, md5, bytes] = [row[`${slot}_sha256`], row[`${slot}_md5`], Number(row[`${slot}_bytes`])];
  return sha256 === null || row[`${slot}_seal`] === sealOf('attachments', { sha256, md5, bytes });
}

/** A record's file; none when the record has none, or the table of files has lost it. */
function attachmentIn(row: AttachmentColumns, slot: Slot): StoredAttachment | null {
  const [sha256, md5, crc32] = [row[`${slot}_sha256`], row[`${slot}_md5`], row[`${slot}_crc32`]];
  if (sha256 === null || md5 === null) return null;
  const attachment = { sha256, md5, bytes: Number(row[`${slot}_bytes`]), type: row[`${slot}_type`], name: row[`${slot}_name`] };
  return crc32 === null ? attachment : { ...attachment, crc32: Number(crc32) };
}

/** The files of a record, by its row and theirs. */
type AttachmentColumns = Readonly<Record<`${Slot}_${'sha256' | 'md5' | 'seal'}`, string | null>> &
  Readonly<Record<`${Slot}_bytes` | `${Slot}_crc32`, number | null>> &
  Readonly<Record<`${Slot}_type` | `${Slot}_name`, string>>;
