/** Runs the command line in this process, on a terminal of so many columns or in a pipe. */
import { Readable, Writable } from 'node:stream';
import type { Surroundings } from '#lpx/cli/context.js';
import { main } from '#lpx/cli/main.js';
import type { Ran } from './cli.js';

export interface Place {
  readonly cwd: string;
  /** Undefined for a pipe. */
  readonly columns?: number;
  readonly now?: Date;
  readonly operator?: string;
}

/** Standard output is the terminal; standard error is a pipe, so that nothing moves on it. */
export async function lpxHere(words: readonly string[], { cwd, columns, now = new Date(), operator = 'clerk' }: Place): Promise<Ran> {
  const [stdout, stderr] = [remembering(columns), remembering(undefined)];
  const around: Surroundings = {
    ...{ stdout, stderr, stdin: Object.assign(Readable.from([]), { isTTY: false }) as never },
    env: { LPX_PASSWORD: 'Sample-Pass-2021', NO_COLOR: '1' },
    ...{ cwd, home: undefined, version: '0', now: () => now, operator: () => operator },
    copySample: async () => {},
  };
  const code = await main(words, around);
  return { code, out: stdout.text(), err: stderr.text() };
}

function remembering(columns: number | undefined): NodeJS.WriteStream & { readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  return Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }, { text: () => chunks.join('') }) as never;
}
