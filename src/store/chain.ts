/**
 * The chain of the history: every settled entry has a place in it, and a hash over what happened and over the hash of the
 * entry before. An entry that is edited or moved, or whose predecessor was removed, is found when the history is read. Students stand in it by a hash of
 * their national id under a key of their own: once the key is gone, nobody can say who it was, and the chain still holds.
 * What is learnt of an entry later (that a package arrived, that it was undone) is an entry of its own.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { asStored } from './seal.js';
import type { Tables } from './tables.js';

/** A new key for the national id of a student, 64 hex digits. */
export const newIdKey = (): string => randomBytes(32).toString('hex');

/** HMAC-SHA256 of a national id under its key, 64 hex digits. */
export const keyedId = (idKey: string, nationalId: string): string =>
  createHmac('sha256', Buffer.from(idKey, 'hex')).update(nationalId).digest('hex');

/** The columns of an entry that its hash covers, in their order. */
const CHAINED = [
  'position',
  'previous_hash',
  'id',
  'kind',
  'state',
  'at',
  'operator',
  'file',
  'folder',
  'bytes',
  'md5',
  'sha256',
  'contents_digest',
  'school',
  'reason',
  'terms',
  'left_on',
  'overridden',
  'code',
  'details',
  'refers_to',
] as const;

type ChainedEntry = Pick<Selectable<Tables['history']>, (typeof CHAINED)[number]>;
type ChainedStudent = Pick<
  Selectable<Tables['history_students']>,
  'keyed_id' | 'created' | 'course_results' | 'multi_performances' | 'attachments'
>;

/** The hash of an entry with its students: SHA-256, 64 hex digits. */
export function entryHash(entry: ChainedEntry, students: readonly ChainedStudent[]): string {
  const ofStudents = students
    .map((student) => [student.keyed_id, student.created, student.course_results, student.multi_performances, student.attachments])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([...CHAINED.map((column) => asStored(column === 'bytes' ? Number(entry.bytes) : entry[column])), ofStudents]))
    .digest('hex');
}

/**
 * Whether a settled entry is as it was when it got its place in the chain, and behind the entry that was there then.
 * @param hashBefore the hash of the entry at the place before it; null when there is none
 */
export const isIntact = (
  entry: ChainedEntry & { readonly hash: string },
  students: readonly ChainedStudent[],
  hashBefore: string | null,
): boolean =>
  entry.position !== null && entry.previous_hash === (entry.position === 1 ? '' : hashBefore) && entry.hash === entryHash(entry, students);

/** Puts a settled entry, with its students, at the end of the chain. Within a transaction that writes. */
export async function chainEntry(db: Kysely<Tables> | Transaction<Tables>, id: number): Promise<void> {
  await keyStudents(db, id);
  const last = await db
    .selectFrom('history')
    .select(['position', 'hash'])
    .where('position', 'is not', null)
    .orderBy('position', 'desc')
    .executeTakeFirst();
  const place = { position: (last?.position ?? 0) + 1, previous_hash: last?.hash ?? '' };
  const entry = await db.selectFrom('history').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const students = await db
    .selectFrom('history_students')
    .select(['keyed_id', 'created', 'course_results', 'multi_performances', 'attachments'])
    .where('history_id', '=', id)
    .execute();
  await db
    .updateTable('history')
    .set({ ...place, hash: entryHash({ ...entry, ...place }, students) })
    .where('id', '=', id)
    .execute();
}

async function keyStudents(db: Kysely<Tables> | Transaction<Tables>, historyId: number): Promise<void> {
  const students = await db
    .selectFrom('history_students')
    .innerJoin('students', 'students.id', 'history_students.student_id')
    .select(['student_id', 'national_id', 'id_key'])
    .where('history_id', '=', historyId)
    // Those of a long list have their hashes from the beginning.
    .where('keyed_id', '=', '')
    .execute();
  for (const { student_id, national_id, id_key } of students)
    await db
      .updateTable('history_students')
      .set({ keyed_id: keyedId(id_key, national_id) })
      .where('history_id', '=', historyId)
      .where('student_id', '=', student_id)
      .execute();
}
