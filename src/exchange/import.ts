/**
 * Imports a package: verify, then one transaction for all its students. Another student's data are never
 * touched, nothing is doubled, and every course result keeps its school and its course code.
 */
import { type Code, errorOf, type Finding, LpxError } from '../errors.js';
import { attachmentsOf, HASH_ONLY, type TakenPortfolio } from '../package/attachments.js';
import type { UnfitStudent } from '../spec/findings.js';
import { studentPlace } from '../spec/place.js';
import { type BasicData, countsOf, type Portfolio } from '../spec/portfolio.js';
import { compareFiles } from '../store/records/compare-files.js';
import { paidRecord, paymentOf } from '../store/records/compare-records.js';
import { nameSchools } from '../store/records/seen-files.js';
import { referenceDataFor } from '../store/reference-data.js';
import type { ImportEntry, SentAs, Store, StoreChange, StoredStudent } from '../store/store.js';
import { comingAgain, studentIn } from '../store/students.js';
import { type ClerksChoices, type ImportedStudent, planStudent, type StudentPlan } from './import/plan.js';
import { isKept, isRefusal, recordRefusal } from './import/refusal.js';
import { errorOfReport, readPackage, type VerificationReport, type VerifyRequest } from './verify.js';

export interface ImportRequest extends VerifyRequest, ClerksChoices {
  /** Work everything out and change nothing. */
  readonly dryRun: boolean;
  readonly now: Date;
  /** Errors after which the package is tried again later: of such a refusal the history keeps nothing. */
  readonly retried?: ReadonlySet<Code> | undefined;
  /** Who imports, for the history and the receipt. */
  readonly operator: string;
  /** The run of the command that has a worker import it, for the history; undefined where none does. */
  readonly request?: string | undefined;
}

export interface ImportResult {
  readonly report: VerificationReport;
  readonly dryRun: boolean;
  /** `refused` by the verification or a conflict; `unchanged` when all of it was there before. */
  readonly outcome: 'imported' | 'unchanged' | 'refused' | 'would-import';
  readonly students: readonly ImportedStudent[];
  /** Students who are left out; none unless the request says `skipUnfit`. */
  readonly unfit: readonly UnfitStudent[];
  /** Errors: conflicts with the store. Empty unless refused for that. */
  readonly conflicts: readonly Finding[];
  /** Warnings and notes about the store's data. */
  readonly notices: readonly Finding[];
  /** Files of the store that were lost or broken and that the package put right, or would; each a warning. */
  readonly restored: readonly Finding[];
  /** The number of its entry in the history; 0 when it was refused, or would be imported. */
  readonly historyId: number;
}

/**
 * Verifies and imports one package. A package that is faulty, or in conflict, comes back as `refused`
 * with the store as it was.
 * @throws as `readPackage`; LPX_KEEP_OR_REPLACE, LPX_STORE_BUSY, LPX_WRITE_FAILED; LPX_NOT_IN_STORE and LPX_PREVIOUS_ID for a previous id
 *   that fits no student of the store, or not one of the package
 */
export async function importPackage(store: Store, request: ImportRequest): Promise<ImportResult> {
  if (request.keepBoth && request.replace) throw new LpxError('LPX_KEEP_OR_REPLACE');
  try {
    const result = await verifyAndImport(store, request);
    const refusal = errorOfReport(result.report) ?? errorOf(result.conflicts);
    if (refusal && isKept(refusal, request)) await recordRefusal(store, request, refusal, result.report.package);
    return result;
  } catch (error) {
    if (error instanceof LpxError && isRefusal(error) && isKept(error, request)) await recordRefusal(store, request, error, undefined);
    throw error;
  }
}

async function verifyAndImport(store: Store, request: ImportRequest): Promise<ImportResult> {
  const { dryRun } = request;
  const staging = dryRun ? undefined : await store.attachments.stage();
  try {
    const known = (portfolios: readonly Portfolio<unknown>[]) => referenceDataFor(store, portfolios);
    const { report, portfolios } = await readPackage({ ...request, known }, staging ?? HASH_ONLY);
    const nothing = { report, dryRun, students: [], unfit: report.unfit, conflicts: [], notices: [], restored: [], historyId: 0 };
    if (!report.ok) return { ...nothing, outcome: 'refused' };
    if (request.seen) await nameSchools(request.seen, store, portfolios);
    const { restorable, missing } = await compareFiles(store, portfolios);
    // Not within the change: others who write would wait for a slow disk.
    await staging?.secured(missing);
    const imported = await store.change<ImportResult>(async (change) => {
      const terms = { schoolCode: store.school.code, sentAt: report.package.createdAt };
      const held = await heldStudents(change, portfolios, request.previousId);
      const newcomers = portfolios.filter((_, i) => !held[i]).map(({ basicData }) => basicData);
      const again = await comingAgain(change, newcomers, studentPlace);
      const all = portfolios.map((portfolio, i) => planStudent(portfolio, held[i], { ...request, ...terms, again }));
      const { plans, unfit } = narrowed(all, request);
      const findings = plans.flatMap((plan) => plan.findings);
      const conflicts = findings.filter(({ severity }) => severity === 'error');
      const notices = findings.filter(({ severity }) => severity !== 'error');
      const students = plans.map((plan) => plan.student);
      const planned = { ...nothing, students, unfit: [...report.unfit, ...unfit], conflicts, notices };
      if (conflicts.length > 0) return { keep: false, result: { ...planned, outcome: 'refused' } };
      const sound = { ...planned, restored: restorable.map(({ finding }) => finding) };
      const written = plans.flatMap(({ incoming }) => incoming.map(({ record }) => record));
      // Also files of records that are there already.
      if (staging) await staging.keepAll([...attachmentsOf(written), ...restorable.map(({ attachment }) => attachment)]);
      const isNew = plans.some(changesStore);
      if (!staging) return { keep: false, result: { ...sound, outcome: isNew ? 'would-import' : 'unchanged' } };
      const historyId = await change.addHistory(historyOf(report, request, plans));
      for (const plan of plans) await applyStudent(change, plan, historyId);
      await change.addMatches(historyId, plans.flatMap(matchesOf));
      return { keep: true, result: { ...sound, historyId, outcome: isNew ? 'imported' : 'unchanged' } };
    });
    staging?.committed();
    return imported;
  } finally {
    await staging?.discard();
  }
}

/** The students to import: all of them, or those without errors, when there are any. */
function narrowed(all: readonly StudentPlan[], { skipUnfit }: ImportRequest): { plans: readonly StudentPlan[]; unfit: UnfitStudent[] } {
  const fit = all.filter(({ findings }) => !errorOf(findings));
  if (!skipUnfit || fit.length === 0) return { plans: all, unfit: [] };
  const unfit = all
    .filter((plan) => !fit.includes(plan))
    .map(({ student: { nationalId, name }, findings }) => ({ nationalId, name, findings }));
  return { plans: fit, unfit };
}

const historyOf = (
  { package: { file, bytes, md5, contentsDigest, school } }: VerificationReport,
  { signature, operator, request, now }: ImportRequest,
  plans: readonly StudentPlan[],
): ImportEntry => ({
  kind: 'import',
  at: now,
  file,
  bytes,
  md5,
  contentsDigest,
  school,
  reason: signature === 'none' ? 'unsigned' : '',
  state: plans.some(changesStore) ? 'done' : 'unchanged',
  code: '',
  overridden: [...new Set([...plans.flatMap((plan) => plan.overridden), ...owedCodes(plans)])].join(' '),
  operator,
  request,
});

/** That records came although files of theirs are owed: who accepted it is in the history. */
const owedCodes = (plans: readonly StudentPlan[]): Code[] =>
  plans.some(({ incoming }) => incoming.some(({ record }) => (record.owed ?? []).length > 0)) ? ['LPX_FILE_OWED'] : [];

/**
 * The students of the store that those of a package are, by national id; the one who is not known by it is the one of
 * `previousId`. @throws LPX_NOT_IN_STORE, LPX_PREVIOUS_ID
 */
async function heldStudents(
  change: StoreChange,
  portfolios: readonly TakenPortfolio[],
  previousId: string | undefined,
): Promise<(StoredStudent | undefined)[]> {
  const held: (StoredStudent | undefined)[] = [];
  for (const { basicData } of portfolios) held.push(await change.student(basicData.nationalId));
  if (previousId === undefined) return held;
  const previous = await studentIn(change, previousId);
  const strangers = held.filter((student) => !student).length;
  if (strangers !== 1 || portfolios.some(({ basicData }) => basicData.nationalId === previousId))
    throw new LpxError('LPX_PREVIOUS_ID', { count: strangers }, { place: { student: previousId } });
  return held.map((student) => student ?? previous);
}

/** The entries that brought records which the package has, too. */
const matchesOf = ({ same }: StudentPlan): number[] => same.flatMap(({ stored }) => stored?.historyId ?? []);

const changesStore = ({ incoming, student }: StudentPlan): boolean => incoming.length > 0 || student.created;

/** Carries a plan out. */
async function applyStudent(change: StoreChange, plan: StudentPlan, historyId: number): Promise<void> {
  const { portfolio, incoming } = plan;
  const student = plan.held ?? (await change.addStudent(portfolio.basicData, portfolio.extras));
  await change.addRecords(
    student.id,
    'received',
    historyId,
    incoming.filter((comparison) => !plan.replacing.includes(comparison) && !plan.paying.includes(comparison)),
  );
  for (const { stored, record } of plan.paying)
    if (stored) await change.payRecord(stored, paidRecord(stored.record, paymentOf(stored.record, record)), historyId);
  for (const comparison of plan.replacing) if (comparison.stored) await change.replaceRecord(comparison.stored, comparison, historyId);
  if (student.left && changesStore(plan)) await change.setLeft(student.id, undefined);
  const sentAs = sentAsOf(portfolio.basicData, student.basicData);
  await change.addHistoryStudent(historyId, student.id, countsOf(incoming.map(({ record }) => record)), { created: !plan.held, sentAs });
  await change.addRecordOutcomes(historyId, student.id, plan.outcomes);
}

/** Where the package differs from the roll, which stays unchanged. */
function sentAsOf(sent: BasicData, roll: BasicData): SentAs | undefined {
  const differs = (property: keyof SentAs) => sent[property] !== '' && sent[property] !== roll[property];
  const told = (property: keyof SentAs) => (differs(property) ? sent[property] : '');
  const sentAs = { nationalId: told('nationalId'), name: told('name'), birthDate: told('birthDate') };
  return Object.values(sentAs).some((value) => value !== '') ? sentAs : undefined;
}
