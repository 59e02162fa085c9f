/** Has workers make the packages of a batch: puts its jobs into the queue, and follows them there. */
import { errorOf, LpxError } from '../../errors.js';
import { maskId } from '../../masking.js';
import { unknownStudent } from '../../spec/findings.js';
import type { JobOutcome, QueuedExports } from '../export-batch.js';
import { errorOfUnsettled, followJobs } from '../follow-jobs.js';
import type { NewJob, SettledJob } from '../job.js';
import { decodedExport, type ExportPayload, jobId, type SharedFolder, sealedPasswords, shareFolder } from '../queued-jobs.js';
import { exportOf, type Job, type Run } from './jobs.js';
import { failed, notDone, outcomeOf } from './outcomes.js';
import type { Passwords } from './passwords.js';

/** How many jobs are put into the queue at a time. */
const SUBMITTED_AT_ONCE = 100;

/** Whether whoever goes on with the batch is to know what became of a job: where something stood against a student, it is done once more. */
const isKept = ({ output }: SettledJob): boolean => output.outcome !== 'failed';

/**
 * Has workers run jobs. Their passwords are in the tables before the first job is in the queue: no worker has to bring one back, and no package
 * is there whose password nobody has.
 * @param onOutcome called with what became of a job, and where students were erased meanwhile also with that alone
 */
export async function runQueued(
  run: Run,
  jobs: readonly Job[],
  passwords: Passwords,
  onOutcome: (id: string, outcome: JobOutcome) => void,
): Promise<void> {
  const { outFolder, newPassword, signal } = run.request;
  const { queue, isFollowed, onNoWorker } = run.request.queued as QueuedExports;
  const out = await shareFolder(outFolder);
  const open = await withoutDone(run, jobs, onOutcome);
  await passwords.give(open, newPassword);
  const submitted = new Map<string, DividedJob>();
  for (let at = 0; at < open.length && !signal.aborted; at += SUBMITTED_AT_ONCE) {
    const some = open.slice(at, at + SUBMITTED_AT_ONCE);
    const nationalIds = some.flatMap(({ rows }) => rows.map(({ nationalId }) => nationalId));
    let divided: DividedJob[] = [];
    const jobsWithout = (gone: ReadonlySet<string>) => {
      divided = some.map((job) => dividedBy(gone, job));
      return Promise.all(divided.flatMap(({ here }) => (here ? [queuedJob(run, here, out, passwords)] : [])));
    };
    await queue.submitAbout(nationalIds, jobsWithout, at);
    for (const job of divided) {
      if (job.here) submitted.set(jobId('export', job.here.id), job);
      if (job.gone) onOutcome(job.gone.id, outcomeOfAll(run, job, job.here && notDone(run, job.here)));
    }
  }
  if (!isFollowed) return;
  await followJobs(queue, [...submitted.keys()], {
    isStopping: () => signal.aborted,
    isKept,
    onNoWorker,
    onSettled: (settled) => {
      const job = submitted.get(settled.id) as DividedJob & { readonly here: Job };
      onOutcome(job.here.id, outcomeOfAll(run, job, queuedOutcome(run, job.here, settled)));
    },
  });
}

/** Forgets what jobs found out: their batch is at its end. */
export const forgetQueued = ({ queue }: QueuedExports, jobs: readonly Job[]): Promise<void> =>
  queue.forget(jobs.map(({ id }) => jobId('export', id)));

/** Of jobs that an earlier run submitted and workers have done, what became of them stands. @returns the others */
async function withoutDone(run: Run, jobs: readonly Job[], onOutcome: (id: string, outcome: JobOutcome) => void): Promise<Job[]> {
  if (!run.batch.isResumed) return [...jobs];
  const { queue } = run.request.queued as QueuedExports;
  const settled = (await queue.settled(jobs.map(({ id }) => jobId('export', id)))).filter(
    ({ state, output }) => state === 'done' && output.result !== undefined,
  );
  const done = new Map(settled.map((job) => [job.id, job]));
  const open = jobs.filter((job) => {
    const known = done.get(jobId('export', job.id));
    if (!known) return true;
    const outcome = queuedOutcome(run, job, known);
    // The packages of its other students are known from the history.
    onOutcome(job.id, run.made.has(job.id) ? { ...outcome, packages: [] } : outcome);
    return false;
  });
  await queue.forget(settled.filter((job) => !isKept(job)).map(({ id }) => id));
  return open;
}

/** The rows of a job by whether their students are in the store. */
interface DividedJob {
  readonly here: Job | undefined;
  readonly gone: Job | undefined;
}

function dividedBy(gone: ReadonlySet<string>, { id, rows }: Job): DividedJob {
  const jobOf = ([first, ...rest]: Job['rows'][number][]): Job | undefined => first && { id, rows: [first, ...rest] };
  return {
    here: jobOf(rows.filter(({ nationalId }) => !gone.has(nationalId))),
    gone: jobOf(rows.filter(({ nationalId }) => gone.has(nationalId))),
  };
}

async function queuedJob(run: Run, { id, rows }: Job, out: SharedFolder, passwords: Passwords): Promise<NewJob> {
  const { sealing, request } = run.request.queued as QueuedExports;
  const given = { listed: [], fallback: [Buffer.from(passwords.of(id) as string)] };
  const payload: ExportPayload = {
    out,
    request: exportOf(run, rows),
    resend: run.request.resend,
    job: id,
    passwords: await sealedPasswords(given, sealing),
  };
  const about = `${rows[0].toSchool} ${rows.map(({ nationalId }) => maskId(nationalId)).join(', ')}`;
  return { id: jobId('export', id), kind: 'export', batch: run.batch.token, request, about, payload };
}

/** What became of a job: of the rows in the queue, and of those whose students are gone. */
function outcomeOfAll(run: Run, { gone }: DividedJob, queued: JobOutcome | undefined): JobOutcome {
  if (!gone) return queued as JobOutcome;
  const unknown = failed(run, gone.rows, errorOf(gone.rows.map(({ nationalId }) => unknownStudent(nationalId))) as LpxError);
  if (!queued) return unknown;
  return { ...queued, outcome: queued.outcome === 'not-done' ? 'not-done' : 'failed', rows: [...unknown.rows, ...queued.rows] };
}

function queuedOutcome(run: Run, { rows }: Job, settled: SettledJob): JobOutcome {
  const { result } = settled.output;
  try {
    if (settled.state !== 'done' || result === undefined) throw errorOfUnsettled(settled);
    return outcomeOf(run, rows, decodedExport(result));
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    return failed(run, rows, error);
  }
}
