import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listSnapshots } from '#lpx/exchange/backup.js';
import { examineStore } from '#lpx/exchange/doctor.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { lpx, lpxJson } from '../support/cli.js';
import { madeBytes } from '../support/made-bytes.js';
import { outputFaults } from '../support/output-schemas.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, NOW, OPERATOR, school } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { durationOf, once, strike, strikesIn, within } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

const KILLS = strikesIn(6);

async function schoolWithFiles(folder: string, count: number): Promise<string> {
  const records = Array.from({ length: count }, (_, i) =>
    courseResult(
      { createdAt: `2021-01-10 14:03:${String(i).padStart(2, '0')}` },
      { bytes: pdf(madeBytes(50_000)), type: 'pdf', name: `報告${i}.pdf` },
    ),
  );
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return store;
}

const soundness = (store: string) =>
  withStore(store, async (open) => (await examineStore(open, { quick: false, repair: false, now: NOW, operator: OPERATOR })).error);

describe('lpx backup and lpx restore', () => {
  it('print what their schemas say, in both languages', async () => {
    const folder = tempFolder();
    const store = await schoolWithFiles(folder, 2);
    for (const words of [
      ['--store', store, 'backup', 'repository', '--keep', '3'],
      ['--store', store, 'backup', 'repository', '--list'],
      ['--store', store, 'backup', 'repository', '--rehearse'],
      ['restore', 'repository', 'new'],
      ['--store', 'new', 'doctor'],
      ['--store', 'new', 'doctor', '--before-move'],
      ['--store', 'new', 'doctor', '--after-move', '--quick'],
      ['--store', 'new', 'doctor', '--part', '2/7', '--repair'],
      ['restore', 'repository', 'new'],
    ]) {
      const { json } = await lpxJson(words, { cwd: folder });
      expect(outputFaults(json), words.join(' ')).toEqual([]);
    }
    const codesOf = async (words: readonly string[]) => {
      const { json } = await lpxJson(words, { cwd: folder });
      expect(outputFaults(json), words.join(' ')).toEqual([]);
      return json.findings.map(({ code }: { readonly code: string }) => code);
    };
    expect(await codesOf(['--store', 'new', 'doctor'])).toContain('LPX_REHEARSAL_NONE');
    await lpx(['--store', 'other', 'init', '--school', '990002'], { cwd: folder });
    const { json: refused } = await lpxJson(['--store', 'other', 'backup', 'repository'], { cwd: folder });
    expect([refused.error.code, refused.error.exitCode, outputFaults(refused)]).toEqual(['LPX_BACKUP_OTHERS', 2, []]);
    expect(await codesOf(['--store', 'other', 'backup', 'repository', '--shared'])).toEqual(['LPX_BACKUP_SHARED', 'LPX_BACKUP_SAME_DISK']);
    rmSync(join(folder, 'repository'), { recursive: true });
    expect((await lpxJson(['--store', 'other', 'backup', 'repository'], { cwd: folder })).json.error.code).toBe('LPX_BACKUP_VANISHED');
    expect(await codesOf(['--store', 'other', 'backup', 'repository', '--new'])).toEqual(['LPX_BACKUP_SAME_DISK']);
    for (const [words, code] of [
      [['--store', store, 'backup', join(store, 'backup')], 2],
      [['--store', store, 'backup', 'repository', '--keep', '0'], 2],
      [['restore', 'repository', store], 2],
      [['--store', 'new', 'doctor', '--part', '8/7'], 2],
    ] as const)
      expect((await lpx(words, { cwd: folder })).code, words.join(' ')).toBe(code);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('say of a store without a backup that nothing is unprotected, not that a backup has it', async () => {
    const store = join(tempFolder(), 'store');
    await lpx(['--store', store, 'init', '--school', '990001']);
    expect((await lpx(['--store', store, 'doctor', '--lang', 'zh-TW'])).out).toMatch(/備份 +無\n +保護缺口 +無：沒有未受保護的紀錄$/);
  });

  it('do not call a store the same as before a move that has lost a file on the way', async () => {
    const folder = tempFolder();
    const store = await schoolWithFiles(folder, 2);
    const unmarked = await lpxJson(['--store', store, 'doctor', '--after-move']);
    expect([unmarked.code, unmarked.json.error.code]).toEqual([7, 'LPX_PROBE_MISSING']);
    const { json: before } = await lpxJson(['--store', store, 'doctor', '--before-move']);
    const { json: same } = await lpxJson(['--store', store, 'doctor', '--after-move']);
    expect([same.probe.faults, same.counts.files]).toEqual([[], before.probe.files.count]);
    const { sha256 } = before.probe;
    const [lost] = readdirSync(join(store, 'attachments'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name) && entry.name !== sha256)
      .map((entry) => join(entry.parentPath, entry.name));
    rmSync(lost as string);
    const moved = await lpx(['--store', store, 'doctor', '--after-move', '--lang', 'zh-TW']);
    expect(moved.code).toBe(5);
    expect(moved.out).toContain('✘ 資料庫與搬移之前不同');
    expect(moved.out).toContain('紀錄的檔案遺失或損壞 1 個');
    expect(moved.out).not.toContain('內容全部相符');
  });

  it(`are killed ${KILLS} times each, and leave snapshots whole, and no store or all of it`, async () => {
    const folder = tempFolder();
    const store = await schoolWithFiles(folder, 20);
    const repository = join(folder, 'repository');
    const backup = ['--store', store, 'backup', repository, '--new'];
    const duration = await durationOf(() => lpx(backup));
    rmSync(repository, { recursive: true });
    for (let i = 0; i < KILLS; i++) {
      await strike(backup, 'SIGKILL', within(duration, i, KILLS));
      if (!existsSync(join(repository, 'lpx-backup.json'))) continue;
      for (const { name } of await listSnapshots(repository, undefined)) {
        const target = join(folder, `seen-${i}-${name}`);
        expect((await lpx(['restore', repository, target, '--snapshot', name])).code).toBe(0);
        rmSync(target, { recursive: true });
      }
    }
    expect((await lpx([...backup, '--keep', '1'])).code).toBe(0);
    expect(readdirSync(join(repository, 'tmp'))).toEqual([]);
    const target = join(folder, 'restored');
    const words = ['restore', repository, target];
    const restoring = await durationOf(() => lpx(words));
    for (let i = 0; i < KILLS; i++) {
      rmSync(target, { recursive: true, force: true });
      await strike(words, 'SIGKILL', within(restoring, i, KILLS));
      if (existsSync(target)) expect(await soundness(target)).toBeUndefined();
    }
    rmSync(target, { recursive: true, force: true });
    expect((await lpx(words)).code).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith('.lpx-restore-'))).toEqual([]);
  });

  it('leave nothing of a rehearsal or a restore that was killed which the next command on the store does not remove', async () => {
    const folder = tempFolder();
    const store = await schoolWithFiles(folder, 20);
    const [repository, scratch] = [join(folder, 'repository'), tempFolder()];
    await lpx(['--store', store, 'backup', repository]);
    const leftIn = (parent: string, prefix: string) => readdirSync(parent).filter((name) => name.startsWith(prefix));
    for (const [words, parent, prefix] of [
      [['--store', store, 'backup', repository, '--rehearse', '--scratch', scratch], scratch, 'lpx-rehearsal-'],
      [['restore', repository, join(folder, 'new')], folder, '.lpx-restore-'],
    ] as const) {
      const isRestoring = () => leftIn(parent, prefix).some((name) => existsSync(join(parent, name, 'store', 'lpx.sqlite')));
      await strike(words, 'SIGKILL', once(isRestoring));
      expect((await lpx(['--store', store, 'students'])).code).toBe(0);
      expect(leftIn(parent, prefix)).toEqual([]);
    }
  });

  it('takes a snapshot during twenty imports that restores to a sound store', async () => {
    const folder = tempFolder();
    const portfolios = Array.from({ length: 20 }, (_, i) =>
      smallPortfolio([courseResult({}, { bytes: pdf(`file ${i}`), type: 'pdf', name: 'a.pdf' })], { nationalId: `A80000${1000 + i}` }),
    );
    writeExchangeFolder(join(folder, 'platform'), portfolios);
    const sender = await school(folder, '990001');
    await load(sender, join(folder, 'platform'));
    const packages: string[] = [];
    for (const { basicData } of portfolios)
      packages.push((await exportFrom(sender, join(folder, 'mail'), { nationalIds: [basicData.nationalId] })).zipFile);
    const store = join(folder, 'receiver');
    await lpx(['--store', store, 'init', '--school', '990002']);
    const repository = join(folder, 'repository');
    const importing = Promise.all(packages.map((zip) => importTo(store, zip)));
    const backups: string[] = [];
    let isOver = false;
    const backing = (async () => {
      for (let i = 0; !isOver && i < 20; i++) backups.push((await lpxJson(['--store', store, 'backup', repository])).json.snapshot);
    })();
    await importing.finally(() => {
      isOver = true;
    });
    await backing;
    expect(backups.length).toBeGreaterThan(0);
    for (const name of [...new Set([backups[0], backups.at(-1)])] as string[]) {
      const target = join(folder, `restored-${name}`);
      expect((await lpx(['restore', repository, target, '--snapshot', name])).code).toBe(0);
      expect(await soundness(target)).toBeUndefined();
    }
  });
});
