import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from '#lpx/zip/crypto/zipcrypto.js';
import { type AnnouncedEntry, ZipCryptoAhead } from '#lpx/zip/crypto/zipcrypto-ahead.js';
import { Arenas } from '#lpx/zip/simd/arena.js';
import fc from '../../support/properties.js';
import { sourceOf } from '../../support/zips.js';

const password = Buffer.from('Sample-Pass-2021');
const random = (bytes: number) => Buffer.alloc(bytes, 7);

/** An entry that was announced as `content`, and what has been opened of it and not closed. */
function entry(content: Buffer, actual = content) {
  const open = { sources: 0 };
  const announced: AnnouncedEntry = {
    name: 'a.pdf',
    bytes: content.length,
    open: () => {
      open.sources++;
      return { ...sourceOf(actual), close: () => open.sources-- };
    },
  };
  return { announced, open };
}

function decrypted(encrypted: Buffer): Buffer {
  const plain = Buffer.from(encrypted);
  new ZipCryptoKeys(password).decrypt(plain);
  return plain;
}

describe('entries encrypted ahead of their turn', () => {
  it('are what each would be alone, in the order announced', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(100_000)), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, async (all) => {
        const contents = all.map((size, i) => Buffer.alloc(size, `${i} of ${size}`));
        const ahead = new ZipCryptoAhead(password, random, new Arenas());
        for (const content of contents) ahead.announce(entry(content).announced);
        for (const content of contents) {
          const block = await ahead.next();
          const plain = decrypted(block?.encrypted ?? Buffer.alloc(0));
          expect(block?.crc32).toBe(crc32(content));
          expect(plain[ZIPCRYPTO_HEADER_BYTES - 1]).toBe(crc32(content) >>> 24);
          expect(plain.subarray(ZIPCRYPTO_HEADER_BYTES).equals(content)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are left to their turn when they are too big for memory', async () => {
    const ahead = new ZipCryptoAhead(password, random, new Arenas());
    const { announced } = entry(Buffer.alloc(10));
    for (let i = 0; i < 20; i++) ahead.announce({ ...announced, bytes: 34_000_000 });
    expect(await ahead.next()).toBeUndefined();
  });

  it.each([
    ['more bytes', Buffer.from('0123456789a')],
    ['fewer bytes', Buffer.from('012345678')],
  ])('end with LPX_FILE_CHANGED when one of them has %s than announced, and every source is closed', async (_, actual) => {
    const content = Buffer.from('0123456789');
    const entries = Array.from({ length: 8 }, (_, i) => entry(content, i === 5 ? actual : content));
    const ahead = new ZipCryptoAhead(password, random, new Arenas());
    for (const { announced } of entries) ahead.announce(announced);
    await expect(ahead.next()).rejects.toMatchObject({ code: 'LPX_FILE_CHANGED' });
    expect(entries.map(({ open }) => open.sources)).toEqual(entries.map(() => 0));
  });
});
