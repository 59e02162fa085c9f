/** An AbortSignal leaves all as before or as after, whenever it comes. Calls run in the bundled thread. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { exportPackage, importPackage, loadFolder, type Store, verifyPackage } from '#lpx/index.js';
import { withOpen } from '../support/library.js';
import { madeBytes } from '../support/made-bytes.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, LEFT, load, PASSWORD, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const ABORTS = 8;

/** A school with a student whose files are worth a helper thread, as its platform hands them over. */
async function bigSchool() {
  const folder = tempFolder();
  const records = Array.from({ length: 12 }, (_, i) =>
    courseResult({ createdAt: `2021-01-10 14:03:${i + 10}` }, { bytes: pdf(madeBytes(1_500_000)), type: 'pdf', name: `${i}.pdf` }),
  );
  const platform = join(folder, 'platform');
  writeExchangeFolder(platform, [smallPortfolio(records)]);
  return { folder, platform, store: await school(folder, '990001') };
}

async function bigPackage() {
  const { folder, platform, store } = await bigSchool();
  await load(store, platform);
  const mail = join(folder, 'mail');
  const { zipFile } = await exportFrom(store, join(folder, 'sent'));
  return { folder, store, mail, zipFile };
}

/** Runs a call whole and measures it, then aborts it at moments spread over that time. */
async function abortAtMoments(call: (signal: AbortSignal, turn: number) => Promise<() => Promise<void>>): Promise<void> {
  const started = performance.now();
  await (await call(new AbortController().signal, 0))();
  const whole = performance.now() - started;
  for (let turn = 1; turn <= ABORTS; turn++) {
    const interrupt = new AbortController();
    const checking = call(interrupt.signal, turn);
    await sleep((whole * turn) / ABORTS);
    interrupt.abort(new Error('not needed any more'));
    await (await checking)();
  }
}

/** Whether a call was aborted; whatever else it comes to is thrown. */
const wasAborted = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => false,
    (error) => {
      expect(error).toMatchObject({ code: 'LPX_INTERRUPTED', cause: { message: 'not needed any more' } });
      return true;
    },
  );

const leftovers = (store: string) => readdirSync(join(store, 'attachments')).filter((name) => name.startsWith('staging-'));
const kept = (store: string) =>
  readdirSync(join(store, 'attachments'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const history = (folder: string) => withStore(folder, (store) => store.history());
const files = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

describe('an aborted call', () => {
  it('of an export leaves nothing, or the package that it had published', async () => {
    const { folder, store } = await bigPackage();
    await withOpen(store, async (open) => {
      let exports = (await history(store)).length;
      await abortAtMoments(async (signal, turn) => {
        const mail = join(folder, `mail${turn}`);
        const options = { nationalIds: [TRANSFER_STUDENT], reason: 'transfer', left: LEFT, outFolder: mail, password: PASSWORD } as const;
        const aborted = await wasAborted(exportPackage(open, { ...options, signal }));
        return async () => {
          exports += aborted ? 0 : 1;
          expect(files(mail)).toHaveLength(aborted ? 0 : 2);
          expect((await history(store)).length).toBe(exports);
          expect(leftovers(store)).toEqual([]);
        };
      });
    });
  });

  it('of a load or an import changes nothing, or all', async () => {
    const { folder, zipFile } = await bigPackage();
    const platform = join(folder, 'platform');
    for (const kind of ['load', 'import'] as const) {
      await abortAtMoments(async (signal) => {
        const store = await school(tempFolder(), kind === 'load' ? '990001' : '990002');
        const call = (open: Store) =>
          kind === 'load'
            ? loadFolder(open, { path: platform, signal })
            : importPackage(open, { zipFile, password: PASSWORD, createStudents: true, signal });
        const aborted = await withOpen(store, (open) => wasAborted(call(open)));
        return async () => {
          const student = await withStore(store, (open) => open.student(TRANSFER_STUDENT));
          expect(student?.records.length ?? 0).toBe(aborted ? 0 : 12);
          expect(await history(store)).toHaveLength(aborted ? 0 : 1);
          expect(leftovers(store)).toEqual([]);
          expect(kept(store)).toHaveLength(aborted ? 0 : 12);
        };
      });
    }
  });

  it('leaves its store as usable as before', async () => {
    const { zipFile } = await bigPackage();
    await withOpen(await school(tempFolder(), '990002'), async (open) => {
      const interrupt = new AbortController();
      const aborted = importPackage(open, {
        zipFile,
        password: PASSWORD,
        createStudents: true,
        signal: interrupt.signal,
        onProgress: () => interrupt.abort(),
      });
      await expect(aborted).rejects.toMatchObject({ code: 'LPX_INTERRUPTED' });
      expect(await importPackage(open, { zipFile, password: PASSWORD, createStudents: true })).toMatchObject({ outcome: 'imported' });
    });
  });

  it('does not begin when the signal came before it, or while it waited for its turn', async () => {
    const { zipFile } = await bigPackage();
    await expect(verifyPackage({ zipFile, password: PASSWORD, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'LPX_INTERRUPTED',
    });
    await withOpen(await school(tempFolder(), '990002'), async (open) => {
      const interrupt = new AbortController();
      const first = importPackage(open, { zipFile, password: PASSWORD, createStudents: true });
      const second = importPackage(open, { zipFile, password: PASSWORD, signal: interrupt.signal });
      interrupt.abort();
      await expect(second).rejects.toMatchObject({ code: 'LPX_INTERRUPTED' });
      expect(await first).toMatchObject({ outcome: 'imported' });
    });
  });

  it('is what a call whose progress function throws becomes: it rejects with that very error', async () => {
    const { zipFile } = await bigPackage();
    const failure = new Error('nobody listens');
    const onProgress = () => {
      throw failure;
    };
    await expect(verifyPackage({ zipFile, password: PASSWORD, onProgress })).rejects.toBe(failure);
  });
});
