import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadFolder } from '#lpx/exchange/load.js';
import { recoverFiles } from '#lpx/exchange/recover.js';
import { showStudent } from '#lpx/exchange/show.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { describeEngines, newStore } from '../support/postgres.js';
import { NOW, OPERATOR, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const FILES = ['lost', 'owed'].map((name) => ({ bytes: pdf(name), type: 'pdf', name: `${name}.pdf` }));

describeEngines('a recovery', (engine) => {
  it('brings back a lost file and pays one that is owed', async () => {
    const folder = tempFolder();
    const { store } = await newStore(engine, folder);
    const platform = join(folder, 'platform');
    writeExchangeFolder(platform, [smallPortfolio(FILES.map((file, i) => courseResult({ createdAt: `2021-01-10 14:03:0${i}` }, file)))]);
    writeFileSync(join(platform, TRANSFER_STUDENT, '課程學習成果', 'C02.pdf'), pdf('another content'));
    await loadFolder(store, { path: platform, now: NOW, operator: OPERATOR, acceptPartial: true });
    for (const { sha256 } of await store.neededFiles()) await store.attachments.remove(sha256);
    const lostIn = async () => (await showStudent(store, TRANSFER_STUDENT)).records.map(({ files }) => files.map(({ lost }) => lost));
    expect(await lostIn()).toEqual([[true], []]);
    const heap = join(folder, 'heap');
    mkdirSync(heap);
    for (const [i, { bytes }] of FILES.entries()) writeFileSync(join(heap, `${i}`), bytes);
    const request = { paths: [heap], passwords: [], dryRun: false, now: NOW, operator: OPERATOR };
    const result = await recoverFiles(store, request);
    expect(result.recovered.map(({ state, knownBy }) => [state, knownBy]).sort()).toEqual([
      ['lost', 'sha256'],
      ['owed', 'md5'],
    ]);
    const records = (await store.student(TRANSFER_STUDENT))?.records ?? [];
    expect(records.map(({ record }) => [record.document?.name, record.owed])).toEqual(FILES.map(({ name }) => [name, undefined]));
    expect(await recoverFiles(store, request)).toMatchObject({ lacking: 0, missing: [] });
    expect(await lostIn()).toEqual([[undefined], [undefined]]);
    await store.close();
  });
});
