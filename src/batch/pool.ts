/** Runs the jobs of a batch on threads, each job whole on one of them. */
import { Worker } from 'node:worker_threads';
import { UseCaseThread } from '../threads/use-case-thread.js';
import type { BatchUseCases } from './use-cases.js';

export type BatchThread = UseCaseThread<BatchUseCases>;

export interface PoolOptions {
  /** How many jobs run at a time. */
  readonly threads: number;
  /** Once it aborts, no further job begins. Those under way end as their own calls to the thread do. */
  readonly signal: AbortSignal;
}

/**
 * Runs each job on the next thread that is free, in the order in which they come; a job is not asked for before that.
 * @param run is to catch what goes wrong with a job: what it throws ends the batch once all threads have come to rest
 */
export async function runJobs<J>(
  jobs: Iterable<J> | AsyncIterable<J>,
  run: (job: J, thread: BatchThread) => Promise<void>,
  { threads, signal }: PoolOptions,
): Promise<void> {
  const coming = oneByOne(jobs);
  let failed = false;
  const lane = async () => {
    let thread: BatchThread | undefined;
    try {
      for (;;) {
        if (signal.aborted || failed) return;
        const { done, value } = await coming.next();
        if (done || signal.aborted || failed) return;
        thread ??= new UseCaseThread(() => new Worker(new URL('./batch-worker.js', import.meta.url), { execArgv: [] }));
        await run(value, thread);
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      // An aborted thread has ended.
      if (!signal.aborted) await thread?.run('close', {}, {}).catch(() => {});
      await thread?.close();
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: threads }, lane));
  const rejected = lanes.find((ended) => ended.status === 'rejected');
  if (rejected) throw rejected.reason;
}

async function* oneByOne<J>(jobs: Iterable<J> | AsyncIterable<J>): AsyncGenerator<J, undefined> {
  yield* jobs;
}
