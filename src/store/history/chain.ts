/**
 * The chain of the history: every settled entry has a place in it, and a hash over what happened and over the hash of the
 * entry before. An entry that is edited or moved, or whose predecessor was removed, is found when the history is read. Students stand
 * in it by hashes under a key of their own: of their national id, and of what the entry says of them. Once the key is gone, nobody
 * can say who it was, and the chain still holds. An entry has a salt, so that what was taken out of it cannot be guessed from its hash.
 * What is learnt of an entry later (that a package arrived, that it was undone) is an entry of its own.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { asStored } from '../seal.js';
import { inParts } from '../statements.js';
import type { Tables } from '../tables.js';
import type { EntryDetails } from './entries.js';
import { changesHash } from './entry-changes.js';
import { rowsHash } from './entry-rows.js';

type Db = Kysely<Tables> | Transaction<Tables>;

/** A new key for the national id of a student, 64 hex digits. */
export const newIdKey = (): string => randomBytes(32).toString('hex');

/** HMAC-SHA256 of a national id under its key, 64 hex digits. */
export const keyedId = (idKey: string, nationalId: string): string => keyed(idKey, nationalId);

const keyed = (idKey: string, text: string): string => createHmac('sha256', Buffer.from(idKey, 'hex')).update(text).digest('hex');

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

/** The columns that it covers as well since entries have a salt. */
const CHAINED_WITH_SALT = ['salt', 'package', 'batch_job', 'students_hash'] as const;

/** And those since it has a hash of its changes. */
const CHAINED_WITH_CHANGES = ['changes_hash', 'keeps_changes'] as const;

/** And since it has one of its rows that no other covers. */
const CHAINED_WITH_ROWS = ['rows_hash'] as const;

export type ChainedEntry = Pick<
  Selectable<Tables['history']>,
  (typeof CHAINED)[number] | (typeof CHAINED_WITH_SALT)[number] | (typeof CHAINED_WITH_CHANGES)[number] | (typeof CHAINED_WITH_ROWS)[number]
>;

export type ChainedStudent = Pick<
  Selectable<Tables['history_students']>,
  'keyed_id' | 'created' | 'course_results' | 'multi_performances' | 'attachments' | 'said_hash'
>;

/** What an entry says of a student, apart from counts. */
export type Said = Pick<
  Selectable<Tables['history_students']>,
  'changes' | 'sent_national_id' | 'sent_name' | 'sent_birth_date' | 'contents_digest'
>;

export type SaidOfRecord = Pick<Selectable<Tables['history_records']>, 'list' | 'title' | 'outcome' | 'provenance' | 'record_id'>;

/** The students of an entry, some at a time, in the order of their hashes. */
type Students = AsyncIterable<readonly ChainedStudent[]> | Iterable<readonly ChainedStudent[]>;

/** HMAC-SHA256 of what an entry says of a student and of their records, under the student's key, 64 hex digits. */
export const saidHash = (idKey: string, said: Said, records: readonly SaidOfRecord[]): string =>
  keyed(
    idKey,
    JSON.stringify([
      ...[said.changes, said.sent_national_id, said.sent_name, said.sent_birth_date, said.contents_digest ?? ''].map(asStored),
      records.map(({ list, title, outcome, provenance, record_id }) => [
        ...[list, title, outcome].map(asStored),
        provenance,
        record_id === null ? null : Number(record_id),
      ]),
    ]),
  );

/** The hash of the students of an entry with a salt: SHA-256, 64 hex digits. */
export async function studentsHash(students: Students): Promise<string> {
  const hash = createHash('sha256');
  for await (const some of students)
    for (const student of some) hash.update(`${JSON.stringify([student.keyed_id, ...countsOf(student), student.said_hash])}\n`);
  return hash.digest('hex');
}

const countsOf = ({ created, course_results, multi_performances, attachments }: ChainedStudent): number[] =>
  [created, course_results, multi_performances, attachments].map(Number);

/** The hash of an entry with a salt: SHA-256, 64 hex digits. */
export function entryHash(entry: ChainedEntry): string {
  const columns = [
    ...CHAINED_WITH_SALT,
    ...CHAINED,
    ...(entry.changes_hash === '' ? [] : CHAINED_WITH_CHANGES),
    ...(entry.rows_hash === '' ? [] : CHAINED_WITH_ROWS),
  ];
  return createHash('sha256')
    .update(JSON.stringify(columns.map((column) => columnOf(entry, column))))
    .digest('hex');
}

const columnOf = (entry: ChainedEntry, column: keyof ChainedEntry) => asStored(column === 'bytes' ? Number(entry.bytes) : entry[column]);

/** The same of an entry from before entries had a salt, which covers its students themselves. */
export async function entryHashUnsalted(entry: Pick<ChainedEntry, (typeof CHAINED)[number]>, students: Students): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(CHAINED.map((column) => columnOf(entry as ChainedEntry, column))).replace(/\]$/, ',['));
  let between = '';
  for await (const some of students)
    for (const student of some) {
      hash.update(`${between}${JSON.stringify([student.keyed_id, ...countsOf(student)])}`);
      between = ',';
    }
  return hash.update(']]').digest('hex');
}

/** What the entries of erasures vouch for. */
export interface Erasures {
  /** The students who were erased, by keyed hash. */
  readonly keyedIds: ReadonlySet<string>;
  /** The hashes of entries out of which words were taken, as they are since then, by position. */
  readonly reworded: ReadonlyMap<number, string>;
}

export async function erasuresIn(db: Db): Promise<Erasures> {
  const rows = await db.selectFrom('history').select('details').where('kind', '=', 'erase').orderBy('position').execute();
  const erasures = rows.flatMap(({ details }) => erasureIn(details));
  return {
    keyedIds: new Set(erasures.map((erasure) => erasure.keyedId)),
    reworded: new Map(erasures.flatMap(({ reworded }) => reworded.map(({ position, hash }) => [position, hash]))),
  };
}

/** None for details that were tampered with: then the entry itself is not intact. */
function erasureIn(details: string): Pick<EntryDetails['erase'], 'keyedId' | 'reworded'>[] {
  try {
    const { keyedId = '', reworded = [] } = JSON.parse(details);
    return Array.isArray(reworded) ? [{ keyedId, reworded: reworded.filter((entry) => typeof entry === 'object' && entry !== null) }] : [];
  } catch {
    return [];
  }
}

type Hashed = ChainedEntry & { readonly hash: string };

const isHash = (hash: string, { position, hash: original }: Hashed, erasures: Erasures): boolean =>
  hash === original || (position !== null && hash === erasures.reworded.get(position));

/** Whether an entry, without its students, is as it was when it got its place in the chain; of one without a salt, only the students show it. */
export const isEntryIntact = (entry: Hashed, erasures: Erasures): boolean =>
  entry.position !== null && (entry.salt === '' || isHash(entryHash(entry), entry, erasures));

/** Whether the students of an entry are as they were, and of one without a salt the entry, too. */
export const areStudentsIntact = async (entry: Hashed, students: Students, erasures: Erasures): Promise<boolean> =>
  entry.salt === ''
    ? isHash(await entryHashUnsalted(entry, students), entry, erasures)
    : entry.students_hash === (await studentsHash(students));

/** Whether an entry says of a student what it said when it got its place in the chain; entries from before have no hash of that. */
export const isSaidIntact = (
  student: Pick<KeyedStudent, 'keyed_id' | 'said_hash' | 'national_id' | 'id_key' | keyof Said>,
  records: readonly SaidOfRecord[],
): boolean =>
  student.id_key !== null &&
  student.national_id !== null &&
  student.keyed_id === keyedId(student.id_key, student.national_id) &&
  (student.said_hash === '' || student.said_hash === saidHash(student.id_key, student, records));

/** The newest entry of the chain; position 0 and an empty hash before the first. */
export async function headOfChain(db: Db): Promise<{ readonly position: number; readonly hash: string }> {
  const newest = await db
    .selectFrom('history')
    .select(['position', 'hash'])
    .where('position', 'is not', null)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { position: Number(newest?.position ?? 0), hash: newest?.hash ?? '' };
}

/** Puts a settled entry, with its students, at the end of the chain. Within a transaction that writes. */
export async function chainEntry(db: Db, id: number): Promise<void> {
  await keyStudents(db, id);
  const last = await headOfChain(db);
  const entry = await db.selectFrom('history').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const place = {
    position: last.position + 1,
    previous_hash: last.hash,
    salt: randomBytes(16).toString('hex'),
    students_hash: await studentsHash(chainedStudents(db, id)),
    changes_hash: await changesHash(db, id),
    rows_hash: await rowsHash(db, entry),
  };
  await db
    .updateTable('history')
    .set({ ...place, hash: entryHash({ ...entry, ...place }) })
    .where('id', '=', id)
    .execute();
}

/** Students read at a time. */
export const STUDENTS_AT_ONCE = 1000;

const CHAINED_STUDENT = ['keyed_id', 'created', 'course_results', 'multi_performances', 'attachments', 'said_hash'] as const;

/** A student of an entry, with the key that shows whether it is as it was. */
export type KeyedStudent = ChainedStudent &
  Said & {
    readonly history_id: number;
    readonly student_id: number;
    /** Null when the student's own row is gone. */
    readonly national_id: string | null;
    readonly id_key: string | null;
  };

/** The students of entries, without those who were erased, in the order of their hashes. */
export const keyedStudents = (db: Db, historyIds: readonly number[]) =>
  db
    .selectFrom('history_students')
    .leftJoin('students', 'students.id', 'history_students.student_id')
    .select(CHAINED_STUDENT)
    .select(['history_id', 'student_id', 'changes', 'sent_national_id', 'sent_name', 'sent_birth_date', 'contents_digest'])
    .select(['national_id', 'id_key'])
    .where('history_id', 'in', historyIds)
    .orderBy('keyed_id')
    .orderBy('student_id');

/** Those of entries who were erased. */
export const erasedStudents = (db: Db, historyIds: readonly number[]) =>
  db.selectFrom('history_erased').select(CHAINED_STUDENT).select('history_id').where('history_id', 'in', historyIds).orderBy('keyed_id');

/**
 * The students of an entry, those who were erased among them, some at a time in the order of their hashes.
 * @param see gets those who were not erased
 */
export async function* chainedStudents(
  db: Db,
  historyId: number,
  see: (students: readonly KeyedStudent[]) => void | Promise<void> = () => {},
): AsyncGenerator<readonly ChainedStudent[]> {
  let erased: readonly ChainedStudent[] = await erasedStudents(db, [historyId]).execute();
  let last: KeyedStudent | undefined;
  for (;;) {
    let query = keyedStudents(db, [historyId]).limit(STUDENTS_AT_ONCE);
    if (last) {
      const { keyed_id, student_id } = last;
      query = query.where((eb) =>
        eb.or([eb('keyed_id', '>', keyed_id), eb.and([eb('keyed_id', '=', keyed_id), eb('student_id', '>', student_id)])]),
      );
    }
    const some = await query.execute();
    await see(some);
    last = some.at(-1);
    const isEnd = some.length < STUDENTS_AT_ONCE;
    const end = last?.keyed_id ?? '';
    const fits = ({ keyed_id }: ChainedStudent) => isEnd || keyed_id <= end;
    yield [...some, ...erased.filter(fits)].sort(byHash);
    erased = erased.filter((student) => !fits(student));
    if (isEnd) return;
  }
}

export const byHash = (a: ChainedStudent, b: ChainedStudent): number => (a.keyed_id < b.keyed_id ? -1 : a.keyed_id > b.keyed_id ? 1 : 0);

/** Gives students their hashes where they are not there yet: those of packages, and of whom something more was said. */
async function keyStudents(db: Db, historyId: number): Promise<void> {
  const students = await db
    .selectFrom('history_students')
    .innerJoin('students', 'students.id', 'history_students.student_id')
    .selectAll('history_students')
    .select(['national_id', 'id_key'])
    .where('history_id', '=', historyId)
    .where((eb) => eb.or([eb('keyed_id', '=', ''), eb('said_hash', '=', '')]))
    .execute();
  for (const some of inParts(students)) {
    const records = await recordsOf(
      db,
      historyId,
      some.map(({ student_id }) => student_id),
    );
    for (const { student_id, national_id, id_key, ...said } of some)
      await db
        .updateTable('history_students')
        .set({ keyed_id: keyedId(id_key, national_id), said_hash: saidHash(id_key, said, records.get(student_id) ?? []) })
        .where('history_id', '=', historyId)
        .where('student_id', '=', student_id)
        .execute();
  }
}

/** What an entry says of records, by the number of the student. */
export async function recordsOf(
  db: Db,
  historyId: number,
  studentIds: readonly number[],
): Promise<Map<number, Selectable<Tables['history_records']>[]>> {
  const records = new Map<number, Selectable<Tables['history_records']>[]>();
  for (const some of inParts(studentIds)) {
    const rows = await db
      .selectFrom('history_records')
      .selectAll()
      .where('history_id', '=', historyId)
      .where('student_id', 'in', some)
      .orderBy('id')
      .execute();
    for (const row of rows) records.set(row.student_id, [...(records.get(row.student_id) ?? []), row]);
  }
  return records;
}
