/** The single files that `npm run dist` makes: run as they are, on Linux, and on Windows by Wine. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import type { Ran } from './cli.js';
import { madeBytes } from './made-bytes.js';

export const RELEASE = fileURLToPath(new URL('../../release', import.meta.url));

/** `.ci/dist` asks for these tests, once it has made the files. */
export const areMade = process.env.LPX_SINGLE_FILES === 'required';

const SAMPLES = fileURLToPath(new URL('../../samples', import.meta.url));
export const PACKAGE = '990001_2021_01_22_10_30_00.zip';

/** Puts the sample package and its password into a folder. @returns the folder */
export function received(folder: string): string {
  cpSync(join(SAMPLES, 'package'), folder, { recursive: true });
  writeFileSync(join(folder, 'pw.txt'), 'Sample-Pass-2021\n');
  return folder;
}

/** Of thirteen files, more than a package needs for a second thread. The same for all: some of the samples are the same file. */
const PADDING = madeBytes(1_800_000);

/** Puts `samples/transfer` into a folder, with files so large that lpx takes a second thread for them. @returns the folder */
export function largeSample(folder: string): string {
  const sample = join(folder, 'transfer');
  cpSync(join(SAMPLES, 'transfer'), sample, { recursive: true });
  const names = readdirSync(sample, { recursive: true, encoding: 'utf8' });
  const document = join(sample, names.find((name) => /^\w+\.json$/.test(name)) ?? '');
  for (const name of names.filter((name) => /\.(?:pdf|jpg|png|mp3|mp4)$/.test(name))) {
    const file = join(sample, name);
    const small = readFileSync(file);
    const large = Buffer.concat([small, PADDING]);
    writeFileSync(file, large);
    const [before, after] = [small, large].map((content) => createHash('md5').update(content).digest('hex')) as [string, string];
    writeFileSync(document, readFileSync(document, 'utf8').replaceAll(before, after));
  }
  return folder;
}

/** Runs `release/lpx` where there is no Node.js on the PATH. */
export function runOnLinux(words: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Ran {
  const options = {
    cwd,
    reject: false,
    extendEnv: false,
    env: { PATH: '/nowhere', LANG: 'C.UTF-8', HOME: cwd, TMPDIR: cwd, ...env },
  } as const;
  const result = execaSync(join(RELEASE, 'lpx'), [...words], options);
  return { code: result.exitCode ?? -1, out: String(result.stdout), err: String(result.stderr) };
}

/** A Windows 10 with two drives. */
export class Windows {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'lpx-wine-'));
  readonly #env = {
    PATH: process.env.PATH ?? '',
    HOME: this.#scratch,
    WINEPREFIX: join(this.#scratch, 'prefix'),
    WINEDEBUG: '-all',
    LANG: 'C.UTF-8',
    // Node.js takes Wine for a Windows that is too old.
    NODE_SKIP_PLATFORM_CHECK: '1',
  };

  constructor() {
    this.#wine(['wineboot', '-i']);
    this.#wine(['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']);
    mkdirSync(join(this.#scratch, 'd'));
    symlinkSync(join(this.#scratch, 'd'), join(this.#env.WINEPREFIX, 'dosdevices', 'd:'));
  }

  /** A path of this Windows, as the system around it sees it. */
  outside(path: string): string {
    const [drive = '', ...names] = path.split('\\');
    return join(this.#env.WINEPREFIX, 'dosdevices', drive.toLowerCase(), ...names);
  }

  /** Runs `lpx.exe` in a folder. Its output goes to files: Wine has no pipes that Node.js can use. */
  lpx(words: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Ran {
    const files = ['out', 'err'].map((name) => join(this.#scratch, name)) as [string, string];
    const [out, err] = files.map((file) => openSync(file, 'w')) as [number, number];
    try {
      // By Node.js itself: execa would put a pipe between.
      const { status } = spawnSync('wine', [join(RELEASE, 'lpx.exe'), ...words], {
        cwd: this.outside(cwd),
        env: { ...this.#env, ...env },
        stdio: ['ignore', out, err],
      });
      const [outText, errText] = files.map((file) => readFileSync(file, 'utf8')) as [string, string];
      return { code: status ?? -1, out: outText, err: errText };
    } finally {
      for (const fd of [out, err]) closeSync(fd);
    }
  }

  /** Starts `lpx.exe` in a folder, and ends it at once when it is time. */
  async killWhen(words: readonly string[], cwd: string, isTime: () => boolean): Promise<void> {
    const options = { cwd: this.outside(cwd), env: this.#env, stdio: 'ignore', detached: true } as const;
    const child = spawn('wine', [join(RELEASE, 'lpx.exe'), ...words], options);
    while (!isTime() && child.exitCode === null) await setTimeout(2);
    if (child.exitCode === null) {
      process.kill(-(child.pid as number), 'SIGKILL');
      await once(child, 'exit');
    }
  }

  close(): void {
    execaSync('wineserver', ['-k'], { env: this.#env, extendEnv: false, reject: false });
    execaSync('wineserver', ['-w'], { env: this.#env, extendEnv: false, reject: false });
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #wine(words: readonly string[]): void {
    execaSync('wine', [...words], { env: this.#env, extendEnv: false, stdio: 'ignore' });
  }
}
