/** A spinner with a percentage, on a terminal only. */
import type { Context } from './context.js';

export interface Progress {
  readonly update: (done: number, total: number) => void;
  /** Shows a text of the caller's in place of the percentage. */
  readonly say: (text: string) => void;
  readonly stop: () => void;
}

/** Work that ends sooner than this, in ms, shows nothing. */
const QUIET_MS = 300;
const STEP_MS = 100;

/** Starts showing progress on stderr, unless nobody would see it. */
export function startProgress(context: Context, text: string): Progress {
  // On a terminal of no width, which has never been given its size, ora would never end.
  if (context.json || context.quiet || !context.stderr.isTTY || !context.stderr.columns)
    return { update: () => {}, say: () => {}, stop: () => {} };
  let spinner: { text: string; stop(): unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let shown = 0;
  const rest = () => {
    clearTimeout(timer);
    timer = undefined;
    spinner?.stop();
    spinner = undefined;
  };
  const start = () => {
    const mine = setTimeout(async () => {
      const { default: ora } = await import('ora');
      if (timer === mine)
        spinner = ora({ text, stream: context.stderr, discardStdin: false, ...(!context.color && { color: false }) }).start();
    }, QUIET_MS);
    timer = mine;
  };
  const shows = { rest, start };
  context.moving.add(shows);
  start();
  const say = (added: () => string) => {
    const now = Date.now();
    if (!spinner || now - shown < STEP_MS) return;
    shown = now;
    spinner.text = `${text} ${added()}`;
  };
  return {
    update: (done, total) => say(() => `${total === 0 ? 100 : Math.floor((100 * done) / total)}%`),
    say: (added) => say(() => added),
    stop: () => {
      rest();
      context.moving.delete(shows);
    },
  };
}

/** Asks somebody while nothing moves on the terminal. */
export async function withProgressHeld<T>({ moving }: Context, asking: () => Promise<T>): Promise<T> {
  for (const { rest } of moving) rest();
  const answer = await asking();
  for (const { start } of moving) start();
  return answer;
}

/** Says at once, on stderr, what would be of no use once the command is done. */
export function sayNow({ stderr, json, quiet, moving }: Context, line: string): void {
  if (json || quiet) return;
  for (const { rest } of moving) rest();
  stderr.write(`${line}\n`);
  for (const { start } of moving) start();
}

/** Ends all that moves, since what moves keeps the process alive: a command may have failed before it could stop it. */
export function stopProgress({ moving }: Context): void {
  for (const { rest } of moving) rest();
  moving.clear();
}
