/** The SQLite library, loaded when a store is opened, since some commands need none. */
import { resolve, sep, toNamespacedPath } from 'node:path';
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
  const builtIn = nodeSqlite();
  if (builtIn && process.platform === 'win32') return openNodeSqlite(builtIn, windowsUri(file, fileMustExist));
  // An absolute path never reads as a URI, and only a URI can say that no file is to be made.
  const location = fileMustExist ? `${fileUri(resolve(file))}?mode=rw` : resolve(file);
  return builtIn ? openNodeSqlite(builtIn, location) : openLibsql(location);
}

/** SQLite takes paths of more than 260 characters only in the form `\\?\C:\…`, and by a file system layer of its own. */
const windowsUri = (file: string, fileMustExist: boolean): string =>
  `file:${encodeURIComponent(toNamespacedPath(resolve(file)))}?mode=${fileMustExist ? 'rw' : 'rwc'}&vfs=win32-longpath`;

/** As SQLite reads one: `file:///C:/…` and `file:////server/…`, where a URL of Node's would name the server. */
function fileUri(path: string): string {
  const slashed = encodeURI(path.replaceAll(sep, '/')).replace(/[?#]/g, encodeURIComponent);
  return `file://${slashed.startsWith('/') ? '' : '/'}${slashed}`;
}
