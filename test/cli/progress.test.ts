import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Context } from '#lpx/cli/context.js';
import { startProgress, stopProgress, withProgressHeld } from '#lpx/cli/progress.js';

/** A terminal, and what it was sent. */
function terminal(columns: number) {
  const sent: string[] = [];
  const stream = new Writable({ write: (chunk, _encoding, done) => done(void sent.push(String(chunk))) });
  const stderr = Object.assign(stream, { isTTY: true, columns, cursorTo: () => true, clearLine: () => true, moveCursor: () => true });
  return { stderr, sent };
}

/** Long work, of which half is done. */
async function halfWay(columns: number, quiet = false): Promise<string> {
  const { stderr, sent } = terminal(columns);
  const progress = startProgress({ json: false, quiet, stderr, moving: new Set() } as never, 'Reading');
  for (let i = 0; i < 8; i++) {
    await setTimeout(100);
    progress.update(1, 2);
  }
  progress.stop();
  return sent.join('');
}

describe('progress', () => {
  // It is loaded when work takes long; how long that takes says nothing here.
  beforeAll(() => import('ora'));

  // Where no person looks, ora does not move.
  beforeEach(() => {
    vi.stubEnv('CI', undefined);
    vi.stubEnv('TERM', 'xterm-256color');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is shown on a terminal once work takes long, in percent', async () => {
    expect(await halfWay(80)).toContain('Reading 50%');
  });

  it('is shown to nobody under --quiet, nor on a terminal of no width, where it would never end', async () => {
    expect(await halfWay(80, true)).toBe('');
    expect(await halfWay(0)).toBe('');
  });

  it('ends with the command, and rests while somebody is asked', async () => {
    const { stderr, sent } = terminal(80);
    const context = { json: false, quiet: false, stderr, moving: new Set() } as unknown as Context;
    startProgress(context, 'Reading');
    const sentMeanwhile = async () => {
      const before = sent.length;
      await setTimeout(500);
      return sent.length > before;
    };
    expect(await sentMeanwhile()).toBe(true);
    expect(await withProgressHeld(context, sentMeanwhile)).toBe(false);
    expect(await sentMeanwhile()).toBe(true);
    stopProgress(context);
    expect(await sentMeanwhile()).toBe(false);
  });
});
