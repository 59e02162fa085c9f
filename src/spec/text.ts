/** Tables from outside. */
import type { Finding, Place } from '../errors.js';
import { maskId, maskIds, withheld } from '../masking.js';
import { canonicalCode } from '../plain-text.js';

/** The finding for a wrong cell of a table, whose value is withheld: the file may be one that holds a password. @param index of the row, from 0 */
export const rowFinding = (index: number, column: string, value: string): Finding => ({
  code: 'LPX_TABLE_ROW',
  severity: 'error',
  place: { row: index },
  facts: { column, value: withheld(value) },
});

/** The finding for a wrong cell of a list whose titles have been recognized; ids in it are masked. */
export const cellFinding = (place: Place, column: string, value: string): Finding => ({
  code: 'LPX_LIST_ROW',
  severity: 'error',
  place,
  facts: { column, value: maskIds(value.slice(0, 40)) },
});

/** What may be a national id, or one with a slip in it. */
const LIKE_ID = /^(?=\D*\d)[A-Z0-9-]{6,}$/;

/** The text of a wrong cell, without ids. @param isId whether it should have been one: then also without what only resembles one */
export function withheldCell(text: string, isId: boolean): string {
  if (isId && (LIKE_ID.test(canonicalCode(text.slice(0, 100)).replace(/\s/g, '')) || text.length > 40)) return maskId(text);
  return maskIds(text);
}

/** The rows of a table that hold data, with their indexes, cells trimmed: without empty ones, and without a first row of titles, which has no digit. */
export function dataRows(rows: readonly (readonly string[])[]): (readonly [index: number, cells: readonly string[]])[] {
  return rows
    .map((row, index) => [index, row.map((cell) => cell.trim())] as const)
    .filter(([index, cells]) => cells.some((cell) => cell !== '') && (index > 0 || /[0-9]/.test(cells[0] ?? '')));
}
