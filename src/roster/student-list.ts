/** Rows of a list of students as entries of the roll. */
import { canonicalCode, plainCode } from '../plain-text.js';
import { nationalIdKind } from '../spec/identifiers/national-id.js';
import { readDay, writtenDay } from '../spec/identifiers/written-terms.js';
import { isDay } from '../spec/terms.js';
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
const TEXT_CHARACTERS = 60;

/** @param year the current one, Western */
export function readListRow(cells: RowCells, year: number): { readonly entry: ListEntry; readonly faults: readonly CellFault[] } {
  const faults: CellFault[] = [];
  const fault = (column: string, problem: CellProblem, severity: CellFault['severity'] = 'error') =>
    faults.push({ column, problem, severity });
  const nationalId = canonicalCode((cells.nationalId ?? '').slice(0, 100)).replace(/\s/g, '');
  if (nationalId === '') fault('nationalId', 'missing');
  else if (!ID.test(nationalId)) fault('nationalId', 'nationalId');
  else if (TAIWANESE_ID.test(nationalId) && nationalIdKind(nationalId) === 'other') fault('nationalId', 'checksum');
  const name = nameOf(cells.name ?? '');
  if (name === '') fault('name', 'missing');
  const birthDate = readBirthDate(cells.birthDate ?? '', year);
  if ('problem' in birthDate) fault('birthDate', birthDate.problem);
  else if (birthDate.restored) fault('birthDate', 'lostZeros', 'warning');
  const short = (column: string) => {
    const text = plainCode(cells[column] ?? '').normalize('NFC');
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
  if (name.length > TEXT_CHARACTERS) fault('name', 'tooLong');
  return { entry, faults };
}

const HAN = /^[\p{Script=Han}\p{Co}\s\u3000]+$/u;

/** A name of Han characters without blanks in it: forms fill names of two characters up with one. */
function nameOf(text: string): string {
  const name = text.normalize('NFC').trim();
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
  if (day === undefined) return { problem: 'date' };
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
