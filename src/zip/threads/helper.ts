/** Runs package work: small work on the calling thread, big work on worker threads and the calling one together. */
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type Code, type Facts, LpxError } from '../../errors.js';
import { type Job, type ResultOf, runJob } from './jobs.js';
import { takeThread, worthThread } from './threads.js';

/** What a worker posts back. */
export type Reply = { readonly result: ResultOf<Job> } | { readonly code: Code; readonly facts: Facts } | { readonly fault: string };

interface Waiting {
  readonly job: Job;
  resolve(result: never): void;
  reject(error: unknown): void;
}

export class WorkPool {
  readonly #size: number;
  readonly #queue: Waiting[] = [];
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #running = new Set<Waiting>();
  #busyHere = false;

  /** A pool fit for `bytes` of content. */
  static forBytes(bytes: number): WorkPool {
    return new WorkPool(worthThread(bytes) ? 1 : 0);
  }

  /** @param size worker threads beside the calling one */
  constructor(size: number) {
    this.#size = size;
    for (let i = 0; i < size; i++) this.#start();
  }

  get threads(): number {
    return this.#size;
  }

  /** Runs a job: on an idle worker, else here, one at a time; jobs start in the order given. @throws what the job throws */
  run<J extends Job>(job: J): Promise<ResultOf<J>> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#next();
    });
  }

  /** Ends the threads. Jobs that have not ended are rejected. */
  async close(): Promise<void> {
    const unfinished = [...this.#running, ...this.#queue.splice(0)];
    const ended = Promise.all(this.#workers.map((worker) => worker.terminate()));
    // An idle thread has nothing open: nobody needs to wait for its end.
    if (unfinished.length > 0) await ended;
    for (const { reject } of unfinished) reject(new Error('the work was called off'));
  }

  #start(): void {
    const worker = takeThread();
    this.#workers.push(worker);
    this.#idle.push(worker);
  }

  #next(): void {
    const worker = this.#idle.pop();
    if (!worker) {
      if (!this.#busyHere) this.#runHere();
      return;
    }
    const waiting = this.#queue.shift();
    if (!waiting) {
      this.#idle.push(worker);
      return;
    }
    this.#running.add(waiting);
    const settle = (deliver: () => void) => {
      this.#running.delete(waiting);
      worker.off('message', onReply);
      worker.off('error', onFault);
      deliver();
    };
    const onReply = (reply: Reply) =>
      settle(() => {
        if ('result' in reply) waiting.resolve(reply.result as never);
        else waiting.reject('code' in reply ? new LpxError(reply.code, reply.facts) : new Error(reply.fault));
        this.#idle.push(worker);
        this.#next();
      });
    const onFault = (error: unknown) =>
      settle(() => {
        for (const { reject } of [waiting, ...this.#queue.splice(0)]) reject(error);
      });
    worker.on('message', onReply);
    worker.on('error', onFault);
    worker.postMessage(waiting.job);
  }

  async #runHere(): Promise<void> {
    this.#busyHere = true;
    // The caller goes on first: it may have more to hand out.
    await setImmediate();
    for (let waiting = this.#queue.shift(); waiting; waiting = this.#queue.shift()) {
      this.#running.add(waiting);
      await runJob(waiting.job).then(waiting.resolve as (result: unknown) => void, waiting.reject);
      this.#running.delete(waiting);
    }
    this.#busyHere = false;
  }
}
