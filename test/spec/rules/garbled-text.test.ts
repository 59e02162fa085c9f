import { describe, expect, it } from 'vitest';
import { garblingOf } from '#lpx/spec/rules/garbled-text.js';

describe('a text that lost characters', () => {
  it.each([
    ['林\ufffd禾', 'lost'],
    ['陳&#21894;明', 'entity'],
    ['陳&#x5586;明', 'entity'],
    ['林?禾', 'question'],
    ['林？禾', 'question'],
    ['林\ue000', 'private'],
    ['林\u{f0000}', 'private'],
    ['林?\ue000', 'question'],
    ['林禾\u3000', 'blanks'],
    [' 林禾', 'blanks'],
    ['林\ue000 ', 'private'],
  ])('shows in the name %s', (name, garbling) => {
    expect(garblingOf(name, true)).toBe(garbling);
  });

  it.each(['林小禾', 'Mary O’Brien', '𤧟', '葛\u{e0100}城', 'AT&T', '&#;', '林\u3000禾', ''])('is not seen in the name %s', (name) => {
    expect(garblingOf(name, true)).toBeUndefined();
  });

  it('may ask a question where it is not a name', () => {
    expect(garblingOf('為什麼？', false)).toBeUndefined();
    expect(garblingOf('為什麼 ', false)).toBeUndefined();
  });
});
