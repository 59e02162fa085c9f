/**
 * Imports a package: verify, then one transaction for all its students. Another student's data are never
 * touched, nothing is doubled, and every course result keeps its school and its course code.
 */
import { basename } from 'node:path';
import { type Code, EXIT, errorOf, type Finding, findingOf, LpxError } from '../errors.js';
import { statPlain } from '../io/read.js';
import { attachmentsOf, HASH_ONLY, type TakenAttachment, type TakenPortfolio } from '../package/attachments.js';
import { parsePackageName } from '../package/layout.js';
import type { UnfitStudent } from '../spec/findings.js';
import { differencesOf } from '../spec/identity.js';
import { basicDataPlace, studentPlace } from '../spec/place.js';
import {
  type BasicData,
  basicDataWire,
  countsOf,
  isCourseResult,
  type OwedFile,
  type Portfolio,
  type PortfolioRecord,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../spec/portfolio.js';
import { unfitness } from '../spec/rules/eligibility.js';
import { personFindings } from '../spec/rules/same-person.js';
import { taipeiTime } from '../spec/terms.js';
import { compareFiles } from '../store/records/compare-files.js';
import {
  type Comparison,
  changedFinding,
  compareRecords,
  paidRecord,
  paymentOf,
  resemblesFinding,
} from '../store/records/compare-records.js';
import { refOf } from '../store/records/pickable-items.js';
import { nameSchools } from '../store/records/seen-files.js';
import { referenceDataFor } from '../store/reference-data.js';
import type { ImportEntry, NewRecordOutcome, SentAs, Store, StoreChange, StoredRecord, StoredStudent } from '../store/store.js';
import { comingAgain, studentIn } from '../store/students.js';
import { DEFAULT_LIMITS } from '../zip/limits.js';
import { digestFile } from '../zip/threads/digest.js';
import { errorOfReport, readPackage, type VerificationReport, type VerifyRequest } from './verify.js';

export interface ImportRequest extends VerifyRequest {
  /** Work everything out and change nothing. */
  readonly dryRun: boolean;
  /** Admit students who are not in the store yet. */
  readonly createStudents: boolean;
  /** Keep a record next to a stored one that says something else, instead of refusing. */
  readonly keepBoth?: boolean | undefined;
  /** Replace a received record that has other content; the store keeps the former content. */
  readonly replace?: boolean | undefined;
  /** Take the students of the package for those of the roll although names or birth dates differ. */
  readonly samePerson?: boolean | undefined;
  /** The national id under which the store has the one student of the package whom it does not know by theirs. */
  readonly previousId?: string | undefined;
  /** Take records that name this school as theirs although the store does not know them. */
  readonly acceptOwnSchool?: boolean | undefined;
  readonly now: Date;
  /** Errors after which the package is tried again later: of such a refusal the history keeps nothing. */
  readonly retried?: ReadonlySet<Code> | undefined;
  /** Who imports, for the history and the receipt. */
  readonly operator: string;
  /** The run of the command that has a worker import it, for the history; undefined where none does. */
  readonly request?: string | undefined;
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
   * `beside`: kept next to a stored one that differs; `replaced`: in its place; `uncertified`: left out, its teacher has not certified it;
   * `unsound`: left out, its attachments are not to be taken; `paid`: there before, and now with a file that it was owed.
   */
  readonly outcome: 'new' | 'same' | 'paid' | 'beside' | 'replaced' | 'uncertified' | 'unsound' | 'conflict';
  /** Files that it is owed; empty for none. */
  readonly owed: readonly OwedFile[];
}

export interface ImportedStudent {
  readonly nationalId: string;
  /** As the roll has it, of a student who is on it. */
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

/** Whether a refusal gets into the history. */
const isKept = ({ code }: LpxError, { dryRun, retried }: ImportRequest): boolean => !dryRun && !retried?.has(code);

/** Whether an error says something of the package, and not of how lpx was called, of the system or of the store. */
export const isRefusal = ({ exitCode }: Pick<LpxError, 'exitCode'>): boolean =>
  exitCode === EXIT.signature || exitCode === EXIT.password || exitCode === EXIT.damaged || exitCode === EXIT.invalidData;

/** Notes a refused package: its name, size and MD5, and why. A refusal that cannot be noted is still one. */
async function recordRefusal(
  store: Store,
  { zipFile, now, operator, request }: ImportRequest,
  { code }: LpxError,
  facts: Pick<VerificationReport['package'], 'file' | 'bytes' | 'md5'> | undefined,
): Promise<void> {
  try {
    const { file, bytes, md5 } = facts ?? (await factsOfFile(zipFile));
    await store.change(async (change) => {
      await change.addHistory({
        kind: 'import',
        state: 'failed',
        at: now,
        operator,
        request,
        file,
        bytes,
        md5,
        code,
        contentsDigest: '',
        school: '',
        reason: '',
        overridden: '',
      });
      return { keep: true, result: undefined };
    });
  } catch {
    // Said by the refusal: nothing was imported.
  }
}

/** Name, size and MD5 of a file that could not be read as a package; of one that is larger than packages are, no MD5. */
export async function factsOfFile(zipFile: string): Promise<Pick<VerificationReport['package'], 'file' | 'bytes' | 'md5'>> {
  const { size } = await statPlain(zipFile);
  const md5 = size > DEFAULT_LIMITS.archiveBytes ? '' : (await digestFile(zipFile)).md5;
  return { file: basename(zipFile), bytes: size, md5 };
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

/** The student in the store, and the options that the clerk gave. */
interface PlanTerms
  extends Pick<ImportRequest, 'createStudents' | 'keepBoth' | 'replace' | 'samePerson' | 'previousId' | 'acceptOwnSchool'> {
  /** Of the school that imports. */
  readonly schoolCode: string;
  /** When the package was made, as its name says; may be empty. */
  readonly sentAt: string;
  /** Warnings of students who come as new ones and were here before, by national id. */
  readonly again: ReadonlyMap<string, Finding>;
}

/** The effect of an import on one student. */
export interface StudentPlan {
  readonly portfolio: TakenPortfolio;
  readonly held: StoredStudent | undefined;
  readonly student: ImportedStudent;
  /** Records to put in; none when there is an error among the findings. */
  readonly incoming: readonly Comparison<TakenAttachment>[];
  /** Those that are there as they are. */
  readonly same: readonly Comparison<TakenAttachment>[];
  /** Those of them that take the place of stored ones. */
  readonly replacing: readonly Comparison<TakenAttachment>[];
  /** Those of them that bring files that stored ones are owed. */
  readonly paying: readonly Comparison<TakenAttachment>[];
  readonly findings: readonly Finding[];
  /** Rules that the clerk sets aside, by their codes. */
  readonly overridden: readonly Code[];
  /** What becomes of records that are not put in as new, for the history. */
  readonly outcomes: readonly NewRecordOutcome[];
}

/** The options by which a clerk takes responsibility for what is otherwise an error. */
const ANSWERED_BY: Partial<Record<Code, 'samePerson' | 'previousId' | 'acceptOwnSchool'>> = {
  LPX_STUDENT_DIFFERS: 'samePerson',
  LPX_STUDENT_UNCONFIRMED: 'samePerson',
  LPX_ID_CHANGED: 'previousId',
  LPX_OWN_SCHOOL: 'acceptOwnSchool',
};

/** Plans the import of one student of the package, with the errors that prevent it. Reads and writes nothing. */
export function planStudent(portfolio: TakenPortfolio, held: StoredStudent | undefined, terms: PlanTerms): StudentPlan {
  const certified = portfolio.records.filter((record) => !isUncertified(record));
  const comparisons = compareRecords(certified, held?.records ?? []);
  const found = [
    ...studentFindings(portfolio, held, terms).filter(({ code }) => code !== 'LPX_STUDENT_UNCONFIRMED' || !isAllHeld(comparisons)),
    ...comparisons.flatMap((comparison) => recordFindings(portfolio, comparison, terms)),
    ...ownSchoolFindings(portfolio, held, comparisons, terms),
  ];
  const isAnswered = (option: (typeof ANSWERED_BY)[Code]) => option !== undefined && Boolean(terms[option]);
  const answered = new Set(found.filter(({ code, severity }) => severity === 'error' && isAnswered(ANSWERED_BY[code])));
  const findings = found.map((finding): Finding => (answered.has(finding) ? { ...finding, severity: 'warning' } : finding));
  const refused = errorOf(findings) !== undefined;
  const incoming = refused ? [] : comparisons.filter(({ kind }) => kind !== 'same');
  const outcomes = new Map(comparisons.map((comparison) => [comparison.record, outcomeOf(comparison, terms)]));
  const records = [
    ...portfolio.records.map((record) => ({ record, change: changeOf(record, outcomes.get(record) ?? 'uncertified') })),
    ...portfolio.unsound.map((record) => ({ record, change: changeOf(record, 'unsound') })),
  ];
  return {
    portfolio,
    held,
    student: {
      nationalId: portfolio.basicData.nationalId,
      name: held?.basicData.name || portfolio.basicData.name,
      created: !held && !refused,
      records: records.map(({ change }) => change),
    },
    incoming,
    same: comparisons.filter(({ kind }) => kind === 'same'),
    replacing: incoming.filter((comparison) => outcomeOf(comparison, terms) === 'replaced'),
    paying: incoming.filter(({ kind }) => kind === 'paid'),
    findings,
    overridden: [...answered].map(({ code }) => code),
    outcomes: records
      .filter(({ change }) => change.outcome !== 'new')
      .map(({ record, change: { list, title, outcome } }) => {
        const stored = comparisons.find(
          (comparison) => comparison.record === record && (outcome === 'replaced' || outcome === 'paid'),
        )?.stored;
        return { list, title, outcome, record: stored };
      }),
  };
}

/** Whether the student has each record already: then the package mixes no two students up, and may be imported again. */
const isAllHeld = (comparisons: readonly Comparison<TakenAttachment>[]): boolean =>
  comparisons.length > 0 && comparisons.every(({ kind }) => kind === 'same');

/** Whether the student is on the roll, and is the same person. */
function studentFindings({ basicData }: TakenPortfolio, held: StoredStudent | undefined, { createStudents, again }: PlanTerms): Finding[] {
  const place = basicDataPlace(studentPlace(basicData), basicDataWire('nationalId'));
  if (!held) {
    const unknown = findingOf('LPX_STUDENT_UNKNOWN', 'error', studentPlace(basicData));
    const former = again.get(basicData.nationalId);
    return [...(createStudents ? [] : [unknown]), ...(former ? [former] : [])];
  }
  const stored = held.basicData.nationalId;
  const renumbered: Finding = {
    code: 'LPX_ID_CHANGED',
    severity: 'error',
    place: { ...place, otherStudent: stored },
    facts: {},
  };
  return [...(stored === basicData.nationalId ? [] : [renumbered]), ...personFindings(held.basicData, basicData)];
}

/** Conflicts and resemblances between a record of the package and the store. */
function recordFindings({ basicData }: TakenPortfolio, comparison: Comparison<TakenAttachment>, terms: PlanTerms): Finding[] {
  const { record, stored, resembles } = comparison;
  if (stored && outcomeOf(comparison, terms) === 'conflict') return [conflictFinding(basicData, record, { stored, ...terms })];
  return resembles ? [resemblesFinding(basicData, record, refOf(resembles))] : [];
}

/** A record that is stored in another form: what differs, which is newer, and what may be done. */
function conflictFinding(
  basicData: BasicData,
  record: PortfolioRecord<TakenAttachment>,
  { stored, sentAt }: { readonly stored: StoredRecord; readonly sentAt: string },
): Finding {
  const { code, severity, place } = changedFinding(basicData, record);
  const resolution = stored.provenance === 'received' ? 'replace' : 'keepBoth';
  const facts = { newer: newerOf(stored, record, sentAt), resolution };
  return { code, severity, place: { ...place, ref: refOf(stored) }, facts, differences: differencesOf(stored.record, record) } as Finding;
}

/** Which form is newer: by the time of certification, else by the packages that brought them. */
function newerOf(stored: StoredRecord, record: PortfolioRecord<unknown>, sentAt: string): 'stored' | 'received' | 'unknown' {
  const certifiedAt = ({ fields }: PortfolioRecord<unknown>) => ('certifiedAt' in fields ? fields.certifiedAt : '');
  const [here, there] = [certifiedAt(stored.record), certifiedAt(record)];
  if (here !== '' && there !== '' && here !== there) return there > here ? 'received' : 'stored';
  if (sentAt === '') return 'unknown';
  const cameAt = parsePackageName(stored.cameWith).createdAt || taipeiTime(stored.cameAt);
  return sentAt > cameAt ? 'received' : 'stored';
}

/**
 * Whoever sends may write this school's code into a package: records in its name that the store does not know are not
 * accepted silently. A school's own records that come back are known, and stay unchanged.
 */
function ownSchoolFindings(
  { basicData }: TakenPortfolio,
  held: StoredStudent | undefined,
  comparisons: readonly Comparison<TakenAttachment>[],
  { schoolCode, keepBoth }: PlanTerms,
): Finding[] {
  const unknown = comparisons.filter(
    ({ kind, record }) =>
      (kind === 'new' || (kind === 'changed' && keepBoth)) &&
      (basicData.schoolCode === schoolCode || record.fields.originSchoolCode === schoolCode),
  );
  const [first] = unknown;
  if (!first) return [];
  const hasOwn = held?.records.some(({ provenance }) => provenance === 'own') ?? false;
  return [
    {
      code: 'LPX_OWN_SCHOOL',
      severity: hasOwn ? 'error' : 'warning',
      place: basicDataPlace(studentPlace(basicData), basicDataWire('schoolCode')),
      facts: { count: unknown.length, school: schoolCode, title: titleOf(first.record) },
    },
  ];
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

/** A course result that its teacher has not certified is not part of an exchange (the guide's part FOUR; docs/spec.md#q13). */
const isUncertified = (record: PortfolioRecord<unknown>): boolean => unfitness(record) === 'uncertified';

/** Only received records are replaced: of its own, the school's platform is the truth. */
function outcomeOf(
  { kind, stored }: Comparison<TakenAttachment>,
  { keepBoth, replace }: Pick<PlanTerms, 'keepBoth' | 'replace'>,
): RecordChange['outcome'] {
  if (kind !== 'changed') return kind;
  if (replace && stored?.provenance === 'received') return 'replaced';
  return keepBoth ? 'beside' : 'conflict';
}

function changeOf(record: PortfolioRecord<unknown>, outcome: RecordChange['outcome']): RecordChange {
  return {
    list: wireListOf(record.list).wire,
    title: titleOf(record),
    courseCode: isCourseResult(record) ? record.fields.courseCode : '',
    originSchoolCode: record.fields.originSchoolCode,
    term: termOfRecord(record),
    outcome,
    owed: outcome === 'uncertified' || outcome === 'unsound' ? [] : (record.owed ?? []),
  };
}
