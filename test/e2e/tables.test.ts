import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCsv } from 'hucre/csv';
import { readXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lpx } from '../support/cli.js';
import { exportFrom, importTo, PASSWORD, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';

/** A school that received the student of the sample, and the package. */
async function receiver(): Promise<{ readonly folder: string; readonly store: string; readonly zipFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-test-'));
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  const store = await school(folder, '990002');
  await importTo(store, zipFile);
  return { folder, store, zipFile };
}

describe('a result as a table', () => {
  let here: Awaited<ReturnType<typeof receiver>>;
  beforeAll(async () => {
    here = await receiver();
  });
  afterAll(() => rmSync(here.folder, { recursive: true, force: true }));
  const run = (...words: readonly string[]) =>
    lpx(['--store', here.store, ...words], { env: { LANG: 'zh_TW.UTF-8', LPX_PASSWORD: PASSWORD.toString() }, stripFinalNewline: false });
  const commands: readonly (readonly [string, () => readonly string[], readonly string[], number])[] = [
    ['students', () => ['students'], ['身分證號', '姓名', '班級', '座號'], 1],
    ['history', () => ['history', '--kind', 'import'], ['紀錄編號', '時間', '類別', '結果'], 1],
    ['status', () => ['status', '林小禾'], ['身分證號', '姓名', '學年度', '類別'], 4],
    ['pick', () => ['pick', TRANSFER_STUDENT], ['身分證號', '姓名', '編號', '學年度'], 10],
    ['show of a student', () => ['show', '林小禾'], ['身分證號', '姓名', '類別', '編號'], 11],
    ['show of a package', () => ['show', here.zipFile], ['身分證號', '姓名', '類別', '編號'], 11],
  ];

  it.each(commands)('is the same as CSV and as a workbook, texts and numbers apart: %s', async (name, words, titles, least) => {
    const { code, out } = await run(...words(), '--csv');
    expect([code, out.startsWith('\ufeff'), out.endsWith('\r\n')]).toEqual([0, true, true]);
    const printed = parseCsv(out.slice(1), { typeInference: false });
    expect(printed[0]?.slice(0, 4)).toEqual(titles);
    expect(printed.length - 1).toBeGreaterThanOrEqual(least);
    expect(out).toContain(TRANSFER_STUDENT);
    const file = join(here.folder, `${name}.xlsx`);
    const written = await run(...words(), '--xlsx', file);
    expect([written.code, written.out]).toEqual([0, `✔ 已寫出 ${file}（${printed.length - 1} 列）\n`]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [sheet] = (await readXlsx(readFileSync(file))).sheets;
    const width = printed[0]?.length ?? 0;
    const rows = sheet?.rows.map((row) => Array.from({ length: width }, (_, i) => row[i] ?? '')) ?? [];
    expect(rows.map((row) => row.map(String))).toEqual(printed.map((row) => row.map((cell) => String(cell ?? ''))));
    expect(rows.flat().some((cell) => typeof cell === 'number')).toBe(true);
  });

  it('has days and times as ISO 8601 writes them, whatever the language', async () => {
    const { out } = await run('history', '--csv');
    expect(out).toMatch(/^1,2021-01-21 09:00,|,\d{4}-\d{2}-\d{2} \d{2}:\d{2},/m);
  });

  it('replaces no file unless asked to', async () => {
    const file = join(here.folder, 'mine.xlsx');
    writeFileSync(file, 'mine');
    expect((await run('students', '--xlsx', file)).code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await run('students', '--xlsx', file, '--overwrite')).code).toBe(0);
    expect(readFileSync(file).subarray(0, 2).toString()).toBe('PK');
  });

  it('of a package that is refused is none', async () => {
    const file = join(here.folder, 'refused.xlsx');
    const words = ['--store', here.store, 'show', here.zipFile];
    const env = { LPX_PASSWORD: 'another-Pass-2021' };
    expect((await lpx([...words, '--xlsx', file], { env })).code).toBe(4);
    expect(existsSync(file)).toBe(false);
    expect((await lpx([...words, '--csv'], { env })).out).not.toContain('\ufeff');
  });

  it.each([
    [['--json', 'history', '--csv']],
    [['students', '--csv', '--xlsx', 'a.xlsx']],
    [['--json', 'status', TRANSFER_STUDENT, '--xlsx', 'a.xlsx']],
    [['students', '--overwrite']],
    [['pick', TRANSFER_STUDENT, 'R2', '--csv']],
  ])('is asked for in one way only, and records nothing: %j', async (words) => {
    expect((await run(...words)).code).toBe(2);
  });
});
