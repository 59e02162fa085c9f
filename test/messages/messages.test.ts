import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '#lpx/errors.js';
import { maskId } from '#lpx/masking.js';
import { en } from '#lpx/messages/en.js';
import { fill, inert, languageOf, messagesIn } from '#lpx/messages/messages.js';
import { zhTW } from '#lpx/messages/zh-TW.js';

/** Every text of a language, by its path. */
function texts(value: unknown, path: string): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value as object).flatMap(([key, inner]) => texts(inner, `${path}.${key}`));
}
const factsIn = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();
const chinese = new Map(texts(zhTW, ''));

describe('the messages', () => {
  it('are the same in both languages: every one is there and is filled with the same facts', () => {
    // What a code means for the data, `consequence` has in words.
    const english = texts(en, '').filter(([path]) => !/^\.codes\.\w+\.means$/.test(path));
    expect([...chinese.keys()].sort()).toEqual(english.map(([path]) => path).sort());
    const different = english.filter(([path, text]) => JSON.stringify(factsIn(text)) !== JSON.stringify(factsIn(chinese.get(path) ?? '')));
    expect(different.map(([path]) => path)).toEqual([]);
  });

  it('are in Chinese in Chinese', () => {
    const wordless = [...chinese].filter(([, text]) => /[a-z]{4}/.test(text) && !/\p{Script=Han}/u.test(text));
    expect(wordless.filter(([, text]) => !/^[\w .:{}<>/「」-]+$/.test(text))).toEqual([]);
  });

  it('say of every code what happened and what to do', () => {
    for (const code of Object.keys(CATALOGUE)) {
      for (const messages of [en, zhTW]) {
        const { what, next } = messages.codes[code as keyof typeof messages.codes];
        expect(
          [what, next].every((text) => text.trim().length > 0),
          code,
        ).toBe(true);
      }
    }
  });
});

describe('the language', () => {
  it.each([
    [{ LANG: 'zh_TW.UTF-8' }, 'en-US', 'zh-TW'],
    [{ LANG: 'en_US.UTF-8' }, 'zh-TW', 'en'],
    [{ LC_ALL: 'C.UTF-8', LANG: 'zh_TW.UTF-8' }, 'zh-TW', 'en'],
    [{ LC_ALL: '', LC_MESSAGES: 'zh_TW', LANG: 'en_US' }, 'en-US', 'zh-TW'],
    [{}, 'zh-Hant-TW', 'zh-TW'],
    [{}, 'de-DE', 'en'],
  ] as const)('for %j on a system of %s is %s', (env, system, language) => {
    expect(languageOf(env, () => system)).toBe(language);
    expect(messagesIn(language)).toBe(language === 'en' ? en : zhTW);
  });
});

describe('a sentence', () => {
  it('is filled with facts, and a fact that has words of its own is shown by them', () => {
    expect(fill('{file}: {reason}', { file: 'a.zip', reason: 'x' }, { reason: { x: 'because' } })).toBe('a.zip: because');
  });

  it('never carries what a terminal would obey', () => {
    const evil = '\u001b[31mred\u0007\u202egnp.exe\r\n';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    const obeyed = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
    expect(inert(evil)).not.toMatch(obeyed);
    expect(fill('{file}', { file: evil })).not.toMatch(obeyed);
  });
});

describe('what would not be seen in a value', () => {
  it.each([
    ['林小禾 ', '林小禾␣'],
    ['"林小禾  "', '"林小禾␣␣"'],
    ['\u3000林', '␣林'],
    ['林\ue000', '林[U+E000]'],
    ['林\u{f0000}', '林[U+F0000]'],
    ['林\u200b小', '林[U+200B]小'],
    ['林 小禾', '林 小禾'],
    ['👨‍👩‍👧', '👨‍👩‍👧'],
  ])('is made visible: %j', (value, shown) => {
    expect(fill('{value}', { value })).toBe(shown);
  });

  it('takes no id apart: its blanks are not counted', () => {
    expect([maskId('A800000014'), maskId('A800000014      '), maskId('　A800000014\0\0'), maskId('A1')]).toEqual([
      'A80000****',
      'A80000****',
      'A80000****',
      '****',
    ]);
  });
});
