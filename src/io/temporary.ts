/** Files and folders that a run must not leave behind unless it succeeds. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { whenInterrupted } from './interruption.js';

/** Has an interrupted run remove a file or folder. Returns a function that takes this back. */
export const removeWhenInterrupted = (path: string): (() => void) => whenInterrupted(() => removeNow(path));

/** How often a folder is emptied before it is left to the next command's sweep. */
const ATTEMPTS = 200;

/**
 * Another thread, or a call that is under way, may still be making files in a folder while it is emptied. Each attempt lists
 * it again, which `maxRetries` of Node.js does not.
 */
function removeNow(path: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 1; ; i++) {
    try {
      rmSync(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if (i === ATTEMPTS || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

/** Runs what makes these files or folders. They are removed when it fails or is interrupted, and are the caller's once it succeeds. */
export async function withTemporary<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const finished = paths.map(removeWhenInterrupted);
  try {
    return await work();
  } catch (error) {
    await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true }).catch(() => {})));
    throw error;
  } finally {
    for (const done of finished) done();
  }
}
