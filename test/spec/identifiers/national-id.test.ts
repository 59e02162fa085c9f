import { describe, expect, it } from 'vitest';
import { nationalIdKind } from '#lpx/spec/identifiers/national-id.js';
import fc from '../../support/properties.js';

describe('a national id', () => {
  it.each([
    ['A800000014', 'residentNew'],
    ['B800000015', 'residentNew'],
    ['C800000016', 'residentNew'],
    ['A123456789', 'national'],
    ['A100000001', 'national'],
    ['FA12345689', 'residentOld'],
  ] as const)('%s is known as %s', (id, kind) => {
    expect(nationalIdKind(id)).toBe(kind);
  });

  it('with another check digit is no longer one', () => {
    fc.assert(
      fc.property(fc.constantFrom('A800000014', 'A123456789', 'FA12345689'), fc.nat(9), (id, digit) => {
        fc.pre(id.at(-1) !== String(digit));
        expect(nationalIdKind(id.slice(0, -1) + digit)).toBe('other');
      }),
    );
  });

  it('of the guide, AD12345678, fails the checksum that AD12345671 passes: a failed one may only warn', () => {
    expect([nationalIdKind('AD12345678'), nationalIdKind('AD12345671')]).toEqual(['other', 'residentOld']);
  });

  // Spec 3, letter by letter.
  it.each(
    Object.entries({
      A: 10,
      B: 11,
      C: 12,
      D: 13,
      E: 14,
      F: 15,
      G: 16,
      H: 17,
      J: 18,
      K: 19,
      L: 20,
      M: 21,
      N: 22,
      P: 23,
      Q: 24,
      R: 25,
      S: 26,
      T: 27,
      U: 28,
      V: 29,
      X: 30,
      Y: 31,
      W: 32,
      Z: 33,
      I: 34,
      O: 35,
    }),
  )('that starts with %s counts it as %i', (letter, value) => {
    // Weights 1, 9, 8 over the letter's two digits and the 8; the zeros count nothing.
    const sum = Math.floor(value / 10) + 9 * (value % 10) + 8 * 8;
    expect(nationalIdKind(`${letter}80000000${(10 - (sum % 10)) % 10}`)).toBe('residentNew');
  });

  it('has exactly one check digit that makes it one', () => {
    const letter = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    const second = fc.constantFrom(...'1289ABCD');
    const seven = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(letter, second, seven, (first, kind, digits) => {
        const fitting = [...'0123456789'].filter((check) => nationalIdKind(`${first}${kind}${digits}${check}`) !== 'other');
        expect(fitting).toHaveLength(1);
      }),
    );
  });

  it.each(['', 'A12345678', 'A1234567890', 'a123456789', 'A323456789', '護照', 'PASSPORT-123'])('%s is some other paper', (id) => {
    expect(nationalIdKind(id)).toBe('other');
  });
});
