import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportPackages } from '#lpx/exchange/export.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { showPackage } from '#lpx/exchange/show.js';
import { isCourseResult } from '#lpx/spec/portfolio.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import {
  BORROWED_STUDENT,
  exportFrom,
  exportRequest,
  FULL_STUDENT,
  importTo,
  load,
  PASSWORD,
  SAMPLES,
  school,
  studentIn,
  TRANSFER_STUDENT,
  transferSchool,
} from '../support/schools.js';
import { courseResult, defaultsOf, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

async function schoolWith(records = [courseResult()]) {
  const folder = tempFolder();
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return { folder, store, mail: join(folder, 'mail') };
}
const contentOf = async (zipFile: string) => (await showPackage({ zipFile, password: PASSWORD })).students;
const activity = (fields: object) =>
  ({
    list: 'competitions',
    fields: { ...defaultsOf('competitions'), originSchoolCode: '990001', academicYear: 109, semester: 1, ...fields },
    extras: {},
    document: null,
    media: null,
  }) as never;

describe('an export', () => {
  it('names the package by school and time and signs it', async () => {
    const { store, mail } = await schoolWith();
    const { zipFile, signatureFile, digests } = await exportFrom(store, mail);
    expect(basename(zipFile)).toBe('990001_2021_01_21_09_00_00.zip');
    expect(createHash('md5').update(readFileSync(zipFile)).digest('hex')).toBe(digests.md5);
    expect(readFileSync(signatureFile, 'utf8')).toBe(`${digests.md5}  ${basename(zipFile)}\n`);
  });

  it('takes what is certified and uploaded, of the terms asked for, and lists what it leaves out and why', async () => {
    const { store, mail } = await schoolWith([
      courseResult(),
      courseResult({ certification: '2', subjectName: '數學', createdAt: '2021-01-10 00:00:01' }),
      courseResult({ uploadTerm: '1092', subjectName: '英語文', createdAt: '2021-01-10 00:00:02' }),
      activity({ competitionName: '科展', uploadTerm: '1091' }),
      activity({ competitionName: '演講', uploadTerm: '0000' }),
    ]);
    const { zipFile, leftOut } = await exportFrom(store, mail, { terms: ['1091'] });
    expect((await contentOf(zipFile))[0]?.records.map(({ title }) => title)).toEqual(['國語文', '科展']);
    expect(leftOut.map(({ title, reason }) => [title, reason])).toEqual([
      ['數學', 'uncertified'],
      ['英語文', 'other-term'],
      ['演講', 'not-uploaded'],
    ]);
  });

  it.each([
    ['transfer', { beforeTransfer: true, duringBorrowedStudy: false }],
    ['experimental', { beforeTransfer: true, duringBorrowedStudy: false }],
    ['borrowed-study', { beforeTransfer: false, duringBorrowedStudy: true }],
  ] as const)('for %s says so on every course result', async (reason, flags) => {
    const { folder, store, mail } = await schoolWith();
    const { zipFile } = await exportFrom(store, mail, { reason });
    const to = await school(folder, '990002');
    await importTo(to, zipFile);
    expect((await studentIn(to, TRANSFER_STUDENT)).records.map(({ record }) => record.fields)).toMatchObject([flags]);
  });

  it('sends a record that came from another school on with that school’s code and course code', async () => {
    const { folder, store, mail } = await schoolWith();
    const second = await school(folder, '990002');
    await importTo(second, (await exportFrom(store, mail)).zipFile);
    const third = await school(folder, '990003');
    const onward = await exportFrom(second, join(folder, 'onward'));
    await importTo(third, onward.zipFile);
    const { basicData, records } = await studentIn(third, TRANSFER_STUDENT);
    expect(basicData.schoolCode).toBe('990002');
    expect(records.map(({ record }) => record).filter(isCourseResult)).toMatchObject([
      { fields: { originSchoolCode: '990001', courseCode: '109990001H11101A1010101' } },
    ]);
  });

  it('of several students is one package', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    for (const sample of ['transfer', 'full']) await load(store, join(SAMPLES, sample));
    const { zipFile, students } = await exportFrom(store, join(folder, 'mail'), { nationalIds: [TRANSFER_STUDENT, FULL_STUDENT] });
    expect(students.map(({ nationalId }) => nationalId)).toEqual([TRANSFER_STUDENT, FULL_STUDENT]);
    expect((await contentOf(zipFile)).map(({ basicData }) => basicData.nationalId)).toEqual([TRANSFER_STUDENT, FULL_STUDENT]);
  });

  it('of nothing is an error, not an empty package', async () => {
    const { store, mail } = await schoolWith([courseResult({ certification: '2' })]);
    await expect(exportFrom(store, mail)).rejects.toMatchObject({ code: 'LPX_NOTHING_TO_EXPORT' });
    expect(existsSync(mail) ? readdirSync(mail) : []).toEqual([]);
  });

  it('of a student who is not there is an error', async () => {
    const { store, mail } = await schoolWith();
    await expect(exportFrom(store, mail, { nationalIds: [BORROWED_STUDENT] })).rejects.toMatchObject({
      code: 'LPX_NOT_IN_STORE',
      place: { student: BORROWED_STUDENT },
    });
  });

  it.each([
    [
      'a multi-performance’s brief of 101 characters',
      activity({ uploadTerm: '1091', competitionName: '科展', brief: '字'.repeat(101) }),
      'LPX_BRIEF_LONG',
    ],
    [
      'a file over the limit',
      courseResult({}, { bytes: pdf(Buffer.alloc(4 * 1024 * 1024)), type: 'pdf', name: 'a.pdf' }),
      'LPX_FILE_LARGE',
    ],
  ])('with %s in the school’s own data is refused: here it can be corrected', async (_, record, code) => {
    const { store, mail } = await schoolWith([record]);
    await expect(exportFrom(store, mail)).rejects.toMatchObject({ code });
  });

  it('of a certified course result with a long brief goes on and warns: nobody can shorten it any more', async () => {
    const { store, mail } = await schoolWith([courseResult({ brief: '字'.repeat(101) })]);
    const { findings } = await exportFrom(store, mail);
    expect(findings.filter(({ code }) => code === 'LPX_BRIEF_LONG')).toMatchObject([
      { severity: 'warning', facts: { count: 101, limit: 100, advice: 'certified' } },
    ]);
  });

  it('of a received record with a long brief only warns: another school has to correct it', async () => {
    const { store, mail } = await schoolWith([courseResult({ originSchoolCode: '990009', brief: '字'.repeat(101) })]);
    const { findings } = await exportFrom(store, mail);
    expect(findings.filter(({ code }) => code === 'LPX_BRIEF_LONG')).toMatchObject([{ severity: 'warning' }]);
  });

  it('stops for a fault in a record of the school’s own, whoever has a like id and a received record in the same place', async () => {
    const folder = tempFolder();
    const large = (fields: object) => courseResult(fields, { bytes: pdf(Buffer.alloc(4 * 1024 * 1024)), type: 'pdf', name: '大作.pdf' });
    const other = { nationalId: 'A800000023', name: '陳小麥' };
    writeExchangeFolder(join(folder, 'platform'), [
      smallPortfolio([large({})]),
      smallPortfolio([courseResult({ originSchoolCode: '990009' })], other),
    ]);
    const store = await school(folder, '990001');
    await load(store, join(folder, 'platform'));
    await expect(exportFrom(store, join(folder, 'mail'), { nationalIds: [TRANSFER_STUDENT, other.nationalId] })).rejects.toMatchObject({
      code: 'LPX_FILE_LARGE',
      place: { student: TRANSFER_STUDENT, name: '林小禾', list: '課程學習成果紀錄', record: 0, title: '國語文', file: '大作.pdf' },
    });
  });

  it('takes no password that another tool would take for another one', async () => {
    const { store, mail } = await schoolWith();
    await expect(exportFrom(store, mail, { password: Buffer.from('密碼') })).rejects.toMatchObject({ code: 'LPX_PASSWORD_UNSUITABLE' });
    await expect(exportFrom(store, mail, { password: Buffer.alloc(0) })).rejects.toMatchObject({ code: 'LPX_PASSWORD_MISSING' });
  });

  it('does not ask for a password when there is nothing to export', async () => {
    const { store, mail } = await schoolWith([courseResult({ certification: '2' })]);
    let asked = false;
    const password = async () => {
      asked = true;
      return PASSWORD;
    };
    await expect(exportFrom(store, mail, { password })).rejects.toThrow();
    expect(asked).toBe(false);
  });

  it('of a student in the same second as the last one waits for the next', async () => {
    const { store, mail } = await schoolWith();
    const names = [await exportFrom(store, mail), await exportFrom(store, mail)].map(({ zipFile }) => basename(zipFile));
    expect(names).toEqual(['990001_2021_01_21_09_00_00.zip', '990001_2021_01_21_09_00_01.zip']);
  });

  it('that another clerk makes while this one is asked for the password keeps its package, and this one gets its own', async () => {
    const { folder, store, mail } = await schoolWith();
    writeExchangeFolder(join(folder, 'other'), [smallPortfolio([courseResult()], { nationalId: BORROWED_STUDENT })]);
    await load(store, join(folder, 'other'));
    const others: string[] = [];
    const password = async () => {
      others.push((await exportFrom(store, mail, { nationalIds: [BORROWED_STUDENT] })).zipFile);
      return PASSWORD;
    };
    const zipFiles = [(await exportFrom(store, mail, { password })).zipFile, ...others];
    expect(new Set(zipFiles).size).toBe(2);
    const [mine, theirs] = await Promise.all(zipFiles.map(contentOf));
    expect([mine, theirs].map((content) => content?.[0]?.basicData.nationalId)).toEqual([TRANSFER_STUDENT, BORROWED_STUDENT]);
    const exports = (await withStore(store, (open) => open.history())).filter(({ kind }) => kind === 'export');
    expect(new Set(exports.map(({ file }) => file))).toEqual(new Set(zipFiles.map((zipFile) => basename(zipFile))));
  });

  it('writes a generated password next to the package, and neither replaces a file nor leaves one without its package', async () => {
    const { folder, store, mail } = await schoolWith();
    const passwordFile = join(folder, 'pw.txt');
    const request = { passwordFile, encryption: 'aes256' } as const;
    writeFileSync(passwordFile, 'mine');
    await expect(exportFrom(store, mail, request)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'EEXIST' } });
    expect(readFileSync(passwordFile, 'utf8')).toBe('mine');
    rmSync(passwordFile);
    await exportFrom(store, mail, request);
    expect([readFileSync(passwordFile, 'utf8'), statSync(passwordFile).mode & 0o777]).toEqual([`${PASSWORD}\n`, 0o600]);
    rmSync(passwordFile);
    const [stored] = (await studentIn(store, TRANSFER_STUDENT)).records;
    await withStore(store, async ({ attachments }) => rmSync(attachments.locationOf(stored?.record.document?.sha256 as string)));
    await expect(exportFrom(store, mail, request)).rejects.toMatchObject({ code: 'LPX_ATTACHMENT_LOST' });
    expect(readdirSync(folder).filter((name) => name.startsWith('pw.txt'))).toEqual([]);
  });

  it('of an attachment that was damaged in the store fails and leaves no package', async () => {
    const { store, mail } = await schoolWith();
    const [stored] = (await studentIn(store, TRANSFER_STUDENT)).records;
    await withStore(store, async ({ attachments }) => {
      writeFileSync(attachments.locationOf(stored?.record.document?.sha256 as string), pdf('y'));
    });
    await expect(exportFrom(store, mail)).rejects.toMatchObject({ code: 'LPX_ATTACHMENT_BROKEN' });
    expect(readdirSync(mail)).toEqual([]);
    expect((await withStore(store, (open) => open.history())).map(({ kind }) => kind)).toEqual(['load']);
  });

  it('of a student who left after the school year was over is refused: it was submitted here', async () => {
    const { store, mail } = await schoolWith();
    const left = '2021-08-01';
    const now = new Date('2021-08-02T09:00:00+08:00');
    await expect(exportFrom(store, mail, { left, now })).rejects.toMatchObject({
      code: 'LPX_EXCHANGE_NOT_NEEDED',
      facts: { year: 109, left },
      place: { student: TRANSFER_STUDENT, name: '林小禾' },
    });
    expect(existsSync(mail) ? readdirSync(mail) : []).toEqual([]);
    await exportFrom(store, mail, { left: '2021-07-31', now });
  });

  it('against that rule is made when the clerk insists, and the history records it', async () => {
    const { store, mail } = await schoolWith();
    const late = { left: '2021-08-01', now: new Date('2021-08-01T09:00:00+08:00') };
    expect((await exportFrom(store, mail, { ...late, force: true })).overridden).toEqual(['LPX_EXCHANGE_NOT_NEEDED']);
    expect((await exportFrom(store, mail, { force: true })).overridden).toEqual([]);
    const [plain, forced] = await withStore(store, (open) => open.history());
    expect([plain, forced].map((entry) => entry?.kind === 'export' && entry.overridden)).toEqual(['', 'LPX_EXCHANGE_NOT_NEEDED']);
  });

  it('at the end of borrowed study is due whenever that is', async () => {
    const { store, mail } = await schoolWith();
    const request = { left: '2021-08-10', now: new Date('2021-08-11T09:00:00+08:00'), reason: 'borrowed-study' } as const;
    expect((await exportFrom(store, mail, request)).overridden).toEqual([]);
  });

  it('of everyone passes over those whose year was over', async () => {
    const { store, mail } = await schoolWith();
    const folder = tempFolder();
    const later = courseResult({ academicYear: 110, uploadTerm: '1101' });
    writeExchangeFolder(folder, [smallPortfolio([later], { nationalId: 'B800000015' })]);
    await load(store, folder);
    const nationalIds = [TRANSFER_STUDENT, 'B800000015'];
    const request = { nationalIds, left: '2021-10-01', now: new Date('2021-10-02T09:00:00+08:00') };
    await expect(exportFrom(store, mail, request)).rejects.toMatchObject({ code: 'LPX_EXCHANGE_NOT_NEEDED' });
    const { students, skipped } = await exportFrom(store, mail, { ...request, skipEmpty: true });
    expect([students.map(({ nationalId }) => nationalId), skipped]).toEqual([
      ['B800000015'],
      [{ nationalId: TRANSFER_STUDENT, name: '林小禾', reason: 'late' }],
    ]);
  });

  it('that cannot be remembered is not sent', async () => {
    const { store, mail } = await schoolWith();
    await withStore(store, async (open) => {
      const claims = Object.create(open.claims, {
        claim: { value: open.claims.claim.bind(open.claims) },
        drop: { value: open.claims.drop.bind(open.claims) },
        written: { value: () => Promise.reject(new Error('no history')) },
      });
      const forgetful = Object.create(open, { claims: { value: claims } });
      for (const name of ['student', 'history', 'courses', 'schools'] as const) forgetful[name] = open[name].bind(open);
      await expect(exportPackages(forgetful, exportRequest(mail))).rejects.toThrow('no history');
    });
    expect(await withStore(store, (open) => open.history())).toHaveLength(1);
    expect(readdirSync(mail)).toEqual([]);
  });

  it('is in the history, with reason, terms, receiver and hashes', async () => {
    const store = await transferSchool(tempFolder());
    const { digests } = await exportFrom(store, join(dirname(store), 'mail'), { terms: ['1091'], toSchool: '990002' });
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({ kind: 'export', reason: 'transfer', terms: '1091', school: '990002', ...digests });
    rmSync(join(dirname(store), 'mail'), { recursive: true });
  });
});
