import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { settle } from '../support/inboxes.js';
import { exportFrom, md5, PASSWORD, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const env = { LPX_PASSWORD: PASSWORD.toString() };

/** A package, and a store of another school that has the student on its roll. */
async function received() {
  const folder = tempFolder();
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  const store = await school(folder, '990002');
  const list = join(folder, 'list.csv');
  writeFileSync(list, `身分證號,姓名,出生日期\n${TRANSFER_STUDENT},林小明,2005/03/09\n`);
  expect(await lpx(['--store', store, 'load', list])).toMatchObject({ code: 0 });
  return { folder, zipFile, store };
}
const verifications = async (store: string) => {
  const { json } = await lpxJson(['--store', store, 'history', '--kind', 'verify']);
  return json.entries.map(({ file, details, students }: any) => [file, details.md5, details.code, students.length]);
};

describe('lpx verify and the history', () => {
  it('appends an entry for each package, also a refused one, and names the students on the roll', async () => {
    const { folder, zipFile, store } = await received();
    const other = join(folder, 'notes.zip');
    writeFileSync(other, 'not a zip');
    expect((await lpx(['--store', store, 'verify', zipFile], { env })).code).toBe(0);
    const single = await lpx(['--store', store, 'verify', other], { env });
    expect((await lpx(['verify', zipFile, other], { env: { ...env, LPX_STORE: store } })).code).toBe(8);
    expect((await lpx(['--store', store, 'verify', join(folder, 'nowhere.zip')], { env })).code).toBe(2);
    expect(single.code).toBe(5);
    const good = [basename(zipFile), md5(readFileSync(zipFile)), '', 1];
    const bad = ['notes.zip', md5(readFileSync(other)), 'LPX_NOT_A_ZIP', 0];
    expect(await verifications(store)).toEqual([bad, good, bad, good]);
    expect((await lpx(['--store', store, 'log', '--verify'])).code).toBe(0);
    expect((await lpx(['--store', store, 'log', '--student', TRANSFER_STUDENT])).out).toContain(basename(zipFile));
  });

  it('appends an entry for each package of a folder that is in order or refused, and none for one that waits', async () => {
    const { folder, zipFile, store } = await received();
    const inbox = join(folder, 'inbox');
    mkdirSync(inbox);
    for (const name of ['good.zip', 'waiting.zip']) cpSync(zipFile, join(inbox, name));
    cpSync(`${zipFile}.md5`, join(inbox, 'good.zip.md5'));
    writeFileSync(join(inbox, 'notes.zip'), 'not a zip');
    settle(inbox);
    expect((await lpx(['--store', store, 'batch', 'verify', inbox], { env })).code).toBe(8);
    const good = ['good.zip', md5(readFileSync(zipFile)), '', 1];
    const bad = ['notes.zip', md5(readFileSync(join(inbox, 'notes.zip'))), 'LPX_NOT_A_ZIP', 0];
    expect((await verifications(store)).sort()).toEqual([good, bad]);
    expect((await lpx(['--store', store, 'log', '--verify'])).code).toBe(0);

    const missing = await lpx(['--store', join(folder, 'typo'), 'batch', 'verify', inbox], { env });
    expect(missing).toMatchObject({ code: 8, err: expect.stringContaining('not in the history') });
    expect(missing.err.match(/not in the history/g)).toHaveLength(1);
  });

  it('writes nothing where there is no store, and says so in a note where one is named that cannot be used', async () => {
    const { folder, zipFile } = await received();
    const desk = join(folder, 'desk');
    mkdirSync(desk);
    const away = { ...env, HOME: desk, XDG_DATA_HOME: '' };
    expect(await lpx(['verify', zipFile], { env: away, cwd: desk })).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(desk)).toEqual([]);

    const missing = await lpx(['--store', join(desk, 'typo'), 'verify', zipFile], { env: away, cwd: desk });
    expect(missing).toMatchObject({ code: 0, err: expect.stringContaining('not in the history') });
    expect(existsSync(join(desk, 'typo'))).toBe(false);

    mkdirSync(join(desk, '.lpx'));
    writeFileSync(join(desk, '.lpx', 'lpx.sqlite'), 'not a database '.repeat(100));
    const damaged = await lpx(['verify', zipFile], { env: away, cwd: desk });
    expect(damaged).toMatchObject({ code: 0, err: expect.stringContaining('not in the history') });
    const refused = await lpx(['verify', zipFile], { env: { ...away, LPX_PASSWORD: 'wrong' }, cwd: desk });
    expect(refused).toMatchObject({ code: 4, err: expect.stringContaining('not in the history') });
  });
});

describe('data of students that leave the store in a page or a table', () => {
  it('are in the history: by which command, in which file, and of whom; what is only printed to be read is not', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await exportFrom(store, join(folder, 'mail'));
    const inFolder = (name: string) => join(folder, name);
    const lpxHere = (...words: readonly string[]) => lpx(['--store', store, ...words]);
    const before = (await lpxJson(['--store', store, 'history'])).json.entries.length;
    for (const words of [
      ['students'],
      ['show', TRANSFER_STUDENT],
      ['history', '--verbose'],
      ['log', '--csv'],
      ['status', TRANSFER_STUDENT],
    ])
      expect((await lpxHere(...words)).code).toBe(0);
    expect((await lpxJson(['--store', store, 'history'])).json.entries).toHaveLength(before);

    writeFileSync(inFolder('taken.xlsx'), '');
    expect((await lpxHere('students', '--xlsx', inFolder('taken.xlsx'))).code).toBe(2);
    for (const words of [
      ['students', '--xlsx', inFolder('list.xlsx')],
      ['show', TRANSFER_STUDENT, '--csv'],
      ['show', TRANSFER_STUDENT, '--html', inFolder('student.html')],
      ['status', TRANSFER_STUDENT, '--csv'],
      ['pick', TRANSFER_STUDENT, '--csv'],
      ['history', '--xlsx', inFolder('history.xlsx')],
      ['log', '--student', TRANSFER_STUDENT, '--csv'],
      ['slip', '2', '--out', folder],
      ['log', '--student', TRANSFER_STUDENT, '--html', inFolder('answer.html')],
    ])
      expect([words, (await lpxHere(...words)).code]).toEqual([words, 0]);
    const { json } = await lpxJson(['--store', store, 'history', '--kind', 'output']);
    const entries = json.entries.map(({ details, file, folder: to, students }: any) => [details, file, to, students.length]);
    const [slip] = readdirSync(folder).filter((name) => name.endsWith('.cover.html'));
    expect(entries.reverse()).toEqual([
      [{ command: 'students' }, 'list.xlsx', folder, 1],
      [{ command: 'show' }, '', '', 1],
      [{ command: 'show' }, 'student.html', folder, 1],
      [{ command: 'status' }, '', '', 1],
      [{ command: 'pick' }, '', '', 1],
      [{ command: 'history' }, 'history.xlsx', folder, 1],
      [{ command: 'log' }, '', '', 1],
      [{ command: 'slip', of: 2 }, slip, folder, 1],
      [{ command: 'log' }, 'answer.html', folder, 1],
    ]);
    expect((await lpxHere('log', '--student', TRANSFER_STUDENT)).out).toContain('student.html');
    const answer = readFileSync(inFolder('answer.html'), 'utf8');
    expect(answer).toMatch(/exported[\s\S]*student\.html/);
    expect(answer).not.toContain(TRANSFER_STUDENT);
  });
});
