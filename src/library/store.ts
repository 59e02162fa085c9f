/** A school's store, as the library hands it out. */
import { resolve } from 'node:path';
import { folderOnThisComputer } from '../exchange/school-store.js';
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
  /** Absolute path. */
  readonly folder: string;
  readonly school: School;
  readonly #thread: LibraryThread;

  private constructor(folder: string, school: School, thread: LibraryThread) {
    this.folder = folder;
    this.school = school;
    this.#thread = thread;
  }

  /** @internal */
  static async open(open: (thread: LibraryThread) => Promise<School>, folder: string): Promise<Store> {
    const thread = newThread();
    try {
      return new Store(folder, await open(thread), thread);
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

  /** Waits for the calls made so far, and ends the thread. Later calls are refused (`LPX_OPTION_WRONG`). */
  async close(): Promise<void> {
    await this.#thread.close();
  }
}

/**
 * Makes the store of a school: a folder with a database and the attachments, readable by its owner alone.
 *
 * @param folder is made; it must not hold a store yet
 * @throws LpxError `LPX_OPTION_WRONG`, `LPX_STORE_ADDRESS`, `LPX_SCHOOL_CODE` for a code that no school has, `LPX_STORE_EXISTS`, `LPX_GROUP_REFUSED`,
 *   `LPX_WRITE_FAILED`, `LPX_DISK_FULL`, `LPX_INTERRUPTED`
 * @example
 * ```ts
 * const store = await createStore('/srv/lpx/990001', { code: '990001', name: '示範高中' });
 * ```
 */
export async function createStore(folder: string, school: NewSchool, options: CallOptions = {}): Promise<Store> {
  const path = storeFolder(folder);
  const { code, name = '', group = '', operator = '', now = new Date() } = checkedOptions(school, OPTIONS.school, 'school');
  const caller = checkedOptions(options, OPTIONS.call);
  return Store.open((thread) => thread.run('create', { folder: path, school: { code, name }, group, now, operator }, caller), path);
}

/**
 * Opens the store of a school. A store of an earlier version is brought up to date, and what a killed process left in it is
 * put right.
 *
 * @param folder as given to {@link createStore} or `lpx init`
 * @throws LpxError `LPX_OPTION_WRONG`, `LPX_STORE_ADDRESS`, `LPX_STORE_NOT_FOUND`, `LPX_STORE_NEWER` for one that a later version of lpx wrote,
 *   `LPX_STORE_DAMAGED`, `LPX_STORE_BUSY` when another process keeps writing to it, `LPX_INTERRUPTED`
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
  const path = storeFolder(folder);
  const caller = checkedOptions(options, OPTIONS.call);
  return Store.open((thread) => thread.run('open', { folder: path }, caller), path);
}

const storeFolder = (folder: string): string => resolve(folderOnThisComputer(checkedFolder(folder)));
