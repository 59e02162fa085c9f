import { describe, expect, it } from 'vitest';
import { hasTerm, isTerm, termOf } from '#lpx/spec/terms.js';

describe('an academic term', () => {
  it.each([
    ['1081', true],
    ['1084', true],
    ['1085', false],
    ['108', false],
    ['10812', false],
    ['', false],
  ])('%s: %s', (text, is) => {
    expect(isTerm(text)).toBe(is);
  });
  it('is three digits of the ROC year and one of the semester', () => {
    expect([termOf(108, 1), termOf(99, 2)]).toEqual(['1081', '0992']);
  });
  it('is none when it is empty or 0000', () => {
    expect([hasTerm(''), hasTerm('0000'), hasTerm('1081')]).toEqual([false, false, true]);
  });
});
