/**
 * Takes back what an entry of the history did to the rows of the store. Rows that it added are removed softly: their files stay, and
 * taking this back in turn brings them back.
 */
import type { Kysely, Transaction } from 'kysely';
import { sealed } from '../seal.js';
import type { Tables } from '../tables.js';
import { addedRows } from './added-rows.js';
import { changesOf, type EntryChanges, putBack, type RowChange, readRow, rowKey } from './entry-changes.js';
import { SENT } from './hanging.js';
import { type TakenBack, Tally } from './taken-back.js';

type Db = Kysely<Tables> | Transaction<Tables>;

/** One says nothing without the other. */
const LEAVING: readonly string[] = ['left_as', 'left_on'];

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
