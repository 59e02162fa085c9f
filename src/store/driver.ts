/** The SQLite driver, loaded when a store is opened, since some commands need none. */
import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';

export type SqliteFile = BetterSqlite3.Database;

/** Opens a database file that never blocks the thread to wait for a lock. By `require`, which the bundle leaves as it is. */
export function openSqlite(file: string, { fileMustExist = false } = {}): SqliteFile {
  const Database = createRequire(import.meta.url)('better-sqlite3') as typeof BetterSqlite3;
  return new Database(file, { timeout: 0, fileMustExist });
}
