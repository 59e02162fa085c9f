import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Arenas } from '#lpx/zip/simd/arena.js';
import { MD5_LANES, Md5Streams } from '#lpx/zip/simd/md5x8.js';
import fc from '../../support/properties.js';

const arenas = new Arenas();
const LONG = 300_000;
const chunk = fc.option(
  fc.oneof(fc.nat(130), fc.nat(LONG)).map((length) => Buffer.alloc(length, length)),
  { nil: undefined },
);

/** More than one set of lanes, and the second not full. */
const STREAMS = Array.from({ length: MD5_LANES + 3 }, (_, stream) => stream);

describe('MD5 of several streams side by side', () => {
  it('is the MD5 of each, however long they are, however they are fed, and wherever their bytes lie', () => {
    const rounds = fc.array(fc.tuple(fc.boolean(), ...STREAMS.map(() => chunk)), { maxLength: 6 });
    fc.assert(
      fc.property(rounds, fc.shuffledSubarray(STREAMS, { minLength: STREAMS.length }), (feeds, order) => {
        const together = new Md5Streams(arenas, STREAMS.length);
        const alone = order.map(() => createHash('md5'));
        for (const [inPlace, ...chunks] of feeds) {
          const fed = chunks.map((bytes, stream) => {
            if (bytes) alone[stream]?.update(bytes);
            const place = together.places[stream] as Buffer;
            if (!inPlace || !bytes || bytes.length > place.length) return bytes;
            return place.subarray(0, bytes.copy(place));
          });
          together.update(fed);
        }
        for (const stream of order) expect(together.digest(stream)).toBe(alone[stream]?.digest('hex'));
        together.close();
      }),
      { numRuns: 60 },
    );
  });

  it('leaves the bytes of others alone while two are under way', () => {
    const [first, second] = [new Md5Streams(arenas, 1), new Md5Streams(arenas, 1)];
    const content = Buffer.from('some bytes');
    const placed = first.places[0]?.subarray(0, content.copy(first.places[0])) as Buffer;
    second.update([Buffer.from('other bytes, and more of them')]);
    first.update([placed]);
    expect(first.digest(0)).toBe(createHash('md5').update(content).digest('hex'));
    first.close();
    second.close();
  });
});
