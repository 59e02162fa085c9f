import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { counterBlocks, giveBack, KEYSTREAM_BYTES, placeIn, takeKernels, xorInto } from '#lpx/zip/simd/arena.js';

describe('counter blocks', () => {
  it.each([1, 2 ** 32 - 2, 2 ** 32 + 5])('count on from %d, little-endian, over 64 bits', (first) => {
    const blocks = Buffer.from(counterBlocks(first, 4));
    const counted = [0, 1, 2, 3].map((i) => [blocks.readBigUInt64LE(16 * i), blocks.readBigUInt64LE(16 * i + 8)]);
    expect(counted).toEqual([0, 1, 2, 3].map((i) => [BigInt(first + i), 0n]));
  });
});

describe('XOR', () => {
  it('changes just the bytes it is given, within the memory of the kernels and outside', () => {
    const own = takeKernels();
    fc.assert(
      fc.property(fc.nat(100), fc.oneof(fc.nat(300), fc.nat(KEYSTREAM_BYTES)), fc.boolean(), (at, length, within) => {
        const whole = within ? placeIn(own, 3) : Buffer.alloc(KEYSTREAM_BYTES + 200);
        for (let i = 0; i < whole.length; i++) whole[i] = i;
        const key = Buffer.from(Array.from({ length }, (_, i) => 7 * i + 1));
        const expected = whole.map((byte, i) => (i >= at && i < at + length ? byte ^ (key[i - at] as number) : byte));
        xorInto(whole.subarray(at, at + length), key);
        expect(Buffer.compare(whole, Buffer.from(expected))).toBe(0);
      }),
      { numRuns: 60 },
    );
    giveBack(own);
  });
});
