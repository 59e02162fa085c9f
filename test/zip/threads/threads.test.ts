import { once } from 'node:events';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { startAhead, takeThread, worthThread } from '#lpx/zip/threads/threads.js';

const BIG = 1024 ** 3;

describe('threads', () => {
  it('are not worth their start for a student of ordinary size', () => {
    expect(worthThread(20 * 200_000)).toBe(false);
    expect(worthThread(BIG)).toBe(true);
  });

  it('that were started ahead are taken once, and are as good as new ones', async () => {
    startAhead(BIG);
    const threads = [takeThread(), takeThread()];
    expect(threads[0]).not.toBe(threads[1]);
    for (const thread of threads) {
      thread.postMessage({ kind: 'digest', file: '/nowhere' });
      const [reply] = await once(thread, 'message');
      expect(reply).toMatchObject({ code: 'LPX_FILE_NOT_FOUND' });
      await thread.terminate();
    }
  });

  it('that nobody takes keep no process alive', async () => {
    const module = JSON.stringify(import.meta.resolve('#lpx/zip/threads/threads.js'));
    const { exitCode } = await execa(process.execPath, ['-e', `import(${module}).then((threads) => threads.startAhead(${BIG}))`], {
      timeout: 10_000,
    });
    expect(exitCode).toBe(0);
  });
});
