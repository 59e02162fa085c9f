/** The helper's side of `helper.ts`. */
import { parentPort } from 'node:worker_threads';
import { LpxError } from '../../errors.js';
import { Arenas } from '../simd/arena.js';
import type { Reply } from './helper.js';
import { type Job, runJob } from './jobs.js';

const arenas = new Arenas();

parentPort?.on('message', (job: Job) => {
  runJob(job, arenas).then(
    (result) => reply({ result }),
    (error: unknown) => {
      if (error instanceof LpxError) reply({ code: error.code, facts: error.facts });
      else reply({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    },
  );
});

const reply = (message: Reply): void => parentPort?.postMessage(message);
