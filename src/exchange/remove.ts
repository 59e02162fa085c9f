/** Takes a student off the roll. Nothing is lost: records, picks and files stay in the store, and `lpx undo` puts the student back. */
import { type Finding, findingOf } from '../errors.js';
import { studentPlace } from '../spec/place.js';
import { countsOf, SLOTS } from '../spec/portfolio.js';
import { taipeiTime } from '../spec/terms.js';
import type { HistoryCounts, KeptExport, Store, StoredStudent } from '../store/store.js';
import { studentIn, studentMeant } from '../store/students.js';

export interface RemoveRequest {
  /** A national id, a part of it, or a name. */
  readonly who: string;
  /** Why, in the clerk's words, for the history. */
  readonly reason: string;
  readonly now: Date;
  readonly operator: string;
  /** Work everything out, and change nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface RemovedStudent {
  readonly nationalId: string;
  readonly name: string;
  /** What stays in the store. */
  readonly kept: HistoryCounts & { readonly picks: number };
  /** Exports of the student for which no receipt came. */
  readonly openExports: readonly KeptExport[];
  /** How many of the student's different files a receipt that was checked here names, and how many it does not. */
  readonly acknowledgedFiles: number;
  readonly unacknowledgedFiles: number;
  /** Warnings: what is open. */
  readonly findings: readonly Finding[];
  readonly dryRun: boolean;
  /** The number of its entry in the history; 0 of a dry run. */
  readonly historyId: number;
}

/** @throws LPX_STUDENT_NOT_FOUND, LPX_STUDENTS_FIT */
export async function removeStudent(store: Store, request: RemoveRequest): Promise<RemovedStudent> {
  const { who, reason, now, operator, dryRun = false } = request;
  const { nationalId } = (await studentMeant(store, who)).basicData;
  const exports = await store.history({ student: nationalId, kinds: ['export'] });
  const acknowledged = await store.acknowledgedFiles(nationalId);
  return store.change(async (change) => {
    const student = await studentIn(change, nationalId);
    const { records, basicData } = student;
    const openExports = exports.filter((entry) => entry.kind === 'export' && !entry.received) as KeptExport[];
    const files = filesOf(student);
    const acknowledgedFiles = files.filter((sha256) => acknowledged.has(sha256)).length;
    const unacknowledgedFiles = files.length - acknowledgedFiles;
    const kept = countsOf(records.map(({ record }) => record));
    const happening = {
      kind: 'remove',
      at: now,
      operator,
      file: '',
      bytes: 0,
      details: { why: reason.trim() },
    } as const;
    const historyId = await change.addHistory(happening);
    await change.removeStudent(student.id);
    await change.addHistoryStudents(historyId, [{ studentId: student.id, ...kept }]);
    const result = {
      nationalId,
      name: basicData.name,
      kept: { ...kept, picks: records.filter(({ picked }) => picked).length },
      openExports,
      acknowledgedFiles,
      unacknowledgedFiles,
      findings: openFindings(student, { openExports, unacknowledgedFiles }),
      dryRun,
      historyId: dryRun ? 0 : historyId,
    };
    return { keep: !dryRun, result };
  });
}

/** The student's files, each once, by SHA-256. */
const filesOf = ({ records }: StoredStudent): string[] => [
  ...new Set(records.flatMap(({ record }) => SLOTS.flatMap((slot) => record[slot]?.sha256 ?? []))),
];

type Open = Pick<RemovedStudent, 'openExports' | 'unacknowledgedFiles'>;

function openFindings({ basicData }: StoredStudent, { openExports, unacknowledgedFiles }: Open): Finding[] {
  const place = studentPlace(basicData);
  return [
    ...openExports.map(({ id, file, at }) =>
      findingOf('LPX_REMOVE_UNRECEIVED', 'warning', place, { id, package: file, day: taipeiTime(at).slice(0, 10) }),
    ),
    ...(unacknowledgedFiles > 0 ? [findingOf('LPX_REMOVE_FILES', 'warning', place, { count: unacknowledgedFiles })] : []),
  ];
}
