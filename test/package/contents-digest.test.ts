import { createHash } from 'node:crypto';
import { closeSync, cpSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { contentsDigest } from '#lpx/package/contents-digest.js';
import { entryBuffer } from '#lpx/zip/entry.js';
import { readZip } from '#lpx/zip/reader.js';
import { exportFrom, importTo, PASSWORD, school, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

async function exported(encryption: 'aes256' | 'zipcrypto' = 'aes256') {
  const folder = tempFolder();
  const from = await transferSchool(folder);
  return { folder, from, ...(await exportFrom(from, join(folder, encryption), { encryption })) };
}

describe('the contents digest', () => {
  it('is that of the lines of sha256sum, sorted by their bytes', () => {
    const files = [
      { path: 'b', sha256: 'f'.repeat(64) },
      { path: '課', sha256: '0'.repeat(64) },
      { path: 'a', sha256: 'f'.repeat(64) },
    ];
    const lines = `${'0'.repeat(64)}  課\n${'f'.repeat(64)}  a\n${'f'.repeat(64)}  b\n`;
    expect(contentsDigest(files)).toBe(sha256(lines));
    expect(contentsDigest([...files].reverse())).toBe(sha256(lines));
  });

  it('of an export is what anyone computes from the unpacked files', async () => {
    const { zipFile, contentsDigest: digest } = await exported();
    const fd = openSync(zipFile, 'r');
    const lines: string[] = [];
    for (const entry of await readZip(zipFile)) {
      const name = /^[^/]*\.json$/.test(entry.name) ? 'document.json' : entry.name;
      lines.push(`${sha256(await entryBuffer(fd, entry, PASSWORD, 2 ** 30))}  ${name}\n`);
    }
    closeSync(fd);
    expect(digest).toBe(sha256(lines.sort().join('')));
  });

  it('is the same for the sender, the receiver and a dry run, in both histories, and under any name and encryption', async () => {
    const { folder, from, zipFile, contentsDigest: digest } = await exported();
    const to = await school(folder, '990002');
    const renamed = join(dirname(zipFile), 'renamed.zip');
    cpSync(zipFile, renamed);
    const dry = await importTo(to, renamed, { dryRun: true, signature: 'none' });
    expect(dry.report.package.contentsDigest).toBe(digest);
    expect((await importTo(to, zipFile)).report.package.contentsDigest).toBe(digest);
    for (const store of [from, to]) {
      const [latest] = await withStore(store, (open) => open.history());
      expect(latest).toMatchObject({ contentsDigest: digest, sha256: '' });
    }
    const other = await exportFrom(from, join(folder, 'zipcrypto'), { encryption: 'zipcrypto' });
    expect(other.digests.md5).not.toBe(readFileSync(`${zipFile}.md5`, 'utf8').slice(0, 32));
    expect(other.contentsDigest).toBe(digest);
  });

  it('is none when an entry could not be read', async () => {
    const { folder, zipFile } = await exported();
    const entry = (await readZip(zipFile)).find(({ name }) => name.endsWith('C01.pdf'));
    const bytes = readFileSync(zipFile);
    const at = (entry?.dataOffset ?? 0) + 100;
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(zipFile, bytes);
    const to = await school(folder, '990002');
    const { outcome, report } = await importTo(to, zipFile, { accept: { partial: 'owe', foreignMd5: false }, signature: 'none' });
    expect(outcome).toBe('imported');
    expect(report.package.contentsDigest).toBe('');
  });
});
