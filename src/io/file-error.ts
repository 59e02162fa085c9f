/** Turns errors of the operating system about a file into those of lpx. */
import { LpxError } from '../errors.js';

/** The disk, or the user's share of it, is used up. */
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
/** Calls that change what is on a disk. `open` is either; who opens for writing says so. */
const WRITING: ReadonlySet<string> = new Set(
  'write writev fsync fdatasync ftruncate rename link symlink mkdir mkdtemp rmdir unlink rm chmod fchmod chown copyfile utime'.split(' '),
);

/** What the operating system says is wrong (`ENOSPC`, `EIO`…); undefined for errors that are not its own. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return undefined;
  // The second kind is Node.js's own: a NUL in a path, a file of more than 2 GiB.
  return (syscall !== undefined && /^E[A-Z0-9]+$/.test(code)) || /^ERR_(?:INVALID_ARG_VALUE|FS_)/.test(code) ? code : undefined;
}

/**
 * Turns an error of the operating system into ours, naming the file; passes any other error through: LPX_DISK_FULL;
 * LPX_FILE_NOT_FOUND; else LPX_FILE_UNREADABLE or LPX_WRITE_FAILED with the system's code as `reason`.
 * @param doing what was tried; by the failed call when it is left out
 */
export function fileError(error: unknown, file: string, doing?: 'reading' | 'writing'): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const cause = { cause: error };
  if (NO_ROOM.has(code)) return new LpxError('LPX_DISK_FULL', { file }, cause);
  const writing = doing === undefined ? WRITING.has((error as NodeJS.ErrnoException).syscall ?? '') : doing === 'writing';
  if (writing) return new LpxError('LPX_WRITE_FAILED', { file, reason: code }, cause);
  return NOT_THERE.has(code)
    ? new LpxError('LPX_FILE_NOT_FOUND', { file }, cause)
    : new LpxError('LPX_FILE_UNREADABLE', { file, reason: code }, cause);
}

/** The same where something was to be written. @returns LPX_DISK_FULL or LPX_WRITE_FAILED; any other error as it is */
export const writeError = (error: unknown, file: string): unknown => fileError(error, file, 'writing');

/** An error as one of ours. The system's are never internal errors, wherever they come from. */
export function knownError(error: unknown): LpxError {
  const known = fileError(error, (error as NodeJS.ErrnoException | null)?.path ?? '');
  return known instanceof LpxError ? known : new LpxError('LPX_INTERNAL', { detail: faultOf(error) }, { cause: error });
}

/** An internal error in a word; its message may contain data and is for `--debug`. */
const faultOf = (error: unknown): string => (error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : typeof error);
