/** Rows of students and times, read with the certainty that they are what was stored. */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { LpxError, type Place } from '../errors.js';
import type { BasicData, JsonObject } from '../spec/portfolio.js';
import { asStored, sealed, sealOf } from './seal.js';
import type { BasicDataChange, Leaving, RollEntry } from './store.js';
import type { Row } from './table-rows.js';
import type { Tables } from './tables.js';

/** What a row of a student must have to be known as intact. */
export type StudentRow = Omit<Selectable<Tables['students']>, 'id' | 'id_key'>;

export interface StudentRef {
  readonly id: number;
  readonly nationalId: string;
  readonly folder: string;
}

/** A student's data of a row that is as it was stored. @throws LPX_STORE_DAMAGED */
export function basicDataOf(row: StudentRow, folder: string): BasicData {
  const student = { nationalId: row.national_id, folder };
  if (row.seal !== sealOf('students', row)) throw damaged(student);
  const basicData = orDamaged(student, () => objectIn<BasicData>(row.basic_data));
  if (asStored(basicData.nationalId) !== row.national_id) throw damaged(student);
  return basicData;
}

/** A student whose row is to be changed; `noted` gets the row as it was, and the columns. */
export interface StudentToUpdate {
  readonly id: number;
  readonly folder: string;
  readonly noted: (table: 'students', row: Row, columns: Row) => Promise<void>;
}

/** Changes columns of a student whose row is intact. @throws LPX_STORE_DAMAGED */
export async function updateStudentRow(
  db: Kysely<Tables> | Transaction<Tables>,
  { id, folder, noted }: StudentToUpdate,
  columns: Partial<StudentRow>,
): Promise<void> {
  const before = await db.selectFrom('students').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const { id: _, ...row } = before;
  basicDataOf(row, folder);
  await noted('students', before, columns as Row);
  await db
    .updateTable('students')
    .set(sealed('students', { ...row, ...columns }))
    .where('id', '=', id)
    .execute();
}

/** The properties of basic data that are other than before. */
export const changesBetween = (before: BasicData, after: BasicData): BasicDataChange[] =>
  (Object.keys(after) as (keyof BasicData)[])
    .filter((property) => before[property] !== after[property])
    .map((property) => ({ property, from: before[property], to: after[property] }));

/** Whether and how the student of a row has left. */
export const leavingOf = ({ left_as, left_on }: StudentRow): Leaving | undefined =>
  left_as === '' ? undefined : { as: left_as, on: left_on };

/** What lists say of the student of a row. */
export const rollEntryOf = ({ student_number, class_name, seat }: StudentRow): RollEntry => ({
  studentNumber: student_number,
  className: class_name,
  seat,
});

/** The columns that this is in. */
export const ROLL_COLUMNS: ReadonlySet<string> = new Set(['student_number', 'class_name', 'seat']);

/** The object that a column has as JSON; only its form is certain. @throws for anything else */
export function objectIn<T = JsonObject>(json: string): T {
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('A column has no object.');
  return value as T;
}

/** The list of objects that a column has as JSON; only its form is certain. @throws for anything else */
export function listIn<T>(json: string): T[] {
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'object' && item !== null))
    throw new TypeError('A column has no list of objects.');
  return value;
}

/** What `read` makes of a row: where it fails, the row is not what was stored. @throws LPX_STORE_DAMAGED */
export function orDamaged<T>(student: Omit<StudentRef, 'id'>, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw damaged(student, {}, error);
  }
}

export const damaged = ({ nationalId, folder }: Omit<StudentRef, 'id'>, record: Place = {}, cause?: unknown): LpxError =>
  new LpxError('LPX_STORE_DAMAGED', { folder, part: 'stored' }, { cause, place: { student: nationalId, ...record } });

/** A time of the history. @throws LPX_STORE_DAMAGED */
export function storedTime(text: string, { folder, nationalId }: { readonly folder: string; readonly nationalId?: string }): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw nationalId === undefined ? new LpxError('LPX_STORE_DAMAGED', { folder, part: 'historyTime' }) : damaged({ folder, nationalId });
}
