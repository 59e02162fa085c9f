import { describe, expect, it } from 'vitest';
import {
  dayOf,
  hasTerm,
  isDay,
  isInSummer,
  isTerm,
  lastDayOf,
  parseTerm,
  rocDay,
  taipeiTime,
  termOf,
  termOn,
  termTaughtBy,
} from '#lpx/spec/terms.js';
import fc from '../support/properties.js';

describe('an academic term', () => {
  it.each([
    ['1081', true],
    ['1084', true],
    ['1085', false],
    ['108', false],
    ['10812', false],
    ['', false],
  ])('%s: %s', (text, is) => {
    expect(isTerm(text)).toBe(is);
    expect(parseTerm(text) !== undefined).toBe(is);
  });

  it('is three digits of the ROC year and one of the semester', () => {
    expect([termOf(108, 1), termOf(99, 2)]).toEqual(['1081', '0992']);
  });

  it('comes out of its parts as it went in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 4 }), (academicYear, semester) => {
        expect(parseTerm(termOf(academicYear, semester))).toEqual({ academicYear, semester });
      }),
    );
  });

  it('is none when it is empty or 0000', () => {
    expect([hasTerm(''), hasTerm('0000'), hasTerm('1081')]).toEqual([false, false, true]);
  });
});

describe('a day', () => {
  it.each([
    ['2020-02-29', true],
    ['2021-02-29', false],
    ['2020-13-01', false],
    ['2020-1-20', false],
    ['2020/01/20', false],
    ['', false],
  ])('%s: %s', (text, is) => {
    expect(isDay(text)).toBe(is);
  });

  // 各級學校學生學年學期假期辦法 2 and 3: from 1 August, 1 February.
  it.each([
    ['2019-08-01', 108, 1],
    ['2020-01-31', 108, 1],
    ['2020-02-01', 108, 2],
    ['2020-07-31', 108, 2],
    ['2020-08-01', 109, 1],
  ])('%s lies in school year %i, semester %i', (day, academicYear, semester) => {
    expect(termOn(day)).toEqual({ academicYear, semester });
  });

  // 4: holidays from 21 January to 10 February and from 1 July to 29 August.
  it.each([
    ['2020-01-20', 108, 1],
    ['2020-02-10', 108, 1],
    ['2020-02-11', 108, 2],
    ['2020-08-29', 108, 2],
    ['2020-08-30', 109, 1],
  ])('%s comes after lessons of year %i, semester %i', (day, academicYear, semester) => {
    expect(termTaughtBy(day)).toEqual({ academicYear, semester });
  });

  it('in the summer before the school year’s end is distinguished from others', () => {
    expect(['2020-06-30', '2020-07-01', '2020-07-31', '2020-08-01'].map(isInSummer)).toEqual([false, true, true, false]);
  });

  it('at the end of a school year is the last of it', () => {
    expect(lastDayOf(108)).toBe('2020-07-31');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (year) => {
        expect(termOn(lastDayOf(year))).toEqual({ academicYear: year, semester: 2 });
      }),
    );
  });

  it('of a moment is Taiwan’s, whatever the computer’s time zone', () => {
    const zone = process.env.TZ;
    for (const TZ of ['UTC', 'America/Los_Angeles', 'Pacific/Kiritimati']) {
      process.env.TZ = TZ;
      expect(['2021-01-05T15:59:59Z', '2021-01-05T16:00:00Z'].map((at) => dayOf(new Date(at)))).toEqual(['2021-01-05', '2021-01-06']);
      expect(taipeiTime(new Date('2021-01-05T15:59:07.900Z'))).toBe('2021-01-05 23:59:07');
    }
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('in a register is seven digits of ROC year, month and day', () => {
    expect(['2005/03/09', '2021-01-10 14:03:22', '', '//'].map(rocDay)).toEqual(['0940309', '1100110', '', '']);
  });
});
