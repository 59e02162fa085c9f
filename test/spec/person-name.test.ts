import { describe, expect, it } from 'vitest';
import { compareNames, differenceOf } from '#lpx/spec/person-name.js';

describe('two forms of a name', () => {
  it.each<[string, string, string]>([
    ['a blank behind', '林小禾', '林小禾 '],
    ['an ideographic blank inside', '林小禾', '林\u3000小禾'],
    ['a zero-width blank', '林小禾', '林\u200b小禾'],
    ['NUL padding', '林小禾', '林小禾\0\0'],
    ['a variation selector', '葛禾', '葛\u{e0100}禾'],
    ['wide Latin letters', '林小禾Kolas', '林小禾Ｋｏｌａｓ'],
    ['Latin capitals', 'Kolas Yotaka', 'KOLAS YOTAKA'],
    ...['·', '‧', '．', '•', '・', '･'].map((dot): [string, string, string] => [`the dot ${dot}`, '里慕伊·阿紀', `里慕伊${dot}阿紀 `]),
  ])('that differ by %s are spellings of one name', (_, here, there) => {
    expect(compareNames(here, there)).toBe('spelling');
    expect(compareNames(there, here)).toBe('spelling');
  });

  it.each([
    ['林峰', '林峯'],
    ['台小禾', '臺小禾'],
    ['吳真', '呉眞'],
    ['林 羣', '林群'],
  ])('%s and %s are one name in variant characters', (here, there) => {
    expect(compareNames(here, there)).toBe('variant');
  });

  it.each([
    ['林小禾', '陳大同'],
    ['林小禾', '林小'],
    ['林喆', '林\ue000'],
    ['林喆', '林&#21894;'],
    ['涂禾', '凃禾'],
    ['林小禾', ''],
  ])('%s and %s are different names', (here, there) => {
    expect(compareNames(here, there)).toBe('different');
  });

  it('in composed, decomposed or compatibility characters are the same', () => {
    expect(compareNames('José', 'Jose\u0301')).toBe('same');
    expect(compareNames('李禾', '\uf9e1禾')).toBe('same');
  });

  it('differ at the first character that is another one, not at one that is written otherwise', () => {
    expect(differenceOf('林小禾', '林大禾')).toEqual({ position: 2, a: '小', b: '大' });
    expect(differenceOf('峰小禾', '峯大禾')).toEqual({ position: 2, a: '小', b: '大' });
    expect(differenceOf('林小禾', '林小')).toEqual({ position: 3, a: '禾', b: '' });
    expect(differenceOf('林峰', '林峯')).toEqual({ position: 2, a: '峰', b: '峯' });
  });
});
