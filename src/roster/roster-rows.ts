/** Finds the lists in a table: which sheet is what, where its titles stand, and which rows below them are data. */
import { basename } from 'node:path';
import { errorOf, type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { canonicalCode, plainCode, trimmed } from '../plain-text.js';
import { BoundedFindings } from '../spec/findings.js';
import { readSchoolYear } from '../spec/identifiers/written-terms.js';
import { withheldCell } from '../spec/text.js';
import { hasExportTitles } from './export-list.js';
import { type CellFault, plainTitle, type RowCells, SHEET_KINDS, type SheetColumn, type SheetKind } from './sheet-kinds.js';
import { readSheets } from './tables.js';
import type { TableRow, TableSheet } from './workbook.js';

/** A sheet that is a list or a register. */
export interface RosterSheet<K extends SheetKind = SheetKind> {
  readonly kind: K;
  /** Empty for a table that is no workbook. */
  readonly name: string;
  /** The titles of its columns as they stand there, by the names of the columns. */
  readonly titles: ReadonlyMap<string, string>;
}

/** A row of data. */
export interface RosterRow<K extends SheetKind = SheetKind> {
  readonly sheet: RosterSheet<K>;
  /** From 0. */
  readonly row: number;
  readonly cells: RowCells;
  /** What the workbook's cover says, which comes before. */
  readonly cover: Cover;
}

/** Where a row stands. @param file base name */
export const rowPlace = ({ sheet, row }: RosterRow, file: string): Place => ({
  file,
  ...(sheet.name !== '' && { sheet: sheet.name }),
  row,
});

/** The finding for a wrong cell. @param restored what it is read as, of one that has lost its zeros */
export function faultFinding(row: RosterRow, { column, problem, severity }: CellFault, file: string, restored = ''): Finding {
  const { titles, kind } = row.sheet;
  const place = { ...rowPlace(row, file), column: titles.get(column) ?? kind.columns.find(({ name }) => name === column)?.title ?? column };
  const given = row.cells[column] ?? '';
  const value = withheldCell(given, column === 'nationalId');
  if (problem === 'missing') return findingOf('LPX_ROSTER_MISSING', severity, place);
  if (problem === 'lostZeros' && severity === 'warning') return findingOf('LPX_ROSTER_ZEROS', severity, place, { value, restored });
  return findingOf('LPX_ROSTER_CELL', severity, place, { value, fault: problem });
}

/** The cover of a register (封面). */
export interface Cover {
  readonly schoolCode?: string | undefined;
  /** ROC year. */
  readonly academicYear?: number | undefined;
}

/** Rows among which the titles are looked for. */
const HEAD_ROWS = 40;

/**
 * The rows of data of all sheets that are lists or registers. What is not read (sheets, columns) is noted in `findings`.
 * @throws as `readSheets`; LPX_ROSTER_REPEATED; LPX_ROSTER_TITLES when no sheet has titles that are known; LPX_LOAD_EXPORT_LIST
 */
export async function* readRoster(file: string, findings: Finding[]): AsyncGenerator<RosterRow> {
  const name = basename(file);
  const found: RosterSheet[] = [];
  const unread: { readonly finding: Finding; readonly nearest: Nearest | undefined }[] = [];
  let cover: Cover = {};
  const repeated = new BoundedFindings();
  for await (const table of readSheets(file)) {
    const { head, rest } = await splitHead(table);
    const ofCover = coverIn(head);
    if (ofCover) {
      cover = ofCover;
      continue;
    }
    const titles = titlesIn(head, table.name);
    const place = { file: name, ...(table.name !== '' && { sheet: table.name }) };
    if ('nearest' in titles || table.hidden) {
      const isEmpty = head.every(({ cells }) => cells.every((cell) => cell === ''));
      const reason = table.hidden ? 'sheetHidden' : isEmpty ? 'sheetEmpty' : 'sheetTitles';
      const finding = findingOf('LPX_SHEET_UNREAD', table.hidden && !('nearest' in titles) ? 'warning' : 'note', place, { reason });
      unread.push({ finding, nearest: 'nearest' in titles ? titles.nearest : undefined });
      continue;
    }
    const { columns, kind, at } = titles;
    if (kind.kind === 'students' && hasExportTitles(head[at]?.cells.map((cell) => cell.slice(0, 100)) ?? []))
      throw new LpxError('LPX_LOAD_EXPORT_LIST', { file: name });
    const sheet = { kind, name: table.name, titles: titleTexts(columns, head[at] as TableRow) };
    found.push(sheet);
    findings.push(...unusedColumns(head[at] as TableRow, columns, place));
    let hidden = 0;
    const repeats = repeatedColumns(head[at] as TableRow, columns);
    for await (const row of dataRows(head.slice(at + 1), rest, columns)) {
      if (row.hidden) hidden++;
      repeated.add(repeatedCells(row, repeats, place));
      yield { sheet, row: row.row, cells: cellsOf(row, columns), cover };
    }
    if (hidden > 0) findings.push(findingOf('LPX_ROWS_HIDDEN', 'note', place, { count: hidden }));
  }
  const refusal = errorOf(repeated.list());
  if (refusal) throw refusal;
  if (found.length === 0)
    throw noTitles(
      name,
      unread.map(({ nearest }) => nearest).find((nearest) => nearest !== undefined),
    );
  findings.push(...unread.map(({ finding }) => finding));
}

/** Which kinds of sheets a table has, by their titles alone. @throws as `readSheets` */
export async function kindsIn(file: string): Promise<ReadonlySet<SheetKind['kind']>> {
  const kinds = new Set<SheetKind['kind']>();
  for await (const table of readSheets(file)) {
    const { head, rest } = await splitHead(table);
    await rest.return?.();
    const titles = coverIn(head) || table.hidden ? undefined : titlesIn(head, table.name);
    if (titles && 'kind' in titles) kinds.add(titles.kind.kind);
  }
  return kinds;
}

/** The kind whose titles a sheet has most of, and those that it must have and does not. */
interface Nearest {
  readonly kind: SheetKind;
  readonly missing: readonly SheetColumn[];
  readonly sheet: string;
  readonly row: number;
}

const noTitles = (file: string, nearest: Nearest | undefined): LpxError =>
  nearest
    ? new LpxError(
        'LPX_ROSTER_COLUMN',
        { columns: nearest.missing.map(({ title }) => title).join('、'), kind: nearest.kind.title },
        { place: { file, ...(nearest.sheet !== '' && { sheet: nearest.sheet }), row: nearest.row } },
      )
    : new LpxError('LPX_ROSTER_TITLES', { file });

async function splitHead({ rows }: TableSheet): Promise<{ readonly head: readonly TableRow[]; readonly rest: AsyncIterator<TableRow> }> {
  const rest = rows[Symbol.asyncIterator]();
  const head: TableRow[] = [];
  while (head.length < HEAD_ROWS) {
    const next = await rest.next();
    if (next.done) break;
    head.push(next.value);
  }
  return { head, rest };
}

interface FoundTitles {
  readonly kind: SheetKind;
  /** The index of the row of titles in the head. */
  readonly at: number;
  /** The index of each column, by its name. */
  readonly columns: ReadonlyMap<string, number>;
}

/** The row of titles: the one that has most of the titles of some kind, all of those that the kind must have among them. */
function titlesIn(head: readonly TableRow[], sheet: string): FoundTitles | { readonly nearest: Nearest | undefined } {
  const candidates = head.flatMap(({ cells, row }, at) => {
    const titles = cells.map((cell) => (cell.length <= 100 ? plainTitle(cell) : ''));
    return SHEET_KINDS.map((kind, order) => {
      const columns = columnsIn(titles, kind);
      const missing = kind.columns.filter(({ name, required }) => required && !columns.has(name));
      const named = [kind.title, ...kind.aliases].map(plainTitle).includes(plainTitle(sheet));
      return { kind, at, row, columns, missing, named, order };
    });
  });
  const fitting = candidates.filter(({ missing }) => missing.length === 0);
  const [best] = fitting.sort(
    (a, b) =>
      Number(b.named) - Number(a.named) ||
      // A register may say name and class too; a list says nothing that only a register has.
      Number(b.kind.kind === 'register') - Number(a.kind.kind === 'register') ||
      b.columns.size - a.columns.size ||
      a.at - b.at ||
      a.order - b.order,
  );
  if (best) return best;
  const [near] = candidates
    .filter(({ columns }) => columns.has('nationalId') || columns.size >= 2)
    .sort((a, b) => Number(b.named) - Number(a.named) || b.columns.size - a.columns.size || a.missing.length - b.missing.length);
  return { nearest: near && { kind: near.kind, missing: near.missing, sheet, row: near.row } };
}

/** Which column of the table each column of a kind is: by the title, else by the aliases in their order. */
function columnsIn(titles: readonly string[], kind: SheetKind): Map<string, number> {
  const columns = new Map<string, number>();
  for (const [name, known] of KNOWN_TITLES.get(kind) ?? []) {
    const index = known.map((title) => titles.indexOf(title)).find((index) => index >= 0);
    if (index !== undefined) columns.set(name, index);
  }
  return columns;
}

const KNOWN_TITLES = new Map(
  SHEET_KINDS.map((kind) => [kind, kind.columns.map(({ name, title, aliases }) => [name, [title, ...aliases].map(plainTitle)] as const)]),
);

const titleTexts = (columns: ReadonlyMap<string, number>, { cells }: TableRow): ReadonlyMap<string, string> =>
  new Map([...columns].map(([name, index]) => [name, (cells[index] ?? '').replace(/\s+/g, '').slice(0, 40)]));

/** The columns that have the title of another one that is read, each with that one and its title. */
function repeatedColumns(
  { cells }: TableRow,
  columns: ReadonlyMap<string, number>,
): (readonly [column: number, of: number, title: string])[] {
  const titles = cells.map(plainTitle);
  const used = new Set(columns.values());
  return [...used].flatMap((of) =>
    titles.flatMap((title, column) => (title === titles[of] && !used.has(column) ? [[column, of, title.slice(0, 40)] as const] : [])),
  );
}

/** What a row says twice, and otherwise the second time: nobody can say which is right, or it is about two students. */
const repeatedCells = ({ row, cells }: TableRow, repeats: ReturnType<typeof repeatedColumns>, place: Place): Finding[] =>
  repeats.flatMap(([column, of, title]) => {
    const [value, other] = [trimmed(cells[of] ?? ''), trimmed(cells[column] ?? '')];
    if (other === '' || value === other) return [];
    const facts = { title, value: withheldCell(value, false), other: withheldCell(other, false) };
    return [findingOf('LPX_ROSTER_REPEATED', 'error', { ...place, row }, facts)];
  });

/** A note about columns that have a title and are not read. */
function unusedColumns({ cells, row }: TableRow, columns: ReadonlyMap<string, number>, place: Place): Finding[] {
  const used = new Set(columns.values());
  const unused = cells.filter((cell, index) => !used.has(index) && plainCode(cell) !== '').map((cell) => plainTitle(cell).slice(0, 40));
  const texts = [...new Set(unused)].slice(0, 20).join('、');
  return texts === '' ? [] : [findingOf('LPX_COLUMN_UNREAD', 'note', { ...place, row }, { columns: texts })];
}

/** What stands below a list: sums, remarks, who made it. */
const BELOW =
  /^(?:合計|總計|小計|共計|總人數|人數|共\d+|以下空白|以上|製表|列印|備註|註\d?[:：]|承辦|校長|主任|組長|導師|第\d+頁|頁次|TOTAL)/;
/** The columns by which a row is one of data. */
const TELLING = ['nationalId', 'name', 'studentNumber'];

/** The rows below the titles, without empty ones, repeated titles, and what stands below the list. */
async function* dataRows(
  head: readonly TableRow[],
  rest: AsyncIterator<TableRow>,
  columns: ReadonlyMap<string, number>,
): AsyncGenerator<TableRow> {
  const idColumn = columns.get('nationalId') as number;
  const isData = ({ cells }: TableRow): boolean => {
    if ([...columns.values()].every((index) => plainCode(cells[index] ?? '') === '')) return false;
    if (/^[A-Z].*\d/.test(canonicalCode((cells[idColumn] ?? '').slice(0, 100)))) return true;
    if (NATIONAL_ID_TITLES.has(plainTitle(cells[idColumn] ?? ''))) return false;
    const plain = cells.map((cell) => plainCode(cell.slice(0, 100)).replace(/\s/g, ''));
    if (BELOW.test(plain.find((cell) => cell !== '') ?? '')) return false;
    const telling = TELLING.filter((name) => plainCode(cells[columns.get(name) ?? -1] ?? '') !== '');
    return telling.length > 1 || !plain.some((cell) => BELOW.test(cell));
  };
  for (const row of head) if (isData(row)) yield row;
  for (let next = await rest.next(); !next.done; next = await rest.next()) if (isData(next.value)) yield next.value;
}

const NATIONAL_ID_TITLES: ReadonlySet<string> = new Set(
  SHEET_KINDS.flatMap(({ columns }) => columns.filter(({ name }) => name === 'nationalId')).flatMap(({ title, aliases }) =>
    [title, ...aliases].map(plainTitle),
  ),
);

/** The cells of a row by column, without blanks around them. */
function cellsOf({ cells }: TableRow, columns: ReadonlyMap<string, number>): RowCells {
  return Object.fromEntries([...columns].map(([name, index]) => [name, (cells[index] ?? '').replace(/^[\s\u3000]+|[\s\u3000]+$/g, '')]));
}

const COVER = { school: '學校代碼', year: '學年度', number: '名冊別' } as const;

/** A cover: its titles, and the row below them. */
function coverIn(head: readonly TableRow[]): Cover | undefined {
  for (const [at, { cells }] of head.entries()) {
    const titles = cells.map((cell) => (cell.length <= 100 ? plainTitle(cell) : ''));
    const [school, year] = [titles.indexOf(COVER.school), titles.indexOf(COVER.year)];
    if (year < 0 || !titles.includes(COVER.number)) continue;
    const values = head[at + 1]?.cells ?? [];
    const code = canonicalCode(values[school] ?? '');
    // Excel takes a code of digits for a number, and its zeros away.
    return {
      ...(code !== '' && { schoolCode: /^\d{5}$/.test(code) ? `0${code}` : code }),
      academicYear: readSchoolYear(values[year] ?? ''),
    };
  }
  return undefined;
}
