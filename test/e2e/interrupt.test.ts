import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { BINARY, lpx } from '../support/cli.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, LEFT, load, PASSWORD, SAMPLES, school, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** Starts lpx, waits until `ready`, presses Ctrl-C. */
async function interrupted(words: readonly string[], ready: () => boolean): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, [BINARY, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: '' },
  });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  for (let i = 0; i < 2000 && !ready() && child.exitCode === null; i++) await sleep(2);
  child.kill('SIGINT');
  return { code: await ended, err };
}

describe('a store that another process holds', () => {
  /** A school's store under another process's write lock. */
  async function heldStore(): Promise<{ store: string; release: () => void }> {
    const store = await school(tempFolder(), '990001');
    const holder = new Database(join(store, 'lpx.sqlite'));
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
    const { code, err } = await interrupted(loading(store), waiting);
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
  const manyFiles = () =>
    smallPortfolio(
      Array.from({ length: 40 }, (_, i) =>
        courseResult({ createdAt: `2021-01-10 14:03:${i + 10}` }, { bytes: pdf(randomBytes(1_500_000)), type: 'pdf', name: `${i}.pdf` }),
      ),
    );

  it('ends an export with exit 9 and leaves no part of a package', async () => {
    const folder = tempFolder();
    writeExchangeFolder(join(folder, 'platform'), [manyFiles()]);
    const store = await school(folder, '990001');
    await load(store, join(folder, 'platform'));
    writeFileSync(join(folder, 'pw'), PASSWORD);
    const mail = join(folder, 'mail');

    const { code, err } = await interrupted(
      [
        '--store',
        store,
        'export',
        TRANSFER_STUDENT,
        '--reason',
        'transfer',
        '--left',
        LEFT,
        '--out',
        mail,
        '--encryption',
        'zipcrypto',
        '--password-file',
        join(folder, 'pw'),
      ],
      () => existsSync(mail) && readdirSync(mail).some((name) => name.endsWith('.part')),
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

    const { code, err } = await interrupted(
      ['--store', to, 'import', zipFile, '--create-students', '--password-file', join(folder, 'pw')],
      () => readdirSync(attachments).some((name) => name.startsWith('staging-') && readdirSync(join(attachments, name)).length > 2),
    );

    expect(code).toBe(9);
    expect(err).toContain('Nothing was imported');
    expect(readdirSync(attachments)).toEqual([]);
    await expect(studentIn(to, TRANSFER_STUDENT)).rejects.toThrow('no student');
  });
});
