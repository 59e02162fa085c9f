import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportPackages } from '#lpx/exchange/export.js';
import { withStore } from '#lpx/exchange/school-store.js';
import type { MadeRecord } from '../support/portfolios.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, exportRequest, importTo, load, NOW, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const LARGE = { bytes: pdf(Buffer.alloc(5 * 1024 * 1024)), type: 'pdf', name: '大作.pdf' };
const OTHER = { nationalId: 'B800000015', name: '陳小麥' };
const THIRD = { nationalId: 'C800000016', name: '黃小稻' };
const EVERYBODY = [TRANSFER_STUDENT, OTHER.nationalId, THIRD.nationalId];

/** A store with one student who may go, and two others. */
async function classWith(other: readonly MadeRecord[], third: readonly MadeRecord[] = [courseResult()]) {
  const folder = tempFolder();
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(), smallPortfolio(other, OTHER), smallPortfolio(third, THIRD)]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return { folder, store, mail: join(folder, 'mail') };
}

const uncertified = courseResult({ certification: '2' });

describe('an export of several students', () => {
  it('is refused with all that stands against it, of all of them, each with name, record and file', async () => {
    const { store, mail } = await classWith(
      [courseResult({}, LARGE), courseResult({ createdAt: '2021-01-11 10:00:00' }, LARGE)],
      [uncertified],
    );
    const nationalIds = [...EVERYBODY, 'D800000017'];
    const namedAt = new Map([['D800000017', { file: 'list.txt', row: 3 }]]);
    const error = await exportFrom(store, mail, { nationalIds, namedAt }).catch((error) => error);
    expect(error.findings.filter(({ severity }: any) => severity === 'error')).toMatchObject([
      { code: 'LPX_FILE_LARGE', place: { student: OTHER.nationalId, name: OTHER.name, title: '國語文', record: 0, file: '大作.pdf' } },
      { code: 'LPX_FILE_LARGE', place: { student: OTHER.nationalId, record: 1, file: '大作.pdf' } },
      { code: 'LPX_NOTHING_TO_EXPORT', place: { student: THIRD.nationalId, name: THIRD.name } },
      { code: 'LPX_NOT_IN_STORE', place: { student: 'D800000017', file: 'list.txt', row: 3 } },
    ]);
    expect(existsSync(mail)).toBe(false);
  });

  it('goes on without them on request, and names each with the reasons', async () => {
    const { store, mail } = await classWith([courseResult({}, LARGE)], [uncertified]);
    const { students, unfit, leftOut } = await exportFrom(store, mail, { nationalIds: EVERYBODY, skipUnfit: true });
    expect(students.map(({ nationalId }) => nationalId)).toEqual([TRANSFER_STUDENT]);
    expect(unfit).toMatchObject([
      { ...OTHER, findings: [{ code: 'LPX_FILE_LARGE' }] },
      { ...THIRD, findings: [{ code: 'LPX_NOTHING_TO_EXPORT' }] },
    ]);
    expect(leftOut).toEqual([]);
  });

  it('is refused all the same when nobody is left, and when something stands against all of them', async () => {
    const { store, mail } = await classWith([courseResult({}, LARGE)]);
    const narrowed = { skipUnfit: true, nationalIds: [OTHER.nationalId] };
    await expect(exportFrom(store, mail, narrowed)).rejects.toMatchObject({ code: 'LPX_FILE_LARGE' });
    const tomorrow = { skipUnfit: true, nationalIds: EVERYBODY, left: '2021-01-22' };
    await expect(exportFrom(store, mail, tomorrow)).rejects.toMatchObject({ code: 'LPX_LEFT_IN_FUTURE' });
    expect(existsSync(mail)).toBe(false);
  });

  it('counts as left out only who was asked for: of everyone, those with nothing are passed over', async () => {
    const { store, mail } = await classWith([courseResult({}, LARGE)], [uncertified]);
    const { skipped, unfit } = await exportFrom(store, mail, { nationalIds: EVERYBODY, skipEmpty: true, skipUnfit: true });
    expect(skipped).toEqual([{ ...THIRD, reason: 'empty' }]);
    expect(unfit).toMatchObject([OTHER]);
  });
});

describe('a dry run of an export', () => {
  it('says who would go, how much, and what stays, and writes nothing and asks for no password', async () => {
    const { store, mail } = await classWith([courseResult(), uncertified]);
    const password = () => Promise.reject(new Error('asked'));
    const request = { nationalIds: EVERYBODY, dryRun: true, password };
    const result = await withStore(store, (open) => exportPackages(open, { ...exportRequest(mail), ...request }));
    expect(result).toMatchObject({ dryRun: true, packages: [], packageCount: 1, leftOut: [{ ...OTHER, reason: 'uncertified' }] });
    expect(result.students.map(({ nationalId, file }) => [nationalId, file])).toEqual(EVERYBODY.map((nationalId) => [nationalId, '']));
    expect(existsSync(mail)).toBe(false);
    expect((await withStore(store, (open) => open.history())).map(({ kind }) => kind)).toEqual(['load']);
    const real = await exportFrom(store, mail, { nationalIds: EVERYBODY });
    expect(real.students.map(({ file: _, ...student }) => student)).toEqual(result.students.map(({ file: _, ...student }) => student));
  });

  it('is refused as the export would be', async () => {
    const { store, mail } = await classWith([courseResult({}, LARGE)]);
    await expect(exportFrom(store, mail, { nationalIds: EVERYBODY, dryRun: true })).rejects.toMatchObject({ code: 'LPX_FILE_LARGE' });
  });
});

describe('an export of a student whom the platform has at another school', () => {
  it('is refused, but at the end of borrowed study, and of one who came with a package', async () => {
    const folder = tempFolder();
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio([courseResult()], { schoolCode: '990003' })]);
    const store = await school(folder, '990001');
    await load(store, join(folder, 'platform'));
    await expect(exportFrom(store, join(folder, 'mail'))).rejects.toMatchObject({
      code: 'LPX_EXPORT_OTHER_SCHOOL',
      place: { student: TRANSFER_STUDENT },
      facts: { value: '990003', school: '990001' },
    });
    const { zipFile } = await exportFrom(store, join(folder, 'mail'), { reason: 'borrowed-study' });
    const next = await school(folder, '990002');
    await importTo(next, zipFile);
    expect((await exportFrom(next, join(folder, 'onward'))).students).toHaveLength(1);
  });
});

describe('the last day of an export', () => {
  const at = (now: string) => ({ now: new Date(now) });

  it('is refused before the term of the newest records, and after today in Taiwan, unless the clerk insists', async () => {
    const { store, mail } = await classWith([courseResult({ academicYear: 109, semester: 2, uploadTerm: '1092' })]);
    const other = { nationalIds: [OTHER.nationalId], ...at('2021-06-01T09:00:00+08:00') };
    await expect(exportFrom(store, mail, { ...other, left: '2021-01-31' })).rejects.toMatchObject({
      code: 'LPX_LEFT_TOO_EARLY',
      place: { student: OTHER.nationalId, name: OTHER.name },
      facts: { left: '2021-01-31', term: '1092', day: '2021-02-01' },
    });
    const taken = await exportFrom(store, mail, { ...other, left: '2021-01-31', acceptLeft: true });
    expect(taken.overridden).toEqual(['LPX_LEFT_TOO_EARLY']);
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({ overridden: 'LPX_LEFT_TOO_EARLY' });
    // 23:30 in Taipei, where a day later is still to come; and half past midnight, where it has come.
    const late = { ...other, left: '2021-02-02' };
    await expect(exportFrom(store, mail, { ...late, ...at('2021-02-01T15:30:00Z') })).rejects.toMatchObject({ code: 'LPX_LEFT_IN_FUTURE' });
    await exportFrom(store, mail, { ...late, ...at('2021-02-01T16:30:00Z') });
  });

  it('may lie anywhere in the year of records from experimental education, whose terms nobody prescribes', async () => {
    const { store, mail } = await classWith([courseResult({ semester: 3, uploadTerm: '1093' })]);
    const other = { nationalIds: [OTHER.nationalId], reason: 'experimental', left: '2021-01-10' } as const;
    expect((await exportFrom(store, mail, other)).overridden).toEqual([]);
  });

  it('in July is warned of as lpx advise does, but not at the end of borrowed study', async () => {
    const { store, mail } = await classWith([courseResult()]);
    const july = { left: '2021-07-15', ...at('2021-07-16T09:00:00+08:00') };
    const codes = async (more: object) => (await exportFrom(store, mail, { ...july, ...more })).findings.map(({ code }) => code);
    expect(await codes({})).toContain('LPX_LEFT_IN_SUMMER');
    expect(await codes({ reason: 'borrowed-study' })).not.toContain('LPX_LEFT_IN_SUMMER');
  });
});

describe('a second export of a student', () => {
  it('is noted with day and file of the one before, as long as no receipt came for that', async () => {
    const { store, mail } = await classWith([courseResult()]);
    const noted = async (more: object) =>
      (await exportFrom(store, mail, more)).findings.filter(({ code }) => code === 'LPX_EXPORTED_ALREADY').map(({ facts }) => facts);
    expect(await noted({})).toEqual([]);
    const [first] = await withStore(store, (open) => open.history());
    const facts = { day: '2021-01-21', file: first?.file };
    expect(await noted({ dryRun: true })).toEqual([facts]);
    await withStore(store, (open) =>
      open.change(async (change) => {
        await change.markReceived(first?.id ?? 0, { at: NOW, by: '990002' }, []);
        return { keep: true, result: undefined };
      }),
    );
    expect(await noted({ dryRun: true })).toEqual([]);
  });
});

describe('the password of an export', () => {
  it.each([
    ['of nine characters', 'aB3-xY7_q', 'short'],
    ['that is the student’s id', 'a800000014', 'nationalId'],
    ['made of id and birthday', 'A800000014-0940309', 'nationalId'],
    ['that is the birthday', '2005-03-09', 'birthDate'],
    ['that is the birthday twice, in ROC years', '94030994030', 'birthDate'],
    ['made of the school code', '990001-990001', 'schoolCode'],
    ['made of the receiving school’s code', '990002abcdefg', 'schoolCode'],
    ['of digits in a row', '1234567890', 'sequence'],
    ['of letters that go down', 'zyxwvutsrqpo', 'sequence'],
    ['of a row of the keyboard', 'qwertyuiop', 'sequence'],
    ['of several short rows', 'abc-123-XYZ-789', 'sequence'],
    ['of one character', 'aaaaaaaaaa', 'fewCharacters'],
    ['of four different characters', 'xK7-xK7-xK7-', 'fewCharacters'],
    ['that everybody tries first', 'Password', 'short'],
    ['that everybody tries first, with digits', 'password123', 'common'],
    ['that everybody tries first, in signs', 'P@ssw0rd2021!', 'common'],
    ['that is typed as 我的密碼', 'ji32k7au4a83', 'common'],
    ['of keys below one another', '1qaz2wsx3edc', 'common'],
  ])('%s is refused, unless the clerk insists', async (_, text, weakness) => {
    const { store, mail } = await classWith([courseResult()]);
    const request = { password: Buffer.from(text), toSchool: '990002' };
    await expect(exportFrom(store, mail, request)).rejects.toMatchObject({ code: 'LPX_PASSWORD_WEAK', facts: { weakness } });
    expect((await exportFrom(store, mail, { ...request, weakPassword: true })).overridden).toEqual(['LPX_PASSWORD_WEAK']);
  });

  it.each(['Sample-Pass-2021', 'not-the-password', 'Kite-4821-river', 'aB3xY7qabcZ9'])('%s is strong enough', async (text) => {
    const { store, mail } = await classWith([courseResult()]);
    expect((await exportFrom(store, mail, { password: Buffer.from(text) })).overridden).toEqual([]);
  });

  it('that is typed is judged before it has to be typed again', async () => {
    const { store, mail } = await classWith([courseResult()]);
    const asked: string[] = [];
    const password = (assertFit: (typed: Buffer) => void) => {
      asked.push('first');
      assertFit(Buffer.from('A800000014-0940309'));
      asked.push('second');
      return Buffer.from('A800000014-0940309');
    };
    await expect(exportFrom(store, mail, { password })).rejects.toMatchObject({ code: 'LPX_PASSWORD_WEAK' });
    expect(asked).toEqual(['first']);
  });

  it('may contain a school code, when the rest is long enough', async () => {
    const { store, mail } = await classWith([courseResult()]);
    expect((await exportFrom(store, mail, { password: Buffer.from('990001-marble-otter') })).overridden).toEqual([]);
  });

  it('has no blanks at its ends, which nobody who types it would know of', async () => {
    const { store, mail } = await classWith([courseResult()]);
    const { zipFile, findings } = await exportFrom(store, mail, { password: Buffer.from('Sample-Pass-2021 \t') });
    expect(findings.map(({ code }) => code)).toContain('LPX_PASSWORD_BLANKS');
    const { verifyPackage } = await import('#lpx/exchange/verify.js');
    const report = await verifyPackage({ zipFile, password: Buffer.from('Sample-Pass-2021') });
    expect([report.ok, report.findings.filter(({ code }) => code === 'LPX_PASSWORD_FORM')]).toEqual([true, []]);
  });
});

describe('the name of an export', () => {
  it('that another store takes in the same folder and second is left to it: the export has another', async () => {
    const { store, mail } = await classWith([courseResult()]);
    const taken = join(mail, '990001_2021_01_21_09_00_00.zip');
    await withStore(store, async (open) => {
      let first = true;
      // Another store of the school publishes its package after this one has looked into the folder.
      const claims = Object.create(open.claims, {
        claim: { value: open.claims.claim.bind(open.claims) },
        drop: { value: open.claims.drop.bind(open.claims) },
        published: { value: open.claims.published.bind(open.claims) },
        written: {
          value: async (packages: any) => {
            if (first) writeFileSync(taken, 'another store’s');
            first = false;
            return open.claims.written(packages);
          },
        },
      });
      const racing = Object.create(open, { claims: { value: claims } });
      for (const name of ['student', 'history', 'courses', 'schools', 'change'] as const) racing[name] = open[name].bind(open);
      const { packages } = await exportPackages(racing, { ...exportRequest(mail), passwordFile: join(mail, 'pw.txt') });
      expect(packages.map(({ zipFile }) => basename(zipFile))).toEqual(['990001_2021_01_21_08_59_59.zip']);
    });
    expect(readdirSync(mail).sort()).toEqual([
      '990001_2021_01_21_08_59_59.zip',
      '990001_2021_01_21_08_59_59.zip.md5',
      '990001_2021_01_21_09_00_00.zip',
      'pw.txt',
    ]);
    expect((await withStore(store, (open) => open.history())).filter(({ kind }) => kind === 'export')).toHaveLength(1);
    rmSync(taken);
  });

  it('is kept with its place in the history when noting that it is published fails', async () => {
    const { store, mail } = await classWith([courseResult()]);
    await withStore(store, async (open) => {
      const claims = Object.create(open.claims, { published: { value: () => Promise.reject(new Error('store is busy')) } });
      for (const name of ['claim', 'drop', 'written'] as const) claims[name] = open.claims[name].bind(open.claims);
      const tired = Object.create(open, { claims: { value: claims } });
      for (const name of ['student', 'history', 'courses', 'schools', 'change'] as const) tired[name] = open[name].bind(open);
      await exportPackages(tired, { ...exportRequest(mail), now: NOW });
    });
    expect((await withStore(store, (open) => open.history())).map(({ kind }) => kind)).toEqual(['export', 'load']);
    expect(readdirSync(mail)).toHaveLength(2);
  });
});
