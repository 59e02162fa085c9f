import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examineStore } from '#lpx/exchange/doctor.js';
import { packageBaseName } from '#lpx/package/layout.js';
import type { StoreLocation } from '#lpx/store/location.js';
import { openStore } from '#lpx/store/open.js';
import { filesOf, type NewClaim, type PackageClaim } from '#lpx/store/package-claims.js';
import type { WorkFolder } from '#lpx/store/processes/work-folder.js';
import type { Store } from '#lpx/store/store.js';
import { describeEngines, newStore, overwritten, pagesWith } from '../support/postgres.js';
import { md5 } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const NOW = new Date('2021-01-21T09:00:30+08:00');
const COUNTS = { courseResults: 1, multiPerformances: 0, attachments: 0 };
const ZIP = Buffer.from('content of a ZIP');
const DIGESTS = { bytes: ZIP.length, md5: md5(ZIP), contentsDigest: 'b'.repeat(64) };
const { basicData } = smallPortfolio();

const databaseOf = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.startsWith('lpx.sqlite'))
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('');

describeEngines('the name of a package', (engine) => {
  let store: Store;
  let location: StoreLocation;
  let mail: string;
  let work: WorkFolder;
  let students: number[];
  beforeEach(async () => {
    const folder = tempFolder();
    mail = join(folder, 'mail');
    mkdirSync(mail);
    ({ store, location } = await newStore(engine, folder));
    work = await store.attachments.workFolder();
    students = await store.change(async (change) => {
      const added = [];
      for (const nationalId of ['A800000014', 'B800000015', 'C800000016'])
        added.push((await change.addStudent({ ...basicData, nationalId }, {})).id);
      return { keep: true, result: added };
    });
  });
  afterEach(async () => {
    await work.leave();
    await store.close();
  });

  const claim = (student: number, more: Partial<NewClaim> = {}) =>
    store.claims.claim({
      nameAt: (moment) => packageBaseName('990001', moment),
      now: NOW,
      work,
      outFolder: mail,
      entry: { school: '', reason: 'transfer', terms: '', left: '2021-01-22', overridden: '', operator: 'clerk' },
      students: [{ id: students[student] as number, counts: COUNTS, contentsDigest: '' }],
      ...more,
    });
  const secondOf = (claimed: PackageClaim | undefined) => claimed?.name.slice(-8);

  it('is that of the newest second that is not used, and never of one to come', async () => {
    writeFileSync(join(mail, '990001_2021_01_21_09_00_29.zip'), 'another store’s');
    writeFileSync(join(mail, '990001_2021_01_21_09_00_27.zip.md5'), 'another store’s');
    expect([await claim(0), await claim(1), await claim(2)].map(secondOf)).toEqual(['09_00_30', '09_00_28', '09_00_26']);
  });

  it('is unique within the store, also where the packages lie in different folders', async () => {
    const elsewhere = tempFolder();
    expect([await claim(0), await claim(1, { outFolder: elsewhere })].map(secondOf)).toEqual(['09_00_30', '09_00_29']);
  });

  it('comes after the last package of the student: a second has to pass', async () => {
    const at = (seconds: number) => ({ now: new Date(NOW.getTime() + 1000 * seconds) });
    expect(secondOf(await claim(0))).toBe('09_00_30');
    expect(await claim(0)).toBeUndefined();
    expect(await claim(0, at(-9))).toBeUndefined();
    expect(secondOf(await claim(1, at(1)))).toBe('09_00_31');
    expect(await claim(0, at(1))).toBeUndefined();
    expect(secondOf(await claim(0, at(2)))).toBe('09_00_32');
  });

  it('does not wait for a clock that was far ahead', async () => {
    await claim(0, { now: new Date('2031-01-01T00:00:00Z') });
    expect(secondOf(await claim(0))).toBe('09_00_30');
  });

  it('is free again when the package does not come about', async () => {
    const first = (await claim(0)) as PackageClaim;
    await store.claims.drop([first]);
    expect(secondOf(await claim(0))).toBe('09_00_30');
  });

  it('is not an export until the package is written and has it', async () => {
    const pending = (await claim(0)) as PackageClaim;
    expect(await store.history()).toEqual([]);
    await store.claims.written([{ claim: pending, digests: DIGESTS }]);
    await store.claims.published([pending]);
    expect(await store.history()).toMatchObject([
      { school: '', terms: '', overridden: '', kind: 'export', file: `${pending.name}.zip`, ...DIGESTS, reason: 'transfer' },
    ]);
  });

  describe('of a student who is erased or taken off the roll', () => {
    const by = { now: NOW, operator: 'clerk', reason: '' };
    const erase = () => store.erasures.erase('A800000014', by, { acceptPending: true });
    const remove = () =>
      store.change(async (change) => {
        await change.addHistory({ kind: 'remove', at: NOW, operator: 'clerk', file: '', bytes: 0, details: { why: '' } });
        return { keep: true, result: await change.removeStudent(students[0] as number) };
      });
    const written = async (claimed: PackageClaim) => store.claims.written([{ claim: claimed, digests: DIGESTS }]);

    it('is not claimed', async () => {
      await erase();
      await expect(claim(0)).rejects.toMatchObject({ code: 'LPX_STUDENT_CHANGED' });
      expect(await claim(1)).toBeDefined();
    });

    it('is not given to what is written by then; the erasure waits for the process that writes it', async () => {
      const claimed = (await claim(0)) as PackageClaim;
      await expect(erase()).rejects.toMatchObject({ code: 'LPX_ERASE_PENDING', facts: { file: `${claimed.name}.zip`, folder: mail } });
      await remove();
      await expect(written(claimed)).rejects.toMatchObject({ code: 'LPX_STUDENT_CHANGED' });
      await store.claims.drop([claimed]);
      expect(await erase()).toMatchObject({ entries: 0 });
    });

    it('is not given when the claim itself is gone', async () => {
      const claimed = (await claim(0)) as PackageClaim;
      await store.claims.drop([claimed]);
      await expect(written(claimed)).rejects.toMatchObject({ code: 'LPX_STUDENT_CHANGED' });
    });

    it('is being given while all is written: the erasure waits for that, too', async () => {
      await written((await claim(0)) as PackageClaim);
      await expect(erase()).rejects.toMatchObject({ code: 'LPX_ERASE_PENDING' });
    });
  });

  describe('that a process claimed', () => {
    const write = (claimed: PackageClaim) => {
      for (const { part } of filesOf(claimed)) writeFileSync(part, ZIP);
      writeFileSync(claimed.signature.part, `${md5(ZIP)}  ${claimed.name}.zip`);
    };
    const sweep = async () => (await openStore(location)).close();
    const files = () => readdirSync(mail).sort();

    it('stays its own while it lives', async () => {
      const [pending, written] = [(await claim(0)) as PackageClaim, (await claim(1)) as PackageClaim];
      for (const claimed of [pending, written]) write(claimed);
      await store.claims.written([{ claim: written, digests: DIGESTS }]);
      const before = files();
      await sweep();
      expect([files(), await store.history()]).toEqual([before, []]);
    });

    it('which died before all was written is free again, and nothing of the package is left, nor anything else taken', async () => {
      const passwordFile = join(mail, 'pw.txt');
      write((await claim(0, { passwordFile })) as PackageClaim);
      // Of other programs, under names like those of ours.
      const foreign = ['990001_2021_01_21_09_00_30.zip.part', '990001_2021_01_21_09_00_30.zip', 'pw.txt', 'pw.txt.part'];
      for (const name of foreign) writeFileSync(join(mail, name), 'another program’s');
      await work.leave();
      await sweep();
      expect([files(), await store.history()]).toEqual([foreign.sort(), []]);
    });

    it('which died after all was written is given to the package', async () => {
      const written = (await claim(0, { passwordFile: join(mail, 'pw.txt') })) as PackageClaim;
      write(written);
      await store.claims.written([{ claim: written, digests: DIGESTS }]);
      await work.leave();
      await sweep();
      expect(files()).toEqual([`${written.name}.zip`, `${written.name}.zip.md5`, 'pw.txt']);
      expect(await store.history()).toMatchObject([{ file: `${written.name}.zip`, ...DIGESTS }]);
    });

    it.each(['part', 'file'])(
      'and whose %s somebody edited is left as it is, with the file that it names, and the doctor says so',
      async (column) => {
        const [pending, written] = [(await claim(0)) as PackageClaim, (await claim(1)) as PackageClaim];
        for (const claimed of [pending, written]) write(claimed);
        await store.claims.written([{ claim: written, digests: DIGESTS }]);
        const diary = join(mail, 'diary.txt');
        writeFileSync(diary, 'another program’s');
        await work.leave();
        await engine.tamper(location, `update unpublished set ${column} = '${diary}'`);
        const before = files();
        await sweep();
        expect(files()).toEqual(before);
        const report = await examineStore(store, { quick: true, repair: false, now: NOW, operator: 'clerk' });
        expect(report.findings).toContainEqual(
          expect.objectContaining({ code: 'LPX_DATABASE_FAULT', facts: { detail: 'unpublished: 4' } }),
        );
        expect(report.error).toMatchObject({ exitCode: 5 });
      },
    );

    it.each(['thesis.txt', 'elsewhere/990001_2021_01_21_09_00_30.zip'])(
      'and whose ZIP is said to be %s takes nothing away there, and the doctor says so',
      async (name) => {
        const written = (await claim(0)) as PackageClaim;
        write(written);
        await store.claims.written([{ claim: written, digests: DIGESTS }]);
        const other = join(mail, name);
        mkdirSync(dirname(other), { recursive: true });
        writeFileSync(other, ZIP);
        // By its content it is the ZIP, and the package cannot be finished.
        rmSync(written.signature.part);
        await work.leave();
        await engine.tamper(
          location,
          `update history set file = '${basename(name)}';
          update unpublished set part = '${other}.0123abcd.part', file = '${other}' where file like '%.zip'`,
        );
        await sweep();
        expect(existsSync(other)).toBe(true);
        const { error, findings } = await examineStore(store, { quick: true, repair: false, now: NOW, operator: 'clerk' });
        expect([error?.exitCode, findings.map(({ code }) => code)]).toEqual([5, expect.arrayContaining(['LPX_DATABASE_FAULT'])]);
      },
    );

    it('and that something else has now, is left to that', async () => {
      const written = (await claim(0)) as PackageClaim;
      write(written);
      await store.claims.written([{ claim: written, digests: DIGESTS }]);
      writeFileSync(`${join(mail, written.name)}.zip.md5`, 'another program’s');
      await work.leave();
      await sweep();
      expect([files(), await store.history()]).toEqual([[`${written.name}.zip.md5`], []]);
    });

    describe('which died while it published', () => {
      let claimed: PackageClaim;
      beforeEach(async () => {
        claimed = (await claim(0, { passwordFile: join(mail, 'pw.txt') })) as PackageClaim;
        write(claimed);
        await store.claims.written([{ claim: claimed, digests: DIGESTS }]);
        await work.leave();
      });
      const settled = async () => {
        await sweep();
        return [files(), (await store.history()).map(({ file }) => file)];
      };
      const nothing = [[], []];

      it.each(['password', 'zip', 'signature'] as const)('is free again when somebody removed the %s', async (lost) => {
        rmSync(claimed[lost]?.part as string);
        expect(await settled()).toEqual(nothing);
      });

      it('is free again, with what had its name already, when somebody removed a part', async () => {
        linkSync(claimed.password?.part as string, claimed.password?.file as string);
        linkSync(claimed.zip.part, claimed.zip.file);
        rmSync(claimed.signature.part);
        expect(await settled()).toEqual(nothing);
      });

      it('is free again when the folder is empty: another disk, or another folder of its name', async () => {
        for (const { part } of filesOf(claimed)) rmSync(part);
        expect(await settled()).toEqual(nothing);
      });

      it('is free again when its ZIP or its signature is gone since, and takes the other along', async () => {
        for (const { part, file } of [claimed.zip, claimed.signature]) renameSync(part, file);
        rmSync(claimed.zip.file);
        expect(await settled()).toEqual(nothing);
      });

      it('is free again without its signature, and takes the ZIP along only when that is its own', async () => {
        renameSync(claimed.zip.part, claimed.zip.file);
        writeFileSync(claimed.zip.file, 'another program'.padEnd(ZIP.length, '.'));
        rmSync(claimed.signature.part);
        expect(await settled()).toEqual([[`${claimed.name}.zip`], []]);
      });

      it('is free again when another file has the name of a part that is gone', async () => {
        rmSync(claimed.signature.part);
        writeFileSync(claimed.signature.file, 'another program’s');
        expect(await settled()).toEqual([[`${claimed.name}.zip.md5`], []]);
      });

      it('is left to an empty file that has its name', async () => {
        writeFileSync(claimed.signature.file, '');
        expect(await settled()).toEqual([[`${claimed.name}.zip.md5`], []]);
      });

      it('is given to the package when some or all of its files have their names', async () => {
        renameSync(claimed.password?.part as string, claimed.password?.file as string);
        linkSync(claimed.zip.part, claimed.zip.file);
        expect(await settled()).toEqual([[`${claimed.name}.zip`, `${claimed.name}.zip.md5`, 'pw.txt'], [`${claimed.name}.zip`]]);
      });
    });

    it.skipIf(engine.name === 'SQLite')('on another computer is settled only where its files can be seen', async () => {
      const claimed = (await claim(0)) as PackageClaim;
      write(claimed);
      await store.claims.written([{ claim: claimed, digests: DIGESTS }]);
      await work.leave();
      await engine.tamper(location, `update history set work = split_part(work, '@', 1) || '@elsewhere' where state = 'written'`);
      const kinds = async () => (await store.history()).map(({ kind }) => kind);
      renameSync(mail, `${mail}-elsewhere`);
      mkdirSync(mail);
      await sweep();
      expect([await kinds(), files()]).toEqual([[], []]);
      rmSync(mail, { recursive: true });
      renameSync(`${mail}-elsewhere`, mail);
      await sweep();
      expect([await kinds(), files()]).toEqual([['export'], [`${claimed.name}.zip`, `${claimed.name}.zip.md5`]]);
    });

    it.each(['pending', 'written'])('in a folder that is away is never given where a student is erased meanwhile (%s)', async (state) => {
      const stick = join(mail, 'A800000014');
      mkdirSync(stick);
      const claimed = (await claim(0, { outFolder: stick, passwordFile: join(stick, 'pw.txt') })) as PackageClaim;
      write(claimed);
      if (state === 'written') {
        await store.claims.written([{ claim: claimed, digests: DIGESTS }]);
        linkSync(claimed.zip.part, claimed.zip.file);
      }
      await work.leave();
      renameSync(stick, `${stick}-away`);
      const by = { now: NOW, operator: 'clerk', reason: '' };
      expect(await store.erasures.plan('A800000014')).toMatchObject({ namedPackages: [stick] });
      await expect(store.erasures.erase('A800000014', by)).rejects.toMatchObject({ code: 'LPX_ERASE_PENDING' });
      expect(await store.erasures.erase('A800000014', by, { acceptPending: true })).toMatchObject({ entries: 1 });
      renameSync(`${stick}-away`, stick);
      await sweep();
      expect([readdirSync(stick), (await store.history()).map(({ kind }) => kind)]).toEqual([[], ['erase']]);
      expect((await store.log.verify()).faults).toEqual([]);
      // Nor can its path be read in the database any more.
      if (typeof location === 'string') expect(databaseOf(location)).not.toContain(stick);
      else {
        await overwritten(store);
        expect(await pagesWith(location, stick)).toEqual([]);
      }
    });

    it('in a folder that is away is settled once that is back', async () => {
      const away = tempFolder();
      const stick = join(away, 'stick');
      mkdirSync(stick);
      const claimed = (await claim(0, { outFolder: stick })) as PackageClaim;
      await work.leave();
      rmSync(stick, { recursive: true });
      await sweep();
      mkdirSync(stick);
      write(claimed);
      await sweep();
      expect([readdirSync(stick), existsSync(stick)]).toEqual([[], true]);
    });
  });
});
