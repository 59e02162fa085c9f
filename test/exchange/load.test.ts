import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { load, md5, SAMPLES, school, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

async function platform(records = [courseResult()], basicData: object = {}) {
  const folder = tempFolder();
  const path = join(folder, 'platform');
  writeExchangeFolder(path, [smallPortfolio(records, basicData)]);
  return { store: await school(folder, '990001'), path, document: join(path, 'handover.json') };
}
const titles = async (store: string) =>
  (await studentIn(store, TRANSFER_STUDENT)).records.map(({ provenance, record }) => [provenance, record.fields.originSchoolCode]);

describe('loading a folder', () => {
  it('makes records of this school its own, and keeps those of another apart', async () => {
    const { store, path } = await platform([courseResult(), courseResult({ originSchoolCode: '990009' })]);
    const result = await load(store, path);
    expect(result.students).toMatchObject([{ added: 2, updated: 0, unchanged: 0 }]);
    expect(await titles(store)).toEqual([
      ['own', '990001'],
      ['received', '990009'],
    ]);
  });

  it('keeps certification, term of upload and the file, byte for byte, under the name it was uploaded with', async () => {
    const { store, path } = await platform([courseResult({ certification: '2', uploadTerm: '1092' })]);
    await load(store, path);
    const [stored] = (await studentIn(store, TRANSFER_STUDENT)).records;
    expect(stored?.record).toMatchObject({
      fields: { certification: '2', uploadTerm: '1092' },
      document: { name: '報告.pdf', type: 'pdf' },
    });
    await withStore(store, async ({ attachments }) => {
      expect(readFileSync(attachments.locationOf(stored?.record.document?.sha256 as string))).toEqual(pdf('x'));
    });
  });

  it('lists a few examples of what is found many times, and counts the rest', async () => {
    const folder = tempFolder();
    const path = join(folder, 'platform');
    const students = Array.from({ length: 30 }, (_, i) => smallPortfolio([], { schoolCode: '990009', nationalId: `PASS${100 + i}` }));
    writeExchangeFolder(path, students);
    const { findings } = await load(await school(folder, '990001'), path);
    const other = findings.filter(({ code }) => code === 'LPX_LOAD_OTHER_SCHOOL');
    expect([other.length, other.at(-1)?.more]).toEqual([20, 10]);
  });

  it('twice changes nothing and leaves no second line in the history', async () => {
    const { store, path } = await platform();
    await load(store, path);
    expect((await load(store, path)).students).toMatchObject([{ added: 0, updated: 0, unchanged: 1 }]);
    expect(await withStore(store, (open) => open.history())).toHaveLength(1);
  });

  it('again brings a record up to date that changed, in its place', async () => {
    const { store, path } = await platform();
    await load(store, path);
    writeExchangeFolder(path, [smallPortfolio([courseResult({ brief: '改過的簡述' })])]);
    expect((await load(store, path)).students).toMatchObject([{ added: 0, updated: 1, unchanged: 0 }]);
    const { records } = await studentIn(store, TRANSFER_STUDENT);
    expect(records).toMatchObject([{ record: { fields: { brief: '改過的簡述' } } }]);
  });

  it.each<[string, string, (document: string, path: string) => void]>([
    [
      'a file is not what its MD5 says',
      'LPX_ATTACHMENT_MD5',
      (_, path) => writeFileSync(join(path, TRANSFER_STUDENT, '課程學習成果/C01.pdf'), pdf('y')),
    ],
    ['a file is missing', 'LPX_ATTACHMENT_MISSING', (_, path) => rmSync(join(path, TRANSFER_STUDENT, '課程學習成果/C01.pdf'))],
    ['the JSON is broken', 'LPX_JSON_UNREADABLE', (document) => writeFileSync(document, '[')],
    ['the JSON breaks the schema', 'LPX_SCHEMA', (document) => writeFileSync(document, '[{}]')],
    ['there are two documents', 'LPX_NO_DOCUMENT', (document) => writeFileSync(`${document}.json`, '[]')],
    ['there is no document', 'LPX_NO_DOCUMENT', (document) => rmSync(document)],
  ])('is refused whole when %s: %s', async (_, code, spoil) => {
    const { store, path, document } = await platform([courseResult(), courseResult({ createdAt: '2021-01-11 00:00:00' }, null)]);
    spoil(document, path);
    await expect(load(store, path)).rejects.toMatchObject({ code });
    expect(await withStore(store, (open) => open.students())).toEqual([]);
  });

  it('warns of a document that is another school’s', async () => {
    const { store, path } = await platform([courseResult()], { schoolCode: '990009' });
    expect((await load(store, path)).findings.map(({ code }) => code)).toContain('LPX_LOAD_OTHER_SCHOOL');
  });

  it.each(['transfer', 'borrowed-study', 'full'])('takes the sample %s without a fault', async (sample) => {
    const store = await school(tempFolder(), sample === 'borrowed-study' ? '990002' : '990001');
    const { findings, students } = await load(store, join(SAMPLES, sample));
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(students).toHaveLength(1);
  });

  it('takes files that are the same for two records once', async () => {
    const { store, path } = await platform([courseResult(), courseResult({ createdAt: '2021-01-11 00:00:00' })]);
    await load(store, path);
    const { records } = await studentIn(store, TRANSFER_STUDENT);
    expect(new Set(records.map(({ record }) => record.document?.md5))).toEqual(new Set([md5(pdf('x'))]));
  });

  it('lists only the folders that the document’s links name', async () => {
    const folder = tempFolder();
    writeExchangeFolder(folder, [smallPortfolio()]);
    const hidden = join(folder, 'Downloads', 'private');
    mkdirSync(hidden, { recursive: true });
    writeFileSync(join(folder, 'Downloads', 'other.pdf'), 'x');
    writeFileSync(join(folder, TRANSFER_STUDENT, '課程學習成果', 'left over.pdf'), 'x');
    const { findings } = await load(await school(tempFolder(), '990001'), folder);
    expect(findings.map(({ code }) => code)).toEqual(['LPX_ENTRY_UNREFERENCED']);
  });

  it('of a folder without a document at its root does not look for one further in', async () => {
    const { path } = await platform();
    await expect(load(await school(tempFolder(), '990001'), join(path, '..'))).rejects.toMatchObject({
      code: 'LPX_NO_DOCUMENT',
      facts: { count: 0 },
    });
  });
});
