/** Writes planned packages under temporary names, notes them as exports, and gives them their names: all of them, or none. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Code, LpxError } from '../../errors.js';
import { whenInterrupted } from '../../io/interruption.js';
import { makeFolder, publishFiles, writePart } from '../../io/publish.js';
import { packageBaseName, parsePackageName } from '../../package/layout.js';
import { readDirectory } from '../../package/reader.js';
import { type WriteOptions, writePackage } from '../../package/writer.js';
import { studentPlace } from '../../spec/place.js';
import { filesOf, type PackageClaim, type WrittenPackage } from '../../store/package-claims.js';
import type { WorkFolder } from '../../store/processes/work-folder.js';
import type { Store } from '../../store/store.js';
import { studentIn } from '../../store/students.js';
import type { LocalPath } from '../../store/vault/attachments.js';
import type { ZipEngine } from '../../zip/engine.js';
import type { ExportedStudent, ExportRequest } from '../export.js';
import { contentsDigestOf, contentsOf, type Draft, digestOf, layOut } from './draft.js';
import type { PlannedPackage, PlannedStudent } from './plan.js';
import { select } from './selection.js';

type WriteRequest = ExportRequest & {
  readonly engine: ZipEngine;
  readonly password: Buffer;
  readonly clock: () => Date;
  readonly overridden: readonly Code[];
};

/** How often an export gives way to another store that took its name in the same folder and second. */
const NAME_ATTEMPTS = 5;

/** Writes and publishes the packages; where another store has taken a name meanwhile, again under the next. */
export async function writePackages(store: Store, request: WriteRequest, packages: readonly PlannedPackage[]) {
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
    const { draft } = layOut(student.id, (await select(store, student, request)).portfolio);
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
      entry: { school: toSchool, reason, terms: terms.join(' '), left, overridden, operator, request: request.batch?.request },
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
