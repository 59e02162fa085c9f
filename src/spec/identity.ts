/**
 * What makes two records the same (docs/spec.md#identity). The key says which thing a record is about; the content
 * says the same of it. Flags that the reason of an export sets, and the term in which a school submits
 * it, are not content: they change as a record travels.
 */
import { createHash } from 'node:crypto';
import type { Difference } from '../errors.js';
import type { JsonValue, PortfolioRecord } from './portfolio.js';
import { linkPropertyOf, SLOTS, wireListOf } from './portfolio.js';

export interface RecordIdentity {
  /** SHA-256 over list, key fields and creation time (or files, where there is no time). */
  readonly key: string;
  /** SHA-256 over everything the record says. */
  readonly content: string;
}

/** Fields that are no content: they change as a record travels. */
export const TRAVELLING: ReadonlySet<string> = new Set(['beforeTransfer', 'duringBorrowedStudy', 'submittedTerm']);

/** The identity of a record whose attachments are known by SHA-256. */
export function identityOf(record: PortfolioRecord<{ readonly sha256: string }>): RecordIdentity {
  const fields = record.fields as unknown as Record<string, JsonValue>;
  const files = [record.document?.sha256 ?? '', record.media?.sha256 ?? ''];
  const keyFields = wireListOf(record.list)
    .properties.filter((property) => property.key)
    .map((property) => fields[property.name]);
  const compared = Object.fromEntries(Object.entries(fields).filter(([name]) => !TRAVELLING.has(name)));
  return {
    key: sha256([record.list, keyFields, fields.createdAt || files] as JsonValue),
    content: sha256([record.list, compared, record.extras, files] as JsonValue),
  };
}

interface ComparedFile {
  readonly sha256: string;
  readonly md5: string;
  readonly name: string;
}

/** Everything in which the contents of two forms of a record differ, in the order of the spec. */
export function differencesOf<A extends ComparedFile>(stored: PortfolioRecord<A>, received: PortfolioRecord<A>): Difference[] {
  const list = wireListOf(received.list);
  const [a, b] = [stored.fields, received.fields] as unknown as [Record<string, JsonValue>, Record<string, JsonValue>];
  const ofFields = list.properties
    .filter(({ name, role }) => !role && !TRAVELLING.has(name) && canonical(a[name] ?? '') !== canonical(b[name] ?? ''))
    .map(({ name, wire }) => ({ property: wire, stored: textOf(a[name]), received: textOf(b[name]) }));
  const ofFiles = SLOTS.flatMap((slot) => {
    const property = linkPropertyOf(list, slot);
    const isSame = stored[slot]?.sha256 === received[slot]?.sha256;
    return property === undefined || isSame ? [] : [{ property, stored: fileText(stored[slot]), received: fileText(received[slot]) }];
  });
  const ofExtras = [...new Set([...Object.keys(stored.extras), ...Object.keys(received.extras)])]
    .filter((name) => canonical(stored.extras[name] ?? null) !== canonical(received.extras[name] ?? null))
    .map((name) => ({ property: name, stored: textOf(stored.extras[name]), received: textOf(received.extras[name]) }));
  return [...ofFields, ...ofFiles, ...ofExtras];
}

const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);

/** Names may be the same where contents are not. */
const fileText = (file: ComparedFile | null): string => (file ? `${file.name} (MD5 ${file.md5})` : '');

const sha256 = (value: JsonValue): string => createHash('sha256').update(canonical(value)).digest('hex');

/** JSON with sorted keys, so that the order of properties does not matter. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
