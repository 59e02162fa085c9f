import { join } from 'node:path';
import { serialize } from 'node:v8';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { type BatchExportRequest, exportBatch } from '#lpx/batch/export-batch.js';
import type { NewJob } from '#lpx/batch/job.js';
import { JobQueue } from '#lpx/batch/job-queue.js';
import { jobId } from '#lpx/batch/queued-jobs.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { createStore } from '#lpx/store/open.js';
import { describePostgres, overwritten, someoneWaits, type TestDatabase, testDatabase } from '../support/postgres.js';
import { NOW, OPERATOR } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const ERASED = { nationalId: 'B800000015', name: '陳小麥' };
const STAYING = { nationalId: 'C800000016', name: '王小樹' };

const job = (name: string, payload: object): NewJob => ({
  id: jobId('export', name),
  kind: 'export',
  batch: 'b1',
  request: 'r1',
  about: name,
  payload,
});
const resultOf = (said: object) => gzipSync(serialize(said)).toString('base64');

/** A school with both students, and its queue. */
async function twoStudents() {
  const database = await testDatabase();
  const { location } = database;
  const store = await createStore(location, { school: { code: '990001', name: '' }, attachments: tempFolder() });
  await store.change(async (change) => {
    for (const who of [ERASED, STAYING]) await change.addStudent(smallPortfolio([], who).basicData, {});
    return { keep: true, result: undefined };
  });
  await store.close();
  const queue = await JobQueue.open(location);
  onTestFinished(() => queue.close());
  const erase = () => withStore(location, (open) => open.erasures.erase(ERASED.nationalId, { now: NOW, operator: OPERATOR, reason: '' }));
  return { ...database, database, queue, erase };
}

const ALL_STATES = ['queued', 'retry', 'running', 'done', 'dead'] as const;

/** Every row of the school's tables, the queue's among them. */
async function dumpOf({ run }: TestDatabase): Promise<string> {
  const tables = await run<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'lpx_990001'`);
  const dump: string[] = [];
  for (const { name } of tables)
    dump.push(...(await run<{ row: string }>(`select t::text as row from lpx_990001."${name}" t`)).map(({ row }) => row));
  return dump.join('\n');
}

const ERASED_WORDS = new RegExp(`${ERASED.nationalId}|${ERASED.name}`, 'i');

describePostgres('a student who is erased, and the queue', () => {
  it('is in no job any more that has ended, now or long ago; a job that waits or runs stands against it', async () => {
    const { database, run, queue, erase } = await twoStudents();
    const ended = async (name: string, payload: object, said: object | undefined) => {
      await queue.submit([job(name, payload)]);
      const taken = await queue.take();
      await queue.complete(taken?.id ?? '', { outcome: 'done', result: said && resultOf(said) });
    };
    await ended('named', { nationalIds: [ERASED.nationalId, STAYING.nationalId] }, undefined);
    await ended('found by id', { file: 'a.zip' }, { students: [{ nationalId: ERASED.nationalId, title: '甲' }] });
    await ended('found by name', { file: 'b.zip' }, { message: `${ERASED.name} 的附件` });
    await ended('long ago', { nationalIds: [ERASED.nationalId] }, undefined);
    await run(`update lpx_990001.job set completed_on = now() - interval '30 days' where data->>'about' = 'long ago'`);
    await queue.supervise();
    expect(await run(`select from lpx_990001.archive`)).toHaveLength(1);
    await ended('other', { nationalIds: [STAYING.nationalId] }, { students: [STAYING] });

    await queue.submit([job('waiting', { nationalIds: [ERASED.nationalId.toLowerCase()] })]);
    await expect(erase()).rejects.toMatchObject({ code: 'LPX_ERASE_QUEUED', facts: { job: jobId('export', 'waiting').slice(0, 8) } });
    await queue.take();
    await expect(erase()).rejects.toMatchObject({ code: 'LPX_ERASE_QUEUED' });
    await queue.complete(jobId('export', 'waiting'), { outcome: 'failed', code: 'LPX_NOT_IN_STORE' });

    expect(await erase()).toMatchObject({ remnants: { files: [] } });
    await withStore(database.location, overwritten);
    const dump = await dumpOf(database);
    expect(dump).not.toMatch(ERASED_WORDS);
    expect(dump).toContain(STAYING.nationalId);
    const left = await queue.list(ALL_STATES, 100);
    expect(left.map(({ about }) => about)).toEqual(['other']);
    expect(await run(`select from lpx_990001.archive`)).toEqual([]);
  });

  it.each([
    [
      'student',
      {
        jobs: ['C80000****'],
        outcomes: [
          ['failed', ['failed']],
          ['not-done', ['not-done']],
        ],
      },
    ],
    ['school', { jobs: ['C80000****'], outcomes: [['not-done', ['failed', 'not-done']]] }],
  ] as const)(
    'is in no job of a list that was checked before the erasure, and the others are: a package a %s',
    async (groupBy, expected) => {
      const { database, location, queue, erase } = await twoStudents();
      const folder = tempFolder();
      const rows = [ERASED, STAYING].map(({ nationalId }, row) => ({ row, nationalId, toSchool: '990002', left: '2021-01-22' }) as const);
      const request: BatchExportRequest = {
        folder: location,
        list: {
          rows: rows.map((row) => ({ ...row, reason: 'transfer', terms: [] })),
          students: rows.map(({ nationalId, row }) => ({ nationalId, place: { file: 'list.csv', row } })),
          findings: [],
        },
        outFolder: join(folder, 'out'),
        passwordFolder: join(folder, 'passwords'),
        ...{ groupBy, encryption: 'aes256', force: false, acceptLeft: false, resend: false, resume: false, threads: 1 },
        queued: { queue: erasingFirst(queue, erase), sealing: { recipients: [] }, request: 'r1', isFollowed: false, onNoWorker: () => {} },
        ...{ now: () => NOW, operator: OPERATOR, newPassword: () => 'ab12cd34ef56', signal: new AbortController().signal },
      };
      const { outcomes } = await exportBatch(request);
      expect(await dumpOf(database)).not.toMatch(ERASED_WORDS);
      expect((await queue.list(ALL_STATES, 100)).map(({ about }) => about.replace('990002 ', ''))).toEqual(expected.jobs);
      expect(outcomes.map(({ outcome, rows }) => [outcome, rows.map((row) => row.outcome)])).toEqual(expected.outcomes);
      const errors = outcomes.flatMap(({ rows }) => rows.flatMap(({ row, error }) => (error ? [[row.nationalId, error.code]] : [])));
      expect(errors).toEqual([[ERASED.nationalId, 'LPX_NOT_IN_STORE']]);
    },
  );

  it('is not erased while jobs are put into the queue that name the student', async () => {
    const { database, queue, erase } = await twoStudents();
    let erasing: Promise<unknown> = Promise.resolve();
    await queue.submitAbout([ERASED.nationalId, STAYING.nationalId], async (gone) => {
      expect([...gone]).toEqual([]);
      erasing = erase().catch((error) => error);
      await someoneWaits(database);
      return [job('waiting', { nationalIds: [ERASED.nationalId] })];
    });
    expect(await erasing).toMatchObject({ code: 'LPX_ERASE_QUEUED' });
  });

  it('is in no dead letter that is put back into the queue during the erasure', async () => {
    const { database, queue } = await twoStudents();
    const { id } = job('dead', {});
    await queue.submit([job('dead', { nationalIds: [ERASED.nationalId] })]);
    await database.run(`update lpx_990001.job set state = 'failed'`);
    const client = new pg.Client({ host: database.folder, port: database.port, user: 'postgres', database: database.name });
    await client.connect();
    onTestFinished(() => client.end());
    // As an erasure does.
    await client.query('begin; lock table lpx_990001.job in share row exclusive mode; delete from lpx_990001.job');
    const retried = queue.retry([id]);
    await someoneWaits(database);
    await client.query('commit');
    expect(await retried).toEqual([]);
    expect(await database.run('select from lpx_990001.job')).toEqual([]);
  });
});

/** A queue that a student is erased before, at the last moment before jobs are put into it. */
function erasingFirst(queue: JobQueue, erase: () => Promise<unknown>): JobQueue {
  return new Proxy(queue, {
    get: (_, name) => {
      const member = Reflect.get(queue, name, queue);
      if (typeof member !== 'function') return member;
      const called = member.bind(queue);
      if (!String(name).startsWith('submit')) return called;
      return async (...given: unknown[]) => {
        await erase();
        return called(...given);
      };
    },
  });
}
