/**
 * A register says less of a record than a platform does: what it leaves open is what the store has. Decides which stored record a row is
 * about; writes nothing.
 */
import { TRAVELLING } from '../spec/identity.js';
import { type JsonObject, type PortfolioRecord, SLOTS, wireListOf } from '../spec/portfolio.js';
import type { StoredAttachment, StoredRecord } from './store.js';

/** The fields of a record that its source states; the others are defaults. */
type StatedOf<R> = (record: R) => ReadonlySet<string>;

/**
 * Each record with what its source leaves open taken from the stored record that it is about: the one that agrees in all that is stated,
 * else in the stated ones of the fields that tell records apart. Files that it does not bring are the stored one's. One that fits no stored
 * record stays as it is; two that fit the same one are two.
 */
export function completeRecords<A extends StoredAttachment, R extends PortfolioRecord<A>>(
  records: readonly R[],
  statedOf: StatedOf<R>,
  stored: readonly StoredRecord[],
  attached: (attachment: StoredAttachment) => A,
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
    return match ? completed(record, statedOf(record), match.record, attached) : record;
  });
}

const fieldsOf = (record: PortfolioRecord<unknown>): JsonObject => record.fields as unknown as JsonObject;

function completed<A extends StoredAttachment, R extends PortfolioRecord<A>>(
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
