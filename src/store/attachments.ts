/**
 * The files of the store, addressed by the SHA-256 of their content: `attachments/ab/ab12…`. A file is
 * first staged, and renamed into place once all of its package is known to be good; a leftover of a
 * killed process is swept by the next one.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fchmodSync, fsync, lstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LpxError } from '../errors.js';
import { fileError, markUnfinished, syncFolder } from '../files.js';
import { type Access, accessFor, setMode } from './access.js';

/** As many as Node.js has threads for such calls. */
const SECURED_AT_ONCE = 4;
/** Bytes read at a time. */
const READ_BYTES = 1024 * 1024;
const STAGING = /^staging-(\d+)-/;

export class AttachmentVault {
  readonly #folder: string;
  /** The modes of what is made in the vault. */
  readonly access: Access;

  constructor(storeFolder: string, access: Access = accessFor('')) {
    this.#folder = join(storeFolder, 'attachments');
    this.access = access;
  }

  pathOf(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }

  /**
   * Reads a file of the vault to its end: whether it is there, and its content still the one of its hash.
   * @throws LPX_FILE_UNREADABLE when the system does not let it be read
   */
  async check(sha256: string): Promise<'sound' | 'broken' | 'lost'> {
    const path = this.pathOf(sha256);
    try {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) hash.update(chunk);
      return hash.digest('hex') === sha256 ? 'sound' : 'broken';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return 'lost';
      // A folder in its place, or a disk that cannot read it any more.
      if (code === 'EISDIR' || code === 'EIO') return 'broken';
      throw fileError(error, path);
    }
  }

  /** A new staging area of this process. Sweeps those of processes that are gone. @throws LPX_DISK_FULL */
  async stage(): Promise<Staging> {
    try {
      if (await mkdir(this.#folder, { recursive: true, mode: this.access.folder })) setMode(this.#folder, this.access.folder);
      await this.#sweep();
      const folder = await mkdtemp(join(this.#folder, `staging-${process.pid}-`));
      setMode(folder, this.access.folder);
      return new Staging(this, folder);
    } catch (error) {
      throw storeFileError(error, this.#folder);
    }
  }

  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const pid = Number(STAGING.exec(name)?.[1] ?? Number.NaN);
      if (!Number.isNaN(pid) && !isRunning(pid)) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }
}

export class Staging {
  readonly #vault: AttachmentVault;
  readonly #folder: string;
  readonly #touched = new Set<string>();
  readonly #finished: () => void;
  /** Files are secured a few at a time, or they would all be open at once. */
  readonly #lanes = Array.from({ length: SECURED_AT_ONCE }, () => Promise.resolve());
  #secured = 0;
  #count = 0;

  constructor(vault: AttachmentVault, folder: string) {
    this.#vault = vault;
    this.#folder = folder;
    this.#finished = markUnfinished(folder);
  }

  /** A path for the next file. */
  nextPath(): string {
    return join(this.#folder, String(this.#count++));
  }

  /** Brings a staged file to the disk, beside whatever else is going on: `secured` waits for it. */
  secure(path: string): void {
    const lane = this.#secured++ % this.#lanes.length;
    const securing = (this.#lanes[lane] as Promise<void>).then(() => syncFile(path, this.#vault.access.file));
    securing.catch(() => {});
    this.#lanes[lane] = securing;
  }

  /** Waits until all that was to be secured is on the disk. @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
  async secured(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  /**
   * Moves a secured file to its place, at once. It replaces what lies there: the staged content has just been proven, the
   * other may be broken. @throws LPX_DISK_FULL, LPX_WRITE_FAILED
   */
  keep(path: string, sha256: string): void {
    const target = this.#vault.pathOf(sha256);
    try {
      const shelf = dirname(target);
      if (mkdirSync(shelf, { recursive: true, mode: this.#vault.access.folder })) {
        setMode(shelf, this.#vault.access.folder);
        this.#touched.add(dirname(shelf));
      }
      if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory()) rmSync(target, { recursive: true });
      renameSync(path, target);
      this.#touched.add(shelf);
    } catch (error) {
      throw storeFileError(error, target);
    }
  }

  /** Makes the moves last. */
  async settle(): Promise<void> {
    await Promise.all([...this.#touched].map(syncFolder));
  }

  async discard(): Promise<void> {
    await Promise.allSettled(this.#lanes);
    await rm(this.#folder, { recursive: true, force: true });
    this.#finished();
  }
}

const sync = promisify(fsync);

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
    throw storeFileError(error, path);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function storeFileError(error: unknown, path: string): unknown {
  const known = fileError(error, path);
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return known instanceof LpxError && known.code !== 'LPX_DISK_FULL'
    ? new LpxError('LPX_WRITE_FAILED', { file: basename(path), reason: code ?? '?' }, { cause: error })
    : known;
}
