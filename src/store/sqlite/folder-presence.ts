/**
 * How processes that use a store in a folder see each other: by locks on files in it. A lock is an SQLite file held exclusively,
 * which the system releases however the process ends.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileError } from '../../io/file-error.js';
import { type Access, setMode } from '../access.js';
import { databaseError, isBusy } from '../database-error.js';
import type { Presence } from '../processes/presence.js';
import { isInUse, type WorkFolder } from '../processes/work-folder.js';
import { openSqlite } from './driver.js';

export class FolderPresence implements Presence {
  readonly #folder: string;
  readonly #access: Access;

  constructor(storeFolder: string, access: Access) {
    this.#folder = storeFolder;
    this.#access = access;
  }

  /** The work folder has its lock from the beginning. */
  async announce(): Promise<void> {}

  nameOf({ path }: WorkFolder): string {
    return basename(path);
  }

  isHere(): boolean {
    return true;
  }

  async isAlive(work: string): Promise<boolean> {
    return isInUse(join(this.#folder, 'attachments', work));
  }

  /** @throws LPX_WRITE_FAILED and other errors of the file system */
  async tryTurn(key: string): Promise<(() => void) | undefined> {
    const name = createHash('sha256').update(key).digest('hex').slice(0, 16);
    const file = join(this.#folder, `turn-${name}.lock`);
    makeLock(file, this.#access.file);
    const lock = openSqlite(file, { fileMustExist: true });
    try {
      lock.exec('begin exclusive');
      return () => lock.close();
    } catch (error) {
      lock.close();
      if (isBusy(error)) return undefined;
      throw databaseError(error, this.#folder);
    }
  }
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
