import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPackage } from '#lpx/package/open.js';
import { md5 } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { rawZip } from '../support/zips.js';

const PACKAGE = Buffer.from('the package');
const MD5 = md5(PACKAGE);
const OTHER = 'f'.repeat(32);

/** Opens a ZIP, none of it encrypted, of these files. */
async function opened(files: Record<string, string | Buffer>) {
  const folder = tempFolder();
  const zip = join(folder, 'mail.zip');
  const entries = Object.entries(files).map(([name, content]) => ({ name, content: Buffer.from(content), plain: true }));
  writeFileSync(zip, rawZip(entries, Buffer.alloc(0)));
  const found = await openPackage(zip, async () => ({ path: tempFolder(), remove: async () => {} }));
  return { ...found, signature: found.signatureFile && readFileSync(found.signatureFile, 'utf8') };
}

describe('a package zipped once more', () => {
  it.each<[string, Record<string, string>]>([
    ['the files that a Mac adds', { '__MACOSX/._a.zip': 'x', '.DS_Store': 'x' }],
    ['the files that Windows adds', { 'desktop.ini': 'x', 'Thumbs.db': 'x' }],
    ['a readme and a receipt', { 'readme.txt': 'see the mail', 'a.receipt.json': '{}' }],
  ])('is found among %s', async (_, others) => {
    const { zipFile, wrapping, signature } = await opened({
      'a.zip': PACKAGE as unknown as string,
      'a.zip.md5': `${MD5}  a.zip\n`,
      ...others,
    });
    expect([readFileSync(zipFile), wrapping !== undefined, signature]).toEqual([PACKAGE, true, `${MD5}  a.zip\n`]);
  });

  it('has of several texts the one for its signature whose MD5 fits', async () => {
    const { signature } = await opened({ 'a.zip': PACKAGE, 'old.txt': OTHER, 'note.txt': `MD5: ${MD5}` });
    expect(signature).toBe(`MD5: ${MD5}`);
  });

  it('with another package is refused, both by name', async () => {
    await expect(opened({ 'a.zip': PACKAGE, 'b.zip': PACKAGE })).rejects.toMatchObject({
      code: 'LPX_PACKAGES_TOGETHER',
      facts: { names: 'a.zip, b.zip' },
    });
  });

  it('among other files is not a wrapping', async () => {
    expect((await opened({ 'a.zip': PACKAGE, 'a.json': '[]' })).wrapping).toBeUndefined();
  });
});
