/** A package zipped once more, as mail programs and careful people do: a ZIP with the package in it (spec 8, T18). */
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

/** The package out of its wrapping, in a temporary folder. */
export interface Unwrapped {
  readonly zipFile: string;
  /** The signature that lay beside it in the wrapping. */
  readonly signatureFile: string | undefined;
  remove(): Promise<void>;
}

/**
 * Takes a package out of the ZIP around it: one ZIP, alone or with its signature, neither encrypted.
 * @returns undefined when the file is anything else @throws as `entryBytes`; LPX_DISK_FULL
 */
export async function unwrapPackage(zipFile: string, makeFolder: () => Promise<TemporaryFolder>): Promise<Unwrapped | undefined> {
  const entries = await readZip(zipFile).catch(() => []);
  const packages = entries.filter((entry) => isPlain(entry) && /\.zip$/i.test(entry.name));
  const signatures = entries.filter((entry) => isPlain(entry) && /\.(?:md5|txt)$/i.test(entry.name) && entry.size <= SIGNATURE_BYTES);
  const [inner] = packages;
  const [signature] = signatures;
  if (!inner || packages.length + signatures.length !== entries.length || packages.length > 1 || signatures.length > 1) return undefined;

  const folder = await makeFolder();
  try {
    const unwrapped = join(folder.path, basename(inner.name));
    const signatureFile = signature && signaturePathOf(unwrapped);
    await extract(zipFile, inner, unwrapped);
    if (signature && signatureFile) await extract(zipFile, signature, signatureFile);
    return { zipFile: unwrapped, signatureFile, remove: () => folder.remove() };
  } catch (error) {
    await folder.remove();
    throw fileError(error, zipFile);
  }
}

const isPlain = (entry: ZipEntry): boolean => entry.encryption === 'none';

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
