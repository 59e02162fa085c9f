/** Asks the history what happened to a store. */
import { LpxError } from '../errors.js';
import type { HistoryEntry, HistoryFilter, Store } from '../store/store.js';
import { removedStudentMeant, studentMeant } from '../store/students.js';

/** Codes of whoever is not on the roll. */
const UNKNOWN: ReadonlySet<string> = new Set(['LPX_STUDENT_NOT_FOUND', 'LPX_STUDENT_REMOVED']);
/** Entries read at a time. */
const PAGE = 500;

/**
 * Newest first. A student is named by national id, also by one that only a package had, by a part of it, or by name.
 * @throws LPX_STUDENT_NOT_FOUND, LPX_STUDENTS_FIT
 */
export async function historyOf(store: Store, filter: HistoryFilter): Promise<HistoryEntry[]> {
  return store.history(await meantBy(store, filter));
}

/** The same, some entries at a time: a long history is never in memory as a whole. @throws as `historyOf`, before the first */
export async function* historyPages(store: Store, filter: HistoryFilter): AsyncGenerator<HistoryEntry[]> {
  const meant = await meantBy(store, filter);
  for (let olderThan: number | undefined; ; ) {
    const page = await store.history({ ...meant, olderThan, limit: PAGE });
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    olderThan = page.at(-1)?.id;
  }
}

/** A filter with the whole national id of the student it is about. @throws as `historyOf` */
async function meantBy(store: Store, filter: HistoryFilter): Promise<HistoryFilter> {
  const { student } = filter;
  if (student === undefined) return filter;
  try {
    const { basicData } = await studentMeant(store, student);
    return { ...filter, student: basicData.nationalId };
  } catch (error) {
    if (!(error instanceof LpxError) || !UNKNOWN.has(error.code)) throw error;
    const removed = error.code === 'LPX_STUDENT_REMOVED' ? await removedStudentMeant(store, student) : undefined;
    if (removed) return { ...filter, student: removed.nationalId };
    if ((await store.history({ ...filter, limit: 1 })).length === 0) throw error;
    return filter;
  }
}
