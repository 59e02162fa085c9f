/** What version 0.1 left: stores of two schools, the packages between them, and their receipt (`test/fixtures/version-0.1`). */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkReceipt, writeReceipt } from '#lpx/exchange/receipt.js';
import { removeStudent } from '#lpx/exchange/remove.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { exportFrom, importTo, NOW, OPERATOR, school, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/version-0.1', import.meta.url));
const PACKAGES = ['990001_2026_11_25_20_01_29.zip', '990001_2026_11_25_20_01_31.zip'];
const PASSWORD = Buffer.from('lpx-sample-109');

/** A copy of everything, since a store is brought up to date when it is opened. */
function earlier(): { sender: string; receiver: string; folder: string } {
  const folder = tempFolder();
  cpSync(FIXTURES, folder, { recursive: true });
  return { sender: join(folder, 'sender'), receiver: join(folder, 'receiver'), folder };
}

describe('what the version before left', () => {
  it('is a store that opens with its students and history', async () => {
    const { sender, receiver } = earlier();
    const kinds = (store: string) => withStore(store, async (open) => (await open.history()).map(({ kind }) => kind));
    expect(await kinds(sender)).toEqual(['export', 'export', 'load']);
    expect(await kinds(receiver)).toEqual(['import']);
    expect((await studentIn(sender, TRANSFER_STUDENT)).records).toHaveLength(13);
    expect((await studentIn(receiver, TRANSFER_STUDENT)).records.every(({ provenance }) => provenance === 'received')).toBe(true);
  });

  it('is a history whose entries cannot be undone, and one more that can', async () => {
    const { sender } = earlier();
    const history = await withStore(sender, (open) => open.history());
    const undo = (id = 0) => withStore(sender, (open) => undoEntry(open, { id, now: NOW, operator: OPERATOR }));
    await expect(undo(history.find(({ kind }) => kind === 'load')?.id)).rejects.toMatchObject({ code: 'LPX_UNDO_EARLIER' });
    const before = await studentIn(sender, TRANSFER_STUDENT);
    const removed = await withStore(sender, (open) =>
      removeStudent(open, { who: TRANSFER_STUDENT, reason: '', now: NOW, operator: OPERATOR }),
    );
    await undo(removed.historyId);
    expect(await studentIn(sender, TRANSFER_STUDENT)).toEqual(before);
  });

  it.each(PACKAGES)('is a package %s that is imported whole, once', async (name) => {
    const { folder, receiver } = earlier();
    const to = await school(folder, '990003');
    expect((await importTo(to, join(folder, name), { password: PASSWORD })).outcome).toBe('imported');
    expect((await importTo(receiver, join(folder, name), { password: PASSWORD })).outcome).toBe('unchanged');
  });

  it('is a receipt that marks its export as received', async () => {
    const { folder, sender } = earlier();
    const checked = await withStore(sender, (open) =>
      checkReceipt(open, { file: join(folder, '990001_2026_11_25_20_01_29.receipt.json'), now: NOW, operator: OPERATOR }),
    );
    expect(checked).toMatchObject({ exportId: 2, before: false, findings: [] });
  });

  it('exports to and acknowledges for schools of today', async () => {
    const { folder, sender, receiver } = earlier();
    const to = await school(folder, '990003');
    const exported = await exportFrom(sender, join(folder, 'out'), { now: new Date() });
    expect((await importTo(to, exported.zipFile)).outcome).toBe('imported');
    const request = { importId: 1, outFolder: join(folder, 'receipts'), now: NOW, by: '註冊組' };
    const { path } = await withStore(receiver, (open) => writeReceipt(open, request));
    expect((await withStore(sender, (open) => checkReceipt(open, { file: path, now: NOW, operator: OPERATOR }))).exportId).toBe(2);
  });
});
