import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backupStore, listSnapshots } from '#lpx/exchange/backup.js';
import { restoreBackup } from '#lpx/exchange/restore.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { cutPower } from '../support/power-cut.js';
import { NOW, OPERATOR, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const backup = (store: string, folder: string, minutes = 0, keep?: number) =>
  withStore(store, (open) =>
    backupStore(open, { folder, recipients: [], keep, now: new Date(NOW.getTime() + minutes * 60_000), operator: OPERATOR }),
  );
const restore = (folder: string, target: string, snapshot?: string) =>
  restoreBackup({ folder, target, snapshot, now: NOW, operator: OPERATOR });

/** How many moments are tried; every one of them with `LPX_KILLS` set high. */
const MOMENTS = Number(process.env.LPX_KILLS ?? 24) / 4;

/** Moments spread over so many changes, the last ones among them. */
function moments(changes: number): number[] {
  const step = Math.max(1, changes / MOMENTS);
  const spread = Array.from({ length: Math.min(changes, Math.ceil(MOMENTS)) }, (_, i) => 1 + Math.floor(i * step));
  return [...new Set([...spread, changes - 2, changes - 1, changes])].filter((at) => at > 0);
}

describe('a power cut', () => {
  it('during a backup leaves every snapshot that is to be seen whole, and the next backup completes', async () => {
    const parent = tempFolder();
    const original = await transferSchool(parent);
    // Each from the same store: the backups before would be in its history, whose rows then lie on other shelves.
    const storeFor = (name: string): string => {
      const store = join(parent, `store-${name}`);
      cpSync(original, store, { recursive: true });
      return store;
    };
    const first = join(parent, 'first');
    const { changes } = await cutPower(first, Number.MAX_SAFE_INTEGER, () => backup(storeFor('first'), first));
    expect(changes).toBeGreaterThan(50);
    for (const at of moments(changes)) {
      const [folder, store] = [join(parent, `repository-${at}`), storeFor(String(at))];
      expect((await cutPower(folder, at, () => backup(store, folder))).gone, String(at)).toBe(true);
      const seen = existsSync(join(folder, 'lpx-backup.json')) ? await listSnapshots(folder, undefined) : [];
      for (const { name } of seen) await restore(folder, join(parent, `restored-${at}`), name);
      await backup(store, folder, 1);
      await restore(folder, join(parent, `again-${at}`));
    }
  });

  it('while old snapshots are removed leaves those that are kept whole', async () => {
    const parent = tempFolder();
    const store = await transferSchool(parent);
    const original = join(parent, 'original');
    await backup(store, original);
    await backup(store, original, 1);
    const rehearsal = join(parent, 'rehearsal');
    cpSync(original, rehearsal, { recursive: true });
    const { changes } = await cutPower(rehearsal, Number.MAX_SAFE_INTEGER, () => backup(store, rehearsal, 2, 1));
    for (const at of moments(changes).slice(-4)) {
      const folder = join(parent, `repository-${at}`);
      cpSync(original, folder, { recursive: true });
      await cutPower(folder, at, () => backup(store, folder, 2, 1));
      for (const { name } of await listSnapshots(folder, undefined)) await restore(folder, join(parent, `restored-${at}-${name}`), name);
    }
  });

  it('during a restore leaves no store, or all of it', async () => {
    const parent = tempFolder();
    const store = await transferSchool(parent);
    const repository = join(parent, 'repository');
    await backup(store, repository);
    const { changes } = await cutPower(join(parent, 'disk'), Number.MAX_SAFE_INTEGER, () =>
      restore(repository, join(parent, 'disk', 'new')),
    );
    const disk = (at: number) => join(parent, `disk-${at}`);
    for (const at of moments(changes)) {
      await cutPower(disk(at), at, () => restore(repository, join(disk(at), 'new')));
      if (!existsSync(join(disk(at), 'new'))) continue;
      await withStore(join(disk(at), 'new'), async (open) => {
        for (const { sha256 } of await open.neededFiles()) expect(await open.attachments.check(sha256), String(at)).toBe('sound');
        expect((await open.history())[0]?.kind).toBe('restore');
      });
    }
    expect(readdirSync(parent).length).toBeGreaterThan(3);
  });
});
