/** Opens the embedded store: SQLite under WAL with `synchronous=FULL`, and the attachments beside it. */
import { access, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { LpxError } from '../errors.js';
import { AttachmentVault } from './attachments.js';
import { databaseError } from './database-error.js';
import { DatabaseStore } from './database-store.js';
import { migrate } from './migrations.js';
import type { School, Store } from './store.js';
import type { Tables } from './tables.js';

const DATABASE_NAME = 'lpx.sqlite';
/** How long a writer waits for another one, in ms. */
const BUSY_MS = 15_000;

/** Whether a folder holds a store. */
export const holdsStore = (folder: string): Promise<boolean> =>
  access(join(folder, DATABASE_NAME)).then(
    () => true,
    () => false,
  );

/** Makes a new store for a school, or ends the making of one that was cut short. @throws LPX_STORE_EXISTS, LPX_WRITE_FAILED, LPX_DISK_FULL */
export async function createStore(folder: string, school: School): Promise<Store> {
  if ((await holdsStore(folder)) && !(await isUnfinished(folder))) throw new LpxError('LPX_STORE_EXISTS', { folder });
  try {
    await mkdir(join(folder, 'attachments'), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new LpxError('LPX_WRITE_FAILED', { file: folder, reason: (error as NodeJS.ErrnoException).code ?? '?' }, { cause: error });
  }
  const db = await openDatabase(folder);
  await db.insertInto('school').values(school).execute();
  return new DatabaseStore(db, folder, school, new AttachmentVault(folder));
}

/** @throws LPX_STORE_NOT_FOUND, LPX_STORE_NEWER, LPX_STORE_DAMAGED, LPX_STORE_BUSY */
export async function openStore(folder: string): Promise<Store> {
  if (!(await holdsStore(folder))) throw new LpxError('LPX_STORE_NOT_FOUND', { folder });
  const db = await openDatabase(folder);
  const school = await db.selectFrom('school').selectAll().executeTakeFirst();
  if (!school) {
    await db.destroy();
    throw new LpxError('LPX_STORE_NOT_FOUND', { folder });
  }
  return new DatabaseStore(db, folder, school, new AttachmentVault(folder));
}

/** Whether the making of a store was cut short: it has its tables, or not even those, and no school. */
async function isUnfinished(folder: string): Promise<boolean> {
  const db = await openDatabase(folder).catch(() => undefined);
  const school = await db?.selectFrom('school').selectAll().executeTakeFirst();
  await db?.destroy();
  return db !== undefined && school === undefined;
}

async function openDatabase(folder: string): Promise<Kysely<Tables>> {
  try {
    // Loaded when a store is opened, since some commands need none; by `require`, which the bundle leaves as it is.
    const Database = createRequire(import.meta.url)('better-sqlite3') as typeof BetterSqlite3;
    const database = new Database(join(folder, DATABASE_NAME), { timeout: BUSY_MS });
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
    await migrate(db);
    return db;
  } catch (error) {
    throw databaseError(error, folder);
  }
}
