/**
 * The heavy work on archives, as jobs that the helper or the calling thread can run alike: hash a file, unpack entries,
 * copy files. Following a file that grows is for the helper alone, since it waits by blocking.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { LpxError } from '../../errors.js';
import { fileError } from '../../io/file-error.js';
import { openFile, readFrom } from '../../io/read.js';
import { entriesBytes } from '../entry.js';
import type { ZipEntry } from '../reader.js';
import type { Arena, Arenas } from '../simd/arena.js';
import { MD5_LANES, Md5Streams } from '../simd/md5x8.js';
import { ZIPCRYPTO_STREAMS } from '../simd/zipcryptox16.js';
import { type Digests, digestFile, type Followed, followFile } from './digest.js';
import { type Mark, MarkFinder } from './marks.js';

/** The properties of a content that was read to its end. */
export interface Taken extends Digests {
  /** Empty when it is not needed. */
  readonly sha256: string;
  /** Undefined where nothing that was read says it: it is not counted for its own sake. */
  readonly crc32: number | undefined;
  /** The first bytes of the content, enough to tell its type and the size of a picture: at most 128 KB; of bare ones, a ZIP. */
  readonly head: Uint8Array;
  /** The names of the job's marks that are in it. */
  readonly marks: readonly string[];
}

/** A content that cannot be read to its end as announced (LPX_ENTRY_DAMAGED). */
export interface Damaged {
  /** Which entry is damaged, and how: a key of the message files' `part`. */
  readonly damage: { readonly entry: string; readonly part: string };
}

export interface DigestJob {
  readonly kind: 'digest';
  readonly file: string;
}

/** Hashes a file while it is written. */
export interface FollowJob extends Followed {
  readonly kind: 'follow';
}

/** Unpacks entries, all at once, or checks them. */
export interface UnpackJob {
  readonly kind: 'unpack';
  readonly zipFile: string;
  readonly password: Uint8Array;
  /** Whether the SHA-256 of the contents is needed, to recognise and keep them. */
  readonly known: boolean;
  /** Whether the SHA-256 is all that is needed: no MD5, no marks, and of the start what tells a ZIP. */
  readonly bare?: boolean;
  /** What to look for in the contents. */
  readonly marks: readonly Mark[];
  readonly parts: readonly { readonly entry: ZipEntry; readonly target: string | undefined }[];
}

/** Takes plain files as `unpack` takes entries. */
export interface CopyJob {
  readonly kind: 'copy';
  /** As of `unpack`; the CRC-32 is not counted either. */
  readonly bare?: boolean;
  readonly marks: readonly Mark[];
  readonly parts: readonly { readonly file: string; readonly target: string }[];
}

export type Job = DigestJob | FollowJob | UnpackJob | CopyJob;
export type ResultOf<J extends Job> = J extends DigestJob | FollowJob ? Digests : (Taken | Damaged)[];

const HEAD_BYTES = 128 * 1024;

/** @throws LPX_FILE_NOT_FOUND, LPX_DISK_FULL and others as `fileError` says */
export async function runJob<J extends Job>(job: J, arenas: Arenas): Promise<ResultOf<J>> {
  return (await resultOf(job, arenas)) as ResultOf<J>;
}

function resultOf(job: Job, arenas: Arenas): ResultOf<Job> | Promise<ResultOf<Job>> {
  switch (job.kind) {
    case 'digest':
      return digestFile(job.file);
    case 'follow':
      return followFile(job, arenas);
    case 'unpack':
      return unpackEntries(job, arenas);
    case 'copy':
      return copyFiles(job, arenas);
  }
}

async function unpackEntries(
  { zipFile, password, known, bare = false, marks, parts }: UnpackJob,
  arenas: Arenas,
): Promise<(Taken | Damaged)[]> {
  const source = openFile(zipFile, 'r');
  try {
    const entries = parts.map(({ entry }) => entry);
    return await readTogether(arenas, { count: parts.length, bare }, (arena, places) => {
      const contents = entriesBytes(source, entries, Buffer.from(password), { arenas, arena, places });
      return parts.map(({ target }, i) => ({
        chunks: contents[i] as Chunks,
        target,
        known,
        crc32: crc32In(entries[i] as ZipEntry),
        marks,
      }));
    });
  } catch (error) {
    throw fileError(error, zipFile, 'reading');
  } finally {
    closeSync(source);
  }
}

function copyFiles({ bare, marks, parts }: CopyJob, arenas: Arenas): Promise<(Taken | Damaged)[]> {
  if (bare) return copyBare(parts);
  return readTogether(arenas, { count: parts.length, bare: false }, (_, places) =>
    parts.map(({ file, target }, i) => ({ chunks: fileBytes(file, places[i] as Buffer), target, known: true, crc32: 'count', marks })),
  );
}

const BARE_BYTES = 256 * 1024;
/** Of the start, what tells a ZIP. */
const BARE_HEAD_BYTES = 4;

/** Copies one file after the other, in large steps. */
async function copyBare(parts: CopyJob['parts']): Promise<Taken[]> {
  const buffer = Buffer.allocUnsafe(BARE_BYTES);
  const copies: Taken[] = [];
  for (const { file, target } of parts) {
    const source = openFile(file, 'r');
    try {
      const to = newFile(target);
      try {
        const sha256 = createHash('sha256');
        let bytes = 0;
        let head = NO_BYTES;
        for (let count = readFrom(source, buffer, file); count > 0; count = readFrom(source, buffer, file)) {
          const chunk = buffer.subarray(0, count);
          if (bytes === 0) head = Uint8Array.from(chunk.subarray(0, BARE_HEAD_BYTES));
          sha256.update(chunk);
          writeFully(to, chunk, target);
          bytes += count;
        }
        copies.push({ md5: '', bytes, sha256: sha256.digest('hex'), crc32: undefined, head, marks: [] });
      } finally {
        closeSync(to);
      }
    } finally {
      closeSync(source);
    }
    await setImmediate();
  }
  return copies;
}

const NO_BYTES = new Uint8Array(0);

/** Reading the entry has proven it; AE-2 keeps none, and the first export of such a file counts it. */
const crc32In = ({ hasCrc, crc32 }: ZipEntry): number | undefined => (hasCrc ? crc32 : undefined);

type Chunks = AsyncGenerator<Buffer>;

async function* fileBytes(file: string, buffer: Buffer): Chunks {
  const fd = openFile(file, 'r');
  try {
    for (;;) {
      const count = readFrom(fd, buffer, file);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(fd);
  }
}

/** How many contents one job should have: as many as are hashed, or decrypted, together, since fewer take as long. */
export const TAKEN_TOGETHER = {
  hashed: { most: MD5_LANES, least: 3 },
  decrypted: { most: ZIPCRYPTO_STREAMS, least: ZIPCRYPTO_STREAMS - 2 },
  /** One after the other, with nothing but their SHA-256: so many that handing them out takes no time. */
  bare: { most: 32, least: 4 },
};

/** A content that comes chunk by chunk, and where it goes: to a new file, or nowhere. */
interface Content {
  readonly chunks: Chunks;
  readonly target: string | undefined;
  readonly known: boolean;
  /** What its source says it is, if anything; or whether to count it. */
  readonly crc32: number | 'count' | undefined;
  readonly marks: readonly Mark[];
}

/**
 * Hashes contents together and writes them to their files, in one pass. Damage in one content does not stop the others.
 * @param contentsIn the contents, whose chunks may be put into the places it is given
 */
async function readTogether(
  arenas: Arenas,
  { count, bare }: { readonly count: number; readonly bare: boolean },
  contentsIn: (arena: Arena, places: readonly Buffer[]) => Content[],
): Promise<(Taken | Damaged)[]> {
  const md5 = new Md5Streams(arenas, count);
  const contents: Content[] = [];
  const readers: ContentReader[] = [];
  try {
    contents.push(...contentsIn(md5.arena, md5.places));
    for (const content of contents) readers.push(new ContentReader(content, md5.arena, bare ? BARE_HEAD_BYTES : HEAD_BYTES));
    const ended = new Map<Content, Damaged | undefined>();
    while (ended.size < contents.length) {
      const next = contents.map((content) => (ended.has(content) ? undefined : nextChunk(content)));
      const results = await Promise.all(next);
      const chunks = results.map((result) => (result && 'chunk' in result ? result.chunk : undefined));
      for (const [i, content] of contents.entries()) {
        const chunk = chunks[i];
        const result = results[i];
        if (chunk) readers[i]?.read(chunk);
        else if (result) ended.set(content, 'damage' in result ? result : undefined);
      }
      if (!bare) md5.update(chunks);
      await setImmediate();
    }
    return readers.map((reader, i) => ended.get(contents[i] as Content) ?? { ...reader.end(), md5: bare ? '' : md5.digest(i) });
  } finally {
    for (const reader of readers) reader.close();
    await Promise.all(contents.map(({ chunks }) => chunks.return(undefined)));
    md5.close();
  }
}

async function nextChunk({ chunks }: Content): Promise<{ readonly chunk: Buffer } | { readonly end: true } | Damaged> {
  try {
    const { done, value } = await chunks.next();
    return done ? { end: true } : { chunk: value };
  } catch (error) {
    // Any other error is the disk's, or an internal one.
    if (!(error instanceof LpxError) || error.code !== 'LPX_ENTRY_DAMAGED') throw error;
    return { damage: { entry: error.place.entry ?? '', part: String(error.facts.part) } };
  }
}

/** Reads one content: all that is known of it at its end but its MD5, which is computed for several together. */
class ContentReader {
  readonly #target: string | undefined;
  readonly #fd: number | undefined;
  readonly #sha256: Hash | undefined;
  readonly #counts: boolean;
  #crc32: number | undefined;
  readonly #marks: MarkFinder;
  readonly #headBytes: number;
  #bytes = 0;
  #head: Buffer = Buffer.alloc(0);

  constructor({ target, known, crc32, marks }: Content, arena: Arena, headBytes: number) {
    this.#headBytes = headBytes;
    this.#target = target;
    this.#fd = target === undefined ? undefined : newFile(target);
    this.#sha256 = known ? createHash('sha256') : undefined;
    this.#counts = crc32 === 'count';
    this.#crc32 = crc32 === 'count' ? 0 : crc32;
    this.#marks = new MarkFinder(marks, arena);
  }

  read(chunk: Buffer): void {
    if (this.#head.length < this.#headBytes)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, this.#headBytes - this.#head.length)]);
    this.#sha256?.update(chunk);
    if (this.#counts) this.#crc32 = crc32(chunk, this.#crc32);
    if (this.#fd !== undefined) writeFully(this.#fd, chunk, this.#target as string);
    this.#marks.update(chunk);
    this.#bytes += chunk.length;
  }

  end(): Omit<Taken, 'md5'> {
    return {
      sha256: this.#sha256?.digest('hex') ?? '',
      crc32: this.#crc32,
      bytes: this.#bytes,
      head: this.#head,
      marks: this.#marks.end(),
    };
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/**
 * A new file that the system writes to the disk from when it is closed, as ext4 and XFS do with files that were cut: else it would be
 * written when it is synced, each with a commit of the disk's journal that others wait for.
 */
function newFile(file: string): number {
  const fd = openFile(file, 'wx');
  ftruncateSync(fd, 0);
  return fd;
}

/** Writes all of `bytes` where the file has got to. @throws as `fileError` says */
export function writeFully(fd: number, bytes: Uint8Array, file: string): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
  } catch (error) {
    throw fileError(error, file, 'writing');
  }
}
