/**
 * The heavy work on packages, as functions that a worker thread or the main thread can run alike:
 * hashing a file, unpacking one entry, taking in one file, writing what comes over a ring.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { fileError } from '../files.js';
import { drainRing, type RingMemory } from './block-ring.js';
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
}

/** Writes a new file from the blocks of a ring. For a worker thread: it waits by blocking. */
export interface WriteJob {
  readonly kind: 'write';
  readonly file: string;
  readonly ring: RingMemory;
}

export interface UnpackJob {
  readonly kind: 'unpack';
  readonly zipFile: string;
  readonly entry: ZipEntry;
  readonly password: Uint8Array;
  /** Where the content goes, not yet brought to the disk; nowhere when it is only to be checked. */
  readonly target?: string;
}

/** Takes a plain file as `unpack` takes an entry. */
export interface CopyJob {
  readonly kind: 'copy';
  readonly file: string;
  readonly target?: string;
}

export type Job = DigestJob | WriteJob | UnpackJob | CopyJob;
export type ResultOf<J extends Job> = J extends DigestJob | WriteJob ? Digests : Taken;

const CHUNK_BYTES = 256 * 1024;
/** Chunks between two turns of the event loop, so that signals, progress and other jobs get through. */
const CHUNKS_PER_TURN = 8;
const HEAD_BYTES = 64;

/** @throws LPX_FILE_NOT_FOUND, LPX_DISK_FULL, LPX_ENTRY_DAMAGED, LPX_PASSWORD_WRONG */
export async function runJob<J extends Job>(job: J): Promise<ResultOf<J>> {
  const result = job.kind === 'digest' ? digestFile(job) : job.kind === 'write' ? writeFile(job) : takeFile(job);
  return (await result) as ResultOf<J>;
}

const takeFile = (job: UnpackJob | CopyJob): Promise<Taken> => (job.kind === 'unpack' ? unpackEntry(job) : copyFile(job));

async function digestFile({ file }: DigestJob): Promise<Digests> {
  const fd = openFile(file, 'r');
  try {
    const md5 = createHash('md5');
    const sha256 = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let bytes = 0;
    for (let turn = 1; ; turn++) {
      const count = readSync(fd, buffer, 0, buffer.length, bytes);
      if (count === 0) break;
      const chunk = buffer.subarray(0, count);
      md5.update(chunk);
      sha256.update(chunk);
      bytes += count;
      if (turn % CHUNKS_PER_TURN === 0) await setImmediate();
    }
    return { md5: md5.digest('hex'), sha256: sha256.digest('hex'), bytes };
  } finally {
    closeSync(fd);
  }
}

/** A new file that is digested while it is written. */
export class DigestedFile {
  readonly #file: string;
  readonly #fd: number;
  readonly #md5 = createHash('md5');
  readonly #sha256 = createHash('sha256');
  #bytes = 0;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openFile(file, 'wx');
  }

  write(chunk: Buffer): void {
    writeFully(this.#fd, chunk, this.#file);
    this.#md5.update(chunk);
    this.#sha256.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Brings the file to the disk. */
  finish(): Digests {
    fsyncSync(this.#fd);
    return { md5: this.#md5.digest('hex'), sha256: this.#sha256.digest('hex'), bytes: this.#bytes };
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function writeFile({ file, ring }: WriteJob): Digests {
  const blocks = drainRing(ring);
  try {
    const target = new DigestedFile(file);
    try {
      for (const block of blocks) target.write(block);
      return target.finish();
    } finally {
      target.close();
    }
  } finally {
    blocks.return(undefined);
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
    let turn = 0;
    for await (const chunk of chunks) {
      head ??= Buffer.from(chunk.subarray(0, HEAD_BYTES));
      md5.update(chunk);
      sha256.update(chunk);
      crc = crc32(chunk, crc);
      if (sink !== undefined) writeFully(sink, chunk, target as string);
      bytes += chunk.length;
      if (++turn % CHUNKS_PER_TURN === 0) await setImmediate();
    }
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
