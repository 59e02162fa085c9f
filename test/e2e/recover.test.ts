import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { classOf } from '../support/batches.js';
import { lpx, lpxJson } from '../support/cli.js';
import { contentsOf, holdsExactly, wipe, writeHeap } from '../support/heaps.js';
import { outputFaults } from '../support/output-schemas.js';
import { durationOf, strike, strikesIn, within } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

/** Whether each content of a vault is the one of its hash, and one of these. */
const areWhole = (store: string, hashes: ReadonlySet<string>): Promise<boolean> =>
  withStore(store, async ({ attachments }) => {
    for await (const { sha256 } of attachments.list())
      if (!hashes.has(sha256) || (await attachments.check(sha256)) !== 'sound') return false;
    return true;
  });

describe('lpx recover', () => {
  it('says what is back and what is still missing, by the same facts in JSON and in both languages', async () => {
    const folder = tempFolder();
    const { store } = await classOf(folder, 3);
    const [[lost], ...others] = [...(await contentsOf(store))] as [[string, Buffer], ...[string, Buffer][]];
    const heap = join(folder, 'heap');
    writeHeap(
      heap,
      others.map(([, content]) => content),
    );
    wipe(store);
    const dry = await lpxJson(['--store', store, 'recover', heap, '--dry-run']);
    expect([dry.code, outputFaults(dry.json), dry.json.contents]).toEqual([8, [], others.length]);
    expect(dry.json.error.consequence).toBe('This was a dry run: no file was put back.');
    const { code, json } = await lpxJson(['--store', store, 'recover', heap]);
    expect([code, outputFaults(json), json.error.code, json.contents, json.lacking]).toEqual([
      8,
      [],
      'LPX_STILL_MISSING',
      others.length,
      others.length + 1,
    ]);
    expect(json.missing.every(({ sha256 }: { sha256: string }) => sha256 === lost)).toBe(true);
    const chinese = await lpx(['--store', store, '--lang', 'zh-TW', 'recover', heap]);
    expect([chinese.code, chinese.out]).toEqual([
      8,
      expect.stringContaining(`缺損 1 個檔案（用於 ${json.missing.length} 處），已找回 0 個。`),
    ]);
    expect(chinese.out).not.toMatch(/A8\d{8}/);
    const [owner] = json.missing;
    const html = join(folder, 'show.html');
    const shown = await lpxJson(['--store', store, 'show', owner.nationalId, '--html', html]);
    const marked = shown.json.students[0].records.flatMap(({ files }: { files: { lost?: true }[] }) => files.filter((file) => file.lost));
    expect([outputFaults(shown.json), marked.map(({ md5 }: { md5: string }) => md5)]).toEqual([[], [owner.md5]]);
    const mark = `檔案已遺失：${owner.file}`;
    expect((await lpx(['--store', store, '--lang', 'zh-TW', 'show', owner.nationalId])).out).toContain(mark);
    expect(readFileSync(html, 'utf8')).toContain(`lost: ${owner.file}`);
    const history = await lpxJson(['--store', store, 'history', '--kind', 'recover']);
    expect([outputFaults(history.json), history.json.entries[0].details]).toEqual([[], { files: others.length, byMd5: 0, missing: 1 }]);
  });

  it('killed at any moment, leaves each file whole or absent, and is completed by the next run', async () => {
    const folder = tempFolder();
    const { store } = await classOf(folder, 12, 200_000);
    const contents = await contentsOf(store);
    const hashes = new Set(contents.keys());
    const heap = join(folder, 'heap');
    writeHeap(heap, [...contents.values()]);
    const words = ['--store', store, 'recover', heap];
    wipe(store);
    const duration = await durationOf(() => lpx(words));
    const count = strikesIn(8);
    for (let i = 0; i < count; i++) {
      wipe(store);
      await strike(words, 'SIGKILL', within(duration, i, count));
      expect(await areWhole(store, hashes)).toBe(true);
      expect((await lpx(words)).code).toBe(0);
      expect(await holdsExactly(store, hashes)).toBe(true);
    }
  });
});
