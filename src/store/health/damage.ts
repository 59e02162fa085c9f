/** Tells errors of lpx from those that come of a database which somebody else changed. */
import { LpxError } from '../../errors.js';
import { knownError } from '../../io/file-error.js';
import type { Store } from '../store.js';
import { damagedRows } from './store-health.js';

/**
 * Runs what uses a store. Where that ends with an internal error, and the database is not as lpx left it, the error is of that.
 * @throws LPX_TABLES_DAMAGED, LPX_STORE_DAMAGED, and what `work` throws
 */
export async function namingDamage<T>(store: Store, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (knownError(error).code !== 'LPX_INTERNAL') throw error;
    throw (await damageOf(store, error)) ?? error;
  }
}

/** Undefined where none can be found. */
async function damageOf(store: Store, cause: unknown): Promise<LpxError | undefined> {
  const { folder } = store;
  try {
    const { missing, foreign } = await store.health.misfits();
    const misfits = [...missing, ...foreign];
    if (misfits.length > 0) return new LpxError('LPX_TABLES_DAMAGED', { folder, detail: misfits.join('; ') }, { cause });
    const part = await damagedPart(store);
    return part && new LpxError('LPX_STORE_DAMAGED', { folder, part }, { cause });
  } catch (error) {
    return error instanceof LpxError ? error : undefined;
  }
}

async function damagedPart(store: Store): Promise<'history' | 'stored' | 'database' | undefined> {
  const { health, log } = store;
  if ((await log.verify()).faultCount > 0) return 'history';
  if ((await health.incomplete(always)).length > 0 || (await hasDamagedRow(store))) return 'stored';
  return (await health.engine(true)).faults.length > 0 ? 'database' : undefined;
}

const hasDamagedRow = (store: Store): Promise<boolean> =>
  store.readRows(async (reader) => {
    for await (const _ of damagedRows(reader, always, always)) return true;
    return false;
  });

const always = () => true;
