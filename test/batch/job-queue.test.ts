import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NewJob } from '#lpx/batch/job.js';
import { JobQueue, RETRIES } from '#lpx/batch/job-queue.js';
import { jobId } from '#lpx/batch/queued-jobs.js';
import { type PostgresLocation, postgresLocation } from '#lpx/store/location.js';
import { createStore, openStore } from '#lpx/store/open.js';
import { describePostgres, type TestDatabase, testDatabase } from '../support/postgres.js';
import { tempFolder } from '../support/temp.js';

const job = (name: string): NewJob => ({
  id: jobId('import', name),
  kind: 'import',
  batch: 'b1',
  request: 'r1',
  about: name,
  payload: { file: name },
});

async function storeIn(location: PostgresLocation, code = '990001'): Promise<void> {
  await (await createStore(location, { school: { code, name: '' }, attachments: tempFolder() })).close();
}

async function open(location: PostgresLocation): Promise<JobQueue> {
  const queue = await JobQueue.open(location);
  onTestFinished(() => queue.close());
  return queue;
}

async function emptyQueue(): Promise<{ readonly database: TestDatabase; readonly queue: JobQueue }> {
  const database = await testDatabase();
  await storeIn(database.location);
  return { database, queue: await open(database.location) };
}

/** Two schools of one database, each with a role and a store of its own. */
async function twoSchools() {
  const database = await testDatabase();
  const { name, port, folder } = database;
  const codes = ['990001', '990002'] as const;
  const [roles, locations]: [string[], PostgresLocation[]] = [[], []];
  onTestFinished(async () => {
    for (const role of roles) await database.run(`drop owned by ${role} cascade; drop role ${role}`);
  });
  for (const code of codes) {
    const role = `${name}_${code}`;
    await database.run(`create role ${role} login; create schema lpx_${code} authorization ${role}`);
    const location = postgresLocation(`postgres://${role}@${encodeURIComponent(folder)}:${port}/${name}?school=${code}`);
    roles.push(role);
    locations.push(location);
    await storeIn(location, code);
  }
  return { database, roles: roles as [string, string], locations: locations as [PostgresLocation, PostgresLocation] };
}

async function clientOf({ folder, port, name }: TestDatabase, user: string): Promise<pg.Client> {
  const client = new pg.Client({ host: folder, port, user, database: name });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** Lets time pass as far as the queue is concerned. */
const later = ({ run }: TestDatabase) =>
  run(`update lpx_990001.job set started_on = started_on - interval '1 minute', start_after = now() - interval '1 minute'`);

const states = async (queue: JobQueue) =>
  (await queue.list(['queued', 'retry', 'running', 'done', 'dead'], 100)).map(({ about, state }) => `${about} ${state}`);

describePostgres('the queue of jobs', () => {
  it('gives each job to one worker, the first one first, and keeps what came of it until that has been read', async () => {
    const { database, queue } = await emptyQueue();
    await queue.submit([job('a'), job('b'), job('c')]);
    const workers = [queue, await open(database.location), await open(database.location)];
    const taken = await Promise.all(workers.map((worker) => worker.take()));
    expect(taken.map((given) => given?.about).sort()).toEqual(['a', 'b', 'c']);
    expect(await queue.take()).toBeUndefined();
    expect(taken.find((given) => given?.about === 'a')).toMatchObject({ ...job('a'), retries: 0 });

    await queue.complete(job('a').id, { outcome: 'imported', result: 'details' });
    const settled = [{ id: job('a').id, state: 'done', output: { outcome: 'imported', result: 'details' } }];
    expect(await queue.settled([job('a').id, job('b').id])).toEqual(settled);
    await queue.forget([job('a').id]);
    expect(await queue.settled([job('a').id])).toEqual([{ ...settled[0], output: { outcome: 'imported' } }]);
  });

  it('has one of a job that is submitted again: the new one, unless the old one is being run', async () => {
    const { queue } = await emptyQueue();
    const renewed = (name: string): NewJob => ({ ...job(name), request: 'r2' });
    await queue.submit([job('a')]);
    await queue.submit([renewed('a')]);
    expect(await queue.take()).toMatchObject({ about: 'a', request: 'r2' });
    await queue.submit([job('a')]);
    expect(await queue.take()).toBeUndefined();
    await queue.complete(job('a').id, { outcome: 'waiting' });
    await queue.submit([job('a')]);
    expect(await queue.take()).toMatchObject({ request: 'r1' });
  });

  it('takes a job back from a worker whose connection ends, and from no other', async () => {
    const { database, queue } = await emptyQueue();
    await queue.submit([job('a'), job('b')]);
    const dead = await JobQueue.open(database.location);
    const living = await open(database.location);
    expect([(await dead.take())?.about, (await living.take())?.about]).toEqual(['a', 'b']);
    await dead.close();
    // The server notices within moments.
    while ((await queue.supervise()) === 0) await sleep(20);
    expect((await states(queue)).sort()).toEqual(['a retry', 'b running']);
    await later(database);
    expect(await queue.take()).toMatchObject({ about: 'a', retries: 1 });
    // A row that somebody has edited says that it runs, and not where or since when.
    await database.run(`update lpx_990001.job set started_on = null, output = null where id = '${job('b').id}'`);
    expect(await queue.supervise()).toBe(1);
    expect((await states(queue)).sort()).toEqual(['a running', 'b retry']);
  });

  it('sees whether a worker lives that takes jobs, and takes nobody else for one', async () => {
    const { database, queue } = await emptyQueue();
    expect(await queue.hasWorker()).toBe(false);
    const worker = await JobQueue.open(database.location, { takesJobs: true });
    const other = await JobQueue.open(database.location, { takesJobs: true });
    expect(await queue.hasWorker()).toBe(true);
    await other.close();
    expect(await queue.hasWorker()).toBe(true);
    await worker.close();
    // As above.
    while (await queue.hasWorker()) await sleep(20);
  });

  it('gives up a job that fails again and again, lists it, and takes it back or drops it when told to', async () => {
    const { database, queue } = await emptyQueue();
    await queue.submit([job('a')]);
    for (let i = 0; i <= RETRIES; i++) {
      await later(database);
      expect(await queue.take()).toMatchObject({ retries: i });
      await queue.fail(job('a').id, { outcome: 'failed', code: 'LPX_INTERNAL' });
    }
    await later(database);
    expect(await queue.take()).toBeUndefined();
    expect(await queue.list(['dead'], 10)).toMatchObject([{ about: 'a', state: 'dead', retries: RETRIES, code: 'LPX_INTERNAL' }]);
    expect(await queue.settled([job('a').id])).toMatchObject([{ state: 'dead', output: { code: 'LPX_INTERNAL' } }]);

    expect(await queue.retry([job('a').id])).toEqual([job('a').id]);
    expect(await queue.retry([job('a').id])).toEqual([]);
    expect(await queue.take()).toMatchObject({ about: 'a', retries: 0 });
    expect(await queue.drop([job('a').id])).toEqual([]);
    await queue.fail(job('a').id, { outcome: 'failed' });
    expect(await queue.drop([job('a').id])).toEqual([job('a').id]);
    expect(await queue.settled([job('a').id])).toMatchObject([{ state: 'gone' }]);
  });

  it('is made by several at once, and counts what is in it', async () => {
    const database = await testDatabase();
    await storeIn(database.location);
    const [queue] = await Promise.all([open(database.location), open(database.location), open(database.location)]);
    await queue.submit([job('a'), job('b')]);
    await queue.take();
    expect(await queue.counts()).toEqual([
      { kind: 'import', state: 'queued', count: 1 },
      { kind: 'import', state: 'running', count: 1 },
    ]);
  });

  it('is of one school: the role of another one can neither read nor add nor take jobs, nor make dead workers of its', async () => {
    const { database, roles, locations } = await twoSchools();
    const [ours, theirs] = [await open(locations[0]), await open(locations[1])];
    await ours.submit([job('a')]);
    expect([await theirs.take(), await theirs.counts()]).toEqual([undefined, []]);
    const attack = (statement: string) =>
      database.run(`set role ${roles[1]}; ${statement}`).then(
        () => 'done',
        (error) => error.code,
      );
    for (const statement of [
      'select * from lpx_990001.job',
      'select * from lpx_990001.archive',
      `insert into lpx_990001.job (name, data) values ('lpx', '{}')`,
      `update lpx_990001.job set state = 'failed'`,
      `select lpx_990001.delete_queue('lpx')`,
    ])
      expect([statement, await attack(statement)]).toEqual([statement, '42501']);
    expect(await ours.take()).toMatchObject({ about: 'a' });
  });

  it('cannot be held up by the role of another school, whatever it locks and whatever it calls itself', async () => {
    const { database, roles, locations } = await twoSchools();
    const attacker = await clientOf(database, roles[1]);
    // What any role can hold: the numbers of all advisory locks that pg-boss takes for our school.
    await attacker.query(
      `select pg_advisory_lock(('x' || encode(sha224((current_database() || '.pgboss.lpx_990001')::bytea), 'hex'))::bit(64)::bigint)`,
    );
    const [ours, dead, store] = [await open(locations[0]), await JobQueue.open(locations[0]), await openStore(locations[0])];
    await ours.submit([job('a'), job('b')]);
    expect([(await dead.take())?.about, (await ours.take())?.about]).toEqual(['a', 'b']);
    const endTurn = await store.presence.tryTurn('inbox');
    const work = await store.attachments.workFolder();
    const held = await attacker.query(
      `select distinct pid from pg_locks join pg_stat_activity using (pid)
         where locktype = 'advisory' and datname = current_database() and pid <> pg_backend_pid()`,
    );
    expect(held.rows).toEqual([]);

    // It takes the place of a session that ends, as far as it can: its name, which everybody sees.
    const names = await attacker.query(
      "select distinct application_name as name from pg_stat_activity where datname = current_database() and application_name like 'lpx%'",
    );
    for (const { name } of names.rows)
      await (await clientOf(database, roles[1])).query("select set_config('application_name', $1, false)", [name]);
    await dead.close();
    await store.close();
    await later(database);
    while ((await ours.supervise()) === 0) await sleep(20);
    expect((await states(ours)).sort()).toEqual(['a retry', 'b running']);
    const after = await openStore(locations[0]);
    expect(await after.presence.isAlive(basename(work.path))).toBe(false);
    expect(await after.presence.tryTurn('inbox')).toBeDefined();
    expect(await after.presence.tryTurn('inbox')).toBeUndefined();
    expect(endTurn).toBeDefined();
    await after.close();
  });
});

describe('a store in a folder', () => {
  it('has no queue, and says so', async () => {
    await expect(JobQueue.open('/srv/lpx')).rejects.toMatchObject({ code: 'LPX_QUEUE_STORE', facts: { folder: '/srv/lpx' } });
  });
});
