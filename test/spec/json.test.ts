import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { readJson } from '#lpx/spec/json.js';

const TEXT = '[{"姓名":"林小禾"}]';
const VALUE = [{ 姓名: '林小禾' }];

describe('JSON from outside', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${TEXT}`)],
  ])('in %s is read without a word', (_, bytes) => {
    expect(readJson(bytes, 'a.json')).toEqual({ value: VALUE, findings: [] });
  });

  it.each([
    ['UTF-16 with its mark, little end first', iconv.encode(TEXT, 'utf16le', { addBOM: true }), 'UTF-16'],
    ['UTF-16 without a mark', iconv.encode(TEXT, 'utf16le'), 'UTF-16'],
    ['UTF-16 with its mark, big end first', iconv.encode(TEXT, 'utf16be', { addBOM: true }), 'UTF-16'],
    ['CP950', iconv.encode(TEXT, 'cp950'), 'CP950'],
  ])('in %s is read, and told', (_, bytes, from) => {
    const { value, findings } = readJson(bytes, 'a.json');
    expect(value).toEqual(VALUE);
    expect(findings).toMatchObject([{ code: 'LPX_REPAIRED', place: { file: 'a.json' }, facts: { repair: 'encoding', from, to: 'UTF-8' } }]);
  });

  it('that is broken is refused by place, without a word of what it holds', () => {
    let error: unknown;
    try {
      readJson(Buffer.from('{"身分證號": "A800000014", oops}'), 'a.json');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'LPX_JSON_UNREADABLE', facts: { file: 'a.json' } });
    expect(String(error)).not.toContain('A800000014');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['bytes of no encoding', Buffer.from([0x22, 0xff, 0xff, 0x22])],
    ['brackets without end', Buffer.from('['.repeat(200_000))],
  ])('of %s is refused', (_, bytes) => {
    expect(() => readJson(bytes, 'a.json')).toThrow('LPX_JSON_UNREADABLE');
  });
});

describe('JSON that says one thing twice', () => {
  it.each(['{"a":1,"a":2}', '[{"b":{"a":1,"x":[],"a":2}}]', '{"\\u0061":1,"a":2}', '{"__proto__":1,"__proto__":2}'])(
    'is refused: %s',
    (text) => {
      expect(() => readJson(Buffer.from(text), 'a.json')).toThrow('LPX_JSON_DUPLICATE');
    },
  );

  it.each(['[{"a":1},{"a":1}]', '{"a":{"a":1}}', '{"a":"b\\":","c":"\\"a\\":"}', '{"a":["a","a"]}'])('only when it does: %s', (text) => {
    expect(readJson(Buffer.from(text), 'a.json').value).toEqual(JSON.parse(text));
  });
});
