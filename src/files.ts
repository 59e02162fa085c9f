/** What every room needs of the file system. */
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { LpxError } from './errors.js';

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

/**
 * Opens a file: a new one, readable by its owner alone, or a plain one that is there.
 * @throws as `fileError` says, and LPX_FILE_UNREADABLE for a pipe or a device
 */
export function openFile(file: string, flags: 'r' | 'wx'): number {
  try {
    if (flags === 'wx') return openSync(file, flags, 0o600);
    // Opened so, a pipe does not wait for who writes to it; a plain file does not care.
    const fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      requirePlain(fstatSync(fd), file);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  } catch (error) {
    throw fileError(error, file, flags === 'wx' ? 'writing' : 'reading');
  }
}

/** Reads from where the file has got to. @returns how many bytes, 0 at the end @throws as `fileError` says */
export function readFrom(fd: number, into: Buffer, file: string): number {
  try {
    return readSync(fd, into);
  } catch (error) {
    throw fileError(error, file, 'reading');
  }
}

/** The size and identity of a plain file. @throws as `openFile` */
export async function statPlain(file: string): Promise<Stats> {
  const found = await stat(file).catch((error) => {
    throw fileError(error, file);
  });
  requirePlain(found, file);
  return found;
}

function requirePlain(found: Stats, file: string): void {
  if (found.isFile()) return;
  throw new LpxError('LPX_FILE_UNREADABLE', { file, reason: found.isDirectory() ? 'EISDIR' : 'notPlain' });
}

/** What may be read as a small file: a plain one, or a pipe too, such as a shell's `<(…)`. */
export type SmallSource = 'file' | 'file-or-pipe';

/**
 * Reads a file of at most `limit` bytes whole. A device, or a pipe without end, is refused.
 * @throws LPX_FILE_NOT_FOUND; LPX_FILE_UNREADABLE, also for a file of more bytes
 */
export async function readSmall(file: string, limit: number, source: SmallSource): Promise<Buffer> {
  try {
    const found = await stat(file);
    if (!(source === 'file-or-pipe' && found.isFIFO())) requirePlain(found, file);
    if (found.size > limit) throw tooLarge(file);
    const handle = await open(file, 'r');
    try {
      return await readBounded(handle.createReadStream({ autoClose: false }), limit, file);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, file);
  }
}

/** Reads a stream to its end. @throws LPX_FILE_UNREADABLE beyond `limit` bytes */
export async function readBounded(stream: AsyncIterable<Uint8Array | string>, limit: number, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = Buffer.from(chunk as Uint8Array);
    bytes += part.length;
    if (bytes > limit) throw tooLarge(name);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (file: string) => new LpxError('LPX_FILE_UNREADABLE', { file, reason: 'tooLarge' });

/** Fills a buffer from a place in a file. @returns whether the file was long enough */
export function fillFrom(fd: number, buffer: Buffer, offset: number): boolean {
  for (let done = 0; done < buffer.length; ) {
    const count = readSync(fd, buffer, done, buffer.length - done, offset + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}

/** Makes renames in a folder last. Where the system cannot sync folders, the renames stand on their own. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

const undoings = new Set<() => void>();
let committed = false;

/** Has an interrupted process undo something, at once, the newest first. Returns a function that takes this back. */
export function whenInterrupted(undo: () => void): () => void {
  undoings.add(undo);
  return () => undoings.delete(undo);
}

/** Marks a file or folder as unfinished: an interrupted process removes it. Returns a function that takes this back. */
export const markUnfinished = (path: string): (() => void) =>
  // Another thread may still be making files in a folder while it is removed.
  whenInterrupted(() => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 5 }));

/** Undoes what is unfinished; for the end of an interrupted process. */
export function undoUnfinished(): void {
  for (const undo of [...undoings].reverse()) undo();
}

/** Marks that what the command is for has been committed: a signal no longer undoes it. */
export function markCommitted(): void {
  committed = true;
}

export const isCommitted = (): boolean => committed;

/** At the start of a command: nothing is committed yet. */
export function startUncommitted(): void {
  committed = false;
}
