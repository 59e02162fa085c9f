/** The student of a store who has to be there. */
import { type Finding, LpxError } from '../errors.js';
import { canonicalCode } from '../spec/identifiers/plain.js';
import type { Store, StoredStudent, StudentSummary } from '../store/store.js';

/** @throws LPX_NOT_IN_STORE */
export async function studentIn(store: Pick<Store, 'student'>, nationalId: string): Promise<StoredStudent> {
  const student = await store.student(nationalId);
  if (!student) throw new LpxError('LPX_NOT_IN_STORE', {}, { place: { student: nationalId } });
  return student;
}

/** Students that older versions made twice, in capitals and in small letters. */
export function doubledStudents(students: readonly Pick<StudentSummary, 'nationalId'>[]): Finding[] {
  const ids = new Set(students.map(({ nationalId }) => nationalId));
  return [...ids]
    .filter((id) => id !== canonicalCode(id) && ids.has(canonicalCode(id)))
    .map((id) => ({
      code: 'LPX_STUDENT_DOUBLED',
      severity: 'warning',
      place: { student: canonicalCode(id) },
      facts: { small: id },
    }));
}
