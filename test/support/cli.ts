/** Drives the real binary. */
import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';

export const BINARY = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `lpx` with the words given, in English, with nothing of this machine's environment that matters to it. */
export async function lpx(words: readonly string[], options: Options = {}): Promise<Ran> {
  const { env, ...rest } = options;
  const result = await execa(process.execPath, [BINARY, ...words], {
    reject: false,
    env: { LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', LPX_PASSWORD: '', NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    ...rest,
  });
  return { code: result.exitCode ?? -1, out: String(result.stdout), err: String(result.stderr) };
}

/** Runs `lpx --json` and parses what it prints. */
export async function lpxJson(words: readonly string[], options: Options = {}): Promise<Ran & { readonly json: any }> {
  const ran = await lpx(['--json', ...words], options);
  return { ...ran, json: JSON.parse(ran.out) };
}
