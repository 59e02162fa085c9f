/**
 * 國民身分證統一編號, old and new 居留證統一證號 (docs/spec.md#national-id). Other papers are legal too, and the spec's own
 * example fails the checksum, so a number that is none of these is unusual, not wrong.
 */

const LETTER_VALUE: Readonly<Record<string, number>> = Object.fromEntries(
  [...'ABCDEFGHJKLMNPQRSTUVXYWZIO'].map((letter, index) => [letter, index + 10]),
);
const WEIGHTS = [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1];

export type NationalIdKind = 'national' | 'residentOld' | 'residentNew' | 'other';

/** What kind of number this is; `other` also for a number whose checksum fails. */
export function nationalIdKind(id: string): NationalIdKind {
  const kind = /^[A-Z][12][0-9]{8}$/.test(id)
    ? 'national'
    : /^[A-Z][A-D][0-9]{8}$/.test(id)
      ? 'residentOld'
      : /^[A-Z][89][0-9]{8}$/.test(id)
        ? 'residentNew'
        : 'other';
  return kind !== 'other' && checksumHolds(id) ? kind : 'other';
}

function checksumHolds(id: string): boolean {
  const letter = LETTER_VALUE[id[0] as string] as number;
  const second = LETTER_VALUE[id[1] as string];
  const digits = [
    Math.floor(letter / 10),
    letter % 10,
    second === undefined ? Number(id[1]) : second % 10,
    ...[...id.slice(2)].map(Number),
  ];
  const sum = digits.reduce((total, digit, i) => total + digit * (WEIGHTS[i] as number), 0);
  return sum % 10 === 0;
}
