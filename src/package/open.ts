/**
 * Finds the package in the file given: the file itself, or a ZIP in it, since mail programs and careful people zip a
 * package once more (docs/spec.md#t18).
 */
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileError } from '../files.js';
import { entryBytes } from '../zip/entry.js';
import { readZip, type ZipEntry } from '../zip/reader.js';
import { writeFully } from '../zip/threads/jobs.js';
import { SIGNATURE_BYTES, signaturePathOf } from './signature.js';

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
  /** Deletes what was unpacked. */
  close(): Promise<void>;
}

/**
 * A wrapping is a ZIP of one ZIP, alone or with its signature, neither encrypted; by its directory alone, before anything
 * is verified. The package in it is unpacked to a temporary folder.
 * @throws as `entryBytes`; LPX_DISK_FULL
 */
export async function openPackage(file: string, makeFolder: () => Promise<TemporaryFolder>): Promise<OpenedPackage> {
  const wrapped = wrappedIn(await readZip(file).catch(() => []));
  return wrapped ? unwrap(file, wrapped, await makeFolder()) : { zipFile: file, close: async () => {} };
}

interface Wrapped {
  readonly inner: ZipEntry;
  readonly signature: ZipEntry | undefined;
}

function wrappedIn(entries: readonly ZipEntry[]): Wrapped | undefined {
  const plain = entries.filter(({ encryption }) => encryption === 'none');
  const [inner, ...others] = plain.filter(({ name }) => /\.zip$/i.test(name));
  const [signature, ...more] = plain.filter(({ name, size }) => /\.(?:md5|txt)$/i.test(name) && size <= SIGNATURE_BYTES);
  const accounted = (inner ? 1 : 0) + (signature ? 1 : 0);
  return inner && others.length + more.length === 0 && accounted === entries.length ? { inner, signature } : undefined;
}

async function unwrap(wrapping: string, { inner, signature }: Wrapped, folder: TemporaryFolder): Promise<OpenedPackage> {
  const close = () => folder.remove();
  try {
    const zipFile = join(folder.path, basename(inner.name));
    await extract(wrapping, inner, zipFile);
    if (!signature) return { zipFile, wrapping, close };
    const signatureFile = signaturePathOf(zipFile);
    await extract(wrapping, signature, signatureFile);
    return { zipFile, wrapping, signatureFile, close };
  } catch (error) {
    await close();
    throw fileError(error, wrapping);
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
