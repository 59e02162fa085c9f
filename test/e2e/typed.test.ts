/** What a clerk types: the forms of values that are used here, and what contradicts itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { load, PASSWORD, SAMPLES, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { keptFolder } from '../support/temp.js';

const folder = keptFolder();
const withPassword = { env: { LPX_PASSWORD: PASSWORD.toString() } };
let store: string;

beforeAll(async () => {
  store = await school(folder, '990001');
  await load(store, join(SAMPLES, 'transfer'));
  writeExchangeFolder(join(folder, 'other'), [smallPortfolio([courseResult()], { nationalId: 'B800000015', name: '林大禾' })]);
  await load(store, join(folder, 'other'));
});

let exports = 0;
const exporting = (...words: string[]) => {
  const out = join(folder, `mail-${++exports}`);
  return lpxJson(['--store', store, 'export', '--reason', 'transfer', '--left', '2021-01-22', '--out', out, ...words], withPassword);
};

describe('an export', () => {
  it('takes days, terms, reasons and ids as they are written here', async () => {
    const { code, json } = await exporting(
      ...[TRANSFER_STUDENT.toLowerCase(), '--reason', '轉學', '--left', '110/01/22', '--term', '109學年度第1學期', '--to', '９９０００２'],
    );
    expect([code, json.reason, json.terms]).toEqual([0, 'transfer', ['1091']]);
    const { json: history } = await lpxJson(['--store', store, 'history']);
    expect(history.entries[0]).toMatchObject({ kind: 'export', reason: 'transfer', terms: '1091', school: '990002' });
    for (const term of ['109-1', '1091,109-2', '109上、109下'])
      expect((await exporting(TRANSFER_STUDENT, '--term', term)).code, term).toBe(0);
    for (const left of ['1100122', '2021/1/22', '民國110年1月22日'])
      expect((await exporting(TRANSFER_STUDENT, '--left', left)).code, left).toBe(0);
  });

  it.each<[string, string[], string]>([
    ['--all with an id', [TRANSFER_STUDENT, '--all'], '--all'],
    ['--all with a list', ['--list', 'ids.txt', '--all'], '--all'],
    ['two passwords', [TRANSFER_STUDENT, '--generate-password', '--password-out', 'p', '--password-file', 'q'], 'one way'],
    ['a password made and typed', [TRANSFER_STUDENT, '--generate-password', '--password-out', 'p', '--password-stdin'], 'one way'],
    ['a place for a password that is not made', [TRANSFER_STUDENT, '--password-out', 'p'], '--password-out'],
    ['this school as the receiving one', [TRANSFER_STUDENT, '--to', '990001'], '990001'],
  ])('refuses what contradicts itself: %s', async (name, words, said) => {
    const { code, json } = await exporting(...words);
    expect([code, json.error.code]).toEqual([2, name.includes('this school') ? 'LPX_TO_OWN_SCHOOL' : 'LPX_USAGE']);
    expect(json.error.message).toContain(said);
  });

  it('says that an option wins over LPX_PASSWORD', async () => {
    const file = join(folder, 'pw.txt');
    writeFileSync(file, 'another-Password-2021\n');
    const words = ['--store', store, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', '2021-01-22'];
    const { code, err } = await lpx([...words, '--out', join(folder, 'both'), '--password-file', file], withPassword);
    expect(code).toBe(0);
    expect(err).toMatch(/LPX_PASSWORD is set as well.*--password-file/);
  });
});

describe('a value that is none', () => {
  it.each([
    [
      'en',
      ['--lang', 'en', 'export', '--reason', 'tranfer', 'x'],
      'Allowed: transfer, borrowed-study, experimental. Did you mean transfer?',
    ],
    [
      'zh',
      ['--lang', 'zh', 'export', '--reason', '轉校生', 'x'],
      '可用的值：transfer（轉學）、borrowed-study（借讀）、experimental（實驗教育）。',
    ],
    ['zh', ['--lang', 'zh', 'advise', '--case', '放假'], '休學'],
    ['zh', ['--lang', 'zh', 'advise'], '可用的值：transfer（轉學）'],
    ['en', ['--lang', 'xx', 'students'], 'Allowed: zh-TW, en.'],
    ['en', ['export', '--reason', 'transfer', '--encryption', 'des', 'x'], 'Allowed: aes256, zipcrypto.'],
    ['en', ['register', '--year', '2020'], '109'],
    ['en', ['advise', '--case', 'transfer', '--left', '21/1/22'], '109/01/20'],
    ['zh', ['--lang', 'zh', 'export', 'x', '--reason', '轉學', '--term', '2020'], '108學年度第1學期'],
  ])('is refused with those that are allowed (%s): %j', async (_, words, said) => {
    const { code, err } = await lpx(['--store', store, ...words]);
    expect([code, err]).toEqual([2, expect.stringContaining(said)]);
  });
});

describe('a word that lpx does not know', () => {
  it.each([
    [['imprt', 'x.zip'], 'import'],
    [['Export'], 'export'],
    [['history', '--jsn'], '--json'],
    [['export', '--reson', 'transfer'], '--reason'],
  ])('is answered with what may have been meant: %j', async (words, meant) => {
    for (const lang of ['zh-TW', 'en']) {
      const { code, err } = await lpx(['--lang', lang, ...words]);
      expect([code, err]).toEqual([2, expect.stringMatching(new RegExp(`(Did you mean |您是不是要打 )${meant}`))]);
    }
  });
});

describe('a student', () => {
  it.each([
    ['the id in small letters', TRANSFER_STUDENT.toLowerCase()],
    ['the name', '林小禾'],
    ['a part of the name', '小禾'],
    ['the name with a blank in it', '林 小禾'],
    ['the end of the id', '000014'],
  ])('is found by %s', async (_, words) => {
    const { code, json } = await lpxJson(['--store', store, 'show', words]);
    expect([code, json.students?.[0]?.nationalId]).toEqual([0, TRANSFER_STUDENT]);
    expect((await lpxJson(['--store', store, 'status', words])).json.student.nationalId).toBe(TRANSFER_STUDENT);
  });

  it('is asked for by id when several fit, and their list shows whom', async () => {
    const { code, err } = await lpx(['--store', store, 'show', '林']);
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_STUDENTS_FIT')]);
    const listed = await lpxJson(['--store', store, 'students', '林']);
    expect(listed.json.students.map(({ name }: { name: string }) => name).sort()).toEqual(['林大禾', '林小禾']);
    expect((await lpxJson(['--store', store, 'students', '林', '大'])).json.students).toHaveLength(1);
    expect((await lpxJson(['--store', store, 'students', '王'])).json.students).toEqual([]);
  });

  it('who is not there is named as typed', async () => {
    const { code, err } = await lpx(['--store', store, '--lang', 'zh', 'show', '王俊傑']);
    expect([code, err]).toEqual([2, expect.stringContaining('王俊傑')]);
  });
});

describe('a pick', () => {
  it('of what is taken back at once is refused', async () => {
    const { code, json } = await lpxJson(['--store', store, 'pick', TRANSFER_STUDENT, 'O1', '--remove', 'o1']);
    expect([code, json.error.message]).toEqual([2, expect.stringContaining('O1')]);
  });
});

describe('a course code', () => {
  it('may have blanks between its parts, and wide characters', async () => {
    const parts = '109 1904xx V 23 305 0 1 0 2 00 0B';
    for (const words of [[parts], parts.split(' '), ['１０９1904xxV233050102000B']]) {
      const { code, json } = await lpxJson(['code', ...words]);
      expect([code, json.codes.map(({ code }: { code: string }) => code)]).toEqual([0, ['1091904xxV233050102000B']]);
    }
  });

  it('that is too short is refused in a few lines', async () => {
    const { code, out, err } = await lpx(['code', '123']);
    expect([code, err]).toEqual([6, expect.stringContaining('LPX_COURSE_CODES_MALFORMED')]);
    expect(out.match(/✘/g)).toHaveLength(1);
    expect(out).toContain('characters 4 to 23 are missing');
  });
});

describe('the language', () => {
  it('is that of LPX_LANG, under whatever locale, and --lang wins', async () => {
    const env = { LPX_LANG: 'zh', LANG: 'en_US.UTF-8' };
    expect((await lpx(['students', '--help'], { env })).out).toContain('學生');
    expect((await lpx(['students', '--help', '--lang', 'en'], { env })).out).not.toContain('學生');
  });
});

describe('--quiet', () => {
  it('keeps warnings, and drops notes', async () => {
    const platform = join(folder, 'uncertified');
    mkdirSync(platform);
    writeExchangeFolder(platform, [smallPortfolio([courseResult({ certification: '2' })], { nationalId: 'C800000016' })]);
    const { code, err } = await lpx(['--store', store, '-q', 'load', platform]);
    expect([code, err]).toEqual([0, expect.stringContaining('LPX_NOT_CERTIFIED')]);
    const exported = await lpx(
      ['--store', store, '-q', 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', '2021-01-22', '--out', join(folder, 'quiet')],
      withPassword,
    );
    expect(exported).toMatchObject({ code: 0, err: '' });
  });
});

describe('in Chinese', () => {
  const chinese = (...words: string[]) => lpx(['--lang', 'zh-TW', '--store', store, ...words], withPassword);

  it.each<[string, string[], string]>([
    ['a name for an id', ['export', '林小禾', '--reason', '轉學'], 'lpx students 林小禾'],
    ['a third semester', ['export', TRANSFER_STUDENT, '--reason', '轉學', '--term', '110-3'], '110-3 不是學期'],
    ['a signature for a package', ['verify', 'a.zip.md5'], 'a.zip.md5 是簽章檔，請改給交換檔 a.zip。'],
    ['a folder for a package', ['import', '.'], '. 是資料夾；要處理其中所有的交換檔，請用：lpx batch import .'],
    ['a command by its Chinese name', ['匯出'], '您是不是要打 export？'],
    ['a mistyped command of a group', ['batch', 'exprt'], '您是不是要打 batch export？'],
    ['a topic that is not there', ['help', '天氣'], '這個指令或主題'],
    ['a student after history', ['history', TRANSFER_STUDENT], '--student <身分證號>'],
  ])('says what is wrong with %s', async (_, words, said) => {
    const { code, err } = await chinese(...words);
    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  it.each([['--password', '12345678'], ['--password=12345678'], ['-p12345678']])(
    'says of %s that no option takes a password, how one is given, and not what it was',
    async (...words) => {
      const { code, out, err } = await chinese('export', TRANSFER_STUDENT, '--reason', '轉學', ...words);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/沒有任何選項直接接受密碼。.*請換一個。.*--password-file <檔案>.*LPX_PASSWORD/);
      expect(err).not.toMatch(/12345678|--password-out/);
    },
  );

  it('finds the topics of help by their Chinese names', async () => {
    for (const topic of ['密碼', '借讀', '交換檔', '課程代碼', '結束代碼']) {
      const { code, out } = await chinese('help', topic);
      expect([code, out.split('\n')[0]]).toEqual([0, topic]);
    }
  });

  it('says what a student is, and when that was recorded before', async () => {
    await chinese('leave', 'B800000015', '--as', '畢業', '--left', '110/01/22');
    expect((await chinese('leave', 'B800000015', '--as', '仍在校')).out).toMatch(/✔.*林大禾 {2}在校$/m);
    expect((await chinese('leave', 'B800000015', '--as', '在校')).out).toMatch(/·.*林大禾 {2}在校 {2}先前已註記$/m);
  });
});
