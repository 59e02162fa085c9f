/** Commands as a person types them: the built `lpx` in a folder of its own, at a fixed time, as a fixed user. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { BINARY } from './cli.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const FIXED = fileURLToPath(new URL('fixed-surroundings.mjs', import.meta.url));

export interface Shell {
  readonly dir: string;
  /** Runs a command line. @returns what it printed, as it was printed */
  readonly run: (command: string) => { readonly stdout: string; readonly stderr: string; readonly exitCode?: number };
}

/** Runs work in a shell under a locale, in a folder that is empty when it begins and gone when it ends. */
export function inShell<T>(locale: string, work: (shell: Shell) => T): T {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'lpx-transcript-')));
  try {
    const [dir, bin] = ['work', 'bin'].map((name) => join(scratch, name)) as [string, string];
    for (const folder of [dir, bin]) mkdirSync(folder);
    const start = `#!/bin/sh\nexec '${process.execPath}' --import '${FIXED}' '${BINARY}' "$@"\n`;
    writeFileSync(join(bin, 'lpx'), start, { mode: 0o755 });
    const env = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: dir,
      TMPDIR: dir,
      LPX: ROOT,
      LANG: locale,
      LC_COLLATE: 'C',
      TZ: 'Asia/Taipei',
      COLUMNS: '80',
    };
    return work({ dir, run: (command) => execaSync('sh', ['-c', command], { cwd: dir, env, extendEnv: false, reject: false }) });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
