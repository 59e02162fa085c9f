/** Making and opening the store of a school. */
import { LpxError } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { createStore, type Making, openStore } from '../store/sqlite.js';
import type { School, Store } from '../store/store.js';

export { isNetworkFolder } from '../store/network-folder.js';
export type { BasicDataChange, HistoryEntry, HistoryFilter, HistoryStudent, Leaving, School, Store } from '../store/store.js';

/** A named folder as it is; an address such as `postgres://…` would become a folder of that name. @throws LPX_STORE_ADDRESS */
export function folderOnThisComputer(named: string): string {
  // One letter before the colon is a drive of Windows.
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(named) ?? [];
  if (scheme !== undefined) throw new LpxError('LPX_STORE_ADDRESS', { scheme: scheme.toLowerCase() });
  return named;
}

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

export interface NameRequest {
  /** Empty for none. */
  readonly name: string;
  readonly now: Date;
  /** Who names it, for the history. */
  readonly operator: string;
}

/** Sets the school's name, which blanks around it are not part of. */
export async function nameSchool(
  store: Store,
  { name: given, now, operator }: NameRequest,
): Promise<{ readonly school: School; readonly changed: boolean }> {
  const { school } = store;
  const name = given.trim();
  if (name === school.name) return { school, changed: false };
  await store.change(async (change) => {
    await change.addHistory({ kind: 'school', at: now, operator, file: '', bytes: 0, details: { name, before: school.name } });
    await change.setSchoolName(name);
    return { keep: true, result: undefined };
  });
  return { school: { ...school, name }, changed: true };
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
