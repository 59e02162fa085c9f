/**
 * Exports students: gathers what an exchange carries, numbers the files, writes one package, its
 * signature beside it, and remembers that it did.
 */
import { access, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorOf, type Finding, LpxError, type Severity } from '../errors.js';
import { markUnfinished } from '../files.js';
import { mappingPath, numberFiles, packageBaseName } from '../package/layout.js';
import { signaturePathOf } from '../package/signature.js';
import { type PackageContents, type PackageFile, type PackageText, writePackage } from '../package/writer.js';
import { BoundedFindings } from '../spec/findings.js';
import { canonicalCode } from '../spec/identifiers/plain.js';
import { filePlace, recordPlaces, recordsByPlace, studentPlace } from '../spec/place.js';
import {
  documentFromPortfolios,
  HALF_WIRE,
  type Half,
  halfOf,
  isCourseResult,
  type JsonObject,
  type Portfolio,
  type PortfolioRecord,
  SLOTS,
  titleOf,
  wireListOf,
  withAttachments,
} from '../spec/portfolio.js';
import { allRuleFindings, type Knowledge } from '../spec/rules/record-rules.js';
import { endedBefore, type StatusChange } from '../spec/status-changes.js';
import { type Day, schoolYearOf } from '../spec/terms.js';
import { documentFindings } from '../spec/validate.js';
import type { Provenance, Store, StoredAttachment, StoredStudent } from '../store/store.js';
import type { RandomSource } from '../zip/content.js';
import { ZipEngine } from '../zip/engine.js';
import type { Digests } from '../zip/threads/digest.js';
import type { Encryption } from '../zip/writer.js';
import { knowledgeOf } from './knowledge.js';
import { countsOf, type RecordCounts } from './record-counts.js';
import { studentIn } from './students.js';
import { recordFileFindings, termOfRecord } from './take-attachments.js';
import { type Unfit, unfitness } from './unfit.js';

/** The status changes that bring an exchange. */
export type ExportReason = Extract<StatusChange, 'transfer' | 'borrowed-study' | 'experimental'>;

export interface ExportRequest {
  readonly nationalIds: readonly string[];
  /** Go on without students who have nothing to export, as long as one has. */
  readonly skipEmpty: boolean;
  readonly reason: ExportReason;
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
  /** Asked for once it is known that there is something to export. */
  readonly password: Buffer | (() => Promise<Buffer>);
  readonly now: Date;
  /** Who exports, for the history. */
  readonly operator: string;
  readonly random?: RandomSource;
  readonly onProgress?: (done: number, total: number) => void;
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
  /** The exported course results, each with the school and code it keeps. */
  readonly courses: readonly {
    readonly title: string;
    readonly courseCode: string;
    readonly originSchoolCode: string;
    readonly term: string;
  }[];
}

export interface ExportResult {
  readonly zipFile: string;
  readonly signatureFile: string;
  readonly digests: Digests;
  readonly encryption: Encryption;
  readonly reason: ExportReason;
  /** Whether it was made against the rules, on the clerk's word. */
  readonly forced: boolean;
  readonly students: readonly ExportedStudent[];
  /** National ids of the students without anything to export, or whose year was over. */
  readonly skipped: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
}

type Selected = Portfolio<StoredAttachment> & { readonly ownRecords: ReadonlySet<PortfolioRecord<StoredAttachment>> };

/**
 * Exports students into one package. Course results that their teacher certified and multi-performances
 * that were uploaded, of the terms asked for; basic data with every cadre post.
 * @throws LPX_NOT_IN_STORE, LPX_NOTHING_TO_EXPORT, LPX_EXCHANGE_NOT_NEEDED when a student left after the school year was
 *   over; the first fault of the data with all of them,
 *   LPX_PASSWORD_UNSUITABLE, LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN, LPX_DISK_FULL; then no package is left
 */
export async function exportPackage(store: Store, request: ExportRequest): Promise<ExportResult> {
  const engine = new ZipEngine();
  try {
    return await exportWith(store, { ...request, engine });
  } finally {
    await engine.close();
  }
}

type EngineRequest = ExportRequest & { readonly engine: ZipEngine };

async function exportWith(store: Store, request: EngineRequest): Promise<ExportResult> {
  const named = await studentsOf(store, request.nationalIds);
  const selections = named.map((student) => ({ student, ...select(student, store.school.code, request) }));
  const empty = selections.filter(({ portfolio }) => !hasSubstance(portfolio));
  const substantial = selections.filter(({ portfolio }) => hasSubstance(portfolio));
  const late = substantial.filter(({ portfolio }) => isTooLate(portfolio, request));
  const full = request.force ? substantial : substantial.filter((one) => !late.includes(one));
  const forced = request.force && late.length > 0;
  const [firstEmpty] = empty;
  if (firstEmpty && (!request.skipEmpty || substantial.length === 0)) {
    throw new LpxError(
      'LPX_NOTHING_TO_EXPORT',
      { leftOut: firstEmpty.leftOut.length },
      { place: studentPlace(firstEmpty.student.basicData) },
    );
  }
  const [firstLate] = late;
  if (firstLate && !request.force && (!request.skipEmpty || full.length === 0)) {
    const year = schoolYearOf(newestTermOf(firstLate.portfolio));
    throw new LpxError('LPX_EXCHANGE_NOT_NEEDED', { year, left: request.left }, { place: studentPlace(firstLate.student.basicData) });
  }
  const students = full.map((one) => one.student);
  const portfolios = full.map((one) => one.portfolio);
  const leftOut = selections.flatMap((one) => one.leftOut);

  request.engine.expect(bytesOf(portfolios));
  const baseName = await freeBaseName(request.outFolder, store.school.code, request.now);
  const { contents, document } = layOut(portfolios, baseName, store);
  const findings = exportFindings(document, portfolios, await knowledgeOf(store, portfolios));
  const error = errorOf(findings);
  if (error) throw error;

  const password = Buffer.isBuffer(request.password) ? request.password : await request.password();
  checkPassword(password);
  const zipFile = join(request.outFolder, `${baseName}.zip`);
  const digests = await writeAndRemember(store, request, forced, students, portfolios, zipFile, contents, password);
  return {
    zipFile,
    signatureFile: signaturePathOf(zipFile),
    digests,
    encryption: request.encryption,
    reason: request.reason,
    forced,
    students: portfolios.map(({ basicData, records }) => ({
      nationalId: basicData.nationalId,
      name: basicData.name,
      ...countsOf(records),
      courses: records.filter(isCourseResult).map(courseOf),
    })),
    skipped: selections.filter((one) => !full.includes(one)).map((one) => one.student.basicData.nationalId),
    leftOut,
    findings,
  };
}

/** Cadre posts alone are no reason for an exchange. */
function hasSubstance({ records }: Selected): boolean {
  const { courseResults, multiPerformances } = countsOf(records);
  return courseResults + multiPerformances > 0;
}

const bytesOf = (portfolios: readonly Selected[]): number =>
  portfolios
    .flatMap(({ records }) => records.flatMap((record) => SLOTS.map((slot) => record[slot]?.bytes ?? 0)))
    .reduce((sum, bytes) => sum + bytes, 0);

/** What was to be picked and submitted of a year that is over was picked and submitted here (guide part FOUR). */
const isTooLate = (portfolio: Selected, { reason, left }: ExportRequest): boolean => endedBefore(reason, newestTermOf(portfolio), left);

/** The newest term of what is exchanged. */
const newestTermOf = ({ records }: Selected): string =>
  records
    .filter((record) => halfOf(record))
    .map(termOfRecord)
    .sort()
    .at(-1) ?? '';

async function studentsOf(store: Store, nationalIds: readonly string[]): Promise<StoredStudent[]> {
  const students: StoredStudent[] = [];
  for (const nationalId of new Set(nationalIds.map(canonicalCode))) {
    const student = await studentIn(store, nationalId);
    students.push(student);
  }
  if (students.length === 0) throw new LpxError('LPX_NOTHING_TO_EXPORT', { leftOut: 0 });
  return students;
}

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
  reason: ExportReason,
  provenance: Provenance,
): PortfolioRecord<StoredAttachment> {
  if (!isCourseResult(record)) return record;
  // All a student leaves with lies before the transfer; only what was learnt here was learnt on loan here.
  if (reason !== 'borrowed-study') return { ...record, fields: { ...record.fields, beforeTransfer: true } };
  return provenance === 'own' ? { ...record, fields: { ...record.fields, duringBorrowedStudy: true } } : record;
}

/** The texts and files of the package, and its document. */
function layOut(portfolios: readonly Selected[], baseName: string, store: Store): { contents: PackageContents; document: JsonObject[] } {
  const texts: PackageText[] = [];
  const files: PackageFile[] = [];
  const wire = portfolios.map(({ basicData, extras, records }) => {
    const numbered = numberFiles(basicData, records);
    const paths = new Map(numbered.map((one) => [`${records.indexOf(one.record)} ${one.slot}`, one.path]));
    for (const half of Object.keys(HALF_WIRE) as Half[]) {
      const ofHalf = numbered.filter((one) => one.half === half);
      texts.push({
        path: mappingPath(basicData.nationalId, half),
        content: json(Object.fromEntries(ofHalf.map((one) => [basename(one.path), one.attachment.name]))),
      });
      files.push(
        ...ofHalf.map(({ path, attachment: { sha256, bytes } }) => ({
          path,
          source: store.attachments.pathOf(sha256),
          bytes,
          sha256,
        })),
      );
    }
    const linked = records.map((record, index) =>
      withAttachments(record, ({ md5 }, slot) => ({ link: paths.get(`${index} ${slot}`) as string, md5 })),
    );
    return { basicData, extras, records: linked };
  });
  const document = documentFromPortfolios(wire);
  return {
    contents: { texts: [{ path: `${baseName}.json`, content: json(document) }, ...texts], files },
    document: document as unknown as JsonObject[],
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Faults of the school's own records stop an export: here they can be mended. Those that came from elsewhere are told. */
const STOP_OWN: ReadonlySet<Finding['code']> = new Set(['LPX_BRIEF_LONG', 'LPX_FILE_LARGE', 'LPX_FILE_TYPE']);

function exportFindings(document: readonly JsonObject[], portfolios: readonly Selected[], known: Knowledge): Finding[] {
  const fromFiles = portfolios.flatMap((portfolio) =>
    [...recordPlaces(portfolio)].flatMap(([record, place]) =>
      SLOTS.flatMap((slot) => {
        const file = record[slot];
        return file
          ? recordFileFindings(
              record,
              slot,
              file,
              filePlace(place, wireListOf(record.list), slot, file.name),
              portfolio.ownRecords.has(record) ? 'own' : 'received',
            )
          : [];
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
function checkPassword(password: Buffer): void {
  if (password.length === 0) throw new LpxError('LPX_PASSWORD_MISSING');
  if (password.some((byte) => byte < 0x20 || byte > 0x7e)) throw new LpxError('LPX_PASSWORD_UNSUITABLE');
}

/** A base name that no package in the folder has, a second later for each one taken. */
async function freeBaseName(folder: string, schoolCode: string, now: Date): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => {
    throw new LpxError('LPX_WRITE_FAILED', { file: folder, reason: error.code ?? '?' }, { cause: error });
  });
  for (let second = 0; ; second++) {
    const name = packageBaseName(schoolCode, new Date(now.getTime() + 1000 * second));
    const taken = await Promise.all([`${name}.zip`, `${name}.zip.part`].map((file) => exists(join(folder, file))));
    if (!taken.includes(true)) return name;
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** A package that the store does not know of must not be sent: without its place in the history it goes again. */
async function writeAndRemember(
  store: Store,
  request: EngineRequest,
  forced: boolean,
  students: readonly StoredStudent[],
  portfolios: readonly Selected[],
  zipFile: string,
  contents: PackageContents,
  password: Buffer,
): Promise<Digests> {
  const { engine, encryption, now, operator, random, onProgress, reason, terms, toSchool } = request;
  const files = [zipFile, signaturePathOf(zipFile)];
  const finished = files.map(markUnfinished);
  try {
    const digests = await writePackage(zipFile, contents, {
      encryption,
      password,
      modified: now,
      engine,
      ...(random && { random }),
      ...(onProgress && { onProgress }),
    });
    await store.change(async (change) => {
      const historyId = await change.addHistory({
        kind: 'export',
        at: now,
        file: basename(zipFile),
        ...digests,
        school: toSchool,
        reason,
        terms: terms.join(' '),
        overridden: forced ? 'LPX_EXCHANGE_NOT_NEEDED' : '',
        operator,
      });
      for (const [index, student] of students.entries())
        await change.addHistoryStudent(historyId, student.id, countsOf(portfolios[index]?.records ?? []));
      return { keep: true, result: undefined };
    });
    return digests;
  } catch (error) {
    await Promise.all(files.map((file) => rm(file, { force: true })));
    throw error;
  } finally {
    for (const done of finished) done();
  }
}

const courseOf = (record: Extract<PortfolioRecord<StoredAttachment>, { list: 'courseResults' }>) => ({
  title: titleOf(record),
  courseCode: record.fields.courseCode,
  originSchoolCode: record.fields.originSchoolCode,
  term: termOfRecord(record),
});
