import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { backupStore } from '#lpx/exchange/backup.js';
import { examineStore } from '#lpx/exchange/doctor.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { checkProbe, writeProbe } from '#lpx/exchange/move-probe.js';
import { recoverFiles } from '#lpx/exchange/recover.js';
import { restoreBackup } from '#lpx/exchange/restore.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { createStore } from '#lpx/store/open.js';
import type { NeededFile } from '#lpx/store/records/needed-files.js';
import { writeHeap } from '../support/heaps.js';
import { describeS3 } from '../support/s3.js';
import { NOW, OPERATOR, SAMPLES, TRANSFER_STUDENT } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

describeS3('a store whose files are in a bucket', (server) => {
  it('is backed up, restored to a folder and to a bucket, and examined: what the bucket has lost is named, with its student', async () => {
    const parent = tempFolder();
    const [location, target, repository] = ['store', 'restored', 'backup'].map((name) => join(parent, name)) as [string, string, string];
    const attachments = server.urlOf('backups');
    const store = await createStore(location, { school: { code: '990001', name: '' }, attachments });
    await loadFolder(store, { path: join(SAMPLES, 'transfer'), now: NOW, operator: OPERATOR });
    const files = await store.neededFiles();
    const result = await backupStore(store, { folder: repository, recipients: [], now: NOW, operator: OPERATOR });
    expect([result.error, result.manifest.files.count]).toEqual([undefined, files.length]);
    await store.close();
    await restoreBackup({ folder: repository, target, now: NOW, operator: OPERATOR });
    const again = join(parent, 'again');
    await restoreBackup({ folder: repository, target: again, attachments: server.urlOf('again'), now: NOW, operator: OPERATOR });
    await withStore(again, async (open) => expect(open.attachments.locationOf('')).toContain('s3://'));
    const examine = (folder: string) =>
      withStore(folder, (open) => examineStore(open, { quick: false, repair: false, now: NOW, operator: OPERATOR }));
    for (const folder of [location, target, again])
      expect(await examine(folder)).toMatchObject({ error: undefined, filesChecked: files.length, gap: { records: 0 } });
    await withStore(location, async (open) => {
      expect(open.attachments.locationOf(files[0]?.sha256 ?? '')).toContain('s3://');
      await writeProbe(open, { now: NOW, operator: OPERATOR });
      expect((await checkProbe(open, 0)).faults).toEqual([]);
      await open.attachments.remove(files[0]?.sha256 ?? '');
    });
    const report = await examine(location);
    expect(report.hurt).toEqual([TRANSFER_STUDENT]);
    expect(report.findings.map(({ code }) => code)).toContain('LPX_ATTACHMENT_LOST');
  });

  it('gets back what the bucket has lost and what was changed in it, from a folder and a ZIP', async () => {
    const parent = tempFolder();
    const attachments = server.urlOf('healed');
    const store = await createStore(join(parent, 'store'), { school: { code: '990001', name: '' }, attachments });
    await loadFolder(store, { path: join(SAMPLES, 'transfer'), now: NOW, operator: OPERATOR });
    const files = await store.neededFiles();
    const contents = await Promise.all(files.map(({ sha256 }) => store.attachments.read(sha256)));
    const heap = join(parent, 'heap');
    writeHeap(heap, contents as Buffer[]);
    const [changed, ...lost] = files as [NeededFile, ...NeededFile[]];
    for (const { sha256 } of lost) await store.attachments.remove(sha256);
    const key = store.attachments.locationOf(changed.sha256).slice('s3://files/'.length);
    await server.client().send(new PutObjectCommand({ Bucket: 'files', Key: key, Body: 'changed' }));
    const result = await recoverFiles(store, { paths: [heap], passwords: [], dryRun: false, now: NOW, operator: OPERATOR });
    expect([result.lacking, result.contents, result.missing]).toEqual([files.length, files.length, []]);
    expect(result.recovered.filter(({ state }) => state === 'broken').map(({ sha256 }) => sha256)).toContain(changed.sha256);
    for (const { sha256 } of files) expect(await store.attachments.check(sha256)).toBe('sound');
    await store.close();
  });
});
