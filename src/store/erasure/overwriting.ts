/**
 * Overwrites what was of erased students: their files, and the free space of the database. Whoever reads the store is waited for a
 * little, with others going first; what cannot be done now, the next command on the store does.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import { LpxError } from '../../errors.js';
import { inParts } from '../statements.js';
import { isPostgres, ROW_TABLES } from '../table-rows.js';
import type { Tables } from '../tables.js';
import type { AttachmentVault } from '../vault/attachments.js';
import { eraseFiles } from './erase-files.js';
import { jobTables } from './queued-traces.js';

/** What is left of erased students on the disk after an erasure. */
export interface Remnants {
  /** Files that could not be removed, by their SHA-256. */
  readonly files: readonly string[];
  /** Why the database could not be overwritten; undefined when it was. */
  readonly database: LpxError | undefined;
}

/** What the table has in place of a SHA-256 where the database is to be overwritten: a note of each erasure's own (once empty, of all). */
export const isOfDatabase = (remnant: string): boolean => /^(?:database [0-9a-f]{16})?$/.test(remnant);

/** Notes that files, by their SHA-256, and the database are to be overwritten; within the transaction that deletes their rows. */
export async function noteRemnants(db: Transaction<Tables>, sha256s: readonly string[]): Promise<void> {
  for (const some of inParts([`database ${randomBytes(8).toString('hex')}`, ...sha256s]))
    await db
      .insertInto('remnants')
      .values(some.map((sha256) => ({ sha256 })))
      .onConflict((conflict) => conflict.column('sha256').doNothing())
      .execute();
}

/**
 * As `StudentErasures.overwrite`.
 * @param tries how often what is in the way is waited for: a command that only tidies up keeps nobody waiting
 */
export async function overwriteRemnants(db: Kysely<Tables>, vault: AttachmentVault, folder: string, tries = TRIES): Promise<Remnants> {
  const left = (await db.selectFrom('remnants').select('sha256').execute()).map(({ sha256 }) => sha256);
  if (left.length === 0) return { files: [], database: undefined };
  const notes = left.filter(isOfDatabase);
  const files = left.filter((remnant) => !isOfDatabase(remnant));
  await eraseFiles(db, vault, files, tries * FILES_MS);
  const database = notes.length > 0 ? await overwriteDatabase(db, { notes, folder, tries }) : undefined;
  const kept = await db.selectFrom('remnants').select('sha256').execute();
  return { files: kept.map(({ sha256 }) => sha256).filter((remnant) => !isOfDatabase(remnant)), database };
}

/** How often what is in the way of an erasure is waited for, and how long each time, in ms. */
const TRIES = 80;
const WAIT_MS = 50;
/** How long files are erased, for each of these times, in ms. */
const FILES_MS = 500;

interface Overwriting {
  /** Of erasures whose rows are gone. One that comes meanwhile has its own, which stays. */
  readonly notes: readonly string[];
  readonly folder: string;
  readonly tries: number;
}

/** Tables that are no rows of the store's data, and name files and folders. The first is small: it is tried until nothing is in the way. */
const NAMING = ['remnants', 'unpublished', 'settings'] as const;

/** Writes the database without its free space, and empties its journal. @returns why that could not be done; undefined when it was */
async function overwriteDatabase(db: Kysely<Tables>, overwriting: Overwriting): Promise<LpxError | undefined> {
  try {
    if (isPostgres(db)) await rewriteTables(db, [...NAMING, ...ROW_TABLES, ...(await jobTables(db))], overwriting);
    else {
      await sql`vacuum`.execute(db);
      await whenUnread(() => emptyJournal(db), overwriting);
    }
    for (const some of inParts(overwriting.notes)) await db.deleteFrom('remnants').where('sha256', 'in', some).execute();
    return undefined;
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    return error;
  }
}

/** @throws LPX_STORE_BUSY while others read what `attempt` would overwrite, and what `attempt` throws */
async function whenUnread(attempt: () => Promise<boolean>, { tries, folder }: Overwriting): Promise<void> {
  for (let left = tries; left > 0; left--) {
    if (await attempt()) return;
    if (left > 1) await sleep(WAIT_MS);
  }
  throw new LpxError('LPX_STORE_BUSY', { folder });
}

/** @returns whether nobody reads what the journal has */
async function emptyJournal(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ readonly busy: number }>`pragma wal_checkpoint(truncate)`.execute(db);
  return Number(rows[0]?.busy ?? 0) === 0;
}

/**
 * In PostgreSQL. Whoever comes to read queues behind who waits to rewrite: so each wait is short.
 * @throws LPX_STORE_BUSY, LPX_DISK_FULL; LPX_DATABASE_REFUSED where the tables are not the user's own
 */
const rewriteTables = (db: Kysely<Tables>, tables: readonly string[], overwriting: Overwriting): Promise<void> =>
  db.connection().execute(async (connection) => {
    const { rows } = await sql<{ readonly patience: string; readonly mark: string }>`
      select current_setting('lock_timeout') as patience, (txid_current() % 4294967296)::text as mark`.execute(connection);
    const { patience = '', mark = '' } = rows[0] ?? {};
    const wait = (time: string) => sql`select set_config('lock_timeout', ${time}, false)`.execute(connection);
    await wait(`${WAIT_MS}ms`);
    try {
      const [left, freed] = [[...tables], new Set<string>()];
      await whenUnread(async () => {
        for (let table = left[0]; table !== undefined; table = left[0]) {
          if (await isRewritten(connection, table, { mark, ...overwriting })) left.shift();
          else if (overwriting.tries === 1 || freed.has(table)) return false;
          else {
            await endVacuum(connection, table);
            freed.add(table);
          }
        }
        return true;
      }, overwriting);
    } finally {
      await wait(patience);
    }
  });

/**
 * Rewrites a table. The server takes along what an older transaction might still see, be it of another database; the oldest that it
 * reckoned with is the table's `relfrozenxid` afterwards. A table that the user may not rewrite it leaves as it is, in its old file.
 * @param mark a transaction that began after all rows to be overwritten had been deleted
 * @returns whether nothing older is left @throws LPX_DATABASE_REFUSED
 */
async function isRewritten(
  connection: Kysely<Tables>,
  table: string,
  { mark, folder }: { readonly mark: string; readonly folder: string },
): Promise<boolean> {
  const before = await filesOfTable(connection, table, mark);
  try {
    await sql`vacuum (full, analyze) ${sql.table(table)}`.execute(connection);
  } catch (error) {
    if (error instanceof LpxError && error.code === 'LPX_STORE_BUSY') return false;
    throw error;
  }
  const after = await filesOfTable(connection, table, mark);
  const kept = new Set(before.map(({ file }) => file));
  if (after.some(({ file }) => kept.has(file))) throw new LpxError('LPX_DATABASE_REFUSED', { folder });
  return after.every(({ isNewer }) => isNewer);
}

/** Makes the server's own vacuum of a table end, as it does for whoever waits for more than a second. Nobody who reads or writes waits for this lock. */
async function endVacuum(connection: Kysely<Tables>, table: string): Promise<void> {
  await sql`begin`.execute(connection);
  try {
    await sql`set local lock_timeout = '1500ms'`.execute(connection);
    await sql`lock table ${sql.table(table)} in share update exclusive mode`.execute(connection);
  } catch (error) {
    if (!(error instanceof LpxError && error.code === 'LPX_STORE_BUSY')) throw error;
  } finally {
    await sql`rollback`.execute(connection);
  }
}

/** The files of a table, or of its parts, by their numbers, and whether nothing in them is older than a transaction. */
async function filesOfTable(connection: Kysely<Tables>, table: string, mark: string) {
  const { rows } = await sql<{ readonly file: string; readonly isNewer: boolean }>`
    select relfilenode::text as file, age(relfrozenxid) <= age(${mark}::text::xid) as "isNewer" from pg_class where relkind = 'r'
      and (oid = to_regclass(${table}) or oid in (select relid from pg_partition_tree(to_regclass(${table}))))`.execute(connection);
  return rows;
}
