import { createHash, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Md5Lanes, pbkdf2Sha1 } from '#lpx/zip/simd.js';

const chunk = fc.option(
  fc.oneof(fc.nat(130), fc.nat(200_000)).map((length) => Buffer.alloc(length, length)),
  { nil: undefined },
);

const LANES = Array.from({ length: Md5Lanes.lanes }, (_, lane) => lane);

describe('MD5 of eight streams side by side', () => {
  it('is the MD5 of each, however long they are and however they are fed', () => {
    const rounds = fc.array(fc.tuple(...LANES.map(() => chunk)), { maxLength: 6 });
    fc.assert(
      fc.property(rounds, fc.shuffledSubarray(LANES, { minLength: LANES.length }), (feeds, order) => {
        const lanes = new Md5Lanes();
        const alone = order.map(() => createHash('md5'));
        for (const chunks of feeds) {
          lanes.update(chunks);
          chunks.forEach((bytes, lane) => {
            if (bytes) alone[lane]?.update(bytes);
          });
        }
        for (const lane of order) expect(lanes.digest(lane)).toBe(alone[lane]?.digest('hex'));
      }),
      { numRuns: 60 },
    );
  });
});

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
          expect(pbkdf2Sha1(password, salts, rounds, length)).toEqual(expected);
        },
      ),
    );
  });
});
