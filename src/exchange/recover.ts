/**
 * Brings back files that the vault has lost or not whole, from any true copy: a content is the one of its hash, wherever it lay and
 * whatever it was called. Records, their certification and their course codes stay as they are.
 */

import { existsSync, realpathSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Repository } from '../backup/repository.js';
import { LpxError } from '../errors.js';
import type { Identities } from '../io/age.js';
import { fileError } from '../io/file-error.js';
import { type HeapContent, type HeapReport, type Sought, searchHeap } from '../package/heap.js';
import { PasswordBook } from '../package/password-book.js';
import type { Password } from '../package/password-source.js';
import { type ListedPassword, readPasswords } from '../roster/password-tables.js';
import { extensionOf, judgeFile, MARKS } from '../spec/rules/file-type.js';
import { UNWRAPPED, WorkFolder } from '../store/processes/work-folder.js';
import { paidRecord } from '../store/records/compare-records.js';
import type { FileOwner, NeededFile, OwedByRecord } from '../store/records/needed-files.js';
import type { Store, StoreChange, StoredAttachment } from '../store/store.js';
import type { Staging } from '../store/vault/attachments.js';
import { ZipEngine } from '../zip/engine.js';
import type { Taken } from '../zip/threads/jobs.js';

export interface RecoverRequest {
  /** Folders and files that may have copies. */
  readonly paths: readonly string[];
  /** Passwords that are tried on every encrypted ZIP. */
  readonly passwords: readonly Password[];
  /** A table of passwords, or a folder of them (`readPasswords`), which are tried in the same way; undefined for none. */
  readonly passwordTable?: string | undefined;
  /** What opens encrypted backups. */
  readonly identities?: Identities | undefined;
  /** Look for the files and change nothing. */
  readonly dryRun: boolean;
  readonly now: Date;
  /** Who recovers, for the history. */
  readonly operator: string;
  readonly onProgress?: ((phase: 'checking' | 'searching', done: number, total: number) => void) | undefined;
}

/** A file of a record that the store lacks: the vault has lost it or broken it, or the record is owed it since it came. */
export interface LackingFile extends Omit<FileOwner, 'sha256'> {
  readonly state: 'lost' | 'broken' | 'owed';
  /** By what a copy is recognised; `nothing` where its document did not say its MD5: only a package that brings its record pays it. */
  readonly knownBy: 'sha256' | 'md5' | 'nothing';
  /** Empty for one that is owed. */
  readonly sha256: string;
  readonly md5: string;
  /** Undefined where nothing says it. */
  readonly bytes: number | undefined;
}

export interface RecoveredFile extends LackingFile {
  /** Where the copy lay: in a ZIP, with ` » ` between; empty where the store itself had it. */
  readonly from: string;
}

interface SearchedHeap extends HeapReport {
  readonly sealed: readonly string[];
}

export interface RecoverResult {
  readonly dryRun: boolean;
  /** How many contents the records of the store need; how many of them the store lacked; and how many of those are back, or would be. */
  readonly needed: number;
  readonly lacking: number;
  readonly contents: number;
  /** Files that are back, or would be, each for every record that has it. */
  readonly recovered: readonly RecoveredFile[];
  readonly missing: readonly LackingFile[];
  /** What of the heap was looked at, and encrypted backups that no identity opens. Undefined when there was nothing to look for. */
  readonly heap: SearchedHeap | undefined;
  /** Its number in the history; 0 when nothing came back. */
  readonly historyId: number;
}

/** So many contents are put in their places at a time: every time, nearly all folders of the vault are synced. */
const KEPT_TOGETHER = 4096;

/**
 * Searches a heap for what the vault lacks, and puts in its place what fits by SHA-256. Each file is put in its place whole, or not at
 * all: cut short at any moment, the next run does the rest.
 * @throws LPX_FILE_NOT_FOUND for a path that is not there, before anything is read; as `searchHeap` and `readPasswords`; LPX_STORE_BUSY, LPX_STORE_DAMAGED, LPX_FILE_UNREADABLE
 */
export async function recoverFiles(store: Store, request: RecoverRequest): Promise<RecoverResult> {
  const { dryRun, onProgress, paths } = request;
  // Also where nothing is lacking: the path may be mistyped.
  for (const path of paths) await refuseMissing(path);
  const listed = request.passwordTable === undefined ? [] : await readPasswords(request.passwordTable);
  const needed = await store.neededFiles();
  const lacking = await lackingOf(store, needed, (done) => onProgress?.('checking', done, needed.length));
  const owed = await store.owedFiles();
  const staging = await store.attachments.stage();
  const bringing = new Bringing(store, staging, { lacking, owed, dryRun });
  try {
    for (const file of needed) if (!lacking.has(file.sha256)) bringing.offerHeld(file);
    const heap = bringing.isEmpty() ? undefined : await search(store, request, { bringing, staging, listed });
    const files = await lackingFiles(store, { lacking, owed });
    const recovered = files.flatMap((file): RecoveredFile[] => {
      const from = bringing.found.get(keyOf(file));
      return from === undefined ? [] : [{ ...file, from }];
    });
    const missing = files.filter((file) => !bringing.found.has(keyOf(file)));
    const counts = { needed: needed.length, lacking: lacking.size + new Set(owed.map(owedKey)).size, contents: bringing.found.size };
    const result = { ...counts, dryRun, recovered, missing, heap };
    const isChanged = bringing.found.size > 0 && !dryRun;
    return { ...result, historyId: isChanged ? await bringing.record(request, result) : 0 };
  } finally {
    await bringing.ended();
    await staging.discard();
  }
}

/** @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE */
const refuseMissing = async (path: string): Promise<void> => {
  await stat(path).catch((error) => {
    throw fileError(error, path, 'reading');
  });
};

interface Searching {
  readonly bringing: Bringing;
  readonly staging: Staging;
  readonly listed: readonly ListedPassword[];
}

async function search(
  store: Store,
  { paths, passwords, identities, onProgress }: RecoverRequest,
  { bringing, staging, listed }: Searching,
): Promise<SearchedHeap> {
  const sealed: string[] = [];
  for (const path of paths) if (await isSealedBackup(path, identities, { bringing, staging })) sealed.push(path);
  const engine = new ZipEngine();
  engine.expect(Number.MAX_SAFE_INTEGER);
  try {
    const report = await searchHeap(paths, bringing, {
      engine,
      passwords: new PasswordBook(listed, [...passwords, ...listed.map(({ password }) => password)]),
      // What is known by its SHA-256 was looked into when it first came.
      bare: !bringing.isOwing,
      marks: bringing.isOwing ? MARKS : [],
      without: new Set(existsSync(store.folder) ? [realpathSync(store.folder)] : []),
      nextPath: () => staging.nextPath(),
      makeFolder: () => WorkFolder.create(UNWRAPPED.parent(), UNWRAPPED.prefix),
      onProgress: (done, total) => onProgress?.('searching', done, total),
    });
    return { ...report, sealed };
  } finally {
    await engine.close();
  }
}

/**
 * Takes what is sought out of an encrypted backup. The files of any other backup lie in it as they are, for the search to find.
 * @returns whether it is one, and no identity opens it
 */
async function isSealedBackup(
  folder: string,
  identities: Identities | undefined,
  { bringing, staging }: Pick<Searching, 'bringing' | 'staging'>,
): Promise<boolean> {
  const repository = await Repository.open({ folder, identities }).catch((error) => {
    if (error instanceof LpxError && error.code === 'LPX_RECIPIENT_OTHER') return 'sealed';
    if (error instanceof LpxError && (error.code === 'LPX_BACKUP_NOT_FOUND' || error.code === 'LPX_BACKUP_DAMAGED')) return undefined;
    throw error;
  });
  if (repository === 'sealed') return true;
  if (!repository?.isEncrypted) return false;
  if (!identities) return true;
  for (const { sha256, md5, bytes, crc32 } of bringing.sought()) {
    if (!repository.hasFile(repository.nameOf(sha256), bytes)) continue;
    const stagedAt = staging.nextPath();
    // A damaged object is none: another copy may be elsewhere.
    const isWhole = await repository.readFile(sha256, bytes, stagedAt).then(
      () => true,
      (error) => {
        if (error instanceof LpxError && error.code === 'LPX_BACKUP_DAMAGED') return false;
        throw error;
      },
    );
    const taken = { sha256, md5, bytes, crc32, head: Buffer.alloc(0), marks: [] };
    if (isWhole) await bringing.take([{ taken, stagedAt, from: folder }]);
  }
  return false;
}

/** All that the store lacks, for every record, by student. */
async function lackingFiles(
  store: Store,
  { lacking, owed }: { readonly lacking: ReadonlyMap<string, Lacking>; readonly owed: readonly OwedByRecord[] },
): Promise<LackingFile[]> {
  const owners = await store.fileOwners(new Set(lacking.keys()));
  const lost = owners.flatMap((owner): LackingFile[] => {
    const file = lacking.get(owner.sha256);
    return file ? [{ ...owner, state: file.state, knownBy: 'sha256', md5: file.md5, bytes: file.bytes }] : [];
  });
  const debts = owed.map(
    ({ why: _, historyId: __, bytes, ...file }): LackingFile => ({
      ...file,
      state: 'owed',
      knownBy: file.md5 === '' ? 'nothing' : 'md5',
      sha256: '',
      bytes,
    }),
  );
  return [...lost, ...debts].sort((a, b) => (a.nationalId < b.nationalId ? -1 : a.nationalId > b.nationalId ? 1 : 0));
}

/** What tells contents apart that are lacking: those that nothing is known of, each is another. */
const keyOf = (file: Pick<LackingFile, 'sha256' | 'md5' | 'record' | 'slot'>): string => file.sha256 || owedKey(file);
const owedKey = ({ md5, record, slot }: Pick<LackingFile, 'md5' | 'record' | 'slot'>): string =>
  md5 || `${record.provenance} ${record.id} ${slot}`;

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

/** A content that was found and is on its way into the vault. */
interface Found {
  readonly sha256: string;
  readonly bytes: number;
  readonly stagedAt: string;
}

/** A content that records are owed; staged, unless the vault has it. */
interface Payment {
  readonly content: Omit<StoredAttachment, 'type' | 'name'> & { readonly stagedAt: string | undefined };
  readonly typeFor: (name: string) => string;
  readonly owed: readonly OwedByRecord[];
}

/** What is sought, and what becomes of it when it is found. */
class Bringing implements Sought {
  readonly #store: Store;
  readonly #staging: Staging;
  readonly #dryRun: boolean;
  readonly #lacking: ReadonlyMap<string, Lacking>;
  /** What has not been found yet: by size, and by MD5 what is owed. */
  readonly #bySize = new Map<number, Set<Lacking>>();
  readonly #owed = new Map<string, OwedByRecord[]>();
  /** Where each content was found, by `keyOf`. */
  readonly found = new Map<string, string>();
  readonly #staged: Found[] = [];
  readonly #payments: Payment[] = [];
  /** Contents are put in their places by one at a time. */
  #keeping: Promise<void> = Promise.resolve();

  constructor(
    store: Store,
    staging: Staging,
    sought: { readonly lacking: ReadonlyMap<string, Lacking>; readonly owed: readonly OwedByRecord[]; readonly dryRun: boolean },
  ) {
    this.#store = store;
    this.#staging = staging;
    this.#lacking = sought.lacking;
    this.#dryRun = sought.dryRun;
    for (const file of sought.lacking.values()) {
      const same = this.#bySize.get(file.bytes);
      if (same) same.add(file);
      else this.#bySize.set(file.bytes, new Set([file]));
    }
    for (const file of sought.owed) if (file.md5 !== '') this.#owed.set(file.md5, [...(this.#owed.get(file.md5) ?? []), file]);
  }

  get isOwing(): boolean {
    return this.#owed.size > 0;
  }

  /** The files that the vault lacks, and that have not been found yet. */
  sought(): Lacking[] {
    return [...this.#bySize.values()].flatMap((same) => [...same]);
  }

  isEmpty(): boolean {
    return this.#bySize.size === 0 && this.#owed.size === 0;
  }

  count(bytes: number, crc32: number | undefined): number {
    const same = [...(this.#bySize.get(bytes) ?? [])];
    const fitting = crc32 === undefined ? same : same.filter((file) => file.crc32 === undefined || file.crc32 === crc32);
    const owed = [...this.#owed.values()].filter(([file]) => file?.bytes === undefined || file.bytes === bytes);
    return fitting.length + owed.length;
  }

  /** A content that the vault has: a record may be owed it. */
  offerHeld({ sha256, md5, bytes, crc32 }: NeededFile): void {
    this.#pay({ sha256, md5, bytes, crc32, stagedAt: undefined }, extensionOf, '');
  }

  async take(contents: readonly HeapContent[]): Promise<void> {
    for (const { taken, stagedAt, from } of contents) if (!this.#takes(taken, stagedAt, from)) await rm(stagedAt, { force: true });
    if (this.#staged.length >= KEPT_TOGETHER) await this.#keepMeanwhile(this.#staged.splice(0));
  }

  /** Nothing is being put in its place any more. */
  async ended(): Promise<void> {
    await this.#keeping.catch(() => {});
  }

  /** @returns whether the copy is needed */
  #takes(taken: Taken, stagedAt: string, from: string): boolean {
    const { sha256, md5, bytes, crc32, head, marks } = taken;
    const file = this.#lacking.get(sha256);
    const same = this.#bySize.get(bytes);
    const isLacking = file !== undefined && same?.delete(file) === true;
    if (same?.size === 0) this.#bySize.delete(bytes);
    const verdictFor = (name: string) => judgeFile({ head, marks }, [name]);
    const isFit = () => !['active', 'other'].includes(verdictFor('').kind);
    const typeFor = (name: string) => {
      const { type } = verdictFor(name);
      return type === '' || type === 'empty' ? extensionOf(name) : type;
    };
    const isPaying =
      (isLacking || isFit()) && this.#pay({ sha256, md5, bytes, crc32, stagedAt: isLacking ? undefined : stagedAt }, typeFor, from);
    if (isLacking) {
      this.found.set(sha256, from);
      if (!this.#dryRun) this.#staged.push({ sha256, bytes, stagedAt });
    }
    if (this.#dryRun || !(isLacking || isPaying)) return false;
    this.#staging.secure(stagedAt);
    return true;
  }

  #pay(content: Payment['content'], typeFor: Payment['typeFor'], from: string): boolean {
    const owed = this.#owed.get(content.md5);
    if (!owed) return false;
    this.#owed.delete(content.md5);
    this.found.set(content.md5, from);
    this.#payments.push({ content, typeFor, owed });
    return true;
  }

  /**
   * Puts what was found in its place while the search goes on, though not twice at a time: it waits for what was begun before. What is
   * owed, and the rest of what was found, waits for `record`.
   */
  #keepMeanwhile(files: readonly Found[]): Promise<void> {
    const before = this.#keeping;
    this.#keeping = before.then(() => this.#keep(files));
    // Whoever waits for it next gets its failure.
    this.#keeping.catch(() => {});
    return before;
  }

  async #keep(files: readonly Found[]): Promise<void> {
    await this.#staging.secured(files);
    await this.#store.change(async (change) => {
      await this.#staging.keepAll(await stillNeeded(change, files));
      return { keep: false, result: undefined };
    });
    this.#staging.committed();
  }

  /**
   * Puts the rest of what was found in its place, gives records what they were owed, and enters the recovery into the history, with the
   * students whose files are back.
   */
  async record({ paths, now, operator }: RecoverRequest, { recovered, missing, contents }: Brought): Promise<number> {
    const details = { files: contents, byMd5: this.#payments.length, missing: new Set(missing.map(keyOf)).size };
    const [path, ...others] = paths;
    const file = path !== undefined && others.length === 0 ? basename(path) : '';
    const paying = this.#payments.map(({ content }) => content);
    const files = this.#staged.splice(0);
    await this.#keeping;
    await this.#staging.secured([...files, ...paying]);
    const historyId = await this.#store.change(async (change) => {
      const historyId = await change.addHistory({ kind: 'recover', at: now, operator, file, bytes: 0, details });
      const counts = new Map<number, number>();
      for (const { studentId } of recovered) counts.set(studentId, (counts.get(studentId) ?? 0) + 1);
      await change.addHistoryStudents(
        historyId,
        [...counts].map(([studentId, attachments]) => ({ studentId, attachments })),
      );
      await this.#staging.keepAll([...(await stillNeeded(change, files)), ...paying]);
      const held = await change.knownFiles(paying.map(({ sha256 }) => sha256));
      // What the vault held when it was looked for may have been erased since.
      const paid = this.#payments.filter(({ content }) => content.stagedAt !== undefined || held.has(content.sha256));
      for (const payment of paid) await payWith(change, payment, historyId);
      return { keep: true, result: historyId };
    });
    this.#staging.committed();
    return historyId;
  }
}

/** Those of the files that records name still: one may have been erased since, and then nobody needs its file. */
async function stillNeeded(change: StoreChange, files: readonly Found[]): Promise<Found[]> {
  const known = await change.knownFiles(files.map(({ sha256 }) => sha256));
  return files.filter(({ sha256 }) => known.has(sha256));
}

type Brought = Pick<RecoverResult, 'recovered' | 'missing' | 'contents'>;

/** Gives every record that is owed a content that content, unless it has been paid or taken out since. */
async function payWith(change: StoreChange, { content, typeFor, owed }: Payment, historyId: number): Promise<void> {
  const { stagedAt: _, ...facts } = content;
  for (const { nationalId, record, slot, name } of owed) {
    const student = await change.student(nationalId);
    const stored = student?.records.find(({ provenance, id }) => provenance === record.provenance && id === record.id);
    if (!stored?.record.owed?.some((file) => file.slot === slot && file.md5 === content.md5)) continue;
    const attachment: StoredAttachment = { ...facts, type: typeFor(name), name };
    await change.payRecord(stored, paidRecord(stored.record, { [slot]: attachment }), historyId);
  }
}
