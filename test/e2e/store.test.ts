/** Which store a command means, and what it says when there is none, it is damaged, or may not be written. */
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { BINARY, lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { exportFrom, LEFT, load, NOW, OPERATOR, PASSWORD, SAMPLES, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 54_322;

/** Runs lpx as a user who may do no more than the permissions say. */
async function asNobody(...words: string[]) {
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const env = { LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', LPX_PASSWORD: PASSWORD.toString() };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [BINARY, ...words], { reject: false, env, ...user });
  return { code: exitCode, out: stdout, err: stderr };
}

/** A copy of a store that the user owns and may not write to. */
async function readOnlyCopy(journal: 'with' | 'without'): Promise<{ readonly store: string; readonly original: string }> {
  const original = await transferSchool(tempFolder());
  const folder = tempFolder();
  chmodSync(folder, 0o755);
  const store = join(folder, 'backup');
  if (journal === 'without') {
    const database = openSqlite(join(original, 'lpx.sqlite'));
    database.exec('pragma wal_checkpoint(truncate)');
    database.close();
  }
  cpSync(original, store, { recursive: true });
  if (journal === 'without') for (const suffix of ['-wal', '-shm']) rmSync(join(store, `lpx.sqlite${suffix}`), { force: true });
  for (const entry of [
    store,
    ...readdirSync(store, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name)),
  ]) {
    if (isRoot) chownSync(entry, NOBODY, NOBODY);
  }
  for (const entry of readdirSync(store, { recursive: true, withFileTypes: true }).toReversed())
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o500 : 0o400);
  chmodSync(store, 0o500);
  return { store, original };
}

describe('the store that is named', () => {
  it('is the .lpx in the named folder, when that is where the store is', async () => {
    const folder = tempFolder();
    expect((await lpx(['init', '--school', '990001'], { cwd: folder })).code).toBe(0);
    expect((await lpx(['--store', folder, 'students'])).code).toBe(0);
  });

  it.each(['smb://server/lpx', 'https://x.tw/lpx', 'S3://bucket'])('is not an address: %s', async (address) => {
    const cwd = tempFolder();
    for (const words of [['init', '--school', '990001'], ['students']])
      expect(await lpx(['--store', address, ...words], { cwd })).toMatchObject({
        code: 2,
        err: expect.stringContaining('LPX_STORE_ADDRESS'),
      });
    expect((await lpx(['init', '--school', '990001'], { cwd, env: { LPX_STORE: address } })).code).toBe(2);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('above the current folder is named before another is made, and used unless --yes says so', async () => {
    const folder = tempFolder();
    await lpx(['init', '--school', '990001'], { cwd: folder });
    const cwd = join(folder, 'mail');
    mkdirSync(cwd);
    const asked = await lpx(['init', '--school', '990001'], { cwd });
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining(join(folder, '.lpx')) });
    expect(existsSync(join(cwd, '.lpx'))).toBe(false);
    expect((await lpx(['--yes', 'init', '--school', '990001'], { cwd })).code).toBe(0);
    expect((await lpx(['--store', join(cwd, 'other'), 'init', '--school', '990001'], { cwd })).code).toBe(0);
  });
});

describe('attachments without a database', () => {
  it.each<[string, (file: string) => void]>([
    ['is gone', (file) => rmSync(file)],
    ['is empty', (file) => writeFileSync(file, '')],
  ])('are damage, and no place for a new store: the database %s', async (_, lose) => {
    const store = await transferSchool(tempFolder());
    lose(join(store, 'lpx.sqlite'));
    for (const words of [['students'], ['init', '--school', '990001']])
      expect(await lpx(['--store', store, ...words])).toMatchObject({ code: 5, err: expect.stringContaining('LPX_STORE_DAMAGED') });
    const file = join(store, 'lpx.sqlite');
    expect(existsSync(file) ? readFileSync(file).length : 0).toBe(0);
  });
});

describe('a read-only copy of a store', () => {
  it.each(['with', 'without'] as const)('can be read by every command that reads, and by no other, %s a journal', async (journal) => {
    const { store, original } = await readOnlyCopy(journal);
    const before = readdirSync(store);
    for (const words of [
      ['students'],
      ['show', TRANSFER_STUDENT],
      ['status', TRANSFER_STUDENT],
      ['history'],
      ['pick', TRANSFER_STUDENT],
      ['school'],
    ]) {
      const there = await asNobody('--store', store, ...words);
      expect([words, there.code, there.err.includes('LPX_')]).toEqual([words, 0, false]);
      if (words[0] !== 'school') expect(there.out).toBe((await lpx(['--store', original, ...words])).out);
    }
    expect(readdirSync(store)).toEqual(before);
    for (const words of [
      ['pick', TRANSFER_STUDENT, 'O2'],
      ['undo', '1', '--yes'],
    ])
      expect(await asNobody('--store', store, ...words)).toMatchObject({ code: 2, err: expect.stringContaining('read-only') });
  });

  it.skipIf(!isRoot)('of somebody else is not called missing', async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o755);
    const store = await transferSchool(folder);
    for (const words of [['students'], ['init', '--school', '990001']]) {
      const { code, err } = await asNobody('--store', store, ...words);
      expect([code, err]).toEqual([2, expect.stringContaining('no permission')]);
      expect(err).not.toContain('LPX_STORE_NOT_FOUND');
    }
  });
});

describe('the commands of an office', () => {
  it('answer in JSON as their schemas say: school, leave, history, load', async () => {
    const store = await transferSchool(tempFolder());
    const run = async (code: number, ...words: string[]) => {
      const ran = await lpxJson(['--store', store, ...words]);
      expect([words, ran.code]).toEqual([words, code]);
      expect(outputFaults(ran.json), JSON.stringify(ran.json)).toEqual([]);
      return ran.json;
    };
    expect(await run(0, 'school', '--name', '示範高中')).toMatchObject({ school: { name: '示範高中' }, changed: true });
    await run(0, 'leave', TRANSFER_STUDENT, '--as', 'graduated', '--left', LEFT);
    expect((await run(0, 'students')).students).toMatchObject([{ left: { as: 'graduated', on: LEFT } }]);
    expect((await run(7, 'pick', TRANSFER_STUDENT, 'O2')).error.code).toBe('LPX_STUDENT_LEFT');
    await run(7, 'export', '--all', '--reason', 'transfer', '--left', LEFT);
    expect((await run(0, 'history', '--student', TRANSFER_STUDENT)).entries.map(({ kind }: any) => kind)).toEqual(['leave', 'load']);
    expect((await run(0, 'history', '--kind', 'school', '--kind', 'load')).entries.map(({ kind }: any) => kind)).toEqual([
      'school',
      'load',
    ]);
    expect((await run(0, 'history', '--until', '2020-12-31')).entries).toEqual([]);
    await run(2, 'history', '--kind', 'lunch');

    const platform = join(tempFolder(), 'platform');
    cpSync(join(SAMPLES, 'transfer'), platform, { recursive: true });
    const [document] = readdirSync(platform).filter((name) => name.endsWith('.json'));
    const file = join(platform, document as string);
    const [student] = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify([{ ...student, 課程學習成果紀錄: student.課程學習成果紀錄.slice(0, 2) }]));
    expect((await run(7, 'load', platform)).error.code).toBe('LPX_MANY_MISSING');
    expect((await run(0, 'load', platform, '--keep-missing')).folders[0].students[0].kept).toHaveLength(3);
    expect((await run(0, '--yes', 'load', platform)).folders[0].students[0].removed).toHaveLength(3);
    expect((await run(2, 'load', join(platform, '..', 'none'))).error.code).toBe('LPX_FILE_NOT_FOUND');
  });

  it('say what was loaded before a folder that was not: exit 8, in JSON and for people', async () => {
    const store = await transferSchool(tempFolder());
    const [good, none, later] = [join(SAMPLES, 'full'), join(tempFolder(), 'none'), join(SAMPLES, 'transfer')];
    const { code, json } = await lpxJson(['--store', store, 'load', good, none, later]);
    expect([code, outputFaults(json)]).toEqual([8, []]);
    expect(json).toMatchObject({
      ok: false,
      folders: [{ students: expect.arrayContaining([expect.objectContaining({ nationalId: 'C800000016' })]) }],
      findings: [{ code: 'LPX_FILE_NOT_FOUND' }],
      error: { code: 'LPX_NOT_ALL_LOADED', message: expect.stringContaining(`Not loaded: ${none}, ${later}.`) },
    });
    const { code: again, out, err } = await lpx(['--store', store, 'load', good, none]);
    expect([again, out]).toEqual([8, expect.stringContaining('was loaded before')]);
    expect(err).toMatch(/LPX_FILE_NOT_FOUND.*LPX_NOT_ALL_LOADED.*Whatever is listed as loaded is in the store/s);
    expect((await lpx(['--store', store, 'load', none, good])).code).toBe(2);
  });

  it('say of a document without students that it has none, and of a history that no entry matches', async () => {
    const store = await transferSchool(tempFolder());
    const platform = tempFolder();
    writeFileSync(join(platform, 'handover.json'), '[]');
    expect((await lpx(['--store', store, 'load', platform])).out).toBe('handover.json has no students; nothing changed');
    for (const narrowing of [
      ['--school', 'zz'],
      ['--since', '2026-01-02', '--until', '2026-01-01'],
    ])
      expect((await lpx(['--store', store, 'history', ...narrowing])).out).toBe('No entry matches.');
  });

  it('print the history as a table that Excel opens, a row a student, ids whole', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await load(store, join(SAMPLES, 'full'));
    const { zipFile } = await exportFrom(store, join(folder, 'mail'), {
      nationalIds: [TRANSFER_STUDENT, 'C800000016'],
      now: NOW,
      operator: OPERATOR,
    });
    const { out } = await lpx(['--store', store, 'history', '--csv'], { env: { LANG: 'zh_TW.UTF-8' } });
    const rows = out.replace('\ufeff', '').split(/\r?\n/);
    expect([out[0], rows[0]?.slice(0, 13)]).toEqual(['\ufeff', '紀錄編號,時間,類別,結果']);
    expect(rows.slice(1).map((row) => [row.split(',')[0], row.split(',')[14]])).toEqual([
      ['3', TRANSFER_STUDENT],
      ['3', 'C800000016'],
      ['2', 'C800000016'],
      ['1', TRANSFER_STUDENT],
    ]);
    expect(rows[1]).toContain(`${join(folder, 'mail')}`);
    expect(zipFile).toContain(rows[1]?.split(',')[5] as string);
  });

  it('list the history an entry a line, hashes with --verbose alone', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await exportFrom(store, join(folder, 'mail'), { toSchool: '990002' });
    const { out } = await lpx(['--store', store, 'history'], { env: { LANG: 'zh_TW.UTF-8' } });
    expect(out.split('\n')).toEqual([
      `#2  2021-01-21 09:00  匯出  林小禾  clerk  送往 990002  轉學  ${LEFT} 離校`,
      '#1  2021-01-21 09:00  載入  林小禾  clerk  新建',
    ]);
    expect((await lpx(['--store', store, '--verbose', 'history'])).out).toMatch(/MD5 [0-9a-f]{32}/);
  });
});
