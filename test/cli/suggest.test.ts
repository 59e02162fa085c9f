import { describe, expect, it } from 'vitest';
import { closestChoices, readChoice } from '#lpx/cli/choices.js';
import { closest } from '#lpx/cli/suggest.js';
import { LANGUAGES } from '#lpx/messages/messages.js';
import { EXCHANGE_REASONS, STATUS_CHANGES } from '#lpx/spec/status-changes.js';

const COMMANDS = ['init', 'load', 'students', 'export', 'verify', 'import', 'show', 'history', 'status'];

describe('a word that means nothing', () => {
  it.each([
    ['imprt', ['import']],
    ['exprot', ['export']],
    ['Export', ['export']],
    ['stauts', ['status']],
    ['verfiy', ['verify']],
    ['histroy', ['history']],
    ['xyzzy', []],
    ['', []],
    ['x'.repeat(100_000), []],
  ])('%s may have been meant as %j', (word, meant) => {
    expect(closest(word, COMMANDS)).toEqual(meant);
  });
});

describe('a value', () => {
  it.each([
    ['transfer', 'transfer'],
    ['轉學', 'transfer'],
    ['Transfer', 'transfer'],
    ['借讀', 'borrowed-study'],
    ['實驗教育', 'experimental'],
    ['ｔｒａｎｓｆｅｒ', 'transfer'],
    ['holiday', undefined],
  ])('of a reason, %s is %s', (text, value) => {
    expect(readChoice(text, EXCHANGE_REASONS)).toBe(value);
  });

  it.each([
    ['休學', 'suspension'],
    ['復學', 'suspension'],
    ['重讀', 'repeat'],
  ])('of a case, %s is %s', (text, value) => {
    expect(readChoice(text, STATUS_CHANGES)).toBe(value);
  });

  it.each([
    ['zh', 'zh-TW'],
    ['zh_TW', 'zh-TW'],
    ['中文', 'zh-TW'],
    ['EN', 'en'],
    ['de', undefined],
  ])('of a language, %s is %s', (text, value) => {
    expect(readChoice(text, LANGUAGES)).toBe(value);
  });

  it('has no word that means two values of one option', () => {
    const words = ['轉學', '借讀', '實驗教育', '休學', '復學', '重讀'];
    const meanings = words.map((word) => STATUS_CHANGES.filter((value) => readChoice(word, [value]) === value));
    expect(meanings.map((values) => values.length)).toEqual(words.map(() => 1));
  });

  it('that is mistyped is recognised for what was meant', () => {
    expect(closestChoices('tranfer', EXCHANGE_REASONS)).toEqual(['transfer']);
    expect(closestChoices('借學', STATUS_CHANGES)).toEqual([]);
  });
});
