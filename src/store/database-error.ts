import { LpxError } from '../errors.js';
import { sqliteCodeName } from './sqlite/codes.js';

/** SQLite's name of an error, `SQLITE_BUSY`; empty for an error that has no code. The add-on names few of the extended codes. */
export function codeOf(error: unknown): string {
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  const [, unnamed] = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code) ?? [];
  return unnamed === undefined ? code : sqliteCodeName(Number(unnamed));
}

/** Whether another process holds the database at the moment. */
export const isBusy = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_BUSY');

const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;
/** A statement that does not go with the tables, and a trigger or check that lpx did not make. */
const MISFIT = /^SQLITE_CONSTRAINT_(?:TRIGGER|CHECK)/;
const MISSING = /\bno such (?:table|column)|\bhas no column named/;
/** The shared memory file next to the database is the first that finds no room. */
const NO_ROOM = /^SQLITE_(?:FULL|IOERR_SHMSIZE)/;
/** The system refuses; `SQLITE_PROTOCOL` and `SQLITE_NOLFS` are locks and large files that a network drive lacks. */
const REFUSED = /^SQLITE_(?:READONLY|CANTOPEN|IOERR|PERM|AUTH|NOLFS|PROTOCOL|NOMEM|TOOBIG)/;

/** A row that breaks a rule of its table, or does not go with its columns: of PostgreSQL, the classes of data, integrity and names. */
const REFUSED_ROW = /^(?:SQLITE_(?:CONSTRAINT.*|MISMATCH|ERROR)|(?:22|23|42)[0-9A-Z]{3})$/;

/** Whether the database does not take a row for what it says. */
export const isRefusedRow = (error: unknown): boolean => REFUSED_ROW.test(codeOf(error instanceof LpxError ? error.cause : error));

/** `SQLITE_IOERR` of `SQLITE_IOERR_FSYNC`. */
const familyOf = (code: string): string => code.split('_').slice(0, 2).join('_');

/** The tables are not those that lpx made, as the database says. */
export const tablesDamaged = (error: unknown, folder: string): LpxError =>
  new LpxError('LPX_TABLES_DAMAGED', { folder, detail: (error as Error).message }, { cause: error });

/** An error of the database as one of ours; any other passes through. */
export function databaseError(error: unknown, folder: string): unknown {
  const code = codeOf(error);
  if (isBusy(error)) return new LpxError('LPX_STORE_BUSY', { folder }, { cause: error });
  if (NO_ROOM.test(code)) return new LpxError('LPX_DISK_FULL', { file: folder }, { cause: error });
  if (MISFIT.test(code) || (code === 'SQLITE_ERROR' && MISSING.test((error as Error).message))) return tablesDamaged(error, folder);
  if (DAMAGED.test(code)) return new LpxError('LPX_STORE_DAMAGED', { folder, part: 'database' }, { cause: error });
  if (REFUSED.test(code)) return new LpxError('LPX_WRITE_FAILED', { file: folder, reason: familyOf(code) }, { cause: error });
  return error;
}
