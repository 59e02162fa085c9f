/** Makes and opens stores, wherever they are. */

import type { Losses } from './health/salvage.js';
import type { StoreLocation } from './location.js';
import type { Opening } from './moving.js';
import type { Making } from './school-row.js';
import {
  createStore as createFolderStore,
  createStoreOfRows as createFolderStoreOfRows,
  openStore as openFolderStore,
  openWhatIsLeft as openWhatIsLeftInFolder,
} from './sqlite/open.js';
import type { School, Store } from './store.js';
import type { RowWriter } from './table-rows.js';

export interface NewStore {
  readonly school: School;
  /** The group of users that shares the store; empty when it is its owner's alone. */
  readonly group?: string | undefined;
  /** Below which the attachments get a place of their own: an absolute folder, for a store in a database; or the URL of a bucket. */
  readonly attachments?: string | undefined;
  /** Who makes it, and when, for the history. */
  readonly made?: Making | undefined;
}

/** @throws as the store of that kind */
export async function createStore(location: StoreLocation, store: NewStore): Promise<Store> {
  if (typeof location === 'string') return createFolderStore(location, store.school, store);
  return (await import('./postgres/open.js')).createPostgresStore(location, store);
}

/** @throws as the store of that kind */
export async function openStore(location: StoreLocation, opening: Opening = {}): Promise<Store> {
  if (typeof location === 'string') return openFolderStore(location, opening);
  return (await import('./postgres/open.js')).openPostgresStore(location, opening);
}

/**
 * What can be read of a store whose database is damaged, to be examined.
 * @returns undefined where nothing can be read, and for a store in a database, whose server has tools of its own for that
 */
export async function openWhatIsLeft(location: StoreLocation): Promise<{ readonly store: Store; readonly losses: Losses } | undefined> {
  return typeof location === 'string' ? openWhatIsLeftInFolder(location) : undefined;
}

/** A store to be made out of the rows of another. */
export interface StoreOfRows {
  readonly school: School;
  /** The version of the tables that the rows come from. */
  readonly schemaVersion: number;
  /** As of a new store. */
  readonly attachments?: string | undefined;
  /** The key of the move that makes it: nobody else can open it before it is published. */
  readonly madeBy: string;
}

/** Makes a store out of the rows of another, without their files. @throws as those of that kind, and what `fill` throws */
export async function createStoreOfRows(
  location: StoreLocation,
  wanted: StoreOfRows,
  fill: (rows: RowWriter) => Promise<void>,
): Promise<Store> {
  if (typeof location !== 'string')
    return (await (await import('./postgres/open.js')).createPostgresStoreOfRows(location, wanted, fill)).store;
  await createFolderStoreOfRows(location, wanted, fill);
  return openFolderStore(location, wanted);
}
