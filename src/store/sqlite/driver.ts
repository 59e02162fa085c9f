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

export interface OpenOptions {
  /** Whether a missing file is an error; else it is made. */
  readonly fileMustExist?: boolean;
  /** To read alone: beside others who may write, or a file that nobody changes, for which no file is made beside it. */
  readonly readOnly?: 'shared' | 'immutable' | undefined;
}

/**
 * Opens a database file that never blocks the thread to wait for a lock: with the SQLite that is part of Node.js, else
 * with the add-on. @throws LPX_SQLITE_MISSING when there is neither
 */
export function openSqlite(file: string, options: OpenOptions = {}): SqliteFile {
  const builtIn = nodeSqlite();
  if (builtIn && process.platform === 'win32') return openNodeSqlite(builtIn, windowsUri(file, options));
  // An absolute path never reads as a URI, and only a URI can say that no file is to be made.
  const plain = !options.fileMustExist && options.readOnly === undefined;
  const location = plain ? resolve(file) : `${fileUri(resolve(file))}?${queryOf(options)}`;
  return builtIn ? openNodeSqlite(builtIn, location) : openLibsql(location);
}

/** SQLite takes paths of more than 260 characters only in the form `\\?\C:\…`, and by a file system layer of its own. */
const windowsUri = (file: string, options: OpenOptions): string =>
  `file:${encodeURIComponent(toNamespacedPath(resolve(file)))}?${queryOf(options)}&vfs=win32-longpath`;

function queryOf({ fileMustExist, readOnly }: OpenOptions): string {
  if (readOnly !== undefined) return readOnly === 'immutable' ? 'immutable=1' : 'mode=ro';
  return `mode=${fileMustExist ? 'rw' : 'rwc'}`;
}

/** As SQLite reads one: `file:///C:/…` and `file:////server/…`, where a URL of Node's would name the server. */
function fileUri(path: string): string {
  const slashed = encodeURI(path.replaceAll(sep, '/')).replace(/[?#]/g, encodeURIComponent);
  return `file://${slashed.startsWith('/') ? '' : '/'}${slashed}`;
}
