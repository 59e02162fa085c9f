/** Where questions are asked: on the terminal, in colours only where these are welcome. */
import type { Context } from './context.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal takes for a style is looked for
const STYLES = /\u001b\[[0-9;]*m/g;

/** The streams of a prompt. The library styles what it writes, whatever `--no-color` and `NO_COLOR` say. */
export const promptStreams = ({ stdin, stderr, color }: Context) => ({ input: stdin, output: color ? stderr : unstyled(stderr) });

function unstyled(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return new Proxy(stream, {
    get: (target, name) => {
      if (name === 'write') return (chunk: string, ...rest: []) => target.write(chunk.replace(STYLES, ''), ...rest);
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
