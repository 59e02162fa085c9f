import { createHash, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Md5Lanes, pbkdf2Sha1 } from '#lpx/zip/simd.js';

const chunk = fc.option(
  fc.oneof(fc.nat(130), fc.nat(200_000)).map((length) => Buffer.alloc(length, length)),
  { nil: undefined },
);

describe('MD5 of four streams side by side', () => {
  it('is the MD5 of each, however long they are and however they are fed', () => {
    const rounds = fc.array(fc.tuple(chunk, chunk, chunk, chunk), { maxLength: 6 });
    fc.assert(
      fc.property(rounds, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (feeds, order) => {
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
  it('is PBKDF2-HMAC-SHA1, for passwords longer than a block too', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(
        bytes(150),
        bytes(51),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 80 }),
        (password, salt, rounds, length) => {
          expect(pbkdf2Sha1(password, salt, rounds, length)).toEqual(pbkdf2Sync(password, salt, rounds, length, 'sha1'));
        },
      ),
    );
  });
});
