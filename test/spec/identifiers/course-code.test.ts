import { describe, expect, it } from 'vitest';
import { COURSE_CODE_TABLES } from '#lpx/spec/codes.js';
import {
  COURSE_CODE_PARTS,
  entryYearFits,
  entryYearOfCourseCode,
  explainCourseCode,
  planOfCourseCode,
  schoolOfCourseCode,
} from '#lpx/spec/identifiers/course-code.js';
import fc from '../../support/properties.js';

const named = (code: string) => Object.fromEntries(explainCourseCode(code).parts.map(({ part, text, name }) => [part, name || text]));

describe('the 23 characters of a course code', () => {
  it('are explained as the guide explains its first example', () => {
    const explanation = explainCourseCode('1090603xxH11101A1010101');
    expect(explanation.wellFormed).toBe(true);
    expect(named('1090603xxH11101A1010101')).toEqual({
      entryYear: '109',
      school: '0603xx',
      courseType: '普通型',
      group: '學術群',
      department: '普通科',
      classGroup: 'A',
      category: '部定必修',
      delivery: '原班級',
      attribute: '一般科目',
      domain: '語文領域',
      subject: '國語文',
    });
  });

  it('are explained as the guide’s table explains its second example, which its text calls 數學: the code decides', () => {
    expect(named('1091904xxV233050102000B')).toEqual({
      entryYear: '109',
      school: '1904xx',
      courseType: '技術型',
      group: '電機與電子群',
      department: '資訊科',
      classGroup: '不分班群',
      category: '部定必修',
      delivery: '原班級',
      attribute: '專業科目',
      domain: '不分領域',
      subject: '微處理機',
    });
  });

  it('add up to the code again, whatever it is made of', () => {
    const code = fc.string({ unit: fc.constantFrom(...'0123456789ABCHVxyz'), minLength: 23, maxLength: 23 });
    fc.assert(
      fc.property(code, (text) => {
        const { parts, wellFormed } = explainCourseCode(text);
        expect(parts.map((part) => part.text).join('')).toBe(text);
        expect(wellFormed).toBe(/^[0-9]{3}[0-9A-Za-z]{6}[A-Z][0-9]{2}[0-9A-Z]{3}[0-9A-Z]{8}$/.test(text));
        expect(schoolOfCourseCode(text)).toBe(text.slice(3, 9));
        expect(planOfCourseCode(text)).toBe(text.slice(0, 9));
      }),
    );
    expect(COURSE_CODE_PARTS.reduce((sum, { length }) => sum + length, 0)).toBe(23);
  });

  it.each(['', '109', '109990001H11101A10101', '109990001H11101A10101012', '國語文'])(
    'are said to be malformed when they are not 23: %s',
    (text) => {
      expect(explainCourseCode(text).wellFormed).toBe(false);
    },
  );

  it('that no table knows are unknown, and those a school numbers itself are its own', () => {
    const kinds = Object.fromEntries(explainCourseCode('109990001Z99999B5A1ZZ11').parts.map(({ part, kind }) => [part, kind]));
    expect(kinds).toMatchObject({
      courseType: 'unknown',
      group: 'unknown',
      department: 'unknown',
      classGroup: 'value',
      domain: 'unknown',
      subject: 'value',
    });
  });

  it('name a subject by the ministry’s fixed code only for its own compulsory courses', () => {
    expect(named('109990001H11101A2010101').subject).toBe('01');
  });

  it('name a subject only within its domain: 01 is 國語文 under 01, and not under 02', () => {
    expect(named('109990001H11101A1010201').subject).toBe('01');
    expect(explainCourseCode('109990001H11101A1010201').parts.at(-1)?.kind).toBe('unknown');
  });

  it.each([
    [
      '109990001x11101A10101',
      [
        [10, 'x', 'form'],
        [22, '', 'missing'],
        [23, '', 'missing'],
      ],
    ],
    ['１09990001H11101A1010101', [[1, '１', 'form']]],
    [
      '109990001H11101A1010101zz',
      [
        [24, 'z', 'extra'],
        [25, 'z', 'extra'],
      ],
    ],
    ['109990001H11101a1010101', [[16, 'a', 'form']]],
    ['𠮷09990001H11101A1010101', [[1, '𠮷', 'form']]],
  ])('that are wrong are pointed at: %s', (code, faults) => {
    expect(explainCourseCode(code).faults.map(({ position, character, problem }) => [position, character, problem])).toEqual(faults);
  });
});

/** Spec 10, C12, value by value: what the guide [S], a vendor [K] and universities [U] name. */
const C12: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  courseType: { H: '普通型', V: '技術型', M: '綜合型', E: '實用技能學程' },
  group: { 11: '學術群', 21: '機械群', 22: '動力機械群', 23: '電機與電子群' },
  department: { 101: '普通科', 305: '資訊科' },
  classGroup: { 0: '不分班群' },
  category: {
    1: '部定必修',
    2: '校訂必修',
    3: '選修-加深加廣選修',
    4: '選修-補強性選修',
    5: '選修-多元選修',
    6: '選修-其他',
    7: '校訂選修',
    8: '團體活動時間',
    9: '彈性學習時間',
    A: '大學預修',
    B: '基礎訓練',
    C: '職前訓練',
    D: '寒暑假課程',
    E: '返校課程',
    F: '職業技能訓練',
  },
  delivery: {
    0: '原班級',
    1: '跨班選修(班群開課)',
    2: '綜高跨年級',
    A: '同科(學程)單班選修',
    B: '同科(學程)跨班選修',
    C: '同群跨科(學程)選修',
    D: '同校跨群選修',
    E: '跨校選修',
  },
  attribute: {
    0: '不分屬性',
    1: '一般科目',
    2: '專業科目',
    3: '實習科目',
    4: '專精科目',
    5: '專精科目(核心科目)',
    6: '加深加廣選修',
    A: '自主學習',
    B: '選手培訓',
    C: '充實補強(不授予學分)',
    D: '充實補強(授予學分)',
    E: '學校特色活動',
  },
  domain: {
    '00': '不分領域',
    '01': '語文領域',
    '02': '數學領域',
    '03': '社會領域',
    '04': '自然科學領域',
    '05': '藝術領域',
    '06': '綜合活動領域',
    '07': '科技領域',
    '08': '健康與體育領域',
    '09': '全民國防教育',
  },
  subject: { '0101': '國語文', '000B': '微處理機' },
};

describe('every value of a course code that a source names', () => {
  it('is in the tables, and no other', () => {
    expect(COURSE_CODE_TABLES).toEqual(C12);
  });

  const parts = COURSE_CODE_PARTS.filter(({ part }) => C12[part] && part !== 'subject');
  const values = parts.flatMap(({ part, offset, length }) =>
    Object.entries(C12[part] ?? {}).map(([text, name]) => [part, text, name, offset, length] as const),
  );
  it.each(values)('%s %s is shown as %s', (part, text, name, offset, length) => {
    const code = '109990001V23305A1021Z11'.padEnd(23, '1');
    const other = `${code.slice(0, offset)}${text}${code.slice(offset + length)}`;
    expect(explainCourseCode(other).parts.find((candidate) => candidate.part === part)).toMatchObject({ kind: 'named', text, name });
  });
});

describe('the entry year of a course code', () => {
  it('is its first three digits', () => {
    expect([entryYearOfCourseCode('109990001H'), entryYearOfCourseCode('x09'), entryYearOfCourseCode('10')]).toEqual([
      109,
      undefined,
      undefined,
    ]);
  });

  it.each<[string, string, number, number, number, boolean]>([
    ['the student’s own', '109', 109, 109, 1, true],
    ['the student’s own, two years on', '109', 109, 111, 3, true],
    ['a later one: a year was repeated', '110', 109, 110, 1, true],
    ['an earlier one, which the grade implies: the student’s year is the current one, or she transferred in', '109', 110, 110, 2, true],
    ['an earlier one, which nothing explains', '108', 109, 109, 1, false],
    ['an earlier one, of a grade that is not known', '108', 109, 109, -1, false],
    ['one that had not begun when the course was taken', '110', 109, 109, 1, false],
  ])('fits, or not: %s', (_, year, studentYear, academicYear, grade, fits) => {
    expect(entryYearFits(`${year}990001H11101A1010101`, { studentYear, academicYear, grade })).toBe(fits);
  });

  it('fits a course that crosses years in a comprehensive school', () => {
    expect(entryYearFits('108990001M11101A1210101', { studentYear: 109, academicYear: 109, grade: 1 })).toBe(true);
  });
});
