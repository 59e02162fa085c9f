/** How an export proves that the files of the store are those that were taken in. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import type { StoredAttachment } from '#lpx/store/store.js';
import type { Encryption } from '#lpx/zip/writer.js';
import { exportFrom, importTo, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

async function filesOf(store: string): Promise<StoredAttachment[]> {
  const { records } = await studentIn(store, TRANSFER_STUDENT);
  return records.flatMap(({ record: { document, media } }) => [document, media].flatMap((file) => file ?? []));
}
const contentOf = (store: string, sha256: string) => withStore(store, async (open) => readFileSync(open.attachments.locationOf(sha256)));
/** Makes a store as one of an earlier version is. */
async function forget(store: string): Promise<void> {
  const unknown = new Map((await filesOf(store)).map(({ sha256 }) => [sha256, null as unknown as number]));
  await withStore(store, (open) =>
    open.change(async (change) => {
      await change.setCrc32s(unknown);
      return { keep: true, result: undefined };
    }),
  );
}

describe('the CRC-32 of a file', () => {
  it.each<[string, Encryption, boolean]>([
    ['kept when it is loaded, and imported from a package that has it', 'zipcrypto', true],
    ['not counted when it is imported from a package that has none', 'aes256', false],
  ])('is %s', async (_, encryption, has) => {
    const folder = tempFolder();
    const from = await transferSchool(folder);
    const to = await school(folder, '990002');
    await importTo(to, (await exportFrom(from, join(folder, 'mail'), { encryption })).zipFile);
    const [loaded, imported] = [await filesOf(from), await filesOf(to)];
    expect(imported.length).toBeGreaterThan(5);
    for (const file of has ? [...loaded, ...imported] : loaded) expect(file.crc32).toBe(crc32(await contentOf(from, file.sha256)));
    if (!has) expect(imported.every((file) => file.crc32 === undefined)).toBe(true);
  });

  it('is learnt at the first export of a store of an earlier version, which proves its files by SHA-256', async () => {
    const folder = tempFolder();
    const from = await transferSchool(folder);
    const known = await filesOf(from);
    await forget(from);
    expect((await filesOf(from)).every(({ crc32 }) => crc32 === undefined)).toBe(true);
    await exportFrom(from, join(folder, 'mail'));
    const sent = (await filesOf(from)).filter(({ crc32 }) => crc32 !== undefined);
    expect(sent.length).toBeGreaterThan(5);
    for (const file of sent) expect(file.crc32).toBe(known.find(({ sha256 }) => sha256 === file.sha256)?.crc32);
  });

  it.each([
    ['known', false],
    ['not known', true],
  ])('keeps a broken file out of a package, when it is %s', async (_, forgotten) => {
    const folder = tempFolder();
    const from = await transferSchool(folder);
    if (forgotten) await forget(from);
    const [file] = await filesOf(from);
    await withStore(from, async (open) => {
      const path = open.attachments.locationOf(file?.sha256 as string);
      const content = readFileSync(path);
      content[content.length - 1] = (content.at(-1) as number) ^ 1;
      writeFileSync(path, content);
    });
    await expect(exportFrom(from, join(folder, 'mail'))).rejects.toMatchObject({ code: 'LPX_ATTACHMENT_BROKEN' });
  });
});
