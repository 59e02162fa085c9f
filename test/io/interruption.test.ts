import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { markCommitted, runInterruptibly, whenInterrupted } from '#lpx/io/interruption.js';
import { removeWhenInterrupted } from '#lpx/io/temporary.js';
import { tempFolder } from '../support/temp.js';

/** A run that can be aborted, and what it did then. */
function interruptible(done: string[]) {
  const interrupt = new AbortController();
  const run = <T>(work: () => Promise<T>) => runInterruptibly(work, { signal: interrupt.signal, onUndone: () => done.push('over') });
  return { run, abort: () => interrupt.abort() };
}

describe('an aborted run', () => {
  it('undoes what it has under way, the newest first, and not what is finished; then it is over', async () => {
    const done: string[] = [];
    const { run, abort } = interruptible(done);
    await run(async () => {
      whenInterrupted(() => done.push('older'));
      const finished = whenInterrupted(() => done.push('finished'));
      await Promise.resolve();
      whenInterrupted(() => done.push('newer'));
      finished();
      abort();
      expect(done).toEqual(['newer', 'older', 'over']);
    });
  });

  it('finishes once it has committed what it is for', async () => {
    const done: string[] = [];
    const { run, abort } = interruptible(done);
    const result = await run(async () => {
      whenInterrupted(() => done.push('undone'));
      markCommitted();
      abort();
      return 'result';
    });
    expect([result, done]).toEqual(['result', []]);
  });

  it('undoes nothing more after its end', async () => {
    const done: string[] = [];
    const { run, abort } = interruptible(done);
    await run(async () => {
      whenInterrupted(() => done.push('undone'));
    });
    abort();
    expect(done).toEqual([]);
  });

  it('leaves alone what another run of the same process has under way or committed', async () => {
    const done: string[] = [];
    const [first, other] = [interruptible(done), interruptible(done)];
    await Promise.all([
      other.run(async () => {
        whenInterrupted(() => done.push('other'));
        markCommitted();
        await Promise.resolve();
      }),
      first.run(async () => {
        whenInterrupted(() => done.push('one'));
        await Promise.resolve();
        first.abort();
      }),
    ]);
    expect(done).toEqual(['one', 'over']);
  });

  it('undoes the rest when one thing cannot be undone', async () => {
    const done: string[] = [];
    const { run, abort } = interruptible(done);
    await run(async () => {
      whenInterrupted(() => done.push('older'));
      whenInterrupted(() => {
        throw new Error('cannot');
      });
      abort();
    });
    expect(done).toEqual(['older', 'over']);
  });

  it('removes a folder in which another thread is making files', async () => {
    const folder = join(tempFolder(), 'staging');
    await mkdir(folder);
    const { run, abort } = interruptible([]);
    await run(async () => {
      removeWhenInterrupted(folder);
      const maker = new Worker(MAKES_FILES, { eval: true, workerData: folder });
      const ended = new Promise((resolve) => maker.once('exit', resolve));
      while (readdirSync(folder).length < 50) await sleep(1);
      abort();
      await ended;
    });
    expect(existsSync(folder)).toBe(false);
  });
});

/** Makes files in a folder until it is gone. */
const MAKES_FILES = `
  const { writeFileSync } = require('node:fs');
  const { workerData: folder } = require('node:worker_threads');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  try {
    for (let i = 0; ; i++) {
      for (let j = 0; j < 5; j++) writeFileSync(folder + '/' + i + '-' + j, '');
      Atomics.wait(pause, 0, 0, 1);
    }
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
`;
