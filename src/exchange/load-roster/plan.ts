/** What a list does to the roll, and what becomes of its students. */
import { errorOf, type Finding, findingOf, type LpxError } from '../../errors.js';
import type { ListEntry } from '../../roster/student-list.js';
import { compareNames } from '../../spec/person-name.js';
import { type BasicData, basicDataWire } from '../../spec/portfolio.js';
import type { BasicDataChange, RollEntry, RollStudent, StoreChange } from '../../store/store.js';
import type { ListedStudent, LoadedRoster, RollChange } from '../load-roster.js';
import { type EntryAt, type List, placeOf } from './list.js';

/** Students who are named in the result. */
const NAMED = 1000;

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
export class Tally {
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
export function planRoll(
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
export const NO_BASIC_DATA = { unitCode: '', academicYear: 0, semester: 0 };

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

export async function applyRoll(change: StoreChange, students: readonly PlannedStudent[], historyId: number): Promise<void> {
  const ids = await change.enrol(students.filter(({ id }) => id === undefined));
  for (const { id, basicData, changes, roll } of students)
    if (id !== undefined) await change.updateRoll(id, changes.length > 0 ? basicData : undefined, roll);
  await change.addHistoryStudents(historyId, [
    ...ids.map((studentId) => ({ studentId, created: true })),
    ...students.flatMap(({ id, changes }) => (id === undefined ? [] : [{ studentId: id, changes }])),
  ]);
}
