import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryBuffer } from '#lpx/zip/entry.js';
import { encodeEnd, encodeHeaders, FLAG, METHOD } from '#lpx/zip/format.js';
import { DEFAULT_LIMITS } from '#lpx/zip/limits.js';
import { readZip, type ZipEntry } from '#lpx/zip/reader.js';
import { EncryptedZip } from '#lpx/zip/writer.js';
import fc from '../support/properties.js';
import { tempFolder } from '../support/temp.js';
import { MemoryOutput, MODIFIED, put, sourceOf, type TestEntry, written } from '../support/zips.js';

const password = Buffer.from('Sample-Pass-2021');
/** The same bytes each time, for archives that can be compared. */
const noChance = () => {
  let next = 0;
  return (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => next++ & 0xff));
};
const MEGABYTES = 2_000_000;

describe('an archive', () => {
  it.each(['aes256', 'zipcrypto'] as const)('under %s gives back every entry under its name', async (encryption) => {
    const entry = fc.record({
      name: fc.stringMatching(/^[a-z課程]{1,8}(\/[0-9A-Z多元]{1,8})?\.pdf$/u),
      content: fc
        .oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.nat(700_000).map((length) => Buffer.alloc(length, length)),
        )
        .map(Buffer.from),
      deflate: fc.boolean(),
    });
    const entries = fc.uniqueArray(entry, { maxLength: 24, selector: ({ name }) => name.toLowerCase() });
    await fc.assert(
      fc.asyncProperty(entries, async (made: TestEntry[]) => {
        const file = put(join(tempFolder(), 'a.zip'), await written(made, encryption, password));
        const read = await readZip(file);
        const fd = openSync(file, 'r');
        expect(read.map(({ name }) => name)).toEqual(made.map(({ name }) => name));
        for (const [i, one] of read.entries()) {
          const content = await entryBuffer(fd, one, password, MEGABYTES);
          expect(content.equals(made[i]?.content as Buffer)).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  const GOLDEN = {
    aes256: 'f8bebe7aed0473bf3a63936097fd5fc01baa384554ef92e0b7c46c5007bf2a34',
    zipcrypto: 'b2b18e33a00392a93009e7524ba87a7a684092ee1abd06be55d222169a8574dd',
  };
  it.each(['aes256', 'zipcrypto'] as const)('under %s is byte for byte what it always was, given the same chance', async (encryption) => {
    const entries = [
      { name: 'A800000014/課程學習成果/C01.pdf', content: Buffer.from('%PDF-1.4 one') },
      { name: 'A800000014/多元表現/M01.png', content: Buffer.alloc(1000, 'two') },
    ];
    const archive = await written(entries, encryption, password, noChance());
    expect(createHash('sha256').update(archive).digest('hex')).toBe(GOLDEN[encryption]);
  });

  it.each([
    ['more bytes', Buffer.from('longer than said'), 'aes256'],
    ['fewer bytes', Buffer.from('short'), 'aes256'],
    ['more bytes', Buffer.from('longer than said'), 'zipcrypto'],
    ['fewer bytes', Buffer.from('short'), 'zipcrypto'],
  ] as const)('ends with LPX_FILE_CHANGED when a source has %s than announced, under %3$s', async (_, content, encryption) => {
    const zip = new EncryptedZip(new MemoryOutput(), { encryption, password });
    const announced = Buffer.from('0123456789');
    zip.addStored(() => sourceOf(content), { name: 'a', modified: MODIFIED, bytes: announced.length });
    zip.addDeflated(Buffer.from('never reached'), 'b', MODIFIED);
    await expect(zip.complete()).rejects.toMatchObject({ code: 'LPX_FILE_CHANGED' });
  });

  describe('of an entry too big for memory, under ZipCrypto', () => {
    const big = Buffer.alloc(34_000_000, 'big');

    it('reads back', async () => {
      const file = put(join(tempFolder(), 'big.zip'), await written([{ name: 'big', content: big }], 'zipcrypto', password));
      const [entry] = await readZip(file);
      const fd = openSync(file, 'r');
      expect((await entryBuffer(fd, entry as ZipEntry, password, big.length)).equals(big)).toBe(true);
      closeSync(fd);
    });

    it('ends with LPX_FILE_CHANGED when its source changes between its two readings', async () => {
      const zip = new EncryptedZip(new MemoryOutput(), { encryption: 'zipcrypto', password });
      const changed = Buffer.from(big);
      changed.write('c');
      const readings = [big, changed];
      zip.addStored(() => sourceOf(readings.shift() as Buffer), { name: 'a', modified: MODIFIED, bytes: big.length });
      await expect(zip.complete()).rejects.toMatchObject({ code: 'LPX_FILE_CHANGED' });
    });
  });

  it('of more entries than 16 bits count is a ZIP64 that reads back', async () => {
    const count = 65_600;
    const entries = Array.from({ length: count }, (_, i) => ({ name: String(i), content: Buffer.alloc(0) }));
    const file = put(join(tempFolder(), 'many.zip'), await written(entries, 'zipcrypto', password));
    const read = await readZip(file, { ...DEFAULT_LIMITS, entries: count });
    expect(read).toHaveLength(count);
    expect(read.at(-1)?.name).toBe(String(count - 1));
  });
});

describe('a header', () => {
  const record = {
    name: Buffer.from('a'),
    modified: MODIFIED,
    flags: FLAG.encrypted,
    method: METHOD.stored,
    crc32: 1,
    compressedSize: 5_000_000_012,
    size: 5_000_000_000,
    offset: 6_000_000_000,
  };

  it('of an entry over 4 GiB says its sizes and offset in the ZIP64 field', () => {
    const { local, central } = encodeHeaders(record);
    expect(local.readUInt32LE(18)).toBe(0xffff_ffff);
    expect([local.readBigUInt64LE(35), local.readBigUInt64LE(43)]).toEqual([5_000_000_000n, 5_000_000_012n]);
    const extra = 46 + 1 + 4;
    expect([0, 8, 16].map((at) => central.readBigUInt64LE(extra + at))).toEqual([5_000_000_000n, 5_000_000_012n, 6_000_000_000n]);
    expect(central.readUInt32LE(42)).toBe(0xffff_ffff);
  });

  it('of an entry that ends just below 4 GiB needs no ZIP64', () => {
    const { local } = encodeHeaders({ ...record, compressedSize: 0xffff_fffe, size: 0xffff_fff2, offset: 0 });
    expect(local.readUInt32LE(18)).toBe(0xffff_fffe);
    expect(local.readUInt16LE(4)).toBe(20);
  });

  it('at the end is followed by ZIP64 records exactly when a number is too big', () => {
    expect(encodeEnd(65_534, 0xffff_fffe, 10)).toHaveLength(22);
    expect(encodeEnd(65_535, 10, 10)).toHaveLength(98);
    expect(encodeEnd(1, 0xffff_ffff, 10)).toHaveLength(98);
  });
});
