/** What one transaction changes in the store. Each change is noted in the history, and what rows were before is kept for `lpx undo`. */
import type { Selectable, Transaction } from 'kysely';
import type { CourseListing } from '../spec/course-code-file.js';
import type { HistoryKind } from '../spec/history.js';
import type { BasicData, JsonObject } from '../spec/portfolio.js';
import { openJobs } from './erasure/queued-traces.js';
import { chainEntry, newIdKey } from './history/chain.js';
import { type ChangedTable, EntryChanges } from './history/entry-changes.js';
import { hangingOn, rootOf, type UndoRoot } from './history/hanging.js';
import { historyColumns } from './history/history-rows.js';
import { addMatches, addRecordOutcomes, addStudentsOfEntry, entryState, markReceived } from './history/new-entries.js';
import { markTakenBack, takeBack } from './history/taking-back.js';
import { sealHoldings } from './holdings.js';
import { type Listing, putCourses, putSchools } from './listings.js';
import { type Moved, markMoved } from './moving.js';
import { columnsOf, type NewStudentRow, NO_ROLL_ENTRY, newStudentRow, rollColumns } from './new-rows.js';
import { unneededFiles } from './records/needed-files.js';
import { sealed } from './seal.js';
import { inParts } from './statements.js';
import {
  type EntryState,
  type Hanging,
  type HistoryCounts,
  type HistoryRemarks,
  type Leaving,
  type NewHistoryEntry,
  type NewRecord,
  type NewRecordOutcome,
  PROVENANCES,
  type Provenance,
  type Receiving,
  type RecordRef,
  type RemovedStudent,
  type RollEntry,
  type RollStudent,
  type School,
  type StoreChange,
  type StoredAttachment,
  type StoredRecord,
  type StoredStudent,
  type TakenBack,
} from './store.js';
import { type StudentRow, updateStudentRow } from './stored-rows.js';
import { knownFilesIn, readRemoved, readRoll, readStudent, readTakenOut, TABLE_OF } from './student-rows.js';
import { type Row, RowReader } from './table-rows.js';
import type { RecordTable, Tables } from './tables.js';

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

  addHistoryStudents(
    historyId: number,
    students: readonly (HistoryRemarks & Partial<HistoryCounts> & { readonly studentId: number })[],
  ): Promise<void> {
    return addStudentsOfEntry(this.#db, historyId, students);
  }

  addRecordOutcomes(historyId: number, studentId: number, outcomes: readonly NewRecordOutcome[]): Promise<void> {
    return addRecordOutcomes(this.#db, historyId, studentId, outcomes);
  }

  addMatches(historyId: number, matched: Iterable<number>): Promise<void> {
    return addMatches(this.#db, historyId, matched);
  }

  entry(id: number): Promise<EntryState | undefined> {
    return entryState(this.#db, id, this.#folder);
  }

  hangingOn(id: number): Promise<Hanging[]> {
    return hangingOn(this.#db, id, this.#folder);
  }

  rootOf(id: number): Promise<UndoRoot> {
    return rootOf(this.#db, id);
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

  markReceived(historyId: number, receiving: Receiving, files: readonly string[]): Promise<void> {
    return markReceived(this.#db, historyId, receiving, files);
  }

  async setCrc32s(crc32s: ReadonlyMap<string, number>): Promise<void> {
    for (const [sha256, crc32] of crc32s) await this.#db.updateTable('attachments').set({ crc32 }).where('sha256', '=', sha256).execute();
  }

  async dropUnneeded(sha256s: readonly string[]): Promise<void> {
    const wanted = new Set(sha256s);
    const unneeded = (await unneededFiles(this.#db)).map(({ sha256 }) => sha256).filter((sha256) => wanted.has(sha256));
    for (const some of inParts(unneeded)) await this.#db.deleteFrom('attachments').where('sha256', 'in', some).execute();
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

  putCourses(listings: readonly CourseListing[]): Promise<number> {
    return putCourses(this.#listing, listings);
  }

  putSchools(schools: readonly School[]): Promise<number> {
    return putSchools(this.#listing, schools);
  }

  get #listing(): Listing {
    return { db: this.#db, entry: this.#entry, noted: this.#noteUpdate };
  }

  async addStudent(basicData: BasicData, extras: JsonObject): Promise<StoredStudent> {
    const row = newStudentRow({ basicData, extras, roll: NO_ROLL_ENTRY, listed: 0 });
    const [id] = [...(await this.#putOnRoll([row])).values()] as [number];
    return { id, basicData, extras, roll: NO_ROLL_ENTRY, listed: false, extendedYears: 0, left: undefined, records: [] };
  }

  async updateStudent(id: number, basicData: BasicData, extras: JsonObject): Promise<void> {
    const columns = { basic_data: JSON.stringify(basicData), extras: JSON.stringify(extras), listed: 0 };
    await this.#updateStudent(id, columns);
  }

  removedStudents(nationalIds?: readonly string[]): Promise<RemovedStudent[]> {
    return readRemoved(this.#db, this.#folder, nationalIds);
  }

  rollOf(nationalIds: readonly string[]): Promise<Map<string, RollStudent>> {
    return readRoll(this.#db, nationalIds, this.#folder);
  }

  async enrol(students: readonly Pick<RollStudent, 'basicData' | 'roll'>[]): Promise<number[]> {
    const ids = new Map<string, number>();
    for (const some of inParts(students)) {
      const all = some.map((student) => newStudentRow({ ...student, extras: {}, listed: 1 }));
      for (const [nationalId, id] of await this.#putOnRoll(all)) ids.set(nationalId, id);
    }
    return students.map(({ basicData }) => ids.get(basicData.nationalId) as number);
  }

  /** Puts students on the roll who are not on it. @returns their numbers by national id */
  async #putOnRoll(rows: readonly NewStudentRow[]): Promise<Map<string, number>> {
    const ids = await this.#backOnRoll(rows);
    const added = rows.filter(({ national_id }) => !ids.has(national_id));
    if (added.length === 0) return ids;
    const inserted = await this.#db
      .insertInto('students')
      .values(added.map((row) => sealed('students', { ...row, id_key: newIdKey() })))
      .returning(['id', 'national_id'])
      .execute();
    for (const { id, national_id } of inserted) ids.set(national_id, id);
    return ids;
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

  removedRecords(studentId: number): Promise<StoredRecord[]> {
    return readTakenOut(this.#db, studentId, this.#folder);
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

  addFile({ sha256, md5, bytes }: Pick<StoredAttachment, 'sha256' | 'md5' | 'bytes'>): Promise<void> {
    return this.#insertFiles([{ sha256, md5, bytes }]);
  }

  async setSchoolName(name: string): Promise<void> {
    const row = await this.#db.selectFrom('school').selectAll().executeTakeFirstOrThrow();
    await this.#noteUpdate('school', row, { name });
    await this.#db
      .updateTable('school')
      .set(sealed('school', { ...row, name }))
      .execute();
  }

  #addAttachments(records: readonly NewRecord[]): Promise<void> {
    return this.#insertFiles(records.flatMap(({ record: { document, media } }) => [document, media].filter((file) => file !== null)));
  }

  async #insertFiles(files: readonly Pick<StoredAttachment, 'sha256' | 'md5' | 'bytes' | 'crc32'>[]): Promise<void> {
    for (const some of inParts(files))
      await this.#db
        .insertInto('attachments')
        .values(some.map(({ sha256, md5, bytes, crc32 = null }) => sealed('attachments', { sha256, md5, bytes, crc32 })))
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .execute();
  }
}
