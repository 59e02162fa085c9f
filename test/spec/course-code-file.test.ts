import { describe, expect, it } from 'vitest';
import { type CourseListing, formatCredits, listingFindings, listingsOf, parseCredits, termOfGrade } from '#lpx/spec/course-code-file.js';
import { factOf } from '../support/facts.js';
import fc from '../support/properties.js';

const CODE = '109990001H11101A1010101';
const listing: CourseListing = { code: CODE, subjectName: '國語文', credits: '444422' };
const course = { courseCode: CODE, subjectName: '國語文', grade: 1, gradeSemester: 1 };
const inProperty = (property: string) => ({ property });
const codesFor = (of: Partial<typeof course>, found: CourseListing | 'unlisted' | undefined = listing) =>
  listingFindings({ ...course, ...of }, () => found, inProperty).map(({ code, severity, place }) => [code, severity, place.property]);

describe('the credits of six terms', () => {
  // The guide's three examples, and its two codes.
  it.each([
    [
      '220000',
      [
        [1, 2],
        [2, 2],
      ],
    ],
    [
      '003300',
      [
        [3, 3],
        [4, 3],
      ],
    ],
    [
      '002222',
      [
        [3, 2],
        [4, 2],
        [5, 2],
        [6, 2],
      ],
    ],
    ['000300', [[4, 3]]],
    [
      '444422',
      [
        [1, 4],
        [2, 4],
        [3, 4],
        [4, 4],
        [5, 2],
        [6, 2],
      ],
    ],
  ])('%s', (text, terms) => {
    expect(parseCredits(text)).toEqual(terms.map(([term, credits]) => ({ term, credits, alternating: false })));
  });

  it('say that a course is offered by turns: 2B0000', () => {
    expect(parseCredits('2B0000')).toEqual([
      { term: 1, credits: 2, alternating: false },
      { term: 2, credits: 2, alternating: true },
    ]);
  });

  it.each([
    ...[...'123456789'].map((character, i) => [character, i + 1, false] as const),
    ...[...'ABCDEFGHI'].map((character, i) => [character, i + 1, true] as const),
    ['R', 10, false] as const,
    ['S', 11, false] as const,
    ['T', 12, false] as const,
  ])('%s is %i, by turns: %s', (character, credits, alternating) => {
    expect(parseCredits(`${character}00000`)).toEqual([{ term: 1, credits, alternating }]);
  });

  it.each(['', '22000', '2200000', 'J00000', 'U00000', '2-0000', 'a00000'])('%j are none', (text) => {
    expect(parseCredits(text)).toBeUndefined();
  });

  it('come out of their parts as they went in', () => {
    const credits = fc.string({ unit: fc.constantFrom(...'0123456789ABCDEFGHIRST'), minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(credits, (text) => {
        expect(formatCredits(parseCredits(text) ?? [])).toBe(text);
      }),
    );
  });

  it('belong to a grade and its semester', () => {
    expect([1, 2, 3].flatMap((grade) => [1, 2].map((semester) => termOfGrade(grade, semester)))).toEqual([1, 2, 3, 4, 5, 6]);
    expect([termOfGrade(0, 1), termOfGrade(4, 1), termOfGrade(1, 3), termOfGrade(-1, -1)]).toEqual(Array(4).fill(undefined));
  });
});

describe('a course code file', () => {
  it('is read with or without titles, empty rows passed over', () => {
    const rows = [[CODE, ' 國語文 ', '444422'], [''], ['', '', '']];
    expect(listingsOf(rows)).toEqual({ listings: [listing], findings: [] });
    expect(listingsOf([['課程代碼', '科目名稱', '授課學期學分'], ...rows])).toEqual({ listings: [listing], findings: [] });
  });

  it('names every wrong row by its number and column', () => {
    const rows = [
      [CODE, '國語文', '444422'],
      [CODE.slice(1), '數學', '220000'],
      [`${CODE.slice(0, 22)}2`, '', '220000'],
      [`${CODE.slice(0, 22)}3`, '數學', '22'],
    ];
    expect(
      listingsOf([...rows, [CODE, '國文', '444422']]).findings.map((finding) => [finding.place.row, factOf(finding, 'column')]),
    ).toEqual([
      [1, 'courseCode'],
      [2, 'subjectName'],
      [3, 'credits'],
      [4, 'twice'],
    ]);
  });
});

describe('a course result and its listing', () => {
  it('agree', () => {
    expect(codesFor({})).toEqual([]);
    expect(codesFor({ subjectName: '國 語文' })).toEqual([]);
  });

  it('that no file is here for have nothing to disagree about', () => {
    expect(listingFindings({ ...course, subjectName: 'x' }, () => undefined, inProperty)).toEqual([]);
  });

  it.each([
    ['a code that the file does not have', {}, 'unlisted' as const, ['LPX_COURSE_UNLISTED', 'warning', 'courseCode']],
    ['another subject', { subjectName: '國文' }, listing, ['LPX_COURSE_NAME_DIFFERS', 'warning', 'subjectName']],
    [
      'a term in which it is not taught',
      { grade: 2, gradeSemester: 1 },
      { ...listing, credits: '440000' },
      ['LPX_COURSE_TERM_DIFFERS', 'warning', 'gradeSemester'],
    ],
  ])('disagree on %s, which is a warning', (_, of, found, expected) => {
    expect(codesFor(of, found)).toEqual([expected]);
  });

  it('do not disagree on a term that is taught by turns, or that nobody gave', () => {
    expect(codesFor({ grade: 1, gradeSemester: 2 }, { ...listing, credits: '0B0000' })).toEqual([]);
    expect(codesFor({ grade: -1, gradeSemester: -1 }, { ...listing, credits: '440000' })).toEqual([]);
  });
});
