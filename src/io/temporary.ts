/** Files and folders that a run must not leave behind unless it succeeds. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { whenInterrupted } from './interruption.js';

/** Has an interrupted run remove a file or folder. Returns a function that takes this back. */
export const removeWhenInterrupted = (path: string): (() => void) =>
  // Another thread may still be making files in a folder while it is removed.
  whenInterrupted(() => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 5 }));

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
