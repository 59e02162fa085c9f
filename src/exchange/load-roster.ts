/** Loads lists of students into the roll. Lists add and update; they take nothing out. */
import { basename } from 'node:path';
import { errorOf, type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { faultFinding, readRoster, rowPlace } from '../roster/roster-rows.js';
import { type ListEntry, readListRow } from '../roster/student-list.js';
import { compareNames } from '../spec/person-name.js';
import { type BasicData, basicDataWire } from '../spec/portfolio.js';
import { garblingOf } from '../spec/rules/garbled-text.js';
import { dayOf } from '../spec/terms.js';
import type { BasicDataChange, RollEntry, RollStudent, Store, StoreChange } from '../store/store.js';

export { isTable } from '../roster/exchange-folder.js';

export interface LoadRosterRequest {
  readonly path: string;
  readonly now: Date;
  /** Who loads, for the history. */
  readonly operator: string;
  /** Work everything out, and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Load the sound rows although others are not. */
  readonly skipBadRows?: boolean | undefined;
}

/** A student whom a list put on the roll, or of whom it changed something. */
export interface ListedStudent extends RollEntry {
  readonly nationalId: string;
  readonly name: string;
  readonly created: boolean;
  /** Of name and birth date. */
  readonly changes: readonly BasicDataChange[];
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
  /** The new ones and those of whom something changed. */
  readonly students: readonly ListedStudent[];
  /** Rows that were left out. */
  readonly skippedRows: number;
  /** Also the errors of the rows that were left out. */
  readonly findings: readonly Finding[];
}

/** Findings that are kept of all; more are counted. */
const FINDINGS = 200;
/** More rows than all schools of a county have students. */
const ROWS = 500_000;

/**
 * Loads one table, whole or not at all, or without its bad rows. A student who is new to the store has basic data from the list, and
 * is not exported before the platform's come.
 * @throws as `readRoster`; LPX_TABLE_EMPTY, LPX_TABLE_LARGE, and the first error of its rows with all of them
 */
export async function loadRoster(store: Store, request: LoadRosterRequest): Promise<LoadedRoster> {
  const { path, now, operator, dryRun = false, skipBadRows = false } = request;
  const file = basename(path);
  const list = await readList(path, Number(dayOf(now).slice(0, 4)));
  if (list.rows === 0) throw new LpxError('LPX_TABLE_EMPTY', { file });
  return store.change(async (change) => {
    const plan = planRoll(await change.roll(), store.school.code, list);
    const refusal = errorOf(plan.findings.list());
    if (refusal && (!skipBadRows || plan.students.length === 0)) throw refusal;
    const changed = plan.students.filter(({ outcome }) => outcome !== 'unchanged');
    if (changed.length > 0 && !dryRun) await applyRoll(change, changed, { kind: 'load', at: now, file, bytes: 0, operator });
    const count = (outcome: PlannedStudent['outcome']) => plan.students.filter((student) => student.outcome === outcome).length;
    return {
      keep: changed.length > 0 && !dryRun,
      result: {
        file,
        dryRun,
        rows: list.rows,
        created: count('created'),
        updated: count('updated'),
        unchanged: count('unchanged'),
        students: changed.map(({ basicData, roll, outcome, changes }) => ({
          nationalId: basicData.nationalId,
          name: basicData.name,
          ...roll,
          created: outcome === 'created',
          changes,
        })),
        skippedRows: plan.badRows,
        findings: plan.findings.list(),
      },
    };
  });
}

/** Collects findings up to a bound, errors before others; of those beyond it the number is known. */
class Collected {
  readonly #errors: Finding[] = [];
  readonly #others: Finding[] = [];

  push(finding: Finding): void {
    const of = finding.severity === 'error' ? this.#errors : this.#others;
    if (of.length < FINDINGS) of.push(finding);
    else of[FINDINGS - 1] = { ...(of[FINDINGS - 1] as Finding), more: ((of[FINDINGS - 1] as Finding).more ?? 0) + 1 };
  }

  list(): Finding[] {
    return [...this.#errors, ...this.#others];
  }
}

/** A student of the list, and where. */
interface EntryAt {
  readonly entry: ListEntry;
  readonly place: Place;
}

interface List {
  readonly rows: number;
  readonly badRows: number;
  readonly entries: ReadonlyMap<string, EntryAt>;
  readonly findings: Collected;
}

/** Reads all rows: the students by national id, each once, and what is wrong with the other rows. */
async function readList(path: string, year: number): Promise<List> {
  const [file, findings, notes] = [basename(path), new Collected(), [] as Finding[]];
  const entries = new Map<string, EntryAt>();
  const bad = new Set<string>();
  let [rows, badRows] = [0, 0];
  for await (const row of readRoster(path, notes)) {
    if (++rows > ROWS) throw new LpxError('LPX_TABLE_LARGE', { file, what: 'rows', value: rows, limit: ROWS });
    const { entry, faults } = readListRow(row.cells, year);
    for (const fault of faults) findings.push(faultFinding(row, fault, file, entry.birthDate));
    if (faults.some(({ severity }) => severity === 'error')) {
      badRows++;
      continue;
    }
    const place = rowPlace(row, file);
    const garbling = garblingOf(entry.name, true);
    if (garbling) findings.push(findingOf('LPX_TEXT_GARBLED', 'warning', place, { value: entry.name, garbling }));
    const first = entries.get(entry.nationalId);
    if (!first) {
      entries.set(entry.nationalId, { entry, place });
      continue;
    }
    const differing = PROPERTIES.find(
      (property) => first.entry[property] !== '' && entry[property] !== '' && first.entry[property] !== entry[property],
    );
    findings.push(repeated(first, { entry, place }, differing));
    if (differing === undefined) entries.set(entry.nationalId, { ...first, entry: filled(first.entry, entry) });
    else {
      badRows += bad.has(entry.nationalId) ? 1 : 2;
      bad.add(entry.nationalId);
    }
  }
  // Which of two rows is right nobody can say.
  for (const nationalId of bad) entries.delete(nationalId);
  for (const note of notes) findings.push(note);
  return { rows, badRows, entries: restoredNumbers(entries, findings), findings };
}

const PROPERTIES = ['name', 'birthDate', 'studentNumber', 'className', 'seat'] as const;

/** What the second says where the first says nothing. */
const filled = (first: ListEntry, second: ListEntry): ListEntry =>
  Object.fromEntries(
    Object.entries(first).map(([name, value]) => [name, value || second[name as keyof ListEntry]]),
  ) as unknown as ListEntry;

function repeated(first: EntryAt, { entry, place }: EntryAt, differing: (typeof PROPERTIES)[number] | undefined): Finding {
  const at = { ...place, student: entry.nationalId, name: entry.name };
  const row = (first.place.row ?? 0) + 1;
  if (differing === undefined) return findingOf('LPX_ROSTER_TWICE', 'note', at, { first: row });
  const facts = {
    first: row,
    rollProperty: differing === 'className' ? 'class' : differing,
    value: entry[differing],
    other: first.entry[differing],
  };
  return findingOf('LPX_ROSTER_CONFLICT', 'error', at, facts);
}

/** By how many digits student numbers may be shorter than the others for having lost zeros. */
const LOST_DIGITS = 2;

/**
 * Student numbers of digits alone have one length in a school. Where all have one of two lengths, the shorter ones have lost their zeros
 * in a spreadsheet program.
 */
function restoredNumbers(entries: Map<string, EntryAt>, findings: Collected): ReadonlyMap<string, EntryAt> {
  const numbers = [...entries.values()].map(({ entry: { studentNumber } }) => studentNumber).filter((number) => number !== '');
  const lengths = [...new Set(numbers.map((number) => number.length))].sort((a, b) => a - b);
  const [short = 0, long = 0] = lengths;
  const isLost = lengths.length === 2 && long - short <= LOST_DIGITS && numbers.every((number) => /^\d+$/.test(number));
  const inUse = new Set(numbers);
  if (!isLost || numbers.some((number) => number.length === short && inUse.has(number.padStart(long, '0')))) return entries;
  for (const [nationalId, { entry, place }] of entries) {
    const { studentNumber } = entry;
    if (studentNumber.length !== short) continue;
    const restored = studentNumber.padStart(long, '0');
    const at = { ...place, student: nationalId, name: entry.name };
    findings.push(findingOf('LPX_ROSTER_ZEROS', 'warning', at, { value: studentNumber, restored }));
    entries.set(nationalId, { entry: { ...entry, studentNumber: restored }, place });
  }
  return entries;
}

interface PlannedStudent {
  /** Undefined for one who is new. */
  readonly id: number | undefined;
  readonly basicData: BasicData;
  /** Whether basic data change. */
  readonly changes: readonly BasicDataChange[];
  readonly roll: RollEntry;
  readonly outcome: 'created' | 'updated' | 'unchanged';
}

/** The effect of a list on the roll. Reads and writes nothing. */
function planRoll(
  roll: ReadonlyMap<string, RollStudent>,
  schoolCode: string,
  { entries, findings, badRows: bad }: List,
): { readonly students: readonly PlannedStudent[]; readonly findings: Collected; readonly badRows: number } {
  const students: PlannedStudent[] = [];
  let badRows = bad;
  for (const at of entries.values()) {
    const { nationalId, name, birthDate, studentNumber, className, seat } = at.entry;
    const held = roll.get(nationalId);
    if (!held) {
      const basicData = { ...NO_BASIC_DATA, schoolCode, nationalId, name, birthDate };
      students.push({ id: undefined, basicData, changes: [], roll: { studentNumber, className, seat }, outcome: 'created' });
      continue;
    }
    const differences = differencesFrom(held, at);
    for (const finding of differences) findings.push(finding);
    if (held.left) findings.push(findingOf('LPX_ROSTER_LEFT', 'note', studentAt(at)));
    if (errorOf(differences)) {
      badRows++;
      continue;
    }
    const changes = held.listed ? changesOf(held.basicData, at.entry) : [];
    const entry = {
      studentNumber: studentNumber || held.roll.studentNumber,
      className: className || held.roll.className,
      seat: seat || held.roll.seat,
    };
    const isSame = changes.length === 0 && JSON.stringify(entry) === JSON.stringify({ ...NO_ENTRY, ...held.roll });
    const basicData = changes.length === 0 ? held.basicData : { ...held.basicData, name, birthDate: birthDate || held.basicData.birthDate };
    students.push({ id: held.id, basicData, changes, roll: entry, outcome: isSame ? 'unchanged' : 'updated' });
  }
  return { students, findings, badRows };
}

const NO_ENTRY: RollEntry = { studentNumber: '', className: '', seat: '' };
/** What a list does not say. */
const NO_BASIC_DATA = { unitCode: '', academicYear: 0, semester: 0 };

const studentAt = ({ entry, place }: EntryAt): Place => ({ student: entry.nationalId, name: entry.name, ...place });

/** What the list says otherwise than the platform, which is not overwritten. */
function differencesFrom({ listed, basicData }: RollStudent, at: EntryAt): Finding[] {
  if (listed) return [];
  const { name, birthDate } = at.entry;
  const otherName = basicData.name.trim() !== '' && !['same', 'spelling'].includes(compareNames(basicData.name, name));
  const otherDate = basicData.birthDate !== '' && birthDate !== '' && basicData.birthDate !== birthDate;
  const [stored, own] = [`${basicData.name} ${basicData.birthDate}`, `${name} ${birthDate}`];
  if (otherName && otherDate && compareNames(basicData.name, name) === 'different')
    return [findingOf('LPX_ROSTER_OTHER_PERSON', 'error', studentAt(at), { stored, listed: own })];
  const differs = (property: 'name' | 'birthDate') =>
    findingOf('LPX_ROSTER_DIFFERS', 'warning', studentAt(at), {
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

async function applyRoll(
  change: StoreChange,
  students: readonly PlannedStudent[],
  entry: Parameters<StoreChange['addHistory']>[0],
): Promise<void> {
  const historyId = await change.addHistory(entry);
  const fresh = students.filter(({ id }) => id === undefined);
  const ids = await change.enrol(fresh);
  for (const { id, basicData, changes, roll } of students)
    if (id !== undefined) await change.updateRoll(id, changes.length > 0 ? basicData : undefined, roll);
  await change.addHistoryStudents(historyId, [
    ...ids.map((studentId) => ({ studentId, created: true })),
    ...students.flatMap(({ id, changes }) => (id === undefined ? [] : [{ studentId: id, changes }])),
  ]);
}
