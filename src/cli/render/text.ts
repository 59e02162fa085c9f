/** Small pieces that every command's text is made of. */
import stringWidth from 'fast-string-width';
import type { RollChange } from '../../exchange/load-roster.js';
import type { BasicDataChange, Leaving } from '../../exchange/school-store.js';
import { fill, type Messages } from '../../messages/messages.js';
import { basicDataWire } from '../../spec/portfolio.js';
import { taipeiTime } from '../../spec/terms.js';
import type { Context } from '../context.js';
import { charactersOf, printable } from './printable.js';

export { size } from '../../messages/messages.js';

/** The columns a text takes on a terminal, once it is printed. */
export const widthOf = (text: string): number => stringWidth(printable(text, false));

/** Lines up columns by what a terminal shows, in which a Chinese character is two wide. Numbers go to the right. */
export function columns(rows: readonly (readonly (string | number)[])[], indent = ''): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(String(cell)));
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => {
      const pad = ' '.repeat((widths[i] ?? 0) - widthOf(String(cell)));
      return typeof cell === 'number' ? pad + cell : cell + pad;
    });
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
}

/** A column that a narrow terminal takes width from: down to so many columns, or, where that is 0, all of it. */
export type Yielding = readonly [column: number, least: number];

/**
 * As `columns`, so that no row is wider than the terminal: columns are shortened or left out in the order in which
 * they yield, the least important first, until the rows fit. With `--verbose`, and where output goes elsewhere, rows are whole.
 * @param yielding never a column of ids, numbers or hashes, unless all of it goes: what is left of one says something else
 */
export function fittingColumns(
  { stdout, verbose }: Pick<Context, 'stdout' | 'verbose'>,
  rows: readonly Row[],
  yielding: readonly Yielding[],
  indent = '',
): string[] {
  const width = verbose ? Number.POSITIVE_INFINITY : (columnsOf(stdout) ?? Number.POSITIVE_INFINITY);
  const leftOut = new Set<number>();
  let shown = rows.map((row) => row.map((text) => (typeof text === 'number' ? text : cell(text, WIDEST_CELL))));
  const lines = () =>
    columns(
      shown.map((row) => row.filter((_, i) => !leftOut.has(i))),
      indent,
    );
  for (const [column, least] of yielding) {
    const excess = Math.max(0, ...lines().map(widthOf)) - width;
    if (excess <= 0) break;
    if (least === 0) leftOut.add(column);
    const room = Math.max(least, widestOf(shown, column) - excess);
    shown = shown.map((row) => row.map((text, i) => (i === column && typeof text === 'string' ? shortened(text, room) : text)));
  }
  return lines();
}

type Row = readonly (string | number)[];

const widestOf = (rows: readonly Row[], column: number): number => Math.max(0, ...rows.map((row) => widthOf(String(row[column] ?? ''))));

/** The first of several remarks that stand in a cell, or the beginning of a text. */
function shortened(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  const remarks = text.split('  ');
  while (remarks.length > 1 && widthOf(remarks.join('  ')) > room - 2) remarks.pop();
  const kept = remarks.join('  ');
  return widthOf(kept) <= room - 2 ? `${kept} …` : cell(text, room);
}

/** The columns of a terminal; undefined where output goes elsewhere, and its lines are left as they are. */
export const columnsOf = ({ isTTY, columns: width }: Partial<NodeJS.WriteStream>): number | undefined =>
  isTTY && width ? width : undefined;

/** How much further in a line goes on. */
const FOLD_INDENT = 4;

/** A line that is too wide goes on below, further in: broken between cells and the words of a list, within a cell only where that is too wide by itself. Paths and codes stay whole. */
export function folded(line: string, width: number): string[] {
  if (widthOf(line) <= width) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  const margin = `${indent}${' '.repeat(FOLD_INDENT)}`;
  const room = width - margin.length;
  const lines: string[] = [];
  let current = indent;
  const cells = line.slice(indent.length).split(/( {2,}|(?<=,) )/);
  for (let i = 0; i < cells.length; i += 2) {
    const [gap = '', text = ''] = [cells[i - 1], cells[i]];
    if (widthOf(current + gap + text) <= width) {
      current += gap + text;
      continue;
    }
    if (widthOf(text) <= room) {
      if (current.trim() !== '') lines.push(current);
      current = margin + text;
      continue;
    }
    const lead = /^ */.exec(current)?.[0] ?? '';
    const before = current.slice(lead.length);
    const parts = wrapped(before === '' ? text : before + gap + text, room, 'whole').map((part, n) => (n === 0 ? lead : margin) + part);
    lines.push(...parts.slice(0, -1));
    current = parts.at(-1) ?? '';
  }
  return [...lines, current];
}

/** The most of a text that a cell reads, in characters and marks. */
const CELL_CHARACTERS = 400;
/** Room for as many, in UTF-16 units, were all of them marks. */
const CELL_UNITS = 50 * CELL_CHARACTERS;

/** Wider than any name; a row is not as long as a text that somebody put into a file. */
const WIDEST_CELL = 200;

/** The most columns of a list of names, or of a line of progress, that a name takes. */
export const NAME_COLUMNS = 12;

/** The fewest that a row leaves to a name: three characters and a sign that there are more. */
export const LEAST_NAME = 8;

/** Text from a package or store, cut to a width; its styles stay. */
export function cell(text: string, width = 60): string {
  // Whatever the width: of a text that takes no room at all, nothing is seen either.
  if (text.length <= CELL_CHARACTERS && widthOf(text) <= width) return text;
  const characters = charactersOf(text.slice(0, CELL_UNITS)).slice(0, CELL_CHARACTERS);
  const start = characters.map((character) => character.text).join('');
  if (start.length === text.length && widthOf(start) <= width) return start;
  let cut = '';
  let isFull = false;
  for (const { text: character, isMark } of characters) {
    isFull ||= !isMark && widthOf(cut + character) > width - 1;
    if (isMark || !isFull) cut += character;
  }
  return `${cut}…`;
}

const OPENING = '「『（《“‘';
const CLOSING = '，。、；：？！」』）》”’…';
/** A path or an address, also with Chinese characters in it. */
const PATH = `[^\\s${OPENING}${CLOSING}]*[/\\\\][^\\s${OPENING}${CLOSING}]*[${CLOSING}]*`;
/** What stays together on a line: blanks; a path; or a Chinese character, or a word of other letters, with the signs around it. */
const UNBROKEN = new RegExp(
  `\\s+|${PATH}|[${OPENING}]*(?:\\p{Script=Han}|(?:(?![\\p{Script=Han}${OPENING}${CLOSING}])\\S)+)?[${CLOSING}]*`,
  'gu',
);

/**
 * A text as lines of at most so many columns. Chinese breaks at any character, never before a closing sign or behind an opening one.
 * @param wide what becomes of a word that is wider: a path or code that is `whole` can be copied
 */
export function wrapped(text: string, width: number, wide: 'broken' | 'whole' = 'broken'): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of (text.match(UNBROKEN) ?? [])
    .filter(Boolean)
    .flatMap((part) => (wide === 'broken' && widthOf(part) > width ? [...part] : [part]))) {
    if (line !== '' && widthOf(line + part.trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = part.trimStart();
    } else line += part;
  }
  return line.trimEnd() === '' ? lines : [...lines, line.trimEnd()];
}

/** A moment as a clerk in Taiwan reads it, to the minute. */
export const localTime = (at: Date): string => taipeiTime(at).slice(0, 16);

/** A text with another in brackets behind it, of the width that the language writes them in. */
export const bracketed = ({ labels }: Messages, text: string, within: string | number): string =>
  labels.bracketed.replace('{of}', () => text).replace('{in}', () => String(within));

/** How the row of a student yields whose id and name are followed by `countCells`: the name, then a label. */
export const COUNTED_STUDENT: readonly Yielding[] = [
  [1, NAME_COLUMNS],
  [4, 10],
  [1, LEAST_NAME],
];

/** The cells of how much there is of what. */
export const countCells = (labels: Messages['labels'], counts: Counts): (string | number)[] => [
  labels.courseResults,
  counts.courseResults,
  labels.multiPerformances,
  counts.multiPerformances,
  labels.attachments,
  counts.attachments,
];

type Counts = Readonly<Record<'courseResults' | 'multiPerformances' | 'attachments', number>>;

/** Whether and how a student left: `轉出 2021-01-22`; empty for one who is here. */
export const leftText = ({ leftAs }: Messages, left: Leaving | undefined): string => (left ? `${leftAs[left.as]} ${left.on}` : '');

/** A class, seat or student number that a list changed: `班級 101 → 102`. */
export const rollChangeText = (labels: Messages['labels'], { property, from, to }: RollChange): string =>
  fill('{property} {from} → {to}', { property: labels[property], from: from || '—', to: to || '—' });

/** A property of basic data that became another: `姓名 王曉明 → 王小明`. */
export function changeText(labels: Messages['labels'], { property, from, to }: BasicDataChange): string {
  const names: Partial<Record<BasicDataChange['property'], string>> = { name: labels.name, birthDate: labels.birthDate };
  const shown = (value: string | number) => (value === '' ? '—' : value);
  return fill('{property} {from} → {to}', { property: names[property] ?? basicDataWire(property), from: shown(from), to: shown(to) });
}
