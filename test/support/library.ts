/** The library's own store, for tests. */
import { openStore, type Store } from '#lpx/index.js';

/** Opens a store, runs `work` on it, and closes it whatever happens. */
export async function withOpen<T>(folder: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(folder);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
