/** Carries out what was planned for one student, and says what became of each record. */
import type { TakenAttachment, TakenRecord } from '../../package/attachments.js';
import { differencesOf } from '../../spec/identity.js';
import { countsOf, termOfRecord, titleOf, wireListOf } from '../../spec/portfolio.js';
import { type Comparison, paidRecord, paymentOf } from '../../store/records/compare-records.js';
import { picksWithoutRoom, refOf, standingOf } from '../../store/records/pickable-items.js';
import {
  type NewRecordOutcome,
  PROVENANCES,
  type Provenance,
  type StoreChange,
  type StoredAttachment,
  type StoredRecord,
} from '../../store/store.js';
import { studentIn } from '../../store/students.js';
import type { LoadedStudent, NamedRecord, UpdatedRecord } from '../load.js';
import { changesStore, confirmedBy, isOther, removedBy, type StudentPlan, writtenOf } from './plan.js';

interface ApplyTerms {
  /** Undefined where nothing changes. */
  readonly historyId: number | undefined;
  readonly schoolCode: string;
  readonly keepMissing: boolean;
}

/** Carries a plan out. */
export async function applyPlan(
  change: StoreChange,
  plan: StudentPlan,
  { historyId, schoolCode, keepMissing }: ApplyTerms,
): Promise<LoadedStudent> {
  if (historyId === undefined || !changesStore(plan, keepMissing)) return loadedStudent(plan, keepMissing, []);
  const { portfolio, held, comparisons, returned, changes } = plan;
  const { basicData, extras } = portfolio;
  const student = held ?? (await change.addStudent(basicData, extras));
  if (isOther(plan)) await change.updateStudent(student.id, basicData, extras);
  const removed = removedBy(plan, keepMissing);
  await change.removeRecords(removed, historyId);
  await change.restoreRecords(returned);
  const updated = comparisons.flatMap((comparison) =>
    comparison.kind === 'changed' && comparison.stored ? [{ ...comparison, stored: comparison.stored }] : [],
  );
  for (const comparison of [...updated, ...confirmedBy(plan)]) await change.replaceRecord(comparison.stored, comparison, historyId);
  for (const { kind, stored, record } of comparisons)
    if (kind === 'paid' && stored) await change.payRecord(stored, paidRecord(stored.record, paymentOf(stored.record, record)), historyId);
  for (const provenance of PROVENANCES) {
    const added = comparisons.filter(({ kind, record }) => kind === 'new' && provenanceOf(record, schoolCode) === provenance);
    await change.addRecords(student.id, provenance, historyId, added);
  }
  const unpicked = await unpickWithoutRoom(change, basicData.nationalId, returned);
  await change.addHistoryStudent(historyId, student.id, countsOf(writtenOf(plan)), { created: !held, changes });
  await change.addRecordOutcomes(historyId, student.id, [
    ...updated.map(({ stored }) => outcomeOf(stored, 'replaced')),
    ...removed.map((stored) => outcomeOf(stored, 'removed')),
    ...returned.map((stored) => outcomeOf(stored, 'returned')),
    ...unpicked.map((stored) => outcomeOf(stored, 'unpicked')),
  ]);
  return loadedStudent(plan, keepMissing, unpicked);
}

function loadedStudent(plan: StudentPlan, keepMissing: boolean, unpicked: readonly StoredRecord[]): LoadedStudent {
  const { portfolio, held, comparisons, returned, changes } = plan;
  const { nationalId, name } = portfolio.basicData;
  const countOf = (kind: Comparison<TakenAttachment>['kind']) => comparisons.filter((comparison) => comparison.kind === kind).length;
  return {
    nationalId,
    name,
    created: !held,
    changes,
    added: countOf('new'),
    updated: countOf('changed') + countOf('paid'),
    unchanged: comparisons.filter(({ kind, stored }) => kind === 'same' && !(stored && returned.includes(stored))).length,
    updates: comparisons.flatMap(({ kind, stored, record }) =>
      (kind === 'changed' || kind === 'paid') && stored ? [updatedRecord(stored, record)] : [],
    ),
    returned: returned.map(namedRecord),
    unpicked: unpicked.map(namedRecord),
    removed: removedBy(plan, keepMissing).map(namedRecord),
    kept: keepMissing ? plan.missing.map(namedRecord) : [],
  };
}

/** Takes the picks of records that are back where the limits no longer allow them. @returns those records */
async function unpickWithoutRoom(change: StoreChange, nationalId: string, returned: readonly StoredRecord[]): Promise<StoredRecord[]> {
  if (!returned.some(({ picked }) => picked)) return [];
  const student = await studentIn(change, nationalId);
  const without = picksWithoutRoom(standingOf(student).items, new Set(returned.map(refOf)), student.extendedYears);
  for (const { stored } of without) await change.removePick(stored);
  return without.map(({ stored }) => stored);
}

const outcomeOf = (stored: StoredRecord, outcome: 'replaced' | 'removed' | 'returned' | 'unpicked'): NewRecordOutcome => ({
  list: wireListOf(stored.record.list).wire,
  title: titleOf(stored.record),
  outcome,
  record: stored,
});

const namedRecord = (stored: StoredRecord): NamedRecord => ({
  ref: refOf(stored),
  list: wireListOf(stored.record.list).wire,
  title: titleOf(stored.record),
  term: termOfRecord(stored.record),
});

const updatedRecord = (stored: StoredRecord, record: TakenRecord): UpdatedRecord => ({
  ...namedRecord(stored),
  changes: differencesOf<StoredAttachment>(stored.record, record).map(({ property, stored: from, received: to }) => ({
    property,
    from,
    to,
  })),
});

/** A record of this school, or of none named, is its own. */
function provenanceOf({ fields }: TakenRecord, schoolCode: string): Provenance {
  return fields.originSchoolCode === '' || fields.originSchoolCode === schoolCode ? 'own' : 'received';
}
