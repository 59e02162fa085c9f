/** The SQLite library, loaded when a store is opened, since some commands need none. */
import { resolve, sep } from 'node:path';
import type { SqliteDatabase } from 'kysely';
import { openLibsql } from './libsql.js';
import { nodeSqlite, openNodeSqlite } from './node-sqlite.js';

/** An open database file. Its errors carry SQLite's name in `code`: `SQLITE_BUSY`, `SQLITE_IOERR_FSYNC`. */
export interface SqliteFile extends SqliteDatabase {
  /** Runs statements whose results nobody reads. */
  exec(statements: string): void;
}

/**
 * Opens a database file that never blocks the thread to wait for a lock: with the SQLite that is part of Node.js, else
 * with the add-on. @throws LPX_SQLITE_MISSING when there is neither
 */
export function openSqlite(file: string, { fileMustExist = false } = {}): SqliteFile {
  // An absolute path never reads as a URI, and only a URI can say that no file is to be made.
  const location = fileMustExist ? `${fileUri(resolve(file))}?mode=rw` : resolve(file);
  const builtIn = nodeSqlite();
  return builtIn ? openNodeSqlite(builtIn, location) : openLibsql(location);
}

/** As SQLite reads one: `file:///C:/…` and `file:////server/…`, where a URL of Node's would name the server. */
function fileUri(path: string): string {
  const slashed = encodeURI(path.replaceAll(sep, '/')).replace(/[?#]/g, encodeURIComponent);
  return `file://${slashed.startsWith('/') ? '' : '/'}${slashed}`;
}
