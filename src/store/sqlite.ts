/** Opens the embedded store: SQLite under WAL with `synchronous=FULL`, and the attachments beside it. */
import { access, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { Kysely } from 'kysely';
import { LpxError } from '../errors.js';
import { AttachmentVault } from './attachments.js';
import { databaseError } from './database-error.js';
import { DatabaseStore } from './database-store.js';
import { migrate } from './migrations.js';
import { SharedSqliteDialect, whenFree } from './sqlite-dialect.js';
import type { School, Store } from './store.js';
import type { Tables } from './tables.js';

const DATABASE_NAME = 'lpx.sqlite';

/** Whether a folder holds a store. */
export const holdsStore = (folder: string): Promise<boolean> =>
  access(join(folder, DATABASE_NAME)).then(
    () => true,
    () => false,
  );

/**
 * Makes a new store for a school, or completes one whose making was cut short. Of several processes that try at once, one
 * wins. @throws LPX_STORE_EXISTS, LPX_STORE_BUSY, LPX_WRITE_FAILED, LPX_DISK_FULL
 */
export async function createStore(folder: string, school: School): Promise<Store> {
  const existed = await holdsStore(folder);
  try {
    await mkdir(join(folder, 'attachments'), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new LpxError('LPX_WRITE_FAILED', { file: folder, reason: (error as NodeJS.ErrnoException).code ?? '?' }, { cause: error });
  }
  const db = await openDatabase(folder).catch((error) => {
    const kept = existed && error instanceof LpxError && (error.code === 'LPX_STORE_NEWER' || error.code === 'LPX_STORE_DAMAGED');
    throw kept ? new LpxError('LPX_STORE_EXISTS', { folder }, { cause: error }) : error;
  });
  try {
    await db.transaction().execute(async (transaction) => {
      // Within the transaction, which one process at a time has: the first one in is the school's.
      const held = await transaction.selectFrom('school').select('code').executeTakeFirst();
      if (held) throw new LpxError('LPX_STORE_EXISTS', { folder });
      await transaction.insertInto('school').values(school).execute();
    });
  } catch (error) {
    await db.destroy();
    throw error;
  }
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

async function openDatabase(folder: string): Promise<Kysely<Tables>> {
  let database: BetterSqlite3.Database | undefined;
  try {
    // Loaded when a store is opened, since some commands need none; by `require`, which the bundle leaves as it is.
    const Database = createRequire(import.meta.url)('better-sqlite3') as typeof BetterSqlite3;
    const opened = new Database(join(folder, DATABASE_NAME), { timeout: 0 });
    database = opened;
    await whenFree(() => opened.pragma('journal_mode = WAL'));
    opened.pragma('synchronous = FULL');
    opened.pragma('foreign_keys = ON');
    const db = new Kysely<Tables>({ dialect: new SharedSqliteDialect(opened, folder) });
    await migrate(db);
    return db;
  } catch (error) {
    database?.close();
    throw databaseError(error, folder);
  }
}
