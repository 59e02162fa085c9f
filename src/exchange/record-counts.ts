/** How much there is of what: the numbers that reports, lists and the history show. */
import { isCourseResult, isMultiPerformance, type PortfolioRecord, SLOTS } from '../spec/portfolio.js';

export interface RecordCounts {
  readonly courseResults: number;
  readonly multiPerformances: number;
  readonly attachments: number;
}

export function countsOf(records: readonly PortfolioRecord<unknown>[]): RecordCounts {
  return {
    courseResults: records.filter(isCourseResult).length,
    multiPerformances: records.filter(isMultiPerformance).length,
    attachments: records.reduce((sum, record) => sum + SLOTS.filter((slot) => record[slot]).length, 0),
  };
}
