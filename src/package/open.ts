/**
 * Finds the package in the file given: the file itself, or a ZIP in it, since mail programs and careful people zip a
 * package once more (docs/spec.md#t18).
 */
import { open, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { entryBuffer, entryBytes } from '../zip/entry.js';
import { readArchive, type ZipArchive, type ZipEntry } from '../zip/reader.js';
import { digestFile } from '../zip/threads/digest.js';
import { writeFully } from '../zip/threads/jobs.js';
import { md5In, SIGNATURE_BYTES, signaturePathOf } from './signature.js';

/** A folder of its own that nobody else reads, removed after use. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A package, where it can be read. */
export interface OpenedPackage {
  /** The package itself. */
  readonly zipFile: string;
  /** The ZIP around it, when there is one: the file given. */
  readonly wrapping?: string;
  /** The signature that lay next to it in the wrapping. */
  readonly signatureFile?: string;
  /** Its directory, which is read once. @throws as `readArchive` */
  archive(): Promise<ZipArchive>;
  /** Deletes the unpacked files. */
  close(): Promise<void>;
}

/**
 * A wrapping is a ZIP of one ZIP, alone or with its signature, none of it encrypted, by its directory alone, before
 * anything is verified; what systems and people add to it is ignored. The package in it is unpacked to a temporary folder.
 * @throws as `entryBytes`; LPX_DISK_FULL; LPX_PACKAGES_TOGETHER for several packages
 */
export async function openPackage(file: string, makeFolder: () => Promise<TemporaryFolder>): Promise<OpenedPackage> {
  const reading = readArchive(file);
  const entries = await reading.then(
    (archive) => archive.entries,
    () => [],
  );
  const wrapped = wrappedIn(entries);
  return wrapped ? unwrap(file, wrapped, await makeFolder()) : { zipFile: file, archive: () => reading, close: async () => {} };
}

interface Wrapped {
  readonly inner: ZipEntry;
  /** Texts that may hold the signature. */
  readonly texts: readonly ZipEntry[];
}

/** What systems leave in a ZIP, and what people put in with a package. */
const LEFT_BY_SYSTEMS = /(?:^|\/)(?:__MACOSX\/.*|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)$/i;
const PUT_IN_BY_PEOPLE = /\.(?:md5|txt|md|html?|pdf|docx?)$|\.receipt\.json$/i;

function wrappedIn(entries: readonly ZipEntry[]): Wrapped | undefined {
  const files = entries.filter(({ name }) => !LEFT_BY_SYSTEMS.test(name) && !name.endsWith('/'));
  const packages = files.filter(({ name }) => /\.zip$/i.test(name));
  const [inner] = packages;
  const accounted = files.every((entry) => entry.encryption === 'none' && (packages.includes(entry) || PUT_IN_BY_PEOPLE.test(entry.name)));
  if (!inner || !accounted) return undefined;
  if (packages.length > 1) throw new LpxError('LPX_PACKAGES_TOGETHER', { names: packages.map(({ name }) => basename(name)).join(', ') });
  const texts = files.filter(({ name, size }) => /\.(?:md5|txt)$/i.test(name) && size <= SIGNATURE_BYTES);
  return { inner, texts: texts.slice(0, TEXTS) };
}

/** No more texts than this are looked at for a signature. */
const TEXTS = 16;

async function unwrap(wrapping: string, { inner, texts }: Wrapped, folder: TemporaryFolder): Promise<OpenedPackage> {
  const close = () => folder.remove();
  try {
    const zipFile = join(folder.path, basename(inner.name));
    const archive = () => readArchive(zipFile);
    await extract(wrapping, inner, zipFile);
    const signature = await signatureAmong(wrapping, texts, zipFile);
    if (!signature) return { zipFile, wrapping, archive, close };
    const signatureFile = signaturePathOf(zipFile);
    await writeFile(signatureFile, signature, { flag: 'wx', mode: 0o600 });
    return { zipFile, wrapping, signatureFile, archive, close };
  } catch (error) {
    await close();
    throw fileError(error, wrapping);
  }
}

/** Of several texts the one with the MD5 of the package, else the first that has an MD5 at all. */
async function signatureAmong(wrapping: string, texts: readonly ZipEntry[], zipFile: string): Promise<Buffer | undefined> {
  const archive = await open(wrapping, 'r');
  try {
    const signatures: { readonly text: Buffer; readonly md5: string }[] = [];
    for (const entry of texts) {
      const text = await entryBuffer(archive.fd, entry, Buffer.alloc(0), SIGNATURE_BYTES);
      const md5 = md5In(text, basename(zipFile));
      if (md5) signatures.push({ text, md5 });
    }
    if (signatures.length < 2) return signatures[0]?.text;
    const { md5 } = await digestFile(zipFile);
    return (signatures.find((signature) => signature.md5 === md5) ?? signatures[0])?.text;
  } finally {
    await archive.close();
  }
}

async function extract(zipFile: string, entry: ZipEntry, target: string): Promise<void> {
  const archive = await open(zipFile, 'r');
  const file = await open(target, 'wx', 0o600);
  try {
    for await (const chunk of entryBytes(archive.fd, entry, Buffer.alloc(0))) writeFully(file.fd, chunk, target);
  } finally {
    await archive.close();
    await file.close();
  }
}
