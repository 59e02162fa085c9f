/**
 * Verifies a package: signature, directory, password, structure, schema, rules, attachments, in this order;
 * the first that fails ends it. Nothing is written but, for an import, staged attachments.
 */
import { closeSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorOf, type Finding, LpxError } from '../errors.js';
import { fileError } from '../files.js';
import { parsePackageName } from '../package/layout.js';
import { readDirectory, readStructure, sortEntries } from '../package/reader.js';
import { readSignature } from '../package/signature.js';
import { unwrapPackage } from '../package/wrapped.js';
import { findAttachments } from '../spec/attachments.js';
import { type JsonObject, type Portfolio, portfoliosFromDocument } from '../spec/portfolio.js';
import { repaired } from '../spec/repair.js';
import { MARKS } from '../spec/rules/file-type.js';
import { type Knowledge, ruleFindings } from '../spec/rules/record-rules.js';
import { documentFindings } from '../spec/validate.js';
import type { Staging } from '../store/attachments.js';
import { UNWRAPPED, WorkFolder } from '../store/work-folder.js';
import { ZipEngine } from '../zip/engine.js';
import { passwordOpens } from '../zip/password.js';
import type { ZipEntry } from '../zip/reader.js';
import { type Digests, digestFile } from '../zip/threads/digest.js';
import type { Helper } from '../zip/threads/helper.js';
import { TAKEN_TOGETHER } from '../zip/threads/jobs.js';
import { CHECKS, CheckList, type CheckResult, faultFinding, Refused } from './checks.js';
import { countsOf, type RecordCounts } from './record-counts.js';
import {
  type Acceptance,
  type GroupReader,
  leftOut,
  readAll,
  type TakenFile,
  type TakenPortfolio,
  takeAttachments,
  WHOLE,
} from './take-attachments.js';

/** A password that is at hand, or a way to ask for it once it is needed. */
export type PasswordSource = Buffer | (() => Promise<Buffer>);

/**
 * Where the MD5 that the package is held against comes from: a file beside it under a usual name (unless said
 * otherwise), a file named by the caller, a hash typed in, or nowhere, which the history remembers.
 */
export type SignatureSource = { readonly file: string } | { readonly md5: string } | 'beside' | 'none';

export interface VerifyRequest {
  readonly zipFile: string;
  readonly signature?: SignatureSource | undefined;
  /** Refuse what had to be repaired. */
  readonly strict?: boolean | undefined;
  readonly accept?: Acceptance | undefined;
  readonly password: PasswordSource;
  /** What the school knows of the schools and courses in the package; nothing without it. */
  readonly known?: ((portfolios: readonly Portfolio<unknown>[]) => Promise<Knowledge>) | undefined;
  /** A helper that was started before, which the verification ends; without it, one starts when the package is worth it. */
  readonly helper?: Helper | undefined;
  /** Called with the bytes of attachments read so far, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface PackageFacts {
  /** Base name. */
  readonly file: string;
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string;
  /** `aes256`, `zipcrypto`, …, or `mixed`; empty when the directory could not be read. */
  readonly encryption: string;
  /** The sending school; empty when neither the name nor the content says. */
  readonly school: string;
  /** Local time of the sender, from the package's name. */
  readonly createdAt: string;
}

export interface StudentFacts extends RecordCounts {
  readonly nationalId: string;
}

export interface VerificationReport {
  readonly ok: boolean;
  readonly package: PackageFacts;
  readonly checks: readonly CheckResult[];
  readonly students: readonly StudentFacts[];
  readonly findings: readonly Finding[];
}

/** A report, and the portfolios when it is good. */
export interface Examination {
  readonly report: VerificationReport;
  readonly portfolios: readonly TakenPortfolio[];
}

/**
 * What an examination is for: a verdict; a comparison with what a store holds, which has to know attachments again;
 * or an import, whose attachments are unpacked to where it says.
 */
export type Purpose = 'verdict' | 'comparison' | Staging;

/** What the content checks leave behind, filled in as they go. */
interface Contents {
  encryption: string;
  portfolios: readonly Portfolio<unknown>[];
}

/**
 * Verifies a package. Whatever is wrong with it is in the report; only what lies outside it is thrown.
 * @throws LPX_FILE_NOT_FOUND, LPX_PASSWORD_MISSING, LPX_DISK_FULL, LPX_FILE_CHANGED
 */
export async function examinePackage(request: VerifyRequest, purpose: Purpose): Promise<Examination> {
  const examination = await examineFile(request, purpose);
  const [first] = examination.report.findings.filter(({ severity }) => severity === 'error');
  if (!first || !WRAPPING_SIGNS.has(first.code) || request.strict) return examination;
  const inner = await unwrapPackage(request.zipFile, () => WorkFolder.create(UNWRAPPED.parent(), UNWRAPPED.prefix));
  if (!inner) return examination;
  try {
    const signature =
      request.signature === 'none' ? 'none' : inner.signatureFile ? 'beside' : await coveredBy(examination.report, inner.zipFile);
    if (signature === undefined) return examination;
    const { report, portfolios } = await examineFile({ ...request, zipFile: inner.zipFile, signature, helper: undefined }, purpose);
    const wrapping = repaired('wrapping', { file: basename(request.zipFile) }, basename(request.zipFile), basename(inner.zipFile));
    return { report: { ...report, findings: [wrapping, ...report.findings] }, portfolios };
  } finally {
    await inner.remove();
  }
}

/** What the first fault of a package inside another ZIP is. */
const WRAPPING_SIGNS: ReadonlySet<Finding['code']> = new Set(['LPX_SIGNATURE_MISSING', 'LPX_ENTRY_NOT_ENCRYPTED']);

/** A wrapping whose signature holds answers for what is in it. */
async function coveredBy(report: VerificationReport, innerZip: string): Promise<SignatureSource | undefined> {
  const held = report.checks.some(({ name, status }) => name === 'signature' && status === 'passed');
  return held ? { md5: (await digestFile(innerZip)).md5 } : undefined;
}

async function examineFile(request: VerifyRequest, purpose: Purpose): Promise<Examination> {
  const { zipFile, password } = request;
  const before = await statOf(zipFile);
  const engine = new ZipEngine(request.helper);
  engine.expect(before.size);
  const signatureChecks = new CheckList(request.strict === true);
  const contentChecks = new CheckList(request.strict === true);
  const contents: Contents = { encryption: '', portfolios: [] };
  const digesting = engine.run({ kind: 'digest', file: zipFile });
  try {
    const signing =
      request.signature === 'none'
        ? digesting.then(() => signatureChecks.findings.push(unsigned(zipFile)))
        : signatureChecks.run('signature', () => checkSignature(request, digesting));
    // With a helper, and the password at hand, the content is read while the signature is worked out.
    const ahead = engine.helper !== undefined && Buffer.isBuffer(password);
    const examining = ahead
      ? checkContents(request, engine, contentChecks, contents, purpose)
      : signing.then(() => checkContents(request, engine, contentChecks, contents, purpose));
    examining.catch(() => {});
    const outcome = await signing
      .then(() => examining)
      .catch(async (error) => {
        // A refused package is reported with its digests.
        if (error instanceof Refused) await digesting;
        await engine.close();
        await examining.catch(() => {});
        if (error instanceof Refused) return undefined;
        throw error;
      });
    const after = await statOf(zipFile);
    if (after.ino !== before.ino || after.size !== before.size || after.mtimeMs !== before.mtimeMs)
      throw new LpxError('LPX_FILE_CHANGED', { file: zipFile });

    const digests = await digesting;
    const checks = signatureChecks.failed ? [signatureChecks] : [signatureChecks, contentChecks];
    const known = signatureChecks.failed ? { encryption: '', portfolios: [] } : contents;
    const report = {
      ok: outcome !== undefined,
      package: packageFacts(zipFile, digests, known),
      checks: CHECKS.map(
        (name) =>
          ({ name, status: checks.map((list) => list.statusOf(name)).find((status) => status !== 'skipped') ?? 'skipped' }) as const,
      ),
      students: known.portfolios.map(studentFacts),
      findings: checks.flatMap((list) => list.findings),
    };
    return { report, portfolios: outcome ?? [] };
  } finally {
    await engine.close();
  }
}

/** Verifies a package and reports. @throws as `examinePackage` */
export const verifyPackage = async (request: VerifyRequest): Promise<VerificationReport> =>
  (await examinePackage(request, 'verdict')).report;

/** The error a failed report amounts to; undefined for a good one. */
export const errorOfReport = (report: VerificationReport): LpxError | undefined => errorOf(report.findings);

const unsigned = (zipFile: string): Finding => ({
  code: 'LPX_UNSIGNED',
  severity: 'warning',
  place: { file: basename(zipFile) },
  facts: {},
});

async function checkSignature(
  { zipFile, signature: source = 'beside' }: VerifyRequest,
  digesting: Promise<Digests>,
): Promise<{ value: Digests }> {
  digesting.catch(() => {});
  const named = typeof source === 'object' && 'file' in source ? source.file : undefined;
  const signature =
    typeof source === 'object' && 'md5' in source ? { file: '--md5', md5: source.md5.toLowerCase() } : await readSignature(zipFile, named);
  const digests = await digesting;
  if (digests.md5 !== signature.md5) {
    throw new LpxError('LPX_SIGNATURE_MISMATCH', {
      file: basename(zipFile),
      signature: basename(signature.file),
      expected: signature.md5,
      actual: digests.md5,
    });
  }
  return { value: digests };
}

async function checkContents(
  request: VerifyRequest,
  engine: ZipEngine,
  checks: CheckList,
  contents: Contents,
  purpose: Purpose,
): Promise<readonly TakenPortfolio[]> {
  const { zipFile, accept = WHOLE } = request;
  const entries = await checks.run('directory', async () => ({ value: await readDirectory(zipFile) }));
  contents.encryption = encryptionOf(entries);
  const fd = openSync(zipFile, 'r');
  try {
    const password = await checks.run('password', async () => {
      const given = Buffer.isBuffer(request.password) ? request.password : await request.password();
      if (!(await passwordOpens(fd, entries, given))) throw new LpxError('LPX_PASSWORD_WRONG', { file: basename(zipFile) });
      return { value: given };
    });
    const { structure, files } = await checks.run('structure', async () => {
      const sorted = sortEntries(entries);
      const structure = await readStructure(fd, sorted, basename(zipFile).replace(/\.zip$/i, ''), password);
      return { value: { structure, files: sorted.files }, findings: structure.findings };
    });
    await checks.run('schema', async () => ({ value: undefined, findings: documentFindings(structure.document) }));
    const document = structure.document as JsonObject[];
    const portfolios = portfoliosFromDocument(document);
    contents.portfolios = portfolios;
    await checks.run('rules', async () => ({
      value: undefined,
      findings: ruleFindings(document, await request.known?.(portfolios), 'received'),
    }));
    return await checks.run('attachments', async () => {
      const found = findAttachments(portfolios, files, structure.originalNames, true);
      const readerFor = entriesReader(request, engine, password, [...files.values()]);
      const linked = new Set(found.attachments.map((one) => one.file));
      const taken = await takeAttachments(portfolios, found, readerFor(purpose), accept, 'received');
      // What no record links to is read as well: a damaged entry is damage, wherever it is.
      const reader = readerFor('verdict');
      const others = await readAll(
        [...files.values()].filter((entry) => !linked.has(entry)),
        { ...reader, read: async (group) => (await reader.read(group)).map(({ taken }) => ('damage' in taken ? taken.damage : undefined)) },
      );
      const damage = others.flatMap((damage) => (damage ? [faultFinding(new LpxError('LPX_ENTRY_DAMAGED', damage))] : []));
      return { value: taken.portfolios, findings: [...taken.findings, ...(accept.partial ? damage.map(leftOut) : damage)] };
    });
  } finally {
    closeSync(fd);
  }
}

/** Reads entries for what they are needed for, and tells of the progress of all. */
function entriesReader({ zipFile, onProgress }: VerifyRequest, engine: ZipEngine, password: Buffer, all: readonly ZipEntry[]) {
  const total = all.reduce((sum, entry) => sum + entry.size, 0);
  const together = all.some(({ encryption }) => encryption === 'zipcrypto') ? TAKEN_TOGETHER.decrypted : TAKEN_TOGETHER.hashed;
  let done = 0;
  return (purpose: Purpose): GroupReader<ZipEntry, TakenFile> => {
    const staging = typeof purpose === 'object' ? purpose : undefined;
    const read = async (entries: readonly ZipEntry[]) => {
      const parts = entries.map((entry) => ({ entry, target: staging?.nextPath() }));
      const results = await engine.run({ kind: 'unpack', zipFile, password, known: purpose !== 'verdict', marks: MARKS, parts });
      for (const { target } of parts) if (target !== undefined) staging?.secure(target);
      done += entries.reduce((sum, entry) => sum + entry.size, 0);
      onProgress?.(done, total);
      return results.map((taken, i) => ({ taken, stagedAt: parts[i]?.target }));
    };
    return { together, threads: engine.threads, read };
  };
}

function encryptionOf(entries: readonly ZipEntry[]): string {
  const kinds = [...new Set(entries.filter((entry) => entry.size > 0).map((entry) => entry.encryption))];
  return kinds.length > 1 ? 'mixed' : (kinds[0] ?? 'none');
}

function packageFacts(zipFile: string, { md5, sha256, bytes }: Digests, { encryption, portfolios }: Contents): PackageFacts {
  const name = parsePackageName(basename(zipFile));
  return {
    file: basename(zipFile),
    bytes,
    md5,
    sha256,
    encryption,
    school: portfolios[0]?.basicData.schoolCode ?? name.school,
    createdAt: name.createdAt,
  };
}

const studentFacts = ({ basicData, records }: Portfolio<unknown>): StudentFacts => ({
  nationalId: basicData.nationalId,
  ...countsOf(records),
});

async function statOf(file: string) {
  const found = await stat(file).catch((error) => {
    throw fileError(error, file);
  });
  if (!found.isFile()) throw new LpxError('LPX_FILE_UNREADABLE', { file, reason: 'EISDIR' });
  return found;
}
