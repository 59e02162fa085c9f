/**
 * What makes two records the same (docs/spec.md#identity). The key says which thing a record is about; the content
 * says what it tells of it. Flags that the reason of an export sets, and the term in which a school submits
 * it, are not content: they change as a record travels.
 */
import { createHash } from 'node:crypto';
import type { JsonValue, PortfolioRecord } from './portfolio.js';
import { wireListOf } from './portfolio.js';

export interface RecordIdentity {
  /** SHA-256 over list, key fields and creation time (or files, where there is no time). */
  readonly key: string;
  /** SHA-256 over everything the record says. */
  readonly content: string;
}

const TRAVELLING: ReadonlySet<string> = new Set(['beforeTransfer', 'duringBorrowedStudy', 'submittedTerm']);

/** The identity of a record whose attachments are known by SHA-256. */
export function identityOf(record: PortfolioRecord<{ readonly sha256: string }>): RecordIdentity {
  const fields = record.fields as unknown as Record<string, JsonValue>;
  const files = [record.document?.sha256 ?? '', record.media?.sha256 ?? ''];
  const keyFields = wireListOf(record.list)
    .properties.filter((property) => property.key)
    .map((property) => fields[property.name]);
  const told = Object.fromEntries(Object.entries(fields).filter(([name]) => !TRAVELLING.has(name)));
  return {
    key: sha256([record.list, keyFields, fields.createdAt || files] as JsonValue),
    content: sha256([record.list, told, record.extras, files] as JsonValue),
  };
}

const sha256 = (value: JsonValue): string => createHash('sha256').update(canonical(value)).digest('hex');

/** JSON with sorted keys, so that the order of properties does not matter. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`;
}
