/** SQLite as part of Node.js, from 22.13 on. */
import type { SqliteStatement } from 'kysely';
import { sqliteCodeName } from './codes.js';
import type { SqliteFile } from './driver.js';

/** What is used of `node:sqlite`, which the types of the oldest Node.js that lpx runs on do not have. */
interface NodeSqlite {
  readonly DatabaseSync: new (location: string) => NodeDatabase;
}
interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  close(): void;
}
interface NodeStatement {
  all(...parameters: readonly unknown[]): unknown[];
  run(...parameters: readonly unknown[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  iterate(...parameters: readonly unknown[]): IterableIterator<unknown>;
  /** From 22.16 on. */
  columns?(): unknown[];
}

/** @returns the module; undefined in a Node.js without it */
export function nodeSqlite(): NodeSqlite | undefined {
  const { emitWarning } = process;
  // Node.js 22 says once that the module is experimental, which is nothing to a clerk. Any other warning gets through.
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== 'ExperimentalWarning' || !String(warning).startsWith('SQLite '))
      Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** @param location absolute path, or a `file:` URI */
export function openNodeSqlite({ DatabaseSync }: NodeSqlite, location: string): SqliteFile {
  const database = named(() => new DatabaseSync(location));
  let open = true;
  return {
    exec: (statements) => named(() => database.exec(statements)),
    prepare: (sql) =>
      adapted(
        sql,
        named(() => database.prepare(sql)),
      ),
    close: () => {
      if (open) database.close();
      open = false;
    },
  };
}

/** For 22.13 to 22.15, whose statements do not know their columns. Values are never in the text of a query. */
const GIVES_ROWS = /^\s*(?:select|with|pragma|values)\b|\breturning\b/i;

function adapted(sql: string, statement: NodeStatement): SqliteStatement {
  return {
    reader: statement.columns ? statement.columns().length > 0 : GIVES_ROWS.test(sql),
    all: (parameters) => named(() => statement.all(...parameters)),
    run: (parameters) => named(() => statement.run(...parameters)),
    iterate: (parameters) => named(() => statement.iterate(...parameters)),
  };
}

/** Runs `call`, and gives an error of SQLite's the name that SQLite has for it. */
function named<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { code, errcode } = error as { code?: string; errcode?: number };
    if (errcode !== undefined) throw Object.assign(error as Error, { code: sqliteCodeName(errcode) });
    // A number in the file that JavaScript does not have, and that lpx never wrote.
    if (code === 'ERR_OUT_OF_RANGE') throw Object.assign(error as Error, { code: 'SQLITE_CORRUPT' });
    throw error;
  }
}
