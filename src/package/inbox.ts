/**
 * An inbox: a folder in which packages arrive, or one folder in it for each sending school. What is done with goes to `imported/` or
 * `refused/` of the inbox, in a folder of the same name as there. Links are not followed.
 */
import { type Dirent, lstatSync, type Stats } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { isOwn, isSameFile, makeFolder, moveFiles, type NewFile, notFolder, type Unpublished, writeFiles } from '../io/publish.js';
import { requirePlain } from '../io/read.js';
import { readArchive } from '../zip/reader.js';
import { digestFile } from '../zip/threads/digest.js';
import { parsePackageName } from './layout.js';
import { readSignature, signaturesAmong } from './signature.js';

/** Where packages go. */
export const BOXES = ['imported', 'refused'] as const;
export type Box = (typeof BOXES)[number];

/** A package that lies in an inbox. */
export interface InboxPackage {
  /** Its path below the inbox, with `/`. */
  readonly name: string;
  readonly path: string;
  /** The files that are its signature, by path; several where copies lie there, none where it has not arrived. */
  readonly signatures: readonly string[];
}

/**
 * One package of an inbox, whose other packages are not looked at.
 * @param name its path below the inbox, with `/`
 * @param isMoving whether packages are moved out of the inbox: then a move of it that was cut short is completed first
 * @returns undefined when it is not there, or not any more
 * @throws as `listInbox`, `moveTo`
 */
export async function findInInbox(inbox: string, name: string, isMoving: boolean): Promise<InboxPackage | undefined> {
  const [sender] = senderOf(name);
  const folder = join(inbox, sender ?? '');
  const { packages, strays } = contentOf(folder, sender === undefined ? '' : `${sender}/`, await entriesOf(folder));
  const own = {
    packages: packages.filter((found) => found.name === name),
    strays: strays.filter((stray) => belongs(stray, basename(name))),
  };
  const [found] = isMoving ? await completeMoves(inbox, own) : own.packages;
  return found;
}

/** Archives that lpx does not read are packages, too: they are refused by what they are. */
const PACKAGE_NAME = /\.(?:zip|7z|rar)$/i;
/** Signatures under the names that lpx knows them by, but for mere texts. */
const STRAY_NAME = /\.md5(?:\.txt)?$/i;
/** What systems and programs hide. */
const HIDDEN_NAME = /^(?:\.|~\$|__MACOSX$)/i;

/** What lies in an inbox. */
export interface InboxContent {
  /** The oldest first, as their names say. */
  readonly packages: readonly InboxPackage[];
  /** Signatures whose package is not there, by path below the inbox. */
  readonly strays: readonly string[];
}

/**
 * Lists an inbox and the folders in it. What lies further down is not looked at.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE
 */
export async function listInbox(inbox: string): Promise<InboxContent> {
  const entries = await entriesOf(inbox);
  const senders = entries.filter((entry) => entry.isDirectory() && !HIDDEN_NAME.test(entry.name) && !isBox(entry.name));
  const contents = [contentOf(inbox, '', entries)];
  for (const { name } of senders) {
    const path = join(inbox, name);
    const within = await entriesOf(path).catch((error) => {
      // Gone since it was listed.
      if (error instanceof LpxError && error.code === 'LPX_FILE_NOT_FOUND') return [];
      throw error;
    });
    contents.push(contentOf(path, `${name}/`, within));
  }
  const age = ({ name }: InboxPackage) => `${parsePackageName(basename(name)).createdAt} ${basename(name)} ${name}`;
  return {
    packages: contents.flatMap(({ packages }) => packages).sort((a, b) => (age(a) < age(b) ? -1 : 1)),
    strays: contents.flatMap(({ strays }) => strays),
  };
}

const isBox = (name: string): boolean => (BOXES as readonly string[]).includes(name.toLowerCase());

const entriesOf = (folder: string): Promise<Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch((error) => {
    throw fileError(error, folder, 'reading');
  });

function contentOf(folder: string, prefix: string, entries: readonly Dirent[]): InboxContent {
  const names = entries.filter((entry) => !entry.isDirectory() && !HIDDEN_NAME.test(entry.name)).map(({ name }) => name);
  const zipNames = names.filter((name) => PACKAGE_NAME.test(name));
  const signatures = signaturesAmong(zipNames, names);
  const assigned = new Set([...signatures.values()].flat());
  return {
    packages: zipNames.map((name) => ({
      name: prefix + name,
      path: join(folder, name),
      signatures: (signatures.get(name) ?? []).map((signature) => join(folder, signature)),
    })),
    strays: names.filter((name) => STRAY_NAME.test(name) && !assigned.has(name)).map((name) => prefix + name),
  };
}

/** The size and age of a package that is there; undefined when it is gone by now. @throws LPX_FILE_UNREADABLE for anything but a plain file */
export async function statPackage({ path }: InboxPackage): Promise<Stats | undefined> {
  const found = await lstat(path).catch((error) => {
    const known = fileError(error, path, 'reading');
    if (known instanceof LpxError && known.code === 'LPX_FILE_NOT_FOUND') return undefined;
    throw known;
  });
  if (found) requirePlain(found, path);
  return found;
}

/** The record at the end of a ZIP, in the usual case that no comment follows: its mark, and its size in bytes. */
const END_MARK = Buffer.from('PK\x05\x06', 'latin1');
const END_BYTES = 22;

/** The error of a file that is a ZIP so far and has no end yet, or has nothing in it yet; undefined for any other. */
export async function cutShort({ path }: InboxPackage): Promise<LpxError | undefined> {
  if (await hasPlainEnd(path)) return undefined;
  return readArchive(path).then(
    () => undefined,
    (error) => (error instanceof LpxError && (error.code === 'LPX_ZIP_CUT' || error.code === 'LPX_FILE_EMPTY') ? error : undefined),
  );
}

async function hasPlainEnd(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return false;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(END_BYTES), 0, END_BYTES, Math.max(0, size - END_BYTES));
    return bytesRead === END_BYTES && buffer.subarray(0, END_MARK.length).equals(END_MARK);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/** The path of an inbox without links. @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE */
export async function openInbox(folder: string): Promise<string> {
  const inbox = await realpath(folder).catch((error) => {
    throw fileError(error, folder, 'reading');
  });
  await entriesOf(inbox);
  return inbox;
}

/** The same of an inbox out of which packages move: its boxes, where they are there, are folders of its own. @throws also LPX_WRITE_FAILED */
export async function openMovingInbox(folder: string): Promise<string> {
  const inbox = await openInbox(folder);
  for (const box of BOXES) requireOwnFolder(join(inbox, box));
  return inbox;
}

/** A link would lead packages out of the inbox. */
function requireOwnFolder(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw notFolder(folder);
}

export interface Moving {
  readonly box: Box;
  /** Files that say why it is there; `.report.json` and the like, to go behind the package's name. */
  readonly reports?: readonly NewFile[] | undefined;
}

/**
 * Moves a package with its signatures into a box of the inbox. Where the name is taken there, it is the next copy, `name (2).zip`.
 * Cut short at any moment, it is completed when it is called again.
 * @returns its path below the inbox, with `/`
 * @throws LPX_WRITE_FAILED, with the reason EXDEV when the box is on another file system; LPX_DISK_FULL
 */
export async function moveTo(inbox: string, found: InboxPackage, { box, reports = [] }: Moving): Promise<string> {
  const folder = boxFor(inbox, found.name, box);
  requireOwnFolder(join(inbox, box));
  requireOwnFolder(folder);
  await makeFolder(folder);
  for (let copy = 1; ; copy++) {
    const moves = movesOf(found, folder, copy);
    if (moves.some((move) => isThere(move.file) && !isOwn(move))) continue;
    const name = copyName(basename(found.path), basename(found.path), copy);
    if (reports.length > 0) {
      const files = reports.map(({ name: ending, content }) => ({ name: `${name.replace(/\.zip$/i, '')}${ending}`, content }));
      await writeFiles(folder, files, 'replace');
    }
    await moveFiles(moves);
    return [box, ...senderOf(found.name), name].join('/');
  }
}

/** The folder in the inbox that a package is in; none for the inbox itself. */
const senderOf = (name: string): string[] => (name.includes('/') ? [dirname(name)] : []);
const boxFor = (inbox: string, name: string, box: Box): string => join(inbox, box, ...senderOf(name));

const isThere = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

/** A package and its signatures under the names of a copy; the package first: as long as it is there, all of it is worked on again. */
const movesOf = ({ path, signatures }: InboxPackage, folder: string, copy: number): Unpublished[] =>
  [path, ...signatures].map((file) => ({ part: file, file: join(folder, copyName(basename(file), basename(path), copy)) }));

/** The name of a package, or of a file that goes with it, as another copy: `a (2).zip`, `a (2).zip.md5`. */
function copyName(name: string, zipName: string, copy: number): string {
  if (copy === 1) return name;
  const stem = zipName.replace(PACKAGE_NAME, '');
  const at = name.toLowerCase().startsWith(stem.toLowerCase()) ? stem.length : name.lastIndexOf('.');
  return at < 0 ? `${name} (${copy})` : `${name.slice(0, at)} (${copy})${name.slice(at)}`;
}

/**
 * Completes moves that were cut short: a package that is in a box by the same name, the same file, leaves the inbox, and a signature whose
 * package has left follows it. @returns the packages that are still to be worked on
 */
export async function completeMoves(inbox: string, { packages, strays }: InboxContent): Promise<InboxPackage[]> {
  const moved = new Set<InboxPackage>();
  for (const found of packages) {
    const moves = halfMoved(inbox, found);
    if (!moves) continue;
    await moveFiles(moves);
    moved.add(found);
  }
  for (const stray of strays) await followPackage(inbox, stray);
  return packages.filter((found) => !moved.has(found));
}

/** The moves of a package that has its name in a box already, next to the one in the inbox. */
function halfMoved(inbox: string, found: InboxPackage): Unpublished[] | undefined {
  for (const box of BOXES) {
    for (let copy = 1; ; copy++) {
      const moves = movesOf(found, boxFor(inbox, found.name, box), copy);
      const [ofPackage] = moves as [Unpublished];
      if (!isThere(ofPackage.file)) break;
      if (isSameFile(ofPackage.part, ofPackage.file)) return moves;
    }
  }
  return undefined;
}

/** Moves a signature to the package that it is the signature of, in a box, when that has none there. */
async function followPackage(inbox: string, stray: string): Promise<void> {
  const path = join(inbox, stray);
  for (const box of BOXES) {
    const folder = boxFor(inbox, stray, box);
    const entries = await entriesOf(folder).catch(() => []);
    const { packages } = contentOf(folder, '', entries);
    const bare = packages.filter(({ name, signatures }) => signatures.length === 0 && belongs(stray, name));
    for (const { name, path: zipFile } of bare) {
      const signature = await readSignature(zipFile, path).catch(() => undefined);
      if (signature?.md5 !== (await digestFile(zipFile)).md5) continue;
      await moveFiles([{ part: path, file: join(folder, `${name}.md5`) }]);
      return;
    }
  }
}

/** Whether the names of a signature and of a package fit. */
const belongs = (stray: string, zipName: string): boolean => (signaturesAmong([zipName], [basename(stray)]).get(zipName) ?? []).length > 0;
