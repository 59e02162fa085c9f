import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { decodeCp950, decodeText, encodeCp950 } from '#lpx/encoding.js';

const TEXT = '林小禾，108 學年度';
/** Every sequence of two bytes that CP950 may have. */
const PAIRS = Array.from({ length: 0x7e }, (_, lead) =>
  Array.from({ length: 0xbf }, (_, trail) => Buffer.of(0x81 + lead, 0x40 + trail)),
).flat();

describe('text from outside', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT), 'UTF-8'],
    ['UTF-8 with its mark', Buffer.from(`\ufeff${TEXT}`), 'UTF-8'],
    ['UTF-8 with two marks', Buffer.from(`\ufeff\ufeff${TEXT}`), 'UTF-8'],
    ['UTF-8 padded with NUL', Buffer.from(`${TEXT}\0\0\0`), 'UTF-8'],
    ['UTF-16 with its mark', iconv.encode(TEXT, 'utf16le', { addBOM: true }), 'UTF-16'],
    ['UTF-16 with its mark, big end first', iconv.encode(TEXT, 'utf16be', { addBOM: true }), 'UTF-16'],
    ['CP950', iconv.encode(TEXT, 'cp950'), 'CP950'],
  ])('is read in %s, without a mark', (_, bytes, encoding) => {
    expect(decodeText(bytes)).toEqual({ text: TEXT, encoding });
  });

  it('is read in UTF-16 without a mark where it starts with ASCII', () => {
    for (const encoding of ['utf16le', 'utf16be'])
      expect(decodeText(iconv.encode(`[${TEXT}]`, encoding))).toEqual({ text: `[${TEXT}]`, encoding: 'UTF-16' });
  });

  it.each([0x80, 0xff])('is not text when a byte %i stands where no character begins', (byte) => {
    expect(decodeText(Buffer.concat([iconv.encode(TEXT, 'cp950'), Buffer.of(byte)]))).toBeUndefined();
  });
});

describe('CP950', () => {
  it('is decoded as another decoder does, for every two bytes that one knows', () => {
    const theirs = PAIRS.map((pair) => iconv.decode(pair, 'cp950'));
    const known = PAIRS.filter((_, i) => !theirs[i]?.includes('\ufffd'));
    expect(known.length).toBeGreaterThan(13_000);
    expect(known.map((pair) => decodeCp950(pair))).toEqual(theirs.filter((text) => !text.includes('\ufffd')));
  });

  it('keeps user-defined characters and those of ETEN as private use', () => {
    expect(decodeCp950(Buffer.from('fa40c6a1', 'hex'))).toBe('\ue000\uf6b1');
  });

  it('takes half a character for none, and keeps the ASCII that follows it', () => {
    expect(decodeCp950(Buffer.from('a440a422', 'hex'))).toBe('一\ufffd"');
    expect(decodeCp950(Buffer.from('a440a4', 'hex'))).toBe('一\ufffd');
  });

  it('is encoded as another encoder does', () => {
    const characters = PAIRS.map((pair) => iconv.decode(pair, 'cp950')).filter((text) => text.length === 1 && text !== '\ufffd');
    const text = [...new Set(characters)].join('');
    expect(encodeCp950(text)?.equals(iconv.encode(text, 'cp950'))).toBe(true);
    expect(encodeCp950('A1')?.toString()).toBe('A1');
    expect(encodeCp950('𠮷')).toBeUndefined();
  });
});
