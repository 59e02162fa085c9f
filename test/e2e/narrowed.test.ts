import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { PASSWORD, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';

const env = { env: { LPX_PASSWORD: PASSWORD.toString() } };
const OTHER = { nationalId: 'B800000015', name: '陳小麥' };
const folder = mkdtempSync(join(tmpdir(), 'lpx-test-'));
const store = join(folder, 'store');
const exporting = (...words: string[]) => ['--store', store, 'export', '--reason', 'transfer', '--left', '2021-01-22', ...words];

beforeAll(async () => {
  const large = { bytes: pdf(Buffer.alloc(5 * 1024 * 1024)), type: 'pdf', name: '大作.pdf' };
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(), smallPortfolio([courseResult({}, large)], OTHER)]);
  await lpx(['--store', store, 'init', '--school', '990001']);
  expect((await lpx(['--store', store, 'load', join(folder, 'platform')])).code).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('lpx export of several students', () => {
  it('names student, record, file and the row of the list in what stands against it', async () => {
    const list = join(folder, 'list.txt');
    writeFileSync(list, `# 轉出\n${TRANSFER_STUDENT}\n${OTHER.nationalId}\nD800000017\n`);
    const mail = join(folder, 'refused');
    const { code, err } = await lpx(['--lang', 'zh-TW', ...exporting('--list', list, '--out', mail)], env);
    expect(code).toBe(6);
    expect(err).toContain('B80000**** 陳小麥，課程學習成果紀錄第 1 筆「國語文」，大作.pdf：');
    expect(err).toContain('D80000****，list.txt，第 4 列：');
    expect(err).toMatch(/✘ 共 2 項錯誤、2 位學生，列在上面。 {2}LPX_FILE_LARGE\n {2}沒有產生交換檔。\n {2}→ .*--skip-unfit/);
    expect(err.match(/大作\.pdf/g)).toHaveLength(1);
  });

  it('ends with 8 once it leaves one of them out, and holds whole ids, createdAt and to in its JSON', async () => {
    const mail = join(folder, 'mail');
    const words = exporting(TRANSFER_STUDENT, OTHER.nationalId, '--skip-unfit', '--to', '990002', '--out', mail);
    const { code, json } = await lpxJson(words, env);
    expect(outputFaults(json)).toEqual([]);
    expect([code, json.error.code, json.error.exitCode]).toEqual([8, 'LPX_STUDENTS_LEFT_OUT', 8]);
    expect(json.students).toMatchObject([{ nationalId: TRANSFER_STUDENT, name: '林小禾' }]);
    expect(json.unfit).toMatchObject([{ ...OTHER, findings: [{ code: 'LPX_FILE_LARGE', place: { student: OTHER.nationalId } }] }]);
    expect(json.to).toBe('990002');
    const [{ package: facts }] = json.packages;
    expect(facts.createdAt.replaceAll(/[-: ]/g, '_')).toBe(facts.file.slice(7, -4));
  });

  it('as a dry run writes nothing and needs no password', async () => {
    const mail = join(folder, 'dry');
    const { code, json } = await lpxJson(exporting(TRANSFER_STUDENT, '--dry-run', '--out', mail));
    expect([code, outputFaults(json)]).toEqual([0, []]);
    expect(json).toMatchObject({ dryRun: true, packages: [], packageCount: 1, students: [{ nationalId: TRANSFER_STUDENT, file: '' }] });
    expect(readdirSync(folder)).not.toContain('dry');
  });

  it('with a weak password is refused, unless the clerk says so', async () => {
    const weak = { env: { LPX_PASSWORD: 'abc' } };
    const words = exporting(TRANSFER_STUDENT, '--out', join(folder, 'weak'));
    expect((await lpxJson(words, weak)).json.error).toMatchObject({ code: 'LPX_PASSWORD_WEAK', exitCode: 2 });
    expect((await lpxJson([...words, '--weak-password'], weak)).json.overridden).toEqual(['LPX_PASSWORD_WEAK']);
  });
});

describe('lpx import of one of several students', () => {
  it('shows what was checked and whom it left out, ends with 8, and counts the student as of this school', async () => {
    const mail = join(folder, 'both');
    const platform = join(folder, 'sound');
    writeExchangeFolder(platform, [smallPortfolio(), smallPortfolio([courseResult()], OTHER)]);
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    for (const [path, code] of [
      [from, '990001'],
      [to, '990002'],
    ] as const)
      await lpx(['--store', path, 'init', '--school', code]);
    await lpx(['--store', from, 'load', platform]);
    const words = ['--reason', 'transfer', '--left', '2021-01-22', '--out', mail];
    const { json: exported } = await lpxJson(['--store', from, 'export', TRANSFER_STUDENT, OTHER.nationalId, ...words], env);
    const [{ path }] = exported.packages;
    await lpx(['--store', to, 'import', path, '--create-students', '--only', OTHER.nationalId], env);

    const { code, out, err } = await lpx(['--lang', 'zh-TW', '--store', to, 'import', path, '--skip-unfit'], env);
    expect([code, err]).toEqual([8, expect.stringContaining('LPX_STUDENTS_LEFT_OUT')]);
    expect(out.match(/✔/g)).toHaveLength(7);
    expect(out).toMatch(/沒有匯入的學生，原因如下（1）\n.*A80000\*{4} 林小禾/);
    const { json } = await lpxJson(['--store', to, 'import', path, '--skip-unfit'], env);
    expect(outputFaults(json)).toEqual([]);
    expect(json.students).toMatchObject([OTHER]);
    expect(json.unfit).toMatchObject([{ nationalId: TRANSFER_STUDENT, findings: [{ code: 'LPX_STUDENT_UNKNOWN' }] }]);
    expect((await lpx(['--lang', 'zh-TW', '--store', to, 'show', OTHER.nationalId])).out).toContain('學校 990002（來自 990001）');
    const shown = await lpxJson(['--store', to, 'show', OTHER.nationalId]);
    expect([outputFaults(shown.json), shown.json.students[0]]).toMatchObject([[], { schoolCode: '990002', cameFrom: '990001' }]);
  });
});

describe('lpx import of a record in another form', () => {
  it('shows what differs, and marks both versions once they are kept', async () => {
    const [from, to] = [join(folder, 'versions-from'), join(folder, 'versions-to')];
    for (const [path, code] of [
      [from, '990001'],
      [to, '990002'],
    ] as const)
      await lpx(['--store', path, 'init', '--school', code]);
    const send = async (brief: string) => {
      const platform = join(folder, `platform ${brief}`);
      writeExchangeFolder(platform, [smallPortfolio([courseResult({ brief })])]);
      await lpx(['--store', from, 'load', platform]);
      const words = ['export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', '2021-01-22', '--out', join(folder, `mail ${brief}`)];
      return (await lpxJson(['--store', from, ...words], env)).json.packages[0].path as string;
    };
    await lpx(['--store', to, 'import', await send('散文'), '--create-students'], env);
    const second = await send('新詩');
    const inChinese = (...words: string[]) => lpx(['--lang', 'zh-TW', '--store', to, ...words], env);

    const refused = await inChinese('import', second);
    expect(refused.code).toBe(7);
    expect(refused.err).toContain('課程學習成果紀錄 R1「國語文」：資料庫裡已有這筆紀錄，但內容不同，交換檔的版本較新。');
    expect(refused.err).toMatch(/課程學習成果簡述\n +資料庫 {2}散文\n +交換檔 {2}新詩\n/);
    const { json } = await lpxJson(['--store', to, 'import', second], env);
    expect(outputFaults(json)).toEqual([]);
    expect(json.findings[0].differences).toEqual([{ property: '課程學習成果簡述', stored: '散文', received: '新詩' }]);

    expect((await inChinese('import', second, '--keep-both')).code).toBe(0);
    for (const command of ['show', 'pick', 'status']) {
      expect((await inChinese(command, TRANSFER_STUDENT)).out).toMatch(/第 2 版（共 2 版），\d{4}-\d{2}-\d{2}，990001_[0-9_]+\.zip/);
      expect(outputFaults((await lpxJson(['--store', to, command, TRANSFER_STUDENT])).json)).toEqual([]);
    }
    expect((await inChinese('import', second, '--keep-both', '--replace')).code).toBe(2);
  });
});
