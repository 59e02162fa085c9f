import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { JobQueue } from '#lpx/batch/job-queue.js';
import { widthOf } from '#lpx/cli/render/text.js';
import { createStore } from '#lpx/store/open.js';
import { lpx, lpxJson } from '../support/cli.js';
import { lpxHere } from '../support/in-process.js';
import { outputFaults } from '../support/output-schemas.js';
import { describePostgres, testDatabase } from '../support/postgres.js';
import { tempFolder } from '../support/temp.js';

describePostgres('jobs of the queue', () => {
  it('that cannot be run are listed with the reason in words, when they are tried next, and what to do', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    const attachments = join(folder, 'files');
    await (await createStore(database.location, { school: { code: '990002', name: '' }, attachments })).close();
    const about = '全校轉學生學習歷程檔案（一〇九學年度第一學期）990001_2021_01_22_10_30_00.zip';
    const queue = await JobQueue.open(database.location);
    await queue.submit([{ id: randomUUID(), kind: 'import', batch: 'b', request: 'r', about, payload: {} }]);
    const job = await queue.take();
    const facts = { host: 'pc2', folder: '/mnt/inbox' };
    await queue.fail(job?.id ?? '', { outcome: 'failed', code: 'LPX_JOB_FOLDER', facts });
    for (const student of ['A80*****14', 'A80*****23']) {
      await queue.submit([{ id: randomUUID(), kind: 'export', batch: 'b', request: 'r', about: student, payload: {} }]);
      await queue.fail((await queue.take())?.id ?? '', { outcome: 'failed', code: 'LPX_WORKER_PASSWORDS' });
    }
    await queue.close();
    const status = ['--store', database.url, 'batch', 'status'];
    const { out, err } = await lpx(status, { env: { LANG: 'zh_TW.UTF-8' } });
    expect(out).toMatch(/↳ 電腦 pc2 連不到共用資料夾 \/mnt\/inbox.*\n +↳ 已試 1 次，.*之後再試/);
    expect(err).toContain('lpx batch drop');
    // Once for all jobs in whose way the same is.
    expect(out.match(/→ .*--passwords.*--workers-recipient.*/g)).toHaveLength(1);
    expect(out).toContain(about);
    const terminal = await lpxHere(['--lang', 'zh-TW', ...status], { cwd: folder, columns: 80 });
    const row = new RegExp(`^ {2}${job?.id.slice(0, 8)} .*… .*LPX_JOB_FOLDER$`);
    expect(terminal.out.split('\n').filter((line) => row.test(line) && widthOf(line) <= 80)).toHaveLength(1);
    const { json } = await lpxJson(status);
    expect(outputFaults(json)).toEqual([]);
    const tried = { state: 'retry', nextTryAt: expect.any(String) };
    const locked = { ...tried, next: expect.stringMatching(/--passwords .*--workers-recipient/) };
    expect(json.jobs).toMatchObject([{ ...tried, message: expect.stringContaining('/mnt/inbox') }, locked, locked]);
  });
});
