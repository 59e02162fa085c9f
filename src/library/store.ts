/** A school's store, as the library hands it out. */
import { resolve } from 'node:path';
import { LpxError } from '../errors.js';
import { attachmentsNamed, isS3Url, locationNamed, type StoreLocation, shownLocation } from '../exchange/school-store.js';
import type { School } from '../store/store.js';
import { checkedFolder, checkedOptions, noStore, OPTIONS } from './options.js';
import { type LibraryThread, newThread } from './thread.js';

/** What every call takes. */
export interface CallOptions {
  /**
   * Ends the call when it aborts: the call rejects with `LPX_INTERRUPTED`, with the signal's reason as its `cause`, and leaves
   * nothing. A call that has committed what it is for no longer hears it, and finishes.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What calls take that read or write many bytes. */
export interface ProgressOptions extends CallOptions {
  /** Called with the bytes of attachments done so far, and of all. What it throws ends the call, which rejects with it. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The school of a new store. */
export interface NewSchool {
  /** Six characters: the Ministry's code. */
  readonly code: string;
  readonly name?: string | undefined;
  /** The group of users that shares the store; without it, the store is its owner's alone. */
  readonly group?: string | undefined;
  /** Of a store in a database: the folder of its attachments, which is made. */
  readonly attachments?: string | undefined;
  /** The person who makes the store, by the name that your system knows them by. Default: nobody. */
  readonly operator?: string | undefined;
  /** Default: now. */
  readonly now?: Date | undefined;
}

/**
 * An open store, and the thread that its calls run in, one after the other in the order they are made. To run more at a
 * time, open the store again.
 */
export class Store {
  /** Absolute path; of a store in a database, its URL without the user. */
  readonly folder: string;
  readonly school: School;
  readonly #location: StoreLocation;
  readonly #thread: LibraryThread;

  private constructor(location: StoreLocation, school: School, thread: LibraryThread) {
    this.folder = shownLocation(location);
    this.#location = location;
    this.school = school;
    this.#thread = thread;
  }

  /** @internal */
  static async open(open: (thread: LibraryThread) => Promise<School>, location: StoreLocation): Promise<Store> {
    const thread = newThread();
    try {
      return new Store(location, await open(thread), thread);
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /** @internal */
  static threadOf(store: Store): LibraryThread {
    if (!(store instanceof Store)) throw noStore();
    return store.#thread;
  }

  /** @internal */
  static locationOf(store: Store): StoreLocation {
    if (!(store instanceof Store)) throw noStore();
    return store.#location;
  }

  /** Waits for the calls made so far, and ends the thread. Later calls are refused (`LPX_OPTION_WRONG`). */
  async close(): Promise<void> {
    await this.#thread.close();
  }
}

/**
 * Makes the store of a school: a folder with a database and the attachments, readable by its owner alone; or in a PostgreSQL database.
 *
 * @param folder is made; it must not hold a store yet. Or the address of a database, `postgres://host/database` (docs/postgres.md)
 * @throws LpxError `LPX_OPTION_WRONG`, `LPX_STORE_ADDRESS`, `LPX_SCHOOL_CODE` for a code that no school has, `LPX_STORE_EXISTS`,
 *   `LPX_GROUP_REFUSED`, `LPX_WRITE_FAILED`, `LPX_DISK_FULL`, `LPX_INTERRUPTED`; of a database (docs/postgres.md) also
 *   `LPX_DATABASE_URL`, `LPX_DATABASE_PASSWORD`, `LPX_DATABASE_SETTING`, `LPX_DATABASE_SERVICE`, `LPX_DATABASE_CLIENT_MISSING`,
 *   `LPX_DATABASE_UNREACHABLE`, `LPX_DATABASE_LOGIN`, `LPX_DATABASE_TLS`, `LPX_DATABASE_NOT_FOUND`, `LPX_DATABASE_REFUSED`,
 *   `LPX_DATABASE_ENCODING`, `LPX_DATABASE_FULL`, `LPX_DATABASE_LOST`, `LPX_DATABASE_STOPPED`
 * @example
 * ```ts
 * const store = await createStore('/srv/lpx/990001', { code: '990001', name: '示範高中' });
 * ```
 */
export async function createStore(folder: string, school: NewSchool, options: CallOptions = {}): Promise<Store> {
  const location = storeLocation(folder);
  const {
    code,
    name = '',
    group = '',
    attachments: named,
    operator = '',
    now = new Date(),
  } = checkedOptions(school, OPTIONS.school, 'school');
  const attachments = named === undefined ? undefined : attachmentsNamed(named, process.cwd());
  const isDatabase = typeof location !== 'string';
  if (isDatabase ? attachments === undefined : attachments !== undefined && !isS3Url(attachments))
    throw new LpxError('LPX_OPTION_WRONG', { option: 'school.attachments', takes: 'path' });
  const caller = checkedOptions(options, OPTIONS.call);
  return Store.open(
    (thread) => thread.run('create', { folder: location, school: { code, name }, group, attachments, now, operator }, caller),
    location,
  );
}

/**
 * Opens the store of a school. A store of an earlier version is brought up to date, and what a killed process left in it is
 * put right.
 *
 * @param folder as given to {@link createStore} or `lpx init`
 * @throws LpxError `LPX_OPTION_WRONG`, `LPX_STORE_ADDRESS`, `LPX_STORE_SCHOOL`, `LPX_STORE_NOT_FOUND`, `LPX_STORE_NEWER` for one that a
 *   later version of lpx wrote, `LPX_STORE_DAMAGED`, `LPX_STORE_BUSY` when another process keeps writing to it, `LPX_INTERRUPTED`;
 *   of a database those that {@link createStore} names
 * @example
 * ```ts
 * const store = await openStore('/srv/lpx/990001');
 * try {
 *   console.log(store.school.name);
 * } finally {
 *   await store.close();
 * }
 * ```
 */
export async function openStore(folder: string, options: CallOptions = {}): Promise<Store> {
  const location = storeLocation(folder);
  const caller = checkedOptions(options, OPTIONS.call);
  return Store.open((thread) => thread.run('open', { folder: location }, caller), location);
}

function storeLocation(named: string): StoreLocation {
  const location = locationNamed(checkedFolder(named));
  return typeof location === 'string' ? resolve(location) : location;
}
