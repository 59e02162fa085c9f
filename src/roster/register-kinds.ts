/** The sheets of registers as kinds of sheets: each row is a record of the exchange document. */
import { canonicalCode } from '../plain-text.js';
import { readOrdinal, readSchoolYear, readTerm } from '../spec/identifiers/written-terms.js';
import { type JsonValue, recordWire, type WireProperty, wireListOf } from '../spec/portfolio.js';
import { type CourseSheet, columnsOf, REGISTER_SHEETS, type RegisterColumn, type RegisterSheetKind } from '../spec/registers.js';
import { type ReadValue, readValue, readYes } from '../spec/repair.js';
import { parseTerm, termOf, termOn } from '../spec/terms.js';
import { isExcelError } from './cell-text.js';
import { BIRTH_DATE_COLUMN, NATIONAL_ID_COLUMN, plainTitle, type SheetColumn } from './sheet-columns.js';
import type { CellFault, RegisterKind, RegisterRow, RegisterTerms, RowCells } from './sheet-kinds.js';

/** What a sheet of course results says of all of its records. */
const FLAGS: Readonly<Record<CourseSheet, string | undefined>> = {
  term: undefined,
  madeUp: 'madeUp',
  retaken: 'retaken',
  repeated: 'inRepeatedYear',
  transfer: 'beforeTransfer',
  borrowed: 'duringBorrowedStudy',
};

/** One kind for each sheet of the registers, in their order. */
export const REGISTER_KINDS: readonly RegisterKind[] = REGISTER_SHEETS.map((sheet) => {
  const columns = columnsOf(sheet);
  return {
    kind: 'register',
    title: sheet.name,
    aliases: [...new Set([sheet.name.replace(/紀錄$/, ''), wireListOf(sheet.list).wire])].filter((name) => name !== sheet.name),
    list: sheet.list,
    columns: sheetColumns(sheet, columns),
    rowToRecord: (cells, terms) => excelErrorsIn(cells) ?? recordOf(sheet, columns, cells, terms),
  };
});

/** Of two columns that share a title, the first one has it. */
function sheetColumns({ list }: RegisterSheetKind, columns: readonly RegisterColumn[]): readonly SheetColumn[] {
  const required = new Set(
    wireListOf(list)
      .properties.filter(isRequired)
      .map(({ name }) => name),
  );
  const titles = new Set([NATIONAL_ID_COLUMN, BIRTH_DATE_COLUMN].flatMap(({ title, aliases }) => [title, ...aliases].map(plainTitle)));
  for (const { title } of columns) titles.add(plainTitle(title));
  const own = columns.map((column): SheetColumn => {
    const { title, eveningTitle, aliases, field } = column;
    const free = [...(eveningTitle === undefined ? [] : [eveningTitle]), ...aliases].filter((alias) => {
      const plain = plainTitle(alias);
      return !titles.has(plain) && titles.add(plain);
    });
    return { name: nameOf(column), title, aliases: free, required: required.has(field) };
  });
  return [NATIONAL_ID_COLUMN, BIRTH_DATE_COLUMN, ...own];
}

/** A column's name: a field may stand in one column whole and in another in part. */
export function nameOf({ field, part }: RegisterColumn): string {
  return part ? `${field}.${part}` : field;
}

/** A row with cells that Excel could not work out is no record. */
function excelErrorsIn(cells: RowCells): RegisterRow | undefined {
  const columns = Object.keys(cells).filter((column) => isExcelError(cells[column] ?? ''));
  const faults = columns.map((column): CellFault => ({ column, problem: 'excelError', severity: 'error' }));
  return faults.length === 0 ? undefined : { record: {}, assumed: [], faults };
}

type Fault = (column: string, problem: CellFault['problem']) => void;

function recordOf(sheet: RegisterSheetKind, columns: readonly RegisterColumn[], cells: RowCells, terms: RegisterTerms): RegisterRow {
  const list = wireListOf(sheet.list);
  const faults: CellFault[] = [];
  const fault: Fault = (column, problem) => faults.push({ column, problem, severity: 'error' });
  const fields = new Map<string, JsonValue>();
  for (const column of columns) {
    const name = nameOf(column);
    const property = list.properties.find((property) => property.name === column.field);
    const text = cells[name] ?? '';
    if (!property || column.part) continue;
    if (text === '') {
      if (isRequired(property)) fault(name, 'missing');
      continue;
    }
    const read = readCell(property, text);
    if ('problem' in read) fault(name, read.problem === 'date' ? 'day' : read.problem);
    else fields.set(column.field, read.value);
  }
  const assumed = addTerms(fields, { sheet, columns, cells, terms, faults, fault });
  const flag = sheet.of && FLAGS[sheet.of];
  if (flag) fields.set(flag, true);
  if (!fields.has('originSchoolCode')) fields.set('originSchoolCode', terms.schoolCode);
  if (sheet.list === 'courseResults') addCertification(fields, cells, terms, fault);
  const wireOf = (name: string) => recordWire(list, name) as string;
  return { record: Object.fromEntries([...fields].map(([name, value]) => [wireOf(name), value])), assumed: assumed.map(wireOf), faults };
}

/** A record is none without: what the schema says of it. */
function isRequired({ shape, role }: WireProperty): boolean {
  return !role && (shape === 'text' || shape === 'courseCode');
}

function readCell(property: WireProperty, text: string): ReadValue {
  switch (property.name) {
    case 'academicYear':
      return valueOr(readSchoolYear(text), 'term');
    case 'semester':
      return valueOr(readOrdinal(text), 'term');
    case 'grade':
    case 'gradeSemester': {
      const ordinal = readOrdinal(text);
      return ordinal === undefined ? readValue(property, text) : { value: ordinal };
    }
    case 'originSchoolCode':
      return { value: canonicalCode(text) };
    default:
      return readValue(property, text);
  }
}

const valueOr = (value: number | undefined, problem: 'term'): ReadValue => (value === undefined ? { problem } : { value });

/** The days by which a record belongs to a term, the first that it has. */
const TERM_DAYS = ['startDate', 'resultDate', 'obtainedDate', 'workDate', 'endDate'];

/**
 * Adds the year and the semester: from the row, else from its days and the workbook's cover. @returns the fields that the row does not say
 */
function addTerms(
  fields: Map<string, JsonValue>,
  {
    sheet,
    columns,
    cells,
    terms,
    faults,
    fault,
  }: {
    readonly sheet: RegisterSheetKind;
    readonly columns: readonly RegisterColumn[];
    readonly cells: RowCells;
    readonly terms: RegisterTerms;
    readonly faults: readonly CellFault[];
    readonly fault: Fault;
  },
): string[] {
  const assumed: string[] = [];
  const assume = (field: string, value: JsonValue) => {
    assumed.push(field);
    fields.set(field, value);
  };
  // What cannot be read is reported once.
  const missing = (column: string) => {
    if (!faults.some(({ problem }) => problem === 'term' || problem === 'day')) fault(column, 'missing');
  };
  const given = cells.term ?? '';
  const term = parseTerm(readTerm(given) ?? '');
  if (given !== '' && !term) fault('term', 'term');
  if (term && !fields.has('academicYear')) fields.set('academicYear', term.academicYear);
  if (term && !fields.has('semester')) fields.set('semester', term.semester);
  const ofDays = TERM_DAYS.map((field) => fields.get(field)).find((day) => typeof day === 'string' && day !== '');
  const day = typeof ofDays === 'string' ? termOn(ofDays.replaceAll('/', '-').slice(0, 10)) : undefined;
  // A term of which only the semester is in the sheet is of the year that the register is of.
  const year = terms.academicYear ?? fields.get('academicYear');
  let taken: number | undefined;
  for (const column of columns.filter(({ part }) => part === 'semester')) {
    const text = cells[nameOf(column)] ?? '';
    if (text === '') continue;
    taken = readOrdinal(text);
    if (taken === undefined) fault(nameOf(column), 'term');
    else if (typeof year === 'number') assume(column.field, termOf(year, taken));
  }
  // A course that was due in another term has that term in its own columns.
  const ofAnother = sheet.list === 'courseResults' && sheet.columns.some(({ field }) => field === 'academicYear');
  if (!fields.has('academicYear')) {
    const assumedYear = ofAnother ? undefined : (terms.academicYear ?? day?.academicYear);
    if (assumedYear === undefined) missing('academicYear');
    else assume('academicYear', assumedYear);
  }
  if (!fields.has('semester')) {
    const semester = ofAnother ? undefined : (taken ?? day?.semester);
    if (semester === undefined) missing('semester');
    else assume('semester', semester);
  }
  return assumed;
}

function addCertification(fields: Map<string, JsonValue>, cells: RowCells, { certified }: RegisterTerms, fault: Fault): void {
  if (fields.has('certification')) return;
  const text = cells['certification.yes'] ?? '';
  if (text === '') {
    if (certified) fields.set('certification', CERTIFIED);
    return;
  }
  const isCertified = readYes(text);
  const read = isCertified === undefined ? readValue(CERTIFICATION, text) : { value: isCertified ? CERTIFIED : NOT_CERTIFIED };
  if ('problem' in read) fault('certification.yes', 'yesOrNo');
  else fields.set('certification', read.value);
}

const CERTIFICATION = wireListOf('courseResults').properties.find(({ name }) => name === 'certification') as WireProperty;
const [CERTIFIED, NOT_CERTIFIED] = ['1', '2'];
