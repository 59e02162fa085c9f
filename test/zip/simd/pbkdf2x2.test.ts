import { pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Arenas } from '#lpx/zip/simd/arena.js';
import { pbkdf2Sha1 } from '#lpx/zip/simd/pbkdf2x2.js';
import fc from '../../support/properties.js';

const arenas = new Arenas();

describe('key derivation', () => {
  it('is PBKDF2-HMAC-SHA1 of each salt, for passwords longer than a block too', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(
        bytes(150),
        fc.array(bytes(51), { maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 80 }),
        (password, salts, rounds, length) => {
          const expected = salts.map((salt) => pbkdf2Sync(password, salt, rounds, length, 'sha1'));
          expect(pbkdf2Sha1(arenas, password, salts, { rounds, bytes: length })).toEqual(expected);
        },
      ),
    );
  });
});
