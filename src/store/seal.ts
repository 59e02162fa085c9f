/** Detects a row that changed since it was stored, by a bit of the disk or by another program. */
import { createHash } from 'node:crypto';

const RECORD = [
  'student_id',
  'history_id',
  'list',
  'record_key',
  'content',
  'origin_school_code',
  'course_code',
  'fields',
  'extras',
  'document_sha256',
  'document_name',
  'document_type',
  'media_sha256',
  'media_name',
  'media_type',
] as const;

/** The columns that are under seal, in the order they are hashed in. A CRC-32 is not: it comes later, and an export checks it. */
export const SEALED = {
  school: ['code', 'name', 'shared_group'],
  students: ['national_id', 'basic_data', 'extras', 'extended_years'],
  attachments: ['sha256', 'md5', 'bytes'],
  own_records: RECORD,
  received_records: RECORD,
} as const;

export type SealedTable = keyof typeof SEALED;

/** The columns of a row that its seal covers. */
export type SealedRow<T extends SealedTable> = Readonly<Record<(typeof SEALED)[T][number], unknown>>;

const LEAVING_AND_ROLL = ['removed_by', 'left_as', 'left_on', 'listed', 'student_number', 'class_name', 'seat'] as const;

/** Columns that came after the seal: under it where they say something, so that the seals of rows from before hold. */
const SEALED_LATER = [...LEAVING_AND_ROLL, 'owed', 'repairs', 'holds'] as const;

/** Those of students. */
export const STUDENT_SEALED_LATER = [...LEAVING_AND_ROLL, 'holds'] as const;

/** The seal of a row: SHA-256 over its values, 64 hex digits. */
export function sealOf<T extends SealedTable>(table: T, row: SealedRow<T>): string {
  const columns = row as Readonly<Record<string, unknown>>;
  const values = SEALED[table].map((column) => asStored(columns[column]));
  const later = SEALED_LATER.flatMap((column) => (columns[column] ? [column, asStored(columns[column])] : []));
  return createHash('sha256')
    .update(JSON.stringify([...values, ...later]))
    .digest('hex');
}

/** A value as every engine stores it: half of a surrogate pair is not UTF-8, and NUL ends a text or is refused; each becomes U+FFFD. */
export const asStored = <T>(value: T): T | string => (typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value);

/** The row with its seal, as it is stored. */
export const sealed = <T extends SealedTable, R extends SealedRow<T>>(table: T, row: R): R & { readonly seal: string } => ({
  ...row,
  seal: sealOf(table, row),
});
