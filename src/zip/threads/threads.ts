/** Worker threads, which take 30 ms to start. A module of its own, so that one can start while the rest of the code is loaded. */
import { Worker } from 'node:worker_threads';

/** Below this many bytes of content threads do not pay. */
const THREADS_PAY_FROM_BYTES = 16 * 1024 * 1024;

/** A thread that was started before it was needed. It keeps no process alive. */
let ahead: Worker | undefined;

/** Whether work on `bytes` of content is worth a thread. */
export const worthThread = (bytes: number): boolean => bytes >= THREADS_PAY_FROM_BYTES;

/** Starts a thread for work on `bytes` of content, beside whatever comes before. */
export function startAhead(bytes: number): void {
  if (!worthThread(bytes) || ahead) return;
  ahead = newThread();
  ahead.unref();
}

/** A thread: the one that was started ahead, or a new one. */
export function takeThread(): Worker {
  const thread = ahead ?? newThread();
  ahead = undefined;
  thread.ref();
  return thread;
}

const newThread = (): Worker => new Worker(new URL('./worker.js', import.meta.url));
