/** Asks the custody log (保管紀錄): the history as a ledger. */
import type { LogHead } from '../store/custody-log.js';
import type { Store } from '../store/store.js';

export type { LogHead } from '../store/custody-log.js';

/** The newest entry of the store's log; position 0 and no hash for a log without entries. */
export const headOf = (store: Pick<Store, 'log'>): Promise<LogHead> => store.log.head();
