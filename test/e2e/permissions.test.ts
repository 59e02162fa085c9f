import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { BINARY, lpx, lpxJson } from '../support/cli.js';
import { exportFrom, LEFT, PASSWORD, SAMPLES, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const isRoot = process.getuid?.() === 0;
const env = { LPX_PASSWORD: PASSWORD.toString() };

/** Runs lpx in a shell that takes no permission away from what it makes. */
const openly = (words: readonly string[], options: { cwd?: string; uid?: number; gid?: number } = {}) =>
  execa('sh', ['-c', 'umask 000; exec "$@"', 'sh', process.execPath, BINARY, ...words], {
    reject: false,
    env: { LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', ...env },
    ...options,
  });

/** The permissions of everything in a folder and of the folder, by path. */
function modesIn(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    [folder, ...paths].map((path) => {
      const stats = statSync(path);
      return [relative(folder, path), `${stats.isDirectory() ? 'folder' : 'file'} ${(stats.mode & 0o7777).toString(8)}`];
    }),
  );
}
const kinds = (modes: Record<string, string>) => [...new Set(Object.values(modes))].sort();

describe('what lpx makes', () => {
  it('is its user’s alone, whatever the umask', async () => {
    const folder = tempFolder();
    const [store, to, mail, registers] = ['old', 'new', 'mail', 'registers'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    for (const words of [
      ['--store', store, 'init', '--school', '990001'],
      ['--store', store, 'load', join(SAMPLES, 'transfer')],
      ['--store', store, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--out', join(mail, 'today')],
      ['--store', store, 'pick', TRANSFER_STUDENT, 'O2', '--include-left'],
      ['--store', store, 'register', '--year', '109', '--include-left', '--out', registers],
      ['--store', to, 'init', '--school', '990002'],
    ]) {
      const { exitCode, stderr } = await openly(words);
      expect([words, exitCode, exitCode === 0 ? '' : stderr]).toEqual([words, 0, '']);
    }
    const [zip] = readdirSync(join(mail, 'today')).filter((name) => name.endsWith('.zip'));
    await openly(['--store', to, 'import', join(mail, 'today', zip as string), '--create-students']);
    await openly(['--store', to, 'receipt', '2', '--out', join(folder, 'receipts')]);
    for (const made of [store, to, mail, registers, join(folder, 'receipts')])
      expect([made, kinds(modesIn(made))]).toEqual([made, ['file 600', 'folder 700']]);
  });

  it('is so while the database is open, and in a store that an earlier version left open to others', async () => {
    const store = await transferSchool(tempFolder());
    const file = join(store, 'lpx.sqlite');
    const open = openSqlite(file);
    open.prepare('select * from school').all([]);
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(`${file}${suffix}`).mode & 0o777).toBe(0o600);
      chmodSync(`${file}${suffix}`, 0o644);
    }
    expect((await lpx(['--store', store, 'students'])).code).toBe(0);
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(`${file}${suffix}`).mode & 0o777).toBe(0o600);
    open.close();
  });

  it('goes into a folder that is there without changing it', async () => {
    const folder = tempFolder();
    const mail = join(folder, 'mail');
    mkdirSync(mail);
    chmodSync(mail, 0o755);
    await exportFrom(await transferSchool(folder), mail);
    expect(statSync(mail).mode & 0o777).toBe(0o755);
  });
});

describe('a store shared by a group', () => {
  it('lets every member of the group write, and nobody else read', async () => {
    const folder = tempFolder();
    const store = join(folder, 'store');
    const group = String(process.getgroups?.().at(-1));
    const made = await lpxJson(['--store', store, 'init', '--school', '990001', '--shared', group]);
    expect(made.json).toMatchObject({ ok: true, sharedWith: group });
    await openly(['--store', store, 'load', join(SAMPLES, 'transfer')]);
    expect(kinds(modesIn(store))).toEqual(['file 660', 'folder 2770']);
    expect(new Set(Object.keys(modesIn(store)).map((path) => statSync(join(store, path)).gid))).toEqual(new Set([Number(group)]));
  });

  it('cannot be given to a group that does not exist, and is not made then', async () => {
    const folder = tempFolder();
    const { code, err } = await lpx(['--store', join(folder, 'a', 'store'), 'init', '--school', '990001', '--shared', 'no-such-group']);
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_GROUP_REFUSED')]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(!isRoot)('takes in what two clerks with accounts of their own write', async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o755);
    const store = join(folder, 'store');
    const gid = 54_321;
    const [first, second] = [
      { uid: 54_322, gid },
      { uid: 54_323, gid },
    ];
    mkdirSync(store);
    chownSync(store, first.uid, gid);
    const ran = [
      await openly(['--store', store, 'init', '--school', '990001', '--shared', String(gid)], first),
      await openly(['--store', store, 'load', join(SAMPLES, 'transfer')], second),
      await openly(['--store', store, 'load', join(SAMPLES, 'transfer')], first),
      await openly(['--store', store, 'pick', TRANSFER_STUDENT, 'O2'], first),
      await openly(['--store', store, 'students'], second),
    ];
    expect(ran.map(({ exitCode, stderr }) => (exitCode === 0 ? '' : stderr))).toEqual(ran.map(() => ''));
    expect(kinds(modesIn(store))).toEqual(['file 660', 'folder 2770']);
    const stranger = await openly(['--store', store, 'students'], { uid: 54_324, gid: 54_324 });
    expect(stranger.exitCode).toBe(2);
  });
});

describe.skipIf(!isRoot)('a store that was found', () => {
  it('and belongs to somebody else is refused; one that is named is read', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    const found = join(dirname(store), '.lpx');
    await lpx(['init', '--school', '990001'], { cwd: folder });
    const list = () => lpx(['students'], { cwd: folder });
    expect((await list()).code).toBe(0);
    chownSync(found, 54_322, 54_322);
    expect(await list()).toMatchObject({ code: 2, err: expect.stringContaining('LPX_STORE_FOREIGN') });
    expect((await lpx(['--store', found, 'students'])).code).toBe(0);
    expect((await lpx(['students'], { cwd: folder, env: { LPX_STORE: found } })).code).toBe(0);
    expect((await lpx(['students'], { cwd: folder, env: { SUDO_UID: '54322' } })).code).toBe(0);
  });
});
