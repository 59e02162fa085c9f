/**
 * A register says less of a record than a platform does: what it leaves open is what the store has. Decides which stored record a row is
 * about; writes nothing.
 */
import type { Difference } from '../../errors.js';
import { differencesOf, TRAVELLING } from '../../spec/identity.js';
import { type JsonObject, type PortfolioRecord, SLOTS, wireListOf } from '../../spec/portfolio.js';
import type { StoredAttachment, StoredRecord } from '../store.js';

/** How a source's records are completed. */
export interface Completion<A extends StoredAttachment, R extends PortfolioRecord<A>> {
  /** The fields of a record that its source states; the others are defaults. */
  readonly statedOf: (record: R) => ReadonlySet<string>;
  /** A stored file as one of the source. */
  readonly attached: (attachment: StoredAttachment) => A;
  /** Called with what the source says otherwise than the platform, which stays. */
  readonly onKept: (record: R, differences: readonly Difference[]) => void;
}

/**
 * Each record with what its source leaves open taken from the stored record that it is about: the one that agrees in all that is stated,
 * else in the stated ones of the fields that tell records apart. Files that it does not bring are the stored one's. What the platform said of
 * a record stays, where it said something. One that fits no stored record stays as it is; two that fit the same one are two.
 */
export function completeRecords<A extends StoredAttachment, R extends PortfolioRecord<A>>(
  records: readonly R[],
  stored: readonly StoredRecord[],
  { statedOf, attached, onKept }: Completion<A, R>,
): R[] {
  const free = new Map<string, Set<StoredRecord>>();
  for (const candidate of stored) {
    const { list } = candidate.record;
    free.set(list, (free.get(list) ?? new Set()).add(candidate));
  }
  const claim = (record: R, names: readonly string[]): StoredRecord | undefined => {
    const candidates = free.get(record.list);
    const fields = fieldsOf(record);
    const match = [...(candidates ?? [])].find((candidate) => {
      const others = fieldsOf(candidate.record);
      return names.every((name) => fields[name] === others[name]);
    });
    if (match) candidates?.delete(match);
    return match;
  };
  const isCompared = (name: string) => !TRAVELLING.has(name);
  const keysOf = ({ list }: R) => new Set(wireListOf(list).properties.flatMap(({ key, name }) => (key ? [name] : [])));
  const same = records.map((record) => claim(record, [...statedOf(record)].filter(isCompared)));
  return records.map((record, i) => {
    const keys = keysOf(record);
    const match =
      same[i] ??
      claim(
        record,
        [...statedOf(record)].filter((name) => keys.has(name)),
      );
    if (!match) return record;
    const update = updated(record, statedOf(record), match.record, attached);
    if (!match.ofPlatform) return update;
    const kept = filledUp(update, match.record, attached);
    const differences = differencesOf(kept, update);
    if (differences.length > 0) onKept(kept, differences);
    return kept;
  });
}

const fieldsOf = (record: PortfolioRecord<unknown>): JsonObject => record.fields as unknown as JsonObject;

/** The stored record with what the source states. */
function updated<A extends StoredAttachment, R extends PortfolioRecord<A>>(
  record: R,
  stated: ReadonlySet<string>,
  held: PortfolioRecord<StoredAttachment>,
  attached: (attachment: StoredAttachment) => A,
): R {
  const own = Object.fromEntries(Object.entries(fieldsOf(record)).filter(([name]) => stated.has(name) && !TRAVELLING.has(name)));
  const files = SLOTS.map((slot) => {
    const file = held[slot];
    return [slot, record[slot] ?? (file ? attached(file) : null)] as const;
  });
  return { ...record, fields: { ...held.fields, ...own }, extras: { ...held.extras, ...record.extras }, ...Object.fromEntries(files) } as R;
}

/** The stored record, where it says something, and else what the update says. */
function filledUp<A extends StoredAttachment, R extends PortfolioRecord<A>>(
  update: R,
  held: PortfolioRecord<StoredAttachment>,
  attached: (attachment: StoredAttachment) => A,
): R {
  const said = Object.fromEntries(Object.entries(fieldsOf(held)).filter(([, value]) => value !== '' && value !== 0));
  const files = SLOTS.map((slot) => {
    const file = held[slot];
    return [slot, file ? attached(file) : update[slot]] as const;
  });
  return { ...update, fields: { ...update.fields, ...said }, ...Object.fromEntries(files) } as R;
}
