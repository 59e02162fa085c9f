/** The list of a batch of exports: a row a student, with where they go and why. Columns are known by their titles, in any order. */
import { basename } from 'node:path';
import { type Finding, LpxError, type Place } from '../errors.js';
import { canonicalCode, plainCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { readDay, readTerm } from '../spec/identifiers/written-terms.js';
import type { ExchangeReason } from '../spec/status-changes.js';
import type { Day } from '../spec/terms.js';
import { cellFinding } from '../spec/text.js';
import type { ListedStudent } from './lists.js';
import { NATIONAL_ID_COLUMN, plainTitle, type SheetColumn } from './sheet-columns.js';
import { readTable } from './tables.js';

export interface ExportRow {
  /** From 0, the titles among them. */
  readonly row: number;
  readonly nationalId: string;
  readonly reason: ExchangeReason;
  /** Terms like `1081`; empty for all. */
  readonly terms: readonly string[];
  /** The student's last day here. */
  readonly left: Day;
  readonly toSchool: string;
}

const COLUMNS: readonly SheetColumn[] = [
  NATIONAL_ID_COLUMN,
  {
    name: 'reason',
    title: '事由',
    aliases: ['交換事由', '異動事由', '異動原因', '異動類別', '原因', '離校原因', 'REASON'],
    required: true,
  },
  { name: 'terms', title: '學期', aliases: ['學年學期', '學年期', '匯出學期', '學年度學期', 'TERM', 'TERMS', 'SEMESTER'], required: false },
  {
    name: 'left',
    title: '離校日',
    aliases: [
      '離校日期',
      '離校',
      '異動日期',
      '異動生效日',
      '轉出日',
      '轉出日期',
      '借讀結束日',
      'LEFT',
      'DAYLEFT',
      'LASTDAY',
      'DATELEFT',
      'LEFTON',
    ],
    required: true,
  },
  {
    name: 'toSchool',
    title: '收件學校',
    aliases: [
      '收件學校代碼',
      '轉入學校',
      '轉入學校代碼',
      '轉往學校',
      '原學校',
      '原學校代碼',
      '接收學校',
      '接收學校代碼',
      '學校代碼',
      'TO',
      'SCHOOL',
      'TOSCHOOL',
      'RECEIVINGSCHOOL',
      'SCHOOLCODE',
    ],
    required: true,
  },
];

/** Whether a row of titles is that of a list of exports, as lpx writes them: then it is no list of students. */
export const hasExportTitles = (titles: readonly string[]): boolean =>
  COLUMNS.filter(({ required }) => required).every(
    ({ name, title }) => name === NATIONAL_ID_COLUMN.name || titles.some((text) => plainTitle(text) === plainTitle(title)),
  );

export interface ExportList {
  /** The rows with nothing wrong in them. */
  readonly rows: readonly ExportRow[];
  /** Every student who is named, and where, also in rows with something wrong. */
  readonly students: readonly ListedStudent[];
  /** LPX_LIST_ROW for every wrong cell, and as a warning for a student who goes to another school too. */
  readonly findings: readonly Finding[];
}

/**
 * Reads the list of a batch.
 * @param readReason the reason that a text means
 * @throws as `readTable`; LPX_LIST_TITLES, LPX_TABLE_EMPTY
 */
export async function readExportList(file: string, readReason: (text: string) => ExchangeReason | undefined): Promise<ExportList> {
  const rows = (await readTable(file)).map((cells) => cells.map((cell) => cell.trim()));
  const titlesAt = rows.findIndex((cells) => cells.some((cell) => cell !== ''));
  const columns = columnsIn(rows[titlesAt] ?? [], basename(file));
  const findings: Finding[] = [];
  const good: ExportRow[] = [];
  const students: ListedStudent[] = [];
  const earlier = new Map<string, Pick<ExportRow, 'toSchool' | 'reason'>[]>();
  for (const [row, cells] of rows.entries()) {
    if (row <= titlesAt || cells.every((cell) => cell === '') || cells[0]?.startsWith('#')) continue;
    const cellOf = (name: string) => cells[columns.get(name) ?? -1] ?? '';
    const place: Place = { file: basename(file), row };
    const faults = findings.length;
    const wrong = (column: string, value: string) => findings.push(cellFinding(place, column, value));
    const nationalId = canonicalCode(cellOf('nationalId'));
    const reason = readReason(cellOf('reason'));
    const terms = plainCode(cellOf('terms'))
      .split(/[,，、;；\n]/)
      .map((term) => term.trim())
      .filter((term) => term !== '');
    const known = terms.map(readTerm);
    const left = readDay(cellOf('left'));
    const toSchool = canonicalCode(cellOf('toSchool'));
    if (nationalId === '') wrong('nationalId', '');
    else students.push({ nationalId, place });
    if (reason === undefined) wrong('exchangeReason', cellOf('reason'));
    for (const [i, term] of known.entries())
      if (term === undefined || (reason !== 'experimental' && reason !== undefined && Number(term.at(-1)) > 2))
        wrong('term', terms[i] ?? '');
    if (left === undefined) wrong('day', cellOf('left'));
    const others = earlier.get(nationalId) ?? [];
    if (!isSchoolCode(toSchool)) wrong('schoolCode', cellOf('toSchool'));
    else if (others.some((other) => other.toSchool === toSchool)) wrong('studentTwice', cellOf('nationalId'));
    // Who transfers goes to one school: the other is one that the data are not meant for.
    else if (findings.length === faults && others.some((other) => [other.reason, reason].includes('transfer')))
      wrong('studentElsewhere', cellOf('nationalId'));
    const elsewhere = others.length > 0 && findings.length === faults;
    if (reason !== undefined && isSchoolCode(toSchool)) earlier.set(nationalId, [...others, { toSchool, reason }]);
    if (findings.length > faults || reason === undefined || left === undefined) continue;
    if (elsewhere) findings.push({ ...cellFinding(place, 'studentElsewhere', cellOf('nationalId')), severity: 'warning' });
    good.push({ row, nationalId, reason, terms: [...new Set(known.filter((term) => term !== undefined))].sort(), left, toSchool });
  }
  if (good.length === 0 && findings.length === 0) throw new LpxError('LPX_TABLE_EMPTY', { file: basename(file) });
  return { rows: good, students, findings };
}

/** Where each column stands. @throws LPX_LIST_TITLES when one is missing */
function columnsIn(titles: readonly string[], file: string): ReadonlyMap<string, number> {
  const plain = titles.map(plainTitle);
  const columns = new Map<string, number>();
  for (const { name, title, aliases } of COLUMNS) {
    const names = [title, ...aliases].map(plainTitle);
    const at = plain.findIndex((found) => names.includes(found));
    if (at >= 0) columns.set(name, at);
  }
  const missing = COLUMNS.filter(({ name, required }) => required && !columns.has(name));
  if (missing.length > 0) throw new LpxError('LPX_LIST_TITLES', { file, missing: missing.map(({ title }) => title).join('、') });
  return columns;
}
