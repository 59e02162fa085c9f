/**
 * Writes files under temporary names, and gives them their own once they are finished: all of them or none, and none that
 * something else has. Names are made by calls that do not return before the name is there: one that was still on its way
 * when a signal comes would appear after everything has been taken back.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, lstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, mkdir, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LpxError } from '../errors.js';
import { writeError } from './file-error.js';
import { whenInterrupted } from './interruption.js';
import { withTemporary } from './temporary.js';
import { assertNameable } from './windows-names.js';

/** A file that is written under one name, in the same folder, and is going to have another. */
export interface Unpublished {
  readonly part: string;
  readonly file: string;
}

/** A file to write: its name, and its content. */
export interface NewFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** The temporary names of some files: those of this run and nobody else's, so that they can be swept. */
export function unpublished(): (file: string) => Unpublished {
  const token = randomBytes(4).toString('hex');
  return (file) => ({ part: `${file}.${token}.part`, file });
}

/** Writes a small file under its temporary name, synced, readable by its owner alone. @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
export function writePart({ part, file }: Unpublished, content: string | Uint8Array): void {
  writeNew(part, content, file);
}

/** What becomes of files that have the names already: they stay, and that is an error; or the new ones take their place. */
export type Existing = 'keep' | 'replace';

/**
 * Writes files into a folder, which is made when it is missing; all or none.
 * @returns their paths
 * @throws LPX_WRITE_FAILED when one cannot be written, or is there already and has to stay; LPX_DISK_FULL; then all is as it was
 */
export async function writeFiles(
  folder: string,
  files: readonly NewFile[],
  existing: Existing = 'keep',
  makeLink = linkSync,
): Promise<string[]> {
  for (const { name } of files) {
    const file = join(folder, name);
    if (existing === 'keep') await assertFree(file, name);
    else assertNameable(file);
  }
  await makeFolder(folder);
  const nameOf = unpublished();
  const parts = files.map(({ name, content }) => ({ ...nameOf(join(folder, name)), content }));
  await withTemporary(
    parts.map(({ part }) => part),
    async () => {
      for (const part of parts) writePart(part, part.content);
      await (existing === 'keep' ? publishUndoably(parts, makeLink) : replaceUndoably(parts, makeLink));
    },
  );
  return parts.map(({ file }) => file);
}

/** Makes a folder for its user alone, and those around it that are missing. @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
export async function makeFolder(folder: string): Promise<void> {
  assertNameable(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => {
    // It exists and is not a folder.
    throw error.code === 'EEXIST' ? new LpxError('LPX_WRITE_FAILED', { file: folder, reason: 'ENOTDIR' }) : writeError(error, folder);
  });
}

/** The files under names that are free in a folder: their own, or when one of these is taken, all in the next version, `name_v2.csv`. */
export async function nextVersion(folder: string, files: readonly NewFile[]): Promise<NewFile[]> {
  for (let version = 1; ; version++) {
    const named = files.map(({ name, content }) => ({ name: versionName(name, version), content }));
    const taken = await Promise.all(named.map(({ name }) => exists(join(folder, name))));
    if (!taken.includes(true)) return named;
  }
}

/** `a.csv`, then `a_v2.csv`; a receipt keeps both of its extensions. */
const versionName = (name: string, version: number): string =>
  version === 1 ? name : name.replace(/(?:\.receipt)?\.[^.]*$/, (extension) => `_v${version}${extension}`);

/** Publishes files in the place of those that have their names, which come back when that fails or is interrupted. */
async function replaceUndoably(files: readonly Unpublished[], makeLink: typeof linkSync): Promise<void> {
  const replaced: Unpublished[] = [];
  const bringBack = () => {
    for (const { part, file } of replaced) renameSync(part, file);
  };
  const finished = whenInterrupted(bringBack);
  try {
    for (const { part, file } of files) {
      if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) continue;
      const old = `${part}.old`;
      renameSync(file, old);
      replaced.push({ part: old, file });
    }
    await publishUndoably(files, makeLink);
  } catch (error) {
    bringBack();
    throw error;
  } finally {
    finished();
  }
  await removeParts(replaced);
}

/** Publishes files, and takes their names back when that is interrupted. */
async function publishUndoably(files: readonly Unpublished[], makeLink: typeof linkSync): Promise<void> {
  const begun: Unpublished[] = [];
  const finished = whenInterrupted(() => {
    // A part that is gone has been renamed.
    for (const unpublished of begun) if (!existsSync(unpublished.part) || isOwn(unpublished)) rmSync(unpublished.file, { force: true });
  });
  await publishFiles(files, { makeLink, onNaming: (unpublished) => begun.push(unpublished) }).finally(finished);
}

/** What file systems without hard links answer. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

interface Publishing {
  /** As `linkSync` of node:fs; for tests of file systems without hard links. */
  readonly makeLink?: typeof linkSync;
  /** Called with each file that is about to get its name. */
  readonly onNaming?: (file: Unpublished) => void;
}

/**
 * Publishes files in their order. A part that is gone was published before when its file is there: an interrupted run is taken
 * up like this.
 * @throws LPX_WRITE_FAILED with the reason EEXIST when a name is taken, ENOENT when a file is neither there nor a part; then
 * nothing that this call named has its name
 */
export async function publishFiles(files: readonly Unpublished[], { makeLink = linkSync, onNaming }: Publishing = {}): Promise<void> {
  const named: Unpublished[] = [];
  try {
    for (const unpublished of files) {
      if (!(await exists(unpublished.part))) {
        if (await exists(unpublished.file)) continue;
        throw new LpxError('LPX_WRITE_FAILED', { file: unpublished.file, reason: 'ENOENT' });
      }
      onNaming?.(unpublished);
      nameFile(unpublished, makeLink);
      named.push(unpublished);
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

function nameFile(unpublished: Unpublished, makeLink: typeof linkSync): void {
  const { part, file } = unpublished;
  try {
    makeLink(part, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isSameFile(part, file)) return;
    const hasName = isPlaceholder(unpublished);
    if (!hasName && !NO_LINKS.has(code)) throw writeError(error, file);
    if (!hasName) placeholder(unpublished);
    try {
      renameSync(part, file);
    } catch (error) {
      throw writeError(error, file);
    }
  }
}

/**
 * Without hard links: a small file, which only one process can make, takes the name; then it alone is replaced. It says whose
 * it is, so that what a killed process leaves is not taken for another program's file, nor the other way round.
 */
const placeholder = ({ part, file }: Unpublished): void => writeNew(file, basename(part), file);

/** Writes and syncs a file that is not there yet, readable by its owner alone; none is left when it cannot be written whole. */
function writeNew(path: string, content: string | Uint8Array, name: string): void {
  try {
    const fd = openSync(path, 'wx', 0o600);
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw writeError(error, name);
  }
}

function isPlaceholder({ part, file }: Unpublished): boolean {
  const content = basename(part);
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === Buffer.byteLength(content) && readFileSync(file, 'utf8') === content;
}

/** Whether a file is its part by another name, or only keeps the name for it. */
export const isOwn = (unpublished: Unpublished): boolean => isSameFile(unpublished.part, unpublished.file) || isPlaceholder(unpublished);

function isSameFile(first: string, second: string): boolean {
  const [a, b] = [first, second].map((path) => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
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

/** @throws LPX_WRITE_FAILED, naming the file as given, when something has the name already, or the system takes no such name */
export async function assertFree(file: string, name = file): Promise<void> {
  assertNameable(file);
  if (await exists(file)) throw new LpxError('LPX_WRITE_FAILED', { file: name, reason: 'EEXIST' });
}

/** Makes renames in a folder last. Where the system cannot sync folders, the renames stand on their own. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
