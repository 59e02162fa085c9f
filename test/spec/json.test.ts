import { describe, expect, it } from 'vitest';
import { parseJson } from '#lpx/spec/json.js';

describe('JSON from outside', () => {
  it('is read with and without a byte order mark', () => {
    expect(parseJson(Buffer.from('\ufeff[1]'), 'a.json')).toEqual([1]);
    expect(parseJson(Buffer.from('[1]'), 'a.json')).toEqual([1]);
  });

  it('that is broken is refused by place, without a word of what it holds', () => {
    let error: unknown;
    try {
      parseJson(Buffer.from('{"身分證號": "A800000014", oops}'), 'a.json');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'LPX_JSON_UNREADABLE', facts: { file: 'a.json' } });
    expect(String(error)).not.toContain('A800000014');
  });

  it('that is no UTF-8 is refused', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xa4, 0xa4, 0x22]), 'a.json')).toThrow('LPX_JSON_UNREADABLE');
  });
});
