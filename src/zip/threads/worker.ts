/** The helper's side of `helper.ts`. */
import { parentPort } from 'node:worker_threads';
import { LpxError } from '../../errors.js';
import { fileError } from '../../io/file-error.js';
import { Arenas } from '../simd/arena.js';
import type { Reply } from './helper.js';
import { type Job, runJob } from './jobs.js';

const arenas = new Arenas();

parentPort?.on('message', (job: Job) => {
  runJob(job, arenas).then(
    (result) => reply({ result }),
    (fault: unknown) => {
      // Errors of the system keep their name; every other is an internal one.
      const error = fileError(fault, (fault as NodeJS.ErrnoException).path ?? '');
      if (error instanceof LpxError) reply({ code: error.code, facts: error.facts });
      else reply({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    },
  );
});

const reply = (message: Reply): void => parentPort?.postMessage(message);
