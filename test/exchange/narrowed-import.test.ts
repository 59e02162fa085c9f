import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { contentOf, exportFrom, importTo, load, PASSWORD, school, sign, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';
import { put, type TestEntry, written } from '../support/zips.js';

const OTHER = { nationalId: 'B800000015', name: '陳小麥' };
const THIRD = { nationalId: 'C800000016', name: '黃小稻' };
const EVERYBODY = [TRANSFER_STUDENT, OTHER.nationalId, THIRD.nationalId];
const NAME = '990001_2021_01_21_09_00_00';

/** A package of three students with what `change` makes of it, and an empty store to import it into. */
async function packageWith(change: (entries: TestEntry[]) => TestEntry[] = (entries) => entries) {
  const folder = tempFolder();
  const file = (name: string) => ({ bytes: pdf(name), type: 'pdf', name: `${name}.pdf` });
  writeExchangeFolder(join(folder, 'platform'), [
    smallPortfolio([courseResult({}, file('one'))]),
    smallPortfolio([courseResult({}, file('two'))], OTHER),
    smallPortfolio([courseResult({}, file('three'))], THIRD),
  ]);
  const from = await school(folder, '990001');
  await load(from, join(folder, 'platform'));
  const { zipFile } = await exportFrom(from, join(folder, 'mail'), { nationalIds: EVERYBODY });
  const changed = put(join(folder, `${NAME}.zip`), await written(change(await contentOf(zipFile)), 'aes256', PASSWORD));
  sign(changed);
  return { store: await school(folder, '990002'), zipFile: changed };
}

const inStore = async (store: string) => (await withStore(store, (open) => open.students())).map(({ nationalId }) => nationalId);

/** The document with the second student changed. */
const withSecond = (change: (student: any) => void) => (entries: TestEntry[]) =>
  entries.map((entry) => {
    if (entry.name !== `${NAME}.json`) return entry;
    const document = JSON.parse(entry.content.toString());
    change(document[1]);
    return { ...entry, content: Buffer.from(JSON.stringify(document)) };
  });

const withAnotherFile = (entries: TestEntry[]) =>
  entries.map((entry) => (entry.name === `${OTHER.nationalId}/課程學習成果/C01.pdf` ? { ...entry, content: pdf('changed') } : entry));

const withoutSchool = withSecond((student) => delete student.課程學習成果紀錄[0].修課學校代碼);
const withForeignRecord = withSecond((student) => {
  student.課程學習成果紀錄[0]['國民身分證統一編號(或居留證統一證號)'] = TRANSFER_STUDENT;
});

describe('an import of a package with several students', () => {
  it.each([
    ['a file that is not the one of the record', withAnotherFile, 'LPX_ATTACHMENT_MD5'],
    ['a record without its school', withoutSchool, 'LPX_SCHEMA'],
    ['a record of another student', withForeignRecord, 'LPX_FOREIGN_RECORD'],
  ])('of which one has %s is refused; narrowed, the others are imported whole', async (_, change, code) => {
    const { store, zipFile } = await packageWith(change);
    const refused = await importTo(store, zipFile);
    expect(refused.report.findings).toContainEqual(expect.objectContaining({ code, severity: 'error' }));
    expect(await inStore(store)).toEqual([]);

    const { outcome, unfit, report } = await importTo(store, zipFile, { skipUnfit: true });
    expect([outcome, report.ok]).toEqual(['imported', true]);
    expect(unfit).toMatchObject([{ ...OTHER, findings: [{ code }] }]);
    expect(await inStore(store)).toEqual([TRANSFER_STUDENT, THIRD.nationalId]);
  });

  it('takes only the students it is asked for, whatever is wrong with the others', async () => {
    const { store, zipFile } = await packageWith(withAnotherFile);
    const { outcome, unfit, students } = await importTo(store, zipFile, { only: [THIRD.nationalId.toLowerCase()] });
    expect([outcome, unfit]).toEqual(['imported', []]);
    expect(students.map(({ nationalId }) => nationalId)).toEqual([THIRD.nationalId]);
    expect(await inStore(store)).toEqual([THIRD.nationalId]);
    const refused = await importTo(store, zipFile, { only: [OTHER.nationalId] });
    expect(refused.outcome).toBe('refused');
    await expect(importTo(store, zipFile, { only: ['D800000017'] })).rejects.toMatchObject({
      code: 'LPX_NOT_IN_PACKAGE',
      place: { student: 'D800000017' },
    });
  });

  it('names all who are unknown here, and leaves them out on request', async () => {
    const { store, zipFile } = await packageWith();
    await importTo(store, zipFile, { only: [OTHER.nationalId] });
    const { conflicts } = await importTo(store, zipFile, { createStudents: false });
    expect(conflicts.map(({ code, place }) => [code, place.name])).toEqual([
      ['LPX_STUDENT_UNKNOWN', '林小禾'],
      ['LPX_STUDENT_UNKNOWN', THIRD.name],
    ]);
    const { outcome, unfit } = await importTo(store, zipFile, { createStudents: false, skipUnfit: true });
    expect([outcome, unfit.map(({ name }) => name)]).toEqual(['unchanged', ['林小禾', THIRD.name]]);
  });

  it('is refused when nobody is left, with all that stands against them', async () => {
    const { store, zipFile } = await packageWith(withAnotherFile);
    const { outcome, report, unfit } = await importTo(store, zipFile, { only: [OTHER.nationalId], skipUnfit: true });
    expect([outcome, unfit]).toEqual(['refused', []]);
    expect(report.findings.filter(({ severity }) => severity === 'error')).toMatchObject([{ code: 'LPX_ATTACHMENT_MD5' }]);
    const unknown = await importTo(store, zipFile, { only: [THIRD.nationalId], createStudents: false, skipUnfit: true });
    expect([unknown.outcome, unknown.conflicts.map(({ code }) => code)]).toEqual(['refused', ['LPX_STUDENT_UNKNOWN']]);
    expect(await inStore(store)).toEqual([]);
  });

  it('takes the rest later, and doubles nothing', async () => {
    const { store, zipFile } = await packageWith();
    await importTo(store, zipFile, { only: [OTHER.nationalId] });
    const { outcome, students } = await importTo(store, zipFile);
    expect([outcome, students.map(({ records }) => records.map((record) => record.outcome))]).toEqual([
      'imported',
      [['new'], ['same'], ['new']],
    ]);
  });
});
