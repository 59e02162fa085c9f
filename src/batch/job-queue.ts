/**
 * The queue of jobs of a school: tables of pg-boss in the school's own schema, which no other school can look into (docs/workers.md). What a
 * worker runs bears the name of its session, which ends however the worker ends: jobs of dead workers go back into the queue at once,
 * and those of a computer that lost its power when the connection is given up, or at the latest when they expire.
 */
import type PgBoss from 'pg-boss';
import { type Facts, LpxError } from '../errors.js';
import { optionalPackage } from '../io/optional-package.js';
import type { StoreLocation } from '../store/location.js';
import { openSchoolSession } from '../store/postgres/open.js';
import { isLiving, type PostgresSession } from '../store/postgres/session.js';
import { takeTurn } from '../store/processes/turns.js';
import { inParts, PART } from '../store/statements.js';
import {
  JOB_KINDS,
  type JobData,
  type JobKind,
  type JobOutput,
  type JobState,
  type ListedJob,
  type ListedKind,
  type NewJob,
  type QueueCount,
  type SettledJob,
  type TakenJob,
} from './job.js';

/** pg-boss's name for the queue. */
const QUEUE = 'lpx';
/** Longer than any job takes by far, and shorter than pg-boss allows: when a job that is held by nobody we know is taken for lost. */
const EXPIRE_SECONDS = 12 * 3600;
/** What sessions say of themselves that take jobs. */
const WORKER = 'worker';
/** How often a job is tried again after an error or the death of its worker, before it counts as poisoned. */
export const RETRIES = 9;
/** The first pause before that, in s; each is twice as long. */
const RETRY_SECONDS = 1;
/** How long jobs that are done are listed, and how long after that pg-boss drops them. */
const KEEP_DONE_SECONDS = 7 * 86_400;
const KEEP_DEAD_SECONDS = 3650 * 86_400;
const DROP_DAYS = 1;
/** A worker writes its name on a job right after it took it: until then nobody calls it dead. */
const GRACE_SECONDS = 5;

const STATES: Readonly<Record<string, JobState>> = {
  created: 'queued',
  retry: 'retry',
  active: 'running',
  completed: 'done',
  failed: 'dead',
  cancelled: 'cancelled',
};

/** Of a row of the table of jobs, which whoever has the school's role may write to. */
const KIND = `case when data->>'kind' in (${JOB_KINDS.map((kind) => `'${kind}'`).join(', ')}) then data->>'kind' else 'other' end`;

/** What a row of the table of jobs says, which need not be what lpx wrote: of a row of another form, that it is one. */
function jobIn(data: unknown): Omit<TakenJob, 'id' | 'retries' | 'waitedMs'> {
  const { kind, batch, request, about, payload } = (data ?? {}) as Record<string, unknown>;
  const isText = [batch, request, about].every((text) => typeof text === 'string');
  if (!isText || !JOB_KINDS.includes(kind as JobKind) || typeof payload !== 'object' || payload === null)
    return { kind: 'other', batch: '', request: '', about: '', payload: {} };
  return { kind, batch, request, about, payload } as JobData;
}

/** pg-boss's lock of a school, which it takes when it makes or changes its tables. */
const BOSS_LOCK = /SELECT pg_advisory_xact_lock\([^;]*\)/;

export class JobQueue {
  readonly #session: PostgresSession;
  readonly #schema: string;
  readonly #boss: PgBoss;
  #failure: unknown;

  private constructor(session: PostgresSession, schema: string, driver: typeof PgBoss) {
    this.#session = session;
    this.#schema = schema;
    this.#boss = new driver({
      db: { executeSql: (text, values) => this.#execute(text, values) },
      schema,
      schedule: false,
      supervise: false,
      archiveCompletedAfterSeconds: KEEP_DONE_SECONDS,
      archiveFailedAfterSeconds: KEEP_DEAD_SECONDS,
      deleteAfterDays: DROP_DAYS,
    });
    this.#boss.on('error', () => {});
  }

  /**
   * Opens the queue of a school, and makes it when it is not there yet.
   * @param takesJobs whether others are to see a worker here
   * @throws LPX_QUEUE_STORE for a store in a folder; LPX_PACKAGE_MISSING; the errors of opening a store in PostgreSQL
   */
  static async open(location: StoreLocation, { takesJobs = false } = {}): Promise<JobQueue> {
    if (typeof location === 'string') throw new LpxError('LPX_QUEUE_STORE', { folder: location });
    const driver = optionalPackage<typeof PgBoss>('pg-boss');
    if (!driver) throw new LpxError('LPX_PACKAGE_MISSING', { package: 'pg-boss', version: '10' });
    const { session, schema } = await openSchoolSession(location);
    try {
      const queue = new JobQueue(session, schema, driver);
      await queue.#install(driver);
      if (takesJobs) await session.declare(WORKER);
      return queue;
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  /** What messages call the database. */
  get shown(): string {
    return this.#session.shown;
  }

  /** Whether a worker lives that takes jobs. */
  hasWorker(): Promise<boolean> {
    return this.#session.isDeclared(WORKER);
  }

  /** Ends the connection. Jobs that are still running here go back into the queue. */
  async close(): Promise<void> {
    await this.#session.end();
  }

  /**
   * Puts jobs into the queue. One that is there already and not running is replaced, so that what it is given now counts; of one that is
   * running there is no second.
   * @param from how many of their batch were submitted before: of several batches, the first jobs of each are done first
   */
  async submit(jobs: readonly NewJob[], from = 0): Promise<void> {
    for (const [part, some] of inParts(jobs).entries()) {
      await this.#rows(`delete from ${this.#jobs} where name = $1 and id = any($2::uuid[]) and state <> 'active'`, [
        QUEUE,
        some.map(({ id }) => id),
      ]);
      const first = from + part * PART;
      await this.#boss.insert(some.map(({ id, ...data }, i) => ({ id, name: QUEUE, data, priority: -(first + i) })));
    }
  }

  /**
   * Puts jobs that name students into the queue. Whoever erases one of them meanwhile waits, and then finds the jobs.
   * @param jobsWithout makes the jobs, without the students who are gone from the store
   */
  async submitAbout(
    nationalIds: readonly string[],
    jobsWithout: (gone: ReadonlySet<string>) => Promise<readonly NewJob[]>,
    from = 0,
  ): Promise<void> {
    await this.#session.transaction(async () => {
      const gone = new Set(nationalIds);
      for (const some of inParts([...gone])) {
        const here = await this.#rows<{ national_id: string }>(
          `select national_id from "${this.#schema}".students where national_id = any($1) order by id for key share`,
          [some],
        );
        for (const { national_id } of here) gone.delete(national_id);
      }
      await this.submit(await jobsWithout(gone), from);
    });
  }

  /** Takes the next job, if there is one. What a lost connection did not let finish is run once more. */
  async take(): Promise<TakenJob | undefined> {
    this.#failure = undefined;
    const [job] = await this.#boss.fetch<object>(QUEUE, { includeMetadata: true, batchSize: 1 });
    // pg-boss takes every error for a job that another worker was quicker to take.
    if (this.#failure) throw this.#failure;
    if (!job) return undefined;
    await this.hold([job.id]);
    const waitedMs = Math.max(0, Date.now() - new Date(job.createdOn).getTime());
    return { ...jobIn(job.data), id: job.id, retries: job.retryCount, waitedMs };
  }

  /** Lets others see that jobs are being run: after a connection was lost, those that were taken before and that nobody else has. */
  async hold(ids: readonly string[]): Promise<void> {
    await this.#rows(
      `update ${this.#jobs} set output = jsonb_build_object('session', $3::text)
       where name = $1 and id = any($2::uuid[]) and state = 'active' and not ${this.#isHeld}`,
      [QUEUE, ids, this.#session.name],
    );
  }

  /** A job has been run, whatever came of it. */
  async complete(id: string, output: JobOutput): Promise<void> {
    await this.#boss.complete(QUEUE, id, output);
  }

  /** A job could not be run: it is tried again, unless it was too often. */
  async fail(id: string, output: JobOutput): Promise<void> {
    await this.#boss.fail(QUEUE, id, output);
  }

  /** Gives jobs back whose workers are gone, and has pg-boss clean up. @returns how many were given back */
  async supervise(): Promise<number> {
    const endTurn = await this.#session.tryTurn('queue');
    if (!endTurn) return 0;
    try {
      const orphans = await this.#rows<{ id: string }>(
        `select id from ${this.#jobs} where name = $1 and state = 'active' and not ${this.#isHeld}
           and (output ? 'session' or coalesce(started_on, '-infinity') < now() - interval '${GRACE_SECONDS} seconds')`,
        [QUEUE],
      );
      for (const { id } of orphans) await this.#boss.fail(QUEUE, id, { outcome: 'failed', code: 'LPX_WORKER_GONE' });
      await this.#boss.maintain();
      return orphans.length;
    } finally {
      endTurn();
    }
  }

  /** Of some jobs, those that have come to their end. */
  async settled(ids: readonly string[]): Promise<SettledJob[]> {
    const settled: SettledJob[] = [];
    for (const some of inParts(ids)) {
      const rows = await this.#rows<{ id: string; state: string; output: JobOutput | null }>(
        `select id, state, case when state in ('completed', 'failed') then output end as output from ${this.#jobs} where name = $1 and id = any($2::uuid[])`,
        [QUEUE, some],
      );
      const there = new Map(rows.map((row) => [row.id, row]));
      for (const id of some) {
        const row = there.get(id);
        const state = row === undefined || row.state === 'cancelled' ? 'gone' : STATES[row.state];
        if (state === 'gone' || state === 'done' || state === 'dead') settled.push({ id, state, output: outputOf(row?.output) });
      }
    }
    return settled;
  }

  /** Forgets what jobs found out, once it has been read: that they are done stays. */
  async forget(ids: readonly string[]): Promise<void> {
    for (const some of inParts(ids))
      await this.#rows(
        `update ${this.#jobs} set output = output - 'result', data = data - 'payload' where name = $1 and id = any($2::uuid[]) and state = 'completed'`,
        [QUEUE, some],
      );
  }

  /** How many jobs there are, by kind and state. */
  async counts(): Promise<QueueCount[]> {
    const rows = await this.#rows<{ kind: ListedKind; state: string; count: number }>(
      `select ${KIND} as kind, state, count(*) as count from ${this.#jobs} where name = $1 group by 1, 2 order by 1, 2`,
      [QUEUE],
    );
    return rows.map(({ kind, state, count }) => ({ kind, state: STATES[state] as JobState, count: Number(count) }));
  }

  /** Jobs in some states, the oldest first. */
  async list(states: readonly JobState[], limit: number): Promise<ListedJob[]> {
    const names = Object.keys(STATES).filter((name) => states.includes(STATES[name] as JobState));
    const rows = await this.#rows<ListedRow>(
      `select id, ${KIND} as kind, data->>'batch' as batch, data->>'about' as about, state, retry_count, created_on, started_on, completed_on,
         start_after, output->>'outcome' as outcome, output->>'code' as code, output->'facts' as facts
       from ${this.#jobs} where name = $1 and state::text = any($2) order by created_on, id limit $3`,
      [QUEUE, names, limit],
    );
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      batch: row.batch ?? '',
      about: row.about ?? '',
      state: STATES[row.state] as JobState,
      retries: row.retry_count,
      submittedAt: row.created_on,
      startedAt: row.started_on ?? undefined,
      endedAt: row.state === 'completed' || row.state === 'failed' ? (row.completed_on ?? undefined) : undefined,
      outcome: row.outcome ?? '',
      code: row.code ?? '',
      facts: row.facts ?? {},
      nextTryAt: row.state === 'retry' ? row.start_after : undefined,
    }));
  }

  /** Puts dead letters back into the queue, as new. @returns those that were */
  async retry(ids: readonly string[]): Promise<string[]> {
    // One whose student is erased meanwhile is gone before it is taken out here, or back in the queue before the erasure looks there.
    return this.#session.transaction(async () => {
      const dead = await this.#rows<{ id: string; data: JobData }>(
        `delete from ${this.#jobs} where name = $1 and id = any($2::uuid[]) and state = 'failed' returning id, data`,
        [QUEUE, ids],
      );
      await this.submit(dead.map(({ id, data }) => ({ id, ...data })));
      return dead.map(({ id }) => id);
    });
  }

  /** Takes dead letters, and jobs that nobody has begun, out of the queue. @returns those that were */
  async drop(ids: readonly string[]): Promise<string[]> {
    const rows = await this.#rows<{ id: string }>(
      `delete from ${this.#jobs} where name = $1 and id = any($2::uuid[]) and state in ('created', 'retry', 'failed') returning id`,
      [QUEUE, ids],
    );
    return rows.map(({ id }) => id);
  }

  /** Makes pg-boss's tables in the school's schema, which is there: a role needs no right to make schemas. Of several at once, one does. */
  async #install(driver: typeof PgBoss): Promise<void> {
    if (await this.#isWhole()) {
      await this.#boss.start();
      return;
    }
    const turn = await takeTurn({ presence: this.#session }, 'queue', { onWaiting: () => {}, isGivenUp: () => false });
    try {
      const plan = driver.getConstructionPlans(this.#schema).replace(/CREATE SCHEMA IF NOT EXISTS \w+\s*;/, '');
      if (!(await this.#boss.isInstalled())) await this.#execute(plan);
      await this.#boss.start();
      await this.#boss.createQueue(QUEUE, {
        name: QUEUE,
        policy: 'standard',
        retryLimit: RETRIES,
        retryDelay: RETRY_SECONDS,
        retryBackoff: true,
        expireInSeconds: EXPIRE_SECONDS,
        retentionMinutes: KEEP_DEAD_SECONDS / 60,
      });
    } finally {
      turn?.end();
    }
  }

  async #isWhole(): Promise<boolean> {
    return (await this.#boss.isInstalled()) === true && (await this.#boss.getQueue(QUEUE)) !== null;
  }

  async #execute(text: string, values: unknown[] = []): Promise<{ rows: unknown[] }> {
    try {
      // Numbers of advisory locks are the whole database's: another school could hold them. Its tables it cannot lock.
      const own = text.replace(BOSS_LOCK, `LOCK TABLE "${this.#schema}".sessions IN SHARE ROW EXCLUSIVE MODE`);
      return { rows: (await this.#rows(own, values)) ?? [] };
    } catch (error) {
      this.#failure = error;
      // Several statements with a transaction of their own leave it open where one of them fails.
      if (/^\s*BEGIN;/.test(text)) await this.#rows('rollback').catch(() => {});
      throw error;
    }
  }

  #rows<R extends object>(statement: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return this.#session.rows<R>(statement, parameters);
  }

  get #jobs(): string {
    return `"${this.#schema}".job`;
  }

  /** A condition on a running job: the session that runs it lives. */
  get #isHeld(): string {
    return isLiving(this.#schema, "output->>'session'");
  }
}

interface ListedRow {
  readonly id: string;
  readonly kind: ListedKind;
  readonly batch: string | null;
  readonly about: string | null;
  readonly state: string;
  readonly retry_count: number;
  readonly created_on: Date;
  readonly started_on: Date | null;
  readonly completed_on: Date | null;
  readonly outcome: string | null;
  readonly code: string | null;
  readonly facts: Facts | null;
  readonly start_after: Date;
}

/** pg-boss writes an output of its own where a job expires. */
const outputOf = (output: Partial<JobOutput> | null | undefined): JobOutput => ({ outcome: 'failed', ...output });
