/**
 * Kysely's SQLite dialect for a store that several processes use. It waits for another writer without
 * blocking the thread, so that Ctrl-C is heard, and every error of the database becomes one of ours.
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteDialect,
  SqliteDriver,
  type TransactionSettings,
} from 'kysely';
import { codeOf, databaseError, isBusy } from '../database-error.js';
import { MovedGuard } from '../moved-guard.js';
import { asStored } from '../seal.js';
import type { SqliteFile } from './driver.js';

/** How long a process waits for another one that writes, in ms. */
const BUSY_MS = 15_000;
/** How often it asks whether the store is free, in ms. */
const POLL_MS = 25;

/** Repeats `attempt` while another process holds the database. @throws SQLite's own error, SQLITE_BUSY after `patience` ms among them */
export async function whenFree<T>(attempt: () => T | Promise<T>, patience = BUSY_MS): Promise<T> {
  const until = performance.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error;
    }
    await sleep(POLL_MS);
  }
}

export class SharedSqliteDialect extends SqliteDialect {
  readonly #database: SqliteFile;
  readonly #folder: string;
  readonly #patience: number;

  /** @param patience how long to wait for another writer, in ms */
  constructor(database: SqliteFile, folder: string, patience = BUSY_MS) {
    super({ database });
    this.#database = database;
    this.#folder = folder;
    this.#patience = patience;
  }

  override createDriver(): Driver {
    return new SharedSqliteDriver(this.#database, this.#folder, this.#patience);
  }
}

class SharedSqliteDriver extends SqliteDriver {
  readonly #folder: string;
  readonly #patience: number;
  readonly #guard: MovedGuard;

  constructor(database: SqliteFile, folder: string, patience: number) {
    super({ database });
    this.#guard = new MovedGuard(folder, "select 1 from sqlite_master where type = 'table' and name = 'settings'");
    this.#folder = folder;
    this.#patience = patience;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return new SharedSqliteConnection(await super.acquireConnection(), this.#folder, this.#patience);
  }

  /**
   * Takes the write lock at once: no other writer comes between what is read and what is written. One that only reads takes none, and
   * sees the database as it was at its first query.
   */
  override async beginTransaction(connection: DatabaseConnection, { accessMode }: TransactionSettings = {}): Promise<void> {
    const isReader = accessMode === 'read only';
    await connection.executeQuery(CompiledQuery.raw(isReader ? 'begin' : 'begin immediate'));
    if (isReader) return;
    try {
      await this.#guard.check((statement) => connection.executeQuery(CompiledQuery.raw(statement)));
    } catch (error) {
      await this.rollbackTransaction(connection);
      throw error;
    }
  }

  /** SQLite rolls back by itself when the disk is full or broken. That there is no transaction then must not hide the first error. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('rollback'));
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_ERROR') throw error;
    }
  }
}

/** Statements between two turns of the event loop: only then are those freed that were carried out, and interrupts heard. */
const STATEMENTS_PER_TURN = 16;
/** Between the end of a transaction and what its caller does then, nothing is to come. */
const TRANSACTION = /^(?:begin|commit|rollback)\b/;

class SharedSqliteConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;
  readonly #folder: string;
  readonly #patience: number;
  #statements = 0;

  constructor(connection: DatabaseConnection, folder: string, patience: number) {
    this.#connection = connection;
    this.#folder = folder;
    this.#patience = patience;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (++this.#statements % STATEMENTS_PER_TURN === 0 && !TRANSACTION.test(query.sql)) await setImmediate();
    try {
      const stored = { ...query, parameters: query.parameters.map(asStored) };
      return await whenFree(async () => this.#connection.executeQuery<R>(stored), this.#patience);
    } catch (error) {
      throw databaseError(error, this.#folder);
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}
