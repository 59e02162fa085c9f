import { describe, expect, it } from 'vitest';
import { Arenas } from '#lpx/zip/simd/arena.js';
import { type Mark, MarkFinder } from '#lpx/zip/threads/marks.js';

const mark = (name: string, text = name): Mark => ({ name, bytes: Buffer.from(text, 'latin1') });
const FEW = [mark('PK\x05\x06\0\0\0\0'), mark('/JavaScript'), mark('/Launch'), mark('\xff\x80\x7f')];
const MANY = [...FEW, ...'abcdefgh'].map((name) => (typeof name === 'string' ? mark(`${name}${name}.bin`) : name));

const arena = new Arenas().take();

/** Fills as random data do, always the same. */
function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(Array.from({ length }, () => (state = (state * 1103515245 + 12345) >>> 0) >>> 24));
}

describe.each([
  ['few, in one pass', FEW],
  ['many, one after the other', MANY],
])('marks: %s', (_, marks) => {
  it.each([
    ['memory of its own', (chunk: Buffer) => chunk],
    [
      'the memory of the kernels',
      (chunk: Buffer) => {
        const place = arena.place(3);
        place.set(chunk);
        return place.subarray(0, chunk.length);
      },
    ],
  ])('are found wherever they stand, in %s', (_where, put) => {
    const base = noise(4000);
    for (const at of [0, 1, 15, 16, 17, 1030, 2045, 2047, 2048, 2049, 3980]) {
      for (const { name, bytes } of marks) {
        const content = Buffer.from(base);
        content.set(bytes, at);
        const finder = new MarkFinder(marks, arena);
        for (let from = 0; from < content.length; from += 2048) finder.update(put(content.subarray(from, from + 2048)));
        expect([at, finder.end()]).toEqual([at, [name]]);
      }
    }
  });

  it('are not found behind the end of the content, whatever the memory holds there', () => {
    const place = arena.place(0);
    place.set(noise(4000));
    place.set(Buffer.from('/Launch'), 2046);
    const finder = new MarkFinder(marks, arena);
    finder.update(place.subarray(0, 2048));
    expect(finder.end()).toEqual([]);
  });
});
