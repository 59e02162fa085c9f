import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { findingLines, findingOutput } from '#lpx/cli/render/findings.js';
import { placeText } from '#lpx/cli/render/places.js';
import type { Finding, Place } from '#lpx/errors.js';
import { maskIds } from '#lpx/masking.js';
import { messagesIn } from '#lpx/messages/messages.js';

const zh = messagesIn('zh-TW');
const en = messagesIn('en');
const plain = new Chalk({ level: 0 });
const physics: Place = { student: 'A800000014', name: '林小禾', list: '課程學習成果紀錄', record: 4, title: '物理' };

describe('a place', () => {
  it.each<[string, Place, string, string]>([
    [
      'a property of a record',
      { ...physics, property: '課程代碼' },
      'A80000**** 林小禾，課程學習成果紀錄第 5 筆「物理」，課程代碼',
      'A80000**** 林小禾, 課程學習成果紀錄 no. 5 “物理”, 課程代碼',
    ],
    [
      'a file',
      { ...physics, property: '課程學習成果文件檔案連結', file: '報告.pdf' },
      'A80000**** 林小禾，課程學習成果紀錄第 5 筆「物理」，報告.pdf',
      '',
    ],
    [
      'an item of the store',
      { student: 'A800000014', list: '競賽參與紀錄', ref: 'O12', title: '科展' },
      'A80000****，競賽參與紀錄 O12「科展」',
      '',
    ],
    ['a student without an id', { index: 1, list: '基本資料', property: '身分證號' }, '第 2 位學生，基本資料，身分證號', ''],
    ['a row', { file: '名單.csv', row: 1 }, '名單.csv，第 2 列', '名單.csv, row 2'],
    ['an entry', { entry: 'A800000014/課程學習成果/C01.pdf' }, 'A80000****/課程學習成果/C01.pdf', ''],
    ['all of it', {}, '', ''],
  ])('that is %s is read by people: masked, and counted from 1', (_, place, chinese, english) => {
    expect(placeText(zh, place)).toBe(chinese);
    if (english !== '') expect(placeText(en, place)).toBe(english);
  });

  it('shows what nobody would see in the name', () => {
    expect(placeText(en, { student: 'A800000014', name: '林\ue000 ', list: '基本資料' })).toBe('A80000**** 林[U+E000]␣, 基本資料');
  });

  it('stays data in JSON, with its text next to it', () => {
    const finding: Finding = { code: 'LPX_NO_ATTACHMENT', severity: 'note', place: physics, facts: {} };
    expect(findingOutput(zh, finding)).toMatchObject({ place: physics, where: 'A80000**** 林小禾，課程學習成果紀錄第 5 筆「物理」' });
  });
});

describe('findings', () => {
  const large: Finding = {
    code: 'LPX_FILE_LARGE',
    severity: 'error',
    place: { ...physics, file: '報告.pdf' },
    facts: { bytes: 5_000_913, limit: 4_194_304, advice: 'smaller' },
  };

  it.each([1, 100])('say whose, which record and which file, if there are %i', (count) => {
    const [line] = findingLines(zh, plain, Array(count).fill(large));
    expect(line).toContain('A80000**** 林小禾，課程學習成果紀錄第 5 筆「物理」，報告.pdf：檔案有 4.77 MB，上限 4 MB。');
  });

  it('are all listed where only one of them would be left out', () => {
    const note: Finding = { ...large, severity: 'note' };
    const lines = (count: number) => findingLines(zh, plain, Array(count).fill(note)).join('\n');
    expect([lines(6).match(/報告/g)?.length, lines(6)]).toEqual([6, expect.not.stringContaining('還有')]);
    expect([lines(7).match(/報告/g)?.length, lines(7)]).toEqual([5, expect.stringContaining('還有 2 項')]);
  });

  it('do not say their place twice when the sentence says it', () => {
    const damaged: Finding = { code: 'LPX_ENTRY_DAMAGED', severity: 'error', place: { entry: 'x.json' }, facts: { part: 'crc' } };
    expect(findingLines(zh, plain, [damaged])[0]).toContain('錯誤  x.json：壓縮檔裡的這個檔案已損壞');
  });

  it('mask another student’s id, and ids of every form where they are known', () => {
    const foreign: Finding = {
      code: 'LPX_FOREIGN_RECORD',
      severity: 'error',
      place: { ...physics, otherStudent: 'PASSPORT77' },
      facts: {},
    };
    const missing: Finding = {
      code: 'LPX_ATTACHMENT_MISSING',
      severity: 'error',
      place: { ...physics, student: 'PASSPORT99' },
      facts: { link: 'x/PASSPORT99/C01.pdf' },
    };
    const text = findingLines(zh, plain, [foreign, missing]).join('\n');
    expect(text).toContain('「物理」（另一證號 PASSPO****）：這筆紀錄屬於另一位學生');
    expect(text).toContain('x/PASSPO****/C01.pdf');
    expect(text).not.toMatch(/PASSPORT/);
  });
});

describe('a national id in a text', () => {
  it('that is known is masked in every form, also one that has signs in it', () => {
    expect(maskIds('x/passport99/ＰＡＳＳport９９.pdf', ['PASSPORT99'])).toBe('x/passpo****/ＰＡＳＳpo****.pdf');
    expect(maskIds('PASS$&RT', [' pass$&rt '])).toBe('PASS****');
  });

  it.each([
    ['A800000014', 'A80000****'],
    ['姓名A800000014號', '姓名A80000****號'],
    ['scanA800000014b.pdf', 'scanA80000****b.pdf'],
    ['a800000014', 'a80000****'],
    ['scana800000014b.pdf', 'scana80000****b.pdf'],
    ['Ａ８００００００１４', 'Ａ８００００****'],
    ['ａ８００００００１４之成果', 'ａ８００００****之成果'],
    ['\u3000ab12345678\0', '\u3000ab1234****\0'],
    ['AD12345678_報告', 'AD1234****_報告'],
    ['X1/課程學習成果/C01.pdf', '****/課程學習成果/C01.pdf'],
  ])('is masked, whatever stands next to it: %s', (text, masked) => {
    expect(maskIds(text)).toBe(masked);
  });

  it.each([
    '109990001H1110101010101',
    'd41d8cd98f00b204e9800998ecf8427e',
    'D41D8CD98FA812345678998ECF8427E0',
    '990001_2021_01_21_09_00_00.zip',
  ])('is not seen where there is none: %s', (text) => {
    expect(maskIds(text)).toBe(text);
  });
});
