/**
 * A folder for what a process has under way. A lock in it distinguishes a living process's folder from a dead one's leftover:
 * an SQLite file held exclusively, which the system releases however the process ends, and which processes of other
 * process id namespaces see too. On a folder that computers share, where such locks do not hold, a database says who lives.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fchmodSync, lstatSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LpxError } from '../../errors.js';
import { removeWhenInterrupted } from '../../io/temporary.js';
import { type Access, accessFor, setMode } from '../access.js';
import { openSqlite, type SqliteFile } from '../sqlite/driver.js';
import type { Presence } from './presence.js';

const LOCK_NAME = 'in-use';
/** No sweep takes so many new folders in a row. */
const LOCK_TRIES = 10;

/** Where packages are taken out of the ZIP around them. */
export const UNWRAPPED = { parent: tmpdir, prefix: 'lpx-unwrapped-' } as const;

/** Names of folders in which a backup is restored: for a trial, and next to where the store is going to be. */
export const REHEARSED_PREFIX = 'lpx-rehearsal-';
export const RESTORED_PREFIX = '.lpx-restore-';

/** What shows others that the process of a folder lives, until it is ended. */
type Sign = () => void;

export class WorkFolder {
  readonly path: string;
  readonly #endSign: Sign;
  readonly #finished: () => void;
  readonly #whenEnded: (() => Promise<void>)[] = [];

  private constructor(path: string, endSign: Sign) {
    this.path = path;
    this.#endSign = endSign;
    this.#finished = removeWhenInterrupted(path);
  }

  /**
   * Makes a new folder `<parent>/<prefix><random>` and holds its lock.
   * @throws errors of the file system, LPX_WRITE_FAILED where it has no locks
   */
  static async create(parent: string, prefix: string, access: Access = accessFor('')): Promise<WorkFolder> {
    for (let tries = 0; tries < LOCK_TRIES; tries++) {
      const path = mkdtempSync(join(parent, prefix));
      const lock = makeLock(path, access) ? lockFolder(path) : undefined;
      if (lock) return new WorkFolder(path, () => lock.close());
      // A process that sweeps took the folder for a leftover before it was locked; or nothing can be locked here.
      await rm(path, { recursive: true, force: true });
    }
    throw new LpxError('LPX_WRITE_FAILED', { file: parent, reason: 'ENOLCK' });
  }

  /** Makes a new folder of whose process a database says that it lives. @throws errors of the file system, LPX_DATABASE_LOST */
  static async announced(parent: string, prefix: string, { access, presence }: Announcing): Promise<WorkFolder> {
    const work = new WorkFolder(join(parent, `${prefix}${randomBytes(8).toString('hex')}`), () => {});
    try {
      // First of all: whoever finds the folder finds it announced.
      await presence.announce(work);
      mkdirSync(work.path, { mode: access.folder });
      setMode(work.path, access.folder);
      return work;
    } catch (error) {
      await work.remove();
      throw error;
    }
  }

  /** Has something done once this process has no more to do with the folder. */
  whenEnded(work: () => Promise<void>): void {
    this.#whenEnded.push(work);
  }

  /** Removes the folder with all that is in it. */
  async remove(): Promise<void> {
    await removeSigned(this.path, this.#endSign);
    this.#finished();
    for (const work of this.#whenEnded) await work();
  }

  /** Leaves the folder to the next sweep where this run is interrupted. */
  outliveInterruption(): void {
    this.#finished();
  }

  /** Leaves the folder for the next sweep. */
  async leave(): Promise<void> {
    this.#finished();
    this.#endSign();
    for (const work of this.#whenEnded) await work();
  }
}

/** Whether a living process holds the folder. */
export function isInUse(path: string): boolean {
  if (!hasLock(path)) return false;
  const lock = lockFolder(path);
  lock?.close();
  return lock === undefined;
}

/**
 * Removes the folders `<parent>/<prefix>…` with a lock that no living process holds, and empty ones, whose process died before
 * it made the lock; in a folder for everyone's temporary files, only those of this user. Others with such a name are not lpx's.
 * @param putBack called with each of them first, while its lock is held; when it throws, the folder stays
 */
export async function sweepWorkFolders(parent: string, prefix: string, putBack: (path: string) => Promise<void> = async () => {}) {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    const path = join(parent, name);
    if (!isFolder(path, parent === tmpdir())) continue;
    if (!hasLock(path)) {
      await rmdir(path).catch(() => {});
      continue;
    }
    const lock = lockFolder(path);
    if (!lock) continue;
    try {
      await putBack(path);
    } catch (error) {
      lock.close();
      throw error;
    }
    await removeSigned(path, () => lock.close());
  }
}

/** How a work folder is made known by a database. */
export interface Announcing {
  readonly access: Access;
  readonly presence: Presence;
}

/** Removes the folders `<parent>/<prefix>…` that were announced by processes which are gone. @param putBack as of `sweepWorkFolders` */
export async function sweepAnnounced(
  parent: string,
  prefix: string,
  { presence, putBack }: { readonly presence: Presence; readonly putBack: (path: string) => Promise<void> },
): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    const path = join(parent, name);
    if (!isFolder(path, parent === tmpdir()) || (await presence.isAlive(name))) continue;
    await putBack(path);
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * Removes while others see that the process lives, so that nobody takes the folder meanwhile; where open files, the lock among them,
 * cannot be removed, after it. What cannot be removed at all, a later sweep removes: the work it was for is done.
 */
async function removeSigned(path: string, endSign: Sign): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
  endSign();
  await rm(path, { recursive: true, force: true }).catch(() => {});
}

function isFolder(path: string, ofThisUser: boolean): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && (!ofThisUser || found.uid === (process.getuid?.() ?? found.uid));
}

/** Whether the folder has the file of a lock as lpx makes it: a plain file, which stays empty. */
function hasLock(path: string): boolean {
  const found = lstatSync(join(path, LOCK_NAME), { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === 0;
}

/** Makes the file of a lock, with the error of the file system where that fails. @returns whether the folder is still ours */
function makeLock(path: string, access: Access): boolean {
  try {
    setMode(path, access.folder);
    const fd = openSync(join(path, LOCK_NAME), 'wx', access.file);
    fchmodSync(fd, access.file);
    closeSync(fd);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes the lock of a folder; undefined when it is held, or the folder is gone. The file is never opened but by SQLite:
 * closing it elsewhere in this process would release the lock.
 */
function lockFolder(path: string): SqliteFile | undefined {
  const file = join(path, LOCK_NAME);
  let lock: SqliteFile | undefined;
  try {
    lock = openSqlite(file, { fileMustExist: true });
    lock.exec('pragma journal_mode = MEMORY; begin exclusive');
    if (existsSync(file)) return lock;
  } catch (error) {
    if (error instanceof LpxError) throw error;
    // Held, or not to be had: in both cases not to be swept.
  }
  lock?.close();
  return undefined;
}
