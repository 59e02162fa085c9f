/** The resources of the ZIP work of one use case: the memory of the kernels, and this thread with at most one helper. */
import { setImmediate } from 'node:timers/promises';
import { Arenas } from './simd/arena.js';
import { Helper } from './threads/helper.js';
import { type FollowJob, type Job, type ResultOf, runJob } from './threads/jobs.js';

/** A job that either thread can run. */
type SharedJob = Exclude<Job, FollowJob>;

interface Waiting {
  readonly job: SharedJob;
  resolve(result: never): void;
  reject(error: unknown): void;
}

/** Opened where a use case begins, closed where it ends. */
export class ZipEngine {
  readonly arenas = new Arenas();
  #helper: Helper | undefined;
  readonly #queue: Waiting[] = [];
  #busyHere = false;
  /** The end of the job that runs here. */
  #running: Promise<unknown> | undefined;

  /** @param helper one that was started before; it ends with the engine */
  constructor(helper?: Helper) {
    this.#helper = helper;
  }

  /** Starts a helper, if there is none, when `bytes` of content are worth one. It takes 30 ms until it can work. */
  expect(bytes: number): void {
    this.#helper ??= Helper.forBytes(bytes);
  }

  get helper(): Helper | undefined {
    return this.#helper;
  }

  /** How many jobs run at a time. */
  get threads(): number {
    return this.#helper ? 2 : 1;
  }

  /** Runs a job on the helper or here, whichever is free first. Jobs start in the order given. @throws what the job throws */
  run<J extends SharedJob>(job: J): Promise<ResultOf<J>> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#next();
    });
  }

  /** Lets go of the work of a use case, for the next one: jobs that have not begun are rejected; one that has is waited for. */
  async clear(): Promise<void> {
    this.#reject();
    await this.#running;
  }

  /** Ends the helper. Jobs that have not begun, and the helper's own, are rejected. */
  async close(): Promise<void> {
    this.#reject();
    await this.#helper?.close();
  }

  #reject(): void {
    for (const { reject } of this.#queue.splice(0)) reject(new Error('aborted'));
  }

  #next(): void {
    const helper = this.#helper;
    if (helper?.idle) this.#start((job) => helper.run(job));
    if (!this.#busyHere)
      this.#start((job) => {
        const running = this.#runHere(job);
        this.#running = running.catch(() => {});
        return running;
      });
  }

  #start(run: (job: SharedJob) => Promise<unknown>): void {
    const waiting = this.#queue.shift();
    if (!waiting) return;
    run(waiting.job)
      .then(waiting.resolve as (result: unknown) => void, waiting.reject)
      .finally(() => this.#next());
  }

  async #runHere(job: SharedJob): Promise<unknown> {
    this.#busyHere = true;
    try {
      // The caller goes on first: it may have more to hand out.
      await setImmediate();
      return await runJob(job, this.arenas);
    } finally {
      this.#busyHere = false;
    }
  }
}
