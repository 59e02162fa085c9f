/** Plans what a load does to one student: what is new, changed, missing or there again, and what stands against it. */
import { type Finding, findingOf } from '../../errors.js';
import type { TakenAttachment, TakenRecord } from '../../package/attachments.js';
import { compareNames } from '../../spec/person-name.js';
import { studentPlace } from '../../spec/place.js';
import { type BasicData, type Portfolio, titleOf, wireListOf } from '../../spec/portfolio.js';
import { type Comparison, changedFinding, compareRecords } from '../../store/records/compare-records.js';
import { type Coverage, missingRecords, removalFindings } from '../../store/records/missing-records.js';
import type { BasicDataChange, StoreChange, StoredRecord, StoredStudent } from '../../store/store.js';
import { changesBetween } from '../../store/stored-rows.js';
import { comingAgain } from '../../store/students.js';
import type { CheckedPart, RecordSource } from '../load.js';

/** The effect of a load on one student, with the errors that prevent it. */
export interface StudentPlan {
  readonly portfolio: Portfolio<TakenAttachment>;
  readonly held: StoredStudent | undefined;
  /** Whether the source has no basic data of its own. */
  readonly keepsBasicData: boolean;
  readonly changes: readonly BasicDataChange[];
  /** Records of the document; what they are compared with includes those that were taken out. */
  readonly comparisons: readonly Comparison<TakenAttachment>[];
  /** Those that were taken out and are there again. */
  readonly returned: readonly StoredRecord[];
  readonly missing: readonly StoredRecord[];
  /** A student who was here before; what a register says otherwise than the platform, which stays; what the platform says otherwise than a list, which does not. */
  readonly kept: readonly Finding[];
  readonly conflicts: readonly Finding[];
  /** Why missing records should not be removed without confirmation. */
  readonly doubts: readonly Finding[];
}

/** How a student's records are planned. */
interface PlanTerms {
  readonly complete: CheckedPart['complete'];
  readonly coverage: Coverage;
  readonly roll: RecordSource['roll'];
}

export async function planStudent(
  change: StoreChange,
  given: Portfolio<TakenAttachment>,
  { complete, coverage, roll }: PlanTerms,
): Promise<StudentPlan> {
  const held = await change.student(given.basicData.nationalId);
  const present = held?.records ?? [];
  const removed = held ? (await change.removedRecords(held.id)).filter(({ provenance }) => provenance === 'own') : [];
  const isOfStore = roll === 'store' && held !== undefined;
  const kept: Finding[] = held ? [] : [...(await comingAgain(change, [given.basicData], studentPlace)).values()];
  const portfolio: Portfolio<TakenAttachment> = {
    ...(isOfStore ? { basicData: held.basicData, extras: held.extras } : given),
    records: complete(given.records, [...present, ...removed], (record, differences) => {
      const place = { ...studentPlace(given.basicData), list: wireListOf(record.list).wire, title: titleOf(record) };
      for (const { property, stored, received } of differences)
        kept.push(findingOf('LPX_REGISTER_DIFFERS', 'warning', place, { property, stored, listed: received }));
    }),
  };
  const { basicData, records } = portfolio;
  const comparisons = compareRecords(records, [...present, ...removed]);
  const found = new Set(comparisons.flatMap(({ stored }) => stored ?? []));
  const missing = missingRecords(present, found, coverage);
  const conflicts: Finding[] = [];
  for (const { kind, stored, record } of comparisons) {
    // Records imported from another school win over the platform's copy.
    if (kind === 'changed' && stored && (await change.historyKind(stored.historyId)) === 'import')
      conflicts.push(changedFinding(basicData, record));
  }
  if (roll === 'platform' && held?.listed) kept.push(...otherPersonFindings(held.basicData, basicData));
  return {
    portfolio,
    held,
    keepsBasicData: roll === 'store',
    changes: held ? changesOf(held, basicData) : [],
    comparisons,
    returned: removed.filter((record) => found.has(record)),
    missing,
    kept,
    conflicts,
    doubts: removalFindings(basicData, missing, present, records),
  };
}

/** A warning where the platform describes another person than the list did who put the student on the roll. */
function otherPersonFindings(listed: BasicData, platform: BasicData): Finding[] {
  const isOther =
    compareNames(listed.name, platform.name) === 'different' &&
    listed.birthDate !== '' &&
    platform.birthDate !== '' &&
    listed.birthDate !== platform.birthDate;
  const facts = { listed: `${listed.name} ${listed.birthDate}`, stored: `${platform.name} ${platform.birthDate}` };
  return isOther ? [findingOf('LPX_LOAD_OTHER_PERSON', 'warning', studentPlace(platform), facts)] : [];
}

/** What becomes of basic data; of one whom only a list described, of what the list says. */
const changesOf = ({ basicData, listed }: StoredStudent, after: BasicData): BasicDataChange[] =>
  changesBetween(basicData, after).filter(
    ({ property, from }) => !listed || ((property === 'name' || property === 'birthDate') && from !== ''),
  );

/** The records that a plan writes. */
export const writtenOf = ({ comparisons }: StudentPlan): TakenRecord[] =>
  comparisons.filter(({ kind }) => kind !== 'same').map(({ record }) => record);

export const isOther = ({ portfolio: { basicData, extras }, held, keepsBasicData }: StudentPlan): boolean =>
  held !== undefined &&
  !keepsBasicData &&
  (held.listed || JSON.stringify([held.basicData, held.extras]) !== JSON.stringify([basicData, extras]));

export const changesStore = (plan: StudentPlan, keepMissing: boolean): boolean =>
  !plan.held ||
  isOther(plan) ||
  writtenOf(plan).length + removedBy(plan, keepMissing).length + plan.returned.length + confirmedBy(plan).length > 0;

/** Records that a register brought and that the platform says, too: from now on they are the platform's. */
export const confirmedBy = ({ comparisons, keepsBasicData }: StudentPlan) =>
  comparisons.flatMap((comparison) =>
    comparison.kind === 'same' && comparison.stored?.ofPlatform === false && !keepsBasicData
      ? [{ ...comparison, stored: comparison.stored }]
      : [],
  );

export const removedBy = ({ missing }: StudentPlan, keepMissing: boolean): readonly StoredRecord[] => (keepMissing ? [] : missing);
