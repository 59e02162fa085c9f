/** The keys of encrypted backups: with one, a store recognises what a repository has already, without being able to read it. */
import type { Kysely } from 'kysely';
import type { Tables } from './tables.js';

export class BackupKeys {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** @param repository its id @returns 64 hex digits; undefined when the store does not have it */
  async keyOf(repository: string): Promise<string | undefined> {
    return (await this.#db.selectFrom('settings').select('value').where('name', '=', nameOf(repository)).executeTakeFirst())?.value;
  }

  async keep(repository: string, key: string): Promise<void> {
    await this.#db
      .insertInto('settings')
      .values({ name: nameOf(repository), value: key })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: key }))
      .execute();
  }

  /** All of them, by repository: they go along with a store that moves. */
  async all(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#db
      .selectFrom('settings')
      .select(['name', 'value'])
      .where('name', 'like', `${nameOf('')}%`)
      .execute();
    return new Map(rows.map(({ name, value }) => [name.slice(nameOf('').length), value]));
  }
}

/** Settings are no part of the rows: a backup does not have its own key in it. */
const nameOf = (repository: string): string => `backup-key ${repository}`;
