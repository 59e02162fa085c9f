/** Reads the lists of a table: each student once, and what is wrong with the other rows. */
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Finding, findingOf, LpxError, type Place } from '../../errors.js';
import { faultFinding, readRoster, rowPlace } from '../../roster/roster-rows.js';
import { type ListEntry, readListRow } from '../../roster/student-list.js';
import { BoundedFindings } from '../../spec/findings.js';
import { garblingOf } from '../../spec/rules/garbled-text.js';

/** Findings that are kept of all; more are counted. */
const FINDINGS = 200;
/** More rows than all schools of a county have students. */
const ROWS = 300_000;
/** Students who are compared with the roll and put on it at a time. */
const TOGETHER = 1000;

/** Collects findings up to a bound, errors before others; of those beyond it the number is known. */
class Collected {
  readonly #errors: Finding[] = [];
  readonly #others: Finding[] = [];
  /** A few of each kind. */
  readonly #notes = new BoundedFindings();

  push(finding: Finding): void {
    if (finding.severity === 'note') {
      this.#notes.push(finding);
      return;
    }
    const of = finding.severity === 'error' ? this.#errors : this.#others;
    if (of.length < FINDINGS) of.push(finding);
    else of[FINDINGS - 1] = { ...(of[FINDINGS - 1] as Finding), more: ((of[FINDINGS - 1] as Finding).more ?? 0) + 1 };
  }

  list(): Finding[] {
    return [...this.#errors, ...this.#others, ...this.#notes.list()];
  }
}

/** A student of the list, and where. */
export interface EntryAt {
  readonly entry: ListEntry;
  readonly sheet: string;
  /** From 0. */
  readonly row: number;
}

export interface List {
  /** Rows of lists, and of what else is in the table. */
  readonly rows: number;
  readonly otherRows: number;
  badRows: number;
  /** Students by national id, packed: of a hundred thousand, objects would take a hundred megabytes. */
  readonly packed: Map<string, string>;
  readonly numbers: NumberLengths;
  readonly findings: Collected;
}

/** Reads all rows: the students by national id, each once, and what is wrong with the other rows. */
export async function readList(path: string, year: number): Promise<List> {
  const [file, findings, notes] = [basename(path), new Collected(), [] as Finding[]];
  const packed = new Map<string, string>();
  const numbers = new NumberLengths();
  const bad = new Set<string>();
  let [rows, otherRows, badRows] = [0, 0, 0];
  for await (const row of readRoster(path, notes)) {
    if (row.sheet.kind.kind !== 'students') {
      otherRows++;
      continue;
    }
    if (++rows % TOGETHER === 0) await setImmediate();
    if (rows > ROWS) throw new LpxError('LPX_TABLE_LARGE', { file, what: 'rows', value: rows, limit: ROWS });
    const { entry, faults } = readListRow(row.cells, year);
    for (const fault of faults) findings.push(faultFinding(row, fault, file, entry.birthDate));
    if (faults.some(({ severity }) => severity === 'error')) {
      badRows++;
      continue;
    }
    const garbling = garblingOf(entry.name, true);
    if (garbling) findings.push(findingOf('LPX_TEXT_GARBLED', 'warning', rowPlace(row, file), { value: entry.name, garbling }));
    const { nationalId } = entry;
    const at = { entry, sheet: row.sheet.name, row: row.row };
    const text = packed.get(nationalId);
    if (text === undefined) {
      numbers.add(entry.studentNumber);
      packed.set(nationalId, pack(at));
      continue;
    }
    const first = unpack(nationalId, text);
    const differing = differingIn(first.entry, entry);
    if (differing !== undefined && !bad.has(nationalId)) findings.push(repeated(at, first, file));
    findings.push(repeated(first, at, file));
    if (differing === undefined) packed.set(nationalId, pack({ ...first, entry: filled(first.entry, entry) }));
    else {
      badRows += bad.has(nationalId) ? 1 : 2;
      bad.add(nationalId);
    }
  }
  // Which of two rows is right nobody can say.
  for (const nationalId of bad) packed.delete(nationalId);
  for (const note of notes) findings.push(note);
  return { rows, otherRows, badRows, packed, numbers, findings };
}

const PROPERTIES = ['name', 'birthDate', 'studentNumber', 'className', 'seat'] as const;
/** The first property of which two rows say something else. */
export const differingIn = (first: ListEntry, second: ListEntry): (typeof PROPERTIES)[number] | undefined =>
  PROPERTIES.find((name) => first[name] !== '' && second[name] !== '' && first[name] !== second[name]);

/** Stands in no cell: what is between the parts of a packed student. */
const BETWEEN = '\n';

const pack = ({ entry, sheet, row }: EntryAt): string =>
  [row, sheet, ...PROPERTIES.map((name) => entry[name])].map((part) => String(part).replaceAll(BETWEEN, ' ')).join(BETWEEN);

export function unpack(nationalId: string, text: string): EntryAt {
  const [row, sheet = '', name = '', birthDate = '', studentNumber = '', className = '', seat = ''] = text.split(BETWEEN);
  return { entry: { nationalId, name, birthDate, studentNumber, className, seat }, sheet, row: Number(row) };
}

/** The students of a list some at a time, with the zeros that their numbers have lost. Says who share a student number, or a seat. */
export function* inChunks({ packed, numbers, findings }: List, file: string): Generator<EntryAt[]> {
  let chunk: EntryAt[] = [];
  const rowsByNumber = new Map<string, number>();
  const rowsBySeat = new Map<string, number>();
  for (const [nationalId, text] of packed) {
    const at = unpack(nationalId, text);
    const { studentNumber } = at.entry;
    const restored = numbers.restored(studentNumber);
    if (restored !== studentNumber)
      findings.push(findingOf('LPX_ROSTER_ZEROS', 'warning', placeOf(at, file), { value: studentNumber, restored }));
    const { className, seat } = at.entry;
    const noteShared = (rows: Map<string, number>, rollProperty: string, value: string) => {
      const first = rows.get(value);
      if (first === undefined) rows.set(value, at.row + 1);
      else findings.push(findingOf('LPX_ROSTER_SHARED', 'warning', placeOf(at, file), { rollProperty, value, first }));
    };
    if (restored !== '') noteShared(rowsByNumber, 'studentNumber', restored);
    if (className !== '' && seat !== '') noteShared(rowsBySeat, 'classSeat', `${className} ${seat}`);
    chunk.push({ ...at, entry: { ...at.entry, studentNumber: restored } });
    if (chunk.length < TOGETHER) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** What the second says where the first says nothing. */
const filled = (first: ListEntry, second: ListEntry): ListEntry =>
  Object.fromEntries(
    Object.entries(first).map(([name, value]) => [name, value || second[name as keyof ListEntry]]),
  ) as unknown as ListEntry;

export const placeOf = ({ entry, sheet, row }: EntryAt, file: string): Place => ({
  student: entry.nationalId,
  name: entry.name,
  file,
  ...(sheet !== '' && { sheet }),
  row,
});

/** @param before the list that the first row is in, where that is another one */
export function repeated(first: EntryAt, at: EntryAt, file: string, before = ''): Finding {
  const differing = differingIn(first.entry, at.entry);
  const sheet = before !== '' || first.sheet !== at.sheet ? first.sheet : '';
  const row = [before, sheet, first.row + 1].filter((part) => part !== '').join(': ');
  if (differing === undefined) return findingOf('LPX_ROSTER_TWICE', 'note', placeOf(at, file), { first: row });
  const rollProperty = differing === 'className' ? 'class' : differing;
  const facts = { first: row, rollProperty, value: at.entry[differing], other: first.entry[differing] };
  return findingOf('LPX_ROSTER_CONFLICT', 'error', placeOf(at, file), facts);
}

/** By how many digits student numbers may be shorter than the others for having lost zeros. */
const LOST_DIGITS = 2;

/**
 * Student numbers of digits alone have one length in a school. Where all have one of two lengths, the shorter ones have lost their zeros
 * in a spreadsheet program.
 */
class NumberLengths {
  readonly #lengths = new Set<number>();
  #onlyDigits = true;

  add(number: string): void {
    if (number === '') return;
    this.#lengths.add(number.length);
    this.#onlyDigits &&= /^\d+$/.test(number);
  }

  restored(number: string): string {
    const [short = 0, long = 0] = [...this.#lengths].sort((a, b) => a - b);
    const isLost = this.#onlyDigits && this.#lengths.size === 2 && long - short <= LOST_DIGITS && number.length === short;
    return isLost ? number.padStart(long, '0') : number;
  }
}
