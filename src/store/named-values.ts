/** Values of one kind that a store keeps for itself, by name. They are settings, and no part of its rows: no backup has its own key in it. */
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.js';

type Db = Kysely<Tables> | Transaction<Tables>;

export class NamedValues {
  readonly #db: Db;
  readonly #kind: string;

  /** @param kind in lower case; no other kind begins with it */
  constructor(db: Db, kind: string) {
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

/** The backups that were begun and are in no entry of the history yet: folder, id of the repository. */
export const begunBackupsIn = (db: Db): NamedValues => new NamedValues(db, 'backup-begun');

/** The places for attachments of restores into this database that have not ended: what a killed one left is removed by the next. */
export const unfinishedPlacesIn = (db: Db): NamedValues => new NamedValues(db, 'unfinished-place');

/** The folders of rehearsals that have not ended: what a killed one restored is removed by the next command. */
export const rehearsalsIn = (db: Db): NamedValues => new NamedValues(db, 'rehearsal');
