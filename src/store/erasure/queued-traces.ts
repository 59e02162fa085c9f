/**
 * What the queue of jobs keeps of a student. Its tables are in the school's part of a PostgreSQL database, whether or not the queue's
 * package is installed here: jobs that export name students, and those that ended keep what they found out until it was read.
 */
import { gunzipSync } from 'node:zlib';
import { type Kysely, sql, type Transaction } from 'kysely';
import { LpxError } from '../../errors.js';
import { inParts } from '../statements.js';
import { isPostgres } from '../table-rows.js';
import type { Tables } from '../tables.js';

type Db = Kysely<Tables> | Transaction<Tables>;

/** pg-boss's tables: jobs, and those that ended long ago. */
const JOB_TABLES = ['job', 'archive'] as const;
const UNFINISHED: readonly string[] = ['created', 'retry', 'active'];

/** The student by all that a job may say: national id and name. */
export interface QueuedStudent {
  readonly nationalId: string;
  readonly name: string;
}

/** Those of the queue's tables that are there. */
export async function jobTables(db: Db): Promise<readonly string[]> {
  if (!isPostgres(db)) return [];
  const { rows } = await sql<{ readonly tablename: string }>`
    select tablename from pg_tables where schemaname = current_schema() and tablename in (${sql.join(JOB_TABLES)})`.execute(db);
  return rows.map(({ tablename }) => tablename);
}

/**
 * Takes jobs that have ended and name a student out of the queue; within the transaction that erases the student, during which no job is
 * submitted: whoever does so waits for it, and then finds that the student is gone (`JobQueue.submitAbout`). @throws LPX_ERASE_QUEUED while a job that names the student is waiting, or being run
 */
export async function eraseFromQueue(db: Transaction<Tables>, student: QueuedStudent): Promise<void> {
  if (!isPostgres(db)) return;
  // First, since whoever submits does the same in this order; and also where the queue is only being made.
  await sql`select from students where national_id = ${student.nationalId} for update`.execute(db);
  for (const table of await jobTables(db)) {
    await sql`lock table ${sql.table(table)} in share row exclusive mode`.execute(db);
    const naming: JobRow[] = [];
    for await (const job of jobsThatMayName(db, table, student))
      if (job.named || isIn(job.result, [student.nationalId, student.name])) naming.push(job);
    const open = naming.find(({ state }) => UNFINISHED.includes(state));
    if (open) throw new LpxError('LPX_ERASE_QUEUED', { job: open.id.replace(/-/g, '').slice(0, 8) });
    for (const some of inParts(naming))
      await sql`delete from ${sql.table(table)} where id::text in (${sql.join(some.map(({ id }) => id))})`.execute(db);
  }
}

/** How many jobs wait in the queue, or are being run. Within the transaction none is submitted, taken or ended. */
export async function openJobs(db: Transaction<Tables>): Promise<number> {
  if (!(await jobTables(db)).includes('job')) return 0;
  await sql`lock table job in share row exclusive mode`.execute(db);
  const { rows } = await sql<{ readonly count: number }>`
    select count(*) as count from job where state::text in (${sql.join(UNFINISHED)})`.execute(db);
  return Number(rows[0]?.count);
}

interface JobRow {
  readonly id: string;
  readonly state: string;
  /** Whether what can be read of it has the student’s words. */
  readonly named: boolean;
  /** What it found out, serialised and packed; empty where that was read or there is none. */
  readonly result: string;
}

const JOBS_AT_ONCE = 500;

async function* jobsThatMayName(db: Db, table: string, { nationalId, name }: QueuedStudent): AsyncGenerator<JobRow> {
  for (let after = ''; ; ) {
    const { rows } = await sql<JobRow>`
      select * from (
        select id::text as id, state::text as state, coalesce(output->>'result', '') as result,
          position(lower(${nationalId}) in lower(said)) > 0
            or (state::text not in (${sql.join(UNFINISHED)}) and ${name} <> '' and position(${name} in said) > 0) as named
        from (select *, concat(data::text, output::text) as said from ${sql.table(table)} where id::text > ${after}) as jobs
      ) as jobs
      where named or result <> '' order by id limit ${JOBS_AT_ONCE}`.execute(db);
    yield* rows;
    if (rows.length < JOBS_AT_ONCE) return;
    after = rows.at(-1)?.id ?? after;
  }
}

/** Whether a result has one of the words. What cannot be unpacked is taken to have one: nobody can read it. */
function isIn(result: string, words: readonly string[]): boolean {
  if (result === '') return false;
  try {
    const bytes = gunzipSync(Buffer.from(result, 'base64'));
    // V8 writes a text in one of these.
    return words.some((word) => word !== '' && (bytes.includes(word) || bytes.includes(Buffer.from(word, 'utf16le'))));
  } catch {
    return true;
  }
}
