import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cryptStreams, ZipCryptoDecryption, ZipCryptoKeys } from '#lpx/zip/crypto/zipcrypto.js';
import { Arenas } from '#lpx/zip/simd/arena.js';
import fc from '../../support/properties.js';

const arenas = new Arenas();

/** APPNOTE 6.1 word for word, slowly: every operation on unsigned 32-bit numbers as BigInt. */
function appnoteEncrypt(password: Uint8Array, plain: Uint8Array): Buffer {
  const MASK = 0xffff_ffffn;
  const crc = (old: bigint, byte: number) => {
    // zlib's CRC inverts before and after; APPNOTE's does not.
    const inverted = crc32(Buffer.from([byte]), Number(~old & MASK));
    return BigInt(~inverted >>> 0);
  };
  let [key0, key1, key2] = [0x12345678n, 0x23456789n, 0x34567890n];
  const update = (byte: number) => {
    key0 = crc(key0, byte);
    key1 = (key1 + (key0 & 0xffn)) & MASK;
    key1 = (key1 * 134775813n + 1n) & MASK;
    key2 = crc(key2, Number(key1 >> 24n));
  };
  for (const byte of password) update(byte);
  return Buffer.from(
    [...plain].map((byte) => {
      const temp = (key2 | 2n) & 0xffffn;
      const mask = Number(((temp * (temp ^ 1n)) >> 8n) & 0xffn);
      update(byte);
      return byte ^ mask;
    }),
  );
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

describe('ZipCrypto', () => {
  it('encrypts as APPNOTE 6.1 says', () => {
    fc.assert(
      fc.property(bytes(20), bytes(300), (password, plain) => {
        const encrypted = Buffer.from(plain);
        new ZipCryptoKeys(password).encrypt(encrypted);
        expect(encrypted).toEqual(appnoteEncrypt(password, plain));
      }),
    );
  });

  it('decrypts what it encrypted, however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(bytes(20), fc.array(bytes(100), { maxLength: 5 }), (password, chunks) => {
        const whole = Buffer.concat(chunks);
        const encrypted = Buffer.from(whole);
        new ZipCryptoKeys(password).encrypt(encrypted);
        const keys = new ZipCryptoKeys(password);
        let at = 0;
        for (const chunk of chunks) {
          keys.decrypt(encrypted.subarray(at, at + chunk.length));
          at += chunk.length;
        }
        expect(encrypted).toEqual(whole);
      }),
    );
  });

  it('decrypts several streams side by side as each alone, in whatever turns their chunks come', async () => {
    const stream = fc.array(
      fc.oneof(
        bytes(100),
        fc.nat(150_000).map((length) => Buffer.alloc(length, length)),
      ),
      { maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(bytes(20), fc.array(stream, { minLength: 1, maxLength: 20 }), async (password, streams) => {
        const together = new ZipCryptoDecryption(arenas);
        const decrypted = streams.map(async (chunks, i) => {
          const [encrypting, decrypting] = [new ZipCryptoKeys(password), new ZipCryptoKeys(password)];
          if (i % 2 === 1) await setImmediate();
          for (const chunk of chunks) {
            const bytes = Buffer.from(chunk);
            encrypting.encrypt(bytes);
            await together.decrypt(decrypting, bytes);
            expect(bytes.equals(chunk)).toBe(true);
          }
        });
        await Promise.all(decrypted);
      }),
      { numRuns: 30 },
    );
  });

  it('encrypts several streams side by side as each alone, whatever their lengths', () => {
    const lengths = fc.array(fc.oneof(fc.nat(40), fc.nat(150_000)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(bytes(20), lengths, fc.array(fc.nat(60), { maxLength: 20 }), (password, all, ahead) => {
        const plain = all.map((length, i) => Buffer.alloc(length, `${i} of ${length}`));
        const together = plain.map((bytes) => ({ keys: new ZipCryptoKeys(password), bytes: Buffer.from(bytes) }));
        const alone = plain.map((bytes) => Buffer.from(bytes));
        for (const bytes of alone) new ZipCryptoKeys(password).encrypt(bytes);
        // In two goes, so that the keys come back as they should.
        const cut = (i: number) => Math.min(ahead[i] ?? 0, all[i] as number);
        for (const part of [(i: number) => [0, cut(i)], (i: number) => [cut(i)]])
          cryptStreams(
            arenas,
            'encrypt',
            together.map(({ keys, bytes }, i) => keys.streamOf(bytes.subarray(...part(i)))),
          );
        for (const [i, { bytes }] of together.entries()) expect(bytes.equals(alone[i] as Buffer)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
