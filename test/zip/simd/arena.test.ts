import { describe, expect, it } from 'vitest';
import { Arenas, PLACE_BYTES, STREAMS, XOR_BYTES } from '#lpx/zip/simd/arena.js';
import fc from '../../support/properties.js';

const arenas = new Arenas();

describe('XOR in an arena', () => {
  it('changes just the bytes it is given', () => {
    const arena = arenas.take();
    fc.assert(
      fc.property(fc.nat(100), fc.oneof(fc.nat(300), fc.nat(XOR_BYTES)), (at, length) => {
        const whole = arena.place(3);
        for (let i = 0; i < whole.length; i++) whole[i] = i;
        const key = Buffer.from(Array.from({ length }, (_, i) => 7 * i + 1));
        const expected = whole.map((byte, i) => (i >= at && i < at + length ? byte ^ (key[i - at] as number) : byte));
        arena.xor(whole.subarray(at, at + length), key);
        expect(Buffer.compare(whole, Buffer.from(expected))).toBe(0);
      }),
      { numRuns: 60 },
    );
    arenas.giveBack(arena);
  });
});

describe('an arena', () => {
  it('has regions and places that do not overlap', () => {
    const arena = arenas.take();
    const regions = ['scratch', 'md5States', 'hmacInner', 'hmacOuter', 'hmacDigest', 'derived', 'sha1Blocks', 'zipCryptoKeys', 'xorKey'];
    const parts = [
      ...regions.map((region) => arena.bytes(region as 'scratch')),
      ...Array.from({ length: STREAMS }, (_, stream) => arena.place(stream)),
    ];
    for (const [i, part] of parts.entries()) part.fill(i);
    for (const [i, part] of parts.entries()) expect(part.every((byte) => byte === i)).toBe(true);
    expect(arena.place(0)).toHaveLength(PLACE_BYTES);
    arenas.giveBack(arena);
  });

  it('belongs to one taker at a time', () => {
    const [first, second] = [arenas.take(), arenas.take()];
    expect(first).not.toBe(second);
    expect(first).not.toBe(arenas.shared);
    arenas.giveBack(first);
    expect(arenas.take()).toBe(first);
  });
});
