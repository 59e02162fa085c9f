/**
 * Takes back what an entry of the history did to the rows of the store, and finds the later entries that rest on it. Rows that it
 * added are removed softly: their files stay, and taking this back in turn brings them back.
 */
import type { Kysely, Transaction } from 'kysely';
import type { HistoryKind } from '../../spec/history.js';
import { type BasicData, type ListName, MULTI_PERFORMANCE_LISTS } from '../../spec/portfolio.js';
import { sealed } from '../seal.js';
import { inParts, PART } from '../statements.js';
import type { Hanging, TakenBack, TakenBackStudent } from '../store.js';
import { basicDataOf, changesBetween } from '../stored-rows.js';
import type { Row } from '../table-rows.js';
import type { Tables } from '../tables.js';
import {
  type ChangedTable,
  changesAfter,
  changesOf,
  type EntryChanges,
  putBack,
  type RowChange,
  readRow,
  rowKey,
} from './entry-changes.js';

type Db = Kysely<Tables> | Transaction<Tables>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const RECORD_TABLES = ['own_records', 'received_records'] as const;
const PROVENANCE_OF = { own_records: 'own', received_records: 'received' } as const;
const LISTING_TABLES = ['course_codes', 'known_schools'] as const;
const ROLL_COLUMNS: ReadonlySet<string> = new Set(['student_number', 'class_name', 'seat']);
/** One says nothing without the other. */
const LEAVING: readonly string[] = ['left_as', 'left_on'];
/** What goes out of the store, and cannot be called back. */
const SENT: ReadonlySet<HistoryKind> = new Set(['export', 'register', 'files', 'receipt']);

/** Where rows are taken back: in a transaction, as part of an entry. */
export interface TakingBack {
  readonly db: Db;
  readonly folder: string;
  /** The entry that takes back. */
  readonly by: number;
  readonly changes: EntryChanges;
  /** Gets the students whose records or picks change. */
  readonly touched: Set<number>;
}

/** Takes back what an entry did, as part of another one. @throws LPX_STORE_DAMAGED */
export async function takeBack(id: number, { db, folder, by, changes, touched }: TakingBack): Promise<TakenBack> {
  const tally = new Tally();
  const saidSince = await saidBySent(db, id, folder);
  for await (const some of changesOf(db, id, folder)) {
    for (const whole of some) {
      const change = without(whole, saidSince.get(`${whole.table} ${whole.key}`));
      if (!change) continue;
      const row = await readRow(db, change.table, change.key, folder);
      tally.putBack(change, row);
      if (change.studentId !== null && !(change.table === 'students' && row)) touched.add(change.studentId);
      if (!change.before && row) await changes.deleted(by, change.table, row);
      else if (change.before && !row) await changes.added(by, change.table, change.before);
      else if (change.before && row) await changes.updated(by, change.table, row, change.before);
      await putBack(db, change, row);
    }
  }
  for await (const { table, rows } of addedRows(db, id, 'present')) {
    for (const row of rows) {
      if (table === 'course_codes' || table === 'known_schools') {
        await changes.deleted(by, table, row);
        await putBack(db, { table, key: rowKey(table, row), studentId: null, before: undefined }, row);
        tally.listing(table);
        continue;
      }
      const { id: rowId, ...columns } = row;
      if (table !== 'students') touched.add(Number(row.student_id));
      await changes.updated(by, table, row, { removed_by: by });
      await db
        .updateTable(table as 'students')
        .set(sealed(table as 'students', { ...columns, removed_by: by } as never))
        .where('id', '=', Number(rowId))
        .execute();
      tally.taken(table, row);
    }
  }
  return tally.result(db, folder);
}

/**
 * The columns that later entries set when they sent data out, such as that a student left with a package, by table and key: those stay
 * as they are, since what was sent says so.
 */
async function saidBySent(db: Db, id: number, folder: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const said = new Map<string, Set<string>>();
  const rows = await db
    .selectFrom('history')
    .select('id')
    .where('id', '>', id)
    .where('kind', 'in', [...SENT])
    .execute();
  for (const { id: sent } of rows)
    for await (const some of changesOf(db, sent, folder))
      for (const { table, key, before = {} } of some) {
        const columns = Object.keys(before);
        const leaving = columns.some((name) => LEAVING.includes(name)) ? LEAVING : [];
        said.set(`${table} ${key}`, new Set([...(said.get(`${table} ${key}`) ?? []), ...columns, ...leaving]));
      }
  return said;
}

/** A change without columns that are to stay; undefined where nothing is left of it. */
function without(change: RowChange, columns: ReadonlySet<string> | undefined): RowChange | undefined {
  if (!change.before || !columns) return change;
  const before = Object.fromEntries(Object.entries(change.before).filter(([name]) => !columns.has(name)));
  return Object.keys(before).length === 0 ? undefined : { ...change, before };
}

/**
 * The rows that an entry added, some at a time: also while each part is taken away.
 * @param which those that are there, or also those that a later entry took out; not records that a later entry replaced
 */
async function* addedRows(
  db: Db,
  id: number,
  which: 'present' | 'all',
): AsyncGenerator<{ readonly table: ChangedTable; readonly rows: readonly Row[] }> {
  const removed = which === 'present' ? [false] : [false, true];
  for (const table of RECORD_TABLES)
    for (const isRemoved of removed)
      for (let after = 0; ; ) {
        const rows = await db
          .selectFrom(table)
          .selectAll()
          .where('history_id', '=', id)
          .where('removed_by', isRemoved ? 'is not' : 'is', null)
          .where('id', '>', after)
          .orderBy('id')
          .limit(PART)
          .execute();
        if (rows.length === 0) break;
        after = rows.at(-1)?.id ?? 0;
        yield { table, rows: rows as unknown as Row[] };
      }
  for (const isRemoved of removed)
    for (let after = 0; ; ) {
      const rows = await db
        .selectFrom('history_students')
        .innerJoin('students', 'students.id', 'history_students.student_id')
        .selectAll('students')
        .where('history_students.history_id', '=', id)
        .where('created', '=', 1)
        .where('students.removed_by', isRemoved ? 'is not' : 'is', null)
        .where('students.id', '>', after)
        .orderBy('students.id')
        .limit(PART)
        .execute();
      if (rows.length === 0) break;
      after = rows.at(-1)?.id ?? 0;
      yield { table: 'students', rows };
    }
  for (const table of LISTING_TABLES)
    for (let after = ''; ; ) {
      const rows = await db
        .selectFrom(table as 'known_schools')
        .selectAll()
        .where('history_id', '=', id)
        .where('code', '>', after)
        .orderBy('code')
        .limit(PART)
        .execute();
      if (rows.length === 0) break;
      after = rows.at(-1)?.code ?? '';
      yield { table, rows };
    }
}

interface PresenceOf {
  readonly studentId: number;
  readonly row: Row;
  was: boolean;
  is: boolean;
  isOther: boolean;
}

type StudentTally = Writable<TakenBackStudent>;

/** Of a list of 100,000 students, each has these. */
const NO_CHANGES: TakenBackStudent['changes'] = [];
const NO_COUNTS = { courseResults: 0, multiPerformances: 0, attachments: 0 };

/** Counts what becomes of the students. */
class Tally {
  readonly #students = new Map<number, StudentTally>();
  readonly #basicData = new Map<number, { readonly from: BasicData; readonly to: BasicData }>();
  readonly #records = new Map<string, PresenceOf>();
  readonly #picks = new Map<string, PresenceOf>();
  readonly #listings = { course_codes: 0, known_schools: 0 };
  #schoolName: TakenBack['schoolName'];

  /** That a row gets back what it was. @param row as it is before that */
  putBack({ table, key, studentId, before }: RowChange, row: Row | undefined): void {
    switch (table) {
      case 'course_codes':
      case 'known_schools':
        this.listing(table);
        break;
      case 'school':
        this.#schoolName = { from: this.#schoolName?.from ?? String(row?.name), to: String(before?.name) };
        break;
      case 'own_records':
      case 'received_records': {
        if (!row || !before) break;
        const presence = this.#records.get(`${table} ${key}`) ?? presenceOf(studentId, row, row.removed_by === null);
        this.#records.set(`${table} ${key}`, presence);
        if ('removed_by' in before) presence.is = before.removed_by === null;
        if (Object.keys(before).some((column) => column !== 'removed_by')) presence.isOther = true;
        break;
      }
      case 'picks': {
        const presence = this.#picks.get(key) ?? presenceOf(studentId, row ?? before ?? {}, row !== undefined);
        this.#picks.set(key, presence);
        presence.is = before !== undefined;
        break;
      }
      case 'students':
        if (row && before) this.#studentBack(Number(row.id), row, before);
        break;
      case 'former_records':
        break;
    }
  }

  #studentBack(id: number, row: Row, before: Row): void {
    const student = this.#student(id);
    if ('removed_by' in before) student.roll = before.removed_by === null ? 'back' : 'off';
    if ('left_as' in before || 'left_on' in before) student.left = true;
    if ('extended_years' in before) student.extendedYears = true;
    if (Object.keys(before).some((column) => ROLL_COLUMNS.has(column))) student.rollEntry = true;
    if ('basic_data' in before) {
      const to: BasicData = JSON.parse(String(before.basic_data));
      this.#basicData.set(id, { from: this.#basicData.get(id)?.from ?? JSON.parse(String(row.basic_data)), to });
    }
  }

  /** That a row which the entry added is taken away. */
  taken(table: ChangedTable, row: Row): void {
    if (table === 'students') this.#student(Number(row.id)).roll = 'off';
    else this.#count(Number(row.student_id), row, 'removed');
  }

  listing(table: (typeof LISTING_TABLES)[number]): void {
    this.#listings[table]++;
  }

  #student(id: number): StudentTally {
    const before = this.#students.get(id);
    if (before) return before;
    const student: StudentTally = {
      id,
      nationalId: '',
      name: '',
      roll: undefined,
      removed: 0,
      returned: 0,
      restored: 0,
      picked: 0,
      unpicked: 0,
      changes: NO_CHANGES,
      left: false,
      extendedYears: false,
      rollEntry: false,
      counts: NO_COUNTS,
    };
    this.#students.set(id, student);
    return student;
  }

  #count(studentId: number, row: Row, what: 'removed' | 'returned' | 'restored'): void {
    const student = this.#student(studentId);
    student[what]++;
    const { courseResults, multiPerformances, attachments } = student.counts;
    student.counts = {
      courseResults: courseResults + (row.list === 'courseResults' ? 1 : 0),
      multiPerformances: multiPerformances + (MULTI_PERFORMANCE_LISTS.has(row.list as ListName) ? 1 : 0),
      attachments: attachments + [row.document_sha256, row.media_sha256].filter((sha256) => sha256 !== null).length,
    };
  }

  async result(db: Db, folder: string): Promise<TakenBack> {
    for (const { studentId, row, was, is, isOther } of this.#records.values()) {
      if (was !== is) this.#count(studentId, row, is ? 'returned' : 'removed');
      else if (is && isOther) this.#count(studentId, row, 'restored');
    }
    for (const { studentId, was, is } of this.#picks.values()) if (was !== is) this.#student(studentId)[is ? 'picked' : 'unpicked']++;
    const students: TakenBackStudent[] = [];
    for (const ids of inParts([...this.#students.keys()]))
      for (const row of await db.selectFrom('students').selectAll().where('id', 'in', ids).execute()) {
        const student = this.#student(row.id);
        const { nationalId, name } = basicDataOf(row, folder);
        Object.assign(student, { nationalId, name });
        const basicData = this.#basicData.get(row.id);
        if (basicData && student.roll === undefined) student.changes = changesBetween(basicData.from, basicData.to);
        students.push(student);
      }
    students.sort((a, b) => (a.nationalId < b.nationalId ? -1 : 1));
    return { students, courses: this.#listings.course_codes, schools: this.#listings.known_schools, schoolName: this.#schoolName };
  }
}

const presenceOf = (studentId: number | null, row: Row, isThere: boolean): PresenceOf => ({
  studentId: studentId ?? Number(row.student_id),
  row,
  was: isThere,
  is: isThere,
  isOther: false,
});

/** What an entry touched: rows by table and key, with the columns, or wholly. */
class Touched {
  readonly #id: number;
  readonly rows = new Map<string, ReadonlySet<string> | 'wholly'>();
  /** Students whose records or basic data it changed, and who was put on the roll by it or taken off. */
  readonly students = new Set<number>();
  readonly enrolled = new Set<number>();
  /** Students of whom taking it back would bring picks back, or lower a limit. */
  readonly limited = new Set<number>();
  /** Records that taking it back would bring back. */
  readonly returning: { readonly table: (typeof RECORD_TABLES)[number]; readonly id: number }[] = [];

  constructor(id: number) {
    this.#id = id;
  }

  change({ table, key, studentId, before }: RowChange): void {
    this.#row(table, key, before ? Object.keys(before) : undefined);
    if (studentId === null) return;
    if (table !== 'students' || !before || Object.keys(before).some((column) => !ROLL_COLUMNS.has(column))) this.students.add(studentId);
    if (table === 'students' && (!before || 'removed_by' in before)) this.enrolled.add(studentId);
    if ((table === 'picks' && before) || (table === 'students' && before && 'extended_years' in before)) this.limited.add(studentId);
    if ((table === 'own_records' || table === 'received_records') && before?.removed_by === null)
      this.returning.push({ table, id: JSON.parse(key)[0] });
  }

  added(table: ChangedTable, row: Row): void {
    this.#row(table, rowKey(table, row), undefined);
    if (table === 'students') {
      this.students.add(Number(row.id));
      this.enrolled.add(Number(row.id));
    } else if (table === 'own_records' || table === 'received_records') this.students.add(Number(row.student_id));
  }

  #row(table: ChangedTable, key: string, columns: readonly string[] | undefined): void {
    const before = this.rows.get(`${table} ${key}`);
    this.rows.set(`${table} ${key}`, !columns || before === 'wholly' ? 'wholly' : new Set([...(before ?? []), ...columns]));
    // A pick rests on its record.
    if (table === 'own_records' || table === 'received_records') {
      const pick = rowKey('picks', { provenance: PROVENANCE_OF[table], record_id: JSON.parse(key)[0] });
      if (!this.rows.has(`picks ${pick}`)) this.rows.set(`picks ${pick}`, 'wholly');
    }
  }

  meets({ table, key, before }: RowChange): boolean {
    // A listing that it brought is another entry's by now.
    if (before?.history_id === this.#id) return true;
    const columns = this.rows.get(`${table} ${key}`);
    if (columns === undefined) return false;
    return columns === 'wholly' || !before || Object.keys(before).some((column) => columns.has(column));
  }
}

/**
 * The later entries that rest on what an entry did and stand, the newest first. One that was taken back, and the one that did that,
 * are as if they had not been.
 */
export async function hangingOn(db: Db, id: number, folder: string): Promise<Hanging[]> {
  const later = await db
    .selectFrom('history')
    .select(['id', 'kind', 'at', 'file', 'state', 'undone_by', 'refers_to', 'school'])
    .where('id', '>', id)
    .where('state', 'in', ['pending', 'written', 'done'])
    .where('undone_by', 'is', null)
    .orderBy('id', 'desc')
    .execute();
  const standing = later.filter(({ kind, refers_to }) => !(kind === 'undo' && (refers_to ?? 0) > id));
  if (standing.length === 0) return [];
  const isSent = new Set(standing.filter(({ kind }) => SENT.has(kind)).map((entry) => entry.id));
  const why = new Map<number, Hanging['why']>();
  // What was sent cannot be undone first, whatever it changed as well.
  const hangs = (entry: number, reason: Hanging['why']) => why.set(entry, isSent.has(entry) ? 'sent' : (why.get(entry) ?? reason));
  const touched = await touchedBy(db, id, folder);
  for await (const some of changesAfter(db, id, folder)) {
    for (const { historyId, ...change } of some) {
      const isLimit = change.table === 'picks' || (change.table === 'students' && change.before && 'extended_years' in change.before);
      const meetsLimit = isLimit && change.studentId !== null && touched.limited.has(change.studentId);
      if (meetsLimit || touched.meets(change)) hangs(historyId, change.table === 'picks' ? 'picked' : 'changed');
    }
  }
  const root = await rootOf(db, id);
  for (const { kind, id: entry, refers_to } of standing) if (kind === 'receipt' && refers_to === root) hangs(entry, 'sent');
  for (const { history_id } of await db
    .selectFrom('entry_matches')
    .selectAll()
    .where('matched_id', '=', root)
    .where('history_id', '>', id)
    .execute())
    hangs(history_id, 'matched');
  for (const students of inParts([...touched.students])) {
    const rows = await db
      .selectFrom('history_students')
      .select(['history_id', 'student_id'])
      .where('history_id', '>', id)
      .where('student_id', 'in', students)
      .execute();
    for (const { history_id, student_id } of rows) {
      if (isSent.has(history_id) || touched.enrolled.has(student_id)) hangs(history_id, 'changed');
    }
  }
  for (const historyId of await comeAgain(db, id, touched)) hangs(historyId, 'matched');
  return standing.flatMap(({ id: entry, kind, at, file, school }) => {
    const reason = why.get(entry);
    return reason ? [{ id: entry, kind, at: new Date(at), file, school, why: reason }] : [];
  });
}

async function touchedBy(db: Db, id: number, folder: string): Promise<Touched> {
  const touched = new Touched(id);
  for await (const some of changesOf(db, id, folder)) {
    for (const change of some) touched.change(change);
  }
  for await (const { table, rows } of addedRows(db, id, 'all')) {
    for (const row of rows) touched.added(table, row);
  }
  const replaced = await db
    .selectFrom('former_records')
    .select(['provenance', 'record_id as id', 'student_id'])
    .where('history_id', '=', id)
    .execute();
  for (const { provenance, ...row } of replaced) touched.added(`${provenance}_records`, row);
  for (const table of RECORD_TABLES) {
    const returning = touched.returning.filter((record) => record.table === table).map((record) => record.id);
    for (const ids of inParts(returning)) {
      const picks = await db
        .selectFrom('picks')
        .select('student_id')
        .where('provenance', '=', PROVENANCE_OF[table])
        .where('record_id', 'in', ids)
        .execute();
      for (const { student_id } of picks) touched.limited.add(student_id);
    }
  }
  return touched;
}

/** The entries after one that brought the same records which taking it back would bring back. */
async function comeAgain(db: Db, id: number, { returning }: Touched): Promise<number[]> {
  const entries: number[] = [];
  // Whichever way they came again.
  for (const table of RECORD_TABLES)
    for (const ids of inParts(returning.filter((record) => record.table === table).map((record) => record.id)))
      for (const other of RECORD_TABLES) {
        const rows = await db
          .selectFrom(`${table} as returning_one`)
          .innerJoin(`${other} as present`, (join) =>
            join.onRef('present.student_id', '=', 'returning_one.student_id').onRef('present.record_key', '=', 'returning_one.record_key'),
          )
          .select('present.history_id')
          .where('returning_one.id', 'in', ids)
          .where('present.removed_by', 'is', null)
          .where('present.history_id', '>', id)
          .execute();
        entries.push(...rows.map(({ history_id }) => history_id));
      }
  return entries;
}

/** The entry that a chain of undoing is about. */
async function rootOf(db: Db, id: number): Promise<number> {
  for (let entry = id; ; ) {
    const row = await db.selectFrom('history').select(['kind', 'refers_to']).where('id', '=', entry).executeTakeFirstOrThrow();
    if (row.kind !== 'undo' || row.refers_to === null) return entry;
    entry = row.refers_to;
  }
}

/**
 * Notes that an entry was taken back. Where it had taken back another one, that one stands again; the one which that one had
 * taken back does not; and so on.
 */
export async function markTakenBack(db: Db, id: number, by: number): Promise<void> {
  for (let [entry, undoneBy] = [id, by as number | null]; ; ) {
    await db.updateTable('history').set({ undone_by: undoneBy }).where('id', '=', entry).execute();
    const row = await db.selectFrom('history').select(['kind', 'refers_to']).where('id', '=', entry).executeTakeFirstOrThrow();
    if (row.kind !== 'undo' || row.refers_to === null) return;
    undoneBy = undoneBy === null ? entry : null;
    entry = row.refers_to;
  }
}
