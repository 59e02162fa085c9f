/** Signs that a text lost characters on its way here (docs/field-defects.md): a person has to look, nothing is repaired. */

import type { Finding } from '../../errors.js';
import { trimmed } from '../../plain-text.js';
import { BoundedFindings } from '../findings.js';
import { shown } from '../validate.js';

/**
 * `lost`: a replacement character stands for what could not be read; `entity`: a web form wrote a character as a number;
 * `question`: a system without the character wrote a question mark; `private`: a character that only its maker's font shows;
 * `blanks`: they surround a name, which is not found by what people see of it.
 */
export type Garbling = 'lost' | 'entity' | 'question' | 'private' | 'blanks';

const SIGNS: readonly (readonly [Garbling, RegExp])[] = [
  ['lost', /\ufffd/],
  ['entity', /&#(?:[0-9]{2,7}|x[0-9a-fA-F]{2,6});/],
  ['private', /\p{Co}/u],
];

/** What happened to a text, by its worst sign. @param isName of a person: no place for question marks, or for blanks around it */
export function garblingOf(text: string, isName: boolean): Garbling | undefined {
  const sign = SIGNS.find(([, pattern]) => pattern.test(text))?.[0];
  if (sign === 'lost' || sign === 'entity' || !isName) return sign;
  if (/[?？]/.test(text)) return 'question';
  return sign ?? (trimmed(text) === text ? undefined : 'blanks');
}

/** Warnings for the cells of a table that lost characters, a few of each kind. */
export function garbledCells(rows: readonly (readonly string[])[]): readonly Finding[] {
  const findings = new BoundedFindings();
  for (const [index, row] of rows.entries()) {
    for (const cell of row) {
      const garbling = garblingOf(cell, false);
      if (garbling)
        findings.push({ code: 'LPX_TEXT_GARBLED', severity: 'warning', place: { row: index }, facts: { value: shown(cell), garbling } });
    }
  }
  return findings.list();
}
