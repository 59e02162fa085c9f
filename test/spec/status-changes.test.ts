import { describe, expect, it } from 'vitest';
import { DUTIES, endedBefore, PORTFOLIO_ITEMS, STATUS_CHANGES, type StatusChange } from '#lpx/spec/status-changes.js';

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
