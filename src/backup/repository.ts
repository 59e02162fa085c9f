/**
 * A repository of backups: a folder of objects that never change, each named after its content, and of snapshots that name them. What two
 * backups have in common is there once. The layout is described in docs/backup.md, so that it can be read without lpx.
 */
import { createHmac } from 'node:crypto';
import { createReadStream, existsSync, lstatSync, renameSync, rmSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LpxError } from '../errors.js';
import { decryptStreamWith, decryptWith, encryptStreamTo, encryptTo, type Identities } from '../io/age.js';
import { fileError, writeError } from '../io/file-error.js';
import { syncFolder, writePart } from '../io/publish.js';
import type { Erasure } from '../store/erasure/erasure-list.js';
import { CONFIG, CONFIG_BYTES, type Config, configIn, makeConfig, makeSubfolder, SUBFOLDERS } from './config.js';
import { livingLocks, RepositoryLock } from './locks.js';
import { hashFile, hashOf, plainSize, readObject, sha256Of, unpacked, writeStream } from './object-files.js';

const NAME = /^[0-9a-f]{64}$/;
/** How the time of an erasure begins. */
const DAY = /^\d{4}-\d{2}-\d{2}/;
/** More than the rows of a chunk ever take, in bytes: a repository may have been made by anybody. */
export const CHUNK_LIMIT = 64 * 1024 * 1024;

/** What an object is: a file of a record; rows of a table; names of files. */
export type ObjectKind = 'objects' | 'rows' | 'lists';

/** Where the key of a repository is kept, for backups that have no identity at hand. */
export interface KeyKeeper {
  of(repository: string): Promise<string | undefined>;
  keep(repository: string, key: string): Promise<void>;
}

export interface OpenRequest {
  readonly folder: string;
  /** To whom a new repository encrypts; empty for nobody. */
  readonly recipients?: readonly string[];
  readonly identities?: Identities | undefined;
  readonly keys?: KeyKeeper | undefined;
}

export class Repository {
  readonly folder: string;
  readonly id: string;
  readonly isEncrypted: boolean;
  readonly #recipients: readonly string[];
  readonly #identities: Identities | undefined;
  /** 64 hex digits; undefined where nothing is encrypted, or nobody has given the key. */
  readonly #key: string | undefined;
  /** Folders in which something got its name. */
  readonly #touched = new Set<string>();
  /** What files under way begin with. */
  #token = '';
  #count = 0;
  /** Bytes of all files that were written. */
  bytesWritten = 0;
  filesWritten = 0;

  private constructor(folder: string, { id, encryption }: Config, key: string | undefined, identities: Identities | undefined) {
    this.folder = folder;
    this.id = id;
    this.isEncrypted = encryption !== undefined;
    this.#recipients = encryption?.recipients ?? [];
    this.#key = key;
    this.#identities = identities;
  }

  /** Runs what writes objects: whoever removes some waits, or is waited for. @throws LPX_BACKUP_BUSY */
  async writing<T>(work: () => Promise<T>): Promise<T> {
    const lock = (await RepositoryLock.take(this.folder, 'shared')) as RepositoryLock;
    this.#token = lock.token;
    try {
      await this.sweep();
      return await work();
    } finally {
      await lock.release();
    }
  }

  /** Whether a folder has a repository. */
  static isIn(folder: string): boolean {
    return existsSync(join(folder, CONFIG));
  }

  /**
   * Opens a repository, or makes one in a folder that is empty or missing.
   * @throws LPX_BACKUP_FOLDER for a folder of something else; LPX_RECIPIENT_WRONG; LPX_BACKUP_RECIPIENT when it encrypts to others than given;
   *   LPX_BACKUP_KEY without the key; LPX_WRITE_FAILED, LPX_DISK_FULL
   */
  static async openOrMake(request: OpenRequest): Promise<Repository> {
    const { folder, recipients = [] } = request;
    const made = Repository.isIn(folder) ? undefined : await makeConfig(folder, recipients);
    const config = await configIn(folder);
    // Who makes it has the key without an identity.
    if (made && made.id === config.id && config.encryption) await request.keys?.keep(made.id, made.key);
    const given = [...recipients].sort().join();
    if (given !== '' && given !== [...(config.encryption?.recipients ?? [])].sort().join())
      throw new LpxError('LPX_BACKUP_RECIPIENT', { folder });
    for (const name of SUBFOLDERS) makeSubfolder(folder, name);
    const repository = await Repository.#opened(request, config);
    if (repository.isEncrypted) repository.#requireKey();
    return repository;
  }

  /** Opens a repository that is there. Without identity or key, only what is not encrypted can be read. @throws LPX_BACKUP_NOT_FOUND, LPX_BACKUP_DAMAGED, LPX_RECIPIENT_OTHER */
  static async open(request: OpenRequest): Promise<Repository> {
    return Repository.#opened(request, await configIn(request.folder));
  }

  static async #opened({ folder, identities, keys }: OpenRequest, config: Config): Promise<Repository> {
    if (!config.encryption) return new Repository(folder, config, undefined, identities);
    const sealed = Buffer.from(config.encryption.key, 'base64');
    const kept = await keys?.of(config.id);
    const key = kept ?? (identities && (await decryptWith(identities, sealed, join(folder, CONFIG))).toString('latin1'));
    if (key !== undefined && !NAME.test(key)) throw new LpxError('LPX_BACKUP_DAMAGED', { file: join(folder, CONFIG) });
    if (key !== undefined && kept === undefined) await keys?.keep(config.id, key);
    return new Repository(folder, config, key, identities);
  }

  /** @throws LPX_BACKUP_KEY */
  #requireKey(): string {
    if (this.#key === undefined) throw new LpxError('LPX_BACKUP_KEY', { folder: this.folder });
    return this.#key;
  }

  #underKey(text: string): string {
    return createHmac('sha256', Buffer.from(this.#requireKey(), 'hex')).update(text).digest('hex');
  }

  /** The name of an object by the SHA-256 of its content: that itself; where objects are encrypted, under the repository's key. */
  nameOf(sha256: string): string {
    return this.isEncrypted ? this.#underKey(sha256) : sha256;
  }

  /** A code that only who has the repository's key can make; empty where nothing is encrypted. */
  macOf(text: string): string {
    return this.isEncrypted ? this.#underKey(`snapshot ${text}`) : '';
  }

  pathOf(kind: ObjectKind, name: string): string {
    const extension = { objects: '', rows: '.jsonl.gz', lists: '.txt' }[kind];
    return join(this.folder, kind, name.slice(0, 2), `${name}${extension}${this.#sealed(kind) ? '.age' : ''}`);
  }

  #sealed(kind: ObjectKind): boolean {
    return this.isEncrypted && kind !== 'lists';
  }

  /** The size of an object's file; undefined when there is none. A link is none. @throws LPX_FILE_UNREADABLE */
  sizeOf(kind: ObjectKind, name: string): number | undefined {
    return plainSize(this.pathOf(kind, name));
  }

  /** Whether a file of a record is there, as far as its size shows. */
  hasFile(name: string, bytes: number): boolean {
    const size = this.sizeOf('objects', name);
    return size !== undefined && (this.isEncrypted ? size > bytes : size === bytes);
  }

  /** Writes rows or names, unless they are there. @returns the object's name */
  async putText(kind: 'rows' | 'lists', text: string): Promise<string> {
    const content = Buffer.from(text);
    const name = kind === 'lists' ? sha256Of(content) : this.nameOf(sha256Of(content));
    if ((this.sizeOf(kind, name) ?? 0) > 0) return name;
    const packed = kind === 'lists' ? content : gzipSync(content);
    const bytes = this.#sealed(kind) ? await encryptTo(this.#recipients, packed) : packed;
    const part = this.#nextPart();
    writePart({ part, file: this.pathOf(kind, name) }, bytes);
    await this.#publish(part, this.pathOf(kind, name), sha256Of(bytes));
    return name;
  }

  /**
   * Writes a file of a record.
   * @param copyTo writes its content, proven and synced, into a new file
   * @param plainPath where to put it unencrypted on the way
   */
  async putFile(sha256: string, copyTo: (to: string) => Promise<void>, plainPath: () => string): Promise<void> {
    const path = this.pathOf('objects', this.nameOf(sha256));
    const part = this.#nextPart();
    if (!this.isEncrypted) {
      await copyTo(part);
      await this.#publish(part, path, sha256);
      return;
    }
    const plain = plainPath();
    try {
      await copyTo(plain);
      const written = await writeStream(part, await encryptStreamTo(this.#recipients, createReadStream(plain)), path);
      await this.#publish(part, path, written);
    } finally {
      await rm(plain, { force: true });
    }
  }

  /** Reads back what was written, and gives it its name. @throws LPX_BACKUP_UNWRITTEN when it comes back as something else */
  async #publish(part: string, path: string, sha256: string): Promise<void> {
    try {
      if ((await hashFile(part)) !== sha256) throw new LpxError('LPX_BACKUP_UNWRITTEN', { file: path });
      const size = statSync(part).size;
      const shelf = dirname(path);
      if (makeSubfolder(dirname(shelf), basename(shelf))) this.#touched.add(dirname(shelf));
      renameSync(part, path);
      this.#touched.add(shelf);
      this.bytesWritten += size;
      this.filesWritten++;
    } catch (error) {
      rmSync(part, { force: true });
      throw writeError(error, path);
    }
  }

  /** Makes what was written last. */
  async settle(): Promise<void> {
    for (const folder of this.#touched) await syncFolder(folder);
    this.#touched.clear();
  }

  #nextPart(): string {
    return join(this.folder, 'tmp', `${this.#token}-${this.#count++}`);
  }

  /** Writes a snapshot, after all that it names. @returns its name */
  async putSnapshot(name: string, content: string): Promise<void> {
    await this.settle();
    const part = this.#nextPart();
    const path = join(this.folder, 'snapshots', name);
    writePart({ part, file: path }, content);
    await this.#publish(part, path, sha256Of(Buffer.from(content)));
    await this.settle();
  }

  /** Takes a snapshot back that was just written. */
  async dropSnapshot(name: string): Promise<void> {
    await rm(join(this.folder, 'snapshots', `${name}.json`), { force: true });
    await syncFolder(join(this.folder, 'snapshots'));
  }

  /** Notes who was erased for good: snapshots from before still have them, and a restore erases them again. */
  async putErasures(erasures: readonly Erasure[]): Promise<void> {
    for (const { keyedId, at } of erasures) {
      const path = join(this.folder, 'erasures', `${keyedId}.json`);
      if ((await readErasure(path).catch(() => undefined)) !== undefined) continue;
      const content = `${JSON.stringify({ keyedId, at })}\n`;
      const part = this.#nextPart();
      writePart({ part, file: path }, content);
      await this.#publish(part, path, sha256Of(Buffer.from(content)));
    }
  }

  /** @throws LPX_BACKUP_ERASURE: whoever was erased must not come back because a file cannot be read */
  async erasures(): Promise<Erasure[]> {
    const folder = join(this.folder, 'erasures');
    const erasures: Erasure[] = [];
    const names = await readdir(folder).catch((error) => {
      if (error.code === 'ENOENT') return [];
      throw error.code === 'ENOTDIR' ? new LpxError('LPX_BACKUP_ERASURE', { file: folder }, { cause: error }) : fileError(error, folder);
    });
    // Systems put files of their own into folders: `.DS_Store`, `Thumbs.db`.
    for (const name of names) if (/^[^.].*\.json$/.test(name)) erasures.push(await readErasure(join(folder, name)));
    return erasures;
  }

  /** Encrypts what only who restores needs to read. Base64. */
  async seal(text: string): Promise<string> {
    return (await encryptTo(this.#recipients, gzipSync(text))).toString('base64');
  }

  /** @throws LPX_BACKUP_IDENTITY without an identity; LPX_RECIPIENT_OTHER; LPX_BACKUP_DAMAGED */
  async unseal(sealed: string, file: string): Promise<string> {
    const packed = await decryptWith(this.#identity(), Buffer.from(sealed, 'base64'), file);
    return unpacked(packed, CHUNK_LIMIT, file).toString('utf8');
  }

  #identity(): Identities {
    if (!this.#identities) throw new LpxError('LPX_BACKUP_IDENTITY', { folder: this.folder });
    return this.#identities;
  }

  /** Reads rows or names. @param bytes how many they are, unpacked @throws LPX_BACKUP_DAMAGED, LPX_BACKUP_IDENTITY */
  async readText(kind: 'rows' | 'lists', name: string, bytes = CHUNK_LIMIT): Promise<string> {
    const path = this.pathOf(kind, requireName(name, this.folder));
    const file = await readObject(path, CHUNK_LIMIT);
    const packed = this.#sealed(kind) ? await this.#decrypted(file, path) : file;
    const content = kind === 'lists' ? packed : unpacked(packed, Math.min(bytes, CHUNK_LIMIT), path);
    const sha256 = sha256Of(content);
    if ((kind === 'lists' ? sha256 : this.nameOf(sha256)) !== name) throw new LpxError('LPX_BACKUP_DAMAGED', { file: path });
    return content.toString('utf8');
  }

  async #decrypted(file: Buffer, path: string): Promise<Buffer> {
    return decryptWith(this.#identity(), file, path).catch((error) => {
      throw isDamage(error) ? new LpxError('LPX_BACKUP_DAMAGED', { file: path }, { cause: error }) : error;
    });
  }

  /** Reads a file of a record to its end into a new file, or nowhere. @throws LPX_BACKUP_DAMAGED when it is gone or another */
  async readFile(sha256: string, bytes: number, to?: string): Promise<void> {
    const path = this.pathOf('objects', this.nameOf(sha256));
    const damaged = (cause?: unknown) => new LpxError('LPX_BACKUP_DAMAGED', { file: path }, { cause });
    const size = this.sizeOf('objects', this.nameOf(sha256));
    if (size === undefined || (this.isEncrypted ? size <= bytes : size !== bytes)) throw damaged();
    const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
    try {
      const content = this.isEncrypted ? await decryptStreamWith(this.#identity(), source, path) : source;
      const read = to === undefined ? await hashOf(content) : await writeStream(to, content, to, bytes);
      if (read !== sha256) throw damaged();
    } catch (error) {
      if (isDamage(error)) throw damaged(error);
      const known = error instanceof LpxError ? error : fileError(error, path);
      throw known instanceof LpxError && known.code === 'LPX_FILE_NOT_FOUND' ? damaged(error) : known;
    } finally {
      source.destroy();
    }
  }

  /** Whether a file of a record that is there is the very one: read to its end where it can be; of an encrypted one without an identity, its size has to do. */
  async isWhole(sha256: string, bytes: number): Promise<boolean> {
    if (this.isEncrypted && !this.#identities) return this.hasFile(this.nameOf(sha256), bytes);
    try {
      await this.readFile(sha256, bytes);
      return true;
    } catch (error) {
      if (error instanceof LpxError && error.code === 'LPX_BACKUP_DAMAGED') return false;
      throw error;
    }
  }

  /** The names of the objects of a kind that are there, a shelf at a time, with their paths and sizes. */
  async *list(kind: ObjectKind): AsyncGenerator<{ readonly name: string; readonly path: string; readonly bytes: number }, void> {
    for (const shelf of (await readdir(join(this.folder, kind)).catch(() => [])).filter((name) => /^[0-9a-f]{2}$/.test(name)).sort())
      for (const file of (await readdir(join(this.folder, kind, shelf)).catch(() => [])).sort()) {
        const [name = ''] = file.split('.');
        const path = join(this.folder, kind, shelf, file);
        if (!NAME.test(name) || path !== this.pathOf(kind, name)) continue;
        const found = lstatSync(path, { throwIfNoEntry: false });
        if (found?.isFile()) yield { name, path, bytes: found.size };
      }
  }

  /** Removes what dead processes were writing. */
  async sweep(): Promise<void> {
    const folder = join(this.folder, 'tmp');
    const names = await readdir(folder).catch(() => []);
    if (names.length === 0) return;
    const living = new Set((await livingLocks(this.folder)).map(({ token }) => token));
    for (const name of names) if (!living.has(name.split('-')[0] as string)) await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

/** What a repository has of one erasure, under its name. @throws LPX_BACKUP_ERASURE */
async function readErasure(file: string): Promise<Erasure> {
  try {
    const [erasure] = erasuresIn((await readObject(file, CONFIG_BYTES)).toString('utf8'), file);
    if (erasure && basename(file) === `${erasure.keyedId}.json`) return erasure;
  } catch (cause) {
    throw cause instanceof LpxError && cause.code === 'LPX_FILE_UNREADABLE'
      ? cause
      : new LpxError('LPX_BACKUP_ERASURE', { file }, { cause });
  }
  throw new LpxError('LPX_BACKUP_ERASURE', { file });
}

/** Erasures as lines of JSON, `{"keyedId": …, "at": …}` each. @throws LPX_ERASURES_WRONG */
export function erasuresIn(text: string, file: string): Erasure[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  // A list that was cut off before its first line would bring everybody back.
  if (lines.length === 0) throw new LpxError('LPX_ERASURES_WRONG', { file });
  return lines.map((line) => {
    const { keyedId, at } = erasureIn(line);
    const isErasure = typeof keyedId === 'string' && NAME.test(keyedId) && typeof at === 'string' && DAY.test(at);
    if (!isErasure) throw new LpxError('LPX_ERASURES_WRONG', { file });
    return { keyedId, at };
  });
}

function erasureIn(line: string): { readonly keyedId?: unknown; readonly at?: unknown } {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}

/** An object's name out of a snapshot that anybody may have made. @throws LPX_BACKUP_DAMAGED */
export function requireName(name: unknown, folder: string): string {
  if (typeof name !== 'string' || !NAME.test(name)) throw new LpxError('LPX_BACKUP_DAMAGED', { file: folder });
  return name;
}

const isDamage = (error: unknown): boolean =>
  error instanceof LpxError && (error.code === 'LPX_ENCRYPTED_DAMAGED' || error.code === 'LPX_RECIPIENT_OTHER');
