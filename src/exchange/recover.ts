/**
 * Brings back files that the vault has lost or not whole, from any true copy: a content is the one of its hash, wherever it lay and
 * whatever it was called. Records, their certification and their course codes stay as they are.
 */

import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type HeapContent, type HeapReport, type HeapSearch, type Sought, searchHeap } from '../package/heap.js';
import { PasswordBook } from '../package/password-book.js';
import type { Password } from '../package/password-source.js';
import { readPasswords } from '../roster/password-tables.js';
import type { Staging } from '../store/attachments.js';
import type { FileOwner, NeededFile } from '../store/needed-files.js';
import type { Store } from '../store/store.js';
import { UNWRAPPED, WorkFolder } from '../store/work-folder.js';
import { ZipEngine } from '../zip/engine.js';

export interface RecoverRequest {
  /** Folders and files that may have copies. */
  readonly paths: readonly string[];
  /** Passwords that are tried on every encrypted ZIP. */
  readonly passwords: readonly Password[];
  /** A table of passwords, or a folder of them (`readPasswords`), which are tried in the same way; undefined for none. */
  readonly passwordTable?: string | undefined;
  /** Look for the files and change nothing. */
  readonly dryRun: boolean;
  readonly now: Date;
  /** Who recovers, for the history. */
  readonly operator: string;
  readonly onProgress?: ((phase: 'checking' | 'searching', done: number, total: number) => void) | undefined;
}

/** A file of a record that the vault lacks or has broken. */
export interface LackingFile extends FileOwner {
  readonly state: 'lost' | 'broken';
  readonly bytes: number;
  readonly md5: string;
}

export interface RecoveredFile extends LackingFile {
  /** Where the copy lay; in a ZIP, with ` » ` between. */
  readonly from: string;
}

export interface RecoverResult {
  readonly dryRun: boolean;
  /** How many contents the records of the store need, and how many of them the vault lacked. */
  readonly needed: number;
  readonly lacking: number;
  /** Files that are back, or would be, each for every record that has it. */
  readonly recovered: readonly RecoveredFile[];
  readonly missing: readonly LackingFile[];
  /** What of the heap was looked at. Undefined when the vault lacks nothing, and nothing was searched. */
  readonly heap: HeapReport | undefined;
  /** Contents of the heap that are back, without doubles. */
  readonly contents: number;
  /** Its number in the history; 0 when nothing came back. */
  readonly historyId: number;
}

/** So many contents are put in their places at a time. */
const KEPT_TOGETHER = 256;

/**
 * Searches a heap for what the vault lacks, and puts in its place what fits by SHA-256. Each file is put in its place whole, or not at
 * all: cut short at any moment, the next run does the rest.
 * @throws as `searchHeap` and `readPasswords`; LPX_STORE_BUSY, LPX_STORE_DAMAGED, LPX_FILE_UNREADABLE
 */
export async function recoverFiles(store: Store, request: RecoverRequest): Promise<RecoverResult> {
  const { dryRun, onProgress } = request;
  const listed = request.passwordTable === undefined ? [] : await readPasswords(request.passwordTable);
  const needed = await store.neededFiles();
  const lacking = await lackingOf(store, needed, (done) => onProgress?.('checking', done, needed.length));
  const owners = await store.fileOwners(new Set(lacking.keys()));
  const found = new Map<string, string>();
  const heap = lacking.size === 0 ? undefined : await search();
  const files = owners.flatMap((owner): LackingFile[] => {
    const file = lacking.get(owner.sha256);
    return file ? [{ ...owner, state: file.state, bytes: file.bytes, md5: file.md5 }] : [];
  });
  const recovered = files.flatMap((file): RecoveredFile[] => {
    const from = found.get(file.sha256);
    return from === undefined ? [] : [{ ...file, from }];
  });
  const missing = files.filter(({ sha256 }) => !found.has(sha256));
  const result = { dryRun, needed: needed.length, lacking: lacking.size, recovered, missing, heap, contents: found.size };
  return { ...result, historyId: dryRun || found.size === 0 ? 0 : await record(store, request, result) };

  async function search(): Promise<HeapReport> {
    const engine = new ZipEngine();
    engine.expect(Number.MAX_SAFE_INTEGER);
    const staging = await store.attachments.stage();
    const bringing = new Bringing(store, staging, { lacking, found, dryRun });
    const passwords = new PasswordBook(listed, [...request.passwords, ...listed.map(({ password }) => password)]);
    const searching: HeapSearch = {
      engine,
      passwords,
      marks: [],
      without: new Set([realpathSync(store.folder)]),
      nextPath: () => staging.nextPath(),
      makeFolder: () => WorkFolder.create(UNWRAPPED.parent(), UNWRAPPED.prefix),
      onProgress: (done, total) => onProgress?.('searching', done, total),
    };
    try {
      const report = await searchHeap(request.paths, bringing, searching);
      await bringing.keep();
      return report;
    } finally {
      await engine.close();
      await staging.discard();
    }
  }
}

interface Lacking extends NeededFile {
  readonly state: 'lost' | 'broken';
}

/** What the vault lacks of what the records need. @throws LPX_FILE_UNREADABLE */
async function lackingOf(
  { attachments }: Store,
  needed: readonly NeededFile[],
  onChecked: (done: number) => void,
): Promise<ReadonlyMap<string, Lacking>> {
  const lacking = new Map<string, Lacking>();
  for (const [i, file] of needed.entries()) {
    const state = await attachments.check(file.sha256);
    if (state !== 'sound') lacking.set(file.sha256, { ...file, state });
    onChecked(i + 1);
  }
  return lacking;
}

/** What is sought, and what becomes of it when it is found. */
class Bringing implements Sought {
  readonly #store: Store;
  readonly #staging: Staging;
  readonly #dryRun: boolean;
  readonly #lacking: ReadonlyMap<string, Lacking>;
  readonly #found: Map<string, string>;
  /** What has not been found yet, by size. */
  readonly #bySize = new Map<number, Set<Lacking>>();
  readonly #staged: { readonly sha256: string; readonly bytes: number; readonly stagedAt: string }[] = [];
  /** Contents are put in their places by one at a time. */
  #keeping: Promise<void> = Promise.resolve();

  constructor(
    store: Store,
    staging: Staging,
    {
      lacking,
      found,
      dryRun,
    }: { readonly lacking: ReadonlyMap<string, Lacking>; readonly found: Map<string, string>; readonly dryRun: boolean },
  ) {
    this.#store = store;
    this.#staging = staging;
    this.#lacking = lacking;
    this.#found = found;
    this.#dryRun = dryRun;
    for (const file of lacking.values()) {
      const same = this.#bySize.get(file.bytes);
      if (same) same.add(file);
      else this.#bySize.set(file.bytes, new Set([file]));
    }
  }

  count(bytes: number, crc32: number | undefined): number {
    const same = this.#bySize.get(bytes);
    if (!same || crc32 === undefined) return same?.size ?? 0;
    return [...same].filter((file) => file.crc32 === undefined || file.crc32 === crc32).length;
  }

  isEmpty(): boolean {
    return this.#bySize.size === 0;
  }

  async take(contents: readonly HeapContent[]): Promise<void> {
    for (const { taken, stagedAt, from } of contents) {
      const file = this.#lacking.get(taken.sha256);
      const same = this.#bySize.get(taken.bytes);
      if (!file || !same?.delete(file)) {
        await rm(stagedAt, { force: true });
        continue;
      }
      if (same.size === 0) this.#bySize.delete(taken.bytes);
      this.#found.set(taken.sha256, from);
      if (this.#dryRun) {
        await rm(stagedAt, { force: true });
        continue;
      }
      this.#staging.secure(stagedAt);
      this.#staged.push({ sha256: taken.sha256, bytes: taken.bytes, stagedAt });
    }
    if (this.#staged.length >= KEPT_TOGETHER) await this.keep();
  }

  /** Puts what was found in its place. */
  keep(): Promise<void> {
    const files = this.#staged.splice(0);
    const keeping = this.#keeping.then(() => this.#keep(files));
    this.#keeping = keeping.catch(() => {});
    return keeping;
  }

  async #keep(files: readonly { readonly sha256: string; readonly bytes: number; readonly stagedAt: string }[]): Promise<void> {
    if (files.length === 0) return;
    await this.#staging.secured(files);
    await this.#store.change(async (change) => {
      // A record may have been erased since: then nobody needs its file.
      const known = await change.knownFiles(files.map(({ sha256 }) => sha256));
      await this.#staging.keepAll(files.filter(({ sha256 }) => known.has(sha256)));
      return { keep: false, result: undefined };
    });
    this.#staging.committed();
  }
}

/** Enters a recovery into the history, with the students whose files are back. */
const record = (
  store: Store,
  { paths, now, operator }: RecoverRequest,
  { recovered, missing, contents }: Pick<RecoverResult, 'recovered' | 'missing' | 'contents'>,
): Promise<number> =>
  store.change(async (change) => {
    const details = { files: contents, byMd5: 0, missing: new Set(missing.map(({ sha256 }) => sha256)).size };
    const [path, ...others] = paths;
    const file = path !== undefined && others.length === 0 ? basename(path) : '';
    const historyId = await change.addHistory({ kind: 'recover', at: now, operator, file, bytes: 0, details });
    const files = new Map<number, number>();
    for (const { studentId } of recovered) files.set(studentId, (files.get(studentId) ?? 0) + 1);
    for (const [studentId, attachments] of files)
      await change.addHistoryStudent(historyId, studentId, { courseResults: 0, multiPerformances: 0, attachments });
    return { keep: true, result: historyId };
  });
