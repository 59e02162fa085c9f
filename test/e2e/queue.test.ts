import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { expect, it, onTestFinished } from 'vitest';
import { RETRIES } from '#lpx/batch/job-queue.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { verifyPackage } from '#lpx/exchange/verify.js';
import type { StoreLocation } from '#lpx/store/location.js';
import { createStore } from '#lpx/store/open.js';
import { classOf, packagesIn, passwordsIn, writeList } from '../support/batches.js';
import { BINARY, lpx, lpxJson } from '../support/cli.js';
import { settle } from '../support/inboxes.js';
import {
  describePostgres,
  hasPostgres,
  holdWriters,
  ownServer,
  someoneWaits,
  type TestDatabase,
  testDatabase,
} from '../support/postgres.js';
import { S3_KEYS, S3Server } from '../support/s3.js';
import { keptFolder, tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

/** The soak (`LPX_QUEUE_PACKAGES=500`) has many packages, and kills a worker every two seconds. */
const PACKAGES = Number(process.env.LPX_QUEUE_PACKAGES ?? 9);
const SOAK = 100;
const KILL_EVERY_MS = 2000;
/** How many workers are killed otherwise, each after the next two packages. */
const KILLS = 2;
const WORKERS = 3;
/** How many packages the others have. */
const FEW = 4;

/** The workers' pair of keys. */
async function keyPair(folder: string) {
  const key = await generateIdentity();
  const identity = join(folder, 'workers.key');
  writeFileSync(identity, `${key}\n`, { mode: 0o600 });
  return { key, identity, recipient: await identityToRecipient(key) };
}

/** The store of a receiving school in a database. */
async function receiver(database: TestDatabase, folder: string): Promise<void> {
  const store = await createStore(database.location, { school: { code: '990002', name: '' }, attachments: join(folder, 'files') });
  await store.close();
}

/** Packages of a class for school 990002, made once for all tests of this file, with the table of their passwords. */
async function sentClass(folder: string) {
  const { store, nationalIds } = await classOf(join(folder, 'sender'), PACKAGES);
  const list = writeList(
    folder,
    nationalIds.map((nationalId) => ({ nationalId, to: '990002' })),
  );
  const [mail, secret] = [join(folder, 'mail'), join(folder, 'secret')];
  const sent = await lpx(['--store', store, 'batch', 'export', list, '--out', mail, '--passwords', secret]);
  expect([sent.code, sent.err]).toEqual([0, expect.any(String)]);
  return { mail: join(mail, '990002'), secret, nationalIds, sender: store };
}

/** An inbox of so many of them. */
async function inboxOf(folder: string, count: number) {
  sent ??= sentClass(kept);
  const { mail, secret, nationalIds, sender } = await sent;
  const inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  const packages = packagesIn(mail).slice(0, count);
  for (const file of packages.flatMap((name) => [name, `${name}.md5`])) cpSync(join(mail, file), join(inbox, file));
  settle(inbox);
  return { inbox, secret, packages, nationalIds, sender };
}

const kept = keptFolder();
let sent: ReturnType<typeof sentClass> | undefined;

const ENV = { ...process.env, LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', LPX_PASSWORD: '' };

interface Worker {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly said: { out: string; err: string };
  readonly ended: Promise<number | null>;
}

/** The workers of a test, which end with it at the latest. */
function workersOfTest(): (words: readonly string[], env?: NodeJS.ProcessEnv) => Worker {
  const started: Worker[] = [];
  onTestFinished(() => {
    for (const { child } of started) child.kill('SIGKILL');
  });
  return (words, env = {}) => {
    const worker = startWorker(words, env);
    started.push(worker);
    return worker;
  };
}

function startWorker(words: readonly string[], env: NodeJS.ProcessEnv): Worker {
  const child = spawn(process.execPath, [BINARY, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...ENV, ...env } });
  const said = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    said.err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said, ended };
}

/** Waits until so many packages have been imported, or all is over. */
async function hasImported(inbox: string, count: number, isOver: { readonly value: boolean }): Promise<void> {
  while (!isOver.value && packagesIn(join(inbox, 'imported')).length < count) await sleep(20);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The SHA-256 of every file in a folder of attachments, which has to be its name. */
function filesOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name),
  );
  return files.map((entry) => {
    expect(sha256(readFileSync(join(entry.parentPath, entry.name)))).toBe(entry.name);
    return entry.name;
  });
}

/** How many records each student of a list has, in a store. */
const recordsOf = (location: StoreLocation, nationalIds: readonly string[]): Promise<number[]> =>
  withStore(location, async (store) => {
    const counts: number[] = [];
    for (const nationalId of nationalIds) counts.push((await store.student(nationalId))?.records.length ?? 0);
    return counts;
  });

/** How many imports a store's history has. */
const importsIn = (location: StoreLocation): Promise<number> =>
  withStore(location, async (store) => (await store.history({ kinds: ['import'] })).length);

/** Waits until something is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

const countsOf = async ({ url }: TestDatabase) => (await lpxJson(['--store', url, 'batch', 'status', '--all'])).json.counts;

/** Every row of every table, as a backup would have it. */
async function dumpOf(database: TestDatabase): Promise<string> {
  const tables = await database.run<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname like 'lpx%'`,
  );
  const rows: string[] = [];
  for (const { name } of tables)
    for (const row of await database.run<{ row: string }>(`select t::text as row from ${name} t`)) rows.push(row.row);
  return rows.join('\n');
}

describePostgres('packages in the queue', () => {
  it(`are each imported once by ${WORKERS} workers of which one after the other is killed: ${PACKAGES} of them`, async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    const { inbox, secret, nationalIds, sender } = await inboxOf(folder, PACKAGES);
    const { identity, recipient } = await keyPair(folder);
    const start = workersOfTest();
    const begun = () => start(['--store', database.url, 'worker', '--jobs', '1', '--identity', identity]);
    const workers = Array.from({ length: WORKERS }, begun);
    // As `| head -1`: nobody reads what this one says any more.
    const unheard = workers.at(-1)?.child.stdout;
    unheard?.once('data', () => unheard.destroy());
    const started = performance.now();
    let kills = 0;
    const isOver = { value: false };
    const killing = (async () => {
      while (!isOver.value && (PACKAGES >= SOAK || kills < KILLS)) {
        await (PACKAGES >= SOAK ? sleep(KILL_EVERY_MS) : hasImported(inbox, 2 * (kills + 1), isOver));
        if (isOver.value) return;
        workers[kills % WORKERS]?.child.kill('SIGKILL');
        workers[kills % WORKERS] = begun();
        kills++;
      }
    })();
    const words = ['--store', database.url, 'batch', 'import', inbox, '--passwords', secret, '--create-students'];
    const { code, json } = await lpxJson([...words, '--queue', '--workers-recipient', recipient]).finally(() => {
      isOver.value = true;
    });
    await killing;
    const seconds = (performance.now() - started) / 1000;
    if (PACKAGES >= SOAK) console.log(`${PACKAGES} packages, ${kills} kills, ${seconds.toFixed(0)} s`);
    expect([code, json, workers.map(({ said }) => said)]).toMatchObject([0, { counts: { refused: 0, waiting: 0 } }, {}]);
    expect(kills).toBeGreaterThanOrEqual(KILLS);

    expect(await recordsOf(database.location, nationalIds)).toEqual(nationalIds.map(() => 3));
    expect(filesOf(join(folder, 'files')).sort()).toEqual(filesOf(join(sender, 'attachments')).sort());
    expect([packagesIn(inbox).length, packagesIn(join(inbox, 'imported')).length]).toEqual([PACKAGES, PACKAGES]);
    expect(await countsOf(database)).toMatchObject({ queued: 0, retry: 0, running: 0, dead: 0, done: PACKAGES });
    expect(await dumpOf(database)).not.toMatch(new RegExp([...passwordsIn(secret).values()].join('|')));
    // One that has just begun hears nothing yet.
    await until(() => workers.every(({ said }) => said.out !== ''));
    for (const { child } of workers) child.kill('SIGTERM');
    expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(workers.map(() => 0));
  });

  it('are made by workers, with passwords that only the sender and the workers can read', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    const { nationalIds } = await classOf(join(folder, 'sender'), 4);
    const store = await createStore(database.location, { school: { code: '990001', name: '' }, attachments: join(folder, 'files') });
    await store.close();
    expect((await lpx(['--store', database.url, 'load', join(folder, 'sender', 'platform')])).code).toBe(0);
    const list = writeList(
      folder,
      nationalIds.map((nationalId) => ({ nationalId })),
    );
    const [mail, secret] = [join(folder, 'mail'), join(folder, 'secret')];
    const { identity, recipient } = await keyPair(folder);
    const words = ['--store', database.url, 'batch', 'export', list, '--out', mail, '--passwords', secret];

    const submitted = await lpx([...words, '--queue', '--workers-recipient', recipient, '--no-follow']);
    expect([submitted.code, submitted.out]).toEqual([0, expect.stringContaining('4 jobs are in the queue')]);
    const dump = await dumpOf(database);
    const worker = workersOfTest()(['--store', database.url, 'worker', '--jobs', '2', '--identity', identity, '--until-empty']);
    expect([await worker.ended, worker.said.err]).toEqual([0, '']);
    const done = await lpxJson([...words, '--queue', '--workers-recipient', recipient, '--resume']);
    expect([done.code, done.json.counts]).toEqual([0, { packages: 4, exported: 4, sentBefore: 0, failed: 0, notDone: 0 }]);

    const passwords = passwordsIn(secret);
    expect([...passwords.keys()].sort()).toEqual(packagesIn(mail));
    for (const file of readdirSync(mail, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.zip'))) {
      const password = passwords.get(file.replace(/^.*\//, '')) as string;
      expect([file, (await verifyPackage({ zipFile: join(mail, file), password })).ok]).toEqual([file, true]);
      for (const text of [dump, await dumpOf(database), worker.said.out, submitted.out, done.out, done.err])
        expect(text).not.toContain(password);
    }
    const entries = await withStore(database.location, (open) => open.history({ kinds: ['export'] }));
    expect(entries.map((entry) => 'request' in entry && entry.request)).toEqual(Array(4).fill(expect.stringMatching(/^[0-9a-f]{12}$/)));

    // Sent before: the first and the fourth, who go to one school, and the second; the third goes there for the first time.
    const schools = ['990002', '990003', '990002', '990002'];
    const again = writeList(
      folder,
      schools.map((to, i) => ({ nationalId: nationalIds[i] as string, to })),
      'again.csv',
    );
    const grouped = ['--store', database.url, 'batch', 'export', again, '--out', mail, '--passwords', secret, '--group-by', 'school'];
    const queued = [...grouped, '--queue', '--workers-recipient', recipient, '--no-follow'];
    expect((await lpx(queued)).code).toBe(0);
    const second = workersOfTest()(['--store', database.url, 'worker', '--jobs', '2', '--identity', identity, '--until-empty']);
    expect([await second.ended, second.said.out]).toEqual([0, expect.stringContaining('exported before, unchanged')]);
    const { json: status } = await lpxJson(['--store', database.url, 'batch', 'status', '--all']);
    expect(status.jobs.map(({ outcome }: any) => outcome).sort()).toEqual([...Array(5).fill('done'), 'sent-before']);
    // What the workers found out is enough: no worker is needed once more.
    const resumed = await lpxJson([...queued, '--resume']);
    expect([resumed.code, resumed.json.counts]).toEqual([0, { packages: 1, exported: 1, sentBefore: 3, failed: 0, notDone: 0 }]);
    expect(await countsOf(database)).toMatchObject({ queued: 0, done: 6 });
  });

  it('of a student who was erased while they waited are treated as an import here is: refused, or of somebody new', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    const { inbox, secret, packages } = await inboxOf(folder, 1);
    const zip = join(inbox, packages[0] as string);
    const lpxHere = (...words: readonly string[]) => lpxJson(['--store', database.url, ...words]);
    const importHere = (...words: readonly string[]) =>
      lpxJson(['--store', database.url, 'import', zip, ...words], {
        env: { LPX_PASSWORD: passwordsIn(secret).get(packages[0] as string) as string },
      });
    const runWorker = () =>
      workersOfTest()(['--store', database.url, 'worker', '--jobs', '1', '--passwords', secret, '--until-empty']).ended;
    const { code, json: first } = await importHere('--create-students');
    const { nationalId } = first.students[0];
    const here = () => withStore(database.location, async (open) => (await open.student(nationalId)) !== undefined);
    expect([code, await here()]).toEqual([0, true]);
    expect((await lpxHere('batch', 'import', inbox, '--queue', '--no-follow')).code).toBe(0);
    // 8 while a change of another test on the server keeps the rows.
    expect([0, 8]).toContain((await lpxHere('erase', nationalId, '--yes')).code);

    const { json: refused } = await importHere();
    expect(await runWorker()).toBe(0);
    const { json: status } = await lpxHere('batch', 'status', '--all');
    expect([status.jobs[0].code, await here()]).toEqual([refused.error.code, false]);
    cpSync(join(inbox, 'refused'), inbox, { recursive: true });
    settle(inbox);
    expect((await lpxHere('batch', 'import', inbox, '--queue', '--no-follow', '--create-students')).code).toBe(0);
    expect([await runWorker(), await here()]).toEqual([0, true]);
    const verified = await withStore(database.location, (open) => open.log.verify());
    expect(verified.faults).toEqual([]);
  });

  it('that a worker verifies are in the history, also a refused one: by whom, and for which request', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    const { inbox, secret, packages } = await inboxOf(folder, 1);
    writeFileSync(join(inbox, 'notes.zip'), 'not a zip');
    settle(inbox);
    expect((await lpx(['--store', database.url, 'batch', 'verify', inbox, '--queue', '--no-follow'])).code).toBe(0);
    const worker = workersOfTest()(['--store', database.url, 'worker', '--jobs', '1', '--passwords', secret, '--until-empty']);
    expect(await worker.ended).toBe(0);
    const entries = await withStore(database.location, (open) => open.history({ kinds: ['verify'] }));
    const request = expect.stringMatching(/^[0-9a-f]{12}$/);
    expect(entries.map(({ file, operator, details }: any) => [file, operator, details]).sort()).toEqual([
      [packages[0], userInfo().username, { md5: expect.any(String), code: '', request }],
      ['notes.zip', userInfo().username, { md5: expect.any(String), code: 'LPX_NOT_A_ZIP', request }],
    ]);
  });

  it('are finished by a worker that is to end, and seen from outside: metrics, health, and logs without ids, names and passwords', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    const { inbox, secret, nationalIds } = await inboxOf(folder, 3);
    cpSync(join(inbox, packagesIn(inbox)[0] as string), join(inbox, `${nationalIds[0]}-王小明.zip`));
    settle(inbox);
    // The workers have the passwords: nothing is encrypted to anybody.
    const words = ['--store', database.url, 'worker', '--jobs', '1', '--passwords', secret];
    const worker = workersOfTest()([...words, '--metrics', '127.0.0.1:0', '--log', 'json', '--log-level', 'debug']);
    const submitted = await lpx(['--store', database.url, 'batch', 'import', inbox, '--create-students', '--queue']);
    expect([submitted.code, submitted.out]).toEqual([8, expect.stringContaining('3 imported')]);

    const lines = () => worker.said.err.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    const address = lines().find(({ event }) => event === 'metrics').address;
    const ask = async (path: string) => {
      const answer = await fetch(`http://${address}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    expect([(await ask('/healthz')).status, (await ask('/readyz')).status, (await ask('/')).status]).toEqual([200, 200, 404]);
    const { text } = await ask('/metrics');
    expect(text).toContain('lpx_jobs_total{kind="import",outcome="imported"} 3\n');
    expect(text).toContain('lpx_queue_jobs{kind="import",state="done"} 4\n');
    expect(text).toMatch(/^lpx_package_bytes_total\{kind="import"\} [1-9]\d{3,}$/m);

    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(lines().filter(({ event }) => event === 'done')).toHaveLength(4);
    const [done] = lines().filter(({ outcome }) => outcome === 'imported');
    expect(done).toMatchObject({
      kind: 'import',
      job: expect.any(String),
      request: expect.stringMatching(/^[0-9a-f]{12}$/),
      history: expect.any(Number),
    });
    const { json: log } = await lpxJson(['--store', database.url, 'log']);
    expect(log.entries.find(({ id }: any) => id === done.history)).toMatchObject({ kind: 'import', request: done.request });
    const seen = `${worker.said.out}${worker.said.err}${text}`;
    for (const secretText of [...nationalIds, '王小明', '學生0', ...passwordsIn(secret).values()]) expect(seen).not.toContain(secretText);
  });

  it('are each imported once when the server stops in the middle of it, and starts again', async () => {
    const folder = tempFolder();
    const server = await ownServer();
    const database = await testDatabase(server);
    await receiver(database, folder);
    const { inbox, secret, packages, nationalIds } = await inboxOf(folder, FEW);
    const words = ['--store', database.url, 'batch', 'import', inbox, '--create-students', '--queue', '--no-follow'];
    expect((await lpx(words)).code).toBe(0);
    await holdWriters(database, '990002');
    const worker = workersOfTest()(['--store', database.url, 'worker', '--jobs', '2', '--passwords', secret, '--until-empty']);
    await someoneWaits(database);
    await server.stop();
    await until(() => /LPX_DATABASE_(?:LOST|UNREACHABLE)/.test(worker.said.out));
    await server.start();
    expect([await worker.ended, worker.said.err]).toEqual([0, '']);
    expect(packagesIn(join(inbox, 'imported'))).toEqual(packages);
    expect((await recordsOf(database.location, nationalIds)).filter((count) => count > 0)).toEqual(packages.map(() => 3));
    expect(await importsIn(database.location)).toBe(FEW);
    expect(await countsOf(database)).toMatchObject({ queued: 0, retry: 0, running: 0, dead: 0, done: FEW });
  });

  it('go back into the queue at a second SIGTERM, nothing of them done, and stay there when who follows them is interrupted', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    const { inbox, secret, packages } = await inboxOf(folder, 2);
    const start = workersOfTest();
    const submitter = start(['--store', database.url, 'batch', 'import', inbox, '--create-students', '--queue']);
    const queued = async () => (await database.run(`select 1 from lpx_990002.job where state <> 'completed'`).catch(() => [])).length;
    await until(async () => (await queued()) === 2);
    await until(() => submitter.said.err.includes('No worker is running at the moment: 2 jobs are waiting'));
    submitter.child.kill('SIGINT');
    expect([await submitter.ended, await queued()]).toEqual([9, 2]);

    // Nobody but this test can write to the school: no job comes to its end.
    const working = ['--store', database.url, 'worker', '--jobs', '1', '--passwords', secret];
    const writers = await holdWriters(database, '990002');
    const worker = start([...working, '--log', 'json', '--log-level', 'debug']);
    const said = (event: string) => () => worker.said.err.includes(`"event":"${event}"`);
    await until(said('begin'));
    worker.child.kill('SIGTERM');
    await until(said('draining'));
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(said('returned')()).toBe(true);
    await writers.release();
    expect([await queued(), await importsIn(database.location), packagesIn(join(inbox, 'imported'))]).toEqual([2, 0, []]);
    expect(await start([...working, '--until-empty']).ended).toBe(0);
    expect([packagesIn(join(inbox, 'imported')), await importsIn(database.location)]).toEqual([packages, 2]);
  });

  it('that bring their worker down each time are given up, and all others are imported', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    const { inbox, secret, packages } = await inboxOf(folder, 3);
    const submitting = ['--store', database.url, 'batch', 'import', inbox, '--create-students', '--queue'];
    expect((await lpx([...submitting, '--no-follow'])).code).toBe(0);
    const [{ about } = { about: '' }] = await database.run<{ about: string }>(
      `select data->>'about' as about from lpx_990002.job where priority = -1`,
    );
    const poison = join(folder, 'poison.cjs');
    writeFileSync(
      poison,
      `const write = process.stderr.write;
       process.stderr.write = function (text, ...rest) {
         if (/"event":"begin"/.test(text) && text.includes(${JSON.stringify(JSON.stringify(about))})) process.kill(process.pid, 'SIGKILL');
         return write.call(this, text, ...rest);
       };`,
    );
    const start = workersOfTest();
    const words = ['--store', database.url, 'worker', '--jobs', '1', '--passwords', secret, '--until-empty', '--log', 'json'];
    let [starts, code]: [number, number | null] = [0, null];
    for (; code === null && starts < 5; starts++) {
      const worker = start([...words, '--log-level', 'debug'], { NODE_OPTIONS: `--require=${poison}` });
      // The pauses between the tries, and all tries but the first and the last, pass at once.
      const hurrying = setInterval(() => {
        database.run(`update lpx_990002.job set start_after = now() where state = 'retry'`).catch(() => {});
      }, 200);
      code = await worker.ended.finally(() => clearInterval(hurrying));
      await database.run(`update lpx_990002.job set started_on = now() - interval '1 minute', retry_count = greatest(retry_count, ${RETRIES - 1})
        where state = 'active'`);
    }
    expect([starts, code]).toEqual([3, 0]);
    const { json } = await lpxJson(['--store', database.url, 'batch', 'status']);
    expect(json.jobs).toMatchObject([{ state: 'dead', about, code: 'LPX_WORKER_GONE', retries: RETRIES }]);
    expect(packagesIn(join(inbox, 'imported'))).toEqual(packages.filter((name) => name !== about));
    expect(await importsIn(database.location)).toBe(2);
  });

  it('are done although rows of another form are in the queue: those are given up, and a worker ends when it is to', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    await lpx(['--store', database.url, 'batch', 'status']);
    const inbox = (path: string) => ({ path, mark: randomUUID() });
    const terms = { signature: 'beside', strict: false, accept: { partial: false, foreignMd5: false }, operator: '' };
    const importing = { ...terms, dryRun: false, createStudents: true };
    const importOf = (payload: object) => ({
      ...{ kind: 'import', batch: 'b', request: 'r', about: 'a' },
      payload: { inbox: inbox(folder), file: 'x.zip', terms: importing, passwords: null, language: 'en', ...payload },
    });
    const forms: readonly (readonly [form: unknown, code: string])[] = [
      [null, 'LPX_JOB_FORM'],
      [[], 'LPX_JOB_FORM'],
      ['x', 'LPX_JOB_FORM'],
      [{ kind: 'A800000014 x', batch: { a: 1 } }, 'LPX_JOB_FORM'],
      [{ kind: 'export', batch: 'b', request: 'r', about: 'a', payload: {} }, 'LPX_JOB_FORM'],
      [importOf({ inbox: { path: folder, mark: '' } }), 'LPX_JOB_FORM'],
      [importOf({ file: '../x.zip' }), 'LPX_JOB_FORM'],
      // A store that is not the worker's, and folders that nobody shared.
      [importOf({ folder: '/srv/other' }), 'LPX_JOB_FORM'],
      [importOf({ terms: { ...importing, folder: '/srv/other' } }), 'LPX_JOB_FORM'],
      [importOf({}), 'LPX_JOB_FOLDER'],
      [importOf({ inbox: inbox('/etc') }), 'LPX_JOB_FOLDER'],
    ];
    for (const [form] of forms)
      await database.run(
        `insert into lpx_990002.job (name, data, retry_limit, retry_delay) values ('lpx', '${JSON.stringify(form)}', 0, 0)`,
      );
    const worker = workersOfTest()(['--store', database.url, 'worker', '--jobs', '1', '--log', 'json']);
    const failed = () => worker.said.err.split('\n').filter((line) => line.includes('"event":"failed"'));
    while (failed().length < forms.length && worker.child.exitCode === null) await sleep(50);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(failed().map((line) => JSON.parse(line).code)).toEqual(forms.map(([, code]) => code));
    expect(worker.said.err).not.toContain('A800000014');
    const status = await lpx(['--store', database.url, 'batch', 'status']);
    expect(status.out).not.toMatch(/undefined|A800000014/);
    expect(status.out).toContain('unknown');
    // What somebody has written over what they found out is no reason to say nothing.
    for (const output of [
      '[1]',
      '"x"',
      '{"code":7,"outcome":{},"facts":"x"}',
      '{"code":"LPX_NONE","facts":{"folder":{}}}',
      '{"code":"toString"}',
    ]) {
      await database.run(`update lpx_990002.job set output = '${output}'`);
      const after = await lpx(['--store', database.url, 'batch', 'status']);
      expect([output, after.code, after.err]).toEqual([output, status.code, status.err]);
    }
  });

  it('are refused a queue where passwords would get into it as they are, and where options contradict it', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await receiver(database, folder);
    writeFileSync(join(folder, 'passwords.csv'), '檔名,密碼\r\n');
    const codeOf = async (...words: readonly string[]) => {
      const { code, json } = await lpxJson(['--store', database.url, 'batch', 'import', folder, ...words]);
      return [code, json.error.code];
    };
    expect(await codeOf('--queue', '--passwords', join(folder, 'passwords.csv'))).toEqual([2, 'LPX_QUEUE_PASSWORDS']);
    expect(await codeOf('--queue', '--workers-recipient', 'age1nobody')).toEqual([2, 'LPX_RECIPIENT_WRONG']);
    for (const words of [['--queue', '--replace'], ['--queue', '--jobs', '2'], ['--no-follow'], ['--metrics', '9464']])
      expect(await codeOf(...words)).toEqual([2, 'LPX_USAGE']);
  });
});

describeWith(['swift'], 'packages in the queue, with attachments in a bucket', () => {
  it.skipIf(!hasPostgres && process.env.LPX_TOOLS !== 'required')(
    'wait for a storage that is away, and are each imported once',
    async () => {
      const folder = tempFolder();
      const storage = new S3Server();
      onTestFinished(() => storage.stop());
      await storage.start();
      const database = await testDatabase();
      const store = await createStore(database.location, { school: { code: '990002', name: '' }, attachments: storage.urlOf() });
      await store.close();
      const { inbox, secret, packages, nationalIds } = await inboxOf(folder, 3);
      await storage.kill();
      const words = ['--store', database.url, 'batch', 'import', inbox, '--create-students', '--queue'];
      const submitter = lpxJson(words);
      const worker = workersOfTest()(['--store', database.url, 'worker', '--jobs', '2', '--passwords', secret], S3_KEYS);
      await until(() => worker.said.out.includes('LPX_S3_UNREACHABLE'));
      await storage.resume();
      const { code, json } = await submitter;
      expect([code, json.counts]).toEqual([0, expect.objectContaining({ imported: 3, refused: 0, waiting: 0 })]);
      worker.child.kill('SIGTERM');
      expect([await worker.ended, packagesIn(join(inbox, 'imported'))]).toEqual([0, packages]);
      expect((await recordsOf(database.location, nationalIds)).filter((count) => count > 0)).toEqual([3, 3, 3]);
      await withStore(database.location, async (open) => {
        const states: string[] = [];
        for await (const { sha256 } of open.attachments.list()) states.push(await open.attachments.check(sha256));
        expect(states).toEqual(Array(7).fill('sound'));
      });
    },
  );
});
