/** Tables as schools hand them over and take them: CSV and XLSX, in and out. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { detectDelimiter, streamCsvRows, writeCsv } from 'hucre/csv';
import { writeXlsx } from 'hucre/xlsx';
import { type DecodedText, decodeText, decodeUtf8 } from '../encoding.js';
import { errorOf, type Finding, LpxError } from '../errors.js';
import type { NewFile } from '../io/publish.js';
import { readSmall } from '../io/read.js';
import type { RegisterSheet } from '../spec/registers.js';
import { isFormula, unwrapped } from './cell-text.js';
import { kindOfBytes, kindOfFile } from './file-kind.js';
import { CELL_CHARACTERS, readWorkbook, type TableRow, type TableSheet } from './workbook.js';

/** Larger than any list of a school, of courses or of students; bytes. */
const LIST_BYTES = 32 * 1024 * 1024;
/** More than the course codes of all schools have. */
const TABLE_CELLS = 4_000_000;
/** As much of a table as shows what separates its cells. */
const SAMPLE_CHARACTERS = 64 * 1024;

/**
 * The sheets of a table: one of a CSV file (or one with tabs or semicolons) in UTF-8, UTF-16 or CP950, which may be a pipe; those of a
 * workbook (XLSX). Cells are texts as people see them. To be read in order, each sheet before the next.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE, LPX_TABLE_NOT_TEXT, LPX_TABLE_CUT, LPX_TABLE_WORKBOOK, LPX_TABLE_CELL, LPX_TABLE_QUOTE;
 *   LPX_WORKBOOK_DAMAGED, LPX_TABLE_LARGE
 */
export async function* readSheets(file: string): AsyncGenerator<TableSheet> {
  if (isFile(file) && kindOfFile(file) === 'xlsx') yield* readWorkbook(file);
  else yield { name: '', hidden: false, rows: await readText(file) };
}

/** The rows of a table's first sheet that is not hidden. @throws as `readSheets` */
export async function readTable(file: string): Promise<string[][]> {
  const table: string[][] = [];
  let cells = 0;
  for await (const { hidden, rows } of readSheets(file)) {
    if (hidden) continue;
    for await (const { row, cells: ofRow } of rows) {
      cells += ofRow.length;
      if (cells > TABLE_CELLS) throw tooLarge(file, 'cells', cells, TABLE_CELLS);
      while (table.length < row) table.push([]);
      table.push([...ofRow]);
    }
    break;
  }
  return table;
}

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

async function readText(file: string): Promise<AsyncIterable<TableRow>> {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LIST_BYTES) throw tooLarge(file, 'entry', size, LIST_BYTES);
  const bytes = await readSmall(file, LIST_BYTES, 'file-or-pipe');
  const kind = kindOfBytes(bytes);
  // A workbook's directory is at its end: it is not read from a pipe.
  if (kind === 'xlsx') throw new LpxError('LPX_FILE_UNREADABLE', { file: basename(file), reason: 'notPlain' });
  if (/\.xls[xm]$/i.test(file) && (kind === 'zip' || bytes.length === 0))
    throw new LpxError('LPX_WORKBOOK_DAMAGED', { file: basename(file) });
  if (kind === 'zip') throw new LpxError('LPX_TABLE_NOT_TEXT', { file: basename(file) });
  if (kind !== undefined) throw new LpxError('LPX_TABLE_WORKBOOK', { file: basename(file), table: kind });
  const decoded = decodeText(bytes);
  if (isCutOff(bytes, decoded)) throw new LpxError('LPX_TABLE_CUT', { file: basename(file) });
  if (!decoded || isBinary(bytes, decoded)) throw new LpxError('LPX_TABLE_NOT_TEXT', { file: basename(file) });
  const delimiter = detectDelimiter(decoded.text.slice(0, SAMPLE_CHARACTERS));
  checkCells(decoded.text, delimiter, basename(file));
  return textRows(decoded.text, delimiter);
}

const tooLarge = (file: string, what: string, value: number, limit: number) =>
  new LpxError('LPX_TABLE_LARGE', { file: basename(file), what, value, limit });

/** Whether a text ends within a character of UTF-16 or UTF-8. */
function isCutOff(bytes: Buffer, decoded: DecodedText | undefined): boolean {
  if (decoded?.encoding === 'UTF-16') return bytes.length % 2 === 1;
  if (decoded?.encoding === 'UTF-8') return false;
  return [1, 2, 3].some((missing) => /[^\0-\x7f]/.test(decodeUtf8(bytes.subarray(0, -missing)) ?? ''));
}

/** Whether it is a text in an encoding that was not recognised, such as UTF-32, or none at all: full of zeros. */
function isBinary(bytes: Buffer, { text }: DecodedText): boolean {
  if (text === '') return bytes.includes(0);
  const zeros = text.slice(0, SAMPLE_CHARACTERS).split('\0').length - 1;
  return zeros > Math.min(text.length, SAMPLE_CHARACTERS) / 4;
}

async function* textRows(text: string, delimiter: string): AsyncGenerator<TableRow> {
  let row = 0;
  for (const cells of streamCsvRows(text, { typeInference: false, delimiter }))
    yield { row: row++, cells: cells.map((cell) => unwrapped(String(cell ?? ''))), hidden: false };
}

const isEndOfCell = (character: string | undefined, delimiter: string): boolean =>
  character === undefined || `${delimiter}\r\n" `.includes(character);

/** Bounds what parsing takes: a quotation mark that is never closed makes the rest of the file one cell. */
function checkCells(text: string, delimiter: string, file: string): void {
  const [separator, lineFeed, carriageReturn, quote] = [...`${delimiter}\n\r"`].map((character) => character.charCodeAt(0));
  let isQuoted = false;
  let closedAt = -1;
  let start = 0;
  let cells = 1;
  let row = 1;
  let isOverLines = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (at - start > CELL_CHARACTERS) throw new LpxError('LPX_TABLE_CELL', { file, row, limit: CELL_CHARACTERS });
    if (character === quote) {
      if (isQuoted) closedAt = at;
      // A cell over several lines that ends within a text has taken the next mark in the file for its own.
      if (isQuoted && isOverLines && !isEndOfCell(text[at + 1], delimiter)) throw new LpxError('LPX_TABLE_QUOTE', { file, row });
      // A doubled mark closes a quoted cell and opens it again.
      isQuoted = !isQuoted && (at === start || (closedAt > start && at === closedAt + 1));
    } else if (isQuoted) {
      if (character === lineFeed) isOverLines = true;
    } else if (character === separator || character === lineFeed || character === carriageReturn) {
      start = at + 1;
      isOverLines = false;
      cells++;
      if (character === lineFeed) row++;
    }
  }
  if (isQuoted) throw new LpxError('LPX_TABLE_QUOTE', { file, row });
  if (cells > TABLE_CELLS) throw tooLarge(file, 'cells', cells, TABLE_CELLS);
}

/** Ends the reading of a table whose rows are wrong, reporting all of them. @throws LPX_TABLE_ROW */
export function refuseRows(findings: readonly Finding[], file: string): void {
  const error = errorOf(findings.map((finding) => ({ ...finding, place: { ...finding.place, file: basename(file) } })));
  if (error) throw error;
}

/** A workbook with every sheet, empty ones too: columns as wide as what they hold, the titles always in sight. */
export async function workbook(name: string, sheets: readonly RegisterSheet[]): Promise<NewFile> {
  const content = await writeXlsx({
    sheets: sheets.map((sheet) => ({
      name: sheet.name,
      rows: sheet.rows.map((row) => [...row]),
      columns: (sheet.rows[0] ?? []).map(() => ({ autoWidth: true })),
      freezePane: { rows: 1 },
    })),
  });
  return { name: `${name}.xlsx`, content };
}

/**
 * A CSV file that Excel opens as it is: a byte order mark, CRLF also behind the last row, and an apostrophe before a text that Excel would
 * run as a formula, also behind blanks and in wide characters.
 */
export function csv(name: string, { rows }: RegisterSheet): NewFile {
  const text = writeCsv(
    rows.map((row) => row.map((cell) => (typeof cell === 'string' && isFormula(cell) ? `'${cell}` : cell))),
    { bom: true, lineSeparator: '\r\n' },
  );
  return { name: `${name}.csv`, content: Buffer.from(`${text}\r\n`) };
}
