/** Which records a school neither exchanges nor submits (guide parts ONE and FOUR). */
import { isCourseResult, isMultiPerformance, type PortfolioRecord } from '../portfolio.js';
import { hasTerm } from '../terms.js';

export type Unfit = 'uncertified' | 'not-uploaded';

/** Why a record stays: a course result that its teacher has not certified, a multi-performance that was not uploaded. */
export function unfitness(record: PortfolioRecord<unknown>): Unfit | undefined {
  if (isCourseResult(record) && record.fields.certification !== '1') return 'uncertified';
  if (isMultiPerformance(record) && !hasTerm((record.fields as { uploadTerm?: string }).uploadTerm ?? '')) return 'not-uploaded';
  return undefined;
}
