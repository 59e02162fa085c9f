/** The helper's side of `helper.ts`. */
import { parentPort } from 'node:worker_threads';
import { LpxError } from '../../errors.js';
import { fileError } from '../../io/file-error.js';
import { Arenas } from '../simd/arena.js';
import type { PostedError, Reply } from './helper.js';
import { type Job, runJob } from './jobs.js';

const arenas = new Arenas();

parentPort?.on('message', (job: Job) => {
  runJob(job, arenas).then(
    (result) => reply({ result }),
    (fault: unknown) => {
      // Errors of the system keep their name; every other is an internal one.
      const error = fileError(fault, (fault as NodeJS.ErrnoException).path ?? '');
      reply({ error: posted(error) });
    },
  );
});

function posted(error: unknown): PostedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: '', system: {} };
  const cause = error.cause === undefined ? {} : { cause: posted(error.cause) };
  if (error instanceof LpxError) return { code: error.code, facts: error.facts, place: error.place, ...cause };
  const { name, message, stack = '' } = error;
  const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
  return { name, message, stack, system: { ...(code !== undefined && { code, errno, syscall, path }) }, ...cause };
}

const reply = (message: Reply): void => parentPort?.postMessage(message);
