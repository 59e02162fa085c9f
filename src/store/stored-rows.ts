/** Rows of students and times, read with the certainty that they are what was stored. */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { LpxError, type Place } from '../errors.js';
import type { BasicData } from '../spec/portfolio.js';
import { asStored, sealed, sealOf } from './seal.js';
import type { Leaving, RollEntry } from './store.js';
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
  const basicData = orDamaged<BasicData>(student, () => JSON.parse(row.basic_data));
  if (asStored(basicData.nationalId) !== row.national_id) throw damaged(student);
  return basicData;
}

/** Changes columns of a student whose row is intact. @throws LPX_STORE_DAMAGED */
export async function updateStudentRow(
  db: Kysely<Tables> | Transaction<Tables>,
  folder: string,
  id: number,
  columns: Partial<StudentRow>,
): Promise<void> {
  const { id: _, ...row } = await db.selectFrom('students').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  basicDataOf(row, folder);
  await db
    .updateTable('students')
    .set(sealed('students', { ...row, ...columns }))
    .where('id', '=', id)
    .execute();
}

/** Whether and how the student of a row has left. */
export const leavingOf = ({ left_as, left_on }: StudentRow): Leaving | undefined =>
  left_as === '' ? undefined : { as: left_as, on: left_on };

/** What lists say of the student of a row. */
export const rollEntryOf = ({ student_number, class_name, seat }: StudentRow): RollEntry => ({
  studentNumber: student_number,
  className: class_name,
  seat,
});

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
