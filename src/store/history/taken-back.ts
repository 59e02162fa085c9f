/** Counts what taking an entry back does to the students. */
import type { Kysely, Transaction } from 'kysely';
import { type BasicData, type ListName, MULTI_PERFORMANCE_LISTS } from '../../spec/portfolio.js';
import { inParts } from '../statements.js';
import { basicDataOf, changesBetween, ROLL_COLUMNS } from '../stored-rows.js';
import type { Row } from '../table-rows.js';
import type { Tables } from '../tables.js';
import type { LISTING_TABLES } from './added-rows.js';
import type { BasicDataChange, HistoryCounts } from './entries.js';
import type { ChangedTable, RowChange } from './entry-changes.js';

/** What taking an entry back does. */
export interface TakenBack {
  readonly students: readonly TakenBackStudent[];
  /** Listings of course codes and of schools that are gone, or as they were. */
  readonly courses: number;
  readonly schools: number;
  readonly schoolName: { readonly from: string; readonly to: string } | undefined;
}

/** The effect of taking an entry back on one student. */
export interface TakenBackStudent {
  readonly id: number;
  readonly nationalId: string;
  readonly name: string;
  /** Whether the student is no longer on the roll, or again. */
  readonly roll: 'off' | 'back' | undefined;
  /** Records that are no longer there, there again, and that say again what they said before. */
  readonly removed: number;
  readonly returned: number;
  readonly restored: number;
  /** Records that are picked again, and no longer. */
  readonly picked: number;
  readonly unpicked: number;
  /** What of basic data is again as before. */
  readonly changes: readonly BasicDataChange[];
  /** Whether leaving, extended years, and class, seat or student number are as before. */
  readonly left: boolean;
  readonly extendedYears: boolean;
  readonly rollEntry: boolean;
  /** Of the records. */
  readonly counts: HistoryCounts;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface PresenceOf {
  readonly studentId: number;
  readonly row: Row;
  was: boolean;
  is: boolean;
  isOther: boolean;
}

type StudentTally = Writable<TakenBackStudent>;

/** Of a list of 100,000 students, each has these. */
const NO_CHANGES: TakenBackStudent['changes'] = [];
const NO_COUNTS = { courseResults: 0, multiPerformances: 0, attachments: 0 };

export class Tally {
  readonly #students = new Map<number, StudentTally>();
  readonly #basicData = new Map<number, { readonly from: BasicData; readonly to: BasicData }>();
  readonly #records = new Map<string, PresenceOf>();
  readonly #picks = new Map<string, PresenceOf>();
  readonly #listings = { course_codes: 0, known_schools: 0 };
  #schoolName: TakenBack['schoolName'];

  /** That a row gets back what it was. @param row as it is before that */
  putBack({ table, key, studentId, before }: RowChange, row: Row | undefined): void {
    switch (table) {
      case 'course_codes':
      case 'known_schools':
        this.listing(table);
        break;
      case 'school':
        this.#schoolName = { from: this.#schoolName?.from ?? String(row?.name), to: String(before?.name) };
        break;
      case 'own_records':
      case 'received_records': {
        if (!row || !before) break;
        const presence = this.#records.get(`${table} ${key}`) ?? presenceOf(studentId, row, row.removed_by === null);
        this.#records.set(`${table} ${key}`, presence);
        if ('removed_by' in before) presence.is = before.removed_by === null;
        if (Object.keys(before).some((column) => column !== 'removed_by')) presence.isOther = true;
        break;
      }
      case 'picks': {
        const presence = this.#picks.get(key) ?? presenceOf(studentId, row ?? before ?? {}, row !== undefined);
        this.#picks.set(key, presence);
        presence.is = before !== undefined;
        break;
      }
      case 'students':
        if (row && before) this.#studentBack(Number(row.id), row, before);
        break;
      case 'former_records':
        break;
    }
  }

  #studentBack(id: number, row: Row, before: Row): void {
    const student = this.#student(id);
    if ('removed_by' in before) student.roll = before.removed_by === null ? 'back' : 'off';
    if ('left_as' in before || 'left_on' in before) student.left = true;
    if ('extended_years' in before) student.extendedYears = true;
    if (Object.keys(before).some((column) => ROLL_COLUMNS.has(column))) student.rollEntry = true;
    if ('basic_data' in before) {
      const to: BasicData = JSON.parse(String(before.basic_data));
      this.#basicData.set(id, { from: this.#basicData.get(id)?.from ?? JSON.parse(String(row.basic_data)), to });
    }
  }

  /** That a row which the entry added is taken away. */
  taken(table: ChangedTable, row: Row): void {
    if (table === 'students') this.#student(Number(row.id)).roll = 'off';
    else this.#count(Number(row.student_id), row, 'removed');
  }

  listing(table: (typeof LISTING_TABLES)[number]): void {
    this.#listings[table]++;
  }

  #student(id: number): StudentTally {
    const before = this.#students.get(id);
    if (before) return before;
    const student: StudentTally = {
      id,
      nationalId: '',
      name: '',
      roll: undefined,
      removed: 0,
      returned: 0,
      restored: 0,
      picked: 0,
      unpicked: 0,
      changes: NO_CHANGES,
      left: false,
      extendedYears: false,
      rollEntry: false,
      counts: NO_COUNTS,
    };
    this.#students.set(id, student);
    return student;
  }

  #count(studentId: number, row: Row, what: 'removed' | 'returned' | 'restored'): void {
    const student = this.#student(studentId);
    student[what]++;
    const { courseResults, multiPerformances, attachments } = student.counts;
    student.counts = {
      courseResults: courseResults + (row.list === 'courseResults' ? 1 : 0),
      multiPerformances: multiPerformances + (MULTI_PERFORMANCE_LISTS.has(row.list as ListName) ? 1 : 0),
      attachments: attachments + [row.document_sha256, row.media_sha256].filter((sha256) => sha256 !== null).length,
    };
  }

  async result(db: Kysely<Tables> | Transaction<Tables>, folder: string): Promise<TakenBack> {
    for (const { studentId, row, was, is, isOther } of this.#records.values()) {
      if (was !== is) this.#count(studentId, row, is ? 'returned' : 'removed');
      else if (is && isOther) this.#count(studentId, row, 'restored');
    }
    for (const { studentId, was, is } of this.#picks.values()) if (was !== is) this.#student(studentId)[is ? 'picked' : 'unpicked']++;
    const students: TakenBackStudent[] = [];
    for (const ids of inParts([...this.#students.keys()]))
      for (const row of await db.selectFrom('students').selectAll().where('id', 'in', ids).execute()) {
        const student = this.#student(row.id);
        const { nationalId, name } = basicDataOf(row, folder);
        Object.assign(student, { nationalId, name });
        const basicData = this.#basicData.get(row.id);
        if (basicData && student.roll === undefined) student.changes = changesBetween(basicData.from, basicData.to);
        students.push(student);
      }
    students.sort((a, b) => (a.nationalId < b.nationalId ? -1 : 1));
    return { students, courses: this.#listings.course_codes, schools: this.#listings.known_schools, schoolName: this.#schoolName };
  }
}

const presenceOf = (studentId: number | null, row: Row, isThere: boolean): PresenceOf => ({
  studentId: studentId ?? Number(row.student_id),
  row,
  was: isThere,
  is: isThere,
  isOther: false,
});
