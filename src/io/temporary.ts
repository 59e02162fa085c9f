/** Files and folders that an interrupted run must not leave behind. */
import { rmSync } from 'node:fs';
import { whenInterrupted } from './interruption.js';

/** Has an interrupted run remove a file or folder. Returns a function that takes this back. */
export const removeWhenInterrupted = (path: string): (() => void) =>
  // Another thread may still be making files in a folder while it is removed.
  whenInterrupted(() => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 5 }));
