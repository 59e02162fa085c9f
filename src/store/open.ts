/** Makes and opens stores, wherever they are. */
import type { StoreLocation } from './location.js';
import type { Making } from './school-row.js';
import { createStore as createFolderStore, openStore as openFolderStore } from './sqlite.js';
import type { School, Store } from './store.js';

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
  return (await import('./postgres.js')).createPostgresStore(location, store);
}

/** @throws as the store of that kind */
export async function openStore(location: StoreLocation): Promise<Store> {
  if (typeof location === 'string') return openFolderStore(location);
  return (await import('./postgres.js')).openPostgresStore(location);
}
