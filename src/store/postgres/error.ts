/** Errors of PostgreSQL and of the way to it as ones of ours. https://www.postgresql.org/docs/current/errcodes-appendix.html */
import { LpxError } from '../../errors.js';
import { codeOf, tablesDamaged } from '../database-error.js';

/** Another process of lpx holds the lock of writers: `lock_not_available`. */
const BUSY = '55P03';
/** The server ends connections: class 08, `admin_shutdown`, `crash_shutdown`, `idle_session_timeout` and their like. */
const LOST = /^(?:08...|57P0[1245]|25P0[345]|EPIPE|ECONNRESET|ETIMEDOUT)$/;
/** `cannot_connect_now`: the server starts, stops or recovers. */
const STARTING = '57P03';
const FULL = /^(?:53300|53400)$/;
const NO_ROOM = /^53100$/;
const DAMAGED = /^XX00[12]$/;
/** `insufficient_privilege`, and `read_only_sql_transaction` of a standby. */
const REFUSED = /^(?:42501|25006)$/;
/** Undefined or doubled tables and columns. */
const MISFIT = /^42(?:P01|703|P07|701|P06)$/;

/** A table or column that is not there, and a trigger or check that lpx did not make. */
const FOREIGN = /^(?:42P01|42703|23514|P0...)$/;

/** The server ends a statement for reasons of its own: `query_canceled`, deadlocks, too little memory, errors of its system. */
const ENDED = /^(?:57014|40...|53...|55006|58...)$/;

const isOfServer = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code);

/** Whether a statement does not go with the tables. */
export const isPostgresMisfit = (code: string): boolean => MISFIT.test(code);

/** Whether a connection that an error ended can no longer be used. */
export const isLost = (error: unknown): boolean => LOST.test(codeOf(error)) || isBrokenOff(error);

/** What `pg` says when the server closes the connection. */
const isBrokenOff = (error: unknown): boolean =>
  error instanceof Error && /^(?:Connection terminated|Client has encountered a connection error|Client was closed)/.test(error.message);

/** An error of a statement as one of ours; any other passes through. @param shown what messages call the database */
export function statementError(error: unknown, shown: string): unknown {
  const folder = shown;
  const code = codeOf(error);
  if (error instanceof LpxError) return error;
  if (code === BUSY) return new LpxError('LPX_STORE_BUSY', { folder }, { cause: error });
  if (isLost(error)) return new LpxError('LPX_DATABASE_LOST', { folder }, { cause: error });
  if (FULL.test(code)) return new LpxError('LPX_DATABASE_FULL', { folder }, { cause: error });
  if (NO_ROOM.test(code)) return new LpxError('LPX_DISK_FULL', { file: folder }, { cause: error });
  if (DAMAGED.test(code)) return new LpxError('LPX_STORE_DAMAGED', { folder, part: 'database' }, { cause: error });
  if (FOREIGN.test(code)) return tablesDamaged(error, folder);
  if (REFUSED.test(code)) return new LpxError('LPX_DATABASE_REFUSED', { folder }, { cause: error });
  if (ENDED.test(code)) return new LpxError('LPX_DATABASE_STOPPED', { folder, reason: code }, { cause: error });
  return error;
}

/** Why no connection comes about, as one of ours. */
export function connectError(error: unknown, shown: string): unknown {
  const folder = shown;
  const code = codeOf(error);
  const because = (reason: string) => new LpxError('LPX_DATABASE_UNREACHABLE', { folder, reason }, { cause: error });
  if (error instanceof LpxError) return error;
  if (/^28/.test(code) || isWithoutPassword(error)) return new LpxError('LPX_DATABASE_LOGIN', { folder }, { cause: error });
  if (code === '3D000') return new LpxError('LPX_DATABASE_NOT_FOUND', { folder }, { cause: error });
  if (code === STARTING) return because('starting');
  if (FULL.test(code)) return new LpxError('LPX_DATABASE_FULL', { folder }, { cause: error });
  if (REFUSED.test(code)) return new LpxError('LPX_DATABASE_REFUSED', { folder }, { cause: error });
  if (isOfServer(code) && !/^(?:08|57)/.test(code)) return statementError(error, shown);
  if (isOfTls(error)) return new LpxError('LPX_DATABASE_TLS', { folder }, { cause: error });
  if (code === 'ENOENT' || code === 'EACCES') return because('noSocket');
  if (code === 'ETIMEDOUT' || /timeout/i.test((error as Error).message ?? '')) return because('noAnswer');
  if (/^E[A-Z_]+$/.test(code)) return because(code);
  if (isLost(error) || isOfServer(code)) return because('ECONNRESET');
  return error;
}

/** `pg` has no password to send, or one that SCRAM does not take. */
const isWithoutPassword = (error: unknown): boolean => error instanceof Error && /SASL|client password must be|pg_hba/i.test(error.message);

/** The server has no TLS, or its certificate is not one to trust. */
export const isWithoutTls = (error: unknown): boolean => error instanceof Error && /does not support SSL/.test(error.message);

const isOfTls = (error: unknown): boolean =>
  isWithoutTls(error) ||
  /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|INVALID_CA|ERR_CRYPTO)/.test(codeOf(error));
