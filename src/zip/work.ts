/**
 * The heavy work on packages, as functions that a worker thread or the main thread can run alike:
 * hashing a file (also one that is still being written), unpacking one entry, taking in one file.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { fileError } from '../files.js';
import { entryBytes } from './entry-bytes.js';
import type { ZipEntry } from './reader.js';

/** Hex digests of a file. */
export interface Digests {
  readonly md5: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What is known of a content once it has been read to its end. */
export interface Taken extends Digests {
  readonly crc32: number;
  /** The first bytes of the content, enough to tell its type. */
  readonly head: Uint8Array;
}

export interface DigestJob {
  readonly kind: 'digest';
  readonly file: string;
  /** Two 64-bit counters shared with a writer: bytes written so far, and 1 once it has finished. */
  readonly progress?: BigInt64Array<SharedArrayBuffer>;
}

export interface UnpackJob {
  readonly kind: 'unpack';
  readonly zipFile: string;
  readonly entry: ZipEntry;
  readonly password: Uint8Array;
  /** Where the content goes, synced to disk; nowhere when it is only to be checked. */
  readonly target?: string;
}

/** Takes a plain file as `unpack` takes an entry. */
export interface CopyJob {
  readonly kind: 'copy';
  readonly file: string;
  readonly target?: string;
}

export type Job = DigestJob | UnpackJob | CopyJob;
export type ResultOf<J extends Job> = J extends DigestJob ? Digests : Taken;

const CHUNK_BYTES = 256 * 1024;
const HEAD_BYTES = 64;

/** @throws LPX_FILE_NOT_FOUND, LPX_DISK_FULL, LPX_ENTRY_DAMAGED, LPX_PASSWORD_WRONG */
export async function runJob<J extends Job>(job: J): Promise<ResultOf<J>> {
  const result = job.kind === 'digest' ? digestFile(job) : job.kind === 'unpack' ? await unpackEntry(job) : await copyFile(job);
  return result as ResultOf<J>;
}

function digestFile({ file, progress }: DigestJob): Digests {
  const fd = openFile(file, 'r');
  try {
    const md5 = createHash('md5');
    const sha256 = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let bytes = 0;
    for (;;) {
      const wanted = progress ? waitForBytes(progress, bytes, buffer.length) : buffer.length;
      const count = wanted === 0 ? 0 : readSync(fd, buffer, 0, wanted, bytes);
      if (count === 0) break;
      const chunk = buffer.subarray(0, count);
      md5.update(chunk);
      sha256.update(chunk);
      bytes += count;
    }
    return { md5: md5.digest('hex'), sha256: sha256.digest('hex'), bytes };
  } finally {
    closeSync(fd);
  }
}

/** Blocks until the writer is a full chunk ahead of `done`, or has finished; returns the bytes to read. */
function waitForBytes(progress: BigInt64Array<SharedArrayBuffer>, done: number, chunk: number): number {
  for (;;) {
    const finished = Atomics.load(progress, 1) === 1n;
    const written = Atomics.load(progress, 0);
    const ready = Number(written) - done;
    if (ready >= chunk) return chunk;
    if (finished) return ready;
    Atomics.wait(progress, 0, written, 50);
  }
}

async function unpackEntry({ zipFile, entry, password, target }: UnpackJob): Promise<Taken> {
  const source = openFile(zipFile, 'r');
  try {
    return await take(entryBytes(source, entry, Buffer.from(password)), target);
  } finally {
    closeSync(source);
  }
}

async function copyFile({ file, target }: CopyJob): Promise<Taken> {
  const source = openFile(file, 'r');
  try {
    return await take(fileBytes(source), target);
  } finally {
    closeSync(source);
  }
}

function* fileBytes(fd: number): Generator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const count = readSync(fd, buffer, 0, buffer.length, null);
    if (count === 0) return;
    yield buffer.subarray(0, count);
  }
}

/** Hashes chunks and writes them to a new file, in one pass. */
async function take(chunks: AsyncIterable<Buffer> | Iterable<Buffer>, target: string | undefined): Promise<Taken> {
  const sink = target === undefined ? undefined : openFile(target, 'wx');
  try {
    const md5 = createHash('md5');
    const sha256 = createHash('sha256');
    let head: Buffer | undefined;
    let bytes = 0;
    let crc = 0;
    for await (const chunk of chunks) {
      head ??= Buffer.from(chunk.subarray(0, HEAD_BYTES));
      md5.update(chunk);
      sha256.update(chunk);
      crc = crc32(chunk, crc);
      if (sink !== undefined) writeFully(sink, chunk, target as string);
      bytes += chunk.length;
    }
    if (sink !== undefined) fsyncSync(sink);
    return { md5: md5.digest('hex'), sha256: sha256.digest('hex'), crc32: crc, bytes, head: head ?? new Uint8Array() };
  } finally {
    if (sink !== undefined) closeSync(sink);
  }
}

function openFile(file: string, flags: 'r' | 'wx'): number {
  try {
    return openSync(file, flags, 0o600);
  } catch (error) {
    throw fileError(error, file);
  }
}

function writeFully(fd: number, bytes: Buffer, file: string): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
  } catch (error) {
    throw fileError(error, file);
  }
}
