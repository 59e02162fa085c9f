/**
 * The one connection of an open store to its database. Statements wait for each other as on SQLite; a lost connection is not made again:
 * with it goes the name by which others see this process, so that whatever comes after it has to fail.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type pg from 'pg';
import { LpxError } from '../../errors.js';
import { fileError } from '../../io/file-error.js';
import { optionalPackage } from '../../io/optional-package.js';
import { type PostgresLocation, shownLocation } from '../location.js';
import type { Presence } from '../processes/presence.js';
import type { WorkFolder } from '../processes/work-folder.js';
import { asStored } from '../seal.js';
import { connectError, isWithoutTls, statementError } from './error.js';
import { type Connecting, connectingTo } from './settings.js';

/** `int8` and `numeric`, in which counts and sums come. */
const NUMBERS: ReadonlySet<number> = new Set([20, 1700]);

/**
 * The server is asked now and then whether it is there, and asks the same of us: else locks of a computer that lost its power would be held
 * for hours. Nobody’s defaults decide what is durable, what a name means, how values are written, or how long
 * a lock of somebody else is waited for.
 */
const SESSION = `select set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
  set_config('tcp_keepalives_count', '3', false), set_config('default_transaction_isolation', 'read committed', false),
  set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false),
  set_config('idle_session_timeout', '0', false), set_config('lock_timeout', '15000', false),
  set_config('datestyle', 'ISO, YMD', false), set_config('intervalstyle', 'postgres', false), set_config('timezone', 'UTC', false),
  set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false),
  set_config('standard_conforming_strings', 'on', false), set_config('transform_null_equals', 'off', false),
  set_config('synchronous_commit', case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end, false),
  set_config('application_name', $1, false), current_setting('server_encoding') as encoding`;

/**
 * A condition: the session of this name lives. All roles of a database see which sessions there are, and any can call its own as it likes:
 * those of roles without a right on the school's schema do not count. No role can take a name from others, or wait for it.
 * @param name an expression for it
 */
export const isLiving = (schema: string, name: string): string => `exists (select from pg_stat_activity
  where application_name = ${name} and has_schema_privilege(usesysid, '"${schema}"'::regnamespace, 'usage'))`;

/** What a crash of the server would lose need not be on its disk: with it, all sessions have ended. */
const UNSAFE = `set_config('synchronous_commit', 'off', true)`;

export class PostgresSession implements DatabaseConnection, Presence {
  /** What messages call the database. */
  readonly shown: string;
  /** What others see this session by, which no other has. */
  readonly name = `lpx ${randomBytes(16).toString('hex')}`;
  readonly #client: pg.Client;
  readonly #alive = new Set<string>();
  #lost: unknown;
  #schema = '';
  readonly #others: PostgresSession[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  /** The statement before the next one. */
  #running: Promise<unknown> = Promise.resolve();

  private constructor(client: pg.Client, shown: string) {
    this.#client = client;
    this.shown = shown;
    // Without a listener, an error between statements would end the process.
    client.on('error', (error) => {
      this.#lost = error;
    });
  }

  /**
   * @throws LPX_DATABASE_CLIENT_MISSING, LPX_DATABASE_UNREACHABLE, LPX_DATABASE_LOGIN, LPX_DATABASE_TLS, LPX_DATABASE_NOT_FOUND,
   *   LPX_DATABASE_FULL, LPX_DATABASE_ENCODING, LPX_DATABASE_SETTING, LPX_DATABASE_SERVICE
   */
  static async connect(location: PostgresLocation): Promise<PostgresSession> {
    const driver = optionalPackage<typeof pg>('pg');
    if (!driver) throw new LpxError('LPX_DATABASE_CLIENT_MISSING');
    const connecting = connectingTo(location.settings);
    const shown = shownLocation(location);
    const client = await connected(driver, connecting).catch((error) => {
      throw connectError(error, shown);
    });
    const session = new PostgresSession(client, shown);
    try {
      const [settings] = await session.rows<{ encoding: string }>(SESSION, [session.name]);
      if (settings?.encoding !== 'UTF8') throw new LpxError('LPX_DATABASE_ENCODING', { folder: shown });
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  /** Names mean the tables of this schema from here on, and nobody else’s. */
  async use(schema: string): Promise<void> {
    await this.rows(`select set_config('search_path', $1, false)`, [`"${schema}", pg_temp`]);
    this.#schema = schema;
  }

  /** Runs a statement. @throws what `statementError` makes of an error */
  async rows<R extends object>(statement: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return (await this.#run<R>(statement, parameters)).rows;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { command, rowCount, rows } = await this.#run(sql, parameters.map(asStored));
    const isChange = ['INSERT', 'UPDATE', 'DELETE'].includes(command);
    // What became of a transaction is in the command.
    if (command === 'COMMIT' || command === 'ROLLBACK') return { rows: [{ command } as R] };
    return { rows: rows as R[], ...(isChange && { numAffectedRows: BigInt(rowCount ?? 0) }) };
  }

  /** Within a transaction. */
  async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize = 100): AsyncIterableIterator<QueryResult<R>> {
    await this.#run(`declare lpx_rows no scroll cursor for ${sql}`, parameters);
    for (;;) {
      const { rows } = await this.#run(`fetch forward ${chunkSize} from lpx_rows`);
      if (rows.length === 0) break;
      yield { rows: rows as R[] };
    }
    await this.#run('close lpx_rows');
  }

  /** Waits until nobody else has the connection. @returns what gives it back */
  async take(): Promise<() => void> {
    const before = this.#queue;
    let giveBack = () => {};
    this.#queue = new Promise<void>((resolve) => {
      giveBack = resolve;
    });
    await before;
    return giveBack;
  }

  /** With the computer that it is on: others cannot see what is in it. */
  nameOf({ path }: WorkFolder): string {
    return `${basename(path)}@${hostname()}`;
  }

  isHere(work: string): boolean {
    return work.endsWith(`@${hostname()}`);
  }

  async announce(work: WorkFolder): Promise<void> {
    const name = basename(work.path);
    if (this.#alive.has(name)) return;
    // Several connections of one process may have the same folder.
    await this.#alone(() => this.#note(name));
    this.#alive.add(name);
    work.whenEnded(async () => {
      this.#alive.delete(name);
      await this.#alone(() => this.#forget(name)).catch(() => {});
    });
  }

  async isAlive(work: string): Promise<boolean> {
    // By the folder's own name, which no two have: a sweep of a shared folder does not know whose computer it is of.
    const [name = ''] = work.split('@');
    return this.#alive.has(name) || this.#isNoted(name);
  }

  async tryTurn(turn: string): Promise<(() => void) | undefined> {
    const name = `turn ${createHash('sha256').update(turn).digest('hex')}`;
    const isMine = await this.transaction(async () => {
      await this.rows('lock table sessions in share row exclusive mode');
      if (await this.#isNoted(name)) return false;
      await this.#note(name);
      return true;
    });
    if (!isMine) return undefined;
    return () => {
      this.#alone(() => this.#forget(name)).catch(() => {});
    };
  }

  /** Lets others see, as long as the session lives, that it does what goes by a name. */
  async declare(name: string): Promise<void> {
    await this.#alone(() => this.#note(name));
  }

  /** Whether a session that lives does what goes by a name. */
  isDeclared(name: string): Promise<boolean> {
    return this.#alone(() => this.#isNoted(name));
  }

  /** Runs statements all or none, while no other transaction is under way. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      await this.rows('begin');
      try {
        const result = await work();
        await this.rows('commit');
        return result;
      } catch (error) {
        await this.rows('rollback').catch(() => {});
        throw error;
      }
    });
  }

  /** Removes what sessions noted that are gone. */
  async forgetDead(): Promise<void> {
    await this.rows(`delete from sessions where not ${isLiving(this.#schema, 'session')}`);
  }

  /** Has another session end with this one. */
  endWith(other: PostgresSession): void {
    this.#others.push(other);
  }

  async end(): Promise<void> {
    for (const other of this.#others) await other.end();
    await this.#client.end().catch(() => {});
  }

  /** Runs statements while no transaction is under way. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const giveBack = await this.take();
    try {
      return await work();
    } finally {
      giveBack();
    }
  }

  /** `pg` is only given a statement when the one before is done: it will no longer queue them itself. */
  #run<R extends object>(statement: string, parameters: readonly unknown[] = []): Promise<pg.QueryResult<R>> {
    const result = this.#running.then(() => this.#query<R>(statement, parameters));
    this.#running = result.catch(() => {});
    return result;
  }

  async #query<R extends object>(statement: string, parameters: readonly unknown[]): Promise<pg.QueryResult<R>> {
    try {
      if (this.#lost) throw new LpxError('LPX_DATABASE_LOST', { folder: this.shown }, { cause: this.#lost });
      return await this.#client.query<R>(statement, [...parameters]);
    } catch (error) {
      throw statementError(error, this.shown);
    }
  }

  #note(name: string): Promise<unknown> {
    return this.rows(`insert into sessions (name, session) select $1, $2 from ${UNSAFE} on conflict do nothing`, [name, this.name]);
  }

  #forget(name: string): Promise<unknown> {
    return this.rows(`delete from sessions using ${UNSAFE} where name = $1 and session = $2`, [name, this.name]);
  }

  /** Whether a session that lives has noted a name. */
  async #isNoted(name: string): Promise<boolean> {
    // Within a transaction, sessions would be seen as they were at its first look.
    await this.rows('select pg_stat_clear_snapshot()');
    const noted = await this.rows(`select from sessions where name = $1 and ${isLiving(this.#schema, 'session')} limit 1`, [name]);
    return noted.length > 0;
  }
}

/** As libpq does: `prefer` does without TLS where the server has none, `allow` takes TLS where the server wants it. */
async function connected(driver: typeof pg, connecting: Connecting): Promise<pg.Client> {
  const { sslmode, host } = connecting;
  if (host.startsWith('/') || sslmode === 'disable') return connectOnce(driver, connecting, false);
  const tls = tlsOptions(connecting);
  if (sslmode === 'allow') return connectOnce(driver, connecting, false).catch(() => connectOnce(driver, connecting, tls));
  return connectOnce(driver, connecting, tls).catch((error) => {
    if (sslmode !== 'prefer' || !isWithoutTls(error)) throw error;
    return connectOnce(driver, connecting, false);
  });
}

async function connectOnce(driver: typeof pg, connecting: Connecting, ssl: ConnectionOptions | false): Promise<pg.Client> {
  const { host, port, database, user, password, patience } = connecting;
  const client = new driver.Client({
    host,
    port,
    database,
    user,
    ssl,
    password: async () => password(),
    connectionTimeoutMillis: patience,
    keepAlive: true,
    application_name: 'lpx',
    types: { getTypeParser: (type: number) => (NUMBERS.has(type) ? Number : driver.types.getTypeParser(type as never)) } as never,
  });
  // One that comes after the connection failed is the same error once more.
  const ignore = () => {};
  client.on('error', ignore);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  } finally {
    // While it fails, the listener stays.
    if (client.listenerCount('error') > 1) client.off('error', ignore);
  }
}

/** With a root certificate, `require` checks the server’s against it, and `verify-full` its name, too. */
function tlsOptions({ host, sslmode, sslrootcert, sslcert, sslkey }: Connecting): ConnectionOptions {
  const isChecked = sslmode.startsWith('verify-') || (sslmode === 'require' && sslrootcert !== '');
  return {
    rejectUnauthorized: isChecked,
    ...(sslrootcert !== '' && sslrootcert !== 'system' && { ca: pemOf(sslrootcert) }),
    ...(sslcert !== '' && sslkey !== '' && { cert: pemOf(sslcert), key: pemOf(sslkey) }),
    // Not by `servername`, which cannot be the number of a computer; `pg` sends it where it is a name.
    checkServerIdentity: (_, certificate) => (sslmode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined),
  };
}

/** @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE */
function pemOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(error, file);
  }
}
