/** Asks the custody log (保管紀錄): the history as a ledger. */
import { basename } from 'node:path';
import { LpxError } from '../errors.js';
import { readSmall } from '../io/read.js';
import { canonicalCode } from '../plain-text.js';
import type { KeptHead, LogCheck, LogEntry, LogFilter, LogHead } from '../store/history/custody-log.js';
import { schoolNames } from '../store/reference-data.js';
import type { HistoryEntry, Store } from '../store/store.js';
import { historyOf } from './history.js';

export type { KeptHead, LogCheck, LogEntry, LogFault, LogFilter, LogHead } from '../store/history/custody-log.js';

/** The newest entry of the store's log; position 0 and no hash for a log without entries. */
export const headOf = (store: Pick<Store, 'log'>): Promise<LogHead> => store.log.head();

/** All entries in their order, some at a time: a long log is never in memory as a whole. */
export const logPages = (store: Pick<Store, 'log'>, filter: LogFilter): AsyncGenerator<LogEntry[]> => store.log.entryPages(filter);

/**
 * Checks the whole log.
 * @param kept a head that was kept elsewhere: its hash, its position and hash, or a file with it (a saved head, or a receipt of this school)
 * @throws LPX_LOG_HEAD_UNREADABLE, LPX_LOG_HEAD_OTHER_SCHOOL, LPX_FILE_NOT_FOUND
 */
export async function verifyLog(
  store: Pick<Store, 'log' | 'school'>,
  kept: string | undefined,
  onEntry?: (position: number) => void,
): Promise<LogCheck> {
  return store.log.verify(kept === undefined ? undefined : await readHead(kept, store.school.code), onEntry);
}

/** Largest file that is read for a head, in bytes. */
const HEAD_BYTES = 4 * 1024 * 1024;
const HEAD = /^\s*(?:([1-9]\d{0,15})[ \t]+)?([0-9a-f]{64})\s*$/i;

async function readHead(given: string, school: string): Promise<KeptHead> {
  const typed = headIn(given);
  if (typed) return typed;
  if (given.trim() === '') throw new LpxError('LPX_LOG_HEAD_UNREADABLE', { file: '""' });
  const text = (await readSmall(given, HEAD_BYTES, 'file')).toString('utf8');
  const head = headIn(text) ?? headInJson(text, { file: basename(given), school });
  if (!head) throw new LpxError('LPX_LOG_HEAD_UNREADABLE', { file: basename(given) });
  return head;
}

function headIn(text: string): KeptHead | undefined {
  const [, position, hash] = HEAD.exec(text) ?? [];
  if (hash === undefined) return undefined;
  return { hash: hash.toLowerCase(), ...(position !== undefined && { position: Number(position) }) };
}

/** The head in a receipt, or in what `lpx log --head --json` printed. @throws LPX_LOG_HEAD_OTHER_SCHOOL for the receipt of another school */
function headInJson(text: string, { file, school }: { readonly file: string; readonly school: string }): KeptHead | undefined {
  let value: { readonly logHead?: unknown; readonly head?: unknown; readonly receivingSchool?: { readonly code?: unknown } } | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const issuer = value?.receivingSchool?.code;
  if (typeof issuer === 'string' && canonicalCode(issuer) !== school)
    throw new LpxError('LPX_LOG_HEAD_OTHER_SCHOOL', { file, school: issuer });
  const { position, hash } = (value?.logHead ?? value?.head ?? {}) as Readonly<Record<string, unknown>>;
  return typeof position === 'number' && typeof hash === 'string' ? headIn(`${position} ${hash}`) : undefined;
}

/** Everywhere a student's data came from and went, for whoever asks for their own (個資法第10條). */
export interface StudentLog {
  readonly nationalId: string;
  readonly name: string;
  /** Oldest first. */
  readonly entries: readonly HistoryEntry[];
  /** Backups since the student is here: each has the student's data. */
  readonly backups: readonly HistoryEntry[];
  /** The entry that took the student off the roll; undefined for one who is on it. */
  readonly removedBy: number | undefined;
  /** The names of the other schools, by code, where they are known. */
  readonly schoolNames: ReadonlyMap<string, string>;
}

/** @throws LPX_STUDENT_NOT_FOUND, LPX_STUDENTS_FIT; nobody is found who was erased */
export async function studentLogOf(store: Store, student: string): Promise<StudentLog> {
  const own = await historyOf(store, { student });
  // Of one that came for an export, the export says so.
  const receipts = (await receiptsFor(store, own)).filter(({ folder }) => folder !== '');
  const entries = [...own, ...receipts].sort((a, b) => a.id - b.id);
  const since = entries[0]?.at;
  const backups = since === undefined ? [] : [...(await store.history({ kinds: ['backup'], since }))].reverse();
  const { nationalId = '', name = '' } = entries.flatMap((entry) => entry.students).at(-1) ?? {};
  const removed = (await store.removedStudents()).find((candidate) => candidate.nationalId === nationalId);
  const codes = entries.flatMap((entry) => ('school' in entry && entry.school !== '' ? [entry.school] : []));
  return { nationalId, name, entries, backups, removedBy: removed?.removedBy, schoolNames: await schoolNames(store, codes) };
}

/** The receipts that were written for imports and came for exports: they name the students of these, and have none of their own. */
export async function receiptsFor(store: Store, entries: readonly HistoryEntry[]): Promise<KeptReceipt[]> {
  const ids = new Set(entries.map(({ id }) => id));
  const receipts = await store.history({ kinds: ['receipt'] });
  return receipts.filter((entry): entry is KeptReceipt => entry.kind === 'receipt' && ids.has(entry.refersTo) && !ids.has(entry.id));
}

type KeptReceipt = Extract<HistoryEntry, { kind: 'receipt' }>;
