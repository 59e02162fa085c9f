import { describe, expect, it } from 'vitest';
import { Pictures } from '#lpx/spec/pictures.js';

/** A PNG that claims a size: its header, and as many bytes in all. */
function png(width: number, height: number, bytes = 100): Buffer {
  const content = Buffer.alloc(bytes);
  content.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
  content.writeUInt32BE(width, 16);
  content.writeUInt32BE(height, 20);
  return content;
}

/** A JPEG with one frame header, behind a segment of metadata. */
function jpg(width: number, height: number): Buffer {
  const content = Buffer.alloc(100);
  content.write('\xff\xd8\xff\xe1\0\x10', 'latin1');
  content.write('\xff\xc0\0\x11\x08', 20, 'latin1');
  content.writeUInt16BE(height, 25);
  content.writeUInt16BE(width, 27);
  return content;
}

describe('the pictures of a report', () => {
  it('are small JPEGs and PNGs, with their size', () => {
    const pictures = new Pictures();
    pictures.add('a', png(640, 480));
    pictures.add('b', jpg(640, 480));
    expect(pictures.of('a')).toEqual({ type: 'png', content: png(640, 480), width: 640, height: 480 });
    expect(pictures.of('b')).toMatchObject({ type: 'jpg', width: 640, height: 480 });
  });

  it.each([
    ['more pixels than a screen needs', png(100_000, 100_000)],
    ['no pixels', png(0, 480)],
    ['more bytes than a report has room for', png(640, 480, 256 * 1024 + 1)],
    ['no more than a header', png(640, 480).subarray(0, 12)],
    ['frames that move', Buffer.concat([png(640, 480), Buffer.from('\0\0\0\x08acTL')])],
    ['another content', Buffer.from('<svg onload="alert(1)" xmlns="http://www.w3.org/2000/svg"/>')],
    ['nothing', Buffer.alloc(0)],
  ])('are not those with %s', (_what, content) => {
    const pictures = new Pictures();
    pictures.add('a', content);
    expect(pictures.of('a')).toBeUndefined();
  });

  it('are no more than so many, and no more than so many bytes in all', () => {
    const [many, large] = [new Pictures(), new Pictures()];
    for (let i = 0; i < 100; i++) {
      many.add(String(i), png(10, 10));
      large.add(String(i), png(10, 10, 200 * 1024));
    }
    const kept = (pictures: Pictures) => Array.from({ length: 100 }, (_, i) => pictures.of(String(i))).filter(Boolean).length;
    expect([kept(many), kept(large)]).toEqual([60, 20]);
    expect(many.wants({ type: 'png', bytes: 10 })).toBe(false);
  });

  it('are only read from files whose type and size promise one', () => {
    const pictures = new Pictures();
    const wanted = (type: string, bytes: number) => pictures.wants({ type, bytes });
    expect([wanted('jpg', 1000), wanted('JPEG', 1000), wanted('png', 1000)]).toEqual([true, true, true]);
    expect([wanted('pdf', 1000), wanted('png', 0), wanted('png', 300 * 1024)]).toEqual([false, false, false]);
  });
});
