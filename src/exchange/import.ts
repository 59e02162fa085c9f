/**
 * Imports a package: verify, then one transaction for all its students. Another student's data are never
 * touched, nothing is doubled, and every course result keeps its school and its course code.
 */
import type { Finding } from '../errors.js';
import { basicDataWire, isCourseResult, type Portfolio, type PortfolioRecord, titleOf, wireListOf } from '../spec/portfolio.js';
import { placesOf } from '../spec/validate.js';
import type { Store, StoreChange } from '../store/store.js';
import { restorableFiles } from './held-files.js';
import { knowledgeOf } from './knowledge.js';
import { type Comparison, changedFinding, compareRecords } from './merge.js';
import { countsOf } from './record-counts.js';
import {
  attachmentsOf,
  keepStaged,
  type TakenAttachment,
  type TakenPortfolio,
  type TakenRecord,
  termOfRecord,
} from './take-attachments.js';
import { unfitness } from './unfit.js';
import { examinePackage, type VerificationReport, type VerifyRequest } from './verify.js';

export interface ImportRequest extends VerifyRequest {
  /** Work everything out and change nothing. */
  readonly dryRun: boolean;
  /** Admit students who are not in the store yet. */
  readonly createStudents: boolean;
  /** Keep a record beside a stored one that says something else, instead of refusing. */
  readonly keepBoth: boolean;
  readonly now: Date;
  /** Who imports, for the history and the receipt. */
  readonly operator: string;
}

/** What becomes of one record of the package. */
export interface RecordChange {
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  /** Empty for records that are not course results. */
  readonly courseCode: string;
  readonly originSchoolCode: string;
  readonly term: string;
  /**
   * `beside`: kept next to a stored one that differs; `uncertified`: left out, its teacher has not certified it;
   * `unsound`: left out, its attachments are not sound.
   */
  readonly outcome: 'new' | 'same' | 'beside' | 'uncertified' | 'unsound' | 'conflict';
}

export interface ImportedStudent {
  readonly nationalId: string;
  readonly name: string;
  readonly created: boolean;
  readonly records: readonly RecordChange[];
}

export interface ImportResult {
  readonly report: VerificationReport;
  readonly dryRun: boolean;
  /** `refused` by the verification or a conflict; `unchanged` when all of it was there before. */
  readonly outcome: 'imported' | 'unchanged' | 'refused' | 'would-import';
  readonly students: readonly ImportedStudent[];
  /** What the store holds against it; empty unless refused for that. */
  readonly conflicts: readonly Finding[];
  /** Files of the store that were lost or broken and that the package put right, or would; each a warning. */
  readonly restored: readonly Finding[];
  /** The import's number in the history; 0 when nothing was imported. */
  readonly historyId: number;
}

/**
 * Verifies and imports one package. A package that is at fault, or in conflict, comes back as `refused`
 * with the store as it was. @throws as `examinePackage`; LPX_STORE_BUSY, LPX_WRITE_FAILED
 */
export async function importPackage(store: Store, request: ImportRequest): Promise<ImportResult> {
  const { dryRun } = request;
  const staging = dryRun ? undefined : await store.attachments.stage();
  try {
    const known = (portfolios: readonly Portfolio<unknown>[]) => knowledgeOf(store, portfolios);
    const { report, portfolios } = await examinePackage({ ...request, known }, staging ?? 'comparison');
    const nothing = { report, dryRun, students: [], conflicts: [], restored: [], historyId: 0 };
    if (!report.ok) return { ...nothing, outcome: 'refused' };
    // Not within the change: others who write would wait for a slow disk.
    await staging?.secured();
    const restorable = await restorableFiles(store, portfolios);
    const sound = { ...nothing, restored: restorable.map(({ finding }) => finding) };
    return await store.change<ImportResult>(async (change) => {
      const historyId = await change.addHistory({ ...historyOf(report, request), at: request.now });
      const merged: MergedStudent[] = [];
      for (const portfolio of portfolios) merged.push(await mergeStudent(change, portfolio, request, historyId, portfolios.length > 1));
      const students = merged.map((one) => one.student);
      const conflicts = merged.flatMap((one) => one.conflicts);
      if (conflicts.length > 0) return { keep: false, result: { ...nothing, students, conflicts, outcome: 'refused' } };
      const written = merged.flatMap((one) => one.written);
      const changed = written.length > 0 || students.some((student) => student.created);
      // Also files of records that are there already.
      if (staging) await keepStaged(staging, [...attachmentsOf(written), ...restorable.map(({ attachment }) => attachment)]);
      if (!changed) return { keep: false, result: { ...sound, students, outcome: 'unchanged' } };
      if (!staging) return { keep: false, result: { ...sound, students, outcome: 'would-import' } };
      return { keep: true, result: { ...sound, students, historyId, outcome: 'imported' } };
    });
  } finally {
    await staging?.discard();
  }
}

const historyOf = ({ package: { file, bytes, md5, sha256, school } }: VerificationReport, { signature, operator }: ImportRequest) =>
  ({
    kind: 'import',
    file,
    bytes,
    md5,
    sha256,
    school,
    reason: signature === 'none' ? 'unsigned' : '',
    terms: '',
    overridden: '',
    operator,
  }) as const;

interface MergedStudent {
  readonly student: ImportedStudent;
  readonly written: readonly TakenRecord[];
  readonly conflicts: readonly Finding[];
}

async function mergeStudent(
  change: StoreChange,
  portfolio: TakenPortfolio,
  request: ImportRequest,
  historyId: number,
  several: boolean,
): Promise<MergedStudent> {
  const { basicData, extras } = portfolio;
  const { nationalId, name } = basicData;
  const held = await change.student(nationalId);
  const conflicts: Finding[] = [];
  const places = placesOf(nationalId, several);
  if (!held && !request.createStudents)
    conflicts.push({
      code: 'LPX_STUDENT_UNKNOWN',
      severity: 'error',
      where: places.basicData(basicDataWire('nationalId')),
      facts: {},
    });
  for (const property of ['name', 'birthDate'] as const) {
    const [here, there] = [held?.basicData[property] ?? '', basicData[property]];
    if (here !== '' && there !== '' && here.normalize('NFC') !== there.normalize('NFC')) {
      conflicts.push({
        code: 'LPX_STUDENT_DIFFERS',
        severity: 'error',
        where: places.basicData(basicDataWire(property)),
        facts: { stored: here, received: there },
      });
    }
  }

  const certified = portfolio.records.filter((record) => !isUncertified(record));
  const comparisons = compareRecords(certified, held?.records ?? []);
  const keepBoth = request.keepBoth;
  for (const { kind, record } of comparisons) if (kind === 'changed' && !keepBoth) conflicts.push(changedFinding(nationalId, record));

  const outcomes = new Map(comparisons.map((one) => [one.record, outcomeOf(one, keepBoth)]));
  const records = [
    ...portfolio.records.map((record) => changeOf(record, outcomes.get(record) ?? 'uncertified')),
    ...portfolio.unsound.map((record) => changeOf(record, 'unsound')),
  ];
  const incoming = conflicts.length > 0 ? [] : comparisons.filter((one) => one.kind !== 'same');
  if (conflicts.length === 0) {
    const student = held ?? (await change.addStudent(basicData, extras));
    await change.addRecords(student.id, 'received', historyId, incoming);
    if (incoming.length > 0 || !held) await change.addHistoryStudent(historyId, student.id, countsOf(incoming.map((one) => one.record)));
    await change.addImportOutcomes(
      historyId,
      student.id,
      records.filter(({ outcome }) => outcome !== 'new'),
    );
  }
  return {
    student: { nationalId, name, created: !held && conflicts.length === 0, records },
    written: incoming.map((one) => one.record),
    conflicts,
  };
}

/** A course result that its teacher has not certified is not part of an exchange (guide part FOUR; spec 12, Q13). */
const isUncertified = (record: PortfolioRecord<unknown>): boolean => unfitness(record) === 'uncertified';

const outcomeOf = ({ kind }: Comparison<TakenAttachment>, keepBoth: boolean): RecordChange['outcome'] =>
  kind === 'changed' ? (keepBoth ? 'beside' : 'conflict') : kind;

function changeOf(record: PortfolioRecord<unknown>, outcome: RecordChange['outcome']): RecordChange {
  return {
    list: wireListOf(record.list).wire,
    title: titleOf(record),
    courseCode: isCourseResult(record) ? record.fields.courseCode : '',
    originSchoolCode: record.fields.originSchoolCode,
    term: termOfRecord(record),
    outcome,
  };
}
