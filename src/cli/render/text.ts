/** Small pieces that every command's text is made of. */
import stringWidth from 'fast-string-width';
import type { RollChange } from '../../exchange/load-roster.js';
import type { BasicDataChange, Leaving } from '../../exchange/school-store.js';
import { fill, type Messages } from '../../messages/messages.js';
import { basicDataWire } from '../../spec/portfolio.js';
import { taipeiTime } from '../../spec/terms.js';
import { printable } from './printable.js';

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

/** The fewest columns that a cell is shortened to. */
const LEAST_COLUMNS = 8;

/** As `columns`, with one column shortened so that no row is wider; without a width nothing is. */
export function fittingColumns(rows: readonly (readonly (string | number)[])[], indent: string, shorten: number, width?: number): string[] {
  const lines = columns(rows, indent);
  const excess = width === undefined ? 0 : Math.max(0, ...lines.map(widthOf)) - width;
  if (excess <= 0) return lines;
  const room = Math.max(LEAST_COLUMNS, Math.max(...rows.map((row) => widthOf(String(row[shorten] ?? '')))) - excess);
  const shorter = rows.map((row) => row.map((text, i) => (i === shorten ? cell(String(text), room) : text)));
  return columns(shorter, indent);
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

/** The most of a text that a cell reads, in UTF-16 units. */
const CELL_UNITS = 400;

/** The most columns of a row that a name takes. */
export const NAME_COLUMNS = 12;

/** Text from a package or store, cut to a width. */
export function cell(text: string, width = 40): string {
  // Whatever the width: of a text that takes no room at all, nothing is seen either.
  const start = text.slice(0, CELL_UNITS);
  if (start.length === text.length && widthOf(start) <= width) return start;
  let cut = '';
  for (const character of start) {
    if (widthOf(cut + character) > width - 1) break;
    cut += character;
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
