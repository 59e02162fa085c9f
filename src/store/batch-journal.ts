/**
 * The journal of batches. A batch is known by what it is of: the hash of its list and options. While a process runs it,
 * nobody else does; what a dead process left is gone on with. Which of its jobs are done is in the history alone: each
 * package names its job from the moment it is claimed, so that no job can be done and not be known to be.
 */
import { randomBytes } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import { LpxError } from '../errors.js';
import { markCommitted } from '../io/interruption.js';
import { taipeiTime } from '../spec/terms.js';
import type { Presence } from './processes/presence.js';
import type { WorkFolder } from './processes/work-folder.js';
import type { Tables } from './tables.js';

export interface NewBatch {
  readonly kind: Tables['batches']['kind'];
  /** See `Tables`. */
  readonly key: string;
  readonly now: Date;
  /** The process's own, by which others see that it lives. */
  readonly work: WorkFolder;
  /** Go on with one that was cut short; else that is an error. */
  readonly resume: boolean;
}

/** A batch that this process runs. */
export interface Batch {
  readonly token: string;
  /** Whether it was begun before. */
  readonly isResumed: boolean;
  /** When another batch was begun that was cut short, where one was to be gone on with and there is none of this list and these options. */
  readonly otherUnfinished?: string;
}

/** A package that a job made. */
export interface JobPackage {
  /** Its number in the history, and when it was made. */
  readonly historyId: number;
  readonly at: Date;
  /** As given to `PackageClaims.claim`. */
  readonly batchJob: string;
  readonly file: string;
  readonly folder: string;
  /** The receiving school. */
  readonly school: string;
  readonly bytes: number;
  readonly md5: string;
  readonly contentsDigest: string;
  readonly nationalIds: readonly string[];
}

export class BatchJournal {
  readonly #db: Kysely<Tables>;
  readonly #presence: Presence;

  constructor(db: Kysely<Tables>, presence: Presence) {
    this.#db = db;
    this.#presence = presence;
  }

  /**
   * Begins a batch, or goes on with one. From here on a signal does not end the run by itself.
   * @throws LPX_BATCH_RUNNING when another process runs it, LPX_BATCH_UNFINISHED; LPX_STORE_BUSY
   */
  async begin(wanted: NewBatch): Promise<Batch> {
    await this.#presence.announce(wanted.work);
    return this.#db.transaction().execute(async (transaction) => {
      // A write first, so that of two processes that begin at once the second sees the first.
      await transaction.deleteFrom('batches').where('token', '=', '').execute();
      const batch = await this.#beginIn(transaction, wanted);
      // Before the commit is under way, during which a signal may come.
      markCommitted();
      return batch;
    });
  }

  async #beginIn(transaction: Transaction<Tables>, { kind, key, now, work, resume }: NewBatch): Promise<Batch> {
    const open = await transaction
      .selectFrom('batches')
      .selectAll()
      .where('kind', '=', kind)
      .where('key', '=', key)
      .where('work', '<>', '')
      .executeTakeFirst();
    if (open && (await this.#presence.isAlive(open.work))) throw new LpxError('LPX_BATCH_RUNNING', { at: taipeiTime(new Date(open.at)) });
    if (open && !resume) throw new LpxError('LPX_BATCH_UNFINISHED', { at: taipeiTime(new Date(open.at)) });
    if (open) {
      await transaction
        .updateTable('batches')
        .set({ work: this.#presence.nameOf(work) })
        .where('id', '=', open.id)
        .execute();
      return { token: open.token, isResumed: true };
    }
    const others = resume
      ? await transaction
          .selectFrom('batches')
          .select(['at', 'work'])
          .where('kind', '=', kind)
          .where('work', '<>', '')
          .orderBy('id')
          .execute()
      : [];
    let other: (typeof others)[number] | undefined;
    for (const batch of others) if (!(await this.#presence.isAlive(batch.work))) other = batch;
    const token = randomBytes(4).toString('hex');
    await transaction
      .insertInto('batches')
      .values({ token, kind, key, at: now.toISOString(), work: this.#presence.nameOf(work) })
      .execute();
    return { token, isResumed: false, ...(other && { otherUnfinished: other.at }) };
  }

  /** Notes that a batch has come to its end: the same list is another batch then. */
  async end({ token }: Batch): Promise<void> {
    await this.#db.updateTable('batches').set({ work: '' }).where('token', '=', token).execute();
  }

  /** The packages that a batch has made. Those of jobs of dead processes are settled when the store is opened. */
  async packages({ token }: Batch): Promise<JobPackage[]> {
    const rows = await this.#db
      .selectFrom('history')
      .innerJoin('history_students', 'history_students.history_id', 'history.id')
      .innerJoin('students', 'students.id', 'history_students.student_id')
      .select([
        'history.id',
        'history.at',
        'batch_job',
        'file',
        'folder',
        'school',
        'bytes',
        'md5',
        'history.contents_digest',
        'national_id',
      ])
      .where('batch_job', '>=', `${token}-`)
      .where('batch_job', '<', `${token}.`)
      .where('state', '=', 'done')
      .orderBy('history.id')
      .execute();
    const packages = new Map<number, JobPackage & { readonly nationalIds: string[] }>();
    for (const { id, national_id: nationalId, ...row } of rows) {
      const { batch_job: batchJob, contents_digest: contentsDigest, file, folder, school, md5 } = row;
      const facts = { batchJob, file, folder, school, bytes: Number(row.bytes), md5, contentsDigest };
      const known = packages.get(id) ?? { historyId: id, at: new Date(row.at), ...facts, nationalIds: [] };
      known.nationalIds.push(nationalId);
      packages.set(id, known);
    }
    return [...packages.values()];
  }
}
