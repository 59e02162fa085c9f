/**
 * The helper: a second thread, at most one for a use case. A module without the jobs, so that a thread, which takes 30 ms
 * to start, can start while the code of the use case is loaded.
 */
import { Worker } from 'node:worker_threads';
import { type PostedError, revived } from '../../posted-error.js';
import type { Job, ResultOf } from './jobs.js';

/** Below this many bytes of content a second thread costs more than it saves. */
const HELPS_FROM_BYTES = 16 * 1024 * 1024;

/** A reply of the thread. */
export type Reply = { readonly result: ResultOf<Job> } | { readonly error: PostedError };

/** A helper runs one job at a time. Idle, it keeps no process alive. Whoever starts it closes it. */
export class Helper {
  readonly #worker = new Worker(new URL('./worker.js', import.meta.url));
  #running: { resolve(result: unknown): void; reject(error: unknown): void } | undefined;
  /** Why it runs no more jobs. */
  #ended: Error | undefined;

  /** A helper when `bytes` of content are worth one. */
  static forBytes(bytes: number): Helper | undefined {
    return bytes >= HELPS_FROM_BYTES ? new Helper() : undefined;
  }

  constructor() {
    this.#worker.on('message', (reply: Reply) => {
      const running = this.#settle();
      if ('result' in reply) running?.resolve(reply.result);
      else running?.reject(revived(reply.error));
    });
    this.#worker.on('error', (error) => this.#end(error));
    // Listening had referred to it.
    this.#worker.unref();
  }

  /** Whether it can take a job. */
  get idle(): boolean {
    return this.#running === undefined && this.#ended === undefined;
  }

  /** Runs a job; the helper has to be idle. @throws what the job throws; an error when it is closed before the job's end */
  run<J extends Job>(job: J): Promise<ResultOf<J>> {
    if (!this.idle) return Promise.reject(this.#ended ?? new Error('the helper is busy'));
    return new Promise((resolve, reject) => {
      this.#running = { resolve: resolve as (result: unknown) => void, reject };
      this.#worker.ref();
      this.#worker.postMessage(job);
    });
  }

  /** Ends the thread. A job that has not ended is rejected, once nothing of it runs any more. */
  async close(): Promise<void> {
    const ended = this.#worker.terminate();
    // An idle thread has nothing open: nobody needs to wait for its end.
    if (this.#running) await ended;
    this.#end(new Error('aborted'));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#settle()?.reject(error);
  }

  #settle() {
    const running = this.#running;
    this.#running = undefined;
    this.#worker.unref();
    return running;
  }
}
