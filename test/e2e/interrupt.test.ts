import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { lpx } from '../support/cli.js';
import { madeBytes } from '../support/made-bytes.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, LEFT, load, PASSWORD, SAMPLES, school, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { durationOf, once, strike, strikesIn, within } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const STRIKES = strikesIn(3);

const portfolioOf = (files: number, bytes: number, basicData: object = {}) =>
  smallPortfolio(
    Array.from({ length: files }, (_, i) =>
      courseResult({ createdAt: `2021-01-10 14:03:${i + 10}` }, { bytes: pdf(madeBytes(bytes)), type: 'pdf', name: `${i}.pdf` }),
    ),
    basicData,
  );
const manyFiles = () => portfolioOf(40, 1_500_000);

describe('a store that another process holds', () => {
  /** A school's store under another process's write lock. */
  async function heldStore(): Promise<{ store: string; release: () => void }> {
    const store = await school(tempFolder(), '990001');
    const holder = openSqlite(join(store, 'lpx.sqlite'));
    holder.exec('begin immediate');
    return {
      store,
      release: () => {
        holder.exec('commit');
        holder.close();
      },
    };
  }
  const loading = (store: string) => ['--store', store, 'load', join(SAMPLES, 'transfer')];

  it('does not keep a command from hearing Ctrl-C', async () => {
    const { store, release } = await heldStore();
    const attachments = join(store, 'attachments');
    const waiting = () =>
      readdirSync(attachments).some((name) => name.startsWith('staging-') && readdirSync(join(attachments, name)).length > 2);
    // The lock is held until the command has ended: had it to wait for the lock, exit code 10 would come first.
    const { code, err } = await strike(loading(store), 'SIGINT', once(waiting));
    release();
    expect([code, err]).toEqual([9, expect.stringContaining('LPX_INTERRUPTED')]);
  });

  it('is busy, with exit code 10, when that takes long', async () => {
    const { store, release } = await heldStore();
    const { code, err } = await lpx(loading(store));
    release();
    expect([code, err]).toEqual([10, expect.stringContaining('LPX_STORE_BUSY')]);
  });
});

describe('Ctrl-C', () => {
  it('ends an export with exit 9 and leaves no part of a package', async () => {
    const folder = tempFolder();
    writeExchangeFolder(join(folder, 'platform'), [manyFiles()]);
    const store = await school(folder, '990001');
    await load(store, join(folder, 'platform'));
    writeFileSync(join(folder, 'pw'), PASSWORD);
    const mail = join(folder, 'mail');
    const words = ['--store', store, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--out', mail];

    const { code, err } = await strike(
      [...words, '--encryption', 'zipcrypto', '--password-file', join(folder, 'pw')],
      'SIGINT',
      once(() => existsSync(mail) && readdirSync(mail).some((name) => name.endsWith('.part'))),
    );

    expect(code).toBe(9);
    expect(err).toContain('No package was written');
    expect(readdirSync(mail)).toEqual([]);
  });

  it('ends an import with exit 9, the store as it was and nothing unpacked left behind', async () => {
    const folder = tempFolder();
    writeExchangeFolder(join(folder, 'platform'), [manyFiles()]);
    const from = await school(folder, '990001');
    await load(from, join(folder, 'platform'));
    const { zipFile } = await exportFrom(from, join(folder, 'mail'));
    const to = await school(folder, '990002');
    writeFileSync(join(folder, 'pw'), PASSWORD);
    const attachments = join(to, 'attachments');

    const { code, err } = await strike(
      ['--store', to, 'import', zipFile, '--create-students', '--password-file', join(folder, 'pw')],
      'SIGINT',
      once(() => readdirSync(attachments).some((name) => name.startsWith('staging-') && readdirSync(join(attachments, name)).length > 2)),
    );

    expect(code).toBe(9);
    expect(err).toContain('Nothing was imported');
    expect(readdirSync(attachments)).toEqual([]);
    await expect(studentIn(to, TRANSFER_STUDENT)).rejects.toThrow('no student');
  });
});

/** Everything under a store's folder of attachments; folders only when they hold a file. */
const filesIn = (store: string): string[] =>
  readdirSync(join(store, 'attachments'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

describe(`a signal at any moment, ${STRIKES} times,`, () => {
  it('ends an import with exit 9 and the store as it was, or lets it finish and say what it did', async () => {
    const folder = tempFolder();
    writeExchangeFolder(join(folder, 'platform'), [portfolioOf(30, 100_000)]);
    const from = await school(folder, '990001');
    await load(from, join(folder, 'platform'));
    const { zipFile } = await exportFrom(from, join(folder, 'mail'));
    writeFileSync(join(folder, 'pw'), PASSWORD);
    const empty = await school(folder, '990002');
    const store = join(folder, 'store');
    const words = ['--store', store, 'import', zipFile, '--create-students', '--password-file', join(folder, 'pw')];
    cpSync(empty, store, { recursive: true });
    const duration = await durationOf(() => lpx(words));

    for (let i = 0; i < STRIKES; i++) {
      rmSync(store, { recursive: true });
      cpSync(empty, store, { recursive: true });
      const { code, out, err } = await strike(words, SIGNALS[i % 3] as NodeJS.Signals, within(duration, i, STRIKES));
      const imported = (await withStore(store, (open) => open.history())).length === 1;
      // A signal that comes while Node.js is ending, after the command has said what it did, ends the process without a code.
      if (imported) expect([code ?? 0, out]).toEqual([0, expect.stringContaining('Imported. It is number 1 in the history.')]);
      else if (code !== undefined) expect([code, err]).toEqual([9, expect.stringContaining('Nothing was imported')]);
      expect(filesIn(store)).toHaveLength(imported ? 30 : 0);
    }
  });

  it('ends a load of two folders with exit 9 and neither, or says which one was loaded', async () => {
    const folder = tempFolder();
    const platforms = ['B800000015', TRANSFER_STUDENT].map((nationalId, i) => {
      const platform = join(folder, `platform-${i}`);
      writeExchangeFolder(platform, [portfolioOf(20, 100_000, { nationalId })]);
      return platform;
    });
    const empty = await school(folder, '990001');
    const store = join(folder, 'store');
    const words = ['--store', store, '--json', 'load', ...platforms];
    cpSync(empty, store, { recursive: true });
    const duration = await durationOf(() => lpx(words));

    for (let i = 0; i < STRIKES; i++) {
      rmSync(store, { recursive: true });
      cpSync(empty, store, { recursive: true });
      const { code, out } = await strike(words, SIGNALS[i % 3] as NodeJS.Signals, within(duration, i, STRIKES));
      const loaded = (await withStore(store, (open) => open.history())).length;
      if (out !== '') {
        const { ok, folders = [], error } = JSON.parse(out);
        const [exitCode, ...rest] = [
          [9, false, 0, 'LPX_INTERRUPTED'],
          [8, false, 1, 'LPX_STOPPED'],
          [0, true, 2, undefined],
        ][loaded] as [number, ...unknown[]];
        expect([code ?? exitCode, ok, folders.length, error?.code]).toEqual([exitCode, ...rest]);
      } else expect(loaded).toBe(0);
      expect(filesIn(store)).toHaveLength(20 * loaded);
    }
  });

  it('ends an export with exit 9 and nothing of it, its password file included, or lets it finish and say what it did', async () => {
    const folder = tempFolder();
    writeExchangeFolder(join(folder, 'platform'), [portfolioOf(30, 100_000)]);
    const from = await school(folder, '990001');
    await load(from, join(folder, 'platform'));
    const [store, mail] = [join(folder, 'store'), join(folder, 'mail')];
    const words = ['--store', store, '--json', 'export', '--all', '--reason', 'transfer', '--left', LEFT, '--out', mail];
    const password = ['--generate-password', '--password-out', join(mail, 'pw')];
    const afresh = () => {
      for (const path of [store, mail]) rmSync(path, { recursive: true, force: true });
      cpSync(from, store, { recursive: true });
      mkdirSync(mail);
    };
    afresh();
    const duration = await durationOf(() => lpx([...words, ...password]));

    for (let i = 0; i < STRIKES; i++) {
      afresh();
      const { code, out } = await strike([...words, ...password], SIGNALS[i % 3] as NodeJS.Signals, within(duration, i, STRIKES));
      const left = readdirSync(mail).length;
      const exports = (await withStore(store, (open) => open.history())).filter(({ kind }) => kind === 'export').length;
      expect([left, readdirSync(mail).length]).toEqual([3 * exports, 3 * exports]);
      if (out !== '') expect([code ?? 0, JSON.parse(out).ok]).toEqual(exports === 1 ? [0, true] : [9, false]);
      else expect(exports).toBe(0);
    }
  });
});
