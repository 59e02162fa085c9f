import { createCipheriv, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type AesStrength, deriveAesKey, deriveAesKeys, keyBytes, saltBytes, WinZipAes } from '#lpx/zip/crypto/winzip-aes.js';
import { Arenas, PLACE_BYTES } from '#lpx/zip/simd/arena.js';
import fc from '../../support/properties.js';

const strengths = fc.constantFrom<AesStrength>(1, 2, 3);
const bytes = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints).map((array) => Buffer.from(array));

/** WinZip's description, block by block: AES over a counter that starts at 1 and counts from the left. */
function slowly(key: Buffer, macKey: Buffer, plain: Buffer): { encrypted: Buffer; mac: Buffer } {
  const encrypted = Buffer.from(plain);
  for (let at = 0, block = 1; at < plain.length; at += 16, block++) {
    const counter = Buffer.alloc(16);
    counter.writeUInt32LE(block, 0);
    const keystream = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).update(counter);
    for (let i = at; i < Math.min(at + 16, plain.length); i++) encrypted[i] = (plain[i] as number) ^ (keystream[i - at] as number);
  }
  return { encrypted, mac: createHmac('sha1', macKey).update(encrypted).digest().subarray(0, 10) };
}

describe('WinZip AES', () => {
  it('derives its keys as PBKDF2-HMAC-SHA1 with 1000 rounds does', () => {
    fc.assert(
      fc.property(strengths, bytes({ maxLength: 100 }), fc.infiniteStream(fc.nat(255)), (strength, password, stream) => {
        const salt = Buffer.from([...stream.take(saltBytes(strength))]);
        const expected = pbkdf2Sync(password, salt, 1000, 2 * keyBytes(strength) + 2, 'sha1');
        for (const keys of [deriveAesKey(password, salt, strength), ...deriveAesKeys(new Arenas(), password, [salt, salt], strength)])
          expect(Buffer.concat([keys.encryptionKey, keys.macKey, keys.verifier])).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('encrypts and authenticates as WinZip describes it, at any alignment, however the bytes are cut, in an arena and outside', () => {
    const arena = new Arenas().take();
    const cuts = fc.array(bytes({ maxLength: 9000 }), { maxLength: 4 });
    fc.assert(
      fc.property(strengths, cuts, fc.nat(9), fc.boolean(), (strength, chunks, misalignment, inArena) => {
        const keys = deriveAesKey(Buffer.from('p'), Buffer.alloc(saltBytes(strength), 7), strength);
        const expected = slowly(keys.encryptionKey, keys.macKey, Buffer.concat(chunks));
        const aes = new WinZipAes(keys, arena);
        const encrypted = chunks.map((chunk) => {
          const whole = inArena ? arena.place(1).subarray(0, chunk.length + misalignment) : Buffer.alloc(chunk.length + misalignment);
          const target = whole.subarray(misalignment);
          chunk.copy(target);
          aes.encrypt(target);
          return Buffer.from(target);
        });
        expect(Buffer.concat(encrypted)).toEqual(expected.encrypted);
        expect(aes.mac()).toEqual(expected.mac);
      }),
      { numRuns: 60 },
    );
  });

  it('encrypts long contents in an arena as outside', () => {
    const keys = deriveAesKey(Buffer.from('p'), Buffer.alloc(16, 7), 3);
    const arena = new Arenas().take();
    const [inside, outside] = [new WinZipAes(keys, arena), new WinZipAes(keys)];
    for (let i = 0; i < 9; i++) {
      const there = arena.place(0).fill(i);
      const here = Buffer.alloc(PLACE_BYTES, i);
      inside.encrypt(there);
      outside.encrypt(here);
      expect(Buffer.compare(there, here)).toBe(0);
    }
  });

  it('decrypts what it encrypted, under the same authentication code', () => {
    fc.assert(
      fc.property(bytes({ maxLength: 40_000 }), (plain) => {
        const keys = deriveAesKey(Buffer.from('p'), Buffer.alloc(16, 7), 3);
        const [there, back] = [new WinZipAes(keys), new WinZipAes(keys)];
        const turned = Buffer.from(plain);
        there.encrypt(turned);
        back.decrypt(turned);
        expect(turned).toEqual(plain);
        expect(back.mac()).toEqual(there.mac());
      }),
      { numRuns: 30 },
    );
  });
});
