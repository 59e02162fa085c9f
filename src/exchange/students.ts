/** Lists the students of a school. */
import type { Finding } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import type { Store, StudentSummary } from '../store/store.js';

export interface StudentList {
  readonly students: readonly StudentSummary[];
  /** Warnings about students that are there twice. */
  readonly findings: readonly Finding[];
}

export async function listStudents(store: Store): Promise<StudentList> {
  const students = await store.students();
  return { students, findings: doubledStudents(students) };
}

/** Students that older versions made twice, in capitals and in small letters. */
function doubledStudents(students: readonly Pick<StudentSummary, 'nationalId'>[]): Finding[] {
  const ids = new Set(students.map(({ nationalId }) => nationalId));
  return [...ids]
    .filter((id) => id !== canonicalCode(id) && ids.has(canonicalCode(id)))
    .map((id) => ({
      code: 'LPX_STUDENT_DOUBLED',
      severity: 'warning',
      place: { student: canonicalCode(id), otherStudent: id },
      facts: {},
    }));
}
