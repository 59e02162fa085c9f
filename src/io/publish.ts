/**
 * Writes files under temporary names, and gives them their own once they are finished: all of them or none, and none that
 * something else has. Names are made by calls that do not return before the name is there: one that was still on its way
 * when a signal comes would appear after everything has been taken back.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LpxError } from '../errors.js';
import { systemCode, writeError } from './file-error.js';
import { makeFolders } from './folders.js';
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

/** A file to write that is copied from somewhere. */
export interface CopiedFile {
  readonly name: string;
  /** Writes it into a new file, synced, readable by its owner alone. */
  readonly copyTo: (path: string) => Promise<void>;
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

/** Whether a name is the temporary one that a process gave a file of a folder. */
const isPartOf = (names: ReadonlySet<string>, name: string): boolean => {
  const [part, file = ''] = /^(.+)\.[0-9a-f]{8}\.part$/s.exec(name) ?? [];
  return part !== undefined && names.has(file);
};

/** Whether a path is a temporary one that `unpublished` gives a file. */
export const isUnpublished = ({ part, file }: Unpublished): boolean => isPartOf(new Set([file]), part);

/** Removes what killed processes left of files under temporary names. No other process may be writing them. */
export async function sweepParts(files: readonly string[]): Promise<void> {
  const names = new Set(files.map((file) => basename(file)));
  for (const folder of new Set(files.map((file) => dirname(file))))
    for (const name of await readdir(folder).catch(() => [])) if (isPartOf(names, name)) await rm(join(folder, name), { force: true });
}

/**
 * Writes a small file in the place of the one that has the name, if any: whoever reads it finds the one or the other whole,
 * whenever the system stops. Readable by its owner alone; its folder is made. What a killed process left of it is removed: no
 * other may be writing it. @throws LPX_DISK_FULL, LPX_WRITE_FAILED
 */
export async function replaceFile(file: string, content: Uint8Array): Promise<void> {
  const folder = dirname(file);
  await makeFolder(folder);
  await sweepParts([file]);
  const fresh = unpublished()(file);
  await withTemporary([fresh.part], async () => {
    writePart(fresh, content);
    try {
      renameSync(fresh.part, file);
    } catch (error) {
      throw writeError(error, file);
    }
  });
  await syncFolder(dirname(file));
}

/** What becomes of files that have the names already: they stay, and that is an error; or the new ones take their place. */
export type Existing = 'keep' | 'replace';

type Within = (publish: () => Promise<void>) => Promise<void>;

interface Writing {
  /** As `linkSync` of node:fs; for tests of file systems without hard links. */
  readonly makeLink?: typeof linkSync;
  /** What the files get their names within, such as a change of a store: where it fails they lose them again. */
  readonly within?: Within;
}

/**
 * Writes files into a folder, which is made when it is missing; all or none. Their names may have folders in them, parted by `/`.
 * @returns their paths
 * @throws LPX_WRITE_FAILED when one cannot be written, is there already and has to stay, or its folder leads elsewhere; LPX_DISK_FULL; and
 *   what `copyTo` and `within` throw; then all is as it was
 */
export async function writeFiles(
  folder: string,
  files: readonly (NewFile | CopiedFile)[],
  existing: Existing = 'keep',
  { makeLink = linkSync, within = (publish) => publish() }: Writing = {},
): Promise<string[]> {
  for (const { name } of files) {
    const file = join(folder, name);
    if (existing === 'keep') await assertFree(file, name);
    else assertNameable(file);
  }
  const nameOf = unpublished();
  const parts = files.map((content) => ({ ...nameOf(join(folder, content.name)), content }));
  const folders = [...new Set(files.flatMap(({ name }) => foldersOf(name)))].map((name) => join(folder, name));
  await withFolders([folder, ...folders], () =>
    withTemporary(
      parts.map(({ part }) => part),
      async () => {
        for (const unpublished of parts) await writeContent(unpublished);
        await (existing === 'keep' ? publishUndoably(parts, makeLink, within) : replaceUndoably(parts, makeLink, within));
      },
    ),
  );
  return parts.map(({ file }) => file);
}

/** The folders in a name, the outermost first: of `a/b/c.pdf`, `a` and `a/b`. */
const foldersOf = (name: string): string[] => {
  const steps = name.split('/').slice(0, -1);
  return steps.map((_, i) => steps.slice(0, i + 1).join('/'));
};

async function writeContent({ content, ...unpublished }: Unpublished & { readonly content: NewFile | CopiedFile }): Promise<void> {
  if ('content' in content) writePart(unpublished, content.content);
  else await content.copyTo(unpublished.part);
}

/** Runs what writes into folders, the outermost first. Those that were missing are made, and are gone again when it fails or is interrupted. */
async function withFolders([root = '', ...inner]: readonly string[], work: () => Promise<void>): Promise<void> {
  const made: string[] = [];
  const removeMade = () => {
    // What somebody else has put into one meanwhile stays, and so does it.
    for (const path of made.toReversed()) if (lstatSync(path, { throwIfNoEntry: false }) && readdirSync(path).length === 0) rmdirSync(path);
  };
  const finished = whenInterrupted(removeMade);
  try {
    made.push(...(await makeFolder(root)));
    for (const path of inner) if (makeInner(path)) made.push(path);
    await work();
  } catch (error) {
    removeMade();
    throw error;
  } finally {
    finished();
  }
}

/** The error of a path at which something other than a folder is: a file, or a link that leads nowhere or must not be followed. */
export function notFolder(path: string): LpxError {
  return new LpxError('LPX_WRITE_FAILED', { file: path, reason: isLink(path) ? 'linked' : 'ENOTDIR' });
}

/** Of a place below a file, too. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Makes a folder within one that is there. A link in its place leads who knows where. @returns whether it was missing */
function makeInner(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return false;
  if (found) throw notFolder(path);
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    throw writeError(error, path);
  }
}

/**
 * Makes a folder for its user alone, and those around it that are missing. @returns those that were missing, the outermost first
 * @throws LPX_DISK_FULL, LPX_WRITE_FAILED
 */
export async function makeFolder(folder: string): Promise<string[]> {
  assertNameable(folder);
  try {
    return makeFolders(folder, 0o700);
  } catch (error) {
    // It exists and is not a folder.
    const isFile = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw isFile ? notFolder(folder) : writeError(error, folder);
  }
}

/**
 * The files under names that are free in a folder: their own, or when one of these is taken, all in the next version, `name_v2.csv`. Of files
 * in folders, the outermost folder is the name.
 */
export async function nextVersion<F extends { readonly name: string }>(folder: string, files: readonly F[]): Promise<F[]> {
  for (let version = 1; ; version++) {
    const named = files.map((file) => ({ ...file, name: versionName(file.name, version) }));
    const outermost = new Set(named.map(({ name }) => name.split('/')[0] as string));
    const taken = await Promise.all([...outermost].map((name) => exists(join(folder, name))));
    if (!taken.includes(true)) return named;
  }
}

/** `a.csv`, then `a_v2.csv`; a receipt keeps both of its extensions, and a name may have none. */
function versionName(name: string, version: number): string {
  if (version === 1) return name;
  const [outermost = '', ...inner] = name.split('/');
  if (inner.length > 0) return [`${outermost}_v${version}`, ...inner].join('/');
  return name.replace(/(?<!^)(?:(?:\.(?:receipt|cover))?\.[^.]*)?$/, (extension) => `_v${version}${extension}`);
}

/**
 * Refuses folders that have files in them besides those that are to be written, and what a killed process left of these: who looks
 * into them would take the old for the new.
 * @throws LPX_WRITE_FAILED with the reason `others`
 */
export function refuseOthers(folder: string, files: readonly { readonly name: string }[]): void {
  const names = new Set(files.map(({ name }) => join(folder, name)));
  const own = new Set(files.map(({ name }) => basename(name)));
  for (const outermost of new Set(files.flatMap(({ name }) => foldersOf(name).slice(0, 1)))) {
    const path = join(folder, outermost);
    if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
    const others = readdirSync(path, { recursive: true, withFileTypes: true }).filter(
      (entry) => !entry.isDirectory() && !names.has(join(entry.parentPath, entry.name)) && !isPartOf(own, entry.name),
    );
    if (others.length > 0) throw new LpxError('LPX_WRITE_FAILED', { file: path, reason: 'others' });
  }
}

/** Publishes files in the place of those that have their names, which come back when that fails or is interrupted. */
async function replaceUndoably(files: readonly Unpublished[], makeLink: typeof linkSync, within: Within): Promise<void> {
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
    await publishUndoably(files, makeLink, within);
  } catch (error) {
    bringBack();
    throw error;
  } finally {
    finished();
  }
  await removeParts(replaced);
}

/** Publishes files within something else, and takes their names back when that fails or is interrupted. */
async function publishUndoably(files: readonly Unpublished[], makeLink: typeof linkSync, within: Within): Promise<void> {
  const begun: Unpublished[] = [];
  const takeBack = () => {
    // A part that is gone has been renamed.
    for (const unpublished of begun) if (!existsSync(unpublished.part) || isOwn(unpublished)) rmSync(unpublished.file, { force: true });
  };
  const finished = whenInterrupted(takeBack);
  try {
    await within(() => publishFiles(files, { makeLink, onNaming: (unpublished) => begun.push(unpublished) }));
  } catch (error) {
    takeBack();
    throw error;
  } finally {
    finished();
  }
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
    await syncFoldersOf(files);
  } catch (error) {
    await Promise.all(named.map(({ file }) => rm(file, { force: true })));
    throw error;
  }
  await removeParts(files);
  // The names are there to stay: that temporary ones might come back is no failure.
  await syncFoldersOf(files).catch(() => {});
}

const syncFoldersOf = async (files: readonly Unpublished[]): Promise<void> => {
  await Promise.all([...new Set(files.map(({ file }) => dirname(file)))].map(syncFolder));
};

/**
 * Moves files within a file system, in their order, each to a name that nothing has. One that is named under both names, as a killed
 * process leaves it, is moved too. What has been moved stays moved when another file cannot be.
 * @throws LPX_WRITE_FAILED with the reason EEXIST when a name is taken, EXDEV for another file system; LPX_DISK_FULL
 */
export async function moveFiles(moves: readonly Unpublished[], makeLink = linkSync): Promise<void> {
  for (const move of moves) nameFile(move, makeLink);
  // The first file goes last: as long as it is under its old name, the moves can be completed.
  for (const { part, file } of moves.toReversed()) if (isSameFile(part, file)) await rm(part, { force: true }).catch(() => {});
  await syncFoldersOf(moves);
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

/** Whether two paths are names of one file. */
export function isSameFile(first: string, second: string): boolean {
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

/** What a system answers that cannot sync folders, or does not let this user open one to do so. */
const NO_FOLDER_SYNC: ReadonlySet<string | undefined> = new Set('EPERM EACCES EINVAL EISDIR ENOTSUP EOPNOTSUPP ENOSYS EBADF'.split(' '));

/**
 * Makes renames in a folder last. Where the system cannot sync folders, the renames stand on their own.
 * @throws LPX_WRITE_FAILED, LPX_DISK_FULL when the disk fails
 */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(systemCode(error))) throw writeError(error, folder);
  }
}
