/**
 * The packages that an export is making. Each has its name in the history before its first byte is written, as pending; it
 * becomes an export once all of its files are written, and only then do they get their names. What a dead process left
 * is settled by the next command that opens the store: finished when all was written and is still there, else removed.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Kysely, Transaction } from 'kysely';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { markCommitted } from '../io/interruption.js';
import { removeParts, type Unpublished, unpublished } from '../io/publish.js';
import { LEAVING_REASONS } from '../spec/status-changes.js';
import { noteRemnants } from './erasure/overwriting.js';
import { chainEntry } from './history/chain.js';
import { EntryChanges } from './history/entry-changes.js';
import { requestDetails } from './history/history-rows.js';
import { type DeadPackage, finish, isOfPackage, withdraw } from './processes/dead-packages.js';
import type { Presence } from './processes/presence.js';
import type { WorkFolder } from './processes/work-folder.js';
import { inParts } from './statements.js';
import type { ExportEntry, HistoryCounts } from './store.js';
import { type StudentToUpdate, updateStudentRow } from './stored-rows.js';
import { type Tables, UNSAID } from './tables.js';

/** A package that is going to be written. */
export interface NewClaim {
  /** The package's name for a moment; later moments have greater names. */
  readonly nameAt: (moment: Date) => string;
  readonly now: Date;
  /** The process's own, by which others see that it lives. */
  readonly work: WorkFolder;
  readonly outFolder: string;
  /** A new file for the password of the whole export. */
  readonly passwordFile?: string | undefined;
  readonly entry: Pick<ExportEntry, 'school' | 'reason' | 'terms' | 'left' | 'overridden' | 'operator' | 'request'>;
  readonly students: readonly ClaimedStudent[];
  /** The job of a batch that makes it. */
  readonly batchJob?: string | undefined;
  /** Refuse when another run has sent the same of one of the students to the same school, or is about to. */
  readonly unlessSent?: boolean | undefined;
}

export interface ClaimedStudent {
  readonly id: number;
  readonly counts: HistoryCounts;
  /** See `contentsDigest`: of a package of this student alone. */
  readonly contentsDigest: string;
}

/** What has to be the same for a student to have been sent before. */
export interface Sending {
  readonly studentId: number;
  readonly contentsDigest: string;
  readonly school: string;
}

/** An export that sent it. */
export interface SentBefore {
  readonly file: string;
  readonly at: Date;
}

export interface PackageClaim {
  readonly historyId: number;
  /** Without `.zip`. */
  readonly name: string;
  readonly zip: Unpublished;
  readonly signature: Unpublished;
  readonly password?: Unpublished;
}

export interface WrittenPackage {
  readonly claim: PackageClaim;
  readonly digests: Pick<ExportEntry, 'bytes' | 'md5' | 'contentsDigest'>;
}

/** How far a package's name may lie before the moment at which it is claimed, in seconds. */
const LOOK_BACK = 3600;
/** A last package that lies further ahead than this, in ms, was made by a clock that was wrong: nobody can wait for it. */
const LAST_AHEAD_MS = 60_000;

export const filesOf = ({ password, zip, signature }: PackageClaim): Unpublished[] => [...(password ? [password] : []), zip, signature];

export class PackageClaims {
  readonly #db: Kysely<Tables>;
  readonly #folder: string;
  readonly #presence: Presence;

  constructor(db: Kysely<Tables>, storeFolder: string, presence: Presence) {
    this.#db = db;
    this.#folder = storeFolder;
    this.#presence = presence;
  }

  /**
   * Claims the name of the newest second, not after now, that no package of the store or in the folder has, and that comes
   * after the last package of each of the students.
   * @returns undefined when there is none: a second later there is
   * @throws LPX_STORE_BUSY, LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE; LPX_STUDENT_CHANGED when one of the students is no longer
   *   on the roll; LPX_SENT_MEANWHILE
   */
  async claim(wanted: NewClaim): Promise<PackageClaim | undefined> {
    const inFolder = await readdir(wanted.outFolder).catch((error) => {
      throw fileError(error, wanted.outFolder);
    });
    await this.#presence.announce(wanted.work);
    return this.#db.transaction().execute(async (transaction) => {
      await refuseGone(transaction, wanted.students);
      if (wanted.unlessSent) await refuseSent(transaction, wanted);
      const name = await freeName(transaction, wanted, inFolder);
      return name === undefined ? undefined : addClaim(transaction, wanted, { name, work: this.#presence.nameOf(wanted.work) });
    });
  }

  /** The newest export by which a student's records and files, as they are, went to a school; undefined for none. */
  async sentBefore(sending: Sending): Promise<SentBefore | undefined> {
    const row = await sendings(this.#db, sending, ['done']).executeTakeFirst();
    return row && { file: row.file, at: new Date(row.at) };
  }

  /**
   * Makes exports of packages all of whose files are written, in one transaction: from here on they get their names, and none of their
   * students is erased before they have them.
   * @throws LPX_STUDENT_CHANGED when one of the students has been erased or taken off the roll since they were claimed, or a claim is
   *   gone: then none is made an export
   */
  async written(packages: readonly WrittenPackage[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (const { claim, digests } of packages) {
        const { contentsDigest, ...rest } = digests;
        const made = await transaction
          .updateTable('history')
          .set({ ...rest, contents_digest: contentsDigest, state: 'written' })
          .where('id', '=', claim.historyId)
          .where('state', '=', 'pending')
          .returning('id')
          .executeTakeFirst();
        if (!made || (await hasLost(transaction, claim.historyId))) throw new LpxError('LPX_STUDENT_CHANGED');
      }
      markCommitted();
    });
  }

  /** Notes that the files of packages have their names: their students who leave the school have left it. */
  async published(claims: readonly PackageClaim[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (const { historyId } of claims) await markDone(transaction, this.#folder, historyId);
    });
  }

  /** Forgets packages that did not come about, and removes what was written of them. */
  async drop(claims: readonly PackageClaim[]): Promise<void> {
    await removeParts(claims.flatMap(filesOf));
    await this.#db.transaction().execute(async (transaction) => {
      for (const { historyId } of claims) await transaction.deleteFrom('history').where('id', '=', historyId).execute();
    });
  }

  /**
   * Settles the exports of processes that are gone, the packages of each together: they have one password. What lies in a
   * folder that is not there now, or that cannot be written to, waits until it can; where a student was erased meanwhile, it goes.
   */
  async sweep(): Promise<void> {
    for (const work of new Set((await this.#dead(this.#db)).map((zip) => zip.work))) {
      await this.#db.transaction().execute(async (transaction) => {
        const zips = (await this.#dead(transaction)).filter((zip) => zip.work === work);
        const packages: DeadPackage[] = [];
        for (const zip of zips) packages.push({ zip, files: await filesOfDead(transaction, zip.id) });
        const files = packages.flatMap((dead) => dead.files);
        // Somebody edited them: other paths are those of other programs' files.
        if (!packages.every((dead) => dead.files.every((file) => isOfPackage(dead.zip, file)))) return;
        if (files.some(({ part }) => !existsSync(dirname(part)))) return;
        // A folder of the same name is another one on another computer, unless the files can be seen in it.
        if (!this.#presence.isHere(work) && !files.every(({ part, file }) => existsSync(part) || existsSync(file))) return;
        const isErased = await hasErased(transaction, zips);
        if (zips.every(({ state }) => state === 'written')) {
          const outcome = isErased ? 'impossible' : await finish(packages);
          if (outcome === 'later') return;
          if (outcome === 'published') {
            for (const { id } of zips) await markDone(transaction, this.#folder, id);
            return;
          }
          for (const dead of packages) await withdraw(dead);
        }
        await removeParts(files);
        for (const { id } of zips) await transaction.deleteFrom('history').where('id', '=', id).execute();
        // Their paths may have named the student.
        if (isErased) await noteRemnants(transaction, []);
      });
    }
  }

  async #dead(db: Kysely<Tables> | Transaction<Tables>) {
    const pending = await db
      .selectFrom('history')
      .select(['id', 'state', 'work', 'file', 'folder', 'bytes', 'md5'])
      .where('state', 'in', ['pending', 'written'])
      .execute();
    const alive = new Map<string, boolean>();
    for (const { work } of pending) if (!alive.has(work)) alive.set(work, await this.#presence.isAlive(work));
    return pending.filter(({ work }) => !alive.get(work));
  }
}

const filesOfDead = (transaction: Transaction<Tables>, historyId: number): Promise<Unpublished[]> =>
  transaction.selectFrom('unpublished').select(['part', 'file']).where('history_id', '=', historyId).execute();

async function markDone(transaction: Transaction<Tables>, folder: string, historyId: number): Promise<void> {
  await transaction.deleteFrom('unpublished').where('history_id', '=', historyId).execute();
  await transaction.updateTable('history').set({ state: 'done', work: '' }).where('id', '=', historyId).execute();
  await markLeft(transaction, folder, historyId);
  await chainEntry(transaction, historyId);
}

/** Who is exported for another school has left this one; who was here on loan may still be here. */
async function markLeft(transaction: Transaction<Tables>, folder: string, historyId: number): Promise<void> {
  const students = await transaction
    .selectFrom('history')
    .innerJoin('history_students', 'history_students.history_id', 'history.id')
    .select(['student_id', 'left_on'])
    .where('history.id', '=', historyId)
    .where('reason', 'in', LEAVING_REASONS)
    .where('left_on', '<>', '')
    .execute();
  const changes = new EntryChanges(transaction);
  const noted: StudentToUpdate['noted'] = (table, row, columns) => changes.updated(historyId, table, row, columns);
  for (const { student_id: id, left_on } of students)
    await updateStudentRow(transaction, { id, folder, noted }, { left_as: 'transferred', left_on }).catch((error) => {
      // The package is out. That the row is damaged is said by whoever reads the student next.
      if (!(error instanceof LpxError)) throw error;
    });
  await changes.flush();
}

/** The exports that sent the same of a student to the same school, the newest first. Entries of earlier versions know it of packages of one student. */
const sendings = (
  db: Kysely<Tables> | Transaction<Tables>,
  { studentId, contentsDigest, school }: Sending,
  states: readonly ('pending' | 'written' | 'done')[],
) =>
  db
    .selectFrom('history')
    .innerJoin('history_students', 'history_students.history_id', 'history.id')
    .select(['history.file', 'history.at', 'history.batch_job'])
    .where('student_id', '=', studentId)
    .where('kind', '=', 'export')
    .where('state', 'in', states)
    .where('undone_by', 'is', null)
    .where('school', '=', school)
    .where((eb) =>
      eb.or([
        eb('history_students.contents_digest', '=', contentsDigest),
        eb.and([eb('history_students.contents_digest', '=', ''), eb('history.contents_digest', '=', contentsDigest)]),
      ]),
    )
    .orderBy('history.id', 'desc');

/** @throws LPX_STUDENT_CHANGED when one of the students is not on the roll any more */
async function refuseGone(transaction: Transaction<Tables>, students: readonly ClaimedStudent[]): Promise<void> {
  for (const some of inParts(students)) {
    const ids = some.map(({ id }) => id);
    const found = await transaction.selectFrom('students').select('id').where('id', 'in', ids).where('removed_by', 'is', null).execute();
    if (found.length < new Set(ids).size) throw new LpxError('LPX_STUDENT_CHANGED');
  }
}

/** Whether a student of a package has been erased or taken off the roll since it was claimed. */
async function hasLost(transaction: Transaction<Tables>, historyId: number): Promise<boolean> {
  if (await hasErased(transaction, [{ id: historyId }])) return true;
  const removed = await transaction
    .selectFrom('history_students')
    .innerJoin('students', 'students.id', 'history_students.student_id')
    .select('students.id')
    .where('history_id', '=', historyId)
    .where('removed_by', 'is not', null)
    .executeTakeFirst();
  return removed !== undefined;
}

async function hasErased(transaction: Transaction<Tables>, entries: readonly { readonly id: number }[]): Promise<boolean> {
  for (const some of inParts(entries)) {
    const ids = some.map(({ id }) => id);
    if (await transaction.selectFrom('history_erased').select('history_id').where('history_id', 'in', ids).executeTakeFirst()) return true;
  }
  return false;
}

/** @throws LPX_SENT_MEANWHILE */
async function refuseSent(transaction: Transaction<Tables>, { students, batchJob = '', entry: { school } }: NewClaim): Promise<void> {
  for (const { id, contentsDigest } of students) {
    const sent = await sendings(transaction, { studentId: id, contentsDigest, school }, ['pending', 'written', 'done']).execute();
    // What this job left when it was cut short is not another's.
    if (sent.some((row) => row.batch_job !== batchJob)) throw new LpxError('LPX_SENT_MEANWHILE');
  }
}

async function freeName(
  transaction: Transaction<Tables>,
  { nameAt, now, students }: NewClaim,
  inFolder: readonly string[],
): Promise<string | undefined> {
  const last = await lastPackageOf(
    transaction,
    students.map(({ id }) => id),
  );
  const bound = last > nameAt(new Date(now.getTime() + LAST_AHEAD_MS)) ? '' : last;
  const nameBefore = (second: number) => nameAt(new Date(now.getTime() - 1000 * second));
  const taken = await transaction
    .selectFrom('history')
    .select('package')
    .where('package', '>=', nameBefore(LOOK_BACK))
    .where('package', '<=', nameBefore(0))
    .execute();
  const names = new Set([...taken.map((row) => row.package), ...inFolder.map((file) => file.slice(0, nameBefore(0).length))]);
  for (let second = 0; second < LOOK_BACK; second++) {
    const name = nameBefore(second);
    if (name <= bound) return undefined;
    if (!names.has(name)) return name;
  }
  return undefined;
}

/** The name of the newest package that one of the students was in; empty for none. */
async function lastPackageOf(transaction: Transaction<Tables>, studentIds: readonly number[]): Promise<string> {
  let last = '';
  for (const some of inParts(studentIds)) {
    const row = await transaction
      .selectFrom('history')
      .innerJoin('history_students', 'history_students.history_id', 'history.id')
      .select((eb) => eb.fn.max('package').as('name'))
      .where('student_id', 'in', some)
      .executeTakeFirst();
    if (row?.name && row.name > last) last = row.name;
  }
  return last;
}

async function addClaim(
  transaction: Transaction<Tables>,
  { now, outFolder, passwordFile, entry, students, batchJob = '' }: NewClaim,
  { name, work }: { readonly name: string; readonly work: string },
): Promise<PackageClaim> {
  const { left, request, ...facts } = entry;
  const { id: historyId } = await transaction
    .insertInto('history')
    .values({
      ...UNSAID,
      ...facts,
      left_on: left,
      folder: outFolder,
      kind: 'export',
      at: now.toISOString(),
      file: `${name}.zip`,
      package: name,
      state: 'pending',
      work,
      batch_job: batchJob,
      bytes: 0,
      details: requestDetails(request),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const some of inParts(students))
    await transaction
      .insertInto('history_students')
      .values(
        some.map(({ id, counts, contentsDigest }) => ({
          history_id: historyId,
          student_id: id,
          course_results: counts.courseResults,
          multi_performances: counts.multiPerformances,
          attachments: counts.attachments,
          contents_digest: contentsDigest,
        })),
      )
      .execute();
  const nameOf = unpublished();
  const claim = {
    historyId,
    name,
    zip: nameOf(join(outFolder, `${name}.zip`)),
    signature: nameOf(join(outFolder, `${name}.zip.md5`)),
    ...(passwordFile !== undefined && { password: nameOf(passwordFile) }),
  };
  for (const { part, file } of filesOf(claim))
    await transaction.insertInto('unpublished').values({ history_id: historyId, part, file }).execute();
  return claim;
}
