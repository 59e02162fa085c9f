import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { isCourseResult } from '#lpx/spec/portfolio.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import {
  BORROWED_STUDENT,
  exportFrom,
  importTo,
  load,
  SAMPLES,
  school,
  sign,
  studentIn,
  TRANSFER_STUDENT,
  transferSchool,
} from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** A package of the transfer sample, and an empty school to bring it to. */
async function exchange() {
  const folder = tempFolder();
  const from = await transferSchool(folder);
  const { zipFile } = await exportFrom(from, join(folder, 'mail'));
  return { folder, from, zipFile, to: await school(folder, '990002') };
}

/** A package of one course result with these fields. */
async function packageOf(folder: string, fields: object, basicData: object = {}): Promise<string> {
  const platform = join(folder, `platform-${Math.random()}`);
  writeExchangeFolder(platform, [smallPortfolio([courseResult(fields)], basicData)]);
  const from = await school(tempFolder(), '990001');
  await load(from, platform);
  return (await exportFrom(from, `${platform}-mail`)).zipFile;
}
const snapshot = (store: string) =>
  withStore(store, async (open) => [await open.students(), await open.history(), await open.student(TRANSFER_STUDENT)]);

describe('an import', () => {
  it('keeps every course code byte for byte, with the school it was taken at, apart from the school’s own records', async () => {
    const { from, to, zipFile } = await exchange();
    const sent = (await studentIn(from, TRANSFER_STUDENT)).records.map(({ record }) => record).filter(isCourseResult);
    await importTo(to, zipFile);
    const { records } = await studentIn(to, TRANSFER_STUDENT);
    const codes = (all: readonly { fields: { courseCode: string; originSchoolCode: string; certification: string } }[]) =>
      all.filter(({ fields }) => fields.certification === '1').map(({ fields }) => [fields.originSchoolCode, fields.courseCode]);
    expect(codes(records.map(({ record }) => record).filter(isCourseResult))).toEqual(codes(sent));
    expect(new Set(records.map(({ provenance }) => provenance))).toEqual(new Set(['received']));
  });

  it('of the same package a second time does nothing and says so', async () => {
    const { to, zipFile } = await exchange();
    await importTo(to, zipFile);
    const before = await snapshot(to);
    expect(await importTo(to, zipFile)).toMatchObject({ outcome: 'unchanged', historyId: 0 });
    expect(await snapshot(to)).toEqual(before);
  });

  it('of another export of the same records does nothing either', async () => {
    const { folder, from, to, zipFile } = await exchange();
    await importTo(to, zipFile);
    const again = await exportFrom(from, join(folder, 'mail'), { encryption: 'zipcrypto' });
    expect((await importTo(to, again.zipFile)).outcome).toBe('unchanged');
  });

  it('tried with a dry run says what it would do, and changes nothing', async () => {
    const { to, zipFile } = await exchange();
    const before = await snapshot(to);
    const dry = await importTo(to, zipFile, { dryRun: true });
    expect(dry.outcome).toBe('would-import');
    expect(await snapshot(to)).toEqual(before);
    expect(readdirSync(join(to, 'attachments'))).toEqual([]);
    const real = await importTo(to, zipFile);
    expect(real.students).toEqual(dry.students);
  });

  it('of a student whom the school does not know is a conflict, until it is told to admit her', async () => {
    const { to, zipFile } = await exchange();
    const refused = await importTo(to, zipFile, { createStudents: false });
    expect(refused).toMatchObject({ outcome: 'refused', conflicts: [{ code: 'LPX_STUDENT_UNKNOWN' }] });
    expect(await withStore(to, (open) => open.students())).toEqual([]);
    expect(await importTo(to, zipFile)).toMatchObject({ outcome: 'imported', students: [{ created: true }] });
  });

  it('never touches another student', async () => {
    const { to, zipFile } = await exchange();
    await load(to, join(SAMPLES, 'borrowed-study'));
    const before = await studentIn(to, BORROWED_STUDENT);
    await importTo(to, zipFile);
    expect(await studentIn(to, BORROWED_STUDENT)).toEqual(before);
  });

  it('of a student under another name or birth date is a conflict', async () => {
    const folder = tempFolder();
    const to = await school(folder, '990002');
    await importTo(to, await packageOf(folder, {}));
    const other = await packageOf(folder, { createdAt: '2021-02-01 00:00:00' }, { name: '林大禾' });
    expect(await importTo(to, other)).toMatchObject({
      outcome: 'refused',
      conflicts: [{ code: 'LPX_STUDENT_DIFFERS', facts: { stored: '林小禾', received: '林大禾' } }],
    });
  });

  it('of a record that says something else now is a conflict, and is kept beside the other only when asked to', async () => {
    const folder = tempFolder();
    const to = await school(folder, '990002');
    await importTo(to, await packageOf(folder, {}));
    const changed = await packageOf(folder, { brief: '改過的簡述' });
    expect(await importTo(to, changed)).toMatchObject({ outcome: 'refused', conflicts: [{ code: 'LPX_RECORD_CHANGED' }] });
    expect(await importTo(to, changed, { keepBoth: true })).toMatchObject({
      outcome: 'imported',
      students: [{ records: [{ outcome: 'beside' }] }],
    });
    const briefs = (await studentIn(to, TRANSFER_STUDENT)).records.map(({ record }) => (record.fields as { brief: string }).brief);
    expect(briefs).toEqual(['一篇散文', '改過的簡述']);
  });

  it('knows afterwards which package brought a record', async () => {
    const { to, zipFile } = await exchange();
    const { historyId, report } = await importTo(to, zipFile);
    const [entry] = await withStore(to, (open) => open.history());
    const { md5, sha256, bytes } = report.package;
    expect(entry).toMatchObject({ id: historyId, kind: 'import', school: '990001', md5, sha256, bytes });
    expect((await studentIn(to, TRANSFER_STUDENT)).records.every((record) => record.historyId === historyId)).toBe(true);
  });

  it('under a wrong password, or of a package that changed, leaves the store as it was and nothing unpacked', async () => {
    const { to, zipFile } = await exchange();
    expect((await importTo(to, zipFile, { password: Buffer.from('wrong') })).report.findings).toMatchObject([
      { code: 'LPX_PASSWORD_WRONG' },
    ]);
    expect(readdirSync(join(to, 'attachments'))).toEqual([]);
    sign(zipFile);
    expect((await importTo(to, zipFile)).outcome).toBe('imported');
  });

  it('of all ten lists with one of each kind empty arrives whole', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    await load(from, join(SAMPLES, 'full'));
    const { zipFile, students } = await exportFrom(from, join(folder, 'mail'), { nationalIds: ['C800000016'] });
    const to = await school(folder, '990002');
    expect((await importTo(to, zipFile)).outcome).toBe('imported');
    expect(students[0]?.multiPerformances).toBeGreaterThanOrEqual(9);
  });
});
