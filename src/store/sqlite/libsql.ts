/** Only for Node.js before 22.13, which has no SQLite of its own: the add-on `libsql`, an optional dependency. Goes when Node.js 20 goes. */
import { createRequire } from 'node:module';
import type { SqliteStatement } from 'kysely';
import type Libsql from 'libsql';
import { LpxError } from '../../errors.js';
import { sqliteCodeName } from './codes.js';
import type { SqliteFile } from './driver.js';

/** @param location absolute path, or a `file:` URI @throws LPX_SQLITE_MISSING */
export function openLibsql(location: string): SqliteFile {
  const Database = loadLibsql();
  const database = opened(() => new Database(location));
  return {
    exec: (statements) => {
      database.exec(statements);
    },
    prepare: (sql) => (TRANSACTION.test(sql) ? executed(database, sql) : (database.prepare(sql) as SqliteStatement)),
    close: () => {
      // A closed one is not to be touched: the add-on would end the process.
      if (database.open) release(database);
    },
  };
}

const TRANSACTION = /^(?:begin|commit|rollback)\b/;

/** Without a statement of its own: one that was refused because the database is busy would stand in the way of the next commit. */
const executed = (database: Libsql.Database, sql: string): SqliteStatement => ({
  reader: false,
  all: () => [],
  run: () => {
    database.exec(sql);
    return { changes: 0, lastInsertRowid: 0 };
  },
  iterate: () => [][Symbol.iterator](),
});

/** By `require`, which the bundle leaves as it is: an add-on finds its binary from where it lies. */
function loadLibsql(): typeof Libsql {
  try {
    return createRequire(import.meta.url)('libsql') as typeof Libsql;
  } catch (error) {
    throw new LpxError('LPX_SQLITE_MISSING', { version: process.versions.node }, { cause: error });
  }
}

/** The add-on gives the number of the result code in the text alone when a file cannot be opened. */
function opened<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    const [, resultCode] = /: (\d+)"\)$/.exec((error as Error).message) ?? [];
    throw resultCode === undefined ? error : Object.assign(error as Error, { code: sqliteCodeName(Number(resultCode)) });
  }
}

/**
 * The add-on closes a database only when the garbage collector has taken its last statement. Until then nothing is to
 * be locked by it, and everything is to be in the database's file.
 */
function release(database: Libsql.Database): void {
  try {
    if (database.inTransaction) database.exec('rollback');
    database.exec('pragma wal_checkpoint(truncate)');
  } catch {
    // Another process is writing, and moves the log over later.
  }
  database.close();
}
