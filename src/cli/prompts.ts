/** Where questions are asked: on the terminal, in colours only where these are welcome. */
import { LpxError } from '../errors.js';
import type { Context } from './context.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal takes for a style is looked for
const STYLES = /\u001b\[[0-9;]*m/g;

/** What a prompt of the library is given: where it asks, and a signal that ends it. */
interface Asking {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/**
 * Asks with a prompt of the library. Ctrl-D and an input that ends or fails are answered as Ctrl-C is: the library takes
 * them for no answer at all, and would wait for ever.
 * @throws LPX_INTERRUPTED
 */
export async function ask<T>({ stdin, stderr, color }: Context, prompt: (asking: Asking) => Promise<T>): Promise<Exclude<T, symbol>> {
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
