/** A thread in which the library's use cases run whole, with their helper thread inside it. */
import { Worker } from 'node:worker_threads';
import { UseCaseThread } from '../threads/use-case-thread.js';
import type { LibraryUseCases } from './use-cases.js';

export type LibraryThread = UseCaseThread<LibraryUseCases>;

/** Without the options of the process: what those load is of no use to a use case. */
export const newThread = (): LibraryThread =>
  new UseCaseThread(() => new Worker(new URL('./use-case-worker.js', import.meta.url), { execArgv: [] }));
