import { cpSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { workbook } from '#lpx/roster/tables.js';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { SAMPLES, school } from '../support/schools.js';
import { durationOf, strike, strikesIn, within } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

const ROSTERS = join(SAMPLES, 'rosters');

it('lpx load takes lists and registers in one call, says what it left out, and records what was confirmed', async () => {
  const folder = tempFolder();
  const words = ['--store', join(folder, 'store')];
  await lpx([...words, 'init', '--school', '990001']);
  const bad = join(folder, '競賽參與紀錄.csv');
  writeFileSync(
    bad,
    '身分證號,競賽名稱,結果公布日期,文件檔案\nA800000014,甲,1091130,\nA800000014,乙,109年,\nA800000014,丙,1091130,../x.pdf\n',
  );
  const files = [join(ROSTERS, 'students.csv'), join(ROSTERS, 'course-results.xlsx'), bad];
  const options = ['--attachments', join(ROSTERS, 'attachments'), '--certified', '--skip-bad-rows'];
  const { code, json } = await lpxJson([...words, 'load', ...files, ...options]);
  expect(outputFaults(json)).toEqual([]);
  expect([code, json.error.code]).toEqual([8, 'LPX_ROWS_SKIPPED']);
  expect(json.lists).toMatchObject([{ file: 'students.csv', created: 4 }]);
  expect(json.registers).toMatchObject([
    { file: 'course-results.xlsx', rows: 3, skippedRows: 0 },
    { file: '競賽參與紀錄.csv', rows: 3, skippedRows: 2 },
  ]);
  const refused = await lpx(['--lang', 'zh-TW', ...words, 'load', bad]);
  expect(refused.code).toBe(6);
  expect(refused.err).toContain('競賽參與紀錄.csv，第 3 列，「結果公布日期」欄：');
  expect(refused.err).toContain('第 4 列，「文件檔案」欄：連結 ../x.pdf 指向資料夾之外。');
  const { json: history } = await lpxJson([...words, 'history', '--kind', 'load']);
  expect(outputFaults(history)).toEqual([]);
  expect(history.entries.map(({ file, overridden }: { readonly file: string; readonly overridden: string }) => [file, overridden])).toEqual(
    [
      ['競賽參與紀錄.csv', ''],
      ['course-results.xlsx', 'LPX_NOT_CERTIFIED'],
      ['students.csv', ''],
    ],
  );
});

it.each([
  ['a file for the folder of attachments', ['--attachments', join(ROSTERS, 'students.csv')], '--attachments'],
  ['a school year before all portfolios', ['--year', '1'], '100'],
  ['a school year to come', ['--year', '999'], '100'],
])('lpx load refuses %s, whatever it loads', async (_, options, said) => {
  const store = await school(tempFolder(), '990001');
  const { code, err } = await lpx(['--lang', 'en', '--store', store, 'load', join(ROSTERS, 'students.csv'), ...options]);
  expect([code, err.includes('not a folder') || err.includes('not a school year')]).toEqual([2, true]);
  expect(err).toContain(said);
});

const KILLS = strikesIn(8);

it(`a workbook with a list and a register whose loading is killed is loaded whole or not at all, ${KILLS} times`, async () => {
  const folder = tempFolder();
  const ids = ['A800000014', 'B800000015', 'C800000016'];
  const works = ids.flatMap((id) => Array.from({ length: 300 }, (_, i) => [id, `作品${i}`, '1091130']));
  const { content } = await workbook('both', [
    { name: '學生名單', rows: [['身分證號', '姓名'], ...ids.map((id) => [id, '林小禾'])] },
    { name: '作品成果紀錄', rows: [['身分證號', '名稱', '日期'], ...works] },
  ]);
  const file = join(folder, 'both.xlsx');
  writeFileSync(file, content as Uint8Array);
  const empty = await school(folder, '990001');
  const store = join(folder, 'struck');
  const words = ['--store', store, 'load', file];
  const state = () =>
    withStore(store, async (open) => {
      const students = await open.students();
      const records = students.reduce((sum, { multiPerformances }) => sum + multiPerformances, 0);
      return [students.length, records, (await open.history()).length];
    });
  const fresh = () => {
    rmSync(store, { recursive: true, force: true });
    cpSync(empty, store, { recursive: true });
  };
  fresh();
  const before = await state();
  const duration = await durationOf(() => lpx(words));
  const after = await state();
  expect([before, after]).toEqual([
    [0, 0, expect.any(Number)],
    [3, 900, (before[2] as number) + 2],
  ]);
  for (let i = 0; i < KILLS; i++) {
    fresh();
    // Late enough that most of them fall into the writing.
    await strike(words, 'SIGKILL', within(duration, KILLS + i, 2 * KILLS));
    expect([before, after]).toContainEqual(await state());
  }
});

it('lpx load --template writes a file that only its user reads, once, and loads nothing', async () => {
  const folder = tempFolder();
  const path = join(folder, '範本.xlsx');
  const { code, json } = await lpxJson(['load', '--template', path]);
  expect([code, outputFaults(json)]).toEqual([0, []]);
  expect(json.template).toMatchObject({ file: path });
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  expect((await lpx(['load', '--template', path])).code).toBe(2);
  expect((await lpx(['load', '--template', path, '--overwrite'])).code).toBe(0);
  expect((await lpx(['load', 'x', '--template', path, '--overwrite'])).code).toBe(2);
});
