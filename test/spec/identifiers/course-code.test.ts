import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COURSE_CODE_PARTS, explainCourseCode, schoolOfCourseCode } from '#lpx/spec/identifiers/course-code.js';

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
});
