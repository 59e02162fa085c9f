/** Loads lists of students into the roll. Lists add and update; they take nothing out. */
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { errorOf, type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { faultFinding, readRoster, rowPlace } from '../roster/roster-rows.js';
import { type ListEntry, readListRow } from '../roster/student-list.js';
import { BoundedFindings } from '../spec/findings.js';
import { compareNames } from '../spec/person-name.js';
import { type BasicData, basicDataWire } from '../spec/portfolio.js';
import { garblingOf } from '../spec/rules/garbled-text.js';
import { dayOf } from '../spec/terms.js';
import type { BasicDataChange, RollEntry, RollStudent, Store, StoreChange } from '../store/store.js';
import { comingAgain } from '../store/students.js';

export interface LoadRosterRequest {
  readonly path: string;
  readonly now: Date;
  /** Who loads, for the history. */
  readonly operator: string;
  /** Work everything out, and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Load the sound rows although others are not. */
  readonly skipBadRows?: boolean | undefined;
  /** The students of lists that the same command loaded before, by national id; this list's are added. */
  readonly earlier?: EarlierStudents | undefined;
}

/** Students of lists by national id: the list's path, and what it says of them, packed. */
export type EarlierStudents = Map<string, { readonly path: string; readonly packed: string }>;

/** A student whom a list put on the roll, or of whom it changed something. */
export interface ListedStudent extends RollEntry {
  readonly nationalId: string;
  readonly name: string;
  readonly created: boolean;
  /** Of name and birth date. */
  readonly changes: readonly BasicDataChange[];
  /** Of what only the roll has: class, seat and student number. */
  readonly rollChanges: readonly RollChange[];
}

/** What a list changed of a student's place on the roll; empty texts for what it did not have. */
export interface RollChange {
  readonly property: keyof RollEntry;
  readonly from: string;
  readonly to: string;
}

export interface LoadedRoster {
  /** Base name. */
  readonly file: string;
  readonly dryRun: boolean;
  /** Rows with data, bad ones too. */
  readonly rows: number;
  /** Students who are new, of whom something changed, and who are as they were. */
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** The new ones and those of whom something changed, up to a thousand. */
  readonly students: readonly ListedStudent[];
  /** Rows that were left out. */
  readonly skippedRows: number;
  /** Also the errors of the rows that were left out. */
  readonly findings: readonly Finding[];
}

/** Findings that are kept of all; more are counted. */
const FINDINGS = 200;
/** Students who are named in the result. */
const NAMED = 1000;
/** More rows than all schools of a county have students. */
const ROWS = 300_000;
/** Students who are compared with the roll and put on it at a time. */
const TOGETHER = 1000;

/** The lists of a table, read. */
export interface ReadRoster {
  /** The students whom they would put on the roll, by national id, as the roll would have them. */
  readonly enrolling: ReadonlyMap<string, BasicData>;
  /**
   * Puts them on the roll as part of a change, once.
   * @returns whether anything was written
   * @throws the first error of their rows with all of them
   */
  readonly load: (change: StoreChange) => Promise<{ readonly changed: boolean; readonly result: LoadedRoster }>;
}

/**
 * Loads one table, whole or not at all, or without its bad rows. A student who is new to the store has basic data from the list, and
 * is not exported before the platform's come. Rows of registers are not looked at.
 * @returns undefined for a table of registers alone
 * @throws as `readRoster`; LPX_TABLE_EMPTY, LPX_TABLE_LARGE, and the first error of its rows with all of them
 */
export async function loadRoster(store: Store, request: LoadRosterRequest): Promise<LoadedRoster | undefined> {
  const roster = await readLists(store, request);
  return (
    roster &&
    store.change(async (change) => {
      const { changed, result } = await roster.load(change);
      return { keep: changed, result };
    })
  );
}

/** Reads the lists of a table. @returns undefined for a table of registers alone @throws as `loadRoster` */
export async function readLists(store: Store, request: LoadRosterRequest): Promise<ReadRoster | undefined> {
  const { path, now } = request;
  const file = basename(path);
  const list = await readList(path, Number(dayOf(now).slice(0, 4)));
  if (list.rows === 0 && list.otherRows > 0) return undefined;
  if (list.rows === 0) throw new LpxError('LPX_TABLE_EMPTY', { file });
  refuseOtherThanEarlier(list, request.earlier, path);
  const { code } = store.school;
  return {
    get enrolling() {
      const basicData = ([nationalId, text]: readonly [string, string]) => {
        const { name, birthDate } = unpack(nationalId, text).entry;
        return [nationalId, { ...NO_BASIC_DATA, schoolCode: code, nationalId, name, birthDate }] as const;
      };
      return new Map([...list.packed].map(basicData));
    },
    load: (change) => loadList(change, list, code, request),
  };
}

/** Rows that cannot be read are reported with those that do not go with the roll. */
async function loadList(change: StoreChange, list: List, schoolCode: string, request: LoadRosterRequest) {
  const { path, now, operator, dryRun = false, skipBadRows = false } = request;
  const file = basename(path);
  const tally = new Tally(list);
  let historyId: number | undefined;
  for (const entries of inChunks(list, file)) {
    // The database's statements of the last chunk are only freed when the event loop gets its turn; so is an interrupt heard.
    await setImmediate();
    const roll = await change.rollOf(entries.map(({ entry }) => entry.nationalId));
    const newcomers = entries.filter(({ entry }) => !roll.has(entry.nationalId)).map((at) => ({ nationalId: at.entry.nationalId, at }));
    for (const finding of (await comingAgain(change, newcomers, ({ at }) => placeOf(at, file))).values()) tally.note(finding);
    const planned = planRoll(roll, schoolCode, entries, { tally, file });
    if (planned.length === 0 || dryRun || (tally.refusal && !skipBadRows)) continue;
    historyId ??= await change.addHistory({ kind: 'load', at: now, file, bytes: 0, operator });
    await applyRoll(change, planned, historyId);
  }
  const result = tally.result(file, dryRun);
  const { refusal } = tally;
  if (refusal && (!skipBadRows || result.created + result.updated + result.unchanged === 0)) throw refusal;
  for (const [nationalId, packed] of list.packed) request.earlier?.set(nationalId, { path, packed });
  return { changed: historyId !== undefined, result };
}

/** Takes students out of a list of whom an earlier one says otherwise: which of the two is right nobody can say. */
function refuseOtherThanEarlier(list: List, earlier: EarlierStudents | undefined, path: string): void {
  for (const [nationalId, packed] of list.packed) {
    const before = earlier?.get(nationalId);
    if (!before || before.path === path) continue;
    const [first, at] = [unpack(nationalId, before.packed), unpack(nationalId, packed)];
    if (differingIn(first.entry, at.entry) === undefined) continue;
    list.findings.push(repeated(first, at, basename(path), basename(before.path)));
    list.packed.delete(nationalId);
    list.badRows++;
  }
}

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
interface EntryAt {
  readonly entry: ListEntry;
  readonly sheet: string;
  /** From 0. */
  readonly row: number;
}

interface List {
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
async function readList(path: string, year: number): Promise<List> {
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
const differingIn = (first: ListEntry, second: ListEntry): (typeof PROPERTIES)[number] | undefined =>
  PROPERTIES.find((name) => first[name] !== '' && second[name] !== '' && first[name] !== second[name]);

/** Stands in no cell: what is between the parts of a packed student. */
const BETWEEN = '\n';

const pack = ({ entry, sheet, row }: EntryAt): string =>
  [row, sheet, ...PROPERTIES.map((name) => entry[name])].map((part) => String(part).replaceAll(BETWEEN, ' ')).join(BETWEEN);

function unpack(nationalId: string, text: string): EntryAt {
  const [row, sheet = '', name = '', birthDate = '', studentNumber = '', className = '', seat = ''] = text.split(BETWEEN);
  return { entry: { nationalId, name, birthDate, studentNumber, className, seat }, sheet, row: Number(row) };
}

/** The students of a list some at a time, with the zeros that their numbers have lost. Says who share a student number, or a seat. */
function* inChunks({ packed, numbers, findings }: List, file: string): Generator<EntryAt[]> {
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

const placeOf = ({ entry, sheet, row }: EntryAt, file: string): Place => ({
  student: entry.nationalId,
  name: entry.name,
  file,
  ...(sheet !== '' && { sheet }),
  row,
});

/** @param before the list that the first row is in, where that is another one */
function repeated(first: EntryAt, at: EntryAt, file: string, before = ''): Finding {
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

interface PlannedStudent {
  /** Undefined for one who is new. */
  readonly id: number | undefined;
  readonly basicData: BasicData;
  /** Of name and birth date. */
  readonly changes: readonly BasicDataChange[];
  readonly rollChanges: readonly RollChange[];
  readonly roll: RollEntry;
}

/** Counts what becomes of the students of a list. */
class Tally {
  readonly #list: List;
  readonly #named: ListedStudent[] = [];
  #created = 0;
  #updated = 0;
  #unchanged = 0;
  #badRows: number;

  constructor(list: List) {
    this.#list = list;
    this.#badRows = list.badRows;
  }

  get refusal(): LpxError | undefined {
    return errorOf(this.#list.findings.list());
  }

  refuse(findings: readonly Finding[]): void {
    this.#badRows++;
    for (const finding of findings) this.#list.findings.push(finding);
  }

  note(finding: Finding): void {
    this.#list.findings.push(finding);
  }

  unchanged(): void {
    this.#unchanged++;
  }

  changed(student: PlannedStudent): PlannedStudent {
    const { id, changes, rollChanges, roll } = student;
    const { nationalId, name } = student.basicData;
    const created = id === undefined;
    if (created) this.#created++;
    else this.#updated++;
    if (this.#named.length < NAMED) this.#named.push({ nationalId, name, ...roll, created, changes, rollChanges });
    return student;
  }

  result(file: string, dryRun: boolean): LoadedRoster {
    return {
      file,
      dryRun,
      rows: this.#list.rows,
      created: this.#created,
      updated: this.#updated,
      unchanged: this.#unchanged,
      students: this.#named,
      skippedRows: this.#badRows,
      findings: this.#list.findings.list(),
    };
  }
}

/** The effect of a list on the roll: the students who are new or change. Reads and writes nothing. */
function planRoll(
  roll: ReadonlyMap<string, RollStudent>,
  schoolCode: string,
  entries: readonly EntryAt[],
  { tally, file }: { readonly tally: Tally; readonly file: string },
): PlannedStudent[] {
  return entries.flatMap((at): PlannedStudent[] => {
    const { nationalId, name, birthDate, studentNumber, className, seat } = at.entry;
    const held = roll.get(nationalId);
    if (!held) {
      const basicData = { ...NO_BASIC_DATA, schoolCode, nationalId, name, birthDate };
      return [tally.changed({ id: undefined, basicData, changes: [], rollChanges: [], roll: { studentNumber, className, seat } })];
    }
    const differences = differencesFrom(held, at, file);
    if (errorOf(differences)) {
      tally.refuse(differences);
      return [];
    }
    for (const finding of differences) tally.note(finding);
    if (held.left) tally.note(findingOf('LPX_ROSTER_LEFT', 'note', placeOf(at, file)));
    const changes = held.listed ? changesOf(held.basicData, at.entry) : [];
    const entry = {
      studentNumber: studentNumber || held.roll.studentNumber,
      className: className || held.roll.className,
      seat: seat || held.roll.seat,
    };
    const rollChanges = rollChangesOf(held.roll, entry);
    if (changes.length + rollChanges.length === 0) {
      tally.unchanged();
      return [];
    }
    const basicData = changes.length === 0 ? held.basicData : { ...held.basicData, name, birthDate: birthDate || held.basicData.birthDate };
    return [tally.changed({ id: held.id, basicData, changes, rollChanges, roll: entry })];
  });
}

/** What a list does not say. */
const NO_BASIC_DATA = { unitCode: '', academicYear: 0, semester: 0 };

/** What the list says otherwise than the platform, which is not overwritten; that it is about another person than the roll, whoever described them. */
function differencesFrom({ listed, basicData }: RollStudent, at: EntryAt, file: string): Finding[] {
  const { name, birthDate } = at.entry;
  const otherName = basicData.name.trim() !== '' && !['same', 'spelling'].includes(compareNames(basicData.name, name));
  const otherDate = basicData.birthDate !== '' && birthDate !== '' && basicData.birthDate !== birthDate;
  const [stored, own] = [`${basicData.name} ${basicData.birthDate}`, `${name} ${birthDate}`];
  if (otherName && otherDate && compareNames(basicData.name, name) === 'different')
    return [findingOf('LPX_ROSTER_OTHER_PERSON', 'error', placeOf(at, file), { stored, listed: own })];
  if (listed) return [];
  const differs = (property: 'name' | 'birthDate') =>
    findingOf('LPX_ROSTER_DIFFERS', 'warning', placeOf(at, file), {
      property: basicDataWire(property),
      listed: at.entry[property],
      stored: basicData[property],
    });
  return [...(otherName ? [differs('name')] : []), ...(otherDate ? [differs('birthDate')] : [])];
}

const changesOf = (basicData: BasicData, entry: ListEntry): BasicDataChange[] =>
  (['name', 'birthDate'] as const)
    .filter((property) => entry[property] !== '' && entry[property] !== basicData[property])
    .map((property) => ({ property, from: basicData[property], to: entry[property] }));

const rollChangesOf = (held: RollEntry, entry: RollEntry): RollChange[] =>
  (['className', 'seat', 'studentNumber'] as const)
    .filter((property) => entry[property] !== held[property])
    .map((property) => ({ property, from: held[property], to: entry[property] }));

async function applyRoll(change: StoreChange, students: readonly PlannedStudent[], historyId: number): Promise<void> {
  const ids = await change.enrol(students.filter(({ id }) => id === undefined));
  for (const { id, basicData, changes, roll } of students)
    if (id !== undefined) await change.updateRoll(id, changes.length > 0 ? basicData : undefined, roll);
  await change.addHistoryStudents(historyId, [
    ...ids.map((studentId) => ({ studentId, created: true })),
    ...students.flatMap(({ id, changes }) => (id === undefined ? [] : [{ studentId: id, changes }])),
  ]);
}
