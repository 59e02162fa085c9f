/**
 * The heavy work on packages, as functions that a worker thread or the main thread can run alike:
 * hashing a file or what comes over a ring, unpacking entries, taking in files.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, readSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type Facts, LpxError } from '../../errors.js';
import { fileError, openFile } from '../../files.js';
import { type KeyMemory, KeyTable } from '../crypto/aes-keys.js';
import { entriesBytes } from '../entry.js';
import type { ZipEntry } from '../reader.js';
import { MD5_LANES, Md5Streams } from '../simd/md5x8.js';
import { ZIPCRYPTO_STREAMS } from '../simd/zipcryptox16.js';
import { drainRing, type RingMemory } from './block-ring.js';
import { type Mark, MarkFinder } from './marks.js';

/** Hex digests of a file. */
export interface Digests {
  readonly md5: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What is known of a content once it has been read to its end. */
export interface Taken extends Digests {
  /** Empty when nobody is to know the content again. */
  readonly sha256: string;
  /** The first bytes of the content, enough to tell its type and the size of a picture: at most 128 KB. */
  readonly head: Uint8Array;
  /** The names of the job's marks that are in it. */
  readonly marks: readonly string[];
}

/** A content that cannot be read to its end as announced: the facts of its LPX_ENTRY_DAMAGED. */
export interface Damaged {
  readonly damage: Facts;
}

export interface DigestJob {
  readonly kind: 'digest';
  readonly file: string;
}

/** Writes what comes over a ring to an open file, and hashes it. For a worker thread: it waits by blocking. */
export interface WriteRingJob {
  readonly kind: 'write-ring';
  readonly ring: RingMemory;
  readonly fd: number;
  /** The file's name, for errors. */
  readonly file: string;
  /** Keys to derive while the ring has nothing to write. */
  readonly ahead?: { readonly keys: KeyMemory; readonly password: Uint8Array } | undefined;
}

/** Unpacks entries, all at once, or checks them. */
export interface UnpackJob {
  readonly kind: 'unpack';
  readonly zipFile: string;
  readonly password: Uint8Array;
  /** Whether the contents are to be known again, by their SHA-256. */
  readonly known: boolean;
  /** What to look for in the contents. */
  readonly marks: readonly Mark[];
  readonly parts: readonly { readonly entry: ZipEntry; readonly target: string | undefined }[];
}

/** Takes plain files as `unpack` takes entries. */
export interface CopyJob {
  readonly kind: 'copy';
  readonly marks: readonly Mark[];
  readonly parts: readonly { readonly file: string; readonly target: string }[];
}

export type Job = DigestJob | WriteRingJob | UnpackJob | CopyJob;
export type ResultOf<J extends Job> = J extends DigestJob | WriteRingJob ? Digests : (Taken | Damaged)[];

const CHUNK_BYTES = 64 * 1024;
/** Chunks between two turns of the event loop, so that signals, progress and other jobs get through. */
const CHUNKS_PER_TURN = 16;
const HEAD_BYTES = 128 * 1024;

/** @throws LPX_FILE_NOT_FOUND, LPX_DISK_FULL */
export async function runJob<J extends Job>(job: J): Promise<ResultOf<J>> {
  const result = job.kind === 'digest' ? digestFile(job) : job.kind === 'write-ring' ? writeRing(job) : take(job);
  return (await result) as ResultOf<J>;
}

const take = (job: UnpackJob | CopyJob): Promise<(Taken | Damaged)[]> => (job.kind === 'unpack' ? unpackEntries(job) : copyFiles(job));

async function digestFile({ file }: DigestJob): Promise<Digests> {
  const fd = openFile(file, 'r');
  try {
    const digest = new RunningDigest();
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let turn = 1; ; turn++) {
      const count = readSync(fd, buffer);
      if (count === 0) return digest.end();
      digest.update(buffer.subarray(0, count));
      if (turn % CHUNKS_PER_TURN === 0) await setImmediate();
    }
  } finally {
    closeSync(fd);
  }
}

function writeRing({ ring, fd, file, ahead }: WriteRingJob): Digests {
  const writing = new DigestedFile(fd, file);
  const keys = ahead && new KeyTable(ahead.keys, Buffer.from(ahead.password));
  for (const { block, written } of drainRing(ring, () => keys?.deriveAhead() ?? false)) {
    if (written) writing.skip(block);
    else writing.write(block);
  }
  return writing.end();
}

/** An open file that is hashed as it is written, from its start. */
export class DigestedFile {
  readonly #digest = new RunningDigest();
  readonly #fd: number;
  readonly #file: string;

  constructor(fd: number, file: string) {
    this.#fd = fd;
    this.#file = file;
  }

  /** @throws LPX_DISK_FULL, LPX_WRITE_FAILED… as `fileError` says */
  write(bytes: Buffer): void {
    writeFully(this.#fd, bytes, this.#file, this.#digest.bytes);
    this.#digest.update(bytes);
  }

  /** Goes past bytes that are written already. */
  skip(bytes: Buffer): void {
    this.#digest.update(bytes);
  }

  end(): Digests {
    return this.#digest.end();
  }
}

/** The digests of bytes that come bit by bit. */
class RunningDigest {
  readonly #md5 = createHash('md5');
  readonly #sha256 = createHash('sha256');
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  update(chunk: Buffer): void {
    this.#md5.update(chunk);
    this.#sha256.update(chunk);
    this.#bytes += chunk.length;
  }

  end(): Digests {
    return { md5: this.#md5.digest('hex'), sha256: this.#sha256.digest('hex'), bytes: this.#bytes };
  }
}

async function unpackEntries({ zipFile, password, known, marks, parts }: UnpackJob): Promise<(Taken | Damaged)[]> {
  const source = openFile(zipFile, 'r');
  try {
    const entries = parts.map(({ entry }) => entry);
    return await takeTogether(parts.length, (places) => {
      const contents = entriesBytes(source, entries, Buffer.from(password), places);
      return parts.map(({ target }, i) => ({ chunks: contents[i] as Chunks, target, known, marks }));
    });
  } finally {
    closeSync(source);
  }
}

async function copyFiles({ marks, parts }: CopyJob): Promise<(Taken | Damaged)[]> {
  return takeTogether(parts.length, (places) =>
    parts.map(({ file, target }, i) => ({ chunks: fileBytes(file, places[i] as Buffer), target, known: true, marks })),
  );
}

type Chunks = AsyncGenerator<Buffer>;

async function* fileBytes(file: string, buffer: Buffer): Chunks {
  const fd = openFile(file, 'r');
  try {
    for (;;) {
      const count = readSync(fd, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(fd);
  }
}

/** How many contents go well into one job: as many as are hashed side by side, or decrypted, where fewer take as long. */
export const TAKEN_TOGETHER = {
  hashed: { most: MD5_LANES, least: 3 },
  decrypted: { most: ZIPCRYPTO_STREAMS, least: ZIPCRYPTO_STREAMS - 2 },
};

/** A content that comes chunk by chunk, and where it goes: to a new file, or nowhere. */
interface Content {
  readonly chunks: Chunks;
  readonly target: string | undefined;
  readonly known: boolean;
  readonly marks: readonly Mark[];
}

/**
 * Hashes contents and writes them to their files, side by side and in one pass. A damaged one does not keep the others up.
 * @param contentsIn the contents, whose chunks may be put into the places it is given
 */
async function takeTogether(count: number, contentsIn: (places: readonly Buffer[]) => Content[]): Promise<(Taken | Damaged)[]> {
  const md5 = new Md5Streams(count);
  const contents: Content[] = [];
  const takings: Taking[] = [];
  try {
    contents.push(...contentsIn(md5.places));
    for (const content of contents) takings.push(new Taking(content));
    const ended = new Map<Content, Damaged | undefined>();
    while (ended.size < contents.length) {
      const next = contents.map((content) => (ended.has(content) ? undefined : nextChunk(content)));
      const results = await Promise.all(next);
      const chunks = results.map((result) => (result && 'chunk' in result ? result.chunk : undefined));
      for (const [i, content] of contents.entries()) {
        const chunk = chunks[i];
        const result = results[i];
        if (chunk) takings[i]?.take(chunk);
        else if (result) ended.set(content, 'damage' in result ? result : undefined);
      }
      md5.update(chunks);
      await setImmediate();
    }
    return takings.map((taking, i) => ended.get(contents[i] as Content) ?? { ...taking.end(), md5: md5.digest(i) });
  } finally {
    for (const taking of takings) taking.close();
    await Promise.all(contents.map(({ chunks }) => chunks.return(undefined)));
    md5.close();
  }
}

async function nextChunk({ chunks }: Content): Promise<{ readonly chunk: Buffer } | { readonly end: true } | Damaged> {
  try {
    const { done, value } = await chunks.next();
    return done ? { end: true } : { chunk: value };
  } catch (error) {
    // Any other fault is the disk's, or ours.
    if (!(error instanceof LpxError) || error.code !== 'LPX_ENTRY_DAMAGED') throw error;
    return { damage: error.facts };
  }
}

/** One content on its way: all of what is known of it at the end, but its MD5. */
class Taking {
  readonly #target: string | undefined;
  readonly #fd: number | undefined;
  readonly #sha256: Hash | undefined;
  readonly #marks: MarkFinder;
  #bytes = 0;
  #head: Buffer = Buffer.alloc(0);

  constructor({ target, known, marks }: Content) {
    this.#target = target;
    this.#fd = target === undefined ? undefined : openFile(target, 'wx');
    this.#sha256 = known ? createHash('sha256') : undefined;
    this.#marks = new MarkFinder(marks);
  }

  take(chunk: Buffer): void {
    if (this.#head.length < HEAD_BYTES) this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    this.#sha256?.update(chunk);
    if (this.#fd !== undefined) writeFully(this.#fd, chunk, this.#target as string);
    this.#marks.update(chunk);
    this.#bytes += chunk.length;
  }

  end(): Omit<Taken, 'md5'> {
    return {
      sha256: this.#sha256?.digest('hex') ?? '',
      bytes: this.#bytes,
      head: this.#head,
      marks: this.#marks.end(),
    };
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** Writes all of `bytes` to their place, else where the file has got to. @throws as `fileError` says */
export function writeFully(fd: number, bytes: Buffer, file: string, position?: number): void {
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(fd, bytes, done, bytes.length - done, position === undefined ? null : position + done);
  } catch (error) {
    throw fileError(error, file);
  }
}
