/** Finds the later entries of the history that rest on one: it cannot be taken back before them. */
import type { Kysely, Transaction } from 'kysely';
import type { HistoryKind } from '../../spec/history.js';
import { inParts } from '../statements.js';
import { ROLL_COLUMNS } from '../stored-rows.js';
import type { Row } from '../table-rows.js';
import type { Tables } from '../tables.js';
import { addedRows, RECORD_TABLES } from './added-rows.js';
import type { EntryState } from './entries.js';
import { type ChangedTable, changesAfter, changesOf, type RowChange, rowKey } from './entry-changes.js';

type Db = Kysely<Tables> | Transaction<Tables>;

const PROVENANCE_OF = { own_records: 'own', received_records: 'received' } as const;
/** What goes out of the store, and cannot be called back. */
export const SENT: ReadonlySet<HistoryKind> = new Set(['export', 'register', 'files', 'receipt']);
/** What only looked at students: it rests on nothing, and could not be undone. */
const LOOKED: readonly HistoryKind[] = ['output', 'verify'];

/** The key of the pick that a record may have, by the record's. */
const pickOf = (table: 'own_records' | 'received_records', key: string): string =>
  rowKey('picks', { provenance: PROVENANCE_OF[table], record_id: JSON.parse(key)[0] });

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
  const { id: root } = await rootOf(db, id);
  for (const { kind, id: entry, refers_to } of standing) if (kind === 'receipt' && refers_to === root) hangs(entry, 'sent');
  for (const { history_id } of await db
    .selectFrom('entry_matches')
    .selectAll()
    .where('matched_id', '=', root)
    .where('history_id', '>', id)
    .execute())
    hangs(history_id, 'matched');
  const packages = new Set(standing.filter(({ kind }) => kind === 'export').map((entry) => entry.id));
  for (const students of inParts([...new Set([...touched.students, ...touched.choosing])])) {
    const rows = await db
      .selectFrom('history_students')
      .innerJoin('history', 'history.id', 'history_students.history_id')
      .select(['history_id', 'student_id'])
      .where('history_id', '>', id)
      .where('history.kind', 'not in', LOOKED)
      .where('student_id', 'in', students)
      .execute();
    for (const { history_id, student_id } of rows) {
      // A package says nothing of what was picked.
      const isOfIt = touched.students.has(student_id) || !packages.has(history_id);
      if ((isSent.has(history_id) && isOfIt) || touched.enrolled.has(student_id)) hangs(history_id, 'changed');
    }
  }
  for (const historyId of await comeAgain(db, id, touched)) hangs(historyId, 'matched');
  return standing.flatMap(({ id: entry, kind, at, file, school }) => {
    const reason = why.get(entry);
    return reason ? [{ id: entry, kind, at: new Date(at), file, school, why: reason }] : [];
  });
}

/** What an entry touched: rows by table and key, with the columns, or wholly. */
class Touched {
  readonly #id: number;
  readonly rows = new Map<string, ReadonlySet<string> | 'wholly'>();
  /** Students whose records or basic data it changed, whose choice of records, and who was put on the roll by it or taken off. */
  readonly students = new Set<number>();
  readonly choosing = new Set<number>();
  readonly enrolled = new Set<number>();
  /** Students of whom taking it back would bring picks back, or lower a limit. */
  readonly limited = new Set<number>();
  /** Students of whom it changed anything, and the picks that taking it back would bring back. */
  readonly concerned = new Set<number>();
  readonly #picksBack = new Set<string>();
  /** Records that taking it back would bring back. */
  readonly returning: { readonly table: (typeof RECORD_TABLES)[number]; readonly id: number }[] = [];

  constructor(id: number) {
    this.#id = id;
  }

  change({ table, key, studentId, before }: RowChange): void {
    this.#row(table, key, before ? Object.keys(before) : undefined);
    if (studentId === null) return;
    this.concerned.add(studentId);
    if (table === 'picks' && before) this.#picksBack.add(key);
    const columns = table === 'students' && before ? Object.keys(before) : undefined;
    if (table === 'picks' || columns?.includes('extended_years')) this.choosing.add(studentId);
    if (table !== 'picks' && (!columns || columns.some((name) => name !== 'extended_years' && !ROLL_COLUMNS.has(name))))
      this.students.add(studentId);
    if (table === 'students' && (!before || 'removed_by' in before)) this.enrolled.add(studentId);
    if ((table === 'picks' && before) || (table === 'students' && before && 'extended_years' in before)) this.limited.add(studentId);
    if ((table === 'own_records' || table === 'received_records') && before?.removed_by === null)
      this.returning.push({ table, id: JSON.parse(key)[0] });
  }

  added(table: ChangedTable, row: Row): void {
    this.#row(table, rowKey(table, row), undefined);
    if (table === 'students') {
      this.students.add(Number(row.id));
      this.concerned.add(Number(row.id));
      this.enrolled.add(Number(row.id));
    } else if (table === 'own_records' || table === 'received_records') {
      this.students.add(Number(row.student_id));
      this.concerned.add(Number(row.student_id));
    }
  }

  #row(table: ChangedTable, key: string, columns: readonly string[] | undefined): void {
    const before = this.rows.get(`${table} ${key}`);
    this.rows.set(`${table} ${key}`, !columns || before === 'wholly' ? 'wholly' : new Set([...(before ?? []), ...columns]));
    // A pick rests on its record.
    if (table === 'own_records' || table === 'received_records') {
      const pick = pickOf(table, key);
      if (!this.rows.has(`picks ${pick}`)) this.rows.set(`picks ${pick}`, 'wholly');
    }
  }

  meets({ table, key, studentId, before }: RowChange): boolean {
    // A listing that it brought is another entry's by now.
    if (before?.history_id === this.#id) return true;
    // Of a student who is off the roll, or a record that was taken out, nobody would see what comes back.
    if (before?.removed_by === null) {
      if (table === 'students' && studentId !== null && this.concerned.has(studentId)) return true;
      if ((table === 'own_records' || table === 'received_records') && this.#picksBack.has(pickOf(table, key))) return true;
    }
    const columns = this.rows.get(`${table} ${key}`);
    if (columns === undefined) return false;
    return columns === 'wholly' || !before || Object.keys(before).some((column) => columns.has(column));
  }
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

/** The entry that a chain of undoing is about, and whether it stands once the last of the chain is taken back: every second undo has it stand. */
export interface UndoRoot extends Pick<EntryState, 'id' | 'kind'> {
  readonly stands: boolean;
}

/** What the chain that ends with an entry is about: that entry itself, unless it is an undo. */
export async function rootOf(db: Db, id: number): Promise<UndoRoot> {
  for (let [entry, stands] = [id, false]; ; stands = !stands) {
    const { kind, refers_to } = await db
      .selectFrom('history')
      .select(['kind', 'refers_to'])
      .where('id', '=', entry)
      .executeTakeFirstOrThrow();
    if (kind !== 'undo' || refers_to === null) return { id: entry, kind, stands };
    entry = refers_to;
  }
}
