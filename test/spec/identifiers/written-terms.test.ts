import { describe, expect, it } from 'vitest';
import { readDay, readSchoolYear, readTerm } from '#lpx/spec/identifiers/written-terms.js';
import fc from '../../support/properties.js';

const two = (value: number): string => String(value).padStart(2, '0');
const wide = (text: string): string => text.replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0));

/** Every form in which a clerk writes a day of the Republic. */
const forms = (year: number, month: number, day: number): string[] => {
  const roc = String(year - 1911);
  const parted = [...'-/.'].flatMap((sign) => [
    [year, month, day].join(sign),
    [year, two(month), two(day)].join(sign),
    [roc, month, day].join(sign),
    [roc, two(month), two(day)].join(sign),
  ]);
  const plain = [
    ...parted,
    `${year}${two(month)}${two(day)}`,
    `${roc}${two(month)}${two(day)}`,
    `${year}年${month}月${day}日`,
    `民國${roc}年${month}月${day}日`,
    `中華民國 ${roc} 年 ${month} 月 ${day} 日`,
  ];
  return [...plain, ...plain.map(wide), ...plain.map((text) => `　${text} `)];
};

describe('a day as people write it', () => {
  it('is read in every form of every day, in years of the Republic and Western ones', () => {
    const days = fc.date({ min: new Date('2011-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(days, (date) => {
        const day = date.toISOString().slice(0, 10);
        const read = forms(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()).map(readDay);
        expect(new Set(read)).toEqual(new Set([day]));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    '',
    '2021-02-29',
    '110/13/01',
    '1101301',
    '21/1/22',
    '990122',
    '110-1',
    '0110/01/22',
    '1899-12-30',
    '民國前1年1月1日',
    '-1/1/1',
  ])('is none when the calendar has no such day, or its year may be of either: %s', (text) => expect(readDay(text)).toBeUndefined());

  it.each(['2021-01-22 08:00', '2021-01-22x', 'on 2021-01-22', `2021-01-22${' '.repeat(40)}`])('is nothing but a day: %j', (text) => {
    expect(readDay(text)).toBeUndefined();
  });

  it('is a day or none, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(readDay(text) ?? '2000-01-01').toMatch(/^\d{4}-\d\d-\d\d$/);
      }),
    );
  });
});

describe('a term as people write it', () => {
  it('is read in every form of every term', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 199 }), fc.integer({ min: 1, max: 2 }), (year, semester) => {
        const chinese = '一二'[semester - 1];
        const half = '上下'[semester - 1];
        const written = [
          ...[`${year}${semester}`, `${year}-${semester}`, `${year}/${semester}`, `${year}.${semester}`, `${year}0${semester}`],
          ...[
            `${year}學年度第${semester}學期`,
            `${year}學年度第${chinese}學期`,
            `${year} 學年度 第 ${semester} 學期`,
            `${year}學年第${chinese}學期`,
          ],
          ...[`${year}學年度${half}學期`, `${year}${half}`],
        ];
        const read = [...written, ...written.map(wide)].map(readTerm);
        expect(new Set(read)).toEqual(new Set([`${year}${semester}`]));
      }),
    );
  });

  it.each(['', '109', '1095', '1090', '109-5', '2021-1', '10912', '第1學期', '109學年度'])('is none: %j', (text) => {
    expect(readTerm(text)).toBeUndefined();
  });
});

describe('a school year as people write it', () => {
  it.each([
    ['109', 109],
    ['１０９', 109],
    ['109學年度', 109],
    ['民國 109 學年', 109],
    ['0', undefined],
    ['2020', undefined],
    ['x', undefined],
  ])('%s is %s', (text, year) => {
    expect(readSchoolYear(text)).toBe(year);
  });
});
