/** Notes that students left the school (轉出, 畢業), or are here after all. Nothing of theirs is removed. */
import { errorOf, type Finding, LpxError, type Place } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { BoundedFindings } from '../spec/findings.js';
import type { LeftAs } from '../spec/status-changes.js';
import { type Day, dayOf } from '../spec/terms.js';
import type { Leaving, Store } from '../store/store.js';
import { absentStudent } from '../store/students.js';

export interface LeaveRequest {
  readonly nationalIds: readonly string[];
  /** Where a list names a student, by national id: part of the place of their errors. */
  readonly namedAt?: ReadonlyMap<string, Place> | undefined;
  readonly as: LeftAs | 'here';
  /** The last day here; of one who is here, the day of that word. */
  readonly on: Day;
  readonly now: Date;
  /** Who says so, for the history. */
  readonly operator: string;
}

export interface LeavingStudent {
  readonly nationalId: string;
  readonly name: string;
  /** Undefined for one who is here. */
  readonly left: Leaving | undefined;
  /** Whether that is other than before. */
  readonly changed: boolean;
}

/** All of them or none. @throws LPX_LEFT_IN_FUTURE; LPX_NOT_IN_STORE and LPX_STUDENT_REMOVED with every student who is not there */
export const leaveSchool = (store: Store, { nationalIds, namedAt, as, on, now, operator }: LeaveRequest): Promise<LeavingStudent[]> =>
  store.change(async (change) => {
    if (on > dayOf(now)) throw new LpxError('LPX_LEFT_IN_FUTURE', { left: on, today: dayOf(now) });
    const left = as === 'here' ? undefined : { as, on };
    const historyId = await change.addHistory({ kind: 'leave', at: now, operator, file: '', bytes: 0, details: { as, on } });
    const students: LeavingStudent[] = [];
    const unknown: Finding[] = [];
    for (const nationalId of new Set(nationalIds.map(canonicalCode))) {
      const student = await change.student(nationalId);
      if (!student) {
        unknown.push(await absentStudent(change, nationalId, namedAt?.get(nationalId)));
        continue;
      }
      const { basicData } = student;
      const changed = student.left?.as !== left?.as || student.left?.on !== left?.on;
      students.push({ nationalId: basicData.nationalId, name: basicData.name, left, changed });
      if (!changed) continue;
      await change.setLeft(student.id, left);
      await change.addHistoryStudent(historyId, student.id, { courseResults: 0, multiPerformances: 0, attachments: 0 });
    }
    const refusal = errorOf(new BoundedFindings().add(unknown).list());
    if (refusal) throw refusal;
    return { keep: students.some(({ changed }) => changed), result: students };
  });
