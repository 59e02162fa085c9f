import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Kysely } from 'kysely';
import pg from 'pg';
import { afterEach, expect, it, vi } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { identityOf } from '#lpx/spec/identity.js';
import { postgresLocation } from '#lpx/store/location.js';
import { migrate, SCHEMA_VERSION } from '#lpx/store/migrations.js';
import { createStore, openStore } from '#lpx/store/open.js';
import { PostgresDialect } from '#lpx/store/postgres/dialect.js';
import { createPostgresStoreOfRows } from '#lpx/store/postgres/open.js';
import { PostgresSession } from '#lpx/store/postgres/session.js';
import type { Store } from '#lpx/store/store.js';
import type { Tables } from '#lpx/store/tables.js';
import { describePostgres, ownServer, type TestDatabase, testDatabase } from '../../support/postgres.js';
import { courseResult, smallPortfolio } from '../../support/small-portfolio.js';
import { tempFolder } from '../../support/temp.js';

const SCHOOL = { code: '990001', name: '示範高中' };
const { basicData } = smallPortfolio();
const HISTORY = { kind: 'load', at: new Date(2021, 0, 21), file: 'a.json', bytes: 1, operator: 'clerk' } as const;

afterEach(() => {
  vi.unstubAllEnvs();
});

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error) => error.code ?? String(error),
  );

const addStudent = (store: Store, nationalId: string) =>
  store.change(async (change) => {
    const historyId = await change.addHistory(HISTORY);
    const { id } = await change.addStudent({ ...basicData, nationalId }, {});
    const record = { ...courseResult(), document: null } as never;
    await change.addRecords(id, 'own', historyId, [{ record, ...identityOf(record) }]);
    return { keep: true, result: id };
  });

async function newStore(database: TestDatabase, school = SCHOOL, url = database.url): Promise<Store> {
  return createStore(postgresLocation(url), { school, attachments: join(tempFolder(), 'files') });
}

/** A role of a school, with a schema of its own, as docs/postgres.md says; its password is that of the password file. */
async function schoolRole({ run, port, name }: TestDatabase, code: string): Promise<string> {
  const role = `${name}_${code}`;
  await run(`revoke all on database ${name} from public;
    create role ${role} login password 'made-up-${code}'; create schema lpx_${code} authorization ${role};
    grant connect on database ${name} to ${role};`);
  return `postgres://${role}@127.0.0.1:${port}/${name}`;
}

/** The password file of a user who has the roles of both schools. */
function passwordFile({ name }: TestDatabase, codes: readonly string[], mode = 0o600): string {
  const file = join(tempFolder(), 'pgpass');
  writeFileSync(file, ['# roles', ...codes.map((code) => `127.0.0.1:*:${name}:${name}_${code}:made-up-${code}`)].join('\n'));
  chmodSync(file, mode);
  return file;
}

const dropRoles = ({ name, run }: TestDatabase, codes: readonly string[]) =>
  run(codes.map((code) => `drop owned by ${name}_${code} cascade; drop role ${name}_${code};`).join(' '));

describePostgres('what a restore that was cut short left of attachments', () => {
  it('is removed by the next one into the database, and nothing of a store that has come to live there', async () => {
    const database = await testDatabase();
    const files = join(tempFolder(), 'files');
    const sha256 = 'a'.repeat(64);
    /** As one that is killed: its place has a file, and the database no store. */
    const cutShort = async (): Promise<string> => {
      const before = new Set(existsSync(files) ? readdirSync(files) : []);
      const restore = createPostgresStoreOfRows(
        database.location,
        { school: SCHOOL, schemaVersion: SCHEMA_VERSION, attachments: files },
        async (_, vault) => {
          mkdirSync(dirname(vault.locationOf(sha256)), { recursive: true });
          writeFileSync(vault.locationOf(sha256), 'of a student');
          throw new Error('killed');
        },
      );
      await expect(restore).rejects.toThrow('killed');
      return readdirSync(files).find((name) => !before.has(name)) ?? '';
    };
    const lives = await cutShort();
    // As where the database is a copy of one in which the restore came to its end.
    rmSync(join(files, lives, 'unfinished'));
    const second = await cutShort();
    const third = await cutShort();
    expect([second === '', readdirSync(files).sort()]).toEqual([false, [lives, third].sort()]);
    // Also by a store that is made there instead.
    const made = await createStore(database.location, { school: SCHOOL, attachments: files });
    await made.close();
    const store = await openStore(database.location);
    const own = basename(dirname(dirname(dirname(store.attachments.locationOf(sha256)))));
    await store.close();
    expect(readdirSync(files).sort()).toEqual([lives, own].sort());
    expect(readFileSync(join(files, lives, 'attachments', 'aa', sha256), 'utf8')).toBe('of a student');
  });
});

describePostgres('two schools in one database', () => {
  const CODES = ['990001', '990002'];

  it('cannot read or change each other’s data, through lpx or past it, and are not told about each other', async () => {
    const database = await testDatabase();
    const urls = [await schoolRole(database, '990001'), await schoolRole(database, '990002')] as const;
    vi.stubEnv('PGPASSFILE', passwordFile(database, CODES));
    for (const [i, code] of CODES.entries()) {
      const store = await newStore(database, { code, name: `學校${code}` }, urls[i]);
      await addStudent(store, ['A800000014', 'B800000015'][i] as string);
      await store.close();
    }
    // Each sees its own, without being asked which.
    const idsOf = (url: string) =>
      withStore(postgresLocation(url), async (store) => [store.school.code, (await store.students()).map(({ nationalId }) => nationalId)]);
    expect(await idsOf(urls[0])).toEqual(['990001', ['A800000014']]);
    expect(await idsOf(urls[1])).toEqual(['990002', ['B800000015']]);
    // The other one's looks as if it were not there, and cannot be made again.
    expect(await codeOf(openStore(postgresLocation(`${urls[0]}?school=990002`)))).toBe('LPX_STORE_NOT_FOUND');
    expect(await codeOf(openStore(postgresLocation(`${urls[0]}?school=990003`)))).toBe('LPX_STORE_NOT_FOUND');
    expect(await codeOf(newStore(database, { code: '990002', name: '' }, urls[0]))).toBe('LPX_DATABASE_REFUSED');
    expect(await codeOf(newStore(database, { code: '990003', name: '' }, urls[0]))).toBe('LPX_DATABASE_REFUSED');

    const attacker = new pg.Client({ connectionString: urls[0], password: 'made-up-990001' });
    await attacker.connect();
    // A right that nobody asked for, and nobody can refuse, does not change which school a role means.
    await attacker.query(
      `grant usage on schema lpx_990001 to ${database.name}_990002; grant select on all tables in schema lpx_990001 to public`,
    );
    expect(await idsOf(urls[1])).toEqual(['990002', ['B800000015']]);
    await attacker.query(`revoke usage on schema lpx_990001 from ${database.name}_990002`);
    const attempts = [
      'select * from lpx_990002.students',
      'select count(*) from lpx_990002.history',
      "update lpx_990002.school set name = 'x'",
      'delete from lpx_990002.own_records',
      'do $$ begin lock table lpx_990002.schema_version in share row exclusive mode; end $$',
      'create table lpx_990002.mine (a integer)',
      'drop schema lpx_990002 cascade',
      `set role ${database.name}_990002`,
      'grant usage on schema lpx_990002 to public',
      'create schema other',
      'create table public.students (id integer)',
      `create view lpx_990001.theirs as select * from lpx_990002.students`,
      `create function lpx_990001.theirs() returns bigint language sql security definer as 'select count(*) from lpx_990002.students'`,
    ];
    for (const attempt of attempts)
      expect([
        attempt,
        await attacker.query(attempt).then(
          () => 'done',
          (error) => error.code,
        ),
      ]).toEqual([attempt, '42501']);
    await attacker.end();

    // Who may use both says which; the error has their codes, and no other school's.
    const error = await openStore(database.location).catch((reason) => reason);
    expect([error.code, error.facts.schools]).toEqual(['LPX_STORE_SCHOOL', CODES.join(' ')]);
    expect(await withStore(postgresLocation(`${database.url}?school=990002`), async ({ school }) => school.code)).toBe('990002');
    await dropRoles(database, CODES);
  });

  it('do not depend on how a role writes dates and bytes, and name what ends a statement', async () => {
    const database = await testDatabase();
    const store = await newStore(database);
    await store.close();
    for (const setting of ["datestyle = 'German, DMY'", 'bytea_output = escape', "timezone = 'Asia/Taipei'", "lock_timeout = '0'"])
      await database.run(`alter role postgres in database ${database.name} set ${setting}`);
    const session = await PostgresSession.connect(database.location);
    const [row] = await session.rows<{ at: Date; bytes: Buffer; patience: string }>(
      `select '2021-01-22 02:00:00+00'::timestamptz as at, '\\x5c00'::bytea as bytes, current_setting('lock_timeout') as patience`,
    );
    expect(row).toEqual({ at: new Date('2021-01-22T02:00:00Z'), bytes: Buffer.from([0x5c, 0]), patience: '15s' });
    for (const code of ['57014', '40P01', '40001', '53200', '58030'])
      expect(await codeOf(session.rows(`do $$ begin raise exception using errcode = '${code}'; end $$`))).toBe('LPX_DATABASE_STOPPED');
    await session.end();
  });

  it('do not wait for each other, and those who write to one do', async () => {
    const database = await testDatabase();
    const [first, second] = [await newStore(database), await newStore(database, { code: '990002', name: '' })];
    const steps: string[] = [];
    await first.change(async (change) => {
      await change.setSchoolName('甲校');
      await addStudent(second, 'B800000015');
      steps.push('the other school wrote');
      return { keep: true, result: undefined };
    });
    expect(steps).toEqual(['the other school wrote']);
    await first.close();
    await second.close();
  });

  it('made by the same user take every right from everybody else', async () => {
    const database = await testDatabase();
    await (await newStore(database)).close();
    const [rights] = await database.run<{ usage: boolean }>(
      `create role ${database.name}_x login; select has_schema_privilege('${database.name}_x', 'lpx_990001', 'usage') as usage`,
    );
    await database.run(`drop role ${database.name}_x`);
    expect(rights).toEqual({ usage: false });
  });
});

describePostgres('user and password', () => {
  it('come from a service file, the environment or the password file, and the last only when nobody else can read it', async () => {
    const database = await testDatabase();
    const url = await schoolRole(database, '990001');
    const open = (address: string) => codeOf(openStore(postgresLocation(address)).then((store) => store.close()));
    vi.stubEnv('PGPASSFILE', passwordFile(database, ['990001']));
    await (await newStore(database, SCHOOL, url)).close();
    expect(await open(url)).toBe('none');
    vi.stubEnv('PGPASSFILE', passwordFile(database, ['990001'], 0o640));
    expect(await open(url)).toBe('LPX_DATABASE_LOGIN');
    vi.stubEnv('PGPASSWORD', 'made-up-990001');
    expect(await open(url)).toBe('none');
    vi.stubEnv('PGPASSWORD', 'another');
    expect(await open(url)).toBe('LPX_DATABASE_LOGIN');
    vi.stubEnv('PGPASSWORD', undefined);
    const services = join(tempFolder(), 'pg_service.conf');
    const role = `${database.name}_990001`;
    writeFileSync(
      services,
      `# ours\n[other]\nhost=nowhere.invalid\n[lpx]\nhost=127.0.0.1\nport=${database.port}\ndbname=${database.name}\nuser=${role}\npassword=made-up-990001\n[last]\nuser=x\n`,
    );
    vi.stubEnv('PGSERVICEFILE', services);
    vi.stubEnv('PGHOST', 'nowhere.invalid');
    expect(await open('postgres://?service=lpx')).toBe('none');
    vi.stubEnv('PGSERVICE', 'lpx');
    expect(await open('postgres:///')).toBe('none');
    expect(await open('postgres://?service=none')).toBe('LPX_DATABASE_SERVICE');
    vi.stubEnv('PGSSLMODE', 'perhaps');
    expect(await open('postgres:///')).toBe('LPX_DATABASE_SETTING');
    await dropRoles(database, ['990001']);
  });
});

describePostgres('a database that cannot be used', () => {
  it('is said to be so in its own words, and never as an internal error', async () => {
    const { port, name, run, url } = await testDatabase();
    const at = (address: string) => codeOf(openStore(postgresLocation(address)));
    expect(await at('postgres://127.0.0.1:1/lpx')).toBe('LPX_DATABASE_UNREACHABLE');
    expect(await at('postgres://nowhere.invalid/lpx')).toBe('LPX_DATABASE_UNREACHABLE');
    expect(await at(`postgres:///${name}?host=${tempFolder()}`)).toBe('LPX_DATABASE_UNREACHABLE');
    expect(await at(`postgres://postgres@127.0.0.1:${port}/none`)).toBe('LPX_DATABASE_NOT_FOUND');
    expect(await at(`postgres://nobody@127.0.0.1:${port}/${name}`)).toBe('LPX_DATABASE_LOGIN');
    expect(await at(`${url}?sslmode=require`)).toBe('LPX_DATABASE_TLS');
    expect(await at(`${url}?sslmode=verify-full&sslrootcert=/none`)).toBe('LPX_FILE_NOT_FOUND');
    expect(await at(url)).toBe('LPX_STORE_NOT_FOUND');
    await run(`create role ${name}_few login connection limit 0 password 'made-up'`);
    vi.stubEnv('PGPASSWORD', 'made-up');
    expect(await at(`postgres://${name}_few@127.0.0.1:${port}/${name}`)).toBe('LPX_DATABASE_FULL');
    await run(`drop role ${name}_few`);
  });

  it('is waited for no longer than is said', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const error = await openStore(postgresLocation(`postgres://127.0.0.1:${port}/lpx?connect_timeout=1`)).catch((reason) => reason);
    silent.close();
    expect([error.code, error.facts.reason]).toEqual(['LPX_DATABASE_UNREACHABLE', 'noAnswer']);
  });
});

describePostgres('a connection that is lost in the middle', () => {
  it('ends the change, whole or not at all, and everything after it', async () => {
    const database = await testDatabase();
    const store = await newStore(database);
    const change = store.change(async (open) => {
      await open.addHistory(HISTORY);
      await database.run(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'lpx %' and datname = '${database.name}'`,
      );
      await open.addHistory(HISTORY);
      return { keep: true, result: undefined };
    });
    expect(await codeOf(change)).toBe('LPX_DATABASE_LOST');
    expect(await codeOf(store.history())).toBe('LPX_DATABASE_LOST');
    await store.close();
    expect(await withStore(database.location, (open) => open.history())).toEqual([]);
  });

  it('with a server that stops is one of it, until the server runs again', async () => {
    const server = await ownServer();
    const database = await testDatabase(server);
    const store = await newStore(database);
    await addStudent(store, 'A800000014');
    const change = store.change(async (open) => {
      await open.addStudent({ ...basicData, nationalId: 'B800000015' }, {});
      await server.stop();
      return { keep: true, result: undefined };
    });
    expect(await codeOf(change)).toBe('LPX_DATABASE_LOST');
    await store.close();
    expect(await codeOf(openStore(database.location))).toBe('LPX_DATABASE_UNREACHABLE');
    await server.start();
    const again = await openStore(database.location);
    expect((await again.students()).map(({ nationalId }) => nationalId)).toEqual(['A800000014']);
    await addStudent(again, 'B800000015');
    await again.close();
  });
});

describePostgres('the tables', () => {
  it('are made and brought up to date once, however many processes begin at once', async () => {
    const database = await testDatabase();
    const names = Array.from({ length: 8 }, (_, i) => `校${i}`);
    const made = await Promise.all(
      names.map((name) => codeOf(newStore(database, { code: '990001', name }).then((store) => store.close()))),
    );
    expect(made.sort()).toEqual([...Array(7).fill('LPX_STORE_EXISTS'), 'none']);

    // A store as an earlier version left it, in which nobody has made a school yet.
    const session = await PostgresSession.connect(database.location);
    await session.rows('create schema lpx_990002');
    await session.use('lpx_990002');
    await session.rows('create table schema_version (version integer not null)');
    const db = new Kysely<Tables>({ dialect: new PostgresDialect(session) });
    await migrate(db, session.shown, 13);
    await db.destroy();
    const location = postgresLocation(`${database.url}?school=990002`);
    const opened = await Promise.all(Array.from({ length: 8 }, () => codeOf(openStore(location))));
    expect(opened).toEqual(Array(8).fill('LPX_STORE_NOT_FOUND'));
    expect(await database.run('select version from lpx_990002.schema_version')).toEqual([{ version: SCHEMA_VERSION }]);
  });

  it('are asked one statement after the other, whoever asks at the same time', async () => {
    const database = await testDatabase();
    const session = await PostgresSession.connect(database.location);
    const warnings: string[] = [];
    const note = ({ message }: Error) => warnings.push(message);
    process.on('warning', note);
    const failing = session.rows('select 1 / 0').catch(() => 'failed');
    const answers = [failing, ...[1, 2, 3].map(async (n) => (await session.rows<{ n: number }>(`select ${n} as n`))[0]?.n)];
    expect(await Promise.all(answers)).toEqual(['failed', 1, 2, 3]);
    await setImmediate();
    process.off('warning', note);
    expect(warnings).toEqual([]);
    await session.end();
  });

  it('sort and compare text by its bytes, whatever language the database sorts by', async () => {
    const database = await testDatabase();
    await (await newStore(database)).close();
    const columns = await database.run(
      `select table_name, column_name from information_schema.columns
       where table_schema = 'lpx_990001' and data_type = 'text' and collation_name is distinct from 'C'`,
    );
    expect(columns).toEqual([]);
  });

  it('can be read by a role that may not change them, and by no older lpx', async () => {
    const database = await testDatabase();
    const store = await newStore(database);
    await addStudent(store, 'A800000014');
    await store.close();
    const role = `${database.name}_reader`;
    await database.run(`create role ${role} login password 'made-up'; grant usage on schema lpx_990001 to ${role};
      grant select on all tables in schema lpx_990001 to ${role}`);
    vi.stubEnv('PGPASSWORD', 'made-up');
    const reader = await openStore(postgresLocation(`postgres://${role}@127.0.0.1:${database.port}/${database.name}`));
    expect(await reader.students()).toHaveLength(1);
    expect(await codeOf(addStudent(reader, 'B800000015'))).toBe('LPX_DATABASE_REFUSED');
    await reader.close();
    await database.run(`drop owned by ${role}; drop role ${role}; update lpx_990001.schema_version set version = 999`);
    expect(await codeOf(openStore(database.location))).toBe('LPX_STORE_NEWER');
  });
});

describePostgres('the indexes', () => {
  it('are checked by the extension amcheck where there is one that the user may run: one that lacks an entry is named', async ({
    skip,
  }) => {
    const database = await testDatabase();
    if ((await database.run(`select from pg_available_extensions where name = 'amcheck'`)).length === 0) skip();
    const store = await newStore(database);
    await addStudent(store, 'A800000014');
    expect(await store.health.engine(false)).toMatchObject({ by: 'none', faults: [] });
    await database.run('create extension amcheck');
    expect(await store.health.engine(false)).toMatchObject({ by: 'amcheck', faults: [] });
    const [{ name } = { name: '' }] = await database.run<{ name: string }>(
      `select indexrelid::regclass::text as name from pg_index where indrelid = 'lpx_990001.students'::regclass and indisprimary`,
    );
    const use = (isUsed: boolean) =>
      database.run(`update pg_index set indisready = ${isUsed}, indisvalid = ${isUsed} where indexrelid = '${name}'::regclass`);
    await use(false);
    await addStudent(store, 'B800000015');
    await use(true);
    expect(await store.health.engine(false)).toMatchObject({ by: 'amcheck', faults: [name.split('.')[1]] });
    await store.close();
  });
});
