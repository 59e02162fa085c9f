/** Erases a student for good (個資法第11條, retention). The log keeps that it was done, and nothing by which the student is known. */

import { backupFolders, type NotedErasures, noteErasuresInBackups } from '../backup/erasure-lists.js';
import { errorOf, type Finding, LpxError } from '../errors.js';
import { unknownStudent } from '../spec/findings.js';
import { studentPlace } from '../spec/place.js';
import { dayOf } from '../spec/terms.js';
import type { Remnants } from '../store/erasure/overwriting.js';
import type { ErasedStudent, PlannedErasure } from '../store/erasure/student-erasures.js';
import type { HistoryEntry, Store } from '../store/store.js';
import { receiptsFor } from './log.js';

export { type NotedErasures, noteErasuresInBackups } from '../backup/erasure-lists.js';
export type { Erasure } from '../store/erasure/erasure-list.js';
export type { Remnants } from '../store/erasure/overwriting.js';
export type { ErasedStudent } from '../store/erasure/student-erasures.js';

export interface EraseRequest {
  readonly nationalId: string;
  readonly reason: string;
  /** Erase although no receipt came for what was exported. */
  readonly acceptUnreceipted: boolean;
  readonly now: Date;
  readonly operator: string;
}

/** What erasing a student would do, and what it would not reach. */
export interface ErasurePlan extends PlannedErasure {
  /**
   * Entries of what lies somewhere with data of the student, oldest first: packages, files and registers that were written, and
   * packages, folders and lists that came. Where the latter are, the history does not know. And the places that the store moved from.
   */
  readonly outside: readonly HistoryEntry[];
  /** Folders of backups, in which the erasure is noted where they can be reached. */
  readonly backupFolders: readonly string[];
  /** Exports for which no receipt came. */
  readonly awaiting: readonly Finding[];
}

const WRITTEN: ReadonlySet<string> = new Set(['export', 'files', 'output', 'register']);
const CAME: ReadonlySet<string> = new Set(['import', 'verify', 'load', 'recover']);

/** @throws LPX_NOT_IN_STORE, LPX_ERASE_ABSENT */
export async function planErasure(store: Store, nationalId: string): Promise<ErasurePlan> {
  const plan = await store.erasures.plan(nationalId);
  if (!plan) throw await notThere(store, nationalId);
  const entries = await store.history({ student: plan.nationalId });
  const listed = [...outsideOf(entries), ...(await receiptsFor(store, entries)), ...(await movesSince(store, entries))];
  const outside = listed.sort((a, b) => a.id - b.id);
  return { ...plan, outside, backupFolders: await backupFolders(store), awaiting: awaitingReceipt(entries, plan) };
}

/** Whether it was this student who was erased, nobody can tell any more: the key to the id is destroyed. */
async function notThere(store: Store, nationalId: string): Promise<LpxError> {
  const { place } = unknownStudent(nationalId);
  const last = (await store.erasures.list()).at(-1);
  if (!last) return new LpxError('LPX_NOT_IN_STORE', {}, { place });
  return new LpxError('LPX_ERASE_ABSENT', { day: dayOf(new Date(last.at)) }, { place });
}

/** The moves of a store that came after the oldest of some entries: the old stores keep everything. */
async function movesSince(store: Store, entries: readonly HistoryEntry[]): Promise<HistoryEntry[]> {
  const first = Math.min(...entries.map(({ id }) => id));
  return (await store.history({ kinds: ['move'] })).filter(({ id }) => id > first);
}

/** A package that was checked and then imported is listed once. */
function outsideOf(entries: readonly HistoryEntry[]): HistoryEntry[] {
  const imported = new Set(entries.flatMap((entry) => (entry.kind === 'import' ? [entry.md5] : [])));
  return entries.filter((entry) => {
    if (WRITTEN.has(entry.kind)) return 'folder' in entry && entry.folder !== '';
    return CAME.has(entry.kind) && !(entry.kind === 'verify' && imported.has(entry.details.md5));
  });
}

/**
 * @returns what was erased, and what that did not reach (`ErasurePlan`)
 * @throws LPX_NOT_IN_STORE, LPX_ERASE_ABSENT; LPX_ERASE_AWAITING for each export without a receipt; LPX_ERASE_PENDING, LPX_ERASE_QUEUED; LPX_STUDENT_CHANGED
 *   when data of the student leaves the store meanwhile; LPX_STORE_BUSY, LPX_DISK_FULL: then nothing is erased
 */
export async function eraseStudent(
  store: Store,
  { nationalId, acceptUnreceipted, ...order }: EraseRequest,
): Promise<ErasedStudent & Pick<ErasurePlan, 'outside' | 'unnamed'> & { readonly remnants: Remnants; readonly backups: NotedErasures }> {
  const plan = await planErasure(store, nationalId);
  const refusal = acceptUnreceipted ? undefined : errorOf(plan.awaiting);
  if (refusal) throw refusal;
  let backups: NotedErasures = { noted: [], unreached: plan.backupFolders };
  const erased = await store.erasures.erase(nationalId, order, {
    acceptPending: acceptUnreceipted,
    newest: plan.newest,
    // Until then, a restore would bring the student back. The connection may be lost meanwhile.
    committed: async () => {
      backups = await noteErasuresInBackups(store).catch((error) => {
        if (error instanceof LpxError) return backups;
        throw error;
      });
    },
  });
  if (!erased) throw await notThere(store, nationalId);
  return { ...erased, outside: plan.outside, unnamed: plan.unnamed, backups };
}

/** Completes erasures that were cut short. */
export async function finishErasures(store: Store): Promise<{ readonly backups: NotedErasures; readonly remnants: Remnants }> {
  const backups = await noteErasuresInBackups(store);
  return { backups, remnants: await store.erasures.overwrite() };
}

const awaitingReceipt = (entries: readonly HistoryEntry[], student: Pick<ErasurePlan, 'nationalId' | 'name'>): Finding[] =>
  entries.flatMap((entry) =>
    entry.kind === 'export' && entry.undoneBy === undefined && !entry.received
      ? [
          {
            code: 'LPX_ERASE_AWAITING',
            severity: 'error',
            place: studentPlace(student),
            facts: { day: dayOf(entry.at), file: entry.file, school: entry.school },
          },
        ]
      : [],
  );
