/**
 * What the rows of the store were before an entry of the history changed them: what `lpx undo` puts back. Of a row that an entry
 * adds, the row itself says so (`history_id`, `created` of its student) or its absence before is kept; of one that it changes,
 * the columns that change. What an undo changes is kept in the same way, as its own: so it can be undone, too.
 */
import { createHash } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { LpxError } from '../../errors.js';
import { SEALED, type SealedRow, type SealedTable, sealOf } from '../seal.js';
import { inParts, PART } from '../statements.js';
import { objectIn } from '../stored-rows.js';
import type { Row } from '../table-rows.js';
import type { Tables } from '../tables.js';

type Db = Kysely<Tables> | Transaction<Tables>;

/** The tables whose rows are kept as they were, with the columns by which a row is known. */
const KEYS = {
  school: [],
  students: ['id'],
  own_records: ['id'],
  received_records: ['id'],
  former_records: ['provenance', 'record_id', 'replaced_by'],
  picks: ['provenance', 'record_id'],
  course_codes: ['code'],
  known_schools: ['code'],
} as const;

export type ChangedTable = keyof typeof KEYS;

/** A change of a row, as it is kept. */
export interface RowChange {
  readonly table: ChangedTable;
  /** The values of the columns that the row is known by, as JSON. */
  readonly key: string;
  /** The student whose data it is; null for none. */
  readonly studentId: number | null;
  /** The columns that changed, as they were; the whole row where it was taken away; undefined where there was none. */
  readonly before: Row | undefined;
}

/** How a row is known in `entry_changes`. */
export const rowKey = (table: ChangedTable, row: Row): string => JSON.stringify(KEYS[table].map((column) => row[column]));

/** Collects the changes of the entry that a transaction is at, and writes them some at a time. */
export class EntryChanges {
  readonly #db: Db;
  #waiting: (RowChange & { readonly historyId: number })[] = [];

  constructor(db: Db) {
    this.#db = db;
  }

  /** That a row was added whose table does not say by which entry. */
  added(historyId: number, table: ChangedTable, row: Row): Promise<void> {
    return this.#note(historyId, table, row, undefined);
  }

  /** That a row was taken away. */
  deleted(historyId: number, table: ChangedTable, row: Row): Promise<void> {
    return this.#note(historyId, table, row, row);
  }

  /** That columns of a row became others. */
  updated(historyId: number, table: ChangedTable, row: Row, columns: Row): Promise<void> {
    const changed = Object.entries(row).filter(([name, value]) => name !== 'seal' && name in columns && columns[name] !== value);
    return changed.length === 0 ? Promise.resolve() : this.#note(historyId, table, row, Object.fromEntries(changed));
  }

  async #note(historyId: number, table: ChangedTable, row: Row, before: Row | undefined): Promise<void> {
    const studentId = table === 'students' ? Number(row.id) : typeof row.student_id === 'number' ? row.student_id : null;
    this.#waiting.push({ historyId, table, key: rowKey(table, row), studentId, before });
    if (this.#waiting.length >= PART) await this.flush();
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const some of inParts(waiting))
      await this.#db
        .insertInto('entry_changes')
        .values(
          some.map(({ historyId, table, key, studentId, before }) => {
            const row = {
              history_id: historyId,
              table_name: table,
              row_key: key,
              before: before === undefined ? null : JSON.stringify(before),
            };
            return { ...row, student_id: studentId, seal: changeSeal({ ...row, student_id: studentId }) };
          }),
        )
        .execute();
  }
}

type ChangeOfEntry = Selectable<Tables['entry_changes']>;
type ChangeRow = Omit<ChangeOfEntry, 'id' | 'seal'>;

const changeSeal = ({ student_id, ...row }: ChangeRow): string => hashOf([...unowned(row), student_id]);

const unowned = ({ history_id, table_name, row_key, before }: Omit<ChangeRow, 'student_id'>) => [history_id, table_name, row_key, before];

const hashOf = (values: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(values)).digest('hex');

/** The seals of earlier versions did not cover whose data a row is. */
const isSealIntact = (row: ChangeOfEntry): boolean => row.seal === changeSeal(row) || row.seal === hashOf(unowned(row));

/**
 * The changes of an entry, the last first, some at a time.
 * @throws LPX_STORE_DAMAGED, also at the end where they are not all that the entry had
 */
export async function* changesOf(db: Db, historyId: number, folder: string): AsyncGenerator<RowChange[]> {
  const hash = createHash('sha256');
  for await (const rows of changeRows(db, historyId)) {
    for (const { seal } of rows) hash.update(seal);
    yield rows.map((row) => changeOf(row, folder));
  }
  const { changes_hash } = await db.selectFrom('history').select('changes_hash').where('id', '=', historyId).executeTakeFirstOrThrow();
  if (changes_hash !== '' && changes_hash !== hash.digest('hex')) throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'history' });
}

/** Rewords the names that the school had. @returns the entries that changed one of those */
export async function rewordSchoolNames(db: Db, reword: (name: string) => string): Promise<number[]> {
  const reworded: number[] = [];
  for (const row of await db.selectFrom('entry_changes').selectAll().where('table_name', '=', 'school').execute()) {
    const before = reword(row.before ?? '');
    if (before === (row.before ?? '')) continue;
    await db
      .updateTable('entry_changes')
      .set({ before, seal: changeSeal({ ...row, before }) })
      .where('id', '=', row.id)
      .execute();
    reworded.push(row.history_id);
  }
  return reworded;
}

async function* changeRows(db: Db, historyId: number): AsyncGenerator<ChangeOfEntry[]> {
  for (let before: number | undefined; ; ) {
    let query = db.selectFrom('entry_changes').selectAll().where('history_id', '=', historyId);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query.orderBy('id', 'desc').limit(PART).execute();
    before = rows.at(-1)?.id;
    if (before === undefined) return;
    yield rows;
  }
}

/** The hash of the changes of an entry, the last first: SHA-256 over their seals, 64 hex digits. */
export async function changesHash(db: Db, historyId: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const rows of changeRows(db, historyId)) for (const { seal } of rows) hash.update(seal);
  return hash.digest('hex');
}

/** The entries of which `entry_changes` has not exactly what it had. Within one state of the database. */
export async function entriesWithOtherChanges(db: Db): Promise<{ readonly id: number; readonly position: number }[]> {
  const found: { id: number; position: number }[] = [];
  for (let after = 0; ; ) {
    const entries = await db
      .selectFrom('history')
      .select(['id', 'position', 'changes_hash'])
      .where('position', '>', after)
      .orderBy('position')
      .limit(PART)
      .execute();
    if (entries.length === 0) return found;
    after = Number(entries.at(-1)?.position);
    const ids = entries.map(({ id }) => id);
    const kept = await db.selectFrom('entry_changes').select('history_id').distinct().where('history_id', 'in', ids).execute();
    const withChanges = new Set(kept.map(({ history_id }) => history_id));
    for (const { id, position, changes_hash } of entries) {
      const isSound = withChanges.has(id)
        ? await areChangesSound(db, id, changes_hash)
        : changes_hash === '' || changes_hash === NO_CHANGES;
      if (!isSound) found.push({ id, position: Number(position) });
    }
  }
}

const NO_CHANGES = createHash('sha256').digest('hex');

/** @param hash of all of them; empty in entries of earlier versions */
async function areChangesSound(db: Db, historyId: number, hash: string): Promise<boolean> {
  const found = createHash('sha256');
  for await (const rows of changeRows(db, historyId))
    for (const row of rows) {
      if (!isSealIntact(row)) return false;
      found.update(row.seal);
    }
  return hash === '' || hash === found.digest('hex');
}

/** The changes of the entries after one, some at a time. @throws LPX_STORE_DAMAGED */
export async function* changesAfter(
  db: Db,
  historyId: number,
  folder: string,
): AsyncGenerator<(RowChange & { readonly historyId: number })[]> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('entry_changes')
      .selectAll()
      .where('history_id', '>', historyId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(PART)
      .execute();
    after = rows.at(-1)?.id ?? 0;
    if (after === 0) return;
    yield rows.map((row) => ({ ...changeOf(row, folder), historyId: row.history_id }));
  }
}

/** What a kept row has its files by. */
const FILES = /"(?:document|media)_sha256":"([0-9a-f]{64})"/g;

/** The files (by SHA-256) that records had by what is kept of them, some at a time. They may come back by an undo. */
export async function* filesOfChanges(db: Db): AsyncGenerator<string[]> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('entry_changes')
      .select(['id', 'before'])
      .where('id', '>', after)
      .where('before', 'like', '%_sha256":"%')
      .orderBy('id')
      .limit(PART)
      .execute();
    after = rows.at(-1)?.id ?? 0;
    if (after === 0) return;
    yield rows.flatMap(({ before }) => [...(before ?? '').matchAll(FILES)].map(([, sha256 = '']) => sha256));
  }
}

/** Whether a file is one of another student's records by what is kept of them. */
export const isInChangesOfOthers = async (db: Db, sha256: string, studentId: number): Promise<boolean> =>
  (await db
    .selectFrom('entry_changes')
    .select('id')
    .where('student_id', '<>', studentId)
    .where('before', 'like', `%_sha256":"${sha256}"%`)
    .limit(1)
    .executeTakeFirst()) !== undefined;

function changeOf(row: ChangeOfEntry, folder: string): RowChange {
  const isSound = Object.hasOwn(KEYS, row.table_name) && isSealIntact(row);
  if (!isSound) throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'history' });
  return {
    table: row.table_name,
    key: row.row_key,
    studentId: row.student_id,
    before: row.before === null ? undefined : beforeIn(row.before, folder),
  };
}

/** @throws LPX_STORE_DAMAGED */
function beforeIn(json: string, folder: string): Row {
  try {
    return objectIn<Row>(json);
  } catch (cause) {
    throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'history' }, { cause });
  }
}

/** A row as it is; undefined for none. @throws LPX_STORE_DAMAGED when it is not what was stored */
export async function readRow(db: Db, table: ChangedTable, key: string, folder: string): Promise<Row | undefined> {
  const row = (await whereKey(db.selectFrom(table as 'students').selectAll(), table, key).executeTakeFirst()) as Row | undefined;
  if (row && isSealed(table) && row.seal !== sealOf(table, row as unknown as SealedRow<typeof table>))
    throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'stored' });
  return row;
}

/** Puts a row back to what it was. @param row as it is; undefined for none @param before see `RowChange` */
export async function putBack(db: Db, { table, key, before }: RowChange, row: Row | undefined): Promise<void> {
  if (!before) {
    await whereKey(db.deleteFrom(table as 'students'), table, key).execute();
  } else if (row) {
    await whereKey(db.updateTable(table as 'students').set(withSeal(table, { ...row, ...before }) as object), table, key).execute();
  } else {
    await db
      .insertInto(table as 'students')
      .values(before as never)
      .execute();
  }
}

const isSealed = (table: ChangedTable): table is Exclude<SealedTable, 'attachments'> => Object.hasOwn(SEALED, table);

const withSeal = (table: ChangedTable, row: Row): Row =>
  isSealed(table) ? { ...row, seal: sealOf(table, row as unknown as SealedRow<typeof table>) } : row;

/** Narrows a statement to the row of a key. */
function whereKey<Q>(query: Q, table: ChangedTable, key: string): Q {
  const values: unknown[] = JSON.parse(key);
  return KEYS[table].reduce<Q>(
    (narrowed, column, i) => (narrowed as { where: (column: string, is: '=', value: unknown) => Q }).where(column, '=', values[i]),
    query,
  );
}
