/** Records that a school's platform no longer has of a student, and whether that is plausible. Decides nothing, writes nothing. */
import type { Finding } from '../../errors.js';
import { studentPlace } from '../../spec/place.js';
import { type BasicData, type ListName, type PortfolioRecord, termOfRecord, titleOf, wireListOf } from '../../spec/portfolio.js';
import type { StoredRecord } from '../store.js';
import { refOf } from './pickable-items.js';

/** What a document speaks of: a record outside of it is not missing. */
export interface Coverage {
  /** The lists that the document has of the student, empty ones too. */
  readonly lists: ReadonlySet<ListName>;
  /** The terms of all records of the document. */
  readonly terms: ReadonlySet<string>;
}

/** A larger part of a student's records is not taken out unasked: a partial export looks like that. */
const UNASKED_PART = 1 / 5;

/**
 * The school's own records of a student that the document should have and does not.
 * @param found the stored records that the document has
 */
export const missingRecords = (
  stored: readonly StoredRecord[],
  found: ReadonlySet<StoredRecord>,
  { lists, terms }: Coverage,
): StoredRecord[] =>
  stored.filter(
    (candidate) =>
      candidate.provenance === 'own' &&
      !found.has(candidate) &&
      lists.has(candidate.record.list) &&
      terms.has(termOfRecord(candidate.record)),
  );

/** Why records should not be taken out without asking: each a conflict; none when they may be. */
export function removalFindings(
  basicData: BasicData,
  missing: readonly StoredRecord[],
  stored: readonly StoredRecord[],
  incoming: readonly PortfolioRecord<unknown>[],
): Finding[] {
  const own = stored.filter(({ provenance }) => provenance === 'own').length;
  const place = studentPlace(basicData);
  const emptied = [...new Set(missing.map(({ record }) => record.list))].filter((list) => incoming.every((record) => record.list !== list));
  const asked: Finding[] = [
    ...emptied.map((list): Finding => {
      const count = missing.filter(({ record }) => record.list === list).length;
      return {
        code: 'LPX_LIST_EMPTIED',
        severity: 'error',
        place: { ...place, list: wireListOf(list).wire },
        facts: { count },
      };
    }),
    ...(missing.length > own * UNASKED_PART
      ? [{ code: 'LPX_MANY_MISSING', severity: 'error', place, facts: { count: missing.length, total: own } } as const]
      : []),
    ...missing
      .filter(({ picked }) => picked)
      .map((record): Finding => ({ code: 'LPX_PICK_MISSING', severity: 'error', place: placeOf(basicData, record), facts: {} })),
  ];
  const named = missing.map(
    (record): Finding => ({ code: 'LPX_RECORD_MISSING', severity: 'note', place: placeOf(basicData, record), facts: {} }),
  );
  return asked.length === 0 ? [] : [...asked, ...named];
}

const placeOf = (basicData: BasicData, stored: StoredRecord) => ({
  ...studentPlace(basicData),
  list: wireListOf(stored.record.list).wire,
  ref: refOf(stored),
  title: titleOf(stored.record),
});
