/** Follows jobs in the queue until they have come to their end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LpxError } from '../errors.js';
import type { SettledJob } from './job.js';
import type { JobQueue } from './job-queue.js';

/** How often to look, in ms. */
const POLL_MS = 300;
/** How long to wait before it is asked whether there is a worker at all, in ms. */
const PATIENCE_MS = 5000;

export interface Following {
  /** Called with each job as it has come to its end, once. */
  readonly onSettled: (job: SettledJob) => Promise<void> | void;
  /** Whether another run is to find out the same of a job; else that is forgotten now. */
  readonly isKept?: (job: SettledJob) => boolean;
  /** Called once, with how many jobs wait, when no worker is there to do them. */
  readonly onNoWorker: (jobs: number) => void;
  /** Whether to stop following: the jobs stay in the queue. */
  readonly isStopping: () => boolean;
}

/** @returns the jobs that are not at their end yet */
export async function followJobs(
  queue: JobQueue,
  ids: readonly string[],
  { onSettled, isKept = () => false, onNoWorker, isStopping }: Following,
): Promise<string[]> {
  const open = new Set(ids);
  let [askedAt, isSaid] = [performance.now(), false];
  while (open.size > 0) {
    const settled = await queue.settled([...open]);
    for (const job of settled) {
      await onSettled(job);
      open.delete(job.id);
    }
    await queue.forget(settled.filter((job) => !isKept(job)).map(({ id }) => id));
    if (isStopping() || open.size === 0) break;
    if (!isSaid && performance.now() - askedAt >= PATIENCE_MS) {
      askedAt = performance.now();
      isSaid = !(await queue.hasWorker());
      if (isSaid) onNoWorker(open.size);
    }
    await sleep(POLL_MS);
  }
  return [...open];
}

/** Why a job has no result of its own: it became a dead letter, or somebody dropped it. */
export const errorOfUnsettled = ({ id, state, output }: SettledJob): LpxError =>
  state === 'gone'
    ? new LpxError('LPX_JOB_DROPPED', { job: shortId(id) })
    : new LpxError('LPX_JOB_DEAD', { job: shortId(id), code: output.code ?? 'LPX_INTERNAL' });

/** As people see and type the id of a job. */
export const shortId = (id: string): string => id.replace(/-/g, '').slice(0, 8);
