/** The student of a store who has to be there. */
import { LpxError } from '../errors.js';
import type { Store, StoredStudent } from './store.js';

/** @throws LPX_NOT_IN_STORE */
export async function studentIn(store: Pick<Store, 'student'>, nationalId: string): Promise<StoredStudent> {
  const student = await store.student(nationalId);
  if (!student) throw new LpxError('LPX_NOT_IN_STORE', {}, { place: { student: nationalId } });
  return student;
}
