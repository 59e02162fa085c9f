/**
 * Exports students: selects what an exchange carries, lays it out, and writes it into packages with their signatures.
 * One package, or as many as the limits of readers ask for. Students are gone over twice: once to find what is wrong and
 * what fits into which package, of which little is kept; and once more for each package when it is written. So memory is
 * that of one package, whatever the number of students.
 */
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Code, errorOf, type Finding, LpxError, type Place } from '../errors.js';
import { whenInterrupted } from '../io/interruption.js';
import { assertFree, makeFolder, publishFiles, writePart } from '../io/publish.js';
import { contentsDigest, DIGESTED_DOCUMENT, digestedText } from '../package/contents-digest.js';
import { mappingPath, numberFiles, packageBaseName, parsePackageName } from '../package/layout.js';
import { addedSizes, EMPTY_SIZE, limitExceeded, type PackageSize, WRITABLE } from '../package/limits.js';
import { type NewPasswordSource, passwordFrom } from '../package/password-source.js';
import { PASSWORD_CHARACTERS, type PersonalWords, type Weakness, weaknessOf } from '../package/password-strength.js';
import { readDirectory } from '../package/reader.js';
import {
  type PackageContents,
  type PackageFile,
  type PackageText,
  type SharedFiles,
  type WriteOptions,
  writePackage,
} from '../package/writer.js';
import { canonicalCode } from '../plain-text.js';
import { BoundedFindings, type UnfitStudent, unknownStudent } from '../spec/findings.js';
import { basicDataPlace, filePlace, recordPlaces, recordsByPlace, studentPlace } from '../spec/place.js';
import {
  basicDataWire,
  countsOf,
  documentFromPortfolios,
  HALVES,
  halfOf,
  isCourseResult,
  type JsonObject,
  type Portfolio,
  type PortfolioRecord,
  type RecordCounts,
  SLOTS,
  type Slot,
  termOfRecord,
  titleOf,
  wireListOf,
  withAttachments,
} from '../spec/portfolio.js';
import { type Unfit, unfitness } from '../spec/rules/eligibility.js';
import { extensionOf } from '../spec/rules/file-type.js';
import { allRuleFindings, asCertified, type ReferenceData, recordFileFindings } from '../spec/rules/record-rules.js';
import type { SeenContents } from '../spec/seen-contents.js';
import { type ExchangeReason, endedBefore } from '../spec/status-changes.js';
import { type Day, dayOf, firstDayOf, isInSummer, schoolYearOf } from '../spec/terms.js';
import { documentFindings } from '../spec/validate.js';
import type { LocalPath } from '../store/attachments.js';
import { filesOf, type PackageClaim, type Sending, type WrittenPackage } from '../store/package-claims.js';
import { owedFinding } from '../store/pickable-items.js';
import { referenceDataFor } from '../store/reference-data.js';
import { showTo } from '../store/seen-files.js';
import type { HistoryEntry, Provenance, Store, StoredAttachment, StoredStudent } from '../store/store.js';
import { studentIn } from '../store/students.js';
import type { WorkFolder } from '../store/work-folder.js';
import type { RandomSource } from '../zip/content.js';
import { ZipEngine } from '../zip/engine.js';
import type { Digests } from '../zip/threads/digest.js';
import type { Encryption } from '../zip/writer.js';

export interface ExportRequest {
  readonly nationalIds: readonly string[];
  /** Where a list names a student, by national id: part of the place of their errors. */
  readonly namedAt?: ReadonlyMap<string, Place> | undefined;
  /** Go on without students who have nothing to export, or whose year was over: nobody asked for them by name. */
  readonly skipEmpty: boolean;
  /** Skip students with errors, as long as one is left. */
  readonly skipUnfit?: boolean | undefined;
  /** Work everything out, and write nothing. */
  readonly dryRun?: boolean | undefined;
  readonly reason: ExchangeReason;
  /** The students' last day here. */
  readonly left: Day;
  /** Export although the rules say that no exchange is needed; the history records it. */
  readonly force: boolean;
  /** Take a last day that the records or the calendar speak against; the history remembers. */
  readonly acceptLeft?: boolean | undefined;
  /** Export records although files of theirs are owed. */
  readonly acceptPartial?: boolean | undefined;
  /** Terms like `1081`; empty for all. */
  readonly terms: readonly string[];
  /** The receiving school, for the history; may be empty. */
  readonly toSchool: string;
  readonly outFolder: string;
  readonly encryption: Encryption;
  /** A function is asked once it is known that there is something to export. */
  readonly password: NewPasswordSource;
  /** Take a password that is easily guessed; the history remembers. */
  readonly weakPassword?: boolean | undefined;
  /** A new file that the password is written to, readable by its owner alone. */
  readonly passwordFile?: string | undefined;
  readonly now: Date;
  /** Who exports, for the history. */
  readonly operator: string;
  readonly random?: RandomSource;
  /** How much is put into one package; by default, as much as readers accept. */
  readonly limits?: PackageSize;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Of a batch: what goes on is known by it, and what was sent before is not sent again. */
  readonly batch?: ExportOfBatch | undefined;
  /** The engine to write with, which lives longer than the export; without it, the export has its own. */
  readonly engine?: ZipEngine | undefined;
  /** Files that other exports carry too: they are read once. */
  readonly shared?: SharedFiles | undefined;
  /** Collects what is exported for a report. */
  readonly seen?: SeenContents | undefined;
}

export interface ExportOfBatch {
  /** What the history knows the packages by (`BatchJournal`). */
  readonly job: string;
  /** Send also what went to the same school before and has not changed since. */
  readonly resend: boolean;
  /** By which others see that the thread lives: the same for all jobs of a thread, one after the other. */
  readonly work: WorkFolder;
  /** Called once everything is written, and before anything of it has its name. What it throws ends the export. */
  readonly beforePublishing: (packages: readonly { readonly file: string; readonly md5: string }[]) => Promise<void>;
}

export interface NamedStudent {
  readonly nationalId: string;
  readonly name: string;
}

/** A record that stays at home, and why. */
export interface LeftOut extends NamedStudent {
  readonly list: string;
  readonly title: string;
  readonly term: string;
  readonly reason: Unfit | 'other-term';
}

/** A student whom nobody asked for by name and who has nothing to export, or whose year was over. */
export interface SkippedStudent extends NamedStudent {
  readonly reason: 'empty' | 'late';
}

/** A student of a batch whose records and files went to the same school before, as they are. */
export interface SentStudent extends NamedStudent {
  /** The package that they went in, and when. */
  readonly file: string;
  readonly at: Date;
}

export interface ExportedStudent extends NamedStudent, RecordCounts {
  /** The package the student is in, by its base name; empty of a dry run. */
  readonly file: string;
  /** The part of the student's data that is exported, before it is packed. */
  readonly bytes: number;
  /** The exported course results, each with the school and code it keeps. */
  readonly courses: readonly {
    readonly title: string;
    readonly courseCode: string;
    readonly originSchoolCode: string;
    readonly term: string;
  }[];
}

/** A package that was written and published. */
export interface ExportedPackage {
  readonly zipFile: string;
  readonly signatureFile: string;
  readonly digests: Digests;
  /** See `contentsDigest`. */
  readonly contentsDigest: string;
  /** Local time, as the package's name has it. */
  readonly createdAt: string;
}

export interface ExportResult {
  /** In the order of their students; none of a dry run. */
  readonly packages: readonly ExportedPackage[];
  /** How many packages there are, or would be. */
  readonly packageCount: number;
  readonly dryRun: boolean;
  readonly encryption: Encryption;
  readonly reason: ExchangeReason;
  /** The receiving school; may be empty. */
  readonly toSchool: string;
  /** The rules that the clerk set aside for it. */
  readonly overridden: readonly Code[];
  readonly students: readonly ExportedStudent[];
  readonly skipped: readonly SkippedStudent[];
  /** None unless the export is of a batch. */
  readonly sent: readonly SentStudent[];
  /** Students who were asked for and are left out; none unless the request says `skipUnfit`. */
  readonly unfit: readonly UnfitStudent[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
}

type Selected = Portfolio<StoredAttachment> & { readonly ownRecords: ReadonlySet<PortfolioRecord<StoredAttachment>> };

/** One student as laid out for a package. */
interface Draft {
  readonly studentId: number;
  readonly summary: Omit<ExportedStudent, 'file' | 'bytes'>;
  /** The student's part of the document, in UTF-8. */
  readonly json: Buffer;
  readonly mappings: readonly PackageText[];
  readonly files: readonly DraftFile[];
}

/** A file of a package, wherever the store keeps it. */
type DraftFile = Omit<PackageFile, 'source'>;

/** A student as planned: where and by what their draft is known when the package is written. */
interface PlannedStudent {
  readonly summary: Omit<ExportedStudent, 'file'>;
  /** The contents digest of the draft. */
  readonly digest: string;
  /** Of a batch, whose packages are small and written at once; else it is laid out again when the package is written. */
  readonly draft?: Draft | undefined;
}

/** The students of one package. */
interface PlannedPackage {
  readonly students: PlannedStudent[];
  size: PackageSize;
}

interface Plan {
  readonly packages: readonly PlannedPackage[];
  readonly overridden: ReadonlySet<Code>;
  readonly skipped: readonly SkippedStudent[];
  readonly sent: readonly SentStudent[];
  readonly unfit: readonly UnfitStudent[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
  /** Strings that a password must not be made of. */
  readonly personal: PersonalWords;
}

/**
 * Exports students: course results that their teacher certified and multi-performances that were uploaded, of the terms
 * asked for; basic data with every cadre post. All packages are published at the end, or none.
 * @throws LPX_TO_OWN_SCHOOL, LPX_NOT_IN_STORE, LPX_NOTHING_TO_EXPORT, LPX_EXCHANGE_NOT_NEEDED when a student left after the school year was
 *   over, LPX_LEFT_TOO_EARLY, LPX_LEFT_IN_FUTURE, LPX_STUDENT_TOO_LARGE, and the errors of the data: the first of them, with
 *   all of all students; LPX_STUDENT_CHANGED when somebody changes a student meanwhile; LPX_PASSWORD_UNSUITABLE,
 *   LPX_PASSWORD_WEAK, LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN, LPX_DISK_FULL, LPX_WRITE_FAILED; then no package is left
 */
export async function exportPackages(store: Store, request: ExportRequest): Promise<ExportResult> {
  if (request.toSchool === store.school.code) throw new LpxError('LPX_TO_OWN_SCHOOL', { code: request.toSchool });
  const started = performance.now();
  const clock = () => new Date(request.now.getTime() + performance.now() - started);
  if (request.passwordFile !== undefined) await assertFree(request.passwordFile);
  const plan = await planPackages(store, request);
  const { encryption, reason, toSchool } = request;
  const { skipped, sent, unfit, leftOut, findings } = plan;
  const result = { packageCount: plan.packages.length, encryption, reason, toSchool, skipped, sent, unfit, leftOut };
  if (request.dryRun) {
    const students = plan.packages.flatMap((planned) => planned.students.map(({ summary }) => ({ ...summary, file: '' })));
    return { ...result, dryRun: true, packages: [], students, overridden: [...plan.overridden], findings };
  }
  if (plan.packages.length === 0) return { ...result, dryRun: false, packages: [], students: [], overridden: [], findings };
  const ownEngine = request.engine ? undefined : new ZipEngine();
  const engine = request.engine ?? (ownEngine as ZipEngine);
  let password: Buffer | undefined;
  try {
    ownEngine?.expect(plan.packages[0]?.size.total ?? 0);
    const checked = await passwordOf(request, plan.personal);
    password = checked.password;
    const overridden = [...plan.overridden, ...checked.overridden];
    const written = await writePackages(store, { ...request, engine, password, clock, overridden }, plan.packages);
    return { ...result, ...written, dryRun: false, overridden, findings: [...findings, ...checked.findings] };
  } finally {
    await ownEngine?.close();
    password?.fill(0);
  }
}

/** Lays out every student once: which records, whether they may be exported, and how much fits into a package. */
async function planPackages(store: Store, request: ExportRequest): Promise<Plan> {
  const packages: PlannedPackage[] = [];
  const skipped: (SkippedStudent & { readonly finding: Finding })[] = [];
  const sent: SentStudent[] = [];
  const unfit: UnfitStudent[] = [];
  const leftOut: LeftOut[] = [];
  const ofDay = dayFindings(request);
  const found = new BoundedFindings().add(ofDay);
  const birthDates: string[] = [];
  const wanted = new Set(request.nationalIds.map(canonicalCode));
  const awaiting = await exportsAwaitingReceipt(store, wanted);
  for (const nationalId of wanted) {
    const student = await store.student(nationalId);
    if (!student) {
      const finding = unknownStudent(nationalId, request.namedAt?.get(nationalId));
      unfit.push({ nationalId: finding.place.student ?? '', name: '', findings: [finding] });
      continue;
    }
    const { name } = student.basicData;
    const selection = select(student, store.school.code, request);
    leftOut.push(...selection.leftOut);
    const hindrance = hindranceOf(student, selection, request);
    if (hindrance?.severity === 'error') {
      const reason = hindrance.code === 'LPX_NOTHING_TO_EXPORT' ? 'empty' : 'late';
      if (request.skipEmpty) skipped.push({ nationalId, name, reason, finding: hindrance });
      else unfit.push({ nationalId, name, findings: [student.listed ? basicDataMissing(student, request) : hindrance] });
      continue;
    }
    if (student.listed) {
      unfit.push({ nationalId, name, findings: [basicDataMissing(student, request)] });
      continue;
    }
    const { portfolio } = selection;
    const { draft, document } = layOut(student.id, portfolio);
    const before = request.batch && !request.batch.resend ? await store.claims.sentBefore(sendingOf(draft, request)) : undefined;
    if (before) {
      sent.push({ nationalId, name, ...before });
      continue;
    }
    const ofStudent = [
      ...(hindrance ? [hindrance] : []),
      ...otherSchoolFindings(student, store.school.code, request),
      ...leftTooEarly(portfolio, request),
      ...tooLarge(draft, request.limits ?? WRITABLE),
      ...owedIn(portfolio, request),
      ...exportFindings(document, [portfolio], await referenceDataFor(store, [portfolio])),
    ];
    if (errorOf(ofStudent)) unfit.push({ nationalId, name, findings: ofStudent });
    else {
      const earlier = awaiting.get(nationalId);
      found.add([...ofStudent, ...(earlier ? [exportedAlready(student, earlier)] : [])]);
      addToPackages(packages, draft, request);
      await showTo(request.seen, store, portfolio);
      birthDates.push(student.basicData.birthDate);
    }
  }
  const against = unfit.flatMap(({ findings }) => findings);
  const findings = found.list();
  const nobodyLeft = packages.length === 0 && sent.length === 0;
  if (nobodyLeft && against.length === 0) against.push(skipped[0]?.finding ?? nothingToExport({}, 0));
  const refusal = errorOf(findings) || !request.skipUnfit || nobodyLeft ? errorOf([...findings, ...bounded(against)]) : undefined;
  if (refusal) throw refusal;
  const overridden = new Set(findings.map(({ code }) => code).filter((code) => ON_THE_CLERKS_WORD.has(code)));
  const students = packages.flatMap((planned) => planned.students);
  const nationalIds = students.map(({ summary }) => summary.nationalId);
  return {
    packages,
    overridden,
    skipped: skipped.map(({ finding: _, ...student }) => student),
    sent,
    unfit,
    leftOut: leftOut.filter(({ nationalId }) => !unfit.some((student) => student.nationalId === nationalId)),
    findings,
    personal: { nationalIds, birthDates, schoolCodes: [store.school.code, request.toSchool].filter(Boolean) },
  };
}

/** The newest export of each student, where no receipt has come for it. For one student the others' exports are not read. */
async function exportsAwaitingReceipt(store: Store, nationalIds: ReadonlySet<string>): Promise<Map<string, HistoryEntry>> {
  const newest = new Map<string, HistoryEntry>();
  const student = nationalIds.size === 1 ? [...nationalIds][0] : undefined;
  for (const entry of await store.history({ kinds: ['export'], student })) {
    if (entry.undoneBy !== undefined) continue;
    for (const { nationalId } of entry.students) if (!newest.has(nationalId)) newest.set(nationalId, entry);
  }
  return new Map([...newest].filter(([, entry]) => entry.kind === 'export' && !entry.received));
}

/** Nobody knows more than name and birth date of a student whom only a list has named. */
const basicDataMissing = ({ basicData }: StoredStudent, { namedAt }: ExportRequest): Finding => ({
  code: 'LPX_BASIC_DATA_MISSING',
  severity: 'error',
  place: { ...studentPlace(basicData), ...namedAt?.get(basicData.nationalId) },
  facts: {},
});

const exportedAlready = ({ basicData }: StoredStudent, { at, file }: HistoryEntry): Finding => ({
  code: 'LPX_EXPORTED_ALREADY',
  severity: 'note',
  place: studentPlace(basicData),
  facts: { day: dayOf(at), file },
});

const bounded = (findings: readonly Finding[]): Finding[] => new BoundedFindings().add(findings).list();

/** Rules that a clerk may set aside; the history remembers which. */
const ON_THE_CLERKS_WORD: ReadonlySet<Code> = new Set([
  'LPX_EXCHANGE_NOT_NEEDED',
  'LPX_LEFT_TOO_EARLY',
  'LPX_LEFT_IN_FUTURE',
  'LPX_FILE_OWED',
]);

/** Why an exchange of a student has nothing to carry, or is not needed: an error, unless the clerk insists. */
function hindranceOf(student: StoredStudent, { portfolio, leftOut }: Selection, request: ExportRequest): Finding | undefined {
  const place = { ...studentPlace(student.basicData), ...request.namedAt?.get(student.basicData.nationalId) };
  if (!hasSubstance(portfolio)) return nothingToExport(place, leftOut.length);
  if (!endedBefore(request.reason, newestTermOf(portfolio), request.left)) return undefined;
  const facts = { year: schoolYearOf(newestTermOf(portfolio)), left: request.left };
  return { code: 'LPX_EXCHANGE_NOT_NEEDED', severity: request.force ? 'warning' : 'error', place, facts };
}

const nothingToExport = (place: Place, leftOut: number): Finding => ({
  code: 'LPX_NOTHING_TO_EXPORT',
  severity: 'error',
  place,
  facts: { leftOut },
});

/** Findings of the calendar about the last day: that it is still to come, or that it lies in the summer. */
function dayFindings({ left, now, reason, acceptLeft }: ExportRequest): Finding[] {
  const today = dayOf(now);
  const inFuture: Finding = { code: 'LPX_LEFT_IN_FUTURE', severity: acceptLeft ? 'warning' : 'error', place: {}, facts: { left, today } };
  const inSummer: Finding = { code: 'LPX_LEFT_IN_SUMMER', severity: 'warning', place: {}, facts: { left } };
  return [...(left > today ? [inFuture] : []), ...(reason !== 'borrowed-study' && isInSummer(left) ? [inSummer] : [])];
}

/** Nobody has records of a term that begins after they have left. */
function leftTooEarly({ basicData, records }: Selected, { left, reason, acceptLeft }: ExportRequest): Finding[] {
  const term = newestTermOf({ records });
  const day = firstDayOf(term, reason === 'experimental');
  if (left >= day) return [];
  const severity = acceptLeft ? 'warning' : 'error';
  return [{ code: 'LPX_LEFT_TOO_EARLY', severity, place: studentPlace(basicData), facts: { left, term, day } }];
}

/** Whom the platform has at another school this one cannot transfer; who came with a package is a student of this school. */
function otherSchoolFindings({ basicData, records }: StoredStudent, school: string, { reason }: ExportRequest): Finding[] {
  const isHere = basicData.schoolCode === school || records.some(({ cameBy }) => cameBy === 'import');
  if (isHere || reason === 'borrowed-study') return [];
  const place = basicDataPlace(studentPlace(basicData), basicDataWire('schoolCode'));
  return [{ code: 'LPX_EXPORT_OTHER_SCHOOL', severity: 'error', place, facts: { value: basicData.schoolCode, school } }];
}

/** Files that are owed: a package without them is not made unasked. */
const owedIn = (portfolio: Selected, { acceptPartial }: ExportRequest): Finding[] =>
  [...recordPlaces(portfolio)].flatMap(([record, place]) =>
    (record.owed ?? []).map((file) => owedFinding(file, record.list, { place, severity: acceptPartial ? 'warning' : 'error' })),
  );

/** A student who fits into no package. */
function tooLarge(draft: Draft, limits: PackageSize): Finding[] {
  const size = sizeOf(draft);
  const over = limitExceeded(size, limits);
  if (!over) return [];
  const facts = { what: over, value: size[over], limit: Math.floor(limits[over]) };
  return [{ code: 'LPX_STUDENT_TOO_LARGE', severity: 'error', place: studentPlace(draft.summary), facts }];
}

/** As many drafts are kept from planning to writing: the document of a student takes some 50 kB. */
const KEPT_DRAFTS = 100;

/** Puts a student into the last package, or begins one. */
function addToPackages(packages: PlannedPackage[], draft: Draft, { limits = WRITABLE, batch }: ExportRequest): void {
  const draftSize = sizeOf(draft);
  const isKept = batch !== undefined && packages.flatMap(({ students }) => students).length < KEPT_DRAFTS;
  const planned = {
    summary: { ...draft.summary, bytes: draftSize.total },
    digest: digestOf(draft),
    ...(isKept && { draft }),
  };
  const last = packages.at(-1);
  const size = addedSizes(last?.size ?? EMPTY_SIZE, draftSize);
  if (last && !limitExceeded(size, limits)) {
    last.students.push(planned);
    last.size = size;
  } else packages.push({ students: [planned], size: draftSize });
}

/** Cadre posts alone are not a reason for an exchange. */
function hasSubstance({ records }: Selected): boolean {
  const { courseResults, multiPerformances } = countsOf(records);
  return courseResults + multiPerformances > 0;
}

/** The newest term of what is exchanged. */
const newestTermOf = ({ records }: Pick<Selected, 'records'>): string =>
  records
    .filter((record) => halfOf(record))
    .map(termOfRecord)
    .sort()
    .at(-1) ?? '';

interface Selection {
  readonly portfolio: Selected;
  readonly leftOut: readonly LeftOut[];
}

function select({ basicData, extras, records }: StoredStudent, schoolCode: string, { terms, reason }: ExportRequest): Selection {
  const chosen: PortfolioRecord<StoredAttachment>[] = [];
  const ownRecords = new Set<PortfolioRecord<StoredAttachment>>();
  const leftOut: LeftOut[] = [];
  for (const { record, provenance } of records) {
    const why = reasonToLeaveOut(record, terms);
    if (why) {
      leftOut.push({
        nationalId: basicData.nationalId,
        name: basicData.name,
        list: wireListOf(record.list).wire,
        title: titleOf(record),
        term: termOfRecord(record),
        reason: why,
      });
      continue;
    }
    const exported = flagged(record, reason, provenance);
    chosen.push(exported);
    if (provenance === 'own') ownRecords.add(exported);
  }
  const portfolio: Selected = { basicData: { ...basicData, schoolCode }, extras, records: chosen, ownRecords };
  return { portfolio, leftOut };
}

function reasonToLeaveOut(record: PortfolioRecord<unknown>, terms: readonly string[]): LeftOut['reason'] | undefined {
  const unfit = unfitness(record);
  if (unfit) return unfit;
  // Cadre posts belong to the basic data, which travel whole.
  return halfOf(record) && terms.length > 0 && !terms.includes(termOfRecord(record)) ? 'other-term' : undefined;
}

/** The reason of the exchange says under which circumstances the receiving school has a course result (docs/spec.md#q14). */
function flagged(
  record: PortfolioRecord<StoredAttachment>,
  reason: ExchangeReason,
  provenance: Provenance,
): PortfolioRecord<StoredAttachment> {
  if (!isCourseResult(record)) return record;
  // All a student leaves with lies before the transfer; only what was learnt here was learnt on loan here.
  if (reason !== 'borrowed-study') return { ...record, fields: { ...record.fields, beforeTransfer: true } };
  return provenance === 'own' ? { ...record, fields: { ...record.fields, duringBorrowedStudy: true } } : record;
}

/** Lays out one student: paths, links, mappings. */
function layOut(studentId: number, portfolio: Selected): { readonly draft: Draft; readonly document: JsonObject[] } {
  const { basicData, extras } = portfolio;
  const records = portfolio.records.map(withOwed);
  const numbered = numberFiles(basicData, records);
  const paths = new Map(numbered.map((entry) => [`${records.indexOf(entry.record)} ${entry.slot}`, entry.path]));
  const linked = records.map((record, index) =>
    withAttachments(record, ({ md5 }, slot) => ({ link: paths.get(`${index} ${slot}`) as string, md5 })),
  );
  const document = documentFromPortfolios([{ basicData, extras, records: linked }]) as unknown as JsonObject[];
  const mappings = HALVES.map((half) => {
    const ofHalf = numbered.filter((entry) => entry.half === half);
    const names = Object.fromEntries(ofHalf.map((entry) => [basename(entry.path), entry.attachment.name]));
    return { path: mappingPath(basicData.nationalId, half), content: `${JSON.stringify(names, null, 2)}\n` };
  });
  const files = numbered.flatMap(({ path, attachment }) =>
    'sha256' in attachment ? [{ path, bytes: attachment.bytes, sha256: attachment.sha256, crc32: attachment.crc32 }] : [],
  );
  const json = Buffer.from(JSON.stringify(document, null, 2).slice(2, -2));
  return { draft: { studentId, summary: summaryOf(portfolio), json, mappings, files }, document };
}

/** What a document and a mapping say of a file that is owed: it has its number, its name and its MD5, and does not go along. */
type NamedOnly = Pick<StoredAttachment, 'type' | 'name' | 'md5'>;

/** The record with the files that it is owed in their slots. */
const withOwed = (record: PortfolioRecord<StoredAttachment>): PortfolioRecord<StoredAttachment | NamedOnly> => ({
  ...record,
  ...Object.fromEntries(
    (record.owed ?? []).map(({ slot, name, md5 }) => [slot, { name, md5, type: extensionOf(name) || LIKELY_TYPE[slot] }]),
  ),
});

/** Of a file whose name does not say its type. */
const LIKELY_TYPE: Readonly<Record<Slot, string>> = { document: 'pdf', media: 'mp4' };

/** The contents digest of a package of this student alone. */
const digestOf = (draft: Draft): string => contentsDigestOf(contentsOf([draft], DIGESTED_DOCUMENT));

const sendingOf = (draft: Draft, { toSchool }: ExportRequest): Sending => ({
  studentId: draft.studentId,
  contentsDigest: digestOf(draft),
  school: toSchool,
});

/** Bytes of one entry's record in the directory, its name not counted, at most. */
const DIRECTORY_RECORD_BYTES = 128;

function sizeOf({ json, mappings, files }: Draft): PackageSize {
  const texts = [json, ...mappings.map(({ content }) => content)].reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0);
  const paths = [...mappings, ...files].map(({ path }) => Buffer.byteLength(path));
  return {
    entries: paths.length + 1,
    json: texts,
    total: texts + files.reduce((sum, { bytes }) => sum + bytes, 0),
    directory: paths.reduce((sum, bytes) => sum + bytes + DIRECTORY_RECORD_BYTES, DIRECTORY_RECORD_BYTES),
  };
}

/**
 * Errors in the school's own records stop an export, because they can be corrected here; those of received records are only
 * reported. The brief of a course result is certified like the rest of it: nobody can shorten it any more.
 */
const STOP_OWN: ReadonlySet<Code> = new Set(['LPX_BRIEF_LONG', 'LPX_FILE_LARGE', 'LPX_FILE_TYPE']);

function exportFindings(document: readonly JsonObject[], portfolios: readonly Selected[], known: ReferenceData): Finding[] {
  const fromFiles = portfolios.flatMap((portfolio) =>
    [...recordPlaces(portfolio)].flatMap(([record, place]) =>
      SLOTS.flatMap((slot) => {
        const file = record[slot];
        if (!file) return [];
        const ofFile = filePlace(place, wireListOf(record.list), slot, file.name);
        return recordFileFindings(record, slot, file, { place: ofFile, advice: portfolio.ownRecords.has(record) ? 'own' : 'received' });
      }),
    ),
  );
  const ownRecords = new Set(portfolios.flatMap((portfolio) => [...portfolio.ownRecords]));
  const recordAt = recordsByPlace(portfolios);
  const withSeverity = [...documentFindings(document), ...allRuleFindings(document, known), ...fromFiles].map((finding): Finding => {
    const record = STOP_OWN.has(finding.code) ? recordAt(finding.place) : undefined;
    if (!record || !ownRecords.has(record)) return finding;
    if (finding.code === 'LPX_BRIEF_LONG' && isCourseResult(record)) return asCertified(finding);
    return { ...finding, severity: 'error' };
  });
  return bounded(withSeverity);
}

interface ExportPassword {
  readonly password: Buffer;
  readonly overridden: readonly Code[];
  readonly findings: readonly Finding[];
}

/**
 * Readers in the field turn a password into bytes in their own ways; only printable ASCII is the same in all
 * (docs/spec.md#encryption). Blanks at its ends come from a file or a copy, and nobody who types the password knows of them.
 * @throws LPX_PASSWORD_MISSING, LPX_PASSWORD_UNSUITABLE, LPX_PASSWORD_WEAK
 */
async function passwordOf({ password, weakPassword }: ExportRequest, personal: PersonalWords): Promise<ExportPassword> {
  const assertFit = (entered: Buffer): Weakness | undefined => {
    const typed = withoutBlankEnds(entered);
    if (typed.length === 0) throw new LpxError('LPX_PASSWORD_MISSING');
    if (typed.some((byte) => byte < 0x20 || byte > 0x7e)) throw new LpxError('LPX_PASSWORD_UNSUITABLE');
    const weakness = weaknessOf(typed.toString('latin1'), personal);
    if (weakness && !weakPassword) throw new LpxError('LPX_PASSWORD_WEAK', { weakness, least: PASSWORD_CHARACTERS });
    return weakness;
  };
  const given = await passwordFrom(password, assertFit);
  const weakness = assertFit(given);
  const typed = withoutBlankEnds(given);
  const findings: Finding[] = typed.length < given.length ? [{ code: 'LPX_PASSWORD_BLANKS', severity: 'note', place: {}, facts: {} }] : [];
  return { password: typed, overridden: weakness ? ['LPX_PASSWORD_WEAK'] : [], findings };
}

/** The part of a password that is not blanks at its ends; the same memory, which is overwritten in the end. */
function withoutBlankEnds(given: Buffer): Buffer {
  const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09;
  let [start, end] = [0, given.length];
  while (start < end && isBlank(given[start])) start++;
  while (end > start && isBlank(given[end - 1])) end--;
  return given.subarray(start, end);
}

type WriteRequest = ExportRequest & {
  readonly engine: ZipEngine;
  readonly password: Buffer;
  readonly clock: () => Date;
  readonly overridden: readonly Code[];
};

/** How often an export gives way to another store that took its name in the same folder and second. */
const NAME_ATTEMPTS = 5;

/** Writes and publishes the packages; where another store has taken a name meanwhile, again under the next. */
async function writePackages(store: Store, request: WriteRequest, packages: readonly PlannedPackage[]) {
  for (let attempt = 1; ; attempt++) {
    const result = await writeOnce(store, request, packages, attempt < NAME_ATTEMPTS);
    if (result) return result;
  }
}

/**
 * Writes every package under temporary names, records all of them as exports, and then gives them their names.
 * @returns undefined when a name has been taken meanwhile and `mayRetry`; then nothing is left
 */
async function writeOnce(store: Store, request: WriteRequest, packages: readonly PlannedPackage[], mayRetry: boolean) {
  await makeFolder(request.outFolder);
  const work = request.batch?.work ?? (await store.attachments.workFolder());
  const total = packages.reduce((sum, { size }) => sum + size.total, 0);
  const claims: PackageClaim[] = [];
  const written: WrittenPackage[] = [];
  const students: ExportedStudent[] = [];
  const crc32s = new Map<string, number>();
  const onCrc32 = (sha256: string, crc32: number) => crc32s.set(sha256, crc32);
  const unpublished = whenInterrupted(() => {
    for (const { part } of claims.flatMap(filesOf)) rmSync(part, { force: true });
  });
  let done = 0;
  try {
    for (const planned of packages) {
      const drafts = await layOutAgain(store, request, planned.students);
      const files = drafts.flatMap((draft) => draft.files);
      const { claim, digests } = await store.attachments.withLocal(files, work, async (pathOf) => {
        const claim = await claimName(store, request, { work, drafts, first: claims.length === 0 });
        claims.push(claim);
        const onProgress = request.onProgress && ((bytes: number) => request.onProgress?.(done + bytes, total));
        return { claim, digests: await writeClaimed(claim, { drafts, pathOf }, { ...request, onProgress, onCrc32 }) };
      });
      written.push({ claim, digests });
      for (const { summary } of planned.students) students.push({ ...summary, file: `${claim.name}.zip` });
      done += planned.size.total;
      request.onProgress?.(done, total);
    }
    if (crc32s.size > 0) await store.change(async (change) => ({ keep: true, result: await change.setCrc32s(crc32s) }));
    await request.batch?.beforePublishing(written.map(({ claim, digests }) => ({ file: `${claim.name}.zip`, md5: digests.md5 })));
    await store.claims.written(written);
    await publishFiles(claims.flatMap(filesOf));
    // The packages have their names, and are in the history: where noting that fails, the next command that opens the store does.
    await store.claims.published(claims).catch(() => {});
  } catch (error) {
    // Where the store cannot be written to either, the next command that opens it does this.
    await store.claims.drop(claims).catch(() => {});
    if (mayRetry && isNameTaken(error, claims)) return undefined;
    throw error;
  } finally {
    if (!request.batch) await work.remove();
    unpublished();
  }
  return {
    packages: written.map(({ claim: { name, zip, signature }, digests: { contentsDigest, ...digests } }) => ({
      zipFile: zip.file,
      signatureFile: signature.file,
      digests,
      contentsDigest,
      createdAt: parsePackageName(name).createdAt,
    })),
    students,
  };
}

/** Whether a package could not get its name because something in the folder has it. */
const isNameTaken = (error: unknown, claims: readonly PackageClaim[]): boolean =>
  error instanceof LpxError &&
  error.facts.reason === 'EEXIST' &&
  claims.some(({ zip, signature }) => [zip.file, signature.file].includes(String(error.facts.file)));

/** Lays out the students of one package as they were planned. @throws LPX_STUDENT_CHANGED; LPX_NOT_IN_STORE */
async function layOutAgain(store: Store, request: ExportRequest, students: readonly PlannedStudent[]): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (const { summary, digest, draft: kept } of students) {
    if (kept) {
      drafts.push(kept);
      continue;
    }
    const student = await studentIn(store, summary.nationalId);
    const { draft } = layOut(student.id, select(student, store.school.code, request).portfolio);
    if (digestOf(draft) !== digest) throw new LpxError('LPX_STUDENT_CHANGED', {}, { place: studentPlace(student.basicData) });
    drafts.push(draft);
  }
  return drafts;
}

interface Claiming {
  readonly work: WorkFolder;
  readonly drafts: readonly Draft[];
  /** Whether it is the first package of the export, with which the password goes. */
  readonly first: boolean;
}

/** Claims a name for a package, waiting for the next second where that is needed. */
async function claimName(store: Store, request: WriteRequest, { work, drafts, first }: Claiming): Promise<PackageClaim> {
  const { clock, outFolder, passwordFile, toSchool, reason, terms, left, operator } = request;
  const overridden = request.overridden.join(' ');
  for (;;) {
    const now = clock();
    const claim = await store.claims.claim({
      nameAt: (moment) => packageBaseName(store.school.code, moment),
      now,
      work,
      outFolder,
      passwordFile: first ? passwordFile : undefined,
      entry: { school: toSchool, reason, terms: terms.join(' '), left, overridden, operator },
      students: drafts.map((draft) => ({ id: draft.studentId, counts: draft.summary, contentsDigest: digestOf(draft) })),
      batchJob: request.batch?.job,
      unlessSent: request.batch?.resend === false,
    });
    if (claim) return claim;
    await sleep(1000 - (now.getTime() % 1000));
  }
}

/** What goes into a package, its files where they can be read. */
interface Contents {
  readonly drafts: readonly Draft[];
  readonly pathOf: LocalPath;
}

type ClaimedRequest = WriteRequest & Required<Pick<WriteOptions, 'onCrc32'>>;

/** Writes the files of one package under their temporary names, and reads the package's directory as a receiver would. */
async function writeClaimed(
  claim: PackageClaim,
  { drafts, pathOf }: Contents,
  request: ClaimedRequest,
): Promise<WrittenPackage['digests']> {
  const { engine, encryption, password, random, shared, onProgress, onCrc32 } = request;
  if (claim.password) {
    writePart(claim.password, Buffer.concat([password, Buffer.from('\n')]));
  }
  const contents = contentsOf(drafts, claim.name);
  const files = contents.files.map((file) => ({ ...file, source: pathOf(file.sha256) }));
  const digests = await writePackage(
    claim,
    { ...contents, files },
    {
      encryption,
      password,
      modified: request.clock(),
      engine,
      onCrc32,
      ...(random && { random }),
      ...(shared && { shared }),
      ...(onProgress && { onProgress }),
    },
  );
  await readDirectory(claim.zip.part);
  return { ...digests, contentsDigest: contentsDigestOf(contents) };
}

/** The first text is the document. */
const contentsDigestOf = ({ texts: [document, ...texts], files }: DraftContents): string =>
  contentsDigest([
    ...(document ? [digestedText(DIGESTED_DOCUMENT, document.content)] : []),
    ...texts.map(({ path, content }) => digestedText(path, content)),
    ...files,
  ]);

type DraftContents = Omit<PackageContents, 'files'> & { readonly files: readonly DraftFile[] };

function contentsOf(drafts: readonly Draft[], name: string): DraftContents {
  const [opening, comma, closing] = ['[\n', ',\n', '\n]\n'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const document = Buffer.concat([opening, ...drafts.flatMap(({ json }, i) => (i === 0 ? [json] : [comma, json])), closing]);
  return {
    texts: [{ path: `${name}.json`, content: document }, ...drafts.flatMap(({ mappings }) => mappings)],
    files: drafts.flatMap(({ files }) => files),
  };
}

const summaryOf = ({ basicData, records }: Selected): Draft['summary'] => ({
  nationalId: basicData.nationalId,
  name: basicData.name,
  ...countsOf(records),
  courses: records.filter(isCourseResult).map(courseOf),
});

const courseOf = (record: Extract<PortfolioRecord<StoredAttachment>, { list: 'courseResults' }>) => ({
  title: titleOf(record),
  courseCode: record.fields.courseCode,
  originSchoolCode: record.fields.originSchoolCode,
  term: termOfRecord(record),
});
