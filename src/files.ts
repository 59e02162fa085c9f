/** What every room needs of the file system. */
import { openSync, readSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { LpxError } from './errors.js';

/** Turns an operating system error into ours, naming the file; passes any other error through. */
export function fileError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new LpxError('LPX_FILE_NOT_FOUND', { file }, { cause: error });
  if (code === 'ENOSPC' || code === 'EDQUOT') return new LpxError('LPX_DISK_FULL', { file }, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'EISDIR') {
    return new LpxError('LPX_FILE_UNREADABLE', { file, reason: code }, { cause: error });
  }
  return error;
}

/** Opens a file; a new one is readable by its owner alone. @throws as `fileError` says */
export function openFile(file: string, flags: 'r' | 'wx'): number {
  try {
    return openSync(file, flags, 0o600);
  } catch (error) {
    throw fileError(error, file);
  }
}

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
