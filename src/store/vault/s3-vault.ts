/**
 * A vault in a bucket of S3-compatible storage: `<prefix>/ab/ab12…`. Files are staged on this computer and sent before the change
 * that commits their records; within it, each is looked for once more, since whoever removes what no record names may have come
 * between. What was to be sent is written down before, so that a later process can take back what a killed one left.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, rmSync, writeSync } from 'node:fs';
import { appendFile, type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LpxError } from '../../errors.js';
import { fileError } from '../../io/file-error.js';
import { whenInterrupted } from '../../io/interruption.js';
import { openFile } from '../../io/read.js';
import type { Access } from '../access.js';
import type { WorkArea } from '../processes/work-area.js';
import type { WorkFolder } from '../processes/work-folder.js';
import {
  type AttachmentVault,
  type HeldContent,
  isContentName,
  type LocalPath,
  type NamedContent,
  NOWHERE,
  requireContentName,
  type StagedFile,
  type Staging,
  UNFINISHED,
} from './attachments.js';
import { notS3, type S3Bucket, type S3Source } from './s3-bucket.js';

/** Files that are sent, fetched or removed at a time. */
const AT_ONCE = 8;
/** In a staging area: the SHA-256 of each file that is about to be sent, and those sent in parts with their uploads; a line each. */
const SENT_NAME = 'sent';
const SENT_LINE = /^([0-9a-f]{64})(?: (\S+))?$/;

export class S3Vault implements AttachmentVault {
  readonly access: Access;
  readonly #bucket: S3Bucket;
  readonly #area: WorkArea;

  constructor(bucket: S3Bucket, area: WorkArea) {
    this.#bucket = bucket;
    this.#area = area;
    this.access = area.access;
  }

  get location(): string {
    return this.#bucket.shown();
  }

  /** Tries all that lpx needs to be able to do there. @throws the LPX_S3 errors */
  async probe(): Promise<void> {
    const key = `${this.#keysBegin}probe`;
    await this.#bucket.write(key, PROBE, PROBE_SHA256, async () => {});
    for await (const _ of this.#bucket.list(key)) break;
    const came: Uint8Array[] = [];
    await this.#bucket.read(key, () => {
      came.length = 0;
      return (bytes) => void came.push(bytes);
    });
    await this.#bucket.remove(key);
    if (!Buffer.concat(came).equals(PROBE_CONTENT)) throw notS3(this.#bucket.shown(key));
  }

  locationOf(sha256: string): string {
    return this.#bucket.shown(this.#keyOf(sha256));
  }

  async check(sha256: string, begin: () => (bytes: Uint8Array) => void = () => () => {}): Promise<'sound' | 'broken' | 'lost'> {
    const found = await this.#hashed(sha256, begin);
    return found === undefined ? 'lost' : found === sha256 ? 'sound' : 'broken';
  }

  async lost(sha256s: readonly string[]): Promise<ReadonlySet<string>> {
    const lost = new Set<string>();
    await eachOf(sha256s, async (sha256) => {
      if ((await this.#bucket.sizeOf(this.#keyOf(sha256))) === undefined) lost.add(sha256);
    });
    return lost;
  }

  async copyTo(sha256: string, to: string, entry: string): Promise<void> {
    const target = openFile(to, 'wx');
    try {
      const found = await this.#hashed(sha256, () => {
        writing(to, () => ftruncateSync(target, 0));
        let done = 0;
        return (bytes) =>
          writing(to, () => {
            for (let i = 0; i < bytes.length; ) {
              const count = writeSync(target, bytes, i, bytes.length - i, done);
              i += count;
              done += count;
            }
          });
      });
      const file = this.locationOf(sha256);
      if (found === undefined) throw new LpxError('LPX_ATTACHMENT_LOST', { file, entry });
      if (found !== sha256) throw new LpxError('LPX_ATTACHMENT_BROKEN', { file, entry });
      writing(to, () => fsyncSync(target));
    } finally {
      closeSync(target);
    }
  }

  async withLocal<T>(contents: readonly NamedContent[], work: WorkFolder, reading: (pathOf: LocalPath) => Promise<T>): Promise<T> {
    const folder = join(work.path, 'contents');
    const pathOf = (sha256: string) => join(folder, sha256);
    const distinct = [...new Map(contents.map((content) => [content.sha256, content])).values()];
    try {
      await mkdir(folder, { mode: 0o700 }).catch((error) => {
        throw fileError(error, folder, 'writing');
      });
      await eachOf(distinct, ({ sha256, path }) => this.copyTo(sha256, pathOf(sha256), path));
      return await reading(pathOf);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async read(sha256: string): Promise<Buffer | undefined> {
    const chunks: Uint8Array[] = [];
    const found = await this.#hashed(sha256, () => {
      chunks.length = 0;
      return (bytes) => void chunks.push(bytes);
    });
    return found === sha256 ? Buffer.concat(chunks) : undefined;
  }

  async *list(): AsyncIterable<HeldContent> {
    for await (const { key, bytes } of this.#bucket.list(this.#keysBegin)) {
      const sha256 = key.slice(key.lastIndexOf('/') + 1);
      if (isContentName(sha256) && key === this.#keyOf(sha256)) yield { sha256, bytes };
    }
  }

  close(): void {
    this.#bucket.close();
  }

  async remove(sha256: string): Promise<void> {
    requireContentName(sha256, this.locationOf(sha256));
    await this.#bucket.remove(this.#keyOf(sha256));
  }

  async setAside(): Promise<boolean> {
    return false;
  }

  erase(sha256: string): Promise<void> {
    return this.remove(sha256);
  }

  async markUnfinished(): Promise<void> {
    await this.#bucket.write(this.#mark, PROBE, PROBE_SHA256, async () => {});
  }

  async markFinished(): Promise<void> {
    await this.#bucket.remove(this.#mark);
  }

  async removeUnfinished(mostMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    if ((await this.#bucket.sizeOf(this.#mark, this.#bucket.brief())) === undefined) return true;
    const end = performance.now() + mostMs;
    await this.sweep(async () => {});
    const keys: string[] = [];
    for await (const { key } of this.#bucket.list(this.#keysBegin)) if (key !== this.#mark) keys.push(key);
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      if (performance.now() >= end) return false;
      await eachOf(keys.slice(from, from + AT_ONCE), (key) => this.#bucket.remove(key));
    }
    // Last: until then, whoever comes next finds what is left.
    await this.#bucket.remove(this.#mark);
    return true;
  }

  get #mark(): string {
    return `${this.#keysBegin}${UNFINISHED}`;
  }

  workFolder(): Promise<WorkFolder> {
    return this.#area.create();
  }

  async stage(): Promise<S3Staging> {
    return new S3Staging(this, await this.workFolder());
  }

  sweep(putBack: (moved: readonly string[]) => Promise<void>): Promise<void> {
    return this.#area.sweep(async (path) => {
      const lines = (await readFile(join(path, SENT_NAME), 'utf8').catch(() => '')).split('\n');
      const sent = lines.map((line) => SENT_LINE.exec(line)).filter((match) => match !== null);
      for (const [, sha256 = '', upload] of sent) if (upload !== undefined) await this.#bucket.abort(this.#keyOf(sha256), upload);
      if (sent.length > 0) await putBack([...new Set(sent.map(([, sha256 = '']) => sha256))]);
    });
  }

  /** Sends a staged file. @throws LPX_FILE_CHANGED when it is not the one of its hash */
  async send({ sha256, bytes, stagedAt }: StagedFile & { readonly stagedAt: string }, onUpload: (line: string) => Promise<void>) {
    const source = await StagedSource.open(stagedAt, bytes, sha256);
    try {
      const onPart = (upload: string) => onUpload(`${sha256} ${upload}`);
      await this.#bucket.write(this.#keyOf(sha256), source, sha256, onPart);
    } finally {
      await source.close();
    }
  }

  /**
   * Whether a content is there, as far as its size says: it was proven when it was sent, and is whenever it is read. Within a change: it
   * does not wait long.
   */
  async seemsHeld({ sha256, bytes }: Pick<StagedFile, 'sha256' | 'bytes'>): Promise<boolean> {
    return (await this.#bucket.sizeOf(this.#keyOf(sha256), this.#bucket.brief())) === bytes;
  }

  get #keysBegin(): string {
    const { prefix } = this.#bucket.location;
    return prefix === '' ? '' : `${prefix}/`;
  }

  #keyOf(sha256: string): string {
    return `${this.#keysBegin}${isContentName(sha256) ? `${sha256.slice(0, 2)}/${sha256}` : NOWHERE}`;
  }

  /** Reads a content to its end. @returns the SHA-256 of what came; undefined where there is none */
  async #hashed(sha256: string, begin: () => (bytes: Uint8Array) => void): Promise<string | undefined> {
    let hash = createHash('sha256');
    const isThere = await this.#bucket.read(this.#keyOf(sha256), () => {
      hash = createHash('sha256');
      const take = begin();
      return (bytes) => {
        hash.update(bytes);
        take(bytes);
      };
    });
    return isThere ? hash.digest('hex') : undefined;
  }
}

const PROBE_CONTENT = Buffer.from('lpx');
const PROBE_SHA256 = createHash('sha256').update(PROBE_CONTENT).digest('hex');
const PROBE: S3Source = { bytes: PROBE_CONTENT.length, next: async () => PROBE_CONTENT, prove: () => {} };

export class S3Staging implements Staging {
  readonly needsSha256 = true;
  readonly #vault: S3Vault;
  readonly #work: WorkFolder;
  /** Contents that were sent, or may have been, and that no record names yet. */
  readonly #unnamed = new Set<string>();
  readonly #kept = new Set<string>();
  readonly #finished: () => void;
  #count = 0;

  constructor(vault: S3Vault, work: WorkFolder) {
    this.#vault = vault;
    this.#work = work;
    this.#finished = whenInterrupted(() => {
      if (this.#unnamed.size > 0) this.#removeStaged();
    });
  }

  nextPath(): string {
    return join(this.#work.path, String(this.#count++));
  }

  /** The server makes it last. */
  secure(): void {}

  async secured(files: readonly StagedFile[]): Promise<void> {
    await this.#send(files);
  }

  async keepAll(files: readonly StagedFile[]): Promise<void> {
    const staged = distinctStaged(files);
    const missing: StagedFile[] = [];
    await eachOf(staged, async (file) => {
      if (!(await this.#vault.seemsHeld(file))) missing.push(file);
    });
    await this.#send(missing);
    for (const { sha256 } of staged) this.#kept.add(sha256);
  }

  committed(): void {
    for (const sha256 of this.#kept) this.#unnamed.delete(sha256);
  }

  async discard(): Promise<void> {
    this.#finished();
    if (this.#unnamed.size === 0) return this.#work.remove();
    this.#removeStaged();
    await this.#work.leave();
  }

  async #send(files: readonly StagedFile[]): Promise<void> {
    const staged = distinctStaged(files);
    if (staged.length === 0) return;
    // What is sent outlives this process: the folder says what it was.
    for (const { sha256 } of staged) this.#unnamed.add(sha256);
    this.#work.outliveInterruption();
    await this.#note(staged.map(({ sha256 }) => sha256));
    await eachOf(staged, (file) => this.#vault.send(file, (line) => this.#note([line])));
  }

  async #note(lines: readonly string[]): Promise<void> {
    const file = join(this.#work.path, SENT_NAME);
    await appendFile(file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600, flush: true }).catch((error) => {
      throw fileError(error, file, 'writing');
    });
  }

  #removeStaged(): void {
    for (let i = 0; i < this.#count; i++) rmSync(join(this.#work.path, String(i)), { force: true });
  }
}

/** The files that are staged, each content once: records may share it. */
const distinctStaged = (files: readonly StagedFile[]) =>
  [...new Map(files.map((file) => [file.sha256, file])).values()].filter(
    (file): file is StagedFile & { readonly stagedAt: string } => file.stagedAt !== undefined,
  );

/** A staged file as it is sent. */
class StagedSource implements S3Source {
  readonly bytes: number;
  readonly #file: string;
  readonly #sha256: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');

  private constructor(file: string, bytes: number, { sha256, handle }: { readonly sha256: string; readonly handle: FileHandle }) {
    this.#file = file;
    this.bytes = bytes;
    this.#sha256 = sha256;
    this.#handle = handle;
  }

  static async open(file: string, bytes: number, sha256: string): Promise<StagedSource> {
    const handle = await open(file, 'r').catch((error) => {
      throw fileError(error, file);
    });
    return new StagedSource(file, bytes, { sha256, handle });
  }

  /** @throws LPX_FILE_CHANGED when it has become shorter; LPX_FILE_UNREADABLE */
  async next(bytes: number): Promise<Buffer> {
    const into = Buffer.allocUnsafe(bytes);
    for (let done = 0; done < bytes; ) {
      const { bytesRead } = await this.#handle.read(into, done, bytes - done).catch((error) => {
        throw fileError(error, this.#file);
      });
      if (bytesRead === 0) throw new LpxError('LPX_FILE_CHANGED', { file: this.#file });
      done += bytesRead;
    }
    this.#hash.update(into);
    return into;
  }

  /** @throws LPX_FILE_CHANGED */
  prove(): void {
    if (this.#hash.digest('hex') !== this.#sha256) throw new LpxError('LPX_FILE_CHANGED', { file: this.#file });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Runs `work` for each item, several at a time. @throws the first error, once what is under way has ended */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const next = items[Symbol.iterator]();
  const lane = async () => {
    for (const item of next) {
      if (failures.length > 0) return;
      await work(item).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
}

/** @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
function writing(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw fileError(error, file, 'writing');
  }
}
