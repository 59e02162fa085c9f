/** What restores and moves have in common: a folder that gets its name once its store is whole, and files that go into a new vault. */
import { renameSync, rmdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HashList } from '../backup/hash-list.js';
import { LpxError } from '../errors.js';
import { fileError, writeError } from '../io/file-error.js';
import { makeFolders, upward } from '../io/folders.js';
import { syncFolder } from '../io/publish.js';
import { nearestThere } from '../io/read.js';
import { RESTORED_PREFIX, WorkFolder } from '../store/processes/work-folder.js';
import { keepSent, removeSent, sweepRestored } from '../store/sqlite/open.js';
import type { AttachmentVault, StagedFile } from '../store/vault/attachments.js';

export type OnProgress = (progress: { readonly done: number; readonly total: number }) => void;

/** @throws LPX_RESTORE_TARGET; LPX_FILE_UNREADABLE where the system does not let it be seen */
export async function requireEmpty(target: string): Promise<void> {
  const names = await readdir(target).catch((error) => {
    if (error.code === 'ENOENT') return [];
    if (error.code !== 'ENOTDIR') throw fileError(error, target);
    throw new LpxError('LPX_RESTORE_TARGET', { folder: target }, { cause: error });
  });
  if (names.length > 0) throw new LpxError('LPX_RESTORE_TARGET', { folder: target });
}

/**
 * Makes a store next to where it is going to be, and gives it its name at once.
 * @param make makes it in a folder that is not there yet, and leaves it closed
 * @param isSent whether it sends files to a bucket: then what is left of an interrupted one says where they are, for the next
 * @throws LPX_WRITE_FAILED, LPX_DISK_FULL, and what `make` throws; then nothing has the name
 */
export async function intoFolder<T>(target: string, make: (folder: string) => Promise<T>, isSent = false): Promise<T> {
  const around = nearestThere(dirname(target));
  for (const path of upward(around)) await sweepRestored(path).catch(() => {});
  const work = await WorkFolder.create(around, RESTORED_PREFIX).catch((error) => {
    throw writeError(error, target);
  });
  if (isSent) work.outliveInterruption();
  const made = join(work.path, 'store');
  try {
    const result = await make(made);
    putInPlace(made, target);
    await syncFolder(dirname(target)).catch((error) => {
      renameSync(target, made);
      throw error;
    });
    // A mark that stays does no harm: it is only looked for where a restore was cut short.
    if (isSent) await keepSent(target).catch(() => {});
    return result;
  } finally {
    await removeSent(made).then(
      () => work.remove(),
      () => work.leave(),
    );
  }
}

/** Removes a store, all of it at once: nobody comes upon a part of it. @throws LPX_WRITE_FAILED */
export async function removeStore(folder: string): Promise<void> {
  const work = await WorkFolder.create(dirname(folder), RESTORED_PREFIX).catch((error) => {
    throw writeError(error, folder);
  });
  try {
    renameSync(folder, join(work.path, 'store'));
  } catch (error) {
    throw writeError(error, folder);
  } finally {
    await work.remove();
  }
}

/** Gives a finished store its name: a folder that is there is empty. */
function putInPlace(made: string, target: string): void {
  try {
    makeFolders(dirname(target), 0o700);
    try {
      rmdirSync(target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    renameSync(made, target);
  } catch (error) {
    throw writeError(error, target);
  }
}

/** Files that are put into the vault in one step. */
const STEP = 200;

/** The files that the rows of a store name. */
export class Files {
  readonly hashes = new HashList();
  readonly sizes: number[] = [];

  add(sha256: string, bytes: number): void {
    this.hashes.push(sha256);
    this.sizes.push(bytes);
  }

  get bytes(): number {
    return this.sizes.reduce((sum, bytes) => sum + bytes, 0);
  }
}

export interface FileTarget {
  readonly vault: AttachmentVault;
  /** Copies a content into a new file, proven. @returns whether there was one */
  readonly copy: (sha256: string, bytes: number, to: string) => Promise<boolean>;
  /** Runs what puts some of them in their places. */
  readonly within: (work: () => Promise<void>) => Promise<void>;
  readonly onProgress?: OnProgress | undefined;
}

/** Puts files into the vault of a new store, some at a time. */
export async function writeFiles({ hashes, sizes }: Files, { vault, copy, within, onProgress }: FileTarget): Promise<void> {
  for (let from = 0; from < hashes.length; from += STEP) {
    onProgress?.({ done: from, total: hashes.length });
    const staging = await vault.stage();
    try {
      const staged: (StagedFile & { readonly stagedAt: string })[] = [];
      for (let i = from; i < Math.min(from + STEP, hashes.length); i++) {
        const file = { sha256: hashes.at(i), bytes: sizes[i] as number, stagedAt: staging.nextPath() };
        if (!(await copy(file.sha256, file.bytes, file.stagedAt))) continue;
        staging.secure(file.stagedAt);
        staged.push(file);
      }
      await staging.secured(staged);
      await within(() => staging.keepAll(staged));
      staging.committed();
    } finally {
      await staging.discard();
    }
  }
}
