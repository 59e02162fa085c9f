/**
 * Searches a heap of files for contents: folders at any depth, ZIPs and ZIPs in them, packages. Names say nothing there; what may be
 * sought is known by its size, and in a ZIP by its CRC-32, so that other files are not read. Nothing of the heap is changed.
 */
import { closeSync, openSync, readSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { listPlainFiles, type PlainFile } from '../io/plain-files.js';
import { openFile } from '../io/read.js';
import type { ZipEngine } from '../zip/engine.js';
import { DEFAULT_LIMITS, overLimit } from '../zip/limits.js';
import { readArchive, type ZipEntry } from '../zip/reader.js';
import { TAKEN_TOGETHER, type Taken } from '../zip/threads/jobs.js';
import type { Mark } from '../zip/threads/marks.js';
import { readAll } from './attachments.js';
import type { TemporaryFolder } from './open.js';
import { openingPassword } from './password-forms.js';
import { type PasswordFinder, passwordFrom } from './password-source.js';

/** A content of the heap, read to its end. */
export interface HeapContent {
  readonly taken: Taken;
  /** The copy of it that was made while it was read. */
  readonly stagedAt: string;
  /** Where it lies: a path; in a ZIP, that of the ZIP and its own there, with ` » ` between. */
  readonly from: string;
}

/** What is sought, for as long as it has not been found. */
export interface Sought {
  /** How many contents of such a size, and such a CRC-32 where that is known, are sought. */
  count(bytes: number, crc32: number | undefined): number;
  /** Takes contents that were read, whether or not they are sought. */
  take(contents: readonly HeapContent[]): Promise<void>;
  /** Whether there is nothing left to find. */
  isEmpty(): boolean;
}

export interface HeapSearch {
  readonly engine: ZipEngine;
  /** Passwords of packages, which are tried on every encrypted ZIP that may have something sought. */
  readonly passwords: PasswordFinder;
  /** Whether contents are known by their SHA-256 alone; else MD5 and start are needed, too. */
  readonly bare: boolean;
  /** What to look for in the contents. */
  readonly marks: readonly Mark[];
  /** Real paths of folders that are not part of the heap. */
  readonly without: ReadonlySet<string>;
  /** A path for the next copy. */
  nextPath(): string;
  /** A folder for ZIPs that are in others. */
  makeFolder(): Promise<TemporaryFolder>;
  /** Called with the bytes of the heap's files that are done with, and with those of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A part of the heap that could not be looked at. */
export interface Unread {
  readonly from: string;
  readonly error: LpxError;
}

export interface HeapReport {
  /** Files, those in ZIPs too, without the ZIPs. */
  readonly files: number;
  /** Bytes of the heap's files, ZIPs as they are. */
  readonly bytes: number;
  /** How many contents were read and hashed: the others have sizes that nothing sought has. */
  readonly hashed: number;
  readonly archives: number;
  /** ZIPs that may have something sought and that no password opens. */
  readonly locked: readonly string[];
  readonly unread: readonly Unread[];
}

/** ZIPs in each other. */
const NESTED_DEPTH = 4;
/** ZIPs in one file of the heap, at any depth. */
const NESTED_ARCHIVES = 1000;
/** Between the parts of a place in a ZIP. */
const INSIDE = ' » ';
const ZIP_START = Buffer.from('PK\x03\x04', 'latin1');

/**
 * Searches files and folders. What cannot be read is reported, and the search goes on.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE for a path that is given; LPX_DISK_FULL, LPX_WRITE_FAILED; what `sought` throws
 */
export async function searchHeap(paths: readonly string[], sought: Sought, search: HeapSearch): Promise<HeapReport> {
  const reading = new HeapReading(sought, search);
  try {
    return await reading.run(paths);
  } finally {
    await reading.close();
  }
}

/** What one file of the heap may still unpack to. */
interface Budget {
  archives: number;
  bytes: number;
}

const newBudget = (): Budget => ({ archives: NESTED_ARCHIVES, bytes: DEFAULT_LIMITS.totalBytes });

class HeapReading {
  readonly #sought: Sought;
  readonly #search: HeapSearch;
  readonly #locked: string[] = [];
  readonly #unread: Unread[] = [];
  /** Paths of files that were read and do not start as a ZIP. */
  readonly #otherKinds = new Set<string>();
  #folder: TemporaryFolder | undefined;
  /** What ends the search: taking in what was found has failed. */
  #failure: unknown;
  #files = 0;
  #hashed = 0;
  #archives = 0;
  #unpacked = 0;

  constructor(sought: Sought, search: HeapSearch) {
    this.#sought = sought;
    this.#search = search;
  }

  async run(paths: readonly string[]): Promise<HeapReport> {
    const listed = new Map<string, PlainFile>();
    for (const path of paths) {
      const { files, unreadable } = await listPlainFiles(path, this.#search.without);
      for (const file of files) listed.set(file.raw?.toString('latin1') ?? file.path, file);
      this.#unread.push(...unreadable.map((error) => ({ from: error.place.file ?? path, error })));
    }
    const files: HeapFile[] = [];
    for (const file of listed.values()) files.push({ path: await this.#readablePath(file), bytes: file.bytes, from: file.path });
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    let done = 0;
    const passed = (some: readonly HeapFile[]) => {
      done += some.reduce((sum, file) => sum + file.bytes, 0);
      this.#search.onProgress?.(done, bytes);
    };
    this.#files = files.length;
    const read = await this.#readFiles(files, passed);
    for (const file of files) {
      if (this.#sought.isEmpty()) break;
      if (file.bytes >= ZIP_START.length && !this.#otherKinds.has(file.path) && startsAsZip(file.path))
        await this.#readArchive({ file: file.path, from: file.from, depth: NESTED_DEPTH, budget: newBudget() });
      if (!read.has(file)) passed([file]);
    }
    return {
      files: this.#files,
      bytes,
      hashed: this.#hashed,
      archives: this.#archives,
      locked: this.#locked,
      unread: this.#unread,
    };
  }

  async close(): Promise<void> {
    await this.#folder?.remove();
  }

  /** @returns those that were read */
  /** Everything that reads takes paths as text: to a file whose path is none, a link leads. */
  async #readablePath({ path, raw }: PlainFile): Promise<string> {
    if (!raw) return path;
    this.#folder ??= await this.#search.makeFolder();
    const link = join(this.#folder.path, String(this.#unpacked++));
    symlinkSync(raw, link);
    return link;
  }

  async #readFiles(files: readonly HeapFile[], passed: (files: readonly HeapFile[]) => void): Promise<ReadonlySet<HeapFile>> {
    const { engine, bare } = this.#search;
    const read = new Set<HeapFile>();
    const countOf = ({ bytes }: HeapFile) => this.#sought.count(bytes, undefined);
    for (const round of rounds(files, ({ bytes }) => String(bytes), countOf)) {
      await readAll(round, {
        together: bare ? TAKEN_TOGETHER.bare : TAKEN_TOGETHER.hashed,
        threads: engine.threads,
        read: async (group) => {
          await this.#copy(group);
          for (const file of group) read.add(file);
          passed(group);
          return group;
        },
      });
    }
    return read;
  }

  /** Reads files together; where one of them cannot be read, each by itself. */
  async #copy(group: readonly HeapFile[]): Promise<void> {
    const { engine, bare, marks } = this.#search;
    const parts = group.map(({ path }) => ({ file: path, target: this.#search.nextPath() }));
    const originOf = (i: number) => ({ file: group[i]?.from ?? '', target: parts[i]?.target ?? '' });
    try {
      const results = await engine.run({ kind: 'copy', bare, marks, parts });
      const contents = results.flatMap((taken, i) => ('damage' in taken ? [] : [{ taken, ...originOf(i) }]));
      for (const [i, taken] of results.entries())
        if (!('damage' in taken) && !isZipStart(taken.head)) this.#otherKinds.add(parts[i]?.file ?? '');
      await this.#take(contents);
    } catch (error) {
      this.#requireUnreadable(error);
      const [only, ...others] = group;
      if (!only) throw error;
      if (others.length === 0) this.#unread.push({ from: only.from, error });
      else for (const file of group) await this.#copy([file]);
    }
  }

  async #take(contents: readonly ReadContent[]): Promise<void> {
    this.#hashed += contents.length;
    try {
      await this.#sought.take(contents.map(({ taken, target, file }) => ({ taken, stagedAt: target, from: file })));
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** @throws the error, unless it says that a part of the heap cannot be read */
  #requireUnreadable(error: unknown): asserts error is LpxError {
    if (error === this.#failure || !isUnreadable(error)) throw error;
  }

  async #readArchive(archive: HeapArchive): Promise<void> {
    const { file, from, depth } = archive;
    try {
      const { entries } = await readArchive(file);
      this.#archives++;
      const nested = depth > 0 ? entries.filter(({ name, size }) => size > 0 && /\.zip$/i.test(name)) : [];
      // ZIPs are none of the files: this one, and those in it.
      this.#files += entries.length - nested.length - (depth === NESTED_DEPTH ? 1 : 0);
      const wanted = entries.filter((entry) => this.#countOf(entry) > 0);
      const found = await this.#passwordFor(file, [...new Set([...wanted, ...nested])]);
      if (found === undefined) this.#locked.push(from);
      const isOpen = ({ encryption }: ZipEntry) => encryption === 'none' || found !== undefined;
      const password = found ?? Buffer.alloc(0);
      try {
        await this.#readEntries({ ...archive, password }, wanted.filter(isOpen));
        for (const entry of nested.filter(isOpen)) {
          if (this.#sought.isEmpty()) break;
          await this.#readNested({ ...archive, password }, entry);
        }
      } finally {
        password.fill(0);
      }
    } catch (error) {
      this.#requireUnreadable(error);
      this.#unread.push({ from, error });
    }
  }

  #countOf({ size, hasCrc, crc32 }: ZipEntry): number {
    return this.#sought.count(size, hasCrc ? crc32 : undefined);
  }

  /** The password that opens the entries; an empty one where none is encrypted; undefined where none fits. */
  async #passwordFor(file: string, entries: readonly ZipEntry[]): Promise<Buffer | undefined> {
    const encrypted = entries.filter(({ encryption }) => encryption !== 'none');
    if (encrypted.length === 0) return Buffer.alloc(0);
    const given = await this.#search.passwords.passwordsFor({ files: [basename(file)], md5: '' });
    const fd = openFile(file, 'r');
    try {
      for (const password of given) {
        const bytes = await passwordFrom(password);
        const opening = await openingPassword(fd, encrypted, bytes);
        if (opening) return opening.password;
        bytes.fill(0);
      }
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  async #readEntries({ file: zipFile, from, password }: OpenArchive, entries: readonly ZipEntry[]): Promise<void> {
    const { engine, bare, marks } = this.#search;
    const together = entries.some(({ encryption }) => encryption === 'zipcrypto') ? TAKEN_TOGETHER.decrypted : TAKEN_TOGETHER.hashed;
    const keyOf = ({ size, crc32 }: ZipEntry) => `${size} ${crc32}`;
    const read = async (group: readonly ZipEntry[]) => {
      const parts = group.map((entry) => ({ entry, target: this.#search.nextPath() }));
      const results = await engine.run({ kind: 'unpack', zipFile, password, known: true, bare, marks, parts });
      const contents: ReadContent[] = [];
      for (const [i, { entry, target }] of parts.entries()) {
        const taken = results[i];
        const file = `${from}${INSIDE}${entry.name}`;
        if (taken && 'damage' in taken) this.#addDamage(file, taken.damage.part);
        else if (taken) contents.push({ taken, target, file });
      }
      await this.#take(contents);
      return group;
    };
    for (const round of rounds(entries, keyOf, (entry) => this.#countOf(entry)))
      await readAll(round, { together, threads: engine.threads, read });
  }

  #addDamage(from: string, part: string): void {
    this.#unread.push({ from, error: new LpxError('LPX_ENTRY_DAMAGED', { part }, { place: { entry: from } }) });
  }

  async #readNested({ file: zipFile, from, depth, budget, password }: OpenArchive, entry: ZipEntry): Promise<void> {
    const name = `${from}${INSIDE}${entry.name}`;
    budget.archives--;
    budget.bytes -= entry.size;
    if (budget.archives < 0) throw overLimit('archives', NESTED_ARCHIVES + 1, NESTED_ARCHIVES);
    if (budget.bytes < 0) throw overLimit('total', DEFAULT_LIMITS.totalBytes - budget.bytes, DEFAULT_LIMITS.totalBytes);
    this.#folder ??= await this.#search.makeFolder();
    const target = join(this.#folder.path, `${this.#unpacked++}.zip`);
    const parts = [{ entry, target }];
    try {
      const [result] = await this.#search.engine.run({ kind: 'unpack', zipFile, password, known: false, marks: [], parts });
      if (result && 'damage' in result) this.#addDamage(name, result.damage.part);
      else await this.#readArchive({ file: target, from: name, depth: depth - 1, budget });
    } finally {
      await rm(target, { force: true });
    }
  }
}

/** A file of the heap. */
interface HeapFile {
  /** By which it is read. */
  readonly path: string;
  readonly bytes: number;
  /** What it is called in the report. */
  readonly from: string;
}

/** A ZIP of the heap. */
interface HeapArchive {
  readonly file: string;
  /** What it is called in the report. */
  readonly from: string;
  /** How many ZIPs may be in each other in it. */
  readonly depth: number;
  readonly budget: Budget;
}

/** The same with the password of its entries; an empty one where they are not encrypted. */
interface OpenArchive extends HeapArchive {
  readonly password: Buffer;
}

/** A content as it was read, and its copy. */
interface ReadContent {
  readonly taken: Taken;
  readonly target: string;
  readonly file: string;
}

/** Whether an error says that a part of the heap cannot be read, and not that something else is wrong. */
const isUnreadable = (error: unknown): error is LpxError =>
  error instanceof LpxError && !['LPX_DISK_FULL', 'LPX_WRITE_FAILED', 'LPX_INTERRUPTED', 'LPX_INTERNAL'].includes(error.code);

const isZipStart = (head: Uint8Array): boolean => ZIP_START.equals(head.subarray(0, ZIP_START.length));

function startsAsZip(path: string): boolean {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const start = Buffer.alloc(ZIP_START.length);
    return readSync(fd, start) === start.length && isZipStart(start);
  } catch (error) {
    if (fileError(error, path, 'reading') instanceof LpxError) return false;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Parts a list into rounds: of those that may be the same content, no more than are sought, and the others in later rounds, when most of
 * them are not sought any more.
 */
function* rounds<T>(items: readonly T[], keyOf: (item: T) => string, countOf: (item: T) => number): Generator<readonly T[]> {
  let open = items;
  for (let times = 1; ; times *= 2) {
    const taken = new Map<string, number>();
    const [round, later]: [T[], T[]] = [[], []];
    for (const item of open) {
      const count = countOf(item);
      if (count === 0) continue;
      const key = keyOf(item);
      const before = taken.get(key) ?? 0;
      taken.set(key, before + 1);
      (before < count * times ? round : later).push(item);
    }
    if (round.length === 0) return;
    yield round;
    open = later;
  }
}
