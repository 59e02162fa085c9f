import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { nameSchool, withStore } from '#lpx/exchange/school-store.js';
import { classOf, packagesIn, passwordsIn, writeList } from '../support/batches.js';
import { lpx, lpxJson } from '../support/cli.js';
import { madeBytes } from '../support/made-bytes.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, LEFT, load, NOW, OPERATOR, PASSWORD, SAMPLES, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const password = { env: { LPX_PASSWORD: PASSWORD.toString() } };

/** A disk of 20 MB. Only root can make one. */
function smallDisk(): string {
  const folder = join(tempFolder(), 'disk');
  mkdirSync(folder);
  execaSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', folder]);
  onTestFinished(() => {
    execaSync('umount', [folder]);
  });
  return folder;
}
const canMount = (): boolean => {
  const folder = join('/tmp', `lpx-mount-${process.pid}`);
  mkdirSync(folder);
  try {
    const mounted = !execaSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { reject: false }).failed;
    if (mounted) execaSync('umount', [folder]);
    return mounted;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

describe.skipIf(!canMount() && process.env.LPX_TOOLS !== 'required')('a disk that is full', () => {
  let folder = '';
  let from = '';
  let zipFile = '';
  beforeAll(async () => {
    folder = join('/tmp', `lpx-full-${process.pid}`);
    const records = Array.from({ length: 20 }, (_, i) =>
      courseResult({ createdAt: `2021-01-10 14:03:${i + 10}` }, { bytes: pdf(madeBytes(1_500_000)), type: 'pdf', name: `${i}.pdf` }),
    );
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
    from = await school(folder, '990001');
    await load(from, join(folder, 'platform'));
    zipFile = (await exportFrom(from, join(folder, 'mail'))).zipFile;
    return () => rmSync(folder, { recursive: true });
  });

  it('fails the packages of a batch that no longer fit, keeps the others whole, and makes the rest once there is room', async () => {
    const disk = smallDisk();
    const [mail, secret] = [join(disk, 'mail'), join(folder, 'secret')];
    const { store, nationalIds } = await classOf(join(folder, 'class'), 8, 1_500_000);
    const list = writeList(
      folder,
      nationalIds.map((nationalId) => ({ nationalId })),
    );
    const words = ['--store', store, 'batch', 'export', list, '--out', mail, '--passwords', secret, '--jobs', '2'];
    const { code, json } = await lpxJson(words);
    expect([code, json.error.code]).toEqual([8, 'LPX_BATCH_FAILED']);
    expect(json.counts.packages).toBeGreaterThan(0);
    const problems = json.outcomes.flatMap(({ students }: any) => students.flatMap(({ error }: any) => error?.code ?? []));
    expect(new Set(problems)).toEqual(new Set(['LPX_DISK_FULL']));
    expect(packagesIn(mail)).toHaveLength(json.counts.packages);
    expect(packagesIn(mail)).toEqual([...passwordsIn(secret).keys()].sort());
    expect(readdirSync(mail, { recursive: true }).filter((name) => String(name).endsWith('.part'))).toEqual([]);

    // The packages that were sent go on their way.
    for (const school of readdirSync(mail)) rmSync(join(mail, school), { recursive: true });
    const again = await lpxJson(words);
    expect([again.code, again.json.counts.exported]).toEqual([0, 8 - json.counts.packages]);
  });

  it('ends an export with a clear error, and nothing of the package is left', async () => {
    const disk = smallDisk();
    const { code, err } = await lpx(
      ['--store', from, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--out', join(disk, 'mail')],
      password,
    );
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_DISK_FULL')]);
    expect(readdirSync(join(disk, 'mail'))).toEqual([]);
  });

  it('or may not be written to, ends an export with a clear error too', async () => {
    const disk = smallDisk();
    execaSync('mount', ['-o', 'remount,ro', disk]);
    const { code, err } = await lpx(
      ['--store', from, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--out', join(disk, 'mail')],
      password,
    );
    expect([code, err]).toEqual([2, expect.stringMatching(/LPX_WRITE_FAILED|LPX_FILE_UNREADABLE/)]);
    expect(err).not.toContain('LPX_INTERNAL');
  });

  it('or may not be written to, ends an import into it so as well', async () => {
    const disk = smallDisk();
    const store = join(disk, 'store');
    cpSync(await school(tempFolder(), '990002'), store, { recursive: true });
    execaSync('mount', ['-o', 'remount,ro', disk]);
    const { code, err } = await lpx(['--store', store, 'import', zipFile, '--create-students'], password);
    expect([code, err]).toEqual([2, expect.stringContaining('Nothing was imported')]);
  });

  it('ends an import with a clear error, the store as it was and nothing unpacked left', async () => {
    const disk = smallDisk();
    const store = join(disk, 'store');
    cpSync(await school(tempFolder(), '990002'), store, { recursive: true });
    const { code, err } = await lpx(['--store', store, 'import', zipFile, '--create-students'], password);
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_DISK_FULL')]);
    expect(readdirSync(join(store, 'attachments'))).toEqual([]);
    expect((await lpx(['--store', store, 'students', '--json'])).out).toContain('"students": []');
  });

  it('ends a recovery with a clear error and each file whole or absent, and the next one completes it once there is room', async () => {
    const disk = smallDisk();
    const store = join(disk, 'store');
    cpSync(from, store, { recursive: true, filter: (path) => path !== join(from, 'attachments') });
    mkdirSync(join(store, 'attachments'));
    const words = ['--store', store, 'recover', join(folder, 'platform')];
    const { code, err } = await lpx(words);
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_DISK_FULL')]);
    expect(readdirSync(join(store, 'attachments')).filter((name) => name.startsWith('staging-'))).toEqual([]);
    expect((await lpxJson(['--store', store, 'history', '--kind', 'recover'])).json.entries).toEqual([]);
    execaSync('mount', ['-o', 'remount,size=60m', disk]);
    expect((await lpxJson(words)).json).toMatchObject({ ok: true, contents: 20, lacking: 20, missing: [] });
    expect((await lpxJson(words)).json).toMatchObject({ ok: true, lacking: 0 });
  });

  it('to the last byte ends an import so too, which goes through once there is room', async () => {
    const disk = smallDisk();
    const store = join(disk, 'store');
    cpSync(await school(tempFolder(), '990002'), store, { recursive: true });
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'fill'), Buffer.alloc(bavail * bsize));
    const sample = join(SAMPLES, 'package', '990001_2021_01_22_10_30_00.zip');
    const words = ['--store', store, 'import', sample, '--create-students'];
    const { code, err } = await lpx(words, password);
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_DISK_FULL')]);
    rmSync(join(disk, 'fill'));
    expect((await lpx(words, password)).code).toBe(0);
    expect(readFileSync(join(store, 'lpx.sqlite')).length).toBeGreaterThan(0);
  });

  it('at any point ends a command with that name, and the command goes through once there is room', async () => {
    const empty = await school(tempFolder(), '990001');
    const loaded = await transferSchool(tempFolder());
    for (const [name, words, rooms] of [
      ['load', ['load', join(SAMPLES, 'transfer')], [0, 4, 16, 36, 68, 132, 260]],
      ['pick', ['pick', TRANSFER_STUDENT, 'O2'], [0, 4, 16, 36, 68, 132, 260]],
      ['undo', ['undo', '1', '--yes'], [0, 36, 68]],
    ] as const)
      for (const room of rooms) {
        const disk = smallDisk();
        const store = join(disk, 'store');
        cpSync(name === 'load' ? empty : loaded, store, { recursive: true });
        const { bavail, bsize } = statfsSync(disk);
        writeFileSync(join(disk, 'fill'), Buffer.alloc(bavail * bsize - room * 1024));
        const { code, err } = await lpx(['--store', store, ...words]);
        expect([name, room, code, code === 0 ? '' : err]).toEqual([
          name,
          room,
          ...(code === 0 ? [0, ''] : [2, expect.stringContaining('LPX_DISK_FULL')]),
        ]);
        rmSync(join(disk, 'fill'));
        expect((await lpx(['--store', store, ...words])).code).toBe(0);
      }
  });

  it('to the last byte lets everything be read that is in a store, and be examined', async () => {
    const disk = smallDisk();
    const store = join(disk, 'store');
    // As a process leaves it that was killed: the newest change is in the log, next to the database.
    await withStore(await transferSchool(tempFolder()), async (open) => {
      await nameSchool(open, { name: '測試高中', now: NOW, operator: OPERATOR });
      cpSync(open.folder, store, { recursive: true, filter: (path) => !path.endsWith('-shm') });
    });
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'fill'), Buffer.alloc(bavail * bsize));
    const run = async (...words: string[]) => {
      const { code, json } = await lpxJson(['--store', store, ...words], { env: { TMPDIR: disk } });
      expect([words, code, json.error]).toEqual([words, 0, undefined]);
      return json;
    };
    const [examined, entries] = await Promise.all([run('doctor'), run('history')]);
    expect(examined.findings.map(({ code }: any) => code)).toContain('LPX_SPACE_LOW');
    expect(entries.entries[0]).toMatchObject({ kind: 'school' });
    expect((await run('school')).school.name).toBe('測試高中');
    for (const words of ['log --verify', 'students']) await run(...words.split(' '));
    for (const command of ['show', 'status', 'pick']) await run(command, TRANSFER_STUDENT);
    expect((await lpxJson(['--store', store, 'school', '--name', '別名'])).json.error.code).toBe('LPX_DISK_FULL');
    rmSync(join(disk, 'fill'));
    expect(await run('history')).toEqual(entries);
  });
});
