/** Lists the students of a school. */
import { type Finding, LpxError } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import type { Store, StudentSummary } from '../store/store.js';
import { studentsFitting } from '../store/students.js';

export interface StudentList {
  readonly students: readonly StudentSummary[];
  /** Warnings about students that are there twice. */
  readonly findings: readonly Finding[];
}

/** @param words parts of names or national ids; none for all students */
export async function listStudents(store: Store, words: readonly string[] = []): Promise<StudentList> {
  const students = studentsFitting(await store.students(), words);
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

/** The students who are at the school, or all of them. @throws LPX_NOBODY_HERE when all have left */
export async function studentsHere(store: Store, includeLeft: boolean): Promise<StudentSummary[]> {
  const students = await store.students();
  const here = students.filter(({ left }) => includeLeft || !left);
  if (students.length > 0 && here.length === 0) throw new LpxError('LPX_NOBODY_HERE', { count: students.length });
  return here;
}
