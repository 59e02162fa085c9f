import { createHash, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MD5_LANES, Md5Streams, pbkdf2Sha1 } from '#lpx/zip/simd.js';

const chunk = fc.option(
  fc.oneof(fc.nat(130), fc.nat(200_000)).map((length) => Buffer.alloc(length, length)),
  { nil: undefined },
);

/** More than one set of lanes, and the second not full. */
const STREAMS = Array.from({ length: MD5_LANES + 3 }, (_, stream) => stream);

describe('MD5 of several streams side by side', () => {
  it('is the MD5 of each, however long they are and however they are fed', () => {
    const rounds = fc.array(fc.tuple(...STREAMS.map(() => chunk)), { maxLength: 6 });
    fc.assert(
      fc.property(rounds, fc.shuffledSubarray(STREAMS, { minLength: STREAMS.length }), (feeds, order) => {
        const together = new Md5Streams(STREAMS.length);
        const alone = order.map(() => createHash('md5'));
        for (const chunks of feeds) {
          together.update(chunks);
          chunks.forEach((bytes, stream) => {
            if (bytes) alone[stream]?.update(bytes);
          });
        }
        for (const stream of order) expect(together.digest(stream)).toBe(alone[stream]?.digest('hex'));
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
