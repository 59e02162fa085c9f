/**
 * Verifies a package in steps: signature, directory, password, structure, schema, rules, attachments. The first that
 * fails ends the report. Nothing is written but, for an import, staged attachments.
 */
import { createHash } from 'node:crypto';
import { closeSync, type Stats } from 'node:fs';
import { basename } from 'node:path';
import { type Code, errorOf, type Finding, LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { openFile, statPlain } from '../io/read.js';
import {
  type Acceptance,
  type AttachmentSink,
  CHECK_ONLY,
  type GroupReader,
  HASH_ONLY,
  leftOut,
  readAll,
  type TakenFile,
  type TakenPortfolio,
  takeAttachments,
  WHOLE,
} from '../package/attachments.js';
import { contentsDigest } from '../package/contents-digest.js';
import { parsePackageName } from '../package/layout.js';
import { type Narrow, Narrowing } from '../package/narrowing.js';
import { type OpenedPackage, openPackage } from '../package/open.js';
import { type OpeningPassword, openingPassword, passwordOddity } from '../package/password-forms.js';
import { isAtHand, type PackageNames, type PasswordFinder, type PasswordSource, passwordsOf } from '../package/password-source.js';
import { directoryOf, type PackageStructure, readStructure, sortEntries } from '../package/reader.js';
import { readSignature, type Signature, signaturePathOf } from '../package/signature.js';
import { type CheckResult, type StepResult, Verification } from '../package/verification.js';
import { findAttachments } from '../spec/attachments.js';
import type { UnfitStudent } from '../spec/findings.js';
import type { Pictures } from '../spec/pictures.js';
import { wireStudentPlace } from '../spec/place.js';
import {
  countsOf,
  type JsonObject,
  type Portfolio,
  portfoliosFromDocument,
  type RecordCounts,
  type WireAttachment,
} from '../spec/portfolio.js';
import { repaired } from '../spec/repair.js';
import { extensionOf, MARKS } from '../spec/rules/file-type.js';
import { type ReferenceData, ruleFindings } from '../spec/rules/record-rules.js';
import type { SeenContents } from '../spec/seen-contents.js';
import { documentFindings } from '../spec/validate.js';
import { UNWRAPPED, WorkFolder } from '../store/processes/work-folder.js';
import { ZipEngine } from '../zip/engine.js';
import { entryBuffer } from '../zip/entry.js';
import { DEFAULT_LIMITS, overLimit } from '../zip/limits.js';
import type { ZipEntry } from '../zip/reader.js';
import { type Digests, digestFile } from '../zip/threads/digest.js';
import type { Helper } from '../zip/threads/helper.js';
import { TAKEN_TOGETHER } from '../zip/threads/jobs.js';

export type { NewPasswordSource, PackageNames, Password, PasswordFinder, PasswordSource } from '../package/password-source.js';

/**
 * Where the MD5 of the package comes from: a file next to it under a usual name (the default), a file named by the caller,
 * a hash typed in, or nowhere, which the history remembers.
 */
export type SignatureSource = { readonly file: string } | { readonly md5: string } | 'beside' | 'none';

export interface VerifyRequest extends Narrow {
  readonly zipFile: string;
  readonly signature?: SignatureSource | undefined;
  /** Refuse anything that needs repair. */
  readonly strict?: boolean | undefined;
  readonly accept?: Acceptance | undefined;
  readonly password: PasswordSource | PasswordFinder;
  /** The school's reference data on the schools and courses in the package. */
  readonly known?: ((portfolios: readonly Portfolio<unknown>[]) => Promise<ReferenceData>) | undefined;
  /** A helper that was started before, which the verification ends; without it, one starts when the package is worth it. */
  readonly helper?: Helper | undefined;
  /** The engine to read with, which lives longer than the verification; without it, the verification has its own. */
  readonly engine?: ZipEngine | undefined;
  /** Called with the bytes of attachments read so far, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Collects the students of a good package for a report. */
  readonly seen?: SeenContents | undefined;
}

export interface PackageFacts {
  /** Base name. */
  readonly file: string;
  readonly bytes: number;
  readonly md5: string;
  /** See `contentsDigest`; empty when it is not needed, or an entry could not be read. */
  readonly contentsDigest: string;
  /** `aes256`, `zipcrypto`, …, or `mixed`; empty when the directory could not be read. */
  readonly encryption: string;
  /** The sending school; empty when neither the name nor the content says. */
  readonly school: string;
  /** Local time of the sender, from the package's name. */
  readonly createdAt: string;
}

export interface StudentFacts extends RecordCounts {
  readonly nationalId: string;
  readonly name: string;
}

export interface VerificationReport {
  readonly ok: boolean;
  readonly package: PackageFacts;
  readonly checks: readonly CheckResult[];
  readonly students: readonly StudentFacts[];
  /** Students who were left out; none unless the request says `skipUnfit`. */
  readonly unfit: readonly UnfitStudent[];
  readonly findings: readonly Finding[];
}

/** A report, and the portfolios when it is good. */
export interface VerifiedPackage {
  readonly report: VerificationReport;
  readonly portfolios: readonly TakenPortfolio[];
}

/** Verifies a package and reports. @throws as `readPackage` */
export const verifyPackage = async (request: VerifyRequest): Promise<VerificationReport> => (await readPackage(request, CHECK_ONLY)).report;

/**
 * Verifies a package, and hands its attachments to a sink. Whatever is wrong with the package is in the report; only what
 * lies outside it is thrown.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE, LPX_PASSWORD_MISSING, LPX_DISK_FULL, LPX_FILE_CHANGED
 */
export async function readPackage(request: VerifyRequest, sink: AttachmentSink): Promise<VerifiedPackage> {
  const before = await statPlain(request.zipFile);
  const { archiveBytes } = DEFAULT_LIMITS;
  if (before.size > archiveBytes) throw overLimit('archive', before.size, archiveBytes);
  const opened = await openPackage(request.zipFile, () => WorkFolder.create(UNWRAPPED.parent(), UNWRAPPED.prefix));
  const engine = request.engine ?? new ZipEngine(request.helper);
  if (!request.engine) engine.expect(before.size);
  const verification = new Verification<StepValues>(request.strict === true);
  const reading: Reading = { request, opened, engine, sink, verification, narrowing: new Narrowing(request), passwords: [] };
  try {
    const digesting = engine.run({ kind: 'digest', file: opened.zipFile });
    await runSteps(reading, digesting).catch((error) => {
      if (!reading.verification.isVerdict(error)) throw error;
    });
    await assertUnchanged(request.zipFile, before);
    const portfolios = reading.verification.valueOf('attachments')?.portfolios ?? [];
    for (const portfolio of portfolios) request.seen?.add(portfolio);
    return { report: reportOf(reading, await digesting), portfolios };
  } catch (error) {
    // An error of the system that does not say more is one of reading the package.
    throw fileError(error, request.zipFile, 'reading');
  } finally {
    await (request.engine ? engine.clear() : engine.close());
    for (const password of reading.passwords) password.fill(0);
    await opened.close();
  }
}

type Structure = PackageStructure & { readonly files: ReadonlyMap<string, ZipEntry> };

/** Students with their attachments, and the contents digest, empty when it is not needed or an entry could not be read. */
interface TakenContents {
  readonly portfolios: readonly TakenPortfolio[];
  readonly contentsDigest: string;
}

/** What each step hands on. */
interface StepValues {
  readonly signature: undefined;
  readonly directory: readonly ZipEntry[];
  readonly password: Buffer;
  readonly structure: Structure;
  readonly schema: readonly Portfolio<WireAttachment>[];
  readonly rules: undefined;
  readonly attachments: TakenContents;
}

/** The state that the steps of one verification share. */
interface Reading {
  readonly request: VerifyRequest;
  readonly opened: OpenedPackage;
  readonly engine: ZipEngine;
  readonly sink: AttachmentSink;
  readonly verification: Verification<StepValues>;
  /** Passwords to overwrite in the end. */
  readonly passwords: Buffer[];
  readonly narrowing: Narrowing;
}

/**
 * In order; or, with a helper and the password at hand, the signature in parallel with the contents. Then contents are
 * read before their signature is known, but nothing of them is reported or reaches the records of a store unless it holds.
 */
async function runSteps(reading: Reading, digesting: Promise<Digests>): Promise<void> {
  const { engine, opened, request } = reading;
  const signature = () => checkSignature(reading, digesting);
  const contents = () => checkContents(reading, digesting);
  if (await isOtherFile(opened)) return contents();
  const parallel = engine.helper !== undefined && isAtHand(request.password);
  await (parallel ? inParallel(signature, contents, engine) : signature().then(contents));
}

/** The error for a file that is not a ZIP: no signature makes it one, so it is reported first. */
const OTHER_FILES: ReadonlySet<Code> = new Set([
  'LPX_FILE_EMPTY',
  'LPX_FILE_PROGRAM',
  'LPX_NOT_A_ZIP',
  'LPX_OTHER_ARCHIVE',
  'LPX_WEB_PAGE',
]);

const isOtherFile = (opened: OpenedPackage): Promise<boolean> =>
  opened.archive().then(
    () => false,
    (error) => error instanceof LpxError && OTHER_FILES.has(error.code),
  );

/** Once the signature has failed, the contents are read no further. */
async function inParallel(signature: () => Promise<void>, contents: () => Promise<void>, engine: ZipEngine): Promise<void> {
  const reading = contents();
  reading.catch(() => {});
  await signature().catch(async (error) => {
    await engine.close();
    await reading.catch(() => {});
    throw error;
  });
  await reading;
}

/** The signature is that of the package, or of the ZIP around it. A package that is refused is reported with its digests. */
async function checkSignature({ request, opened, verification }: Reading, digesting: Promise<Digests>): Promise<void> {
  const { md5 } = await digesting;
  const { signature: source = 'beside' } = request;
  if (source === 'none') return verification.skip('signature', [unsigned(opened.zipFile)]);
  await verification.step('signature', async () => {
    const signature = await signatureOf(opened, source);
    const matches = md5 === signature.md5 || (opened.wrapping !== undefined && (await digestFile(opened.wrapping)).md5 === signature.md5);
    if (!matches) {
      const [file, name] = [basename(opened.zipFile), basename(signature.file)];
      throw new LpxError('LPX_SIGNATURE_MISMATCH', { signature: name, expected: signature.md5, actual: md5 }, { place: { file } });
    }
    return { value: undefined, findings: source === 'beside' ? signatureFindings(opened, signature) : [] };
  });
}

/** Says which file was taken, when it does not have the usual name. */
function signatureFindings({ zipFile, wrapping }: OpenedPackage, { file }: Signature): Finding[] {
  const isUsual = [zipFile, wrapping].some((signed) => signed !== undefined && file === signaturePathOf(signed));
  return isUsual ? [] : [{ code: 'LPX_SIGNATURE_TAKEN', severity: 'note', place: { file: basename(file) }, facts: {} }];
}

/** @throws as `readSignature` */
async function signatureOf({ zipFile, wrapping, signatureFile }: OpenedPackage, source: SignatureSource): Promise<Signature> {
  if (typeof source === 'object' && 'md5' in source) return { file: '--md5', md5: source.md5.toLowerCase() };
  if (typeof source === 'object') return readSignature(zipFile, source.file);
  return signatureFile === undefined ? readSignature(wrapping ?? zipFile) : readSignature(zipFile, signatureFile);
}

const unsigned = (zipFile: string): Finding => ({
  code: 'LPX_UNSIGNED',
  severity: 'warning',
  place: { file: basename(zipFile) },
  facts: {},
});

async function checkContents(reading: Reading, digesting: Promise<Digests>): Promise<void> {
  const { request, opened, verification, narrowing, passwords } = reading;
  const { zipFile } = opened;
  const entries = await verification.step('directory', async () => {
    const { entries, findings } = directoryOf(await opened.archive());
    return { value: entries, findings: [...wrappingFindings(opened), ...findings] };
  });
  const fd = openFile(zipFile, 'r');
  try {
    const password = await verification.step('password', async () => {
      const given = await passwordsOf(request.password, async () => namesOf(opened, await digesting));
      passwords.push(...given);
      for (const password of given) {
        const opening = await openingPassword(fd, entries, password);
        if (!opening) continue;
        passwords.push(opening.password);
        return { value: opening.password, findings: passwordFindings(zipFile, opening) };
      }
      const oddity = given.length === 1 ? passwordOddity(given[0] as Buffer) : undefined;
      throw new LpxError('LPX_PASSWORD_WRONG', { passwordOddity: oddity ?? '' }, { place: { file: basename(zipFile) } });
    });
    const structure = await verification.step('structure', async () => {
      const sorted = sortEntries(entries);
      const structure = await readStructure(fd, sorted, basename(zipFile).replace(/\.zip$/i, ''), password);
      const findings = narrowing.judge(structure.findings, idsIn(structure.document));
      return { value: { ...structure, files: sorted.files }, findings };
    });
    const document = structure.document as JsonObject[];
    const ids = idsIn(document);
    const portfolios = await verification.step('schema', async () => {
      const findings = narrowing.judge(documentFindings(document), ids);
      if (errorOf(findings)) return { value: [], findings };
      for (const student of narrowing.wanted ?? [])
        if (!ids.has(student)) throw new LpxError('LPX_NOT_IN_PACKAGE', {}, { place: { student } });
      return { value: portfoliosFromDocument(narrowing.students(document), structure.repairs), findings };
    });
    await verification.step('rules', async () => {
      const known = await request.known?.(portfolios);
      return { value: undefined, findings: narrowing.judge(ruleFindings(narrowing.students(document), known, 'received'), ids) };
    });
    const fit = portfolios.filter(({ basicData }) => narrowing.includes(basicData.nationalId));
    await verification.step('attachments', async () => {
      const { value, findings = [] } = await checkAttachments(reading, structure, fit, password);
      const judged = narrowing.judge(findings, ids);
      const taken = value.portfolios.filter(({ basicData }) => narrowing.includes(basicData.nationalId));
      return { value: { ...value, portfolios: taken }, findings: judged };
    });
    if (request.seen) await seePictures(request.seen.pictures, structure.files, { fd, password });
  } finally {
    closeSync(fd);
  }
}

const namesOf = ({ zipFile, wrapping }: OpenedPackage, { md5 }: Digests): PackageNames => ({
  files: [zipFile, ...(wrapping === undefined ? [] : [wrapping])].map((file) => basename(file)),
  md5,
});

/** Reads the small pictures of a package once more. One that is damaged, and was accepted so, is none. */
async function seePictures(
  pictures: Pictures,
  files: Structure['files'],
  { fd, password }: { readonly fd: number; readonly password: Buffer },
): Promise<void> {
  for (const [path, entry] of files) {
    if (!pictures.wants({ type: extensionOf(path), bytes: entry.size })) continue;
    const content = await entryBuffer(fd, entry, password, entry.size).catch((error) => {
      if (error instanceof LpxError) return undefined;
      throw error;
    });
    if (content) pictures.add(createHash('md5').update(content).digest('hex'), content);
  }
}

/** The national ids in a document, of whatever shape. */
const idsIn = (document: unknown): Set<string> =>
  new Set(Array.isArray(document) ? document.flatMap((student, i) => wireStudentPlace(student, i).student ?? []) : []);

/** Reports how the given password had to be changed. */
const passwordFindings = (zipFile: string, { changes }: OpeningPassword): Finding[] =>
  changes.map((passwordChange) => ({
    code: 'LPX_PASSWORD_FORM',
    severity: 'note',
    place: { file: basename(zipFile) },
    facts: { passwordChange },
  }));

const wrappingFindings = ({ zipFile, wrapping }: OpenedPackage): Finding[] =>
  wrapping === undefined ? [] : [repaired('wrapping', { file: basename(wrapping) }, basename(wrapping), basename(zipFile))];

/** Reads every file, also those that no record links to: a damaged entry is damage, wherever it is. */
async function checkAttachments(
  { request, opened, engine, sink }: Reading,
  { files, originalNames, digested, otherDocuments }: Structure,
  portfolios: readonly Portfolio<WireAttachment>[],
  password: Buffer,
): Promise<StepResult<TakenContents>> {
  const { accept = WHOLE } = request;
  const named = new Map([...files, ...otherDocuments]);
  const entries = [...named.values()];
  const hashes = new Map<ZipEntry, string>();
  const readerFor = entryReader({ zipFile: opened.zipFile, engine, password, entries, hashes, onProgress: request.onProgress });
  const found = findAttachments(portfolios, files, originalNames, true);
  const taken = await takeAttachments(portfolios, found, readerFor(sink), { accept, advice: 'received' });
  const linked = new Set(found.attachments.map(({ file }) => file));
  const reader = readerFor(sink.needsSha256 ? HASH_ONLY : CHECK_ONLY);
  const others = await readAll(
    entries.filter((entry) => !linked.has(entry)),
    { ...reader, read: async (group) => (await reader.read(group)).map(({ taken }) => ('damage' in taken ? taken.damage : undefined)) },
  );
  const damage = others.flatMap((damage): Finding[] =>
    damage ? [{ code: 'LPX_ENTRY_DAMAGED', severity: 'error', place: { entry: damage.entry }, facts: { part: damage.part } }] : [],
  );
  const hashed = [...named].map(([path, entry]) => ({ path, sha256: hashes.get(entry) ?? '' }));
  const digest = sink.needsSha256 && hashed.every(({ sha256 }) => sha256 !== '') ? contentsDigest([...digested, ...hashed]) : '';
  return {
    value: { portfolios: taken.portfolios, contentsDigest: digest },
    findings: [...taken.findings, ...(accept.partial ? damage.map(leftOut) : damage)],
  };
}

interface EntrySource {
  readonly zipFile: string;
  readonly engine: ZipEngine;
  readonly password: Buffer;
  /** All that will be read. */
  readonly entries: readonly ZipEntry[];
  /** Takes the SHA-256 of every entry that was read whole, where that is needed. */
  readonly hashes: Map<ZipEntry, string>;
  readonly onProgress: VerifyRequest['onProgress'];
}

/** Reads entries in groups into a sink, and reports the progress of all. */
function entryReader({ zipFile, engine, password, entries: all, hashes, onProgress }: EntrySource) {
  const total = all.reduce((sum, entry) => sum + entry.size, 0);
  const together = all.some(({ encryption }) => encryption === 'zipcrypto') ? TAKEN_TOGETHER.decrypted : TAKEN_TOGETHER.hashed;
  let done = 0;
  return (sink: AttachmentSink): GroupReader<ZipEntry, TakenFile> => {
    const read = async (entries: readonly ZipEntry[]) => {
      const parts = entries.map((entry) => ({ entry, target: sink.nextPath() }));
      const results = await engine.run({ kind: 'unpack', zipFile, password, known: sink.needsSha256, marks: MARKS, parts });
      for (const { target } of parts) if (target !== undefined) sink.secure(target);
      for (const [i, taken] of results.entries()) if (!('damage' in taken)) hashes.set(entries[i] as ZipEntry, taken.sha256);
      done += entries.reduce((sum, entry) => sum + entry.size, 0);
      onProgress?.(done, total);
      return results.map((taken, i) => ({ taken, stagedAt: parts[i]?.target }));
    };
    return { together, threads: engine.threads, read };
  };
}

function reportOf({ opened, verification, narrowing }: Reading, digests: Digests): VerificationReport {
  const { checks, findings } = verification;
  const portfolios = verification.valueOf('schema') ?? [];
  return {
    ok: verification.valueOf('attachments') !== undefined,
    package: {
      ...packageFacts(basename(opened.zipFile), digests, verification.valueOf('directory'), portfolios),
      contentsDigest: verification.valueOf('attachments')?.contentsDigest ?? '',
    },
    checks,
    students: portfolios.map(studentFacts),
    unfit: narrowing.unfit,
    findings,
  };
}

function packageFacts(
  file: string,
  { md5, bytes }: Digests,
  entries: readonly ZipEntry[] | undefined,
  [first]: readonly Portfolio<unknown>[],
): Omit<PackageFacts, 'contentsDigest'> {
  const name = parsePackageName(file);
  const school = first?.basicData.schoolCode ?? name.school;
  return { file, bytes, md5, encryption: entries ? encryptionOf(entries) : '', school, createdAt: name.createdAt };
}

function encryptionOf(entries: readonly ZipEntry[]): string {
  const kinds = [...new Set(entries.filter((entry) => entry.size > 0).map((entry) => entry.encryption))];
  return kinds.length > 1 ? 'mixed' : (kinds[0] ?? 'none');
}

const studentFacts = ({ basicData, records }: Portfolio<unknown>): StudentFacts => ({
  nationalId: basicData.nationalId,
  name: basicData.name,
  ...countsOf(records),
});

/** The error a failed report amounts to; undefined for a good one. */
export const errorOfReport = (report: VerificationReport): LpxError | undefined => errorOf(report.findings);

/** @throws LPX_FILE_CHANGED */
async function assertUnchanged(file: string, before: Stats): Promise<void> {
  const after = await statPlain(file);
  if (after.ino !== before.ino || after.size !== before.size || after.mtimeMs !== before.mtimeMs)
    throw new LpxError('LPX_FILE_CHANGED', { file });
}
