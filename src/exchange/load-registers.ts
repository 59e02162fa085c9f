/** Loads the rows of registers as records of students who are on the roll. Registers add and update; they take nothing out. */
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { errorOf, type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { type TakenAttachment, type TakenRecord, WHOLE } from '../package/attachments.js';
import { canonicalCode } from '../plain-text.js';
import { exampleOf, type LinkedRecords, type ListedFile, openAttachments, type RegisterRecord } from '../roster/attachment-folder.js';
import { faultFinding, type RosterRow, type RosterSheet, readRoster, rowPlace } from '../roster/roster-rows.js';
import type { RegisterKind, RowCells } from '../roster/sheet-kinds.js';
import { findAttachments } from '../spec/attachments.js';
import { BoundedFindings } from '../spec/findings.js';
import {
  type BasicData,
  basicDataWire,
  documentFromPortfolios,
  HALF_WIRE,
  type JsonObject,
  LISTS,
  type ListName,
  linkPropertyOf,
  type Portfolio,
  portfoliosFromDocument,
  recordWire,
  SLOTS,
  type WireList,
  wireListOf,
} from '../spec/portfolio.js';
import { readValue } from '../spec/repair.js';
import { allRuleFindings, type ReferenceData } from '../spec/rules/record-rules.js';
import { documentFindings } from '../spec/validate.js';
import { completeRecords } from '../store/records/complete-records.js';
import { referenceDataFor } from '../store/reference-data.js';
import type { RollStudent, Store } from '../store/store.js';
import { digestFile } from '../zip/threads/digest.js';
import { type CheckedPart, type LoadResult, loadRecords, type RecordPart, type RecordSource } from './load.js';
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
  /** Called with the rows checked so far, and all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface LoadedRegisters extends LoadResult {
  readonly rows: number;
  /** Rows that were left out. */
  readonly skippedRows: number;
  /** Files of the folder of attachments: the paths on disk of those that rows name, and those of its students that no row does. */
  readonly usedFiles: readonly string[];
  readonly unusedFiles: readonly ListedFile[];
}

/** A row that says a record. */
interface Entry extends RegisterRecord {
  readonly at: RosterRow<RegisterKind>;
  readonly student: Student;
  /** The fields that the row says. */
  readonly stated: ReadonlySet<string>;
}

/** What of a student the checks of a row ask for. */
type Student = Pick<RollStudent, 'basicData' | 'extras' | 'listed'>;

/**
 * Loads the registers of one table, whole or not at all, or without their bad rows. Rows are checked, and written, some students at a
 * time: in between they are packed, since those of a county's schools would take gigabytes.
 * @throws as `readRoster`, `openAttachments` and `loadRecords`; the first error of the rows with all of them
 */
export async function loadRegisters(store: Store, request: LoadRegistersRequest): Promise<LoadedRegisters | undefined> {
  const { path, skipBadRows = false, certified = false } = request;
  const file = basename(path);
  const notes: Finding[] = [];
  const rows = await packedRows(path, notes);
  if (rows.count === 0) return undefined;
  const cover = [...rows.schools].find((code) => code !== store.school.code);
  if (cover !== undefined)
    throw new LpxError('LPX_REGISTER_OTHER_SCHOOL', { value: cover, school: store.school.code }, { place: { file } });
  const folder = request.attachments ?? dirname(path);
  const { ids, fileNames } = rows;
  const attachments = await openAttachments(folder, { search: request.attachments !== undefined, ids, named: fileNames });
  const findings = new RowFindings(request.notesGiven ? [] : notes);
  const uncertified = new Map<string, number>();
  let [gone, taken, hasCourseResults] = [0, 0, false];

  async function* parts(): AsyncGenerator<RecordPart> {
    for (const group of rows.groups()) {
      await setImmediate();
      const sound = await checkRows(group);
      gone += group.length;
      request.onProgress?.(gone, rows.count);
      // Once the table is refused, its files need not be read.
      if (sound.records.length > 0 && (skipBadRows || !findings.hasErrors)) yield partOf(sound);
    }
  }

  async function checkRows(group: readonly RosterRow<RegisterKind>[]): Promise<LinkedRecords<Entry>> {
    const students = await studentsOf(store, group, request.enrolling);
    const read = group.flatMap((row) => readRow(row, { file, store, students, findings, terms: request }));
    const known = await referenceDataFor(store, portfoliosOf(read));
    const valid = read.filter((entry) => findings.add(entry.at, entryFindings(entry, known, findings.isBad(entry.at))));
    countUncertified(valid, uncertified);
    const linked = attachments.link(valid);
    const byRow = new Map<string, Finding[]>();
    for (const finding of linked.findings) {
      const key = `${finding.place.sheet ?? ''} ${finding.place.row}`;
      byRow.set(key, [...(byRow.get(key) ?? []), finding]);
    }
    const records = linked.records.filter(({ at }) => findings.add(at, byRow.get(`${at.sheet.name} ${at.row}`) ?? []));
    return { ...linked, records };
  }

  function partOf({ records, files }: LinkedRecords<Entry>): RecordPart {
    hasCourseResults ||= records.some(({ list }) => list === 'courseResults');
    const portfolios = portfoliosOf(records);
    const entries = entriesByPlace(records, portfolios);
    const used = new Map([...files].filter(([path]) => records.some(({ record, list }) => linksOf(record, list).includes(path))));
    return {
      portfolios,
      found: findAttachments(portfolios, used, new Map(), false),
      placed: entries.inRow,
      checked: (portfolios) => {
        taken += portfolios.reduce((sum, { records }) => sum + records.length, 0);
        const packed = pack(portfolios, entries.stated);
        return unpacking(packed);
      },
    };
  }

  const result = await loadRecords(store, request, {
    file,
    bytes: 0,
    overridden: () => (certified && hasCourseResults ? 'LPX_NOT_CERTIFIED' : ''),
    parts,
    coverage: () => ({ lists: new Set(), terms: new Set() }),
    findings: () => [...findings.list(), ...uncertifiedFindings(uncertified, file)],
    accept: { ...WHOLE, partial: skipBadRows ? 'skip' : false },
    roll: 'store',
    before: request.before,
  });
  return {
    ...result,
    rows: rows.count,
    skippedRows: rows.count - taken,
    usedFiles: attachments.used(),
    unusedFiles: attachments.unused(),
  };
}

/**
 * What registers that were loaded together leave over of their folder of attachments: not the files that one of them names, nor those
 * that the student's records in the store have.
 * @returns LPX_ATTACHMENTS_UNUSED, or nothing
 */
export async function unusedAttachments(store: Store, registers: readonly LoadedRegisters[]): Promise<Finding[]> {
  const used = new Set(registers.flatMap(({ usedFiles }) => usedFiles));
  const open = new Map(registers.flatMap(({ unusedFiles }) => unusedFiles.map((listed) => [listed.file, listed] as const)));
  const stored = new Map<string, StoredFiles>();
  const unused: ListedFile[] = [];
  for (const listed of open.values()) {
    const { file, owner = '' } = listed;
    if (used.has(file)) continue;
    const ofOwner = stored.get(owner) ?? storedFiles(await store.student(owner));
    stored.set(owner, ofOwner);
    const isStored = ofOwner.sizes.has(statSync(file).size) && ofOwner.md5s.has((await digestFile(file)).md5);
    if (!isStored) unused.push(listed);
  }
  return unused.length === 0 ? [] : [findingOf('LPX_ATTACHMENTS_UNUSED', 'note', {}, { count: unused.length, files: exampleOf(unused) })];
}

interface StoredFiles {
  readonly sizes: ReadonlySet<number>;
  readonly md5s: ReadonlySet<string>;
}

function storedFiles(student: Awaited<ReturnType<Store['student']>>): StoredFiles {
  const files = (student?.records ?? []).flatMap(({ record: { document, media } }) => [document ?? [], media ?? []].flat());
  return { sizes: new Set(files.map(({ bytes }) => bytes)), md5s: new Set(files.map(({ md5 }) => md5)) };
}

/** Rows that are checked at a time, unless one student has more. */
const TOGETHER = 500;

/** The rows of a table's registers, each student's together. */
interface PackedRows {
  readonly count: number;
  /** Codes of the schools on covers. */
  readonly schools: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
  /** What rows name files by. */
  readonly fileNames: ReadonlySet<string>;
  readonly groups: () => Generator<RosterRow<RegisterKind>[]>;
}

async function packedRows(path: string, notes: Finding[]): Promise<PackedRows> {
  const byStudent = new Map<string, string[]>();
  const sheets: Pick<RosterRow<RegisterKind>, 'sheet' | 'cover'>[] = [];
  const [schools, fileNames] = [new Set<string>(), new Set<string>()];
  let count = 0;
  for await (const { sheet, cover, row, cells } of readRoster(path, notes)) {
    if (sheet.kind.kind !== 'register') continue;
    if (++count % TOGETHER === 0) await setImmediate();
    if (sheets.at(-1)?.sheet !== sheet) sheets.push({ sheet: sheet as RosterSheet<RegisterKind>, cover });
    if (cover.schoolCode !== undefined) schools.add(cover.schoolCode);
    for (const column of LINK_COLUMNS) if (cells[column]) fileNames.add(cells[column]);
    const packed = JSON.stringify([sheets.length - 1, row, ...[...sheet.titles.keys()].map((name) => cells[name])]);
    const ofStudent = byStudent.get(idOf(cells));
    if (ofStudent) ofStudent.push(packed);
    else byStudent.set(idOf(cells), [packed]);
  }
  const unpacked = (packed: string): RosterRow<RegisterKind> => {
    const [sheetNumber, row, ...texts] = JSON.parse(packed);
    const { sheet, cover } = sheets[sheetNumber] as (typeof sheets)[number];
    return { sheet, cover, row, cells: Object.fromEntries([...sheet.titles.keys()].map((name, i) => [name, texts[i]])) };
  };
  const inOrder = (a: RosterRow<RegisterKind>, b: RosterRow<RegisterKind>) =>
    a.sheet === b.sheet ? a.row - b.row : orderOf(a.sheet) - orderOf(b.sheet);
  const orderOf = (sheet: RosterSheet) => sheets.findIndex((other) => other.sheet === sheet);
  function* groups(): Generator<RosterRow<RegisterKind>[]> {
    let group: string[] = [];
    for (const [nationalId, ofStudent] of byStudent) {
      group.push(...ofStudent);
      byStudent.delete(nationalId);
      if (group.length < TOGETHER && byStudent.size > 0) continue;
      yield group.map(unpacked).sort(inOrder);
      group = [];
    }
  }
  return { count, schools, ids: new Set(byStudent.keys()), fileNames, groups };
}

const LINK_COLUMNS = new Set(LISTS.flatMap(({ properties }) => properties.filter(({ role }) => role === 'link').map(({ name }) => name)));

/** The paths of a record's files. */
const linksOf = (record: JsonObject, list: ListName) => SLOTS.map((slot) => record[linkPropertyOf(wireListOf(list), slot) ?? '']);

const idOf = ({ nationalId = '' }: RowCells): string => canonicalCode(nationalId.slice(0, 100)).replace(/\s/g, '');

/** The students of rows, as the roll has them, or will have. */
async function studentsOf(
  store: Store,
  rows: readonly RosterRow[],
  enrolling: ReadonlyMap<string, BasicData> = new Map(),
): Promise<ReadonlyMap<string, Student>> {
  const ids = new Set(rows.map(({ cells }) => idOf(cells)));
  const students = new Map<string, Student>(await store.rollOf([...ids]));
  for (const nationalId of ids) {
    const basicData = enrolling.get(nationalId);
    if (basicData && !students.has(nationalId)) students.set(nationalId, { basicData, extras: {}, listed: true });
  }
  return students;
}

/** Records with the fields that their rows state, small: a hundred thousand of them wait until all are checked. */
function pack(portfolios: readonly Portfolio<TakenAttachment>[], statedIn: (fields: unknown) => ReadonlySet<string>): Buffer {
  const stated = portfolios.map(({ records }) => records.map(({ fields }) => [...statedIn(fields)]));
  return deflateRawSync(JSON.stringify({ portfolios, stated }), { level: 1 });
}

/** Apart from where the records were checked, of which it would keep all in memory. */
const unpacking = (packed: Buffer) => (): CheckedPart => {
  const { portfolios, stated }: { readonly portfolios: Portfolio<TakenAttachment>[]; readonly stated: string[][][] } = JSON.parse(
    inflateRawSync(packed).toString(),
  );
  const statedIn = new Map(portfolios.flatMap(({ records }, i) => records.map((record, k) => [record, new Set(stated[i]?.[k])] as const)));
  return {
    portfolios,
    complete: (records, stored, onKept) =>
      completeRecords<TakenAttachment, TakenRecord>(records, stored, {
        statedOf: (record) => statedIn.get(record) ?? new Set(),
        attached: (file) => ({ ...file, crc32: file.crc32, stagedAt: undefined }),
        onKept,
      }),
  };
};

/** The findings of rows, and which rows have errors. */
class RowFindings {
  readonly #bad = new WeakSet<RosterRow>();
  readonly #found = new BoundedFindings();
  readonly #notes: readonly Finding[];
  #hasErrors = false;

  constructor(notes: readonly Finding[]) {
    this.#notes = notes;
  }

  /** @returns whether the row may be loaded */
  add(row: RosterRow, findings: readonly Finding[]): boolean {
    this.#found.add(findings);
    if (errorOf(findings)) {
      this.#bad.add(row);
      this.#hasErrors = true;
    }
    return !this.#bad.has(row);
  }

  isBad(row: RosterRow): boolean {
    return this.#bad.has(row);
  }

  get hasErrors(): boolean {
    return this.#hasErrors;
  }

  list(): Finding[] {
    return [...this.#found.list(), ...this.#notes];
  }
}

interface Reading {
  readonly file: string;
  readonly store: Store;
  readonly students: ReadonlyMap<string, Student>;
  readonly findings: RowFindings;
  readonly terms: Pick<LoadRegistersRequest, 'certified' | 'academicYear'>;
}

/** The record of a row, as far as it can be read: what is wrong is reported. None of a student who is not known. */
function readRow(at: RosterRow<RegisterKind>, { file, store, students, findings, terms }: Reading): Entry[] {
  const { kind } = at.sheet;
  const nationalId = idOf(at.cells);
  const student = students.get(nationalId);
  const { record, assumed, faults } = kind.rowToRecord(at.cells, {
    schoolCode: store.school.code,
    academicYear: at.cover.academicYear ?? terms.academicYear,
    certified: terms.certified === true,
  });
  const of = student ? { student: nationalId, name: student.basicData.name } : {};
  const own = faults.map((fault) => faultFinding(at, fault, file));
  if (nationalId === '') own.push(faultFinding(at, { column: 'nationalId', problem: 'missing', severity: 'error' }, file));
  else if (!student) own.push(faultFinding(at, { column: 'nationalId', problem: 'unknown', severity: 'error' }, file));
  else if (isOther(at.cells.birthDate ?? '', student.basicData))
    own.push(faultFinding(at, { column: 'birthDate', problem: 'birthDate', severity: 'error' }, file));
  findings.add(at, own);
  if (!student) return [];
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

/**
 * What the spec says of a record, where it stands in the register.
 * @param isPart whether cells of it could not be read, which has been said: then nothing is said of what is missing
 */
function entryFindings(entry: Entry, known: ReferenceData, isPart: boolean): Finding[] {
  const document = [documentOf(entry.student, [entry])];
  const schema = documentFindings(document);
  const found = errorOf(schema) ? schema : [...schema, ...allRuleFindings(document, known)];
  return (
    found
      .filter(({ code, place }) => place.record !== undefined && !EXPECTED.has(code))
      .filter(({ place }) => !isPart || entry.record[place.property ?? ''] !== undefined)
      .filter(({ code }) => !(entry.student.listed && code === 'LPX_COURSE_CODE_YEAR'))
      .map((finding) => ({ ...finding, place: entry.place(finding.place.property ?? '') }) as Finding)
      // What the register has no column for, the store may have.
      .filter(({ code, place }) => code !== 'LPX_TEXT_EMPTY' || place.column !== undefined)
  );
}

/** What is so of nearly every row of a register, and is said once or not at all. */
const EXPECTED: ReadonlySet<Finding['code']> = new Set(['LPX_NOT_CERTIFIED', 'LPX_NO_ATTACHMENT']);

/** A student on the wire with the records of these rows. */
function documentOf({ basicData, extras, listed }: Student, entries: readonly Entry[]): JsonObject {
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
  for (const [i, ofStudent] of byStudent(entries).entries())
    for (const { name, wire } of LISTS) {
      const records = (portfolios[i]?.records ?? []).filter(({ list }) => list === name);
      for (const [index, entry] of ofStudent.filter(({ list }) => list === name).entries()) {
        byPlace.set(`${entry.nationalId} ${wire} ${index}`, entry);
        byFields.set(records[index]?.fields, entry);
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

/** Counts, for each sheet, the course results that nobody says are certified. */
function countUncertified(entries: readonly Entry[], sheets: Map<string, number>): void {
  for (const { list, at, record } of entries) {
    if (list === 'courseResults' && record[CERTIFICATION] === undefined) sheets.set(at.sheet.name, (sheets.get(at.sheet.name) ?? 0) + 1);
  }
}

/** One warning for each sheet whose course results count as not certified. */
const uncertifiedFindings = (sheets: ReadonlyMap<string, number>, file: string): Finding[] =>
  [...sheets].map(([sheet, count]) =>
    findingOf('LPX_REGISTER_UNCERTIFIED', 'warning', { file, ...(sheet !== '' && { sheet }) }, { count }),
  );
