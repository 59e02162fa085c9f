import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pickItems, studentItems } from '#lpx/exchange/pick.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { showStudent } from '#lpx/exchange/show.js';
import { studentStatus } from '#lpx/exchange/status.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, NOW, OPERATOR, school, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const LATER = new Date('2021-01-21T15:00:00+08:00');
const SECOND = { brief: '一篇新散文', credits: 3 };
const BY = { now: NOW, operator: OPERATOR };

/** A school that has a record, and a later package with another form of it. */
async function withLaterForm() {
  const folder = tempFolder();
  const from = await school(folder, '990001');
  const platform = (name: string, record: ReturnType<typeof courseResult>) => {
    writeExchangeFolder(join(folder, name), [smallPortfolio([record])]);
    return load(from, join(folder, name));
  };
  await platform('first', courseResult());
  const first = await exportFrom(from, join(folder, 'mail'));
  await platform('second', courseResult(SECOND, { bytes: pdf('new'), type: 'pdf', name: '新報告.pdf' }));
  const second = await exportFrom(from, join(folder, 'mail'), { now: LATER });
  const to = await school(folder, '990002');
  await importTo(to, first.zipFile);
  return { folder, to, first, second };
}

const recordsOf = async (store: string) => (await studentIn(store, TRANSFER_STUDENT)).records;

describe('a record that arrives in another form', () => {
  it('is a conflict that names each property with both values, the stored record, and which is newer', async () => {
    const { to, first, second } = await withLaterForm();
    const { outcome, conflicts } = await importTo(to, second.zipFile);
    expect(outcome).toBe('refused');
    expect(conflicts).toMatchObject([
      {
        code: 'LPX_RECORD_CHANGED',
        place: { student: TRANSFER_STUDENT, list: '課程學習成果紀錄', title: '國語文', ref: 'R1' },
        facts: { newer: 'received', resolution: 'replace' },
        differences: [
          { property: '學分數', stored: '-1', received: '3' },
          { property: '課程學習成果簡述', stored: '一篇散文', received: '一篇新散文' },
          {
            property: '課程學習成果文件檔案連結',
            stored: expect.stringMatching(/^報告\.pdf \(MD5/),
            received: expect.stringMatching(/^新報告\.pdf \(MD5/),
          },
        ],
      },
    ]);
    // The other way round, the stored one is newer.
    const other = await school(tempFolder(), '990003');
    await importTo(other, second.zipFile);
    expect((await importTo(other, first.zipFile)).conflicts).toMatchObject([{ facts: { newer: 'stored' } }]);
  });

  it('takes the place of the received one on request, under its reference and with its pick; what it was is kept', async () => {
    const { to, second } = await withLaterForm();
    await withStore(to, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: ['R1'], unpick: [] }], BY));
    const { outcome, students, historyId } = await importTo(to, second.zipFile, { replace: true });
    expect([outcome, students[0]?.records.map((record) => record.outcome)]).toEqual(['imported', ['replaced']]);
    expect(await recordsOf(to)).toMatchObject([
      { id: 1, historyId, picked: true, record: { fields: { brief: '一篇新散文' }, document: { name: '新報告.pdf' } } },
    ]);
    const outcomes = await withStore(to, (open) => open.recordOutcomes(historyId));
    expect(outcomes).toMatchObject([{ outcome: 'replaced', record: { provenance: 'received', id: 1 } }]);
    expect((await importTo(to, second.zipFile, { replace: true })).outcome).toBe('unchanged');
  });

  it('never takes the place of a record of the school’s own', async () => {
    const folder = tempFolder();
    // What school 990001 has itself comes back from 990002, whose package says something else.
    const storeWith = async (code: string, fields: object) => {
      const store = await school(folder, code);
      writeExchangeFolder(join(folder, `platform-${code}`), [smallPortfolio([courseResult(fields)], { schoolCode: code })]);
      await load(store, join(folder, `platform-${code}`));
      return store;
    };
    const home = await storeWith('990001', {});
    const { zipFile } = await exportFrom(await storeWith('990002', SECOND), join(folder, 'mail'));
    const { outcome, conflicts } = await importTo(home, zipFile, { replace: true, acceptOwnSchool: true });
    expect([outcome, conflicts]).toMatchObject(['refused', [{ code: 'LPX_RECORD_CHANGED', facts: { resolution: 'keepBoth' } }]]);
    expect((await recordsOf(home)).map(({ record }) => record.fields)).toMatchObject([{ brief: '一篇散文' }]);
  });
});

describe('versions that were both kept', () => {
  it('are marked by number, day and package wherever records are listed, and only one can be picked', async () => {
    const { to, first, second } = await withLaterForm();
    await importTo(to, second.zipFile, { keepBoth: true });
    const files = [first, second].map(({ zipFile }) => zipFile.split('/').at(-1));
    const marked = files.map((file, i) => ({ number: i + 1, of: 2, file }));
    await withStore(to, async (open) => {
      const { records } = await showStudent(open, TRANSFER_STUDENT);
      expect(records.map(({ ref, version }) => ({ ref, ...version }))).toMatchObject([
        { ref: 'R1', ...marked[0] },
        { ref: 'R2', ...marked[1] },
      ]);
      expect((await studentItems(open, TRANSFER_STUDENT)).items.map(({ version }) => version)).toMatchObject(marked);
      expect((await studentStatus(open, TRANSFER_STUDENT)).versions.map(({ ref, version }) => [ref, version.number])).toEqual([
        ['R1', 1],
        ['R2', 2],
      ]);
      const pick = (...refs: string[]) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: refs, unpick: [] }], BY);
      await expect(pick('R1', 'R2')).rejects.toMatchObject({ code: 'LPX_PICK_VERSION' });
      await pick('R2');
      await expect(pick('R1')).rejects.toMatchObject({ code: 'LPX_PICK_VERSION', facts: { other: 'R2' } });
    });
  });

  it('are no versions where one package has two equal records', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio([courseResult(), courseResult()])]);
    await load(from, join(folder, 'platform'));
    const { records } = await withStore(from, (open) => showStudent(open, TRANSFER_STUDENT));
    expect(records.map(({ version }) => version)).toEqual([undefined, undefined]);
  });
});
