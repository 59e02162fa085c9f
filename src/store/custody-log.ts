/** The custody log (保管紀錄): the chain of the history as a ledger, to be checked and to be shown. */
import type { Kysely } from 'kysely';
import type { Tables } from './tables.js';

/** The newest entry of the chain. Kept outside of the store, it shows later whether the end of the log was cut off. */
export interface LogHead {
  /** From 1; 0 for a log without entries. */
  readonly position: number;
  /** SHA-256, 64 hex digits; empty for a log without entries. */
  readonly hash: string;
}

export class CustodyLog {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async head(): Promise<LogHead> {
    const newest = await this.#db
      .selectFrom('history')
      .select(['position', 'hash'])
      .where('position', 'is not', null)
      .orderBy('position', 'desc')
      .limit(1)
      .executeTakeFirst();
    return { position: newest?.position ?? 0, hash: newest?.hash ?? '' };
  }
}
