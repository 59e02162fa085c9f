/**
 * Reads workbooks (XLSX, ECMA-376) row by row. A workbook is a ZIP of XML parts: sizes are bounded before anything is unpacked, a part is
 * taken apart as it is unpacked, and nothing that a part claims (dimensions, counts) is believed.
 */
import { closeSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { LpxError } from '../errors.js';
import { openFile } from '../io/read.js';
import { entryBytes } from '../zip/entry.js';
import { DEFAULT_LIMITS, type ZipLimits } from '../zip/limits.js';
import { readZip, type ZipEntry } from '../zip/reader.js';
import { type NumberFormat, numberFormat, numberText, unescaped } from './cell-text.js';
import { parseXml, XmlError, type XmlHandlers } from './xml.js';

const MIB = 1024 * 1024;
/** Far above the largest list of a school; pictures in a workbook are not unpacked. */
const LIMITS: ZipLimits = {
  ...DEFAULT_LIMITS,
  archiveBytes: 128 * MIB,
  entries: 5000,
  entryBytes: 512 * MIB,
  totalBytes: 1024 * MIB,
  totalRatio: 200,
};
/** Parts that are kept in memory: the texts of all cells, and the small ones. */
const TEXTS_BYTES = 96 * MIB;
const SMALL_PART_BYTES = 16 * MIB;
const TEXTS = 2_000_000;
/** As many as Excel has. */
const ROWS = 1_048_576;
const COLUMNS = 16_384;
/** Columns that are read: what lies further right is no list. */
export const COLUMNS_READ = 256;
/** As many characters as Excel keeps in a cell. */
export const CELL_CHARACTERS = 32_767;
/** Cells that repeat the value of a merged range. */
const MERGED_CELLS = 4_000_000;

export interface TableRow {
  /** Index in its sheet, from 0; rows that are empty or hidden count, as they do in a spreadsheet program. */
  readonly row: number;
  readonly cells: readonly string[];
  /** Whether a filter or a person hid it. */
  readonly hidden: boolean;
}

export interface TableSheet {
  /** Empty for a table that is no workbook. */
  readonly name: string;
  readonly hidden: boolean;
  /** To be read once, before the next sheet. */
  readonly rows: AsyncIterable<TableRow>;
}

/**
 * The sheets of a workbook, in its order.
 * @throws LPX_WORKBOOK_DAMAGED, LPX_TABLE_LARGE, LPX_TABLE_CELL; LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE
 */
export async function* readWorkbook(file: string): AsyncGenerator<TableSheet> {
  const entries = await readZip(file, LIMITS).catch((error) => {
    throw ofWorkbook(error, file);
  });
  const fd = openFile(file, 'r');
  try {
    const parts = new Parts(fd, entries);
    const book = await readBook(parts);
    for (const { name, hidden, path } of book.sheets) yield { name, hidden, rows: named(sheetRows(parts, path, book, file), file) };
  } catch (error) {
    throw ofWorkbook(error, file);
  } finally {
    closeSync(fd);
  }
}

async function* named<T>(rows: AsyncIterable<T>, file: string): AsyncGenerator<T> {
  try {
    yield* rows;
  } catch (error) {
    throw ofWorkbook(error, file);
  }
}

const KEPT_CODES: ReadonlySet<string> = new Set(['LPX_TABLE_LARGE', 'LPX_TABLE_CELL', 'LPX_FILE_NOT_FOUND', 'LPX_FILE_UNREADABLE']);

/** Errors of the ZIP and of its XML, as those of a workbook; others as they are. */
function ofWorkbook(error: unknown, path: string): unknown {
  const file = basename(path);
  if (error instanceof LpxError) {
    if (KEPT_CODES.has(error.code) || error.facts.file === file) return error;
    if (error.code !== 'LPX_LIMIT_EXCEEDED') return new LpxError('LPX_WORKBOOK_DAMAGED', { file }, { cause: error });
    const { what = '', value = 0, limit = 0 } = error.facts;
    return new LpxError('LPX_TABLE_LARGE', { file, what: String(what), value: Number(value), limit: Number(limit) }, { cause: error });
  }
  return error instanceof XmlError ? new LpxError('LPX_WORKBOOK_DAMAGED', { file }, { cause: error }) : error;
}

const damaged = (): LpxError => new LpxError('LPX_WORKBOOK_DAMAGED', { file: '' });
const overLimit = (what: string, value: number, limit: number) => new LpxError('LPX_LIMIT_EXCEEDED', { what, value, limit });

/** The parts of a workbook, by their paths in the ZIP. */
class Parts {
  readonly #fd: number;
  readonly #entries: ReadonlyMap<string, ZipEntry>;

  constructor(fd: number, entries: readonly ZipEntry[]) {
    this.#fd = fd;
    this.#entries = new Map(entries.map((entry) => [entry.name.toLowerCase(), entry]));
  }

  /** Empty for a part that is not there. */
  bytes(path: string): AsyncIterable<Buffer> {
    const entry = this.#entries.get(path.toLowerCase());
    return entry ? entryBytes(this.#fd, entry, Buffer.alloc(0)) : nothing();
  }

  has(path: string): boolean {
    return this.#entries.has(path.toLowerCase());
  }

  async parse(path: string, limit: number, handlers: XmlHandlers): Promise<void> {
    const size = this.#entries.get(path.toLowerCase())?.size ?? 0;
    if (size > limit) throw overLimit('entry', size, limit);
    for await (const _ of parseXml(this.bytes(path), handlers)) {
      // The handlers have it.
    }
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}

interface Book {
  readonly sheets: readonly { readonly name: string; readonly hidden: boolean; readonly path: string }[];
  /** By which shared text cells are. */
  readonly texts: readonly string[];
  /** By style of the cell. */
  readonly formats: readonly NumberFormat[];
  readonly from1904: boolean;
}

async function readBook(parts: Parts): Promise<Book> {
  const root = await readRelations(parts, '_rels/.rels', '');
  const path = root.find(({ type }) => type.endsWith('/officeDocument'))?.path;
  if (path === undefined) throw damaged();
  const relations = await readRelations(parts, relationsOf(path), posix.dirname(path));
  const found: { readonly name: string; readonly hidden: boolean; readonly id: string }[] = [];
  let from1904 = false;
  await parts.parse(path, SMALL_PART_BYTES, {
    onOpenTag(name, attributes) {
      if (name === 'workbookPr') from1904 = /^(?:1|true)$/.test(attributes.date1904 ?? '');
      if (name !== 'sheet') return;
      const id = Object.entries(attributes).find(([key]) => key.endsWith(':id'))?.[1] ?? '';
      found.push({ name: attributes.name ?? '', hidden: /^(?:hidden|veryHidden)$/.test(attributes.state ?? ''), id });
    },
  });
  const sheets = found.flatMap(({ id, ...sheet }) => {
    const relation = relations.find((relation) => relation.id === id);
    return relation?.type.endsWith('/worksheet') ? [{ ...sheet, path: relation.path }] : [];
  });
  if (sheets.length === 0) throw damaged();
  const pathOf = (type: string) => relations.find((relation) => relation.type.endsWith(`/${type}`))?.path;
  return { sheets, from1904, texts: await readTexts(parts, pathOf('sharedStrings')), formats: await readFormats(parts, pathOf('styles')) };
}

interface Relation {
  readonly id: string;
  readonly type: string;
  /** From the root of the ZIP. */
  readonly path: string;
}

const relationsOf = (path: string): string => `${posix.dirname(path)}/_rels/${posix.basename(path)}.rels`;

async function readRelations(parts: Parts, path: string, folder: string): Promise<Relation[]> {
  const relations: Relation[] = [];
  await parts.parse(path, SMALL_PART_BYTES, {
    onOpenTag(name, { Id: id = '', Type: type = '', Target: target = '', TargetMode: mode }) {
      if (name === 'Relationship' && mode !== 'External')
        relations.push({ id, type, path: posix.join('/', target.startsWith('/') ? '' : folder, target).slice(1) });
    },
  });
  return relations;
}

/** The texts that cells share. What is read aloud (phonetic runs) is not theirs. */
async function readTexts(parts: Parts, path: string | undefined): Promise<string[]> {
  const texts: string[] = [];
  if (path === undefined) return texts;
  const text = new TextCollector();
  await parts.parse(path, TEXTS_BYTES, {
    onOpenTag(name) {
      if (name === 'si') text.start();
      else text.open(name);
    },
    onText: (part) => text.add(part),
    onCloseTag(name) {
      if (name !== 'si') return text.close(name);
      if (texts.push(text.take()) > TEXTS) throw overLimit('cells', texts.length, TEXTS);
    },
  });
  return texts;
}

/** Collects the text in `t` of a cell or a shared text: one, or one for each run in its own font. */
class TextCollector {
  #text = '';
  #inText = false;
  #inPhonetic = false;

  start(): void {
    this.#text = '';
    this.#inPhonetic = false;
  }

  open(name: string): void {
    if (name === 'rPh') this.#inPhonetic = true;
    this.#inText = name === 't' && !this.#inPhonetic;
  }

  add(part: string): void {
    if (this.#inText && this.#text.length <= CELL_CHARACTERS) this.#text += part;
  }

  close(name: string): void {
    if (name === 'rPh') this.#inPhonetic = false;
    if (name === 't') this.#inText = false;
  }

  take(): string {
    return unescaped(this.#text);
  }
}

/** How numbers of each style of cell are shown. */
async function readFormats(parts: Parts, path: string | undefined): Promise<NumberFormat[]> {
  const formats: NumberFormat[] = [];
  if (path === undefined) return formats;
  const codes = new Map<number, string>();
  let inCells = false;
  await parts.parse(path, SMALL_PART_BYTES, {
    onOpenTag(name, attributes) {
      if (name === 'numFmt') codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '');
      if (name === 'cellXfs') inCells = true;
      if (name === 'xf' && inCells) formats.push(numberFormat(Number(attributes.numFmtId ?? 0), codes.get(Number(attributes.numFmtId))));
    },
    onCloseTag(name) {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return formats;
}

async function* sheetRows(parts: Parts, path: string, book: Book, file: string): AsyncGenerator<TableRow> {
  if (!parts.has(path)) throw damaged();
  const merged = new MergedRanges(await readMerged(parts, path));
  const reader = new RowReader(book, basename(file));
  for await (const _ of parseXml(parts.bytes(path), reader)) {
    for (const row of reader.takeRows()) yield merged.repeat(row);
  }
}

/** Builds rows out of the tags of a worksheet. */
class RowReader implements XmlHandlers {
  readonly #book: Book;
  readonly #file: string;
  readonly #text = new TextCollector();
  #rows: (TableRow & { readonly cells: string[] })[] = [];
  #cells: string[] = [];
  #row = -1;
  #hidden = false;
  #column = -1;
  #type = '';
  #style = -1;
  #value = '';
  #inValue = false;

  constructor(book: Book, file: string) {
    this.#book = book;
    this.#file = file;
  }

  takeRows(): (TableRow & { readonly cells: string[] })[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  readonly onOpenTag = (name: string, attributes: Readonly<Record<string, string>>): void => {
    if (name === 'row') this.#startRow(attributes);
    else if (name === 'c') this.#startCell(attributes);
    else if (name === 'v') this.#inValue = true;
    else this.#text.open(name);
  };

  readonly onText = (part: string): void => {
    if (this.#inValue) {
      if (this.#value.length <= CELL_CHARACTERS) this.#value += part;
    } else this.#text.add(part);
  };

  readonly onCloseTag = (name: string): void => {
    if (name === 'v') this.#inValue = false;
    else if (name === 'c') this.#endCell();
    else if (name === 'row') this.#rows.push({ row: this.#row, cells: this.#cells, hidden: this.#hidden });
    else this.#text.close(name);
  };

  #startRow({ r, hidden }: Readonly<Record<string, string>>): void {
    const row = r === undefined ? this.#row + 1 : Number(r) - 1;
    // Rows come in order: a spreadsheet program repairs a workbook where they do not.
    if (!Number.isSafeInteger(row) || row <= this.#row || row >= ROWS) throw damaged();
    this.#row = row;
    this.#hidden = /^(?:1|true)$/.test(hidden ?? '');
    this.#cells = [];
    this.#column = -1;
  }

  #startCell({ r, t = 'n', s }: Readonly<Record<string, string>>): void {
    const column = r === undefined ? this.#column + 1 : columnOf(r);
    if (column === undefined || column >= COLUMNS) throw damaged();
    this.#column = column;
    this.#type = t;
    this.#style = s === undefined ? -1 : Number(s);
    this.#value = '';
    this.#inValue = false;
    this.#text.start();
  }

  #endCell(): void {
    if (this.#column >= COLUMNS_READ) return;
    const text = this.#cellText();
    if (text.length > CELL_CHARACTERS)
      throw new LpxError('LPX_TABLE_CELL', { file: this.#file, row: this.#row + 1, limit: CELL_CHARACTERS });
    if (text === '') return;
    while (this.#cells.length < this.#column) this.#cells.push('');
    this.#cells[this.#column] = text;
  }

  #cellText(): string {
    const { texts, formats, from1904 } = this.#book;
    switch (this.#type) {
      case 's': {
        const text = texts[Number(this.#value)];
        if (text === undefined && this.#value !== '') throw damaged();
        return text ?? '';
      }
      case 'inlineStr':
        return this.#text.take();
      case 'b':
        return this.#value === '1' ? 'TRUE' : this.#value === '' ? '' : 'FALSE';
      case 'n':
        return numberText(this.#value, formats[this.#style], from1904);
      case 'd':
        return this.#value.replace(/T(?:00:00:00(?:\.0+)?)?/, ' ').trimEnd();
      default:
        return unescaped(this.#value);
    }
  }
}

/** The index of the column in `AB12`; undefined for a text of another form. */
function columnOf(reference: string): number | undefined {
  const letters = /^([A-Z]{1,3})\d{1,7}$/.exec(reference)?.[1];
  return letters === undefined ? undefined : [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

/** A merged range; all four are indexes from 0, the ends included. */
interface MergedRange {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Far more than what stands behind the rows of a sheet takes: merged ranges, rules, links. */
const TAIL_CHARACTERS = 8 * MIB;
const MERGED = /<(?:\w{1,20}:)?mergeCell\s[^>]{0,200}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"/g;

/** The merged ranges of a sheet, which stand behind its rows, from the top. */
async function readMerged(parts: Parts, path: string): Promise<MergedRange[]> {
  let tail: string | undefined;
  let before = '';
  for await (const chunk of parts.bytes(path)) {
    // References are ASCII.
    const text = chunk.toString('latin1');
    if (tail !== undefined) {
      if (tail.length < TAIL_CHARACTERS) tail += text;
      continue;
    }
    const seen = before + text;
    const end = /(?:\/(?:\w{1,20}:)?sheetData|sheetData\s{0,9}\/)>/.exec(seen);
    if (end) tail = seen.slice(end.index);
    before = seen.slice(-40);
  }
  const ranges = [...(tail ?? '').matchAll(MERGED)].map(([, left = '', top, right = '', bottom]) => ({
    top: Number(top) - 1,
    bottom: Number(bottom) - 1,
    left: columnOf(`${left}1`) as number,
    right: Math.min(columnOf(`${right}1`) as number, COLUMNS_READ - 1),
  }));
  return ranges.sort((a, b) => a.top - b.top);
}

/** Repeats the value of a merged range, which only its first cell has, in all of its cells. */
class MergedRanges {
  /** In the order of their first rows. */
  readonly #ranges: readonly MergedRange[];
  #next = 0;
  #open: { readonly range: MergedRange; readonly value: string }[] = [];
  #repeated = 0;

  constructor(ranges: readonly MergedRange[]) {
    this.#ranges = ranges;
  }

  repeat(row: TableRow & { readonly cells: string[] }): TableRow {
    this.#open = this.#open.filter(({ range }) => range.bottom >= row.row);
    for (let range = this.#ranges[this.#next]; range && range.top <= row.row; range = this.#ranges[++this.#next]) {
      const value = range.top === row.row ? (row.cells[range.left] ?? '') : '';
      if (value !== '') this.#open.push({ range, value });
    }
    for (const { range, value } of this.#open) {
      this.#repeated += range.right - range.left + 1;
      if (this.#repeated > MERGED_CELLS) throw overLimit('cells', this.#repeated, MERGED_CELLS);
      for (let column = range.left; column <= range.right; column++) {
        while (row.cells.length <= column) row.cells.push('');
        row.cells[column] ||= value;
      }
    }
    return row;
  }
}
