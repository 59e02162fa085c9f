/**
 * Overwrites what was of erased students: their files, and the free space of the database. Whoever reads the store is waited for a
 * little, with others going first; what cannot be done now, the next command on the store does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import { LpxError } from '../../errors.js';
import { inParts } from '../statements.js';
import { isPostgres, ROW_TABLES } from '../table-rows.js';
import type { Tables } from '../tables.js';
import type { AttachmentVault } from '../vault/attachments.js';
import { jobTables } from './queued-traces.js';

/** What is left of erased students on the disk after an erasure. */
export interface Remnants {
  /** Files that could not be removed, by their SHA-256. */
  readonly files: readonly string[];
  /** Why the database could not be overwritten; undefined when it was. */
  readonly database: LpxError | undefined;
}

/** Notes what is to be overwritten: files by their SHA-256; the database by the empty one. */
export async function noteRemnants(db: Transaction<Tables>, sha256s: readonly string[]): Promise<void> {
  for (const some of inParts(sha256s))
    await db
      .insertInto('remnants')
      .values(some.map((sha256) => ({ sha256 })))
      .onConflict((conflict) => conflict.column('sha256').doNothing())
      .execute();
}

/** As `StudentErasures.overwrite`. */
export async function overwriteRemnants(db: Kysely<Tables>, vault: AttachmentVault, folder: string): Promise<Remnants> {
  const left = (await db.selectFrom('remnants').select('sha256').execute()).map(({ sha256 }) => sha256);
  if (left.length === 0) return { files: [], database: undefined };
  const files = left.filter((sha256) => sha256 !== '');
  await db.transaction().execute(async (transaction) => {
    for (const sha256 of files) {
      const named = await transaction.selectFrom('attachments').select('sha256').where('sha256', '=', sha256).executeTakeFirst();
      const isGone =
        named !== undefined ||
        (await vault.erase(sha256).then(
          () => true,
          () => false,
        ));
      if (isGone) await transaction.deleteFrom('remnants').where('sha256', '=', sha256).execute();
    }
  });
  const database = left.includes('') ? await overwriteDatabase(db, folder) : undefined;
  const kept = await db.selectFrom('remnants').select('sha256').where('sha256', '<>', '').execute();
  return { files: kept.map(({ sha256 }) => sha256), database };
}

/** Tables that are no rows of the store's data, and name files and folders. The first is small: it is tried until nothing is in the way. */
const NAMING = ['remnants', 'unpublished', 'settings'] as const;

/** Writes the database without its free space, and empties its journal. @returns why that could not be done; undefined when it was */
async function overwriteDatabase(db: Kysely<Tables>, folder: string): Promise<LpxError | undefined> {
  try {
    if (isPostgres(db)) await rewriteTables(db, [...NAMING, ...ROW_TABLES, ...(await jobTables(db))], folder);
    else {
      await sql`vacuum`.execute(db);
      await whenUnread(() => emptyJournal(db), folder);
    }
    await db.deleteFrom('remnants').where('sha256', '=', '').execute();
    return undefined;
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    return error;
  }
}

/** How often what is in the way is waited for, and how long each time, in ms. */
const TRIES = 80;
const WAIT_MS = 50;

/** @throws LPX_STORE_BUSY while others read what `attempt` would overwrite, and what `attempt` throws */
async function whenUnread(attempt: () => Promise<boolean>, folder: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await attempt()) return;
    await sleep(WAIT_MS);
  }
  throw new LpxError('LPX_STORE_BUSY', { folder });
}

/** @returns whether nobody reads what the journal has */
async function emptyJournal(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ readonly busy: number }>`pragma wal_checkpoint(truncate)`.execute(db);
  return Number(rows[0]?.busy ?? 0) === 0;
}

/** In PostgreSQL. Whoever comes to read queues behind who waits to rewrite: so each wait is short. @throws LPX_STORE_BUSY, LPX_DISK_FULL */
const rewriteTables = (db: Kysely<Tables>, tables: readonly string[], folder: string): Promise<void> =>
  db.connection().execute(async (connection) => {
    const { rows } = await sql<{ readonly patience: string; readonly mark: string }>`
      select current_setting('lock_timeout') as patience, (txid_current() % 4294967296)::text as mark`.execute(connection);
    const { patience = '', mark = '' } = rows[0] ?? {};
    const wait = (time: string) => sql`select set_config('lock_timeout', ${time}, false)`.execute(connection);
    await wait(`${WAIT_MS}ms`);
    try {
      const left = [...tables];
      await whenUnread(async () => {
        for (; left[0] !== undefined; left.shift()) if (!(await isRewritten(connection, left[0], mark))) return false;
        return true;
      }, folder);
    } finally {
      await wait(patience);
    }
  });

/**
 * Rewrites a table. The server takes along what an older transaction might still see, be it of another database; the oldest that it
 * reckoned with is the table's `relfrozenxid` afterwards.
 * @param mark a transaction that began after all rows to be overwritten had been deleted @returns whether nothing older is left
 */
async function isRewritten(connection: Kysely<Tables>, table: string, mark: string): Promise<boolean> {
  try {
    await sql`vacuum (full, analyze) ${sql.table(table)}`.execute(connection);
  } catch (error) {
    if (error instanceof LpxError && error.code === 'LPX_STORE_BUSY') return false;
    throw error;
  }
  const { rows } = await sql<{ readonly isNew: boolean }>`
    select bool_and(age(relfrozenxid) <= age(${mark}::text::xid)) as "isNew" from pg_class where relkind = 'r'
      and (oid = to_regclass(${table}) or oid in (select relid from pg_partition_tree(to_regclass(${table}))))`.execute(connection);
  return rows[0]?.isNew === true;
}
