/** A spinner with a percentage, on a terminal only. */
import type { Context } from './context.js';

export interface Progress {
  readonly update: (done: number, total: number) => void;
  readonly stop: () => void;
}

/** Work that ends sooner than this, in ms, shows nothing. */
const QUIET_MS = 300;
const STEP_MS = 100;

/** Starts showing progress on stderr, unless nobody would see it. */
export function startProgress(context: Context, text: string): Progress {
  if (context.json || context.quiet || !context.stderr.isTTY) return { update: () => {}, stop: () => {} };
  let spinner: { text: string; stop(): unknown } | undefined;
  let stopped = false;
  let shown = 0;
  const timer = setTimeout(async () => {
    const { default: ora } = await import('ora');
    if (!stopped) spinner = ora({ text, stream: context.stderr, discardStdin: false }).start();
  }, QUIET_MS);
  return {
    update: (done, total) => {
      const now = Date.now();
      if (!spinner || now - shown < STEP_MS) return;
      shown = now;
      spinner.text = `${text} ${total === 0 ? 100 : Math.floor((100 * done) / total)}%`;
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
