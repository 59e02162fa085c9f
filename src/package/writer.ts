/** Writes a package: documents and files into an encrypted ZIP, then its signature. Whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError, markUnfinished, syncFolder } from '../files.js';
import { type KeyMemory, KeyTable, newKeyMemory } from '../zip/crypto/aes-keys.js';
import { BLOCK_BYTES, type BlockSink, newRing, RingFiller } from '../zip/threads/block-ring.js';
import { WorkPool } from '../zip/threads/helper.js';
import { DigestedFile, type Digests, writeFully } from '../zip/threads/jobs.js';
import { type ByteSource, EncryptedZip, type Encryption, type RandomSource } from '../zip/writer.js';
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
  readonly random?: RandomSource;
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
  const total = files.reduce((sum, one) => sum + one.bytes, 0);
  const handle = await open(file, 'wx', 0o600);
  const keys = options.encryption === 'aes256' ? newKeyMemory(texts.length + files.length, options.random ?? randomBytes) : undefined;
  const archive = openArchive(handle.fd, file, total, options, keys);
  let done = 0;
  const sink: BlockSink = {
    block: () => archive.sink.block(),
    put: (bytes) => {
      archive.sink.put(bytes);
      // A head start for the disk. What it fails with, the sync at the end fails with.
      if (done < SYNC_FROM * total && done + bytes >= SYNC_FROM * total) handle.datasync().catch(() => {});
      done += bytes;
      options.onProgress?.(Math.min(done, total), total);
    },
  };
  try {
    const table = keys && new KeyTable(keys, options.password);
    const zip = new EncryptedZip(sink, options.encryption, options.password, options.random, table);
    for (const text of texts) zip.addDeflated(Buffer.from(text.content), text.path, options.modified);
    for (const one of files) zip.addStored(() => provenBytes(one), { name: one.path, modified: options.modified, bytes: one.bytes });
    await zip.complete();
    const digests = await archive.finish();
    await handle.sync();
    return digests;
  } finally {
    await archive.close();
    await handle.close();
  }
}

/** The part of the content after which the disk is told to begin; a sync holds up what is written meanwhile. */
const SYNC_FROM = 0.95;

/** Where the blocks of an archive go: to its file and through its digests. */
interface Archive {
  readonly sink: BlockSink;
  /** Waits until all is written and hashed. */
  finish(): Promise<Digests>;
  close(): Promise<void>;
}

/** What lies between the threads: enough for the writing one to start, or for entries that come together (16 MiB, 24 MiB). */
const RING_BLOCKS = { aes256: 64, zipcrypto: 96 };

/** A small archive is written by this thread, a big one by another, while this one encrypts. */
function openArchive(
  fd: number,
  file: string,
  bytes: number,
  { encryption, password }: WriteOptions,
  keys: KeyMemory | undefined,
): Archive {
  const pool = WorkPool.forBytes(bytes);
  if (pool.threads === 0) {
    const writing = new DigestedFile(fd, file);
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    return {
      sink: { block: async () => block, put: (count) => writing.write(block.subarray(0, count)) },
      finish: async () => writing.end(),
      close: () => pool.close(),
    };
  }
  const ring = newRing(RING_BLOCKS[encryption]);
  const writing = pool.run({ kind: 'write-ring', ring, fd, file, ahead: keys && { keys, password } });
  const filler = new RingFiller(ring, writing, (block, position) => writeFully(fd, block, file, position));
  return {
    sink: filler,
    finish: () => {
      filler.end();
      return writing;
    },
    close: () => pool.close(),
  };
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
    return openSync(source, 'r');
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
