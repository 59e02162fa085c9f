import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishFiles } from '#lpx/io/publish.js';
import { type PackageFile, SharedFiles, writePackage } from '#lpx/package/writer.js';
import { entryBuffer } from '#lpx/zip/entry.js';
import { readZip, type ZipEntry } from '#lpx/zip/reader.js';
import { madeBytes } from '../support/made-bytes.js';
import { tempFolder } from '../support/temp.js';

const options = { encryption: 'aes256', password: Buffer.from('p'), modified: new Date(2021, 0, 21) } as const;
const hash = (kind: string, bytes: Buffer) => createHash(kind).update(bytes).digest('hex');

function fileOf(folder: string, name: string, content: Buffer): PackageFile {
  const source = join(folder, name);
  writeFileSync(source, content);
  return { path: `x/${name}`, source, bytes: content.length, sha256: hash('sha256', content) };
}
const partsOf = (zipFile: string) => ({
  zip: { part: `${zipFile}.part`, file: zipFile },
  signature: { part: `${zipFile}.md5.part`, file: `${zipFile}.md5` },
});
const texts = [{ path: 'a.json', content: '[]' }];
const MB = 1024 * 1024;

describe('a package on disk', () => {
  it.each([
    ['a small', 1000],
    ['a big', 20 * MB],
  ])('%s one is whole: every entry, its digests, its signature, no part left', async (_, bytes) => {
    const folder = tempFolder();
    const files = [fileOf(folder, '1', madeBytes(bytes)), fileOf(folder, '2', Buffer.alloc(0))];
    const zipFile = join(folder, 'a.zip');
    const progress: number[] = [];

    const digests = await writePackage(partsOf(zipFile), { texts, files }, { ...options, onProgress: (done) => progress.push(done) });
    await publishFiles(Object.values(partsOf(zipFile)));

    const content = readFileSync(zipFile);
    expect(digests).toEqual({ md5: hash('md5', content), bytes: content.length });
    expect(readFileSync(`${zipFile}.md5`, 'utf8')).toBe(`${digests.md5}  a.zip\n`);
    expect((await readZip(zipFile)).map(({ name }) => name)).toEqual(['a.json', 'x/1', 'x/2']);
    expect(readdirSync(folder).sort()).toEqual(['1', '2', 'a.zip', 'a.zip.md5']);
    expect(progress.at(-1)).toBe(bytes);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it.each<[string, string, (file: PackageFile) => void]>([
    ['changed since it was taken in', 'LPX_ATTACHMENT_BROKEN', ({ source, bytes }) => writeFileSync(source, madeBytes(bytes))],
    ['has grown', 'LPX_ATTACHMENT_BROKEN', ({ source, bytes }) => writeFileSync(source, madeBytes(bytes + 1))],
    ['has shrunk', 'LPX_ATTACHMENT_BROKEN', ({ source, bytes }) => writeFileSync(source, madeBytes(bytes - 1))],
    ['is gone', 'LPX_ATTACHMENT_LOST', ({ source }) => rmSync(source)],
    [
      'is a folder now',
      'LPX_FILE_UNREADABLE',
      ({ source }) => {
        rmSync(source);
        mkdirSync(source);
      },
    ],
  ])('is not written when a file %s: %s, and nothing of it is left', async (_, code, spoil) => {
    for (const bytes of [1000, 20 * MB]) {
      const folder = tempFolder();
      const file = fileOf(folder, '1', madeBytes(bytes));
      spoil(file);
      await expect(writePackage(partsOf(join(folder, 'a.zip')), { texts, files: [file] }, options)).rejects.toMatchObject({ code });
      expect(readdirSync(folder).filter((name) => name.startsWith('a.'))).toEqual([]);
    }
  });

  it('reads a file that several packages carry once, proves it, and keeps no more of such files than there is room for', async () => {
    const folder = tempFolder();
    const files = ['1', '2'].map((name) => fileOf(folder, name, madeBytes(1000)));
    const [first, second] = files as [PackageFile, PackageFile];
    const shared = new SharedFiles(new Set(files.map(({ sha256 }) => sha256)), 1500);
    await writePackage(partsOf(join(folder, 'a.zip')), { texts, files }, { ...options, shared });
    rmSync(first.source);
    await writePackage(partsOf(join(folder, 'b.zip')), { texts, files }, { ...options, shared });
    await publishFiles(Object.values(partsOf(join(folder, 'b.zip'))));
    const [, entry] = await readZip(join(folder, 'b.zip'));
    const fd = openSync(join(folder, 'b.zip'), 'r');
    const content = await entryBuffer(fd, entry as ZipEntry, options.password, 2000);
    closeSync(fd);
    expect(hash('sha256', content)).toBe(first.sha256);

    rmSync(second.source);
    const again = writePackage(partsOf(join(folder, 'c.zip')), { texts, files }, { ...options, shared });
    await expect(again).rejects.toMatchObject({ code: 'LPX_ATTACHMENT_LOST' });
    const spoilt = { ...fileOf(folder, '3', madeBytes(1000)), sha256: first.sha256 };
    const wrong = writePackage(
      partsOf(join(folder, 'd.zip')),
      { texts, files: [spoilt] },
      { ...options, shared: new SharedFiles(new Set([first.sha256])) },
    );
    await expect(wrong).rejects.toMatchObject({ code: 'LPX_ATTACHMENT_BROKEN' });
  });

  it('holds a long text of the same words so that no reader takes it for a bomb', async () => {
    const zipFile = join(tempFolder(), 'a.zip');
    for (const encryption of ['aes256', 'zipcrypto'] as const) {
      await writePackage(
        partsOf(zipFile),
        { texts: [{ path: 'a.json', content: '字'.repeat(MB) }], files: [] },
        { ...options, encryption },
      );
      await publishFiles(Object.values(partsOf(zipFile)));
      expect(await readZip(zipFile)).toMatchObject([{ size: 3 * MB, compression: 'stored' }]);
      rmSync(zipFile);
      rmSync(`${zipFile}.md5`);
    }
  });

  it('is not written into a folder that is not there', async () => {
    const zipFile = join(tempFolder(), 'none', 'a.zip');
    await expect(writePackage(partsOf(zipFile), { texts, files: [] }, options)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED' });
    expect(existsSync(zipFile)).toBe(false);
  });
});
