import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recoverFiles } from '#lpx/exchange/recover.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { contentsOf, holdsExactly, wipe, writeHeap } from '../support/heaps.js';
import { cutPower } from '../support/power-cut.js';
import { NOW, OPERATOR, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

/** How many moments are tried; more of them with `LPX_KILLS`. */
const MOMENTS = Number(process.env.LPX_KILLS ?? 6);

it('a power cut during a recovery leaves each file whole or absent, all of them there once it is in the history, and the next run completes', async () => {
  const folder = tempFolder();
  const original = await transferSchool(folder);
  const contents = await contentsOf(original);
  wipe(original);
  const heap = join(folder, 'heap');
  writeHeap(heap, [...contents.values()]);
  const recover = (store: string) =>
    withStore(store, (open) => recoverFiles(open, { paths: [heap], passwords: [], dryRun: false, now: NOW, operator: OPERATOR }));
  const copyOf = (at: number) => {
    const store = join(folder, `store-${at}`);
    cpSync(original, store, { recursive: true });
    return store;
  };
  const { changes } = await cutPower(copyOf(0), Number.MAX_SAFE_INTEGER, () => recover(join(folder, 'store-0')));
  expect(changes).toBeGreaterThan(3 * contents.size);
  for (let i = 0; i < MOMENTS; i++) {
    const at = changes - Math.floor((i * changes) / MOMENTS);
    const store = copyOf(at);
    await cutPower(store, at, () => recover(store));
    await withStore(store, async (open) => {
      const states = await Promise.all([...contents.keys()].map((sha256) => open.attachments.check(sha256)));
      const isEntered = (await open.history({ kinds: ['recover'] })).length > 0;
      expect(
        states.filter((state) => state === 'broken' || (isEntered && state === 'lost')),
        String(at),
      ).toEqual([]);
    });
    await recover(store);
    expect(await holdsExactly(store, contents.keys()), String(at)).toBe(true);
  }
});
