/** Which records of a student an exchange carries, and which stay at home. */
import {
  countsOf,
  halfOf,
  isCourseResult,
  type Portfolio,
  type PortfolioRecord,
  SLOTS,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../../spec/portfolio.js';
import { unfitness } from '../../spec/rules/eligibility.js';
import type { ExchangeReason } from '../../spec/status-changes.js';
import type { Provenance, Store, StoredAttachment, StoredStudent } from '../../store/store.js';
import type { ExportRequest, LeftOut } from '../export.js';

export type Selected = Portfolio<StoredAttachment> & {
  readonly ownRecords: ReadonlySet<PortfolioRecord<StoredAttachment>>;
  /** Contents that the store has lost or not whole, by SHA-256; looked for only where records may go without their files. */
  readonly lost: ReadonlySet<string>;
};

export interface Selection {
  readonly portfolio: Selected;
  readonly leftOut: readonly LeftOut[];
}

/** What an exchange carries of a student. Where records may go without their files, every file is read. */
export async function select(
  { school, attachments }: Store,
  { basicData, extras, records }: StoredStudent,
  { terms, reason, acceptPartial }: ExportRequest,
): Promise<Selection> {
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
  const lost = acceptPartial ? await lostOf(attachments, chosen) : new Set<string>();
  const portfolio: Selected = { basicData: { ...basicData, schoolCode: school.code }, extras, records: chosen, ownRecords, lost };
  return { portfolio, leftOut };
}

/** The contents of records that the store has lost or not whole, by SHA-256. */
async function lostOf(attachments: Store['attachments'], records: readonly PortfolioRecord<StoredAttachment>[]): Promise<Set<string>> {
  const contents = new Set(records.flatMap((record) => SLOTS.flatMap((slot) => record[slot]?.sha256 ?? [])));
  const lost = new Set<string>();
  for (const sha256 of contents) if ((await attachments.check(sha256)) !== 'sound') lost.add(sha256);
  return lost;
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
