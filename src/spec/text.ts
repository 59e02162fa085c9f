/** Text and tables from outside. */
import iconv from 'iconv-lite';
import type { Finding } from '../errors.js';

/** Decodes UTF-8, else UTF-16 or CP950, as JSON and tables of the field come. A byte order mark stays. */
export function decodeText(bytes: Buffer): { readonly text: string; readonly encoding: string } {
  // Such a text starts with a byte order mark or an ASCII character: a zero beside it shows which half of UTF-16 comes first.
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0))
    return { text: iconv.decode(bytes, 'utf16le'), encoding: 'UTF-16' };
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0))
    return { text: iconv.decode(bytes, 'utf16be'), encoding: 'UTF-16' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'UTF-8' };
  } catch {
    return { text: iconv.decode(bytes, 'cp950'), encoding: 'CP950' };
  }
}

/** What is wrong with a cell of a table. @param index of the row, from 0 */
export const rowFinding = (index: number, column: string, value: string): Finding => ({
  code: 'LPX_TABLE_ROW',
  severity: 'error',
  where: String(index + 1),
  facts: { column, value: value.slice(0, 40) },
});

/** The rows of a table that hold data, with their indexes, cells trimmed: without empty ones, and without a first row of titles, which has no digit. */
export function dataRows(rows: readonly (readonly string[])[]): (readonly [index: number, cells: readonly string[]])[] {
  return rows
    .map((row, index) => [index, row.map((cell) => cell.trim())] as const)
    .filter(([index, cells]) => cells.some((cell) => cell !== '') && (index > 0 || /[0-9]/.test(cells[0] ?? '')));
}
