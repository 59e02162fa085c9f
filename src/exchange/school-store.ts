/** Making and opening the store of a school. */
import { LpxError } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { createStore, type Making, openStore } from '../store/sqlite.js';
import type { School, Store } from '../store/store.js';

export type { BasicDataChange, HistoryEntry, HistoryFilter, HistoryStudent, School, Store } from '../store/store.js';

/**
 * Makes a store and leaves it closed.
 * @param group the group of users that shares the store; empty when it is its owner's alone
 * @param made who makes it, and when, for the history
 * @throws LPX_SCHOOL_CODE, LPX_STORE_EXISTS, LPX_GROUP_REFUSED, LPX_WRITE_FAILED
 */
export async function initStore(folder: string, school: School, group = '', made?: Making): Promise<void> {
  const code = canonicalCode(school.code);
  if (!isSchoolCode(code)) throw new LpxError('LPX_SCHOOL_CODE', { value: school.code });
  const store = await createStore(folder, { ...school, code }, group, made);
  await store.close();
}

/** Opens a store, runs `work` on it, and closes it whatever happens. @throws LPX_STORE_NOT_FOUND and what `work` throws */
export async function withStore<T>(folder: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(folder);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
