/** Writes a package: documents and files into an encrypted ZIP, then its signature. Whole or not at all. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { LpxError } from '../errors.js';
import { fileError, markUnfinished, syncFolder } from '../files.js';
import type { Digests } from '../zip/work.js';
import { WorkPool } from '../zip/work-pool.js';
import { EncryptedZip, type Encryption, type RandomSource } from '../zip/writer.js';
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
  readonly crc32: number;
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
  readonly random?: RandomSource;
  /** Called with the bytes written so far and the bytes expected in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

const READ_BYTES = 256 * 1024;

/**
 * Writes `zipFile` and `zipFile.md5`: under temporary names, synced, then renamed, the signature last.
 * @returns the digests of the ZIP
 * @throws LPX_FILE_CHANGED when a file is not the one announced; LPX_DISK_FULL, LPX_WRITE_FAILED
 */
export async function writePackage(zipFile: string, contents: PackageContents, options: WriteOptions): Promise<Digests> {
  const signatureFile = signaturePathOf(zipFile);
  const [zipPart, signaturePart] = [`${zipFile}.part`, `${signatureFile}.part`];
  const finished = [zipPart, signaturePart].map(markUnfinished);
  try {
    const digests = await writeZip(zipPart, contents, options);
    await writeSynced(signaturePart, signatureLine(digests.md5, zipFile));
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
  const total = files.reduce((sum, one) => sum + one.bytes, 0);
  const pool = WorkPool.forBytes(total, 1);
  const handle = await open(file, 'wx', 0o600);
  try {
    const zip = new EncryptedZip(options.encryption, options.password, options.random);
    for (const text of texts) zip.addDeflated(Buffer.from(text.content), text.path, options.modified);
    for (const one of files)
      zip.addStored(provenBytes(one), { name: one.path, modified: options.modified, bytes: one.bytes, crc32: one.crc32 });
    zip.finalize().catch(() => {});
    const progress = new BigInt64Array(new SharedArrayBuffer(16));
    // A worker hashes the file while it grows; without one, the whole of it is hashed at the end.
    const following = pool.threads > 0 ? pool.run({ kind: 'digest', file, progress }) : undefined;
    following?.catch(() => {});
    try {
      await pour(zip, handle, (done) => {
        Atomics.store(progress, 0, BigInt(done));
        Atomics.notify(progress, 0);
        options.onProgress?.(Math.min(done, total), total);
      });
      await handle.sync();
    } finally {
      Atomics.store(progress, 1, 1n);
      Atomics.notify(progress, 0);
    }
    return await (following ?? pool.run({ kind: 'digest', file }));
  } finally {
    await handle.close();
    await pool.close();
  }
}

async function pour(zip: Readable, handle: FileHandle, onWritten: (done: number) => void): Promise<void> {
  let done = 0;
  for await (const chunk of zip as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten;
    done += chunk.length;
    onWritten(done);
  }
}

/** The bytes of a file, which fail at their end unless they are those of the hash. */
function provenBytes({ source, sha256 }: PackageFile): Readable {
  return Readable.from(
    (async function* () {
      const hash = createHash('sha256');
      try {
        for await (const chunk of createReadStream(source, { highWaterMark: READ_BYTES })) {
          hash.update(chunk);
          yield chunk;
        }
      } catch (error) {
        const known = fileError(error, source);
        throw known instanceof LpxError && known.code === 'LPX_FILE_NOT_FOUND'
          ? new LpxError('LPX_ATTACHMENT_LOST', { file: source }, { cause: error })
          : known;
      }
      if (hash.digest('hex') !== sha256) throw new LpxError('LPX_FILE_CHANGED', { file: source });
    })(),
    { objectMode: false, highWaterMark: 2 * READ_BYTES },
  );
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeError(error: unknown, file: string): unknown {
  const known = fileError(error, file);
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (known instanceof LpxError && known.code === 'LPX_DISK_FULL') return known;
  return code ? new LpxError('LPX_WRITE_FAILED', { file, reason: code }, { cause: error }) : error;
}
