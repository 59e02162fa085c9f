/** Gives finished files their names: all of them or none, and none that something else has. */
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LpxError } from '../errors.js';
import { writeError } from './file-error.js';

/** A file that is written under one name, in the same folder, and is going to have another. */
export interface Unpublished {
  readonly part: string;
  readonly file: string;
}

/** What file systems without hard links answer. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

/**
 * Publishes files in their order. A part that is gone was published before: an interrupted run is taken up like this.
 * @throws LPX_WRITE_FAILED with the reason EEXIST when a name is taken; then none of the files has its name
 */
export async function publishFiles(files: readonly Unpublished[], makeLink = link): Promise<void> {
  const named: Unpublished[] = [];
  try {
    for (const one of files) {
      if (!(await exists(one.part))) continue;
      await nameFile(one, makeLink);
      named.push(one);
    }
  } catch (error) {
    await Promise.all(named.map(({ file }) => rm(file, { force: true })));
    throw error;
  }
  await removeParts(files);
  await Promise.all([...new Set(files.map(({ file }) => dirname(file)))].map(syncFolder));
}

/** Removes what is left under the temporary names. A part that cannot be removed does not take back what is published. */
export const removeParts = async (files: readonly Unpublished[]): Promise<void> => {
  await Promise.all(files.map(({ part }) => rm(part, { force: true }).catch(() => {})));
};

async function nameFile({ part, file }: Unpublished, makeLink: typeof link): Promise<void> {
  try {
    await makeLink(part, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isSameFile(part, file))) return;
    if (!NO_LINKS.has(code)) throw writeError(error, file);
    await renameToNew(part, file);
  }
}

/** Without hard links: an empty file, which only one process can make, takes the name; then it alone is replaced. */
async function renameToNew(part: string, file: string): Promise<void> {
  try {
    await (await open(file, 'wx', 0o600)).close();
    await rename(part, file);
  } catch (error) {
    throw writeError(error, file);
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one, { bigint: true }), lstat(other, { bigint: true })]);
  return a.ino === b.ino && a.dev === b.dev;
}

/** @throws LPX_WRITE_FAILED, LPX_DISK_FULL when the system does not say */
const exists = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    (error) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
      throw writeError(error, file);
    },
  );

/** @throws LPX_WRITE_FAILED when something has the name already */
export async function assertFree(file: string): Promise<void> {
  if (await exists(file)) throw new LpxError('LPX_WRITE_FAILED', { file, reason: 'EEXIST' });
}

/** Makes renames in a folder last. Where the system cannot sync folders, the renames stand on their own. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
