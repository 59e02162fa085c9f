/** Compares incoming records with those a store holds of the same student. Decides nothing, writes nothing. */
import { type Finding, maskId } from '../errors.js';
import { identityOf } from '../spec/identity.js';
import { type PortfolioRecord, titleOf, wireListOf } from '../spec/portfolio.js';
import type { StoredAttachment, StoredRecord } from '../store/store.js';

/** What an incoming record is to the store. */
export interface Comparison<A extends StoredAttachment> {
  readonly record: PortfolioRecord<A>;
  readonly key: string;
  readonly content: string;
  readonly kind: 'new' | 'same' | 'changed';
  /** The stored record it is the same as, or a changed form of. */
  readonly stored?: StoredRecord;
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
  for (const one of stored) free.set(one.key, (free.get(one.key) ?? new Set()).add(one));
  const identified = incoming.map((record) => ({ record, ...identityOf(record) }));
  const claim = (key: string, fits: (one: StoredRecord) => boolean) => {
    const candidates = free.get(key);
    const match = [...(candidates ?? [])].find(fits);
    if (match) candidates?.delete(match);
    return match;
  };
  const same = identified.map(({ key, content }) => claim(key, (one) => one.content === content));
  return identified.map((one, i) => {
    const match = same[i];
    if (match) return { ...one, kind: 'same', stored: match };
    const changed = claim(one.key, () => true);
    return changed ? { ...one, kind: 'changed', stored: changed } : { ...one, kind: 'new' };
  });
}

/** The finding for a record that the store holds in another form. */
export function changedFinding(nationalId: string, record: PortfolioRecord<unknown>): Finding {
  return {
    code: 'LPX_RECORD_CHANGED',
    severity: 'error',
    where: `${maskId(nationalId)} ${wireListOf(record.list).wire}`,
    facts: { title: titleOf(record) },
  };
}
