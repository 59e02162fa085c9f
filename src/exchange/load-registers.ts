/** Loads the rows of registers as records of students who are on the roll. Registers add and update; they take nothing out. */
import { basename, dirname } from 'node:path';
import { errorOf, type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { type TakenAttachment, type TakenRecord, WHOLE } from '../package/attachments.js';
import { canonicalCode } from '../plain-text.js';
import { linkAttachments, type RegisterRecord } from '../roster/attachment-folder.js';
import { faultFinding, type RosterRow, readRoster, rowPlace } from '../roster/roster-rows.js';
import type { RegisterKind } from '../roster/sheet-kinds.js';
import { findAttachments } from '../spec/attachments.js';
import { BoundedFindings } from '../spec/findings.js';
import {
  type BasicData,
  basicDataWire,
  documentFromPortfolios,
  HALF_WIRE,
  type JsonObject,
  LISTS,
  portfoliosFromDocument,
  recordWire,
  type WireList,
  wireListOf,
} from '../spec/portfolio.js';
import { readValue } from '../spec/repair.js';
import { allRuleFindings, type ReferenceData } from '../spec/rules/record-rules.js';
import { documentFindings } from '../spec/validate.js';
import { completeRecords } from '../store/complete-records.js';
import { referenceDataFor } from '../store/reference-data.js';
import type { Store, StoredStudent } from '../store/store.js';
import { type LoadResult, loadRecords, type RecordSource } from './load.js';
import type { LoadRosterRequest } from './load-roster.js';

export interface LoadRegistersRequest extends LoadRosterRequest {
  /** Where the files are that rows name; without it, in the folder of the register. */
  readonly attachments?: string | undefined;
  /** The clerk says that the course results are certified where the register does not say. */
  readonly certified?: boolean | undefined;
  /** Students whom a list in the same table will have put on the roll. */
  readonly enrolling?: ReadonlyMap<string, BasicData> | undefined;
  /** Loads that list, as part of the same change. */
  readonly before?: RecordSource['before'];
  /** Whether the list in the same table has said what of the table is not read. */
  readonly notesGiven?: boolean | undefined;
  /** ROC school year of a register that has neither a cover nor columns to say it. */
  readonly academicYear?: number | undefined;
  /** Called with the bytes of attachments read so far, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface LoadedRegisters extends LoadResult {
  readonly rows: number;
  /** Rows that were left out. */
  readonly skippedRows: number;
}

/** A row that says a record. */
interface Entry extends RegisterRecord {
  readonly at: RosterRow<RegisterKind>;
  readonly student: StoredStudent;
  /** The fields that the row says. */
  readonly stated: ReadonlySet<string>;
}

/**
 * Loads the registers of one table, whole or not at all, or without their bad rows.
 * @throws as `readRoster`, `linkAttachments` and `loadRecords`; the first error of the rows with all of them
 */
export async function loadRegisters(store: Store, request: LoadRegistersRequest): Promise<LoadedRegisters | undefined> {
  const { path, skipBadRows = false, certified = false, academicYear } = request;
  const file = basename(path);
  const notes: Finding[] = [];
  const rows = await registerRows(path, notes);
  if (rows.length === 0) return undefined;
  const cover = rows.map(({ cover }) => cover.schoolCode).find((code) => code !== undefined && code !== store.school.code);
  if (cover !== undefined)
    throw new LpxError('LPX_REGISTER_OTHER_SCHOOL', { value: cover, school: store.school.code }, { place: { file } });
  const students = await studentsOf(store, rows, request.enrolling);
  const findings = new RowFindings(request.notesGiven ? [] : notes);
  const read = rows.flatMap((row) => readRow(row, { file, store, certified, academicYear, students, findings }));
  const known = await referenceDataFor(store, portfoliosOf(read));
  const valid = read.filter((entry) => findings.add(entry.at, entryFindings(entry, known)));
  findings.note(uncertified(valid, file));
  const folder = request.attachments ?? dirname(path);
  const linked = await linkAttachments(folder, valid, { search: request.attachments !== undefined });
  const byRow = new Map<string, Finding[]>();
  for (const finding of linked.findings) {
    const key = `${finding.place.sheet ?? ''} ${finding.place.row}`;
    byRow.set(key, [...(byRow.get(key) ?? []), finding]);
  }
  const sound = linked.records.filter(({ at }) => findings.add(at, byRow.get(`${at.sheet.name} ${at.row}`) ?? []));
  findings.note(linked.findings.filter(({ place }) => place.row === undefined));
  const refusal = errorOf(findings.list());
  if (refusal && (!skipBadRows || sound.length === 0)) throw refusal;

  const portfolios = portfoliosOf(sound);
  const entries = entriesByPlace(sound, portfolios);
  const found = findAttachments(portfolios, linked.files, new Map(), false);
  let taken = 0;
  const result = await loadRecords(store, request, {
    file,
    bytes: 0,
    overridden: certified && sound.some(({ list }) => list === 'courseResults') ? 'LPX_NOT_CERTIFIED' : '',
    portfolios,
    found,
    coverage: () => ({ lists: new Set(), terms: new Set() }),
    findings: findings.list(),
    accept: { ...WHOLE, partial: skipBadRows },
    roll: 'store',
    before: request.before,
    complete: (records, stored, onKept) => {
      taken += records.length;
      return completeRecords<TakenAttachment, TakenRecord>(records, stored, {
        statedOf: ({ fields }) => entries.stated(fields),
        attached: (file) => ({ ...file, crc32: file.crc32, stagedAt: undefined }),
        onKept,
      });
    },
  }).catch((error) => {
    throw error instanceof LpxError ? (errorOf(error.findings.map(entries.inRow)) ?? error) : error;
  });
  return { ...result, rows: rows.length, skippedRows: rows.length - taken, findings: result.findings.map(entries.inRow) };
}

async function registerRows(path: string, notes: Finding[]): Promise<RosterRow<RegisterKind>[]> {
  const rows: RosterRow<RegisterKind>[] = [];
  for await (const row of readRoster(path, notes)) if (row.sheet.kind.kind === 'register') rows.push(row as RosterRow<RegisterKind>);
  return rows;
}

const idOf = ({ cells }: RosterRow): string => canonicalCode((cells.nationalId ?? '').slice(0, 100)).replace(/\s/g, '');

async function studentsOf(
  store: Store,
  rows: readonly RosterRow[],
  enrolling: ReadonlyMap<string, BasicData> = new Map(),
): Promise<ReadonlyMap<string, StoredStudent>> {
  const students = new Map<string, StoredStudent>();
  for (const nationalId of new Set(rows.map(idOf))) {
    const basicData = enrolling.get(nationalId);
    const student = (nationalId === '' ? undefined : await store.student(nationalId)) ?? (basicData && enrolled(basicData));
    if (student) students.set(nationalId, student);
  }
  return students;
}

const enrolled = (basicData: BasicData): StoredStudent => ({
  id: 0,
  basicData,
  extras: {},
  roll: { studentNumber: '', className: '', seat: '' },
  listed: true,
  extendedYears: 0,
  left: undefined,
  records: [],
});

/** The findings of rows, and which rows have errors. */
class RowFindings {
  readonly bad = new Set<RosterRow>();
  readonly #found = new BoundedFindings();
  readonly #notes: Finding[];

  constructor(notes: Finding[]) {
    this.#notes = notes;
  }

  /** @returns whether the row may be loaded */
  add(row: RosterRow, findings: readonly Finding[]): boolean {
    this.#found.add(findings);
    if (errorOf(findings)) this.bad.add(row);
    return !this.bad.has(row);
  }

  note(findings: readonly Finding[]): void {
    this.#notes.push(...findings);
  }

  list(): Finding[] {
    return [...this.#found.list(), ...this.#notes];
  }
}

interface Reading {
  readonly file: string;
  readonly store: Store;
  readonly certified: boolean;
  readonly academicYear: number | undefined;
  readonly students: ReadonlyMap<string, StoredStudent>;
  readonly findings: RowFindings;
}

/** The record of a row; none of one that cannot be read, which is reported. */
function readRow(at: RosterRow<RegisterKind>, { file, store, certified, academicYear, students, findings }: Reading): Entry[] {
  const { kind } = at.sheet;
  const nationalId = idOf(at);
  const student = students.get(nationalId);
  const { record, assumed, faults } = kind.rowToRecord(at.cells, {
    schoolCode: store.school.code,
    academicYear: at.cover.academicYear ?? academicYear,
    certified,
  });
  const of = student ? { student: nationalId, name: student.basicData.name } : {};
  const own = faults.map((fault) => faultFinding(at, fault, file));
  if (nationalId === '') own.push(faultFinding(at, { column: 'nationalId', problem: 'missing', severity: 'error' }, file));
  else if (!student) own.push(faultFinding(at, { column: 'nationalId', problem: 'unknown', severity: 'error' }, file));
  else if (isOther(at.cells.birthDate ?? '', student.basicData))
    own.push(faultFinding(at, { column: 'birthDate', problem: 'birthDate', severity: 'error' }, file));
  if (!findings.add(at, own) || !record || !student) return [];
  const list = wireListOf(kind.list);
  const names = new Map(list.properties.map(({ wire, name }) => [wire, name]));
  const stated = Object.keys(record).filter((wire) => !assumed.includes(wire));
  return [
    {
      at,
      nationalId,
      student,
      list: kind.list,
      record,
      stated: new Set(stated.map((wire) => names.get(wire) ?? wire)),
      place: (property) => ({ ...of, ...rowPlace(at, file), ...columnOf(at, list, property) }),
    },
  ];
}

const BIRTH_DATE = wireListOf('courseResults').properties.find(({ wire }) => wire === basicDataWire('birthDate'));

function isOther(text: string, { birthDate }: BasicData): boolean {
  const read = text === '' || !BIRTH_DATE ? undefined : readValue(BIRTH_DATE, text);
  return read !== undefined && birthDate !== '' && !('value' in read && (read.value === birthDate || read.value === ''));
}

/** The column that a property stands in, by its title in the sheet; the property, where it has none. */
function columnOf({ sheet }: RosterRow, list: WireList, property: string): Place {
  const name = list.properties.find(({ wire }) => wire === property)?.name ?? '';
  const column = [name, `${name}.semester`, `${name}.yes`].map((name) => sheet.titles.get(name)).find((title) => title !== undefined);
  return column === undefined ? { property } : { column };
}

/** What the spec says of a record, where it stands in the register. */
function entryFindings(entry: Entry, known: ReferenceData): Finding[] {
  const document = [documentOf(entry.student, [entry])];
  const schema = documentFindings(document);
  const found = errorOf(schema) ? schema : [...schema, ...allRuleFindings(document, known)];
  return (
    found
      .filter(({ code, place }) => place.record !== undefined && !EXPECTED.has(code))
      .filter(({ code }) => !(entry.student.listed && code === 'LPX_COURSE_CODE_YEAR'))
      .map((finding) => ({ ...finding, place: entry.place(finding.place.property ?? '') }) as Finding)
      // What the register has no column for, the store may have.
      .filter(({ code, place }) => code !== 'LPX_TEXT_EMPTY' || place.column !== undefined)
  );
}

/** What is so of nearly every row of a register, and is said once or not at all. */
const EXPECTED: ReadonlySet<Finding['code']> = new Set(['LPX_NOT_CERTIFIED', 'LPX_NO_ATTACHMENT']);

/** A student on the wire with the records of these rows. */
function documentOf({ basicData, extras, listed }: StoredStudent, entries: readonly Entry[]): JsonObject {
  // A list of students does not say when they came.
  const known = listed ? { ...basicData, semester: 1 } : basicData;
  const [empty = {}] = documentFromPortfolios([{ basicData: known, extras, records: [] }]) as JsonObject[];
  const listsOf = (owner: WireList['owner']): JsonObject =>
    Object.fromEntries(
      LISTS.filter((list) => list.owner === owner).map((list) => [
        list.wire,
        entries.filter((entry) => entry.list === list.name).map(({ record }) => ({ ...copiesIn(list, basicData), ...record })),
      ]),
    );
  return { ...empty, ...listsOf('student'), [HALF_WIRE.multiPerformances.property]: listsOf('multiPerformances') };
}

/** What a record on the wire repeats of its student. */
const copiesIn = ({ properties }: WireList, { nationalId, birthDate }: BasicData): JsonObject =>
  Object.fromEntries(
    properties.flatMap(({ role, wire, name }) => (role === 'copy' ? [[wire, name === 'birthDate' ? birthDate : nationalId]] : [])),
  );

function byStudent(entries: readonly Entry[]): Entry[][] {
  const students = new Map<string, Entry[]>();
  for (const entry of entries) {
    const ofStudent = students.get(entry.nationalId);
    if (ofStudent) ofStudent.push(entry);
    else students.set(entry.nationalId, [entry]);
  }
  return [...students.values()];
}

const portfoliosOf = (entries: readonly Entry[]) =>
  portfoliosFromDocument(byStudent(entries).map((ofStudent) => documentOf((ofStudent[0] as Entry).student, ofStudent)));

/** Finds the rows of records, by their places in the students' data and by their fields. */
function entriesByPlace(entries: readonly Entry[], portfolios: ReturnType<typeof portfoliosOf>) {
  const byPlace = new Map<string, Entry>();
  const byFields = new Map<unknown, Entry>();
  for (const [i, ofStudent] of byStudent(entries).entries()) {
    const counts = new Map<string, number>();
    for (const entry of ofStudent) {
      const index = counts.get(entry.list) ?? 0;
      counts.set(entry.list, index + 1);
      byPlace.set(`${entry.nationalId} ${wireListOf(entry.list).wire} ${index}`, entry);
      byFields.set(portfolios[i]?.records.filter(({ list }) => list === entry.list)[index]?.fields, entry);
    }
  }
  return {
    stated: (fields: unknown): ReadonlySet<string> => byFields.get(fields)?.stated ?? new Set(),
    inRow: (finding: Finding): Finding => {
      const { student, list, record, property = '', file } = finding.place;
      const entry = byPlace.get(`${student} ${list} ${record}`);
      return entry ? ({ ...finding, place: { ...entry.place(property), ...(file !== undefined && { title: file }) } } as Finding) : finding;
    },
  };
}

const CERTIFICATION = recordWire(wireListOf('courseResults'), 'certification') as string;

/** One warning for each sheet whose course results count as not certified. */
function uncertified(entries: readonly Entry[], file: string): Finding[] {
  const sheets = new Map<string, number>();
  for (const { list, at, record } of entries) {
    if (list === 'courseResults' && record[CERTIFICATION] === undefined) sheets.set(at.sheet.name, (sheets.get(at.sheet.name) ?? 0) + 1);
  }
  return [...sheets].map(([sheet, count]) =>
    findingOf('LPX_REGISTER_UNCERTIFIED', 'warning', { file, ...(sheet !== '' && { sheet }) }, { count }),
  );
}
