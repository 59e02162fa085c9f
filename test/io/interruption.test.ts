import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Interruptible, markCommitted, whenInterrupted } from '#lpx/io/interruption.js';
import { removeWhenInterrupted } from '#lpx/io/temporary.js';
import { tempFolder } from '../support/temp.js';

describe('an interrupted run', () => {
  it('undoes what it has under way, the newest first, and not what is finished', async () => {
    const undone: string[] = [];
    const run = new Interruptible();
    await run.run(async () => {
      whenInterrupted(() => undone.push('older'));
      const finished = whenInterrupted(() => undone.push('finished'));
      await Promise.resolve();
      whenInterrupted(() => undone.push('newer'));
      finished();
    });
    run.undo();
    expect(undone).toEqual(['newer', 'older']);
  });

  it('leaves alone what another run of the same process has under way or committed', async () => {
    const undone: string[] = [];
    const [one, other] = [new Interruptible(), new Interruptible()];
    const work = async (name: string) => {
      await Promise.resolve();
      whenInterrupted(() => undone.push(name));
    };
    await Promise.all([one.run(() => work('one')), other.run(() => work('other').then(markCommitted))]);
    expect([one.isCommitted, other.isCommitted]).toEqual([false, true]);
    one.undo();
    expect(undone).toEqual(['one']);
  });

  it('undoes the rest when one thing cannot be undone', async () => {
    const undone: string[] = [];
    const run = new Interruptible();
    await run.run(async () => {
      whenInterrupted(() => undone.push('older'));
      whenInterrupted(() => {
        throw new Error('cannot');
      });
    });
    run.undo();
    expect(undone).toEqual(['older']);
  });

  it('removes a folder in which another thread is making files', async () => {
    const folder = join(tempFolder(), 'staging');
    await mkdir(folder);
    const run = new Interruptible();
    await run.run(async () => removeWhenInterrupted(folder));
    const maker = new Worker(MAKES_FILES, { eval: true, workerData: folder });
    const ended = new Promise((resolve) => maker.once('exit', resolve));
    while (readdirSync(folder).length < 50) await sleep(1);
    run.undo();
    await ended;
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
