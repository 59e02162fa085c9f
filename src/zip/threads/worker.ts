/** The helper's side of `helper.ts`. */
import { parentPort } from 'node:worker_threads';
import { fileError } from '../../io/file-error.js';
import { posted } from '../../posted-error.js';
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
      reply({ error: posted(error) });
    },
  );
});

const reply = (message: Reply): void => parentPort?.postMessage(message);
