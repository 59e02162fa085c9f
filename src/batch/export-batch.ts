/**
 * Exports the students of a list: a package for each student or each receiving school, into a folder for each school, with
 * passwords of their own. What was done stays done: a batch that is cut short is gone on with, and nothing is made twice.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { errorOf, type Finding, findingOf, LpxError } from '../errors.js';
import { withStore } from '../exchange/school-store.js';
import { type ExportSlip, slipsOfExports } from '../exchange/slip.js';
import { removeEmpty } from '../io/folders.js';
import { makeFolder } from '../io/publish.js';
import { isWithin } from '../io/read.js';
import type { ExportList, ExportRow } from '../roster/export-list.js';
import type { Day } from '../spec/terms.js';
import type { JobPackage } from '../store/batch-journal.js';
import type { StoreLocation } from '../store/location.js';
import type { Store } from '../store/store.js';
import { absentStudent } from '../store/students.js';
import type { Encryption } from '../zip/writer.js';
import { exportOf, type Job, jobsOf, keyOf, packagesByJob, type Run } from './export-batch/jobs.js';
import { doneEarlier, failed, notDone, outcomeOf } from './export-batch/outcomes.js';
import { Passwords } from './export-batch/passwords.js';
import { forgetQueued, runQueued } from './export-batch/queued.js';
import type { JobQueue } from './job-queue.js';
import { type BatchThread, runJobs } from './pool.js';
import type { Sealing } from './queued-jobs.js';

export interface BatchExportRequest {
  /** Where the store is. */
  readonly folder: StoreLocation;
  readonly list: ExportList;
  /** A folder in it for each receiving school. */
  readonly outFolder: string;
  /** A table in it for each receiving school; not inside `outFolder`. */
  readonly passwordFolder: string;
  readonly groupBy: 'student' | 'school';
  readonly encryption: Encryption;
  /** As of `ExportRequest`. */
  readonly force: boolean;
  readonly acceptLeft: boolean;
  /** Send also what went to the same school before and has not changed since. */
  readonly resend: boolean;
  /** Go on with a batch of the same list and options that was cut short. */
  readonly resume: boolean;
  /** How many packages are worked on at a time here. */
  readonly threads: number;
  /** Has workers make the packages, and this process follow them. */
  readonly queued?: QueuedExports | undefined;
  readonly now: () => Date;
  /** Who exports, for the history. */
  readonly operator: string;
  /** A new password: strong, in printable ASCII without a comma or quotation mark. */
  readonly newPassword: () => string;
  /** Ends the batch: what is under way is undone, and all else stays. */
  readonly signal: AbortSignal;
  readonly onBegin?: (batch: BegunBatch) => void;
  readonly onJob?: (outcome: JobOutcome) => void;
  /** Called before the batch is at its end, with the slips of all packages: an error that it throws leaves the batch to be gone on with. */
  readonly onEnd?: (result: BatchExportResult, slips: readonly ExportSlip[]) => Promise<void>;
}

export interface QueuedExports {
  readonly queue: JobQueue;
  readonly sealing: Sealing;
  /** The run of the command, for logs and the history. */
  readonly request: string;
  /** Whether to wait for what becomes of the jobs. */
  readonly isFollowed: boolean;
  /** Called once, with how many jobs wait, when they are followed and there is no worker. */
  readonly onNoWorker: (jobs: number) => void;
}

export interface BegunBatch {
  /** What the batch is known by. */
  readonly token: string;
  readonly isResumed: boolean;
  /** How many packages it is about, or groups of packages. */
  readonly jobs: number;
  /** How many of them are done already. */
  readonly done: number;
}

export interface SentPackage {
  /** Absolute paths. */
  readonly path: string;
  readonly signaturePath: string;
  readonly file: string;
  readonly bytes: number;
  readonly md5: string;
  readonly contentsDigest: string;
}

export interface RowOutcome {
  readonly row: ExportRow;
  readonly name: string;
  /** `sent-before`: the same went to the same school before. `not-done`: the batch ended first. */
  readonly outcome: 'exported' | 'sent-before' | 'failed' | 'not-done';
  /** The package that the student is in, also of an earlier export; empty for none. */
  readonly file: string;
  /** Of a student who was sent before: the day. */
  readonly sentOn?: Day;
  /** Of one who failed. */
  readonly error?: LpxError;
  /** What else there is to say of the student. */
  readonly findings: readonly Finding[];
}

/** What became of a job: the rows that go into one package, or into as many as readers' limits ask for. */
export interface JobOutcome {
  readonly school: string;
  readonly outcome: 'done' | 'failed' | 'not-done';
  /** Whether it was done before the batch was gone on with. */
  readonly isEarlier: boolean;
  readonly packages: readonly SentPackage[];
  readonly rows: readonly RowOutcome[];
}

export interface BatchExportResult extends BegunBatch {
  /** In the order of the list. */
  readonly outcomes: readonly JobOutcome[];
  /** The tables of passwords, by receiving school. */
  readonly passwordTables: readonly { readonly school: string; readonly path: string }[];
  readonly isInterrupted: boolean;
  /** Why the batch is not at its end though its packages are made. */
  readonly incomplete?: LpxError | undefined;
  /** See `Batch`. */
  readonly otherUnfinished?: string;
}

/**
 * @throws LPX_PASSWORDS_INSIDE; the faults of the list, all at once: LPX_LIST_ROW, LPX_NOT_IN_STORE, LPX_TO_OWN_SCHOOL; LPX_BATCH_RUNNING,
 *   LPX_BATCH_UNFINISHED; LPX_PASSWORD_LOST; LPX_WRITE_FAILED for a link in the place of a school's folder; the errors of opening a store: then nothing was done. What goes wrong with a job is in its outcome.
 */
export async function exportBatch(request: BatchExportRequest): Promise<BatchExportResult> {
  const { folder, list, outFolder, passwordFolder } = request;
  refuseFolders(request);
  return withStore(folder, async (store) => {
    const names = await store.names(list.students.map(({ nationalId }) => nationalId));
    await refuseFaults(request, store, names);
    // A folder that cannot be made is no batch that was cut short.
    const made: string[] = [];
    for (const needed of [outFolder, passwordFolder]) made.push(...(await makeFolder(needed)));
    // A link that led nowhere may lead into one of them.
    refuseFolders(request);
    const work = await store.attachments.workFolder();
    try {
      const { resume, now } = request;
      const batch = await store.batches.begin({ kind: 'export', key: keyOf(request), now: now(), work, resume });
      if (batch.isResumed) await store.claims.sweep();
      const sharedFiles = await store.sharedFiles(list.students.map(({ nationalId }) => nationalId));
      const run: Run = { request, batch, names, sharedFiles, made: packagesByJob(await store.batches.packages(batch)) };
      const jobs = jobsOf(run);
      const passwords = await Passwords.open(passwordFolder, batch, list.rows, [...run.made.values()].flat());
      const outcomes = await runAll(run, jobs, passwords);
      const packages = await store.batches.packages(batch);
      if (request.queued) await passwords.name(packages);
      const isInterrupted = outcomes.some(({ outcome }) => outcome === 'not-done');
      const done = jobs.filter(({ id }) => run.made.has(id)).length;
      const result = { ...batch, jobs: jobs.length, done, outcomes, passwordTables: passwords.tables, isInterrupted };
      const incomplete = await errorThrownBy(async () => {
        await request.onEnd?.(result, await slipsOf(store, packages));
        if (isInterrupted) return;
        await passwords.complete(packages);
        await store.batches.end(batch);
        if (request.queued) await forgetQueued(request.queued, jobs);
        for (const folder of made.toReversed()) removeEmpty(folder);
      });
      return { ...result, passwordTables: passwords.tables, incomplete };
    } finally {
      await work.remove();
    }
  });
}

/** What has been made is reported, whatever comes after it. */
const errorThrownBy = (work: () => Promise<void>): Promise<LpxError | undefined> =>
  work().then(
    () => undefined,
    (error) => {
      if (error instanceof LpxError) return error;
      throw error;
    },
  );

/** @throws LPX_PASSWORDS_INSIDE; LPX_WRITE_FAILED where a link would lead packages out of `outFolder`, such as to their passwords */
function refuseFolders({ list, outFolder, passwordFolder }: BatchExportRequest): void {
  for (const school of new Set(list.rows.map(({ toSchool }) => toSchool))) {
    const folder = join(outFolder, school);
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new LpxError('LPX_WRITE_FAILED', { file: folder, reason: 'linked' });
  }
  if (isWithin(passwordFolder, outFolder)) throw new LpxError('LPX_PASSWORDS_INSIDE', { folder: passwordFolder });
}

/** @throws the first fault of the list, with all of them in its findings */
async function refuseFaults({ list }: BatchExportRequest, store: Store, names: ReadonlyMap<string, string>): Promise<void> {
  const unknown: Finding[] = [];
  for (const { nationalId, place } of list.students)
    if (!names.has(nationalId)) unknown.push(await absentStudent(store, nationalId, place));
  const ofRow = new Map(list.students.map((student) => [student.place.row, student]));
  const toOwnSchool = list.rows
    .filter(({ toSchool }) => toSchool === store.school.code)
    .map(({ row }) => findingOf('LPX_TO_OWN_SCHOOL', 'error', { ...ofRow.get(row)?.place }, { code: store.school.code }));
  const faults = [...list.findings, ...unknown, ...toOwnSchool].sort((a, b) => (a.place.row ?? 0) - (b.place.row ?? 0));
  const error = errorOf(faults);
  if (error) throw error;
}

/** Runs the jobs that are not done yet. @returns what became of all of them, in their order */
async function runAll(run: Run, jobs: readonly Job[], passwords: Passwords): Promise<JobOutcome[]> {
  const { request, batch } = run;
  const { threads, signal, onBegin, onJob } = request;
  const earlier = new Map(jobs.flatMap((job) => doneEarlier(run, job)));
  const open = jobs.flatMap((job) => openPart(job, earlier.get(job.id)));
  const outcomes = new Map<string, JobOutcome>();
  onBegin?.({ token: batch.token, isResumed: batch.isResumed, jobs: jobs.length, done: jobs.length - open.length });
  const onOutcome = (id: string, outcome: JobOutcome) => {
    outcomes.set(id, outcome);
    if (outcome.outcome !== 'not-done') onJob?.(outcome);
  };
  const runOne = async (job: Job, thread: BatchThread) => onOutcome(job.id, await runJob(run, job, passwords, thread));
  if (request.queued) await runQueued(run, open, passwords, onOutcome);
  else await runJobs(open, runOne, { threads: Math.min(threads, open.length), signal });
  const rest = new Map(open.map((job) => [job.id, outcomes.get(job.id) ?? notDone(run, job)]));
  return jobs.flatMap(({ id }) => [earlier.get(id) ?? [], rest.get(id) ?? []].flat());
}

/** The rows of a job that are in no package yet: all of them, or those that something stood against when it was done. */
function openPart({ id, rows }: Job, earlier: JobOutcome | undefined): Job[] {
  const done = new Set(earlier?.rows.map(({ row }) => row));
  const [first, ...rest] = rows.filter((row) => !done.has(row));
  return first ? [{ id, rows: [first, ...rest] }] : [];
}

/** Exports the students of one job, on a thread. */
async function runJob(run: Run, { id, rows }: Job, passwords: Passwords, thread: BatchThread): Promise<JobOutcome> {
  const { folder, resend, now, newPassword, signal } = run.request;
  const [{ toSchool }] = rows;
  try {
    const result = await thread.run(
      'export',
      {
        ...exportOf(run, rows),
        outFolder: join(run.request.outFolder, toSchool),
        folder,
        now: now(),
        batch: { job: id, resend },
        passwordTable: passwords.tableOf(toSchool),
        sharedFiles: run.sharedFiles,
      },
      { password: Buffer.from(passwords.of(id) ?? newPassword()), signal },
    );
    return outcomeOf(run, rows, result);
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    return error.code === 'LPX_INTERRUPTED' ? notDone(run, { id, rows }) : failed(run, rows, error);
  }
}

async function slipsOf(store: Store, packages: readonly JobPackage[]): Promise<ExportSlip[]> {
  const [first] = packages.map(({ at }) => at).sort((a, b) => a.getTime() - b.getTime());
  return first ? slipsOfExports(store, new Set(packages.map(({ historyId }) => historyId)), first) : [];
}
