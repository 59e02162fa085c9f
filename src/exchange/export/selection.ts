/** Which records of a student an exchange carries, and which stay at home. */
import {
  countsOf,
  halfOf,
  isCourseResult,
  type Portfolio,
  type PortfolioRecord,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../../spec/portfolio.js';
import { unfitness } from '../../spec/rules/eligibility.js';
import type { ExchangeReason } from '../../spec/status-changes.js';
import type { Provenance, StoredAttachment, StoredStudent } from '../../store/store.js';
import type { ExportRequest, LeftOut } from '../export.js';

export type Selected = Portfolio<StoredAttachment> & { readonly ownRecords: ReadonlySet<PortfolioRecord<StoredAttachment>> };

export interface Selection {
  readonly portfolio: Selected;
  readonly leftOut: readonly LeftOut[];
}

export function select({ basicData, extras, records }: StoredStudent, schoolCode: string, { terms, reason }: ExportRequest): Selection {
  const chosen: PortfolioRecord<StoredAttachment>[] = [];
  const ownRecords = new Set<PortfolioRecord<StoredAttachment>>();
  const leftOut: LeftOut[] = [];
  for (const { record, provenance } of records) {
    const why = reasonToLeaveOut(record, terms);
    if (why) {
      leftOut.push({
        nationalId: basicData.nationalId,
        name: basicData.name,
        list: wireListOf(record.list).wire,
        title: titleOf(record),
        term: termOfRecord(record),
        reason: why,
      });
      continue;
    }
    const exported = flagged(record, reason, provenance);
    chosen.push(exported);
    if (provenance === 'own') ownRecords.add(exported);
  }
  const portfolio: Selected = { basicData: { ...basicData, schoolCode }, extras, records: chosen, ownRecords };
  return { portfolio, leftOut };
}

function reasonToLeaveOut(record: PortfolioRecord<unknown>, terms: readonly string[]): LeftOut['reason'] | undefined {
  const unfit = unfitness(record);
  if (unfit) return unfit;
  // Cadre posts belong to the basic data, which travel whole.
  return halfOf(record) && terms.length > 0 && !terms.includes(termOfRecord(record)) ? 'other-term' : undefined;
}

/** The reason of the exchange says under which circumstances the receiving school has a course result (docs/spec.md#q14). */
function flagged(
  record: PortfolioRecord<StoredAttachment>,
  reason: ExchangeReason,
  provenance: Provenance,
): PortfolioRecord<StoredAttachment> {
  if (!isCourseResult(record)) return record;
  // All a student leaves with lies before the transfer; only what was learnt here was learnt on loan here.
  if (reason !== 'borrowed-study') return { ...record, fields: { ...record.fields, beforeTransfer: true } };
  return provenance === 'own' ? { ...record, fields: { ...record.fields, duringBorrowedStudy: true } } : record;
}

/** Cadre posts alone are not a reason for an exchange. */
export function hasSubstance({ records }: Selected): boolean {
  const { courseResults, multiPerformances } = countsOf(records);
  return courseResults + multiPerformances > 0;
}

/** The newest term of what is exchanged. */
export const newestTermOf = ({ records }: Pick<Selected, 'records'>): string =>
  records
    .filter((record) => halfOf(record))
    .map(termOfRecord)
    .sort()
    .at(-1) ?? '';
