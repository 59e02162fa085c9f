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
  ])('in %s is read, and reported', (_, bytes, from) => {
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
    expect(error).toMatchObject({ code: 'LPX_JSON_UNREADABLE', place: { file: 'a.json' } });
    expect(String(error)).not.toContain('A800000014');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['bytes of no encoding', Buffer.from([0x22, 0xff, 0xff, 0x22])],
  ])('of %s is refused', (_, bytes) => {
    expect(() => readJson(bytes, 'a.json')).toThrow(expect.objectContaining({ code: 'LPX_JSON_UNREADABLE' }));
  });
});

describe('JSON of too much', () => {
  it.each([
    ['objects', `[${'{},'.repeat(40_000)}{}]`],
    ['text', `["${'x'.repeat(100_001)}"]`],
    ['values', `[${'1,'.repeat(1_000_000)}1]`],
    ['properties', `{${Array.from({ length: 10_001 }, (_, i) => `"${i}":1`).join(',')}}`],
  ])('%s is refused before anything is built of it', (_, text) => {
    expect(() => readJson(Buffer.from(text), 'a.json')).toThrow(expect.objectContaining({ code: 'LPX_LIMIT_EXCEEDED' }));
  });

  it('is not what its strings hold, nor 64 levels', () => {
    const deep = '['.repeat(64) + ']'.repeat(64);
    expect(readJson(Buffer.from(deep), 'a.json').value).toEqual(JSON.parse(deep));
    const text = JSON.stringify({ a: '[{,"\\'.repeat(1000), b: '\\' });
    expect(readJson(Buffer.from(text), 'a.json').value).toEqual(JSON.parse(text));
  });
});

describe('JSON that cannot be read', () => {
  const fault = (text: string) => {
    try {
      readJson(Buffer.from(text), 'a.json');
    } catch (error) {
      const { problem, line, column, property } = (error as { facts: Record<string, unknown> }).facts;
      return [problem, line, column, property];
    }
    return undefined;
  };

  it.each<[string, string, unknown[]]>([
    ['NaN for a number', '[{"a":1,\n  "學分數": NaN}]', ['notANumber', 2, 10, '學分數']],
    ['an infinite number', '{"a":-Infinity}', ['notANumber', 1, 6, 'a']],
    ['None', '{"a":None}', ['notANumber', 1, 6, 'a']],
    ['a comma before the end of an object', '{"a":1,\n"b":2,\n}', ['trailingComma', 2, 6, 'b']],
    ['a comma before the end of a list', '[1,2 , ]', ['trailingComma', 1, 6, '']],
    ['a raw line break', '{"學生":"x","簡述":"一\n二"}', ['lineBreak', 1, 18, '簡述']],
    ['a raw tab', '{"a":"\t"}', ['lineBreak', 1, 7, 'a']],
    ['single quotation marks', "{'a':1}", ['quotes', 1, 2, '']],
    ['a value in single quotation marks', '{"a":\'x\'}', ['quotes', 1, 6, 'a']],
    ['a path with single backslashes', '{"a":"C:\\學生"}', ['escape', 1, 9, 'a']],
    ['nothing', ' \n', ['empty', 2, 1, '']],
    ['an end too early', '[{"a":"b"', ['end', 1, 10, 'a']],
    ['an end within a text', '[{"a":"b', ['end', 1, 9, 'a']],
    ['an end after a property', '[{"a"', ['end', 1, 6, 'a']],
    ['an end after a comma', '[{"a":1,', ['end', 1, 9, 'a']],
    ['two documents', '{"a":1}\n{"a":2}', ['more', 2, 1, 'a']],
    ['a missing comma', '{"a":1 "b":2}', ['character', 1, 8, 'a']],
    ['a missing colon', '{"a" 1}', ['character', 1, 6, 'a']],
    ['a number with a leading zero', '{"a":01}', ['character', 1, 7, 'a']],
    ['brackets that do not fit', '[1}', ['character', 1, 3, '']],
    ['bytes of no encoding', '\ufffd', ['character', 1, 1, '']],
    ['too many brackets, which do not close', '['.repeat(200_000), ['deep', 1, 65, '']],
    ['too many brackets', `${'['.repeat(65)}${']'.repeat(65)}`, ['deep', 1, 65, '']],
  ])('because of %s is reported by line, column and the property before it', (_, text, expected) => {
    expect(fault(text)).toEqual(expected);
  });

  it('has a fault wherever it is cut off', () => {
    const text = '[{"a":[1,-2.5e3,true,false,null,{}],"b":{"c":"\\u00e9\\n"}},[]]';
    expect(fault(text)).toBeUndefined();
    for (let end = 0; end < text.length; end++) {
      const [problem, line] = fault(text.slice(0, end)) as unknown[];
      expect([end, problem, line]).toEqual([end, end === 0 ? 'empty' : expect.stringMatching(/^(?:end|character|escape)$/), 1]);
    }
  });
});

describe('JSON that says one thing twice', () => {
  it.each(['{"a":1,"a":2}', '[{"b":{"a":1,"x":[],"a":2}}]', '{"\\u0061":1,"a":2}', '{"__proto__":1,"__proto__":2}'])(
    'is refused: %s',
    (text) => {
      expect(() => readJson(Buffer.from(text), 'a.json')).toThrow(expect.objectContaining({ code: 'LPX_JSON_DUPLICATE' }));
    },
  );

  it('unless it is no JSON, which comes first', () => {
    expect(() => readJson(Buffer.from('{"a":1,"a":2,"\\q":3}'), 'a.json')).toThrow(
      expect.objectContaining({ code: 'LPX_JSON_UNREADABLE' }),
    );
  });

  it.each(['[{"a":1},{"a":1}]', '{"a":{"a":1}}', '{"a":"b\\":","c":"\\"a\\":"}', '{"a":["a","a"]}'])('only when it does: %s', (text) => {
    expect(readJson(Buffer.from(text), 'a.json').value).toEqual(JSON.parse(text));
  });
});
