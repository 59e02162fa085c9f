/** A student's status per school year: own and received items, picks, what can still be picked, and what is over a limit. */
import type { Finding } from '../errors.js';
import { studentPlace } from '../spec/place.js';
import { type BasicData, type Half, isCourseResult, titleOf, wireListOf } from '../spec/portfolio.js';
import type { Standing } from '../spec/rules/quotas.js';
import { type Item, limitFindings, overFinding, type StudentStanding, standingOf } from '../store/records/pickable-items.js';
import type { RecordVersion } from '../store/records/record-versions.js';
import { schoolNames } from '../store/reference-data.js';
import type { Store } from '../store/store.js';
import { studentMeant } from '../store/students.js';

/** One half of one school year. */
export interface HalfStatus extends Standing {
  readonly own: number;
  /** Items that another school sent. */
  readonly transferred: number;
}

/** How many course results of a school year were certified at one school. */
export interface Certified {
  readonly schoolYear: number;
  readonly schoolCode: string;
  /** Empty when no list of schools names it. */
  readonly schoolName: string;
  readonly certified: number;
  readonly uncertified: number;
}

/** A received record that says it was submitted before, by another school: nothing here can show it. */
export interface SubmittedElsewhere {
  readonly ref: string;
  readonly list: string;
  readonly title: string;
  /** The term of the submission, such as `1081`. */
  readonly submittedTerm: string;
  /** The school the record is from; the name is empty when no list of schools has it. */
  readonly schoolCode: string;
  readonly schoolName: string;
  /** The import or load that brought it. */
  readonly historyId: number;
}

/** A record that is there in several versions, one of them. */
export interface VersionedRecord {
  readonly ref: string;
  readonly list: string;
  readonly title: string;
  readonly version: RecordVersion;
}

export interface StudentStatus extends Pick<StudentStanding, 'totals'> {
  readonly basicData: BasicData;
  /** Whether only a list has named the student so far. */
  readonly listed: boolean;
  readonly extendedYears: number;
  readonly years: readonly HalfStatus[];
  readonly certified: readonly Certified[];
  readonly submittedElsewhere: readonly SubmittedElsewhere[];
  /** Records that are there in several versions, those of one after the other. */
  readonly versions: readonly VersionedRecord[];
  /** Findings over limits: files, briefs, picks. */
  readonly findings: readonly Finding[];
}

/** @param who a national id, a part of it, or a name. @throws LPX_STUDENT_NOT_FOUND, LPX_STUDENTS_FIT */
export async function studentStatus(store: Store, who: string): Promise<StudentStatus> {
  const student = await studentMeant(store, who);
  const { items, standings, totals, over } = standingOf(student);
  const count = (half: Half, year: number, fits: (item: Item) => boolean) =>
    items.filter((item) => item.half === half && item.schoolYear === year && fits(item)).length;
  return {
    basicData: student.basicData,
    listed: student.listed,
    extendedYears: student.extendedYears,
    totals,
    years: standings.map((standing) => ({
      ...standing,
      own: count(standing.half, standing.schoolYear, ({ stored }) => stored.provenance === 'own'),
      transferred: count(standing.half, standing.schoolYear, ({ stored }) => stored.provenance === 'received'),
    })),
    certified: await certifiedWhere(store, items),
    submittedElsewhere: await submittedElsewhere(store, items),
    versions: versionedRecords(items),
    findings: [
      ...over.map((excess) => overFinding(excess, 'warning', studentPlace(student.basicData))),
      ...items.flatMap((item) => limitFindings(student.basicData, item)),
    ],
  };
}

function versionedRecords(items: readonly Item[]): VersionedRecord[] {
  return items
    .filter(({ version }) => version !== undefined)
    .sort((a, b) => (a.stored.key < b.stored.key ? -1 : a.stored.key > b.stored.key ? 1 : 0) || number(a) - number(b))
    .map(({ ref, stored: { record }, version }) => ({
      ref,
      list: wireListOf(record.list).wire,
      title: titleOf(record),
      version: version as RecordVersion,
    }));
}

const number = ({ version }: Item): number => version?.number ?? 0;

/** They count toward the student's limits on the other school's word alone. */
async function submittedElsewhere(store: Store, items: readonly Item[]): Promise<SubmittedElsewhere[]> {
  const submitted = items.filter(({ state, stored }) => state === 'submitted' && stored.provenance === 'received');
  const names = await schoolNames(
    store,
    submitted.map(({ stored }) => stored.record.fields.originSchoolCode),
  );
  return submitted.map(({ ref, stored: { record, historyId } }) => ({
    ref,
    list: wireListOf(record.list).wire,
    title: titleOf(record),
    submittedTerm: record.fields.submittedTerm,
    schoolCode: record.fields.originSchoolCode,
    schoolName: names.get(record.fields.originSchoolCode) ?? '',
    historyId,
  }));
}

async function certifiedWhere(store: Store, items: readonly Item[]): Promise<Certified[]> {
  const courses = items.flatMap(({ schoolYear, stored: { record } }) =>
    isCourseResult(record) ? [{ schoolYear, fields: record.fields }] : [],
  );
  const names = await schoolNames(
    store,
    courses.map(({ fields }) => fields.originSchoolCode),
  );
  const groups = new Map<string, Certified>();
  for (const { schoolYear, fields } of courses) {
    const key = `${String(schoolYear).padStart(3, '0')} ${fields.originSchoolCode}`;
    const group = groups.get(key) ?? {
      schoolYear,
      schoolCode: fields.originSchoolCode,
      schoolName: names.get(fields.originSchoolCode) ?? '',
      certified: 0,
      uncertified: 0,
    };
    const is = fields.certification === '1' ? 'certified' : 'uncertified';
    groups.set(key, { ...group, [is]: group[is] + 1 });
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
