/** Writes what belongs to a new entry of the history: its students, records, matches, and the receipt that came for it. */
import type { Transaction } from 'kysely';
import { LpxError } from '../../errors.js';
import { inParts } from '../statements.js';
import { storedTime } from '../stored-rows.js';
import type { Tables } from '../tables.js';
import { erasuresIn, isEntryIntact, keyedId, saidHash } from './chain.js';
import type { EntryState, HistoryCounts, HistoryRemarks, NewRecordOutcome, Receiving } from './entries.js';

type Db = Transaction<Tables>;

/** @throws LPX_STUDENT_CHANGED when a student has been erased since the number was read */
export async function addStudentsOfEntry(
  db: Db,
  historyId: number,
  students: readonly (HistoryRemarks & Partial<HistoryCounts> & { readonly studentId: number })[],
): Promise<void> {
  for (const some of inParts(students)) {
    const ids = some.map(({ studentId }) => studentId);
    const rows = await db.selectFrom('students').select(['id', 'national_id', 'id_key']).where('id', 'in', ids).execute();
    const keyOf = new Map(rows.map(({ id, ...row }) => [id, row]));
    await db
      .insertInto('history_students')
      .values(
        some.map((student) => {
          const row = historyStudentRow(historyId, student);
          const keyed = keyOf.get(student.studentId);
          // One who was found before this change began, and has been erased since.
          if (!keyed) throw new LpxError('LPX_STUDENT_CHANGED');
          return { ...row, keyed_id: keyedId(keyed.id_key, keyed.national_id), said_hash: saidHash(keyed.id_key, row, []) };
        }),
      )
      .execute();
  }
}

function historyStudentRow(
  historyId: number,
  {
    studentId,
    courseResults = 0,
    multiPerformances = 0,
    attachments = 0,
    created = false,
    changes = [],
    sentAs,
  }: HistoryRemarks & Partial<HistoryCounts> & { readonly studentId: number },
) {
  return {
    history_id: historyId,
    student_id: studentId,
    course_results: courseResults,
    multi_performances: multiPerformances,
    attachments,
    created: created ? 1 : 0,
    changes: JSON.stringify(changes),
    sent_national_id: sentAs?.nationalId ?? '',
    sent_name: sentAs?.name ?? '',
    sent_birth_date: sentAs?.birthDate ?? '',
    contents_digest: '',
  };
}

/** What an entry did to records, other than adding them. */
export async function addRecordOutcomes(
  db: Db,
  historyId: number,
  studentId: number,
  outcomes: readonly NewRecordOutcome[],
): Promise<void> {
  for (const some of inParts(outcomes))
    await db
      .insertInto('history_records')
      .values(
        some.map(({ list, title, outcome, record }) => ({
          history_id: historyId,
          student_id: studentId,
          list,
          title,
          outcome,
          provenance: record?.provenance ?? null,
          record_id: record?.id ?? null,
        })),
      )
      .execute();
  // What is said of the student is more by now: the end of the change gives it its hash.
  if (outcomes.length > 0)
    await db
      .updateTable('history_students')
      .set({ said_hash: '' })
      .where('history_id', '=', historyId)
      .where('student_id', '=', studentId)
      .execute();
}

/** That an entry found records there, by the entries that brought them. */
export async function addMatches(db: Db, historyId: number, matched: Iterable<number>): Promise<void> {
  const others = [...new Set(matched)].filter((id) => id !== historyId);
  for (const some of inParts(others))
    await db
      .insertInto('entry_matches')
      .values(some.map((matched_id) => ({ history_id: historyId, matched_id })))
      .onConflict((conflict) => conflict.columns(['history_id', 'matched_id']).doNothing())
      .execute();
}

/** That a receipt came for an export; `files`: those that it names, by SHA-256. */
export async function markReceived(db: Db, historyId: number, { at, by }: Receiving, files: readonly string[]): Promise<void> {
  for (const some of inParts([...new Set(files)]))
    await db
      .insertInto('receipt_files')
      .values(some.map((sha256) => ({ history_id: historyId, sha256 })))
      .onConflict((conflict) => conflict.columns(['history_id', 'sha256']).doNothing())
      .execute();
  await db.updateTable('history').set({ received_at: at.toISOString(), received_by: by }).where('id', '=', historyId).execute();
}

/** A settled entry as `lpx undo` sees it; undefined for none. @throws LPX_STORE_DAMAGED */
export async function entryState(db: Db, id: number, folder: string): Promise<EntryState | undefined> {
  const row = await db.selectFrom('history').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row || row.state === 'pending' || row.state === 'written') return undefined;
  const { kind, state, file } = row;
  if (!isEntryIntact(row, await erasuresIn(db))) throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'history' });
  const erased = await db.selectFrom('history_erased').select('history_id').where('history_id', '=', id).executeTakeFirst();
  return {
    id,
    kind,
    state,
    at: storedTime(row.at, { folder }),
    file,
    undoneBy: row.undone_by ?? undefined,
    refersTo: kind === 'undo' ? (row.refers_to ?? undefined) : undefined,
    keepsChanges: row.keeps_changes === 1,
    hasErased: erased !== undefined,
  };
}
