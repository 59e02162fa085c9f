/** The progress of a batch on stderr: on a terminal one line with rate and time left, in a log a line for each job. */
import { fill } from '../messages/messages.js';
import type { Context } from './context.js';
import { startProgress } from './progress.js';
import { printable } from './render/printable.js';

export interface BatchProgress {
  /** @param line of the job, for a log */
  readonly done: (line: string) => void;
  readonly stop: () => void;
}

/**
 * @param total how many jobs there are
 * @param before how many of them were done earlier
 */
export function startBatchProgress(context: Context, total: number, before = 0): BatchProgress {
  const { messages, stderr, json, quiet } = context;
  const started = performance.now();
  let done = before;
  const progress = startProgress(context, messages.progress.batch);
  const isLog = !json && !quiet && !stderr.isTTY;
  return {
    done: (line) => {
      done++;
      if (isLog) stderr.write(`${printable(fill(messages.batch.logLine, { done, total, line }), false)}\n`);
      const seconds = (performance.now() - started) / 1000;
      const rate = (done - before) / Math.max(seconds, 0.001);
      progress.say(fill(messages.batch.progress, { done, total, rate: rate.toFixed(1), left: duration((total - done) / rate) }));
    },
    stop: progress.stop,
  };
}

/** `1:05:09`, `5:09` */
function duration(seconds: number): string {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => Math.floor(part));
  const two = (part = 0) => String(part).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
