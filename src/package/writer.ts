/** Writes a package: documents and files into an encrypted ZIP, then its signature. Whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError, markUnfinished, openFile, syncFolder } from '../files.js';
import type { ByteSource, RandomSource } from '../zip/content.js';
import { KeyTable, newKeyMemory } from '../zip/crypto/aes-keys.js';
import { ZipEngine } from '../zip/engine.js';
import { FileOutput } from '../zip/output.js';
import type { Digests } from '../zip/threads/digest.js';
import { EncryptedZip, type Encryption } from '../zip/writer.js';
import { signatureLine, signaturePathOf } from './signature.js';

/** A small text of the package. */
export interface PackageText {
  readonly path: string;
  readonly content: string;
}

/** A file to put in, with what is known of its bytes. The writer proves it while it reads. */
export interface PackageFile {
  readonly path: string;
  readonly source: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface PackageContents {
  readonly texts: readonly PackageText[];
  readonly files: readonly PackageFile[];
}

export interface WriteOptions {
  readonly encryption: Encryption;
  readonly password: Buffer;
  readonly modified: Date;
  readonly random?: RandomSource | undefined;
  /** The engine to write with; without it, this thread does everything. */
  readonly engine?: ZipEngine;
  /** Called with the bytes written so far and the bytes expected in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes `zipFile` and `zipFile.md5`: under temporary names, synced, then renamed, the signature last.
 * @returns the digests of the ZIP
 * @throws LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN when a file is gone or not the one announced; LPX_DISK_FULL, LPX_WRITE_FAILED
 */
export async function writePackage(zipFile: string, contents: PackageContents, options: WriteOptions): Promise<Digests> {
  const signatureFile = signaturePathOf(zipFile);
  const [zipPart, signaturePart] = [`${zipFile}.part`, `${signatureFile}.part`];
  const finished = [zipPart, signaturePart].map(markUnfinished);
  try {
    const digests = await writeZip(zipPart, contents, options);
    await writeFile(signaturePart, signatureLine(digests.md5, zipFile), { flag: 'wx', mode: 0o600, flush: true });
    await rename(zipPart, zipFile);
    await rename(signaturePart, signatureFile);
    await syncFolder(dirname(zipFile));
    return digests;
  } catch (error) {
    await Promise.all([zipPart, signaturePart].map((file) => rm(file, { force: true })));
    throw error instanceof LpxError ? error : writeError(error, zipFile);
  } finally {
    for (const done of finished) done();
  }
}

async function writeZip(file: string, { texts, files }: PackageContents, options: WriteOptions): Promise<Digests> {
  const { encryption, password, modified, random = randomBytes, engine = new ZipEngine(), onProgress } = options;
  const total = files.reduce((sum, one) => sum + one.bytes, 0);
  const keys = encryption === 'aes256' ? newKeyMemory(texts.length + files.length, random) : undefined;
  const output = await FileOutput.create(file, engine.helper && { helper: engine.helper, ahead: keys && { keys, password } });
  try {
    let done = 0;
    const counted = {
      write: (bytes: Buffer) => {
        output.write(bytes);
        done += bytes.length;
        onProgress?.(Math.min(done, total), total);
      },
    };
    const { arenas } = engine;
    const zip = new EncryptedZip(counted, { encryption, password, random, arenas, keys: keys && new KeyTable(keys, password, arenas) });
    for (const text of texts) zip.addDeflated(Buffer.from(text.content), text.path, modified);
    for (const one of files) zip.addStored(() => provenBytes(one), { name: one.path, modified, bytes: one.bytes });
    await zip.complete();
    return await output.finish();
  } finally {
    await output.close();
  }
}

/** The bytes of a file of the store, which fail unless they are those of its hash. */
function provenBytes({ source, sha256, bytes, path }: PackageFile): ByteSource {
  const fd = openSource(source, path);
  const hash = createHash('sha256');
  let done = 0;
  return {
    read: (into) => {
      const count = readFrom(fd, into, source);
      done += count;
      hash.update(into.subarray(0, count));
      const sound = count > 0 ? done <= bytes : done === bytes && hash.digest('hex') === sha256;
      if (!sound) throw new LpxError('LPX_ATTACHMENT_BROKEN', { file: source, entry: path });
      return count;
    },
    close: () => closeSync(fd),
  };
}

function readFrom(fd: number, into: Buffer, source: string): number {
  try {
    return readSync(fd, into);
  } catch (error) {
    throw fileError(error, source);
  }
}

function openSource(source: string, path: string): number {
  try {
    return openFile(source, 'r');
  } catch (error) {
    const known = fileError(error, source);
    throw known instanceof LpxError && known.code === 'LPX_FILE_NOT_FOUND'
      ? new LpxError('LPX_ATTACHMENT_LOST', { file: source, entry: path }, { cause: error })
      : known;
  }
}

function writeError(error: unknown, file: string): unknown {
  const known = fileError(error, file);
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (known instanceof LpxError && known.code === 'LPX_DISK_FULL') return known;
  return code ? new LpxError('LPX_WRITE_FAILED', { file, reason: code }, { cause: error }) : error;
}
