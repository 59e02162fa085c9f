/** Making and opening the store of a school. */
import { resolve } from 'node:path';
import { LpxError } from '../errors.js';
import { knownError } from '../io/file-error.js';
import { canonicalCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { namingDamage } from '../store/health/damage.js';
import type { Losses } from '../store/health/salvage.js';
import { isDatabaseUrl, postgresLocation, type StoreLocation } from '../store/location.js';
import type { Opening } from '../store/moving.js';
import { createStore, type NewStore, openStore, openWhatIsLeft } from '../store/open.js';
import type { School, Store } from '../store/store.js';
import { isS3Url, s3Location, s3Url } from '../store/vault/s3-location.js';

export { isDatabaseUrl, type StoreLocation, shownLocation } from '../store/location.js';
export { openStore } from '../store/open.js';
export { isNetworkFolder } from '../store/sqlite/network-folder.js';
export type { BasicDataChange, HistoryEntry, HistoryFilter, HistoryStudent, Leaving, School, Store } from '../store/store.js';
export { isS3Url } from '../store/vault/s3-location.js';
export { isAttachmentsPlace } from '../store/vault/vault.js';

/**
 * What a text names as a store: a folder as it is, or a database. Any other address would become a folder of that name.
 * @throws LPX_STORE_ADDRESS, LPX_DATABASE_URL, LPX_DATABASE_PASSWORD, LPX_DATABASE_SETTING, LPX_SCHOOL_CODE
 */
export function locationNamed(named: string): StoreLocation {
  if (isDatabaseUrl(named)) return postgresLocation(named);
  // One letter before the colon is a drive of Windows.
  const [, scheme] = /^\s*([a-z][a-z0-9+.:-]+):\/\//i.exec(named) ?? [];
  if (scheme !== undefined) throw new LpxError('LPX_STORE_ADDRESS', { scheme: scheme.toLowerCase() });
  return named;
}

/**
 * What a text names as a place for attachments: an absolute folder, or the URL of a bucket in its one form.
 * @throws LPX_S3_URL, also for any other address; LPX_S3_SECRET
 */
export function attachmentsNamed(named: string, cwd: string): string {
  if (isS3Url(named)) return s3Url(s3Location(named));
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(named)) throw new LpxError('LPX_S3_URL');
  return resolve(cwd, named);
}

/**
 * Makes a store and leaves it closed.
 * @returns where its attachments are
 * @throws LPX_SCHOOL_CODE, and as `createStore`
 */
export async function initStore(location: StoreLocation, school: School, options: Omit<NewStore, 'school'> = {}): Promise<string> {
  const code = canonicalCode(school.code);
  if (!isSchoolCode(code)) throw new LpxError('LPX_SCHOOL_CODE', { value: school.code });
  const store = await createStore(location, { ...options, school: { ...school, code } });
  await store.close();
  return store.attachments.location;
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

/** Opens a store, runs `work` on it, and closes it whatever happens. @throws as `openStore`, `namingDamage`, and what `work` throws */
export async function withStore<T>(location: StoreLocation, work: (store: Store) => Promise<T>, opening: Opening = {}): Promise<T> {
  const store = await openStore(location, opening);
  try {
    return await namingDamage(store, () => work(store));
  } finally {
    await store.close();
  }
}

/** As `withStore`, for work that only reads: also where the disk of the store is full, on which nobody else opens it meanwhile. */
export const withStoreToRead = <T>(location: StoreLocation, work: (store: Store) => Promise<T>): Promise<T> =>
  withStore(location, work, { toRead: true });

/**
 * As `withStoreToRead`, to examine a store. Where its database cannot be read as a whole, `work` is run again on what of it can be read, and gets
 * what cannot.
 */
export async function withReadableStore<T>(location: StoreLocation, work: (store: Store, losses?: Losses) => Promise<T>): Promise<T> {
  try {
    return await withStoreToRead(location, (store) => work(store));
  } catch (error) {
    const left = isUnreadable(error) ? await openWhatIsLeft(location) : undefined;
    if (!left) throw error;
    return await work(left.store, left.losses)
      .catch((second) => {
        throw knownError(second).code === 'LPX_INTERNAL' ? error : second;
      })
      .finally(() => left.store.close());
  }
}

/** Whether the database, or the disk below it, does not give what was written. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof LpxError &&
  ((error.code === 'LPX_STORE_DAMAGED' && error.facts.part !== 'databaseLost') ||
    (error.code === 'LPX_WRITE_FAILED' && error.facts.reason === 'SQLITE_IOERR'));
