/** Compares incoming records with those a store holds of the same student. Decides nothing, writes nothing. */
import type { Finding } from '../errors.js';
import { identityOf } from '../spec/identity.js';
import { studentPlace } from '../spec/place.js';
import { type BasicData, isCourseResult, type PortfolioRecord, termOfRecord, titleOf, wireListOf } from '../spec/portfolio.js';
import type { StoredAttachment, StoredRecord } from './store.js';

/** How an incoming record relates to the store. */
export interface Comparison<A extends StoredAttachment> {
  readonly record: PortfolioRecord<A>;
  readonly key: string;
  readonly content: string;
  readonly kind: 'new' | 'same' | 'changed';
  /** The stored record it is the same as, or a changed form of. */
  readonly stored?: StoredRecord;
  /** A received record that a new one is likely to be another form of. */
  readonly resembles?: StoredRecord;
}

/**
 * Matches records one to one: first by content, then what is left by key. Two equal records in one package
 * are two records.
 */
export function compareRecords<A extends StoredAttachment>(
  incoming: readonly PortfolioRecord<A>[],
  stored: readonly StoredRecord[],
): Comparison<A>[] {
  const free = new Map<string, Set<StoredRecord>>();
  for (const record of stored) free.set(record.key, (free.get(record.key) ?? new Set()).add(record));
  const identified = incoming.map((record) => ({ record, ...identityOf(record) }));
  const claim = (key: string, fits: (candidate: StoredRecord) => boolean) => {
    const candidates = free.get(key);
    const match = [...(candidates ?? [])].find(fits);
    if (match) candidates?.delete(match);
    return match;
  };
  const same = identified.map(({ key, content }) => claim(key, (candidate) => candidate.content === content));
  const compared = identified.map((record, i): Comparison<A> => {
    const match = same[i];
    if (match) return { ...record, kind: 'same', stored: match };
    const changed = claim(record.key, () => true);
    return changed ? { ...record, kind: 'changed', stored: changed } : { ...record, kind: 'new' };
  });
  return withResemblances(
    compared,
    [...free.values()].flatMap((records) => [...records]),
  );
}

/**
 * A record that was changed and given a new date has another key. What has the same school, course, term and title as a
 * received record that the package does not bring, and the same brief or a file of it, is likely to be that one.
 */
function withResemblances<A extends StoredAttachment>(
  comparisons: readonly Comparison<A>[],
  left: readonly StoredRecord[],
): Comparison<A>[] {
  const received = new Map<string, StoredRecord[]>();
  for (const stored of left.filter(({ provenance }) => provenance === 'received')) {
    const subject = subjectOf(stored.record);
    received.set(subject, [...(received.get(subject) ?? []), stored]);
  }
  return comparisons.map((comparison) => {
    const { kind, record } = comparison;
    const resembles = kind === 'new' ? received.get(subjectOf(record))?.find((stored) => sharesContent(stored.record, record)) : undefined;
    return resembles ? { ...comparison, resembles } : comparison;
  });
}

const subjectOf = (record: PortfolioRecord<unknown>): string =>
  JSON.stringify([
    record.list,
    record.fields.originSchoolCode,
    isCourseResult(record) ? record.fields.courseCode : '',
    termOfRecord(record),
    titleOf(record),
  ]);

function sharesContent(a: PortfolioRecord<StoredAttachment>, b: PortfolioRecord<StoredAttachment>): boolean {
  const briefOf = ({ fields }: PortfolioRecord<unknown>) => (fields as { readonly brief?: string }).brief ?? '';
  const filesOf = ({ document, media }: PortfolioRecord<StoredAttachment>) => [document?.sha256, media?.sha256];
  return (
    (briefOf(a) !== '' && briefOf(a) === briefOf(b)) || filesOf(a).some((sha256) => sha256 !== undefined && filesOf(b).includes(sha256))
  );
}

/** The finding for a new record that looks like a received one. @param ref the reference of that one */
export const resemblesFinding = (basicData: BasicData, record: PortfolioRecord<unknown>, ref: string): Finding => ({
  ...changedFinding(basicData, record),
  code: 'LPX_RECORD_RESEMBLES',
  severity: 'note',
  facts: { ref },
});

/** The finding for a record of the platform that a package brought in another form. */
export function changedFinding(basicData: BasicData, record: PortfolioRecord<unknown>): Finding {
  return {
    code: 'LPX_RECORD_CHANGED',
    severity: 'error',
    place: { ...studentPlace(basicData), list: wireListOf(record.list).wire, title: titleOf(record) },
    facts: { newer: 'unknown', resolution: 'load' },
  };
}
