/** Reads plain files, and small ones whole: never a device, never without a bound. */
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readSync, realpathSync, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LpxError } from '../errors.js';
import { fileError } from './file-error.js';
import { upward } from './folders.js';

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

/** The path itself where something is there, else the nearest folder around it. */
export function nearestThere(path: string): string {
  let there = path;
  for (there of upward(path)) if (existsSync(there)) break;
  return there;
}

/** Whether a place is a folder or within it, wherever links lead. */
export function isWithin(place: string, folder: string): boolean {
  const path = relative(realPath(folder), realPath(place));
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !/^[A-Za-z]:/.test(path));
}

/** A path without links, as far as it is there. */
function realPath(path: string): string {
  const there = nearestThere(path);
  return join(realpathSync(there), relative(there, path));
}

/** The size and identity of a plain file. @throws as `openFile` */
export async function statPlain(file: string): Promise<Stats> {
  const found = await stat(file).catch((error) => {
    throw fileError(error, file);
  });
  requirePlain(found, file);
  return found;
}

/** Whether a plain file is there; a link to one is none. @throws LPX_FILE_UNREADABLE for anything else under its name */
export function isPlainFile(file: string): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found) requirePlain(found, file);
  return found !== undefined;
}

/** @throws LPX_FILE_UNREADABLE for anything but a plain file */
export function requirePlain(found: Stats, file: string): void {
  if (found.isFile()) return;
  const reason = found.isSymbolicLink() ? 'link' : found.isDirectory() ? 'EISDIR' : 'notPlain';
  throw new LpxError('LPX_FILE_UNREADABLE', { file, reason });
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
    if (found.isFIFO()) return await readBounded(pipeBytes(file), limit, file);
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

/** The capacity of a pipe on Linux. */
const PIPE_BYTES = 64 * 1024;
/** How long to wait before a pipe is asked again, in ms. */
const PIPE_WAIT_MS = 10;

/** What comes through a pipe. Opened and read without blocking, so that waiting for its writer can be interrupted. */
async function* pipeBytes(file: string): AsyncGenerator<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (let hasWriter = false; ; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(PIPE_BYTES)).catch((error) => {
        if (error.code !== 'EAGAIN') throw error;
        return { bytesRead: undefined, buffer: Buffer.alloc(0) };
      });
      if (bytesRead === 0 && hasWriter) return;
      hasWriter ||= bytesRead !== 0;
      if (bytesRead) yield buffer.subarray(0, bytesRead);
      else await sleep(PIPE_WAIT_MS);
    }
  } finally {
    await handle.close();
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
