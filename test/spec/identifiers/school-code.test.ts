import { describe, expect, it } from 'vitest';
import { isSchoolCode, schoolsOf } from '#lpx/spec/identifiers/school-code.js';
import { factOf } from '../../support/facts.js';

describe('a school code', () => {
  it.each([
    ['010301', true],
    ['553611', true],
    ['000B00', true],
    ['0603xx', true],
    ['01030', false],
    ['0103011', false],
    ['01030-', false],
    ['', false],
  ])('%s: %s', (text, is) => {
    expect(isSchoolCode(text)).toBe(is);
  });
});

describe('a list of schools', () => {
  const school = { code: '990001', name: '示範高中' };

  it.each([
    ['code and name alone', [['990001', '示範高中']]],
    [
      'titles, and columns in any order',
      [
        ['縣市名稱', '學校名稱', '代碼'],
        ['某市', '示範高中', '990001'],
      ],
    ],
    ['lines before the titles', [['109 學年度名錄'], ['學校代碼', '名稱'], ['990001', '示範高中'], ['']]],
  ])('is read from %s', (_, rows) => {
    expect(schoolsOf(rows)).toEqual({ schools: [school], findings: [] });
  });

  it('names every wrong row', () => {
    const rows = [
      ['990001', '示範高中'],
      ['99', '短'],
      ['990002', ''],
    ];
    expect(schoolsOf(rows).findings.map((finding) => [finding.code, finding.place.row, factOf(finding, 'column')])).toEqual([
      ['LPX_TABLE_ROW', 1, 'schoolCode'],
      ['LPX_TABLE_ROW', 2, 'schoolName'],
    ]);
  });
});
