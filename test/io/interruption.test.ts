import { describe, expect, it } from 'vitest';
import { Interruptible, markCommitted, whenInterrupted } from '#lpx/io/interruption.js';

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
});
