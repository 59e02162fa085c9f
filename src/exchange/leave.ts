/** Notes that students left the school (轉出, 畢業), or are here after all. Nothing of theirs is removed. */
import type { LeftAs } from '../spec/status-changes.js';
import type { Day } from '../spec/terms.js';
import type { Leaving, Store } from '../store/store.js';
import { studentIn } from '../store/students.js';

export interface LeaveRequest {
  readonly nationalIds: readonly string[];
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

/** All of them or none. @throws LPX_NOT_IN_STORE */
export const leaveSchool = (store: Store, { nationalIds, as, on, now, operator }: LeaveRequest): Promise<LeavingStudent[]> =>
  store.change(async (change) => {
    const left = as === 'here' ? undefined : { as, on };
    const historyId = await change.addHistory({ kind: 'leave', at: now, operator, file: '', bytes: 0, details: { as, on } });
    const students: LeavingStudent[] = [];
    for (const nationalId of new Set(nationalIds)) {
      const student = await studentIn(change, nationalId);
      const { basicData } = student;
      const changed = student.left?.as !== left?.as || student.left?.on !== left?.on;
      students.push({ nationalId: basicData.nationalId, name: basicData.name, left, changed });
      if (!changed) continue;
      await change.setLeft(student.id, left);
      await change.addHistoryStudent(historyId, student.id, { courseResults: 0, multiPerformances: 0, attachments: 0 });
    }
    return { keep: students.some(({ changed }) => changed), result: students };
  });
