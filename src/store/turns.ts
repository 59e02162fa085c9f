/**
 * Whose turn it is: of several processes that work through the same folder into one store, one at a time does. A lock is an SQLite file
 * held exclusively, which the system releases however the process ends.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../io/file-error.js';
import { setMode } from './access.js';
import { databaseError, isBusy } from './database-error.js';
import { openSqlite } from './driver.js';
import { whenFree } from './sqlite-dialect.js';
import type { Store } from './store.js';

export interface Turn {
  end(): void;
}

/**
 * Waits for this process's turn at a folder, for as long as it takes. The locks are one small file in the store for each folder.
 * @param onWaiting called once when another process has the turn
 * @param isGivenUp asked while waiting
 * @returns undefined when it was given up
 * @throws LPX_WRITE_FAILED and other errors of the file system
 */
export async function takeTurn(
  { folder: storeFolder, attachments }: Pick<Store, 'folder' | 'attachments'>,
  folder: string,
  { onWaiting, isGivenUp }: { readonly onWaiting: () => void; readonly isGivenUp: () => boolean },
): Promise<Turn | undefined> {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const file = join(storeFolder, `turn-${name}.lock`);
  makeLock(file, attachments.access.file);
  const lock = openSqlite(file, { fileMustExist: true });
  let isWaiting = false;
  try {
    const isMine = await whenFree(() => {
      try {
        lock.exec('begin exclusive');
        return true;
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (isGivenUp()) return false;
        if (!isWaiting) onWaiting();
        isWaiting = true;
        throw error;
      }
    }, Number.POSITIVE_INFINITY);
    if (isMine) return { end: () => lock.close() };
  } catch (error) {
    lock.close();
    throw databaseError(error, storeFolder);
  }
  lock.close();
  return undefined;
}

/** A file that is there is not opened: closing it would release a lock that this process holds on it. */
function makeLock(file: string, mode: number): void {
  try {
    closeSync(openSync(file, 'wx', mode));
    setMode(file, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, file, 'writing');
  }
}
