import { describe, expect, it } from 'vitest';
import { plainTitle, SHEET_KINDS } from '#lpx/roster/sheet-kinds.js';

describe('the titles of columns', () => {
  it.each([
    ['身分證號', '身分證號'],
    ['身分證\r\n號', '身分證號'],
    [' 身 分 證　號 ', '身分證號'],
    ['＊身分證號（必填）', '身分證號'],
    ['出生日期\n(民國年)', '出生日期'],
    ['Birth Date', 'BIRTHDATE'],
    ['ｎａｍｅ', 'NAME'],
    ['（身分證號）', '(身分證號)'],
  ])('are compared without what does not matter: %j', (title, plain) => {
    expect(plainTitle(title)).toBe(plain);
  });

  it('of a text without an end take no time', () => {
    expect(plainTitle('('.repeat(5_000_000)).length).toBeLessThan(300);
  });
});

describe.each(SHEET_KINDS)('the sheet $title', (sheet) => {
  it('has columns of different names and titles', () => {
    expect(new Set(sheet.columns.map(({ name }) => name)).size).toBe(sheet.columns.length);
    const titles = sheet.columns.flatMap(({ title, aliases }) => [...new Set([title, ...aliases].map(plainTitle))]);
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
  });

  it('names a student in each row', () => {
    expect(sheet.columns.find(({ name }) => name === 'nationalId')?.required).toBe(true);
  });
});
