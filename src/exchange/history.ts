/** Asks the history what happened to a store. */
import { LpxError } from '../errors.js';
import type { HistoryEntry, HistoryFilter, Store } from '../store/store.js';
import { removedStudentMeant, studentMeant } from '../store/students.js';

/** Codes of whoever is not on the roll. */
const UNKNOWN: ReadonlySet<string> = new Set(['LPX_STUDENT_NOT_FOUND', 'LPX_STUDENT_REMOVED']);

/**
 * Newest first. A student is named by national id, also by one that only a package had, by a part of it, or by name.
 * @throws LPX_STUDENT_NOT_FOUND, LPX_STUDENTS_FIT
 */
export async function historyOf(store: Store, filter: HistoryFilter): Promise<HistoryEntry[]> {
  if (filter.student === undefined) return store.history(filter);
  const { student } = filter;
  try {
    const { basicData } = await studentMeant(store, student);
    return await store.history({ ...filter, student: basicData.nationalId });
  } catch (error) {
    if (!(error instanceof LpxError) || !UNKNOWN.has(error.code)) throw error;
    const removed = error.code === 'LPX_STUDENT_REMOVED' ? await removedStudentMeant(store, student) : undefined;
    if (removed) return store.history({ ...filter, student: removed.nationalId });
    const entries = await store.history(filter);
    if (entries.length === 0) throw error;
    return entries;
  }
}
