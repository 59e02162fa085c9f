/**
 * Exports students: selects what an exchange carries, lays it out, and writes it into packages with their signatures.
 * One package, or as many as the limits of readers ask for. Students are gone over twice: once to find what is wrong and
 * what fits into which package, of which little is kept; and once more for each package when it is written. So memory is
 * that of one package, whatever the number of students.
 */
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorOf, type Finding, LpxError, type Severity } from '../errors.js';
import { writeError } from '../io/file-error.js';
import { whenInterrupted } from '../io/interruption.js';
import { assertFree, publishFiles, writePart } from '../io/publish.js';
import { contentsDigest, DIGESTED_DOCUMENT, digestedText } from '../package/contents-digest.js';
import { mappingPath, numberFiles, packageBaseName } from '../package/layout.js';
import { addedSizes, EMPTY_SIZE, limitExceeded, type PackageSize, WRITABLE } from '../package/limits.js';
import { type PasswordSource, passwordFrom } from '../package/password-source.js';
import { readDirectory } from '../package/reader.js';
import { type PackageContents, type PackageFile, type PackageText, type WriteOptions, writePackage } from '../package/writer.js';
import { canonicalCode } from '../plain-text.js';
import { BoundedFindings } from '../spec/findings.js';
import { filePlace, recordPlaces, recordsByPlace, studentPlace } from '../spec/place.js';
import {
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
  termOfRecord,
  titleOf,
  wireListOf,
  withAttachments,
} from '../spec/portfolio.js';
import { type Unfit, unfitness } from '../spec/rules/eligibility.js';
import { allRuleFindings, type ReferenceData, recordFileFindings } from '../spec/rules/record-rules.js';
import { type ExchangeReason, endedBefore } from '../spec/status-changes.js';
import { type Day, schoolYearOf } from '../spec/terms.js';
import { documentFindings } from '../spec/validate.js';
import { filesOf, type PackageClaim, type WrittenPackage } from '../store/package-claims.js';
import { referenceDataFor } from '../store/reference-data.js';
import type { Provenance, Store, StoredAttachment, StoredStudent } from '../store/store.js';
import { studentIn } from '../store/students.js';
import type { WorkFolder } from '../store/work-folder.js';
import type { RandomSource } from '../zip/content.js';
import { ZipEngine } from '../zip/engine.js';
import type { Digests } from '../zip/threads/digest.js';
import type { Encryption } from '../zip/writer.js';

export interface ExportRequest {
  readonly nationalIds: readonly string[];
  /** Go on without students who have nothing to export, as long as one has. */
  readonly skipEmpty: boolean;
  readonly reason: ExchangeReason;
  /** The students' last day here. */
  readonly left: Day;
  /** Export although the rules say that no exchange is due; the history remembers. */
  readonly force: boolean;
  /** Terms like `1081`; empty for all. */
  readonly terms: readonly string[];
  /** The receiving school, for the history; may be empty. */
  readonly toSchool: string;
  readonly outFolder: string;
  readonly encryption: Encryption;
  /** A function is asked once it is known that there is something to export. */
  readonly password: PasswordSource;
  /** A new file that the password is written to, readable by its owner alone. */
  readonly passwordFile?: string | undefined;
  readonly now: Date;
  /** Who exports, for the history. */
  readonly operator: string;
  readonly random?: RandomSource;
  /** How much goes into one package; without it, as much as readers take. */
  readonly limits?: PackageSize;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A record that stays at home, and why. */
export interface LeftOut {
  readonly nationalId: string;
  readonly list: string;
  readonly title: string;
  readonly term: string;
  readonly reason: Unfit | 'other-term';
}

export interface ExportedStudent extends RecordCounts {
  readonly nationalId: string;
  readonly name: string;
  /** The package the student is in, by its base name. */
  readonly file: string;
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
}

export interface ExportResult {
  /** In the order of their students. */
  readonly packages: readonly ExportedPackage[];
  readonly encryption: Encryption;
  readonly reason: ExchangeReason;
  /** Whether it was made against the rules, on the clerk's word. */
  readonly forced: boolean;
  readonly students: readonly ExportedStudent[];
  /** National ids of the students without anything to export, or whose year was over. */
  readonly skipped: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
}

type Selected = Portfolio<StoredAttachment> & { readonly ownRecords: ReadonlySet<PortfolioRecord<StoredAttachment>> };

/** One student as laid out for a package. */
interface Draft {
  readonly studentId: number;
  readonly summary: Omit<ExportedStudent, 'file'>;
  /** The student's part of the document, in UTF-8. */
  readonly json: Buffer;
  readonly mappings: readonly PackageText[];
  readonly files: readonly PackageFile[];
}

/** A student as planned: where and by what their draft is known when the package is written. */
interface PlannedStudent {
  readonly nationalId: string;
  /** The contents digest of the draft. */
  readonly digest: string;
}

/** The students of one package. */
interface PlannedPackage {
  readonly students: PlannedStudent[];
  size: PackageSize;
}

interface Plan {
  readonly packages: readonly PlannedPackage[];
  readonly forced: boolean;
  readonly skipped: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
}

/**
 * Exports students: course results that their teacher certified and multi-performances that were uploaded, of the terms
 * asked for; basic data with every cadre post. All packages are published at the end, or none.
 * @throws LPX_NOT_IN_STORE, LPX_NOTHING_TO_EXPORT, LPX_EXCHANGE_NOT_NEEDED when a student left after the school year was
 *   over, LPX_STUDENT_TOO_LARGE; the first error of the data with all of them; LPX_STUDENT_CHANGED when somebody changes a
 *   student meanwhile; LPX_PASSWORD_UNSUITABLE, LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN, LPX_DISK_FULL, LPX_WRITE_FAILED; then no package is left
 */
export async function exportPackages(store: Store, request: ExportRequest): Promise<ExportResult> {
  const started = performance.now();
  const clock = () => new Date(request.now.getTime() + performance.now() - started);
  const engine = new ZipEngine();
  let password: Buffer | undefined;
  try {
    if (request.passwordFile !== undefined) await assertFree(request.passwordFile);
    const plan = await planPackages(store, request);
    engine.expect(plan.packages[0]?.size.total ?? 0);
    password = await passwordOf(request);
    const { packages, students } = await writePackages(store, { ...request, engine, password, clock }, plan);
    const { encryption, reason } = request;
    const { forced, skipped, leftOut, findings } = plan;
    return { packages, encryption, reason, forced, students, skipped, leftOut, findings };
  } finally {
    await engine.close();
    password?.fill(0);
  }
}

/** Lays out every student once: what is due, whether it may go, and how much fits into a package. */
async function planPackages(store: Store, request: ExportRequest): Promise<Plan> {
  const packages: PlannedPackage[] = [];
  const skipped: string[] = [];
  const leftOut: LeftOut[] = [];
  const found = new BoundedFindings();
  const hindered: Partial<Record<'empty' | 'late', LpxError>> = {};
  let forced = false;
  for (const nationalId of new Set(request.nationalIds.map(canonicalCode))) {
    const student = await studentIn(store, nationalId);
    const selection = select(student, store.school.code, request);
    leftOut.push(...selection.leftOut);
    const late = hasSubstance(selection.portfolio) && isTooLate(selection.portfolio, request);
    forced ||= late && request.force;
    if (!hasSubstance(selection.portfolio)) hindered.empty ??= nothingToExport(student, selection.leftOut);
    else if (late && !request.force) hindered.late ??= exchangeNotNeeded(student, selection.portfolio, request);
    else {
      const { portfolio } = selection;
      const { draft, document } = layOut(store, student.id, portfolio);
      found.add(exportFindings(document, [portfolio], await referenceDataFor(store, [portfolio])));
      addToPackages(packages, draft, request.limits ?? WRITABLE);
      continue;
    }
    skipped.push(nationalId);
  }
  const hindrance = hindered.empty ?? hindered.late;
  if (hindrance && (!request.skipEmpty || packages.length === 0)) throw hindrance;
  if (packages.length === 0) throw new LpxError('LPX_NOTHING_TO_EXPORT', { leftOut: 0 });
  const findings = found.list();
  const error = errorOf(findings);
  if (error) throw error;
  return { packages, forced, skipped, leftOut, findings };
}

const nothingToExport = ({ basicData }: StoredStudent, leftOut: readonly LeftOut[]): LpxError =>
  new LpxError('LPX_NOTHING_TO_EXPORT', { leftOut: leftOut.length }, { place: studentPlace(basicData) });

const exchangeNotNeeded = ({ basicData }: StoredStudent, portfolio: Selected, { left }: ExportRequest): LpxError =>
  new LpxError('LPX_EXCHANGE_NOT_NEEDED', { year: schoolYearOf(newestTermOf(portfolio)), left }, { place: studentPlace(basicData) });

/** Puts a student into the last package, or begins one. @throws LPX_STUDENT_TOO_LARGE for one who fits into none */
function addToPackages(packages: PlannedPackage[], draft: Draft, limits: PackageSize): void {
  const draftSize = sizeOf(draft);
  const over = limitExceeded(draftSize, limits);
  if (over) {
    const facts = { what: over, value: draftSize[over], limit: Math.floor(limits[over]) };
    throw new LpxError('LPX_STUDENT_TOO_LARGE', facts, { place: studentPlace(draft.summary) });
  }
  const planned = { nationalId: draft.summary.nationalId, digest: digestOf(draft) };
  const last = packages.at(-1);
  const size = addedSizes(last?.size ?? EMPTY_SIZE, draftSize);
  if (last && !limitExceeded(size, limits)) {
    last.students.push(planned);
    last.size = size;
  } else packages.push({ students: [planned], size: draftSize });
}

/** Cadre posts alone are no reason for an exchange. */
function hasSubstance({ records }: Selected): boolean {
  const { courseResults, multiPerformances } = countsOf(records);
  return courseResults + multiPerformances > 0;
}

/** What was to be picked and submitted of a year that is over was picked and submitted here (guide part FOUR). */
const isTooLate = (portfolio: Selected, { reason, left }: ExportRequest): boolean => endedBefore(reason, newestTermOf(portfolio), left);

/** The newest term of what is exchanged. */
const newestTermOf = ({ records }: Selected): string =>
  records
    .filter((record) => halfOf(record))
    .map(termOfRecord)
    .sort()
    .at(-1) ?? '';

function select({ basicData, extras, records }: StoredStudent, schoolCode: string, { terms, reason }: ExportRequest) {
  const chosen: PortfolioRecord<StoredAttachment>[] = [];
  const ownRecords = new Set<PortfolioRecord<StoredAttachment>>();
  const leftOut: LeftOut[] = [];
  for (const { record, provenance } of records) {
    const why = reasonToLeaveOut(record, terms);
    if (why) {
      leftOut.push({
        nationalId: basicData.nationalId,
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
function layOut(store: Store, studentId: number, portfolio: Selected): { readonly draft: Draft; readonly document: JsonObject[] } {
  const { basicData, extras, records } = portfolio;
  const numbered = numberFiles(basicData, records);
  const paths = new Map(numbered.map((one) => [`${records.indexOf(one.record)} ${one.slot}`, one.path]));
  const linked = records.map((record, index) =>
    withAttachments(record, ({ md5 }, slot) => ({ link: paths.get(`${index} ${slot}`) as string, md5 })),
  );
  const document = documentFromPortfolios([{ basicData, extras, records: linked }]) as unknown as JsonObject[];
  const mappings = HALVES.map((half) => {
    const ofHalf = numbered.filter((one) => one.half === half);
    const names = Object.fromEntries(ofHalf.map((one) => [basename(one.path), one.attachment.name]));
    return { path: mappingPath(basicData.nationalId, half), content: `${JSON.stringify(names, null, 2)}\n` };
  });
  const files = numbered.map(({ path, attachment: { sha256, bytes, crc32 } }) => ({
    path,
    source: store.attachments.pathOf(sha256),
    bytes,
    sha256,
    crc32,
  }));
  const json = Buffer.from(JSON.stringify(document, null, 2).slice(2, -2));
  return { draft: { studentId, summary: summaryOf(portfolio), json, mappings, files }, document };
}

const digestOf = ({ json, mappings, files }: Draft): string =>
  contentsDigestOf({ texts: [{ path: DIGESTED_DOCUMENT, content: json }, ...mappings], files });

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

/** Faults of the school's own records stop an export: here they can be mended. Those that came from elsewhere are told. */
const STOP_OWN: ReadonlySet<Finding['code']> = new Set(['LPX_BRIEF_LONG', 'LPX_FILE_LARGE', 'LPX_FILE_TYPE']);

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
  const withSeverity = [...documentFindings(document), ...allRuleFindings(document, known), ...fromFiles].map((finding) => {
    const record = STOP_OWN.has(finding.code) ? recordAt(finding.place) : undefined;
    const severity: Severity = record && ownRecords.has(record) ? 'error' : finding.severity;
    return { ...finding, severity };
  });
  return new BoundedFindings().add(withSeverity).list();
}

/** Readers in the field turn a password into bytes in their own ways; only printable ASCII is the same in all (docs/spec.md#encryption). */
async function passwordOf({ password }: ExportRequest): Promise<Buffer> {
  const given = await passwordFrom(password);
  if (given.some((byte) => byte < 0x20 || byte > 0x7e)) throw new LpxError('LPX_PASSWORD_UNSUITABLE');
  return given;
}

type WriteRequest = ExportRequest & { readonly engine: ZipEngine; readonly password: Buffer; readonly clock: () => Date };

/** Writes every package under temporary names, records all of them as exports, and then gives them their names. */
async function writePackages(store: Store, request: WriteRequest, { packages, forced }: Plan) {
  await mkdir(request.outFolder, { recursive: true, mode: 0o700 }).catch((error) => {
    throw writeError(error, request.outFolder);
  });
  const work = await store.attachments.workFolder();
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
      const claim = await claimName(store, request, { work, drafts, forced, first: claims.length === 0 });
      claims.push(claim);
      const onProgress = request.onProgress && ((bytes: number) => request.onProgress?.(done + bytes, total));
      written.push({ claim, digests: await writeClaimed(claim, drafts, { ...request, onProgress, onCrc32 }) });
      for (const { summary } of drafts) students.push({ ...summary, file: `${claim.name}.zip` });
      done += planned.size.total;
      request.onProgress?.(done, total);
    }
    if (crc32s.size > 0) await store.change(async (change) => ({ keep: true, result: await change.setCrc32s(crc32s) }));
    await store.claims.written(written);
    await publishFiles(claims.flatMap(filesOf));
    await store.claims.published(claims);
  } catch (error) {
    // Where the store cannot be written to either, the next command that opens it does this.
    await store.claims.drop(claims).catch(() => {});
    throw error;
  } finally {
    await work.remove();
    unpublished();
  }
  return {
    packages: written.map(({ claim: { zip, signature }, digests: { contentsDigest, ...digests } }) => ({
      zipFile: zip.file,
      signatureFile: signature.file,
      digests,
      contentsDigest,
    })),
    students,
  };
}

/** Lays out the students of one package as they were planned. @throws LPX_STUDENT_CHANGED; LPX_NOT_IN_STORE */
async function layOutAgain(store: Store, request: ExportRequest, students: readonly PlannedStudent[]): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (const { nationalId, digest } of students) {
    const student = await studentIn(store, nationalId);
    const { draft } = layOut(store, student.id, select(student, store.school.code, request).portfolio);
    if (digestOf(draft) !== digest) throw new LpxError('LPX_STUDENT_CHANGED', {}, { place: studentPlace(student.basicData) });
    drafts.push(draft);
  }
  return drafts;
}

interface Claiming {
  readonly work: WorkFolder;
  readonly drafts: readonly Draft[];
  readonly forced: boolean;
  /** Whether it is the first package of the export, with which the password goes. */
  readonly first: boolean;
}

/** Claims a name for a package, waiting for the next second where that is needed. */
async function claimName(store: Store, request: WriteRequest, { work, drafts, forced, first }: Claiming): Promise<PackageClaim> {
  const { clock, outFolder, passwordFile, toSchool, reason, terms, left, operator } = request;
  const overridden = forced ? 'LPX_EXCHANGE_NOT_NEEDED' : '';
  for (;;) {
    const now = clock();
    const claim = await store.claims.claim({
      nameAt: (moment) => packageBaseName(store.school.code, moment),
      now,
      work,
      outFolder,
      passwordFile: first ? passwordFile : undefined,
      entry: { school: toSchool, reason, terms: terms.join(' '), left, overridden, operator },
      students: drafts.map(({ studentId, summary }) => ({ id: studentId, counts: summary })),
    });
    if (claim) return claim;
    await sleep(1000 - (now.getTime() % 1000));
  }
}

type ClaimedRequest = WriteRequest & Required<Pick<WriteOptions, 'onCrc32'>>;

/** Writes the files of one package under their temporary names, and reads the package's directory as a receiver would. */
async function writeClaimed(claim: PackageClaim, drafts: readonly Draft[], request: ClaimedRequest): Promise<WrittenPackage['digests']> {
  const { engine, encryption, password, random, onProgress, onCrc32 } = request;
  if (claim.password) {
    writePart(claim.password, Buffer.concat([password, Buffer.from('\n')]));
  }
  const contents = contentsOf(drafts, claim.name);
  const digests = await writePackage(claim, contents, {
    encryption,
    password,
    modified: request.clock(),
    engine,
    onCrc32,
    ...(random && { random }),
    ...(onProgress && { onProgress }),
  });
  await readDirectory(claim.zip.part);
  return { ...digests, contentsDigest: contentsDigestOf(contents) };
}

/** The first text is the document. */
const contentsDigestOf = ({ texts: [document, ...texts], files }: PackageContents): string =>
  contentsDigest([
    ...(document ? [digestedText(DIGESTED_DOCUMENT, document.content)] : []),
    ...texts.map(({ path, content }) => digestedText(path, content)),
    ...files,
  ]);

function contentsOf(drafts: readonly Draft[], name: string): PackageContents {
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
