/** Compares incoming records with those a store holds of the same student. Decides nothing, writes nothing. */
import type { Finding } from '../../errors.js';
import { identityOf } from '../../spec/identity.js';
import { studentPlace } from '../../spec/place.js';
import {
  type BasicData,
  isCourseResult,
  type PortfolioRecord,
  type Slot,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../../spec/portfolio.js';
import type { NewRecord, StoredAttachment, StoredRecord } from '../store.js';

/** How an incoming record relates to the store. */
export interface Comparison<A extends StoredAttachment> {
  readonly record: PortfolioRecord<A>;
  readonly key: string;
  readonly content: string;
  /** `paid`: the same as the stored one but for files that it brings and that the stored one is owed. */
  readonly kind: 'new' | 'same' | 'paid' | 'changed';
  /** The stored record it is the same as, but for files that either is owed, or a changed form of. */
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
  const owing = stored.filter(({ record }) => record.owed);
  const sameButOwed = identified.map(({ record }, i) => {
    if (same[i]) return undefined;
    const isFree = (candidate: StoredRecord) => free.get(candidate.key)?.has(candidate) === true;
    const match = (record.owed ? stored : owing).find((candidate) => isFree(candidate) && isSameButOwed(candidate.record, record));
    if (match) free.get(match.key)?.delete(match);
    return match;
  });
  const compared = identified.map((record, i): Comparison<A> => {
    const match = same[i];
    if (match) return { ...record, kind: 'same', stored: match };
    const agreeing = sameButOwed[i];
    if (agreeing) return { ...record, kind: paysOf(agreeing.record, record.record).length > 0 ? 'paid' : 'same', stored: agreeing };
    const changed = claim(record.key, () => true);
    return changed ? { ...record, kind: 'changed', stored: changed } : { ...record, kind: 'new' };
  });
  return withResemblances(
    compared,
    [...free.values()].flatMap((records) => [...records]),
  );
}

/**
 * Whether two records say the same but for files that one of them is owed and the other has, or is owed as well: as far as both know
 * the MD5 of such a file, it is the same.
 */
function isSameButOwed(stored: PortfolioRecord<StoredAttachment>, incoming: PortfolioRecord<StoredAttachment>): boolean {
  const owed = new Set([...(stored.owed ?? []), ...(incoming.owed ?? [])].map(({ slot }) => slot));
  if (owed.size === 0 || stored.list !== incoming.list) return false;
  const agrees = [...owed].every((slot) => {
    const [a, b] = [md5Known(stored, slot), md5Known(incoming, slot)];
    return a !== undefined && b !== undefined && (a === b || a === '' || b === '');
  });
  return agrees && identityOf(without(stored, owed)).content === identityOf(without(incoming, owed)).content;
}

/** The MD5 of a slot's file, there or owed; empty where it is not known, undefined where there is to be none. */
const md5Known = ({ owed = [], ...record }: PortfolioRecord<StoredAttachment>, slot: Slot): string | undefined =>
  record[slot]?.md5 ?? owed.find((file) => file.slot === slot)?.md5;

const without = (record: PortfolioRecord<StoredAttachment>, slots: ReadonlySet<Slot>): PortfolioRecord<StoredAttachment> => ({
  ...record,
  ...Object.fromEntries([...slots].map((slot) => [slot, null])),
});

/** The slots whose files a stored record is owed and an incoming one brings. */
const paysOf = ({ owed = [] }: PortfolioRecord<unknown>, incoming: PortfolioRecord<unknown>): Slot[] =>
  owed.map(({ slot }) => slot).filter((slot) => incoming[slot] !== null);

/** A stored record with the files that it was owed and that another one brings. */
export function paidRecord<A extends StoredAttachment>(
  stored: PortfolioRecord<StoredAttachment>,
  bringing: Partial<Record<Slot, A>>,
): NewRecord {
  const owed = (stored.owed ?? []).filter(({ slot }) => !bringing[slot]);
  const record = { ...stored, ...bringing, owed: owed.length > 0 ? owed : undefined } as PortfolioRecord<StoredAttachment>;
  return { record, ...identityOf(record) };
}

/** The files that an incoming record brings and a stored one is owed. */
export const paymentOf = (stored: PortfolioRecord<StoredAttachment>, incoming: PortfolioRecord<StoredAttachment>) =>
  Object.fromEntries(paysOf(stored, incoming).map((slot) => [slot, incoming[slot]])) as Partial<Record<Slot, StoredAttachment>>;

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
