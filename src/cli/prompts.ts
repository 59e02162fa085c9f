/** Where questions are asked: on the terminal, in colours only where these are welcome. */
import { setTimeout } from 'node:timers/promises';
import { LpxError } from '../errors.js';
import type { Context } from './context.js';
import { withProgressHeld } from './progress.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal takes for a style is looked for
const STYLES = /\u001b\[[0-9;]*m/g;

/** What a prompt of the library is given: where it asks, and a signal that ends it. */
interface Asking {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** How long, in ms, what was typed too early is read before a question is shown. */
const TYPED_EARLY_MS = 50;
const CTRL_C = 3;

/**
 * Asks with a prompt of the library, while nothing else moves on the terminal. Only what is typed once the question is there
 * answers it. Ctrl-D and an input that ends or fails are answered as Ctrl-C is: the library takes them for no answer at all,
 * and would wait for ever.
 * @throws LPX_INTERRUPTED
 */
export const ask = <T>(context: Context, prompt: (asking: Asking) => Promise<T>): Promise<Exclude<T, symbol>> =>
  withProgressHeld(context, async () => {
    await dropTyped(context);
    return askNow(context, prompt);
  });

async function askNow<T>({ stdin, stderr, color }: Context, prompt: (asking: Asking) => Promise<T>): Promise<Exclude<T, symbol>> {
  const end = new AbortController();
  const onEnd = () => end.abort();
  const onKey = (_: string | undefined, { ctrl, name }: { readonly ctrl?: boolean; readonly name?: string }) => {
    if (ctrl && name === 'd') onEnd();
  };
  // The library styles what it writes, whatever `--no-color` and `NO_COLOR` say.
  const answered = prompt({ input: stdin, output: color ? stderr : unstyled(stderr), signal: end.signal });
  // After the library's own listeners: it must have dealt with a key before the prompt ends.
  stdin.on('keypress', onKey);
  for (const event of ENDS) stdin.on(event, onEnd);
  try {
    const answer = await answered;
    if (typeof answer === 'symbol') throw new LpxError('LPX_INTERRUPTED');
    return answer as Exclude<T, symbol>;
  } finally {
    stdin.off('keypress', onKey);
    for (const event of ENDS) stdin.off(event, onEnd);
  }
}

/** Reads and drops what was typed before the question, which nobody had seen. @throws LPX_INTERRUPTED */
async function dropTyped({ stdin }: Context): Promise<void> {
  let hasEnded = stdin.readableEnded || stdin.destroyed;
  const onEnd = () => {
    hasEnded = true;
  };
  // In raw mode the terminal gives an unfinished line too, and Ctrl-C is a character of it.
  const onData = (typed: Buffer | string) => {
    if (Buffer.from(typed).includes(CTRL_C)) onEnd();
  };
  if (!hasEnded) stdin.setRawMode(true);
  stdin.on('data', onData);
  for (const event of ENDS) stdin.on(event, onEnd);
  await setTimeout(TYPED_EARLY_MS);
  stdin.pause();
  stdin.off('data', onData);
  for (const event of ENDS) stdin.off(event, onEnd);
  if (!hasEnded) return;
  if (!stdin.destroyed) stdin.setRawMode(false);
  throw new LpxError('LPX_INTERRUPTED');
}

const ENDS = ['end', 'close', 'error'] as const;

function unstyled(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return new Proxy(stream, {
    get: (target, name) => {
      if (name === 'write') return (chunk: string, ...rest: []) => target.write(chunk.replace(STYLES, ''), ...rest);
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
