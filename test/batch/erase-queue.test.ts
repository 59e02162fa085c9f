import { serialize } from 'node:v8';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { JobQueue, type NewJob } from '#lpx/batch/job-queue.js';
import { jobId } from '#lpx/batch/queued-jobs.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { createStore } from '#lpx/store/open.js';
import { describePostgres, testDatabase } from '../support/postgres.js';
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

describePostgres('a student who is erased, and the queue', () => {
  it('is in no job any more that has ended, now or long ago; a job that waits or runs stands against it', async () => {
    const { location, run } = await testDatabase();
    const store = await createStore(location, { school: { code: '990001', name: '' }, attachments: tempFolder() });
    await store.change(async (change) => {
      for (const who of [ERASED, STAYING]) await change.addStudent(smallPortfolio([], who).basicData, {});
      return { keep: true, result: undefined };
    });
    await store.close();
    const erase = () => withStore(location, (open) => open.erasures.erase(ERASED.nationalId, { now: NOW, operator: OPERATOR, reason: '' }));

    const queue = await JobQueue.open(location);
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

    expect(await erase()).toMatchObject({ remnants: { files: [], database: undefined } });
    const tables = await run<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'lpx_990001'`);
    const dump: string[] = [];
    for (const { name } of tables)
      dump.push(...(await run<{ row: string }>(`select t::text as row from lpx_990001."${name}" t`)).map(({ row }) => row));
    expect(dump.join('\n')).not.toMatch(new RegExp(`${ERASED.nationalId}|${ERASED.name}`, 'i'));
    expect(dump.join('\n')).toContain(STAYING.nationalId);
    const left = await queue.list(['queued', 'retry', 'running', 'done', 'dead'], 100);
    expect(left.map(({ about }) => about)).toEqual(['other']);
    expect(await run(`select from lpx_990001.archive`)).toEqual([]);
    await queue.close();
  });
});
