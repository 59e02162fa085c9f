/** Records what students chose to have submitted (勾選), within the quotas, all or nothing. */
import { errorOf, type Finding } from '../errors.js';
import { studentPlace } from '../spec/place.js';
import { countsOf, type Half, titleOf, wireListOf } from '../spec/portfolio.js';
import {
  type Item,
  itemNamed,
  itemPlace,
  OPEN,
  overFinding,
  pickedVersionOf,
  type StudentStanding,
  standingOf,
  standingOfItems,
} from '../store/records/pickable-items.js';
import type { NewRecordOutcome, Store, StoreChange } from '../store/store.js';
import { studentIn } from '../store/students.js';

export type { Item } from '../store/records/pickable-items.js';

/** One student's choice. References are those of `Item`. */
export interface Choice {
  readonly nationalId: string;
  readonly pick: readonly string[];
  readonly unpick: readonly string[];
  /** School years by which the study is lengthened; as it was when undefined. */
  readonly extendedYears?: number | undefined;
}

export interface ChosenStudent extends StudentStanding {
  readonly nationalId: string;
  readonly name: string;
  readonly extendedYears: number;
  /** References newly picked, and no longer picked. */
  readonly picked: readonly string[];
  readonly unpicked: readonly string[];
  /** Whether anything of it is other than before. */
  readonly changed: boolean;
}

/**
 * @throws LPX_NOT_IN_STORE, LPX_PICK_UNKNOWN; LPX_STUDENT_LEFT, LPX_PICK_UNFIT, LPX_PICK_VERSION and LPX_PICK_OVER, with
 *   all that is wrong: then nothing is recorded, of any student
 */
export async function pickItems(
  store: Store,
  choices: readonly Choice[],
  { now, operator, includeLeft }: PickTerms,
): Promise<ChosenStudent[]> {
  return store.change(async (change) => {
    const findings: Finding[] = [];
    const chosen: ChosenStudent[] = [];
    const historyId = await change.addHistory({ kind: 'pick', at: now, operator, file: '', bytes: 0 });
    for (const choice of choices) chosen.push(await choose(change, choice, { now, historyId, includeLeft }, findings));
    const error = errorOf(findings);
    if (error) throw error;
    return { keep: chosen.some(({ changed }) => changed), result: chosen };
  });
}

export interface PickTerms {
  readonly now: Date;
  /** Who records the choice, for the history. */
  readonly operator: string;
  /** Record choices also of students who left the school. */
  readonly includeLeft?: boolean | undefined;
}

/** The items that a student can pick, and those that are picked. @throws LPX_NOT_IN_STORE */
export async function studentItems(store: Store, nationalId: string): Promise<Omit<ChosenStudent, 'picked' | 'unpicked' | 'changed'>> {
  const student = await studentIn(store, nationalId);
  const { basicData, extendedYears } = student;
  return { ...standingOf(student), nationalId: basicData.nationalId, name: basicData.name, extendedYears };
}

async function choose(
  change: StoreChange,
  { nationalId, pick, unpick, extendedYears: given }: Choice,
  { now, historyId, includeLeft }: { readonly now: Date; readonly historyId: number; readonly includeLeft: boolean | undefined },
  findings: Finding[],
): Promise<ChosenStudent> {
  const student = await studentIn(change, nationalId);
  const { left } = student;
  if (left && !includeLeft)
    findings.push({
      code: 'LPX_STUDENT_LEFT',
      severity: 'error',
      place: studentPlace(student.basicData),
      facts: { as: left.as, day: left.on },
    });
  const { items } = standingOf(student);
  const [picking, unpicking] = [pick, unpick].map((refs) => [...new Set(refs.map((ref) => itemNamed(items, ref, student.basicData)))]) as [
    Item[],
    Item[],
  ];
  for (const item of picking) {
    const reason = item.unfit ?? (item.state === 'submitted' ? 'submitted' : undefined);
    if (reason) findings.push({ code: 'LPX_PICK_UNFIT', severity: 'error', place: itemPlace(student.basicData, item), facts: { reason } });
  }
  const added = picking.filter((item) => item.state === 'open');
  const removed = unpicking.filter((item) => item.state === 'picked' && !picking.includes(item));
  const extendedYears = given ?? student.extendedYears;
  const after = standingOfItems(
    items.map((item) => (added.includes(item) ? { ...item, ...PICKED } : removed.includes(item) ? { ...item, ...OPEN } : item)),
    extendedYears,
  );
  for (const item of added) {
    const other = pickedVersionOf(after.items, item);
    if (other)
      findings.push({
        code: 'LPX_PICK_VERSION',
        severity: 'error',
        place: itemPlace(student.basicData, item),
        facts: { other: other.ref },
      });
  }
  // What was over a limit before, and is not added to, is not the fault of this pick.
  const grows = (half: Half, year: number) =>
    added.some((item) => item.half === half && (year === 0 || item.schoolYear === year)) || (given !== undefined && year === 0);
  findings.push(
    ...after.over
      .filter(({ half, schoolYear }) => grows(half, schoolYear))
      .map((over) => overFinding(over, 'error', studentPlace(student.basicData))),
  );
  for (const { stored } of added) await change.addPick(student.id, stored, now);
  for (const { stored } of removed) await change.removePick(stored);
  if (extendedYears !== student.extendedYears) await change.setExtendedYears(student.id, extendedYears);
  await change.addHistoryStudent(historyId, student.id, countsOf(added.map(({ stored }) => stored.record)));
  await change.addRecordOutcomes(historyId, student.id, [
    ...added.map((item) => outcomeOf(item, 'picked')),
    ...removed.map((item) => outcomeOf(item, 'unpicked')),
  ]);
  const refs = (of: readonly Item[]) => of.map((item) => item.ref);
  const changed = added.length + removed.length > 0 || extendedYears !== student.extendedYears;
  return { ...after, nationalId, name: student.basicData.name, extendedYears, picked: refs(added), unpicked: refs(removed), changed };
}

const outcomeOf = ({ stored }: Item, outcome: 'picked' | 'unpicked'): NewRecordOutcome => ({
  list: wireListOf(stored.record.list).wire,
  title: titleOf(stored.record),
  outcome,
  record: stored,
});

const PICKED = { state: 'picked', picked: true } as const;
