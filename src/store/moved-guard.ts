/** Keeps every writer off a store that has moved: also one that opened it before, and waited for the move to end. */
import type { QueryResult } from 'kysely';
import { LpxError } from '../errors.js';
import { movedFrom } from './moving.js';

export class MovedGuard {
  readonly #folder: string;
  readonly #hasSettings: string;
  #isMade = false;

  /** @param hasSettings a query with a row when the table of settings is there, which a store in the making may not have */
  constructor(folder: string, hasSettings: string) {
    this.#folder = folder;
    this.#hasSettings = hasSettings;
  }

  /** Within a transaction that has the writers' lock. @throws LPX_STORE_MOVED, LPX_TABLES_DAMAGED */
  async check(run: (statement: string) => Promise<QueryResult<unknown>>): Promise<void> {
    this.#isMade ||= (await run(this.#hasSettings)).rows.length > 0;
    if (!this.#isMade) return;
    const { rows } = await run("select value from settings where name = 'moved'");
    const [moved] = rows as { readonly value: string }[];
    if (moved) throw new LpxError('LPX_STORE_MOVED', { folder: this.#folder, to: movedFrom(moved.value, this.#folder).to });
  }
}
