/** A spinner with a percentage, on a terminal only. */
import type { Password } from '../exchange/verify.js';
import type { Context } from './context.js';

type Held<A extends unknown[]> = Password | ((...words: A) => Password | Promise<Password>);

export interface Progress {
  readonly update: (done: number, total: number) => void;
  /** Shows a text of the caller's in place of the percentage. */
  readonly say: (text: string) => void;
  /** A password that is asked for while nothing moves on the terminal. */
  readonly holdFor: <A extends unknown[]>(password: Held<A>) => Held<A>;
  readonly stop: () => void;
}

/** Work that ends sooner than this, in ms, shows nothing. */
const QUIET_MS = 300;
const STEP_MS = 100;

/** Starts showing progress on stderr, unless nobody would see it. */
export function startProgress(context: Context, text: string): Progress {
  // On a terminal of no width, which has never been given its size, ora would never end.
  if (context.json || context.quiet || !context.stderr.isTTY || !context.stderr.columns) {
    return { update: () => {}, say: () => {}, holdFor: (password) => password, stop: () => {} };
  }
  let spinner: { text: string; stop(): unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let shown = 0;
  const stop = () => {
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
    holdFor: (password) =>
      typeof password !== 'function'
        ? password
        : async (...words) => {
            stop();
            const given = await password(...words);
            start();
            return given;
          },
    stop,
  };
}
