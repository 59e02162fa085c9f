/** Finds students of a store by national id. */
import { errorOf, type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { unknownStudent } from '../spec/findings.js';
import { nameHas } from '../spec/person-name.js';
import { taipeiTime } from '../spec/terms.js';
import type { RemovedStudent, Store, StoredStudent, StudentSummary } from './store.js';

/** @throws LPX_NOT_IN_STORE; LPX_STUDENT_REMOVED for one who was taken off the roll */
export async function studentIn(store: Pick<Store, 'student' | 'removedStudents'>, nationalId: string): Promise<StoredStudent> {
  const student = await store.student(nationalId);
  if (student) return student;
  throw errorOf([await absentStudent(store, nationalId)]);
}

/** Why a student is not on the roll: never there, or taken off it. @param at where a list names the student */
export async function absentStudent(store: Pick<Store, 'removedStudents'>, nationalId: string, at?: Place): Promise<Finding> {
  const unknown = unknownStudent(nationalId, at);
  const [removed] = await store.removedStudents([canonicalCode(nationalId), nationalId]);
  return removed ? findingOf('LPX_STUDENT_REMOVED', 'error', unknown.place, { id: removed.removedBy }) : unknown;
}

/** A warning of each student who comes as a new one and was taken off the roll before, by national id. @param placeOf where they come from */
export async function comingAgain<S extends { readonly nationalId: string }>(
  store: Pick<Store, 'removedStudents'>,
  newcomers: readonly S[],
  placeOf: (student: S) => Place,
): Promise<ReadonlyMap<string, Finding>> {
  const removed = newcomers.length === 0 ? [] : await store.removedStudents(newcomers.map(({ nationalId }) => nationalId));
  const places = new Map(newcomers.map((student) => [student.nationalId, student]));
  return new Map(
    removed.flatMap(({ nationalId, removedBy: id, removedAt }) => {
      const student = places.get(nationalId);
      const facts = { id, day: taipeiTime(removedAt).slice(0, 10) };
      return student ? [[nationalId, findingOf('LPX_STUDENT_AGAIN', 'warning', placeOf(student), facts)] as const] : [];
    }),
  );
}

/**
 * Those of the students whom all of these words fit, in any order; all of them for no words. A word that is a class or a student number
 * means that; else it is a part of a name or a national id.
 */
export function studentsFitting(students: readonly StudentSummary[], words: readonly string[]): StudentSummary[] {
  const parts = words.flatMap((word) => word.split(/\s+/)).filter((part) => part !== '');
  const isCalled = ({ className, studentNumber }: StudentSummary, part: string) =>
    [className, studentNumber].some((called) => called !== '' && canonicalCode(called) === canonicalCode(part));
  const fits = ({ nationalId, name }: StudentSummary, part: string) => nationalId.includes(canonicalCode(part)) || nameHas(name, part);
  const fitting = parts.map((part) => {
    const called = students.filter((student) => isCalled(student, part));
    return new Set(called.length > 0 ? called : students.filter((student) => fits(student, part)));
  });
  return students.filter((student) => fitting.every((some) => some.has(student)));
}

/**
 * The one student whom a text means: by the whole national id, else by name or a part of the id.
 * @throws LPX_STUDENT_NOT_FOUND; LPX_STUDENT_REMOVED for one who was taken off the roll; LPX_STUDENTS_FIT when there are several
 */
export async function studentMeant(store: Pick<Store, 'student' | 'students' | 'removedStudents'>, text: string): Promise<StoredStudent> {
  const named = await store.student(text);
  if (named) return named;
  const fitting = studentsFitting(await store.students(), [text]);
  const [only] = fitting;
  if (only && fitting.length === 1) return studentIn(store, only.nationalId);
  const removed = only ? undefined : await removedStudentMeant(store, text);
  if (removed) throw new LpxError('LPX_STUDENT_REMOVED', { id: removed.removedBy }, { place: unknownStudent(removed.nationalId).place });
  if (!only) throw new LpxError('LPX_STUDENT_NOT_FOUND', { words: text });
  throw new LpxError('LPX_STUDENTS_FIT', { words: text, count: fitting.length });
}

/** The one student off the roll whom a text means, by name or a part of the national id. */
export async function removedStudentMeant(store: Pick<Store, 'removedStudents'>, text: string): Promise<RemovedStudent | undefined> {
  const fitting = (await store.removedStudents()).filter(
    ({ nationalId, name }) => nationalId.includes(canonicalCode(text)) || nameHas(name, text),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}
