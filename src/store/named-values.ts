/** Values of one kind that a store keeps for itself, by name. They are settings, and no part of its rows: no backup has its own key in it. */
import type { Kysely } from 'kysely';
import type { Tables } from './tables.js';

export class NamedValues {
  readonly #db: Kysely<Tables>;
  readonly #kind: string;

  /** @param kind in lower case; no other kind begins with it */
  constructor(db: Kysely<Tables>, kind: string) {
    this.#db = db;
    this.#kind = kind;
  }

  async of(name: string): Promise<string | undefined> {
    return (await this.#db.selectFrom('settings').select('value').where('name', '=', this.#setting(name)).executeTakeFirst())?.value;
  }

  async keep(name: string, value: string): Promise<void> {
    await this.#db
      .insertInto('settings')
      .values({ name: this.#setting(name), value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }

  async drop(name: string): Promise<void> {
    await this.#db.deleteFrom('settings').where('name', '=', this.#setting(name)).execute();
  }

  async all(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#db
      .selectFrom('settings')
      .select(['name', 'value'])
      .where('name', 'like', `${this.#setting('')}%`)
      .execute();
    return new Map(rows.map(({ name, value }) => [name.slice(this.#setting('').length), value]));
  }

  #setting(name: string): string {
    return `${this.#kind} ${name}`;
  }
}
