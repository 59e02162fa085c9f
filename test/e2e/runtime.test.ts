/** What lpx needs of the Node.js it runs on. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { BINARY, lpx, lpxJson } from '../support/cli.js';
import { exportFrom, load, PASSWORD, SAMPLES, school } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const BARE = { NODE_OPTIONS: `--require ${fileURLToPath(new URL('../support/bare-node.cjs', import.meta.url))}` };

describe('a command that opens a store', () => {
  it('says nothing of what is experimental in Node.js', async () => {
    const store = await school(tempFolder(), '990001');
    expect(await lpx(['--store', store, 'students'])).toMatchObject({ code: 0, err: '' });
  });
});

describe('a folder that was deleted', () => {
  it.skipIf(process.platform === 'win32').each([[['--help']], [['students', '--json']]])('is said to be gone by lpx %s', async (words) => {
    const inDeleted = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
    const { exitCode, stdout, stderr } = await execa('sh', ['-c', inDeleted, process.execPath, BINARY, ...words], {
      ...{ cwd: tempFolder(), reject: false, env: { LANG: 'C.UTF-8', LC_ALL: '' } },
    });
    expect([exitCode, stdout + stderr]).toEqual([2, expect.stringContaining('LPX_FOLDER_GONE')]);
    expect(stdout + stderr).not.toMatch(/^ +at /m);
  });
});

describe('a Node.js that has no SQLite, without the add-on', () => {
  it.each([
    ['C.UTF-8', 'Install Node.js 22.13 or later'],
    ['zh_TW.UTF-8', '請安裝 Node.js 22.13 以上的版本'],
  ])('is distinguished from an internal error, in %s', async (LANG, advice) => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    for (const words of [['students'], ['load', join(SAMPLES, 'transfer')]]) {
      const { code, err } = await lpx(['--store', store, ...words], { env: { ...BARE, LANG } });
      expect([code, err]).toEqual([2, expect.stringContaining('LPX_SQLITE_MISSING')]);
      expect(err).toContain(advice);
      expect(err).not.toMatch(/^ +at /m);
    }
    const { code, json } = await lpxJson(['--store', join(folder, 'new'), 'init', '--school', '990002'], { env: { ...BARE, LANG } });
    expect([code, json.error.code]).toEqual([2, 'LPX_SQLITE_MISSING']);
    rmSync(join(folder, 'new'), { recursive: true });
  });

  it('verifies packages all the same', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    await load(from, join(SAMPLES, 'transfer'));
    const { zipFile } = await exportFrom(from, join(folder, 'mail'));
    writeFileSync(join(folder, 'pw'), PASSWORD);
    expect(await lpx(['verify', zipFile, '--password-file', join(folder, 'pw')], { env: BARE })).toMatchObject({ code: 0 });
  });
});
