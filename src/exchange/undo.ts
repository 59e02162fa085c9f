/** Takes back exactly what one entry of the history did, or says what rests on it. An undo is an entry, too, and can be undone. */
import { errorOf, type Finding, findingOf, LpxError } from '../errors.js';
import type { HistoryKind } from '../spec/history.js';
import { taipeiTime } from '../spec/terms.js';
import { inParts } from '../store/statements.js';
import type { EntryState, Hanging, Store, StoreChange, TakenBack, UndoRoot } from '../store/store.js';

export type { Hanging, TakenBack, TakenBackStudent } from '../store/store.js';

export interface UndoRequest {
  /** The entry's number in the history. */
  readonly id: number;
  readonly now: Date;
  /** Who takes it back, for the history. */
  readonly operator: string;
  /** Work everything out, and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Take it back although packages, registers, files or receipts were made of it: they stay as they are. */
  readonly despiteSent?: boolean | undefined;
}

export interface UndoResult extends TakenBack {
  /** The entry that was taken back. */
  readonly entry: Pick<EntryState, 'id' | 'kind' | 'at' | 'file'>;
  /** The entry that is in force again by it; undefined unless it was an undo. */
  readonly redone: number | undefined;
  /** What a chain of undoing is about at its beginning, and whether that stands by now. */
  readonly root: UndoRoot;
  /** What had been made of it and stays, with `despiteSent`. */
  readonly sent: readonly Hanging[];
  readonly dryRun: boolean;
  /** The number of the new entry; 0 of a dry run. */
  readonly historyId: number;
}

/** The kinds of entries that change nothing but what they can give back; files that a recovery brought stay in any case. */
const UNDOABLE: ReadonlySet<HistoryKind> = new Set(['load', 'import', 'pick', 'leave', 'school', 'recover', 'remove', 'undo']);

/** Kinds for which something else is known to be done. */
const UNDONE_OTHERWISE: ReadonlySet<HistoryKind> = new Set(['init', 'export', 'register', 'files', 'receipt', 'recover']);

/**
 * All of it or nothing. Files of records that are no longer there stay in the store.
 * @throws LPX_UNDO_UNKNOWN; LPX_UNDO_KIND, LPX_UNDO_NOTHING, LPX_UNDO_DONE and LPX_UNDO_EARLIER for an entry that cannot be taken back;
 *   LPX_UNDO_FIRST and LPX_UNDO_SENT with every later entry that rests on it, the newest first
 */
export const undoEntry = (store: Store, { id, now, operator, dryRun = false, despiteSent = false }: UndoRequest): Promise<UndoResult> =>
  store.change(async (change) => {
    const entry = await entryToUndo(change, id);
    const hanging = await change.hangingOn(id);
    refuse(id, despiteSent ? hanging.filter(({ why }) => why !== 'sent') : hanging);
    const sent = hanging.filter(({ why }) => why === 'sent');
    const root = await change.rootOf(id);
    const details = { of: entry.kind, ...(entry.kind === 'undo' && { redoes: root.stands }), ...(sent.length > 0 && { despiteSent }) };
    const historyId = await change.addHistory({ kind: 'undo', at: now, operator, file: entry.file, bytes: 0, refersTo: id, details });
    const taken = await change.takeBack(id);
    // One that paid no debt has changed no record.
    if (entry.kind === 'recover' && taken.students.length === 0) throw notUndoable(entry);
    if (entry.hasErased && isNothing(taken)) throw new LpxError('LPX_UNDO_NOTHING', { id, entryState: 'erased' });
    for (const some of inParts(taken.students))
      await change.addHistoryStudents(
        historyId,
        some.map(({ id: studentId, changes, counts }) => ({ studentId, changes, ...counts })),
      );
    const { kind, at, file, refersTo: redone } = entry;
    const result = { ...taken, entry: { id, kind, at, file }, redone, root, sent, dryRun, historyId: dryRun ? 0 : historyId };
    return { keep: !dryRun, result };
  });

const isNothing = ({ students, courses, schools, schoolName }: TakenBack): boolean =>
  students.length + courses + schools === 0 && schoolName === undefined;

async function entryToUndo(change: StoreChange, id: number): Promise<EntryState> {
  const entry = await change.entry(id);
  if (!entry) throw new LpxError('LPX_UNDO_UNKNOWN', { id });
  const { kind, state, undoneBy, keepsChanges } = entry;
  if (!UNDOABLE.has(kind)) throw notUndoable(entry);
  if (state !== 'done') throw new LpxError('LPX_UNDO_NOTHING', { id, entryState: state });
  if (undoneBy !== undefined) throw new LpxError('LPX_UNDO_DONE', { id, by: undoneBy });
  if (!keepsChanges) throw new LpxError('LPX_UNDO_EARLIER', { id, missing: kind });
  return entry;
}

const notUndoable = ({ id, kind }: EntryState): LpxError =>
  new LpxError('LPX_UNDO_KIND', { id, entryKind: kind, instead: UNDONE_OTHERWISE.has(kind) ? kind : 'other' });

/** @throws the first of what is against it, with all of it */
function refuse(id: number, hanging: readonly Hanging[]): void {
  const error = errorOf(hanging.map((entry) => hangingFinding(id, entry)));
  if (error) throw error;
}

function hangingFinding(id: number, { id: later, kind: entryKind, at, file, why }: Hanging): Finding {
  const facts = { id, later, entryKind, day: taipeiTime(at).slice(0, 16), of: file };
  return why === 'sent' ? findingOf('LPX_UNDO_SENT', 'error', {}, facts) : findingOf('LPX_UNDO_FIRST', 'error', {}, { ...facts, why });
}
