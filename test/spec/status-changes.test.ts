import { describe, expect, it } from 'vitest';
import { advise, DUTIES, endedBefore, GUIDE_PAGES, PORTFOLIO_ITEMS, STATUS_CHANGES, type StatusChange } from '#lpx/spec/status-changes.js';

/** The guide's matrix, part FOUR: who records, certifies, exports, imports, submits. */
const MATRIX: Readonly<Record<StatusChange, Readonly<Record<string, readonly string[]>>>> = {
  repeat: {
    basicData: ['school', 'nobody', 'nobody', 'nobody', 'school'],
    courseRecords: ['school', 'nobody', 'nobody', 'nobody', 'school'],
    courseResults: ['student', 'teacher', 'nobody', 'nobody', 'school'],
    multiPerformances: ['student', 'nobody', 'nobody', 'nobody', 'school'],
  },
  suspension: {
    basicData: ['school', 'nobody', 'nobody', 'nobody', 'school'],
    courseRecords: ['school', 'nobody', 'nobody', 'nobody', 'school'],
    courseResults: ['student', 'teacher', 'nobody', 'nobody', 'school'],
    multiPerformances: ['student', 'nobody', 'nobody', 'nobody', 'school'],
  },
  transfer: {
    basicData: ['bothSchools', 'nobody', 'nobody', 'nobody', 'bothSchools'],
    courseRecords: ['oldSchool', 'nobody', 'nobody', 'nobody', 'oldSchool'],
    courseResults: ['student', 'teacher', 'oldSchool', 'newSchool', 'newSchool'],
    multiPerformances: ['student', 'nobody', 'oldSchool', 'newSchool', 'newSchool'],
  },
  experimental: {
    basicData: ['bothSchools', 'nobody', 'nobody', 'nobody', 'bothSchools'],
    courseRecords: ['oldSchool', 'nobody', 'nobody', 'nobody', 'oldSchool'],
    courseResults: ['student', 'teacher', 'oldSchool', 'newSchool', 'newSchool'],
    multiPerformances: ['student', 'nobody', 'oldSchool', 'newSchool', 'newSchool'],
  },
  'borrowed-study': {
    basicData: ['homeSchool', 'nobody', 'nobody', 'nobody', 'homeSchool'],
    courseRecords: ['homeSchool', 'nobody', 'nobody', 'nobody', 'homeSchool'],
    courseResults: ['student', 'teacher', 'hostSchool', 'homeSchool', 'homeSchool'],
    multiPerformances: ['student', 'nobody', 'hostSchool', 'homeSchool', 'homeSchool'],
  },
};

describe('the guide’s matrix of status changes', () => {
  it.each(STATUS_CHANGES.flatMap((change) => PORTFOLIO_ITEMS.map((item) => [change, item] as const)))('%s, %s', (change, item) => {
    const { records, certifies, exports, imports, submits } = DUTIES[change][item];
    expect([records, certifies, exports, imports, submits]).toEqual(MATRIX[change][item]);
  });
});

describe('advice', () => {
  it.each<[StatusChange, string, boolean, string, string, string, string[]]>([
    ['transfer', '2020-01-20', true, 'withinYear', 'oldSchool', 'newSchool', ['1081']],
    ['transfer', '2020-02-10', true, 'withinYear', 'oldSchool', 'newSchool', ['1081']],
    ['transfer', '2020-04-01', true, 'withinYear', 'oldSchool', 'newSchool', ['1081', '1082']],
    ['transfer', '2020-07-15', true, 'withinYear', 'oldSchool', 'newSchool', ['1081', '1082']],
    ['transfer', '2020-08-10', false, 'afterYear', 'nobody', 'nobody', []],
    ['experimental', '2020-01-20', true, 'withinYear', 'oldSchool', 'newSchool', ['1081']],
    ['experimental', '2020-08-29', false, 'afterYear', 'nobody', 'nobody', []],
    ['borrowed-study', '2020-01-20', true, 'borrowedEnds', 'hostSchool', 'homeSchool', ['1081']],
    ['borrowed-study', '2020-06-30', true, 'borrowedEnds', 'hostSchool', 'homeSchool', ['1082']],
    ['borrowed-study', '2020-08-10', true, 'borrowedEnds', 'hostSchool', 'homeSchool', ['1082']],
    ['suspension', '2020-01-20', false, 'sameSchool', 'nobody', 'nobody', []],
    ['repeat', '2020-09-01', false, 'sameSchool', 'nobody', 'nobody', []],
  ])('%s, left %s: an exchange %s, since %s', (change, left, exchange, why, exporter, importer, terms) => {
    expect(advise(change, left)).toMatchObject({ exchange, why, exporter, importer, terms });
  });

  it('for a suspension says whether picks wait or go in, by when it began', () => {
    expect(advise('suspension', '2020-01-20').steps).toContain('pickAfterReturn');
    expect(advise('suspension', '2020-08-10').steps).toContain('submitPicked');
  });

  it('for the weeks between lessons and the year’s end says that the schools should agree', () => {
    expect(advise('transfer', '2020-07-15').steps).toContain('summer');
    expect(advise('transfer', '2020-06-15').steps).not.toContain('summer');
  });

  it('after the year has ended leaves submitting to the old school', () => {
    expect(advise('transfer', '2020-08-10').duties.courseResults).toMatchObject({ exports: 'nobody', submits: 'oldSchool' });
  });

  it.each(STATUS_CHANGES)('for %s names the pages it stands on', (change) => {
    const { sources } = advise(change, '2020-01-20');
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) expect(GUIDE_PAGES[source]).not.toBe('');
  });
});

describe('records', () => {
  it.each([
    ['transfer', '1092', '2021-07-31', false],
    ['transfer', '1092', '2021-08-01', true],
    ['transfer', '1101', '2021-08-01', false],
    ['experimental', '1091', '2021-08-01', true],
    ['borrowed-study', '1092', '2021-08-01', false],
  ] as const)('for %s, newest %s, are of a year over by %s: %s', (change, newest, left, ended) => {
    expect(endedBefore(change, newest, left)).toBe(ended);
  });
});
