import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFolder } from '#lpx/exchange/load.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { showPackage } from '#lpx/exchange/show.js';
import { verifyPackage } from '#lpx/exchange/verify.js';
import { limitExceeded, type PackageSize, READABLE, WRITABLE } from '#lpx/package/limits.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, load, PASSWORD, school } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const IDS = ['A800000014', 'B800000015', 'C800000016', 'D800000017', 'E800000018'];
const FILES = 3;

async function schoolOfMany(extras: object = {}) {
  const folder = tempFolder();
  const store = await school(folder, '990001');
  for (const nationalId of IDS) {
    const records = Array.from({ length: FILES }, (_, i) =>
      courseResult({ createdAt: `2021-01-10 14:03:1${i}` }, { bytes: pdf(`${nationalId} ${i}`), type: 'pdf', name: `${i}.pdf` }),
    );
    writeExchangeFolder(join(folder, nationalId), [{ ...smallPortfolio(records, { nationalId }), extras: extras as never }]);
    await load(store, join(folder, nationalId));
  }
  return { store, mail: join(folder, 'mail') };
}

const idsIn = async (zipFile: string) =>
  (await showPackage({ zipFile, password: PASSWORD })).students.map(({ basicData }) => basicData.nationalId);
const NO_LIMITS: PackageSize = { entries: 1e9, json: 1e9, total: 1e9, directory: 1e9 };

describe('an export of more than one package takes', () => {
  it.each(['entries', 'json', 'total', 'directory'] as const)(
    'is split by %s, each student in one, all under one password',
    async (what) => {
      const { store, mail } = await schoolOfMany();
      // As much as two students take in a package of their own: with a little less, each is alone.
      const { packages: whole } = await exportFrom(store, tempFolder(), { nationalIds: IDS });
      expect(whole).toHaveLength(1);
      const sizes = { entries: 6, json: 5000, total: 6000, directory: 1200 };
      const limits = { ...NO_LIMITS, [what]: 2.5 * sizes[what] };
      const { packages, students } = await exportFrom(store, mail, {
        nationalIds: IDS,
        limits,
        now: new Date('2021-02-01T09:00:00+08:00'),
      });

      expect(packages.length).toBeGreaterThan(1);
      expect(packages.length).toBeLessThan(IDS.length);
      expect((await Promise.all(packages.map(({ zipFile }) => idsIn(zipFile)))).flat()).toEqual(IDS);
      for (const { zipFile } of packages) expect((await verifyPackage({ zipFile, password: PASSWORD })).ok).toBe(true);
      for (const { nationalId, file } of students) expect(await idsIn(join(mail, file))).toContain(nationalId);
      const exports = (await withStore(store, (open) => open.history())).slice(0, packages.length);
      expect(exports.map(({ file }) => file).reverse()).toEqual(packages.map(({ zipFile }) => basename(zipFile)));
      expect(readdirSync(mail)).toHaveLength(2 * packages.length);
    },
  );

  it('publishes none of them when one cannot be written', async () => {
    const { store, mail } = await schoolOfMany();
    const limits = { ...NO_LIMITS, entries: 6 };
    let asked = 0;
    const onProgress = () => {
      if (++asked > 20) throw new Error('no further');
    };
    await expect(exportFrom(store, mail, { nationalIds: IDS, limits, onProgress })).rejects.toThrow('no further');
    expect(readdirSync(mail)).toEqual([]);
    expect((await withStore(store, (open) => open.history())).map(({ kind }) => kind)).toEqual(IDS.map(() => 'load'));
  });

  it.each([
    ['one package', NO_LIMITS],
    ['several packages', { ...NO_LIMITS, entries: 6 }],
  ])('publishes none of %s when a student is changed after the planning, and names the student', async (_, limits) => {
    const { store, mail } = await schoolOfMany();
    const changed = tempFolder();
    const record = courseResult({ createdAt: '2021-01-11 09:00:00' }, { bytes: pdf('later'), type: 'pdf', name: 'later.pdf' });
    writeExchangeFolder(changed, [smallPortfolio([record], { nationalId: IDS[4] as string })]);
    const loaded = { path: changed, now: new Date(), operator: 'tester', keepMissing: true };
    // The clerk is still at the prompt when another one loads.
    const password = async () => {
      await withStore(store, (open) => loadFolder(open, loaded));
      return PASSWORD;
    };
    await expect(exportFrom(store, mail, { nationalIds: IDS, limits, password })).rejects.toMatchObject({
      code: 'LPX_STUDENT_CHANGED',
      exitCode: 10,
      place: { student: IDS[4] },
    });
    expect(readdirSync(mail)).toEqual([]);
    expect((await withStore(store, (open) => open.history())).map(({ kind }) => kind)).not.toContain('export');
  });

  it('lists a few examples of each finding, and how many more there are', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    for (const nationalId of IDS) {
      const records = Array.from({ length: 6 }, (_, i) => courseResult({ createdAt: `2021-01-10 14:03:1${i}`, subjectName: '\ufffd' }));
      writeExchangeFolder(join(folder, nationalId), [smallPortfolio(records, { nationalId })]);
      await load(store, join(folder, nationalId));
    }
    const { findings } = await exportFrom(store, join(folder, 'mail'), { nationalIds: IDS });
    const garbled = findings.filter(({ code }) => code === 'LPX_TEXT_GARBLED');
    expect(garbled).toHaveLength(20);
    expect(garbled.at(-1)?.more).toBe(10);
  });

  it('is refused for a student who fits into none, by name', async () => {
    const { store, mail } = await schoolOfMany();
    const request = { nationalIds: IDS, limits: { ...NO_LIMITS, entries: 5 } };
    await expect(exportFrom(store, mail, request)).rejects.toMatchObject({
      code: 'LPX_STUDENT_TOO_LARGE',
      facts: { what: 'entries', value: 6, limit: 5 },
      place: { student: IDS[0] },
    });
  });

  it('is split by what readers really take, and every package reads back', async () => {
    const words = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`備註${i}`, '同一句話。'.repeat(6_000)]));
    const { store, mail } = await schoolOfMany(words);
    const { packages } = await exportFrom(store, mail, { nationalIds: IDS });
    expect(packages).toHaveLength(2);
    for (const { zipFile } of packages) expect((await verifyPackage({ zipFile, password: PASSWORD })).ok).toBe(true);
  });
});

describe('the limits of a package', () => {
  it('are within those of readers', () => {
    expect(limitExceeded(WRITABLE, READABLE)).toBeUndefined();
    for (const what of Object.keys(READABLE) as (keyof PackageSize)[]) {
      expect(limitExceeded({ ...WRITABLE, [what]: READABLE[what] }, WRITABLE)).toBe(what);
    }
  });
});
