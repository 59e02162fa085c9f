import { LpxError } from '../errors.js';

/** An error of the database as one of ours; any other passes through. */
export function databaseError(error: unknown, folder: string): unknown {
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  if (code.startsWith('SQLITE_BUSY')) return new LpxError('LPX_STORE_BUSY', { folder }, { cause: error });
  // The shared memory file beside the database is the first that finds no room.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') return new LpxError('LPX_DISK_FULL', { file: folder }, { cause: error });
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') return new LpxError('LPX_STORE_DAMAGED', { folder }, { cause: error });
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_IOERR')) {
    return new LpxError('LPX_WRITE_FAILED', { file: folder, reason: code }, { cause: error });
  }
  return error;
}
