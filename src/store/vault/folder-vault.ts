/**
 * A vault in a folder: `attachments/ab/ab12…`. A file is staged next to them, and renamed into place once all of its package is
 * known to be good. What was to be moved is written down before, so that a later process can put back what a killed one left.
 */
import { createHash } from 'node:crypto';
import { closeSync, fchmodSync, fstatSync, fsync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LpxError } from '../../errors.js';
import { copyHashed } from '../../io/copy.js';
import { fileError } from '../../io/file-error.js';
import { makeFolders } from '../../io/folders.js';
import { whenInterrupted } from '../../io/interruption.js';
import { syncFolder } from '../../io/publish.js';
import { openFile, readFrom } from '../../io/read.js';
import { type Access, accessFor, setMode } from '../access.js';
import type { Presence } from '../processes/presence.js';
import { WorkArea } from '../processes/work-area.js';
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
import { linkedFolders, requireOwnFolders } from './linked-folders.js';

/** As many as Node.js has threads for such calls. */
const SECURED_AT_ONCE = 4;
/** Bytes read at a time. */
const READ_BYTES = 1024 * 1024;
/** The folder of the files whose names begin so. */
const isShelf = (name: string): boolean => /^[0-9a-f]{2}$/.test(name);
const STAGING_PREFIX = 'staging-';
/** In a staging area: the SHA-256 of each file that is about to be moved, a line each. */
const MOVES_NAME = 'moves';

export class FolderVault implements AttachmentVault {
  readonly #folder: string;
  readonly #area: WorkArea;
  /** The modes of what is made in the vault. */
  readonly access: Access;

  /** @param presence says who lives, where computers share the folder */
  constructor(storeFolder: string, access: Access = accessFor(''), presence?: Presence) {
    this.#folder = join(storeFolder, 'attachments');
    this.access = access;
    this.#area = new WorkArea(this.#folder, STAGING_PREFIX, { access, presence });
  }

  get location(): string {
    return this.#folder;
  }

  locationOf(sha256: string): string {
    return isContentName(sha256) ? join(this.#folder, sha256.slice(0, 2), sha256) : join(this.#folder, NOWHERE);
  }

  async check(sha256: string, begin: () => (bytes: Uint8Array) => void = () => () => {}): Promise<'sound' | 'broken' | 'lost'> {
    const path = this.locationOf(sha256);
    // Thousands may be gone, and an error for each takes longer than everything else.
    const held = heldAt(path);
    if (held !== 'file') return held === 'nothing' ? 'lost' : 'broken';
    try {
      return (await sha256Of(path, begin())) === sha256 ? 'sound' : 'broken';
    } catch (error) {
      if (!(error instanceof LpxError)) throw error;
      if (error.code === 'LPX_FILE_NOT_FOUND') return 'lost';
      // A disk that cannot read it any more.
      if (error.facts.reason === 'EIO') return 'broken';
      throw error;
    }
  }

  async lost(sha256s: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(sha256s.filter((sha256) => heldAt(this.locationOf(sha256)) === 'nothing'));
  }

  async copyTo(sha256: string, to: string, entry: string): Promise<void> {
    const file = this.#fileOf(sha256, entry);
    const copied = await copyHashed(file, to).catch((error) => {
      const isLost = error instanceof LpxError && error.code === 'LPX_FILE_NOT_FOUND';
      throw isLost ? new LpxError('LPX_ATTACHMENT_LOST', { file, entry }, { cause: error }) : error;
    });
    if (copied !== sha256) throw new LpxError('LPX_ATTACHMENT_BROKEN', { file, entry });
  }

  /** Where a content is. @throws LPX_ATTACHMENT_BROKEN where a link, a pipe or a folder is in its place */
  #fileOf(sha256: string, entry: string): string {
    const file = this.locationOf(sha256);
    if (heldAt(file) === 'other') throw new LpxError('LPX_ATTACHMENT_BROKEN', { file, entry });
    return file;
  }

  async withLocal<T>(contents: readonly NamedContent[], _work: WorkFolder, reading: (pathOf: LocalPath) => Promise<T>): Promise<T> {
    for (const { sha256, path } of contents) this.#fileOf(sha256, path);
    return reading((sha256) => this.locationOf(sha256));
  }

  async read(sha256: string): Promise<Buffer | undefined> {
    const path = this.locationOf(sha256);
    return heldAt(path) === 'file' ? readFile(path).catch(() => undefined) : undefined;
  }

  async *list(): AsyncIterable<HeldContent> {
    const linked = new Set(linkedFolders(dirname(this.#folder)));
    if (linked.has(this.#folder)) return;
    for (const shelf of await namesIn(this.#folder, isShelf))
      for (const sha256 of linked.has(join(this.#folder, shelf)) ? [] : await namesIn(join(this.#folder, shelf), isContentName)) {
        const found = lstatSync(this.locationOf(sha256), { throwIfNoEntry: false });
        if (found?.isFile() && sha256.startsWith(shelf)) yield { sha256, bytes: found.size };
      }
  }

  close(): void {}

  async remove(sha256: string): Promise<void> {
    requireOwnFolders(dirname(this.#folder));
    const path = this.locationOf(sha256);
    requireContentName(sha256, path);
    await rm(path, { force: true }).catch((error) => {
      throw fileError(error, path, 'writing');
    });
  }

  async setAside(sha256: string): Promise<boolean> {
    requireOwnFolders(dirname(this.#folder));
    const aside = this.#asideOf(sha256);
    makeFolders(dirname(aside), this.access.folder);
    if (heldAt(aside) === 'nothing') await this.copyTo(sha256, aside, sha256).catch(() => {});
    if (heldAt(aside) === 'nothing') return false;
    await this.remove(sha256);
    return true;
  }

  async erase(sha256: string): Promise<void> {
    await this.remove(sha256);
    const aside = this.#asideOf(sha256);
    await rm(aside, { force: true }).catch((error) => {
      throw fileError(error, aside, 'writing');
    });
  }

  async markUnfinished(): Promise<void> {
    await this.#writing(this.#mark, () => writeFile(this.#mark, '', { mode: 0o600, flush: true }));
  }

  async markFinished(): Promise<void> {
    await this.#writing(this.#mark, () => rm(this.#mark, { force: true }));
    await syncFolder(dirname(this.#mark));
  }

  async removeUnfinished(): Promise<boolean> {
    if (heldAt(this.#mark) !== 'file') return true;
    requireOwnFolders(dirname(this.#folder));
    // The mark last: until then, whoever comes next finds what is left.
    for (const path of [this.#folder, dirname(this.#folder)]) await this.#writing(path, () => rm(path, { recursive: true, force: true }));
    return true;
  }

  get #mark(): string {
    return join(dirname(this.#folder), UNFINISHED);
  }

  async #writing(path: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error) => {
      throw fileError(error, path, 'writing');
    });
  }

  #asideOf(sha256: string): string {
    return join(dirname(this.#folder), 'quarantine', sha256);
  }

  async workFolder(): Promise<WorkFolder> {
    requireOwnFolders(dirname(this.#folder));
    return this.#area.create();
  }

  async stage(): Promise<FolderStaging> {
    return new FolderStaging(this, await this.workFolder());
  }

  async sweep(putBack: (moved: readonly string[]) => Promise<void>): Promise<void> {
    await this.#area.sweep(async (path) => {
      const moves = await readFile(join(path, MOVES_NAME), 'utf8').catch(() => '');
      const moved = moves.split('\n').filter(isContentName);
      if (moved.length > 0) await putBack(moved);
    });
  }
}

export class FolderStaging implements Staging {
  readonly needsSha256 = true;
  readonly #vault: FolderVault;
  readonly #work: WorkFolder;
  readonly #touched = new Set<string>();
  /** Files that stand in the vault now, and did not before. */
  readonly #moved = new Set<string>();
  readonly #finished: () => void;
  /** Files are secured a few at a time, or they would all be open at once. */
  readonly #lanes = Array.from({ length: SECURED_AT_ONCE }, () => Promise.resolve());
  #secured = 0;
  #count = 0;

  constructor(vault: FolderVault, work: WorkFolder) {
    this.#vault = vault;
    this.#work = work;
    this.#finished = whenInterrupted(() => this.putBack());
  }

  nextPath(): string {
    return join(this.#work.path, String(this.#count++));
  }

  /** Syncs a staged file to the disk in the background; `secured` waits for it. */
  secure(path: string): void {
    const lane = this.#secured++ % this.#lanes.length;
    const securing = (this.#lanes[lane] as Promise<void>).then(() => syncFile(path, this.#vault.access.file));
    securing.catch(() => {});
    this.#lanes[lane] = securing;
  }

  async secured(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  /** Writes down what is about to be moved, in case this process does not live to see it through. @throws LPX_DISK_FULL */
  async announce(sha256s: readonly string[]): Promise<void> {
    const file = join(this.#work.path, MOVES_NAME);
    await writeFile(file, sha256s.map((sha256) => `${sha256}\n`).join(''), { mode: 0o600, flush: true }).catch((error) => {
      throw fileError(error, file, 'writing');
    });
  }

  /**
   * Moves a secured file to its place, at once. It replaces what lies there: the staged content has just been proven, the
   * other may be broken. @throws LPX_DISK_FULL, LPX_WRITE_FAILED
   */
  keep(path: string, sha256: string): void {
    const target = this.#vault.locationOf(sha256);
    try {
      const shelf = dirname(target);
      if (lstatSync(shelf, { throwIfNoEntry: false })?.isFile()) rmSync(shelf);
      if (!this.#touched.has(shelf) && makeFolders(shelf, this.#vault.access.folder).length > 0) {
        setMode(shelf, this.#vault.access.folder);
        this.#touched.add(dirname(shelf));
      }
      const held = lstatSync(target, { throwIfNoEntry: false });
      if (held?.isDirectory()) rmSync(target, { recursive: true });
      renameSync(path, target);
      if (!held) this.#moved.add(target);
      this.#touched.add(shelf);
    } catch (error) {
      throw fileError(error, target, 'writing');
    }
  }

  /** Makes the moves last. */
  async settle(): Promise<void> {
    await Promise.all([...this.#touched].map(syncFolder));
  }

  /** Takes the moves back, at once. Within the change that they were made in: later, others may count on the files. */
  putBack(): void {
    for (const target of this.#moved) rmSync(target, { force: true });
    this.#moved.clear();
  }

  committed(): void {
    this.#moved.clear();
  }

  async keepAll(files: readonly StagedFile[]): Promise<void> {
    // Records may share a file.
    const staged = new Map(files.flatMap(({ stagedAt, sha256 }) => (stagedAt === undefined ? [] : [[stagedAt, sha256]])));
    if (staged.size === 0) return;
    await this.announce([...staged.values()]);
    try {
      for (const [path, sha256] of staged) this.keep(path, sha256);
      await this.settle();
    } catch (error) {
      this.putBack();
      throw error;
    }
  }

  async discard(): Promise<void> {
    await Promise.allSettled(this.#lanes);
    this.#finished();
    if (this.#moved.size > 0) await this.#work.leave();
    else await this.#work.remove();
  }
}

/**
 * What is in a content's place: a file; nothing, also where a folder around it is none; or a link, a pipe, a folder, which is not opened.
 * Where the system does not say, it is a file: reading it says what is wrong.
 */
function heldAt(path: string): 'file' | 'nothing' | 'other' {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found === undefined ? 'nothing' : found.isFile() ? 'file' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOTDIR' ? 'nothing' : code === 'ELOOP' ? 'other' : 'file';
  }
}

/** The SHA-256 of a plain file. @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE */
async function sha256Of(file: string, onBytes: (bytes: Uint8Array) => void): Promise<string> {
  const fd = openFile(file, 'r');
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(Math.min(fstatSync(fd).size + 1, READ_BYTES));
    for (let count = readFrom(fd, buffer, file); count > 0; count = readFrom(fd, buffer, file)) {
      const bytes = buffer.subarray(0, count);
      hash.update(bytes);
      onBytes(bytes);
      // Signals are heard between two steps.
      await setImmediate();
    }
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}

/** Those names in a folder that are wanted; none where there is no folder. @throws LPX_FILE_UNREADABLE */
async function namesIn(folder: string, isWanted: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(folder).catch((error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw fileError(error, folder);
  });
  return names.filter(isWanted);
}

const sync = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fsync(fd, (error) => (error ? reject(error) : resolve()));
  });

/** Gives a file its mode and brings it to the disk. */
async function syncFile(path: string, mode: number): Promise<void> {
  try {
    const fd = openSync(path, 'r+');
    try {
      fchmodSync(fd, mode);
      await sync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, path, 'writing');
  }
}
