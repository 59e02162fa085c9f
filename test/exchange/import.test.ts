import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImportRequest } from '#lpx/exchange/import.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { isCourseResult } from '#lpx/spec/portfolio.js';
import { type MadeRecord, writeExchangeFolder } from '../support/portfolios.js';
import {
  BORROWED_STUDENT,
  exportFrom,
  importTo,
  load,
  md5,
  OPERATOR,
  SAMPLES,
  school,
  sign,
  studentIn,
  TRANSFER_STUDENT,
  transferSchool,
} from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** A package of the transfer sample, and an empty school to bring it to. */
async function exchange() {
  const folder = tempFolder();
  const from = await transferSchool(folder);
  const { zipFile } = await exportFrom(from, join(folder, 'mail'));
  return { folder, from, zipFile, to: await school(folder, '990002') };
}

/** A package of one course result with these fields. */
const packageOf = (folder: string, fields: object, basicData: object = {}): Promise<string> =>
  packageOfRecords(folder, [courseResult(fields)], basicData);

async function packageOfRecords(folder: string, records: MadeRecord[], basicData: object = {}): Promise<string> {
  const platform = platformOf(folder, records, basicData);
  const from = await school(tempFolder(), '990001');
  await load(from, platform);
  const nationalIds = [(basicData as { nationalId?: string }).nationalId ?? TRANSFER_STUDENT];
  return (await exportFrom(from, `${platform}-mail`, { nationalIds, acceptLeft: true })).zipFile;
}

function platformOf(folder: string, records: MadeRecord[], basicData: object = {}): string {
  const platform = join(folder, `platform-${Math.random()}`);
  writeExchangeFolder(platform, [smallPortfolio(records, basicData)]);
  return platform;
}

/** School 990002 with the student on its roll, with one own record, and a package of school 990001 that has her in its own words. */
async function onTheRoll(roll: object, sent: object, fields: object = {}) {
  const folder = tempFolder();
  const to = await school(folder, '990002');
  const own = courseResult({ originSchoolCode: '990002', courseCode: '109990002H11101A1010101' });
  await load(to, platformOf(folder, [own], { ...roll, schoolCode: '990002' }));
  return { to, zipFile: await packageOf(folder, fields, sent) };
}

const lastEntry = async (store: string) => (await withStore(store, (open) => open.history()))[0];

const snapshot = (store: string) => withStore(store, async (open) => [await open.students(), await open.student(TRANSFER_STUDENT)]);

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
    expect(await importTo(to, zipFile)).toMatchObject({ outcome: 'unchanged', historyId: 2 });
    expect(await snapshot(to)).toEqual(before);
    expect(await lastEntry(to)).toMatchObject({ id: 2, state: 'unchanged', students: [{ courseResults: 0, created: false }] });
  });

  it.each<[string, string, Partial<ImportRequest>]>([
    ['LPX_PASSWORD_WRONG', 'a wrong password', { password: Buffer.from('Sample-Pass-2020') }],
    ['LPX_SIGNATURE_MISMATCH', 'another MD5', { signature: { md5: '0'.repeat(32) } }],
    ['LPX_STUDENT_UNKNOWN', 'a student who is not on the roll', { createStudents: false }],
  ])('that fails with %s is in the history by name, size, MD5 and code: %s', async (code, _, request) => {
    const { to, zipFile } = await exchange();
    expect(await importTo(to, zipFile, request)).toMatchObject({ outcome: 'refused', historyId: 0 });
    const bytes = readFileSync(zipFile);
    const noted = { file: basename(zipFile), bytes: bytes.length, md5: md5(bytes), code, state: 'failed' };
    expect(await withStore(to, (open) => open.history())).toEqual([
      expect.objectContaining({ ...noted, contentsDigest: '', school: '', students: [], operator: OPERATOR }),
    ]);
  });

  it('that was called wrongly, or is a dry run, is not in the history', async () => {
    const { to, zipFile } = await exchange();
    await importTo(to, zipFile, { dryRun: true, createStudents: false });
    await expect(importTo(to, `${zipFile}.zip`)).rejects.toMatchObject({ code: 'LPX_FILE_NOT_FOUND' });
    expect(await withStore(to, (open) => open.history())).toEqual([]);
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

  it('of a student whom the school does not know is a conflict until the clerk asks for her to be added', async () => {
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

  describe('of a student on the roll', () => {
    it.each([
      ['neither name nor birth date', { name: ' ', birthDate: '' }, 'LPX_STUDENT_UNCONFIRMED'],
      ['another birth date', { birthDate: '2005/03/10' }, 'LPX_STUDENT_DIFFERS'],
      ['another name and no birth date', { name: '林大禾', birthDate: '' }, 'LPX_STUDENT_DIFFERS'],
    ])('with %s is a conflict, accepted when the clerk insists, and the roll is unchanged', async (_, sent, code) => {
      const { to, zipFile } = await onTheRoll({}, sent);
      const before = (await studentIn(to, TRANSFER_STUDENT)).basicData;
      expect(await importTo(to, zipFile)).toMatchObject({ outcome: 'refused', conflicts: [{ code }] });
      expect(await importTo(to, zipFile, { samePerson: true })).toMatchObject({
        outcome: 'imported',
        notices: [{ code, severity: 'warning' }],
      });
      expect((await studentIn(to, TRANSFER_STUDENT)).basicData).toEqual(before);
      expect(await lastEntry(to)).toMatchObject({ overridden: code });
    });

    it('with neither name nor birth date is that student once she has every record of the package', async () => {
      const { to, zipFile } = await onTheRoll({ name: '', birthDate: '' }, { name: '', birthDate: '' });
      await importTo(to, zipFile, { samePerson: true });
      expect(await importTo(to, zipFile)).toMatchObject({ outcome: 'unchanged', conflicts: [] });
    });

    it.each([
      ['the name alone', { birthDate: '' }],
      ['the birth date alone', { name: '\u3000' }],
    ])('with %s is that student', async (_, sent) => {
      const { to, zipFile } = await onTheRoll({}, sent);
      expect(await importTo(to, zipFile)).toMatchObject({ outcome: 'imported', conflicts: [] });
    });

    it.each([
      ['spelling', '林小禾 Kolas', '林小禾ＫＯＬＡＳ\u3000'],
      ['variant', '林峰', '林峯'],
    ])(
      'whose name differs by %s is that student: the roll stays, and the import keeps the package’s form',
      async (spelling, here, there) => {
        const { to, zipFile } = await onTheRoll({ name: here }, { name: there });
        expect(await importTo(to, zipFile)).toMatchObject({
          outcome: 'imported',
          students: [{ name: here }],
          notices: [{ code: 'LPX_NAME_SPELLED', severity: 'warning', facts: { spelling, stored: here, received: there } }],
        });
        expect((await studentIn(to, TRANSFER_STUDENT)).basicData.name).toBe(here);
        expect(await lastEntry(to)).toMatchObject({
          overridden: '',
          students: [{ name: here, sentAs: { nationalId: '', name: there, birthDate: '' } }],
        });
      },
    );

    it('under another name is a conflict that says which property, and where it differs', async () => {
      const { to, zipFile } = await onTheRoll({}, { name: '林大禾' });
      expect((await importTo(to, zipFile)).conflicts).toMatchObject([
        { facts: { property: '學生中文姓名', position: 2, stored: '林小禾', received: '林大禾' } },
      ]);
    });
  });

  describe('with a previous national id', () => {
    it('goes to the student who has that id here, whose id stays; a second time nothing is doubled', async () => {
      const { to, zipFile } = await onTheRoll({}, { nationalId: BORROWED_STUDENT });
      const request = { previousId: TRANSFER_STUDENT, createStudents: false };
      expect(await importTo(to, zipFile, { createStudents: false })).toMatchObject({ conflicts: [{ code: 'LPX_STUDENT_UNKNOWN' }] });
      expect(await importTo(to, zipFile, request)).toMatchObject({
        outcome: 'imported',
        notices: [{ code: 'LPX_ID_CHANGED', severity: 'warning', place: { student: 'B800000015', otherStudent: 'A800000014' } }],
      });
      expect((await studentIn(to, TRANSFER_STUDENT)).records).toHaveLength(2);
      expect(await lastEntry(to)).toMatchObject({
        overridden: 'LPX_ID_CHANGED',
        students: [{ nationalId: TRANSFER_STUDENT, sentAs: { nationalId: BORROWED_STUDENT } }],
      });
      expect((await importTo(to, zipFile, request)).outcome).toBe('unchanged');
    });

    it('does not take another person for that student', async () => {
      const { to, zipFile } = await onTheRoll({}, { nationalId: BORROWED_STUDENT, name: '陳大同' });
      expect(await importTo(to, zipFile, { previousId: TRANSFER_STUDENT })).toMatchObject({
        outcome: 'refused',
        conflicts: [{ code: 'LPX_STUDENT_DIFFERS' }],
      });
    });

    it('that nobody has, or for a package whose student is known, is refused', async () => {
      const { to, zipFile } = await onTheRoll({}, {});
      await expect(importTo(to, zipFile, { previousId: 'C800000016' })).rejects.toMatchObject({ code: 'LPX_NOT_IN_STORE' });
      await expect(importTo(to, zipFile, { previousId: TRANSFER_STUDENT })).rejects.toMatchObject({ code: 'LPX_PREVIOUS_ID' });
    });
  });

  describe('of records in this school’s own name that it does not know', () => {
    const ours = { originSchoolCode: '990002', createdAt: '2021-01-15 10:00:00' };

    it('is refused for a student with own records here, until the clerk answers for it', async () => {
      const { to, zipFile } = await onTheRoll({}, {}, ours);
      expect(await importTo(to, zipFile)).toMatchObject({
        outcome: 'refused',
        conflicts: [{ code: 'LPX_OWN_SCHOOL', facts: { count: 1 } }],
      });
      expect(await importTo(to, zipFile, { acceptOwnSchool: true })).toMatchObject({
        outcome: 'imported',
        notices: [{ code: 'LPX_OWN_SCHOOL' }],
      });
      expect(await lastEntry(to)).toMatchObject({ overridden: 'LPX_OWN_SCHOOL' });
      expect((await studentIn(to, TRANSFER_STUDENT)).records.map(({ provenance }) => provenance)).toEqual(['own', 'received']);
    });

    it('is warned of for a student without', async () => {
      const folder = tempFolder();
      const to = await school(folder, '990002');
      expect(await importTo(to, await packageOf(folder, ours))).toMatchObject({
        outcome: 'imported',
        notices: [{ code: 'LPX_OWN_SCHOOL', severity: 'warning' }],
      });
    });

    it('in a package that says it is from this school is refused whatever its records say', async () => {
      const folder = tempFolder();
      const to = await school(folder, '990001');
      await load(to, platformOf(folder, [courseResult()]));
      const zipFile = await packageOf(folder, { originSchoolCode: '990003', createdAt: '2021-01-15 10:00:00' });
      expect(await importTo(to, zipFile)).toMatchObject({ outcome: 'refused', conflicts: [{ code: 'LPX_OWN_SCHOOL' }] });
    });

    it('does not stop its own records from coming back, which stay what they are', async () => {
      const folder = tempFolder();
      const from = await transferSchool(folder);
      const before = (await studentIn(from, TRANSFER_STUDENT)).records;
      const to = await school(folder, '990002');
      await importTo(to, (await exportFrom(from, join(folder, 'mail'))).zipFile);
      const back = await exportFrom(to, join(folder, 'back'));
      expect(await importTo(from, back.zipFile)).toMatchObject({ outcome: 'unchanged', conflicts: [], notices: [] });
      expect((await studentIn(from, TRANSFER_STUDENT)).records).toEqual(before);
    });
  });

  describe('of a new record that looks like a received one', () => {
    it.each([
      ['brief', { createdAt: '2021-01-10 14:03:23' }, pdf('another file')],
      ['file', { createdAt: '2021-01-10 14:03:23', brief: '改過的簡述' }, pdf('x')],
    ])('by its %s notes it, in a dry run too', async (_, fields, bytes) => {
      const folder = tempFolder();
      const to = await school(folder, '990002');
      await importTo(to, await packageOf(folder, {}));
      const changed = await packageOfRecords(folder, [courseResult(fields, { bytes, type: 'pdf', name: '報告.pdf' })]);
      const noted = { notices: [{ code: 'LPX_RECORD_RESEMBLES', severity: 'note', facts: { ref: 'R1' }, place: { title: '國語文' } }] };
      expect(await importTo(to, changed, { dryRun: true })).toMatchObject({ outcome: 'would-import', ...noted });
      expect(await importTo(to, changed)).toMatchObject({ outcome: 'imported', ...noted });
    });

    it.each([
      ['another course', { courseCode: '109990001H11101A1010102' }],
      ['another term', { uploadTerm: '1092', semester: 2 }],
      ['another school', { originSchoolCode: '990003' }],
      ['another brief and file', { brief: '另一篇' }],
    ])('but is of %s says nothing', async (_, fields) => {
      const folder = tempFolder();
      const to = await school(folder, '990002');
      await importTo(to, await packageOf(folder, {}));
      const other = courseResult({ createdAt: '2021-01-10 14:03:23', ...fields }, { bytes: pdf('y'), type: 'pdf', name: '報告.pdf' });
      expect(await importTo(to, await packageOfRecords(folder, [other]))).toMatchObject({ outcome: 'imported', notices: [] });
    });

    it('is not reported while the other one comes with it', async () => {
      const folder = tempFolder();
      const to = await school(folder, '990002');
      await importTo(to, await packageOf(folder, {}));
      const both = await packageOfRecords(folder, [courseResult(), courseResult({ createdAt: '2021-01-10 14:03:23' })]);
      expect(await importTo(to, both)).toMatchObject({ outcome: 'imported', notices: [] });
    });
  });

  it('of a record with other content is a conflict, and both are kept only on request', async () => {
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
    const { md5, contentsDigest, bytes } = report.package;
    expect(entry).toMatchObject({ id: historyId, kind: 'import', school: '990001', md5, sha256: '', contentsDigest, bytes });
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
