import { expect, it } from 'vitest';
import type { Portfolio } from '#lpx/spec/portfolio.js';
import { SeenContents, type SeenFile } from '#lpx/spec/seen-contents.js';
import { smallPortfolio } from '../support/small-portfolio.js';

it('what a report shows has an end: the first student always, no others once there are 3,000 records', () => {
  const { records, ...student } = smallPortfolio() as unknown as Portfolio<SeenFile>;
  const withRecords = (count: number) => ({ ...student, records: Array(count).fill(records[0]) });
  const kept = (counts: readonly number[]) => {
    const seen = new SeenContents();
    for (const count of counts) seen.add(withRecords(count));
    return [seen.portfolios.map((portfolio) => portfolio.records.length), seen.isFull];
  };
  expect(kept([5000])).toEqual([[5000], false]);
  expect(kept([1000, 1000, 1000])).toEqual([[1000, 1000, 1000], false]);
  expect(kept([1000, 2001, 1])).toEqual([[1000], true]);
});
