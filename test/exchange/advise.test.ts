import { describe, expect, it } from 'vitest';
import { advise } from '#lpx/exchange/advise.js';
import { GUIDE_PAGES, STATUS_CHANGES, type StatusChange } from '#lpx/spec/status-changes.js';

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
