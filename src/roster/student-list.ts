/** Rows of a list of students as entries of the roll. */
import { canonicalCode, plainCode, trimmed } from '../plain-text.js';
import { nationalIdKind } from '../spec/identifiers/national-id.js';
import { readDay, writtenDay } from '../spec/identifiers/written-terms.js';
import { isDay } from '../spec/terms.js';
import { isExcelError } from './cell-text.js';
import type { CellFault, CellProblem, RowCells } from './sheet-kinds.js';

/** A student as a list has them; what it does not say is empty. */
export interface ListEntry {
  readonly nationalId: string;
  readonly name: string;
  /** `yyyy/MM/dd` */
  readonly birthDate: string;
  readonly studentNumber: string;
  readonly className: string;
  readonly seat: string;
}

/** What students of a secondary school may be old; in years, with room for those of evening divisions. */
const AGES = { least: 10, most: 80 } as const;
/** Of a national id or the number of another paper: letters and digits, with a digit among them. */
const ID = /^(?=[A-Z]*\d)[A-Z0-9-]{6,20}$/;
/** Of the form of a national id or resident number, whose checksum has to hold. */
const TAIWANESE_ID = /^[A-Z][A-D1289]\d{8}$/;
/** A Taiwanese id with more behind it, or cut in two by hyphens. */
const LONGER_ID = /^[A-Z][A-D1289]\d{8}./;
/** As long as student numbers are; papers with a number of digits alone have more. */
const STUDENT_NUMBER_DIGITS = 7;
const TEXT_CHARACTERS = 60;
/** What does not show, and what makes a text show as another: control and format characters, not the selectors of Han variants. */
const UNSEEN = /(?![\ufe00-\ufe0f\u{e0100}-\u{e01ef}])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u;
/** What a student's seat and number look like. */
const SEAT = /^[1-9]\d{0,2}$/;
const STUDENT_NUMBER = /^(?=.*\d)[A-Z\d](?:[A-Z\d-]{0,18}[A-Z\d])?$/;
/** A number that is no class: with a sign, a point or an exponent, or of many digits. */
const NO_CLASS = /^(?:[-+.][\d.]+|\d+\.\d*|\d+E[-+]?\d*|\d{7,}|NAN|[-+]?INF(?:INITY)?)$/i;

/** @param year the current one, Western */
export function readListRow(cells: RowCells, year: number): { readonly entry: ListEntry; readonly faults: readonly CellFault[] } {
  const faults: CellFault[] = [];
  /** The first thing that is wrong with a cell is said. */
  const fault = (column: string, problem: CellProblem, severity: CellFault['severity'] = 'error') => {
    if (!faults.some((earlier) => earlier.column === column)) faults.push({ column, problem, severity });
  };
  for (const [column, cell] of Object.entries(cells)) if (isExcelError(cell)) fault(column, 'excelError');
  const nationalId = canonicalCode((cells.nationalId ?? '').slice(0, 100)).replace(/\s/g, '');
  if (nationalId === '') fault('nationalId', 'missing');
  else if (!ID.test(nationalId)) fault('nationalId', 'nationalId');
  else if (TAIWANESE_ID.test(nationalId)) {
    if (nationalIdKind(nationalId) === 'other') fault('nationalId', 'checksum');
  } else if (LONGER_ID.test(`${nationalId.replaceAll('-', '')} `) || isNumber(nationalId)) fault('nationalId', 'nationalId');
  else fault('nationalId', 'otherId', 'warning');
  const checkText = (column: string, text: string) => {
    if (UNSEEN.test(text)) fault(column, 'unseen');
    else if (text.includes('\ufffd')) fault(column, 'lost');
    else if (nationalIdKind(canonicalCode(text.slice(0, TEXT_CHARACTERS))) !== 'other') fault(column, 'isId');
  };
  const name = nameOf(cells.name ?? '');
  if (name === '') fault('name', 'missing');
  else checkText('name', name);
  if (!/[\p{L}\p{Co}\ufffd]/u.test(name)) fault('name', 'name');
  const birthDate = readBirthDate(cells.birthDate ?? '', year);
  if ('problem' in birthDate) fault('birthDate', birthDate.problem);
  else if (birthDate.restored) fault('birthDate', 'lostZeros', 'warning');
  const short = (column: string) => {
    const text = plainCode(cells[column] ?? '')
      .normalize('NFC')
      .replace(/\s+/g, ' ');
    checkText(column, text);
    if (text.length > TEXT_CHARACTERS) fault(column, 'tooLong');
    return text.slice(0, TEXT_CHARACTERS);
  };
  const entry = {
    nationalId,
    name: name.slice(0, TEXT_CHARACTERS),
    birthDate: 'problem' in birthDate ? '' : birthDate.day,
    studentNumber: short('studentNumber').toUpperCase(),
    className: short('class'),
    // A seat is a number, whether Excel kept its zero or not.
    seat: short('seat').replace(/^0+(?=\d)/, ''),
  };
  if (entry.seat !== '' && !SEAT.test(entry.seat)) fault('seat', 'odd', 'warning');
  if (entry.studentNumber !== '' && !STUDENT_NUMBER.test(entry.studentNumber)) fault('studentNumber', 'odd', 'warning');
  if (NO_CLASS.test(entry.className)) fault('class', 'odd', 'warning');
  if (name.length > TEXT_CHARACTERS) fault('name', 'tooLong');
  return { entry, faults };
}

const isNumber = (id: string): boolean => /^\d+$/.test(id) && id.length <= STUDENT_NUMBER_DIGITS;

const HAN = /^[\p{Script=Han}\p{Co}\s\u3000]+$/u;

/** A name of Han characters without blanks in it: forms fill names of two characters up with one. */
function nameOf(text: string): string {
  const name = trimmed(text.normalize('NFC'));
  return HAN.test(name) ? name.replace(/[\s\u3000]+/g, '') : name.replace(/[\s\u3000]+/g, ' ');
}

type BirthDate = { readonly day: string; readonly restored: boolean } | { readonly problem: CellProblem };

/**
 * A birth date in years of the Republic or Western ones. A year of two digits is of the Republic, of which Excel took the
 * zero (0930101) or a person left it out (93/1/1); the other calendar would make the student too young or too old.
 */
function readBirthDate(text: string, year: number): BirthDate {
  const plain = plainCode(text.slice(0, 60)).replace(/[ T]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?$/, '');
  if (plain === '') return { day: '', restored: false };
  if (/^\d{5}$/.test(plain)) return { problem: 'lostZeros' };
  const day = readDay(plain) ?? dayOfShortYear(plain);
  if (day === undefined) return { problem: 'day' };
  const age = year - Number(day.slice(0, 4));
  if (age < AGES.least || age > AGES.most) return { problem: 'date' };
  return { day: day.replaceAll('-', '/'), restored: /^\d{6}$/.test(plain) };
}

function dayOfShortYear(plain: string): string | undefined {
  const written = writtenDay(plain);
  if (written?.yearDigits !== 2 || written.rest !== '' || written.beforeRepublic) return undefined;
  const day = written.parts.join('-');
  return isDay(day) ? day : undefined;
}
