/** The files of packages that a dead process was making: told from those of other programs, published or taken back. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, lstatSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LpxError } from '../../errors.js';
import { isOwn, isUnpublished, publishFiles, type Unpublished } from '../../io/publish.js';
import type { ExportEntry } from '../store.js';

/** Of a written package: the name of its ZIP, its size in bytes, and its MD5. */
type WrittenZip = Pick<ExportEntry, 'file' | 'bytes' | 'md5'>;

/** The names that `packageBaseName` gives. */
const ZIP_NAME = /^[0-9A-Za-z]{6}_\d{4}(?:_\d\d){5}\.zip$/;

/**
 * Whether a file's two paths are such as a claim has. The ZIP and its signature are known by their content, and removed under their
 * own names too; the file of a password has any name, in any folder, and only its part is removed.
 */
export function isOfPackage({ file: zip, folder }: Pick<ExportEntry, 'file' | 'folder'>, unpublished: Unpublished): boolean {
  if (!isUnpublished(unpublished) || !ZIP_NAME.test(zip)) return false;
  const name = basename(unpublished.file);
  return (name !== zip && name !== `${zip}.md5`) || unpublished.file === join(folder, name);
}

/** The signature is a line. */
const SIGNATURE_BYTES = 1024;

/** A package that a process left which is gone. */
export interface DeadPackage {
  readonly zip: WrittenZip & Pick<ExportEntry, 'folder'>;
  readonly files: readonly Unpublished[];
}

/**
 * Gives the files of written packages their names.
 * @returns `impossible` when something else has one of them, or one is gone: removed, renamed, or on a disk that is away;
 *   `later` when the system refuses for now, such as on a disk that is full or can only be read
 */
export async function finish(packages: readonly DeadPackage[]): Promise<'published' | 'later' | 'impossible'> {
  if (!packages.every(({ zip, files }) => files.every((file) => isThere(file, zip)))) return 'impossible';
  return publishFiles(packages.flatMap(({ files }) => files)).then(
    () => 'published',
    (error) => (error instanceof LpxError && FOR_GOOD.has(String(error.facts.reason)) ? 'impossible' : 'later'),
  );
}

/** Error codes for which waiting does not help: the name is taken, or the file is gone. */
const FOR_GOOD: ReadonlySet<string> = new Set(['EEXIST', 'ENOENT']);

/** Whether a file of a written package is there, under one of its names. The ZIP is known by its size: it may be large. */
function isThere(unpublished: Unpublished, zip: WrittenZip): boolean {
  const path = existsSync(unpublished.part) ? unpublished.part : unpublished.file;
  const found = lstatSync(path, { throwIfNoEntry: false });
  // Without its part, what only keeps the name is not the file.
  if (!found?.isFile() || (path === unpublished.file && isOwn(unpublished))) return false;
  if (basename(unpublished.file) === zip.file) return found.size === zip.bytes;
  return basename(unpublished.file) === `${zip.file}.md5` ? isSignature(path, zip) : found.size > 0;
}

/** Takes back the names that a killed process gave to files of a package; whatever else has such a name stays. */
export async function withdraw({ files, zip }: DeadPackage): Promise<void> {
  for (const unpublished of files)
    if (isOwn(unpublished) || (!existsSync(unpublished.part) && (await isPartOf(zip, unpublished.file))))
      await rm(unpublished.file, { force: true }).catch(() => {});
}

/** Whether a file is the ZIP of a package or its signature, by its content. */
async function isPartOf(zip: WrittenZip, file: string): Promise<boolean> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) return false;
  if (basename(file) !== zip.file) return basename(file) === `${zip.file}.md5` && isSignature(file, zip);
  if (found.size !== zip.bytes) return false;
  const hash = createHash('md5');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex') === zip.md5;
}

const isSignature = (file: string, { md5 }: WrittenZip): boolean =>
  lstatSync(file).size <= SIGNATURE_BYTES && readFileSync(file, 'latin1').includes(md5);
