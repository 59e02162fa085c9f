/** Runs of lpx that are struck by a signal on the way, at moments spread over the whole run. */
import { spawn } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { BINARY, lpx } from './cli.js';

/** How often all tests together strike (`LPX_KILLS`), split among the loops. */
const STRIKES = Number(process.env.LPX_KILLS ?? 24);
export const strikesIn = (loops: number): number => Math.max(3, Math.ceil(STRIKES / loops));

export interface Struck {
  /** Undefined when the signal ended the process. */
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Starts lpx and sends it `signal` when `moment` has come, or will not come. */
export async function strike(
  words: readonly string[],
  signal: NodeJS.Signals,
  moment: (running: () => boolean, send: (signal: NodeJS.Signals) => void) => Promise<void>,
): Promise<Struck> {
  const child = spawn(process.execPath, [BINARY, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', LPX_PASSWORD: '' },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    await moment(
      () => child.exitCode === null && child.signalCode === null,
      (sent) => child.kill(sent),
    );
  } finally {
    child.kill(signal);
  }
  return { code: (await ended) ?? undefined, out, err };
}

/** The moment of strike `i` of `count`: somewhere in its own slice of a run that takes `duration` ms. */
export const within = (duration: number, i: number, count: number) => () => sleep(((i + Math.random()) / count) * duration);

/** The moment at which `ready` holds, or the process has ended. */
export const once = (ready: () => boolean) => async (running: () => boolean) => {
  while (running() && !ready()) await sleep(1);
};

/** How long some work takes, in ms. */
export async function durationOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Kills a command on copies of a store: by `stateOf`, each is exactly `before` or `after` it, and `after` once the command was run again. */
export async function killOnCopies(
  original: string,
  command: readonly string[],
  { kills, stateOf }: { readonly kills: number; readonly stateOf: (store: string) => Promise<string> },
): Promise<void> {
  const store = `${original}-copy`;
  const words = ['--store', store, ...command];
  const copy = () => {
    rmSync(store, { recursive: true, force: true });
    cpSync(original, store, { recursive: true });
  };
  const run = async () => expect(await lpx(words)).toMatchObject({ code: 0 });
  copy();
  const duration = await durationOf(run);
  expect(await stateOf(store)).toBe('after');
  for (let i = 0; i < kills; i++) {
    copy();
    await strike(words, 'SIGKILL', within(duration, i, kills));
    const state = await stateOf(store);
    expect(['before', 'after']).toContain(state);
    if (state === 'before') await run();
    expect(await stateOf(store)).toBe('after');
  }
}
