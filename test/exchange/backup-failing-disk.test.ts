import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backupStore, listSnapshots } from '#lpx/exchange/backup.js';
import { restoreBackup } from '#lpx/exchange/restore.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { knownError } from '#lpx/io/file-error.js';
import { failing } from '../support/failing-fs.js';
import { NOW, OPERATOR, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

/** Every so many operations one fails; each of them with `LPX_KILLS` set high. */
const MOMENTS = Number(process.env.LPX_KILLS ?? 24) / 2;

const momentsOf = (operations: number): number[] => {
  const step = Math.max(1, operations / MOMENTS);
  return [...new Set(Array.from({ length: Math.ceil(operations / step) }, (_, i) => 1 + Math.floor(i * step)))];
};

describe.each(['ENOSPC', 'EIO'])('a disk of which one operation fails with %s', (code) => {
  it('leaves the snapshots from before whole, and a backup that is done or refused, with an error of lpx’s own', async () => {
    const parent = tempFolder();
    const store = await transferSchool(parent);
    const original = join(parent, 'original');
    const backup = (folder: string, minutes: number) =>
      withStore(store, (open) =>
        backupStore(open, { folder, recipients: [], now: new Date(NOW.getTime() + minutes * 60_000), operator: OPERATOR }),
      );
    await backup(original, 0);
    const [first] = await listSnapshots(original, undefined);
    await withStore(store, (open) =>
      open.change(async (change) => ({ keep: true, result: await change.putSchools([{ code: '990009', name: '' }]) })),
    );
    const { operations } = await failing(0, code, () => backup(join(parent, 'count'), 1));
    for (const at of momentsOf(operations)) {
      const folder = join(parent, `repository-${at}`);
      if (at % 2 === 0) cpSync(original, folder, { recursive: true });
      const { failed, error } = await failing(at, code, () => backup(folder, 1));
      if (error !== undefined) expect(knownError(error).code, `${at} ${failed}`).not.toBe('LPX_INTERNAL');
      if (at % 2 === 0) expect((await listSnapshots(folder, undefined)).at(-1)?.name).toBe(first?.name);
      await backup(folder, 2);
      await restoreBackup({ folder, target: join(parent, `restored-${at}`), now: NOW, operator: OPERATOR });
    }
  });

  it('leaves no store of a restore, or all of it', async () => {
    const parent = tempFolder();
    const store = await transferSchool(parent);
    const folder = join(parent, 'repository');
    await withStore(store, (open) => backupStore(open, { folder, recipients: [], now: NOW, operator: OPERATOR }));
    const restore = (target: string) => restoreBackup({ folder, target, now: NOW, operator: OPERATOR });
    const { operations } = await failing(0, code, () => restore(join(parent, 'count')));
    const disk = tempFolder();
    for (const at of momentsOf(operations)) {
      const target = join(disk, `store-${at}`);
      const { failed, error } = await failing(at, code, () => restore(target));
      if (error !== undefined) expect(knownError(error).code, `${at} ${failed}`).not.toBe('LPX_INTERNAL');
      if (error !== undefined && existsSync(target)) expect(readdirSync(target), `${at} ${failed}`).toEqual([]);
      if (error !== undefined) await restore(target);
      await withStore(target, async (open) => expect((await open.history())[0]?.kind).toBe('restore'));
    }
  });
});
