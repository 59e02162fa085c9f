/**
 * Erasing students for good. One transaction takes out everything by which a student could be known, destroys the key under which
 * the log knows the national id, and notes what is still to be overwritten; the overwriting comes after it, and is completed by
 * the next command where a process dies in between. The log keeps the fact: hashes that nobody can resolve any more.
 */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import { LpxError } from '../../errors.js';
import { markCommitted } from '../../io/interruption.js';
import { canonicalCode } from '../../plain-text.js';
import { chainEntry, keyedId, saidHash } from '../history/chain.js';
import { isInChangesOfOthers, rewordSchoolNames } from '../history/entry-changes.js';
import { receiptsOf } from '../history/entry-rows.js';
import { historyColumns } from '../history/history-rows.js';
import type { Presence } from '../processes/presence.js';
import { unneededFiles } from '../records/needed-files.js';
import { inParts } from '../statements.js';
import type { Store } from '../store.js';
import { basicDataOf } from '../stored-rows.js';
import { isPostgres, type RowTable, tablesOfStudents } from '../table-rows.js';
import type { Tables } from '../tables.js';
import type { AttachmentVault } from '../vault/attachments.js';
import { addErasures, type Erasure, listErasures, unvouched } from './erasure-list.js';
import { noteRemnants, overwriteRemnants, type Remnants } from './overwriting.js';
import { eraseFromQueue } from './queued-traces.js';
import { namedBackupsOf, namedPackagesOf, rewordHistory, wordsOf } from './reworded-history.js';
import { detailsWithoutWords, withoutWords } from './taken-out-words.js';

type StudentRow = Selectable<Tables['students']>;

/** What an erasure takes, or took. */
export interface ErasedStudent {
  /** Own, received and former ones. */
  readonly records: number;
  /** Files that only this student has, and those that stay because others have them, too. */
  readonly files: number;
  readonly sharedFiles: number;
  /** Entries of the history that keep nothing but hashes. */
  readonly entries: number;
}

/**
 * What an erasure would take, and of whom; `newest`: the place in the log of the student's newest entry, 0 for none; `namedBackups`:
 * folders of backups that have the student's id or name in their path, which the log keeps; `namedPackages`: such folders of packages
 * that were cut short, which the store keeps until it can remove what lies there.
 */
export interface PlannedErasure extends ErasedStudent {
  readonly nationalId: string;
  readonly name: string;
  readonly newest: number;
  readonly namedBackups: readonly string[];
  readonly namedPackages: readonly string[];
  /** Files of the store that no record has or had, and their bytes: some may be of the student, where rows were changed past lpx. */
  readonly unnamed: { readonly count: number; readonly bytes: number };
}

/** By whom, when and why a student is erased. */
export interface ErasureOrder {
  readonly now: Date;
  readonly operator: string;
  readonly reason: string;
}

const RECORD_TABLES = ['own_records', 'received_records', 'former_records'] as const;
/** Also in the rows that changes keep as text. */
const FILES = /_sha256\\?":\\?"([0-9a-f]{64})\\?"/g;

export class StudentErasures {
  readonly #db: Kysely<Tables>;
  readonly #folder: string;
  readonly #vault: AttachmentVault;
  readonly #presence: Presence;

  constructor(db: Kysely<Tables>, { folder, attachments, presence }: Pick<Store, 'folder' | 'attachments' | 'presence'>) {
    this.#db = db;
    this.#folder = folder;
    this.#vault = attachments;
    this.#presence = presence;
  }

  /** What overwriting does not reach: free blocks of the disk, PostgreSQL's own log and copies, versions that a bucket keeps. */
  get limits(): readonly ('disk' | 'postgres' | 's3')[] {
    const vault = this.#vault.location.startsWith('s3:') ? ['s3' as const] : [];
    return isPostgres(this.#db) ? ['postgres', ...vault] : ['disk', ...vault];
  }

  /** The students who were erased, for backups: a restore erases them again. */
  list(): Promise<Erasure[]> {
    return listErasures(this.#db);
  }

  /**
   * Erases a student, one who was taken off the roll as well, and overwrites what was there.
   * @param committed run once the student is out of the store, before the overwriting, which may take seconds
   * @returns undefined when there is none of this national id
   * @throws LPX_ERASE_PENDING while a package with the student is being made, or one that was cut short lies in a folder that is away,
   *   unless that is accepted; LPX_STUDENT_CHANGED when the student has entries in the log after `newest`; LPX_ERASE_QUEUED;
   *   LPX_STORE_BUSY, LPX_DISK_FULL: with nothing erased
   */
  async erase(
    nationalId: string,
    order: ErasureOrder,
    {
      acceptPending = false,
      newest,
      committed = async () => {},
    }: { readonly acceptPending?: boolean; readonly newest?: number; readonly committed?: () => Promise<void> } = {},
  ): Promise<(ErasedStudent & { readonly remnants: Remnants }) | undefined> {
    const erased = await this.#db.transaction().execute(async (transaction) => {
      const student = await studentRow(transaction, nationalId);
      if (!student) return undefined;
      if (newest !== undefined && (await newestEntryOf(transaction, student.id)) > newest) throw new LpxError('LPX_STUDENT_CHANGED');
      await this.#refusePending(transaction, student, acceptPending);
      return eraseStudent(transaction, student, this.#folder, order);
    });
    if (!erased) return undefined;
    markCommitted();
    await committed();
    return { ...erased, remnants: await this.overwrite() };
  }

  /** What erasing a student would take; undefined when there is none of this national id. */
  async plan(nationalId: string): Promise<PlannedErasure | undefined> {
    const student = await studentRow(this.#db, nationalId);
    if (!student) return undefined;
    const { own, shared } = await filesOf(this.#db, student.id);
    const unneeded = await unneededFiles(this.#db);
    let records = 0;
    for (const table of RECORD_TABLES) records += await countOf(this.#db, table, student.id);
    const words = await wordsOf(this.#db, student, nameOf(student, this.#folder));
    return {
      nationalId: student.national_id,
      name: nameOf(student, this.#folder),
      records,
      files: own.length,
      sharedFiles: shared,
      entries: await countOf(this.#db, 'history_students', student.id),
      newest: await newestEntryOf(this.#db, student.id),
      namedBackups: await namedBackupsOf(this.#db, words),
      namedPackages: await namedPackagesOf(this.#db, words),
      unnamed: { count: unneeded.length, bytes: unneeded.reduce((sum, { bytes }) => sum + bytes, 0) },
    };
  }

  /**
   * Erases again, in a store that comes from a time before, whoever has been erased since; and keeps the list.
   * @returns how many students were erased, and what is left of them; the erasures that no entry of the log vouches for yet
   */
  async obey(
    list: readonly Erasure[],
    order: Omit<ErasureOrder, 'reason'>,
  ): Promise<{ readonly erased: number; readonly remnants: Remnants; readonly unvouched: readonly Erasure[] }> {
    const wanted = new Set(list.map((erasure) => erasure.keyedId));
    const obeyed = await this.#db.transaction().execute(async (transaction) => {
      let erased = 0;
      for await (const student of studentRows(transaction)) {
        if (!wanted.has(keyedId(student.id_key, student.national_id))) continue;
        await eraseStudent(transaction, student, this.#folder, { ...order, reason: '' });
        erased++;
      }
      await addErasures(transaction, list);
      return { erased, unvouched: await unvouched(transaction, list) };
    });
    markCommitted();
    return { ...obeyed, remnants: await this.overwrite() };
  }

  /**
   * Removes the files that only erased students had, and overwrites what was theirs in the database. Nothing is done where nothing
   * is left over. What cannot be done now, a later command does. An erasure is committed by then: no error of ours is one of it, also
   * not that the connection was lost.
   */
  async overwrite(): Promise<Remnants> {
    try {
      return await overwriteRemnants(this.#db, this.#vault, this.#folder);
    } catch (error) {
      if (!(error instanceof LpxError)) throw error;
      return { files: [], database: error };
    }
  }

  /** Whether all that was of erased students is overwritten. */
  async isOverwritten(): Promise<boolean> {
    return (await this.#db.selectFrom('remnants').select('sha256').limit(1).execute()).length === 0;
  }

  /** A process that lives may be about to publish: only what a dead one left can be accepted. @throws LPX_ERASE_PENDING */
  async #refusePending(db: Db, { id, national_id }: StudentRow, acceptDead: boolean): Promise<void> {
    const pending = await db
      .selectFrom('history')
      .innerJoin('history_students', 'history_students.history_id', 'history.id')
      .select(['file', 'folder', 'work'])
      .where('student_id', '=', id)
      .where('state', 'in', ['pending', 'written'])
      .execute();
    for (const { file, folder, work } of pending)
      if (!acceptDead || (await this.#presence.isAlive(work)))
        throw new LpxError('LPX_ERASE_PENDING', { file, folder }, { place: { student: national_id } });
  }
}

type Db = Kysely<Tables> | Transaction<Tables>;

const studentRow = async (db: Db, nationalId: string): Promise<StudentRow | undefined> => {
  const ids = [...new Set([canonicalCode(nationalId), nationalId])];
  return db.selectFrom('students').selectAll().where('national_id', 'in', ids).executeTakeFirst();
};

/** Students read at a time. */
const STUDENTS_AT_ONCE = 500;

async function* studentRows(db: Db): AsyncGenerator<StudentRow> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const some = await db.selectFrom('students').selectAll().where('id', '>', after).orderBy('id').limit(STUDENTS_AT_ONCE).execute();
    yield* some;
    if (some.length < STUDENTS_AT_ONCE) return;
    after = some.at(-1)?.id ?? after;
  }
}

const countOf = async (db: Db, table: 'history_students' | (typeof RECORD_TABLES)[number], studentId: number): Promise<number> =>
  Number(
    (
      await db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll().as('count'))
        .where('student_id', '=', studentId)
        .executeTakeFirstOrThrow()
    ).count,
  );

/** The place in the log of the newest entry that a student is in; 0 for none. */
async function newestEntryOf(db: Db, studentId: number): Promise<number> {
  const row = await db
    .selectFrom('history')
    .innerJoin('history_students', 'history_students.history_id', 'history.id')
    .select((eb) => eb.fn.max('position').as('position'))
    .where('student_id', '=', studentId)
    .executeTakeFirst();
  return Number(row?.position ?? 0);
}

/** Takes a student out, and adds the entry that says so. Within a transaction that writes. */
async function eraseStudent(
  db: Transaction<Tables>,
  student: StudentRow,
  folder: string,
  { now, operator, reason }: ErasureOrder,
): Promise<ErasedStudent> {
  const hash = keyedId(student.id_key, student.national_id);
  await eraseFromQueue(db, { nationalId: student.national_id, name: nameOf(student, folder) });
  const words = await wordsOf(db, student, nameOf(student, folder));
  const { own, shared } = await filesOf(db, student.id);
  const entries = await keepHashes(db, student, hash);
  let records = 0;
  for (const table of RECORD_TABLES) records += await countOf(db, table, student.id);
  const changed = await db.selectFrom('entry_changes').select('history_id').distinct().where('student_id', '=', student.id).execute();
  for (const table of tablesOfStudents()) await deleteOf(db, table, student.id);
  await db.deleteFrom('students').where('id', '=', student.id).execute();
  const receipts = await receiptsOf(db, own);
  for (const some of inParts(own)) {
    await db.deleteFrom('attachments').where('sha256', 'in', some).execute();
    await db.deleteFrom('receipt_files').where('sha256', 'in', some).execute();
  }
  await noteRemnants(db, own);
  // Lists of batches that have ended are nobody's business any more: their hashes could be tried out with ids.
  await db.updateTable('batches').set({ key: '' }).where('work', '=', '').execute();
  const renamings = await rewordSchoolNames(db, (before) => detailsWithoutWords(before, words));
  const reworded = await rewordHistory(db, words, new Set([...changed.map(({ history_id }) => history_id), ...receipts, ...renamings]));
  const details = { keyedId: hash, reason: withoutWords(reason.trim(), words), records, files: own.length, reworded };
  const { id } = await db
    .insertInto('history')
    .values(historyColumns({ kind: 'erase', at: now, operator, file: '', bytes: 0, details }))
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('history_erased')
    .values({ history_id: id, keyed_id: hash, course_results: 0, multi_performances: 0, attachments: 0, created: 0, said_hash: '' })
    .execute();
  await chainEntry(db, id);
  await addErasures(db, [{ keyedId: hash, at: now.toISOString() }]);
  return { records, files: own.length, sharedFiles: shared, entries };
}

/** Empty for a row that is damaged: it goes all the same. */
function nameOf(student: StudentRow, folder: string): string {
  try {
    return basicDataOf(student, folder).name;
  } catch {
    return '';
  }
}

/** Every table with rows of students, where it may be that a later version of lpx adds one. */
const deleteOf = (db: Db, table: RowTable, studentId: number) =>
  sql`delete from ${sql.table(table)} where student_id = ${studentId}`.execute(db);

/** The files of a student's rows, also of records that were replaced or taken out: those that nobody else has, and how many others have. */
async function filesOf(db: Db, studentId: number): Promise<{ readonly own: readonly string[]; readonly shared: number }> {
  const named = new Set<string>();
  for (const table of tablesOfStudents()) {
    const { rows } = await sql`select * from ${sql.table(table)} where student_id = ${studentId}`.execute(db);
    for (const [, sha256 = ''] of JSON.stringify(rows).matchAll(FILES)) named.add(sha256);
  }
  const own: string[] = [];
  let shared = 0;
  for (const sha256 of named)
    if (await isOfOthers(db, sha256, studentId)) shared++;
    else own.push(sha256);
  return { own, shared };
}

async function isOfOthers(db: Db, sha256: string, studentId: number): Promise<boolean> {
  for (const table of RECORD_TABLES) {
    const row = await db
      .selectFrom(table)
      .select('student_id')
      .where('student_id', '<>', studentId)
      .where((eb) => eb.or([eb('document_sha256', '=', sha256), eb('media_sha256', '=', sha256)]))
      .limit(1)
      .executeTakeFirst();
    if (row) return true;
  }
  return isInChangesOfOthers(db, sha256, studentId);
}

/** Moves what the chain needs of the student's part in the history to where no student is named. @returns how many entries those are */
async function keepHashes(db: Transaction<Tables>, { id, id_key }: StudentRow, hash: string): Promise<number> {
  const rows = await db.selectFrom('history_students').selectAll().where('student_id', '=', id).execute();
  for (const some of inParts(rows))
    await db
      .insertInto('history_erased')
      .values(
        some.map(({ history_id, course_results, multi_performances, attachments, created, keyed_id, said_hash, ...said }) => ({
          ...{ history_id, course_results, multi_performances, attachments, created },
          // A package that is still being made gets its place in the chain later.
          keyed_id: keyed_id || hash,
          said_hash: keyed_id === '' ? saidHash(id_key, said, []) : said_hash,
        })),
      )
      .execute();
  return rows.length;
}
