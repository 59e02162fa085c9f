/** Runs jobs out of the queue on threads, each whole on one of them, until it is stopped. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Facts, LpxError } from '../errors.js';
import {
  type EachPackage,
  type ImportJob,
  type ImportTerms,
  type InboxPasswords,
  type InboxResult,
  importAll,
  isPassing,
  type VerifyJob,
  verifyAll,
} from '../exchange/batch-import.js';
import type { ExportResult } from '../exchange/export.js';
import type { ImportResult } from '../exchange/import.js';
import type { CheckedPackage } from '../exchange/note-verification.js';
import { knownError } from '../io/file-error.js';
import type { NewFile } from '../io/publish.js';
import { maskIds } from '../masking.js';
import { findInInbox, type InboxPackage } from '../package/inbox.js';
import { readPasswords } from '../roster/password-tables.js';
import { sentPasswordOf } from '../roster/sent-passwords.js';
import type { StoreLocation } from '../store/location.js';
import type { JobOutput, QueueCount, TakenJob } from './job.js';
import { exportPayloadIn, inboxPayloadIn } from './job-form.js';
import { JobQueue } from './job-queue.js';
import { type BatchThread, runJobs } from './pool.js';
import {
  type ExportPayload,
  encodedExport,
  encodedInboxResult,
  exportFailure,
  type InboxPayload,
  type Opening,
  openedPasswords,
  reachFolder,
} from './queued-jobs.js';

export interface WorkerRequest {
  readonly location: StoreLocation;
  /** How many jobs run at a time. */
  readonly threads: number;
  readonly opening: Opening;
  readonly now: () => Date;
  /** Whether to take no more jobs: those that run are finished. */
  readonly isStopping: () => boolean;
  /** Aborts when those that run are to be undone and given back, too. */
  readonly signal: AbortSignal;
  /** Whether to end when the queue is empty. */
  readonly untilEmpty: boolean;
  /** The files that go with a refused package, in the language of who submitted it. */
  readonly reportsOf: (result: InboxResult, language: string) => Promise<NewFile[]> | NewFile[];
  /** Called once the queue is open, with what lets others see it. */
  readonly onStart?: ((probe: WorkerProbe) => void) | undefined;
  readonly onEvent: (event: WorkerEvent) => void;
}

export interface WorkerProbe {
  /** What is in the queue now. It fails when the database cannot be reached. */
  readonly counts: () => Promise<QueueCount[]>;
}

/** What a worker reports, for its log and its metrics. */
export type WorkerEvent =
  | { readonly event: 'ready'; readonly database: string }
  /** The database cannot be had for now. */
  | { readonly event: 'trouble'; readonly error: LpxError }
  /** Jobs of workers that are gone are back in the queue. */
  | { readonly event: 'orphans'; readonly count: number }
  | { readonly event: 'begin'; readonly job: TakenJob }
  /** A job is done, whatever came of it. */
  | { readonly event: 'done'; readonly job: TakenJob; readonly ms: number; readonly done: DoneJob }
  /** A job could not be run, and is tried again unless it was too often. */
  | { readonly event: 'failed'; readonly job: TakenJob; readonly ms: number; readonly error: LpxError }
  /** A job was given back since the worker is to end at once. */
  | { readonly event: 'returned'; readonly job: TakenJob }
  | { readonly event: 'draining' };

export interface DoneJob {
  readonly outcome: string;
  readonly code: string;
  /** The number in the history of what it did; 0 for none. */
  readonly historyId: number;
  /** Of the packages that it read or made. */
  readonly bytes: number;
  readonly attachments: number;
}

/** How long to wait before the queue is asked again, in ms: at once after a job, later when there was none. */
const POLL_MS = 1000;
/** How often dead workers are looked for, in ms. */
const SUPERVISE_MS = 5000;
/** How soon a stop is noticed, in ms. */
const STOP_MS = 100;
/** How long to wait for a database that is away, in ms. */
const AWAY_MS = 2000;

/**
 * Works until it is stopped. A database that goes away may come back: what was running is run again then.
 * @throws the errors of `JobQueue.open`, at the beginning alone
 */
export async function runWorker(request: WorkerRequest): Promise<void> {
  const worker = new Worker(request, await JobQueue.open(request.location, { takesJobs: true }));
  try {
    await worker.run();
  } finally {
    await worker.close();
  }
}

class Worker {
  readonly #request: WorkerRequest;
  #queue: JobQueue;
  #supervisedAt = Number.NEGATIVE_INFINITY;
  readonly #running = new Map<string, TakenJob>();
  #reopening: Promise<void> | undefined;
  /** Whether no more jobs are taken. */
  #isDrained = false;

  constructor(request: WorkerRequest, queue: JobQueue) {
    this.#request = request;
    this.#queue = queue;
  }

  async run(): Promise<void> {
    const { threads, signal, onStart, onEvent } = this.#request;
    onStart?.({ counts: () => this.#queue.counts() });
    onEvent({ event: 'ready', database: this.#queue.shown });
    const supervision = this.#supervise();
    try {
      await runJobs(this.#jobs(), (job, thread) => this.#runJob(job, thread), { threads, signal });
    } finally {
      // Whatever ended the jobs: without it, a process would stay that does nothing.
      this.#isDrained = true;
      await supervision;
    }
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  get #isEnding(): boolean {
    return this.#request.isStopping() || this.#request.signal.aborted;
  }

  /** The jobs as they come. */
  async *#jobs(): AsyncGenerator<TakenJob> {
    const { untilEmpty } = this.#request;
    while (!this.#isEnding) {
      const job = await this.#withQueue((queue) => queue.take());
      if (job) {
        this.#running.set(job.id, job);
        yield job;
      } else if (untilEmpty && (await this.#isEmpty())) break;
      else await this.#rest(POLL_MS);
    }
    this.#isDrained = true;
  }

  /** Whether nothing is queued or running, here or elsewhere. */
  async #isEmpty(): Promise<boolean> {
    const counts = (await this.#withQueue((queue) => queue.counts())) ?? [];
    return counts.every(({ state }) => state === 'done' || state === 'dead' || state === 'cancelled');
  }

  /** Looks for dead workers now and then, and whether this one is to end, also while all threads are busy. */
  async #supervise(): Promise<void> {
    while (!this.#isDrained && !this.#isEnding) {
      if (performance.now() - this.#supervisedAt >= SUPERVISE_MS) {
        this.#supervisedAt = performance.now();
        const count = await this.#withQueue((queue) => queue.supervise());
        if (count) this.#request.onEvent({ event: 'orphans', count });
      }
      await this.#rest(STOP_MS);
    }
    if (this.#isEnding) this.#request.onEvent({ event: 'draining' });
  }

  async #rest(ms: number): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0 && !this.#isEnding; left = until - performance.now()) await sleep(Math.min(STOP_MS, left));
  }

  /** Asks the queue; when the database is away, until it is back. @returns undefined when the worker ends before that */
  async #withQueue<T>(ask: (queue: JobQueue) => Promise<T>, isLast = false): Promise<T | undefined> {
    for (;;) {
      const queue = this.#queue;
      try {
        return await ask(queue);
      } catch (error) {
        this.#request.onEvent({ event: 'trouble', error: knownError(error) });
        if (this.#isEnding && isLast) return undefined;
        await this.#reopen(queue);
      }
      if (this.#isEnding && !isLast) return undefined;
    }
  }

  /** Opens the queue again, once for all who ask; and holds what is running here again. */
  async #reopen(lost: JobQueue): Promise<void> {
    if (this.#queue !== lost) return;
    this.#reopening ??= (async () => {
      await lost.close();
      for (;;) {
        await this.#rest(AWAY_MS);
        try {
          const queue = await JobQueue.open(this.#request.location, { takesJobs: true });
          await queue.hold([...this.#running.keys()]);
          this.#queue = queue;
          this.#request.onEvent({ event: 'ready', database: queue.shown });
          return;
        } catch (error) {
          this.#request.onEvent({ event: 'trouble', error: knownError(error) });
          if (this.#isEnding) return;
        }
      }
    })().finally(() => {
      this.#reopening = undefined;
    });
    await this.#reopening;
  }

  /** Runs one job, and tells the queue what came of it. */
  async #runJob(job: TakenJob, thread: BatchThread): Promise<void> {
    const { onEvent } = this.#request;
    const started = performance.now();
    const ms = () => performance.now() - started;
    try {
      onEvent({ event: 'begin', job });
      const { output, done } = await this.#work(job, thread);
      await this.#withQueue((queue) => queue.complete(job.id, output), true);
      onEvent({ event: 'done', job, ms: ms(), done });
    } catch (error) {
      const known = knownError(error);
      await this.#withQueue((queue) => queue.fail(job.id, { outcome: 'failed', code: known.code, facts: maskedFacts(known) }), true);
      if (known.code === 'LPX_INTERRUPTED') onEvent({ event: 'returned', job });
      else onEvent({ event: 'failed', job, ms: ms(), error: known });
      // A store whose connection is lost is opened again by the next job.
      if (!this.#request.signal.aborted) await thread.run('close', {}, {}).catch(() => {});
    } finally {
      this.#running.delete(job.id);
    }
  }

  async #work(job: TakenJob, thread: BatchThread): Promise<Ended> {
    switch (job.kind) {
      case 'export':
        return this.#export(job, exportPayloadIn(job.payload), thread);
      case 'import':
      case 'verify':
        return this.#inboxJob(job, inboxPayloadIn(job.payload, job.kind), thread);
      default:
        // Of a later version of lpx, or not of lpx.
        throw new LpxError('LPX_JOB_FORM');
    }
  }

  async #inboxJob(job: TakenJob, payload: InboxPayload, thread: BatchThread): Promise<Ended> {
    const { location, reportsOf, now, opening, signal } = this.#request;
    const { terms, file, language } = payload;
    const inbox = await reachFolder(payload.inbox);
    const isImport = job.kind === 'import';
    const found = await findInInbox(inbox, file, isImport && !(terms as ImportTerms).dryRun);
    if (!found) return endedWith({ file, movedTo: '', outcome: 'elsewhere' });
    const passwords = await this.#passwordsOf(payload.passwords, opening, job);
    const packages = [found];
    const results: InboxResult[] = [];
    const onResult = (result: InboxResult) => results.push(result);
    if (isImport) {
      const each = onThread(
        (request: ImportJob): Promise<ImportResult> => thread.run('import', { ...request, folder: location }, { signal }),
      );
      const ofJob = (result: InboxResult) => reportsOf(result, language);
      await importAll(
        { inbox, packages, passwords },
        { terms: { ...(terms as ImportTerms), request: job.request }, now, onResult, each, reportsOf: ofJob },
      );
    } else {
      const { operator = '', ...verifying } = terms;
      const each = onThread((request: VerifyJob) => thread.run('verify', request, { signal }));
      // That it cannot be noted now has the job run again.
      const onJudged = async ({ error, ...checked }: CheckedPackage) => {
        const refusal = error && { code: error.code, exitCode: error.exitCode };
        await thread.run(
          'note',
          { folder: location, checked: { ...checked, error: refusal }, now: now(), operator, request: job.request },
          {},
        );
      };
      await verifyAll({ packages, passwords }, { terms: verifying, onResult, onJudged, each });
    }
    const [result] = results;
    if (!result) throw new LpxError('LPX_INTERNAL', { detail: 'result' });
    // What says nothing of the package is tried again.
    if (result.outcome === 'waiting' && result.error && isUnfinished(result.error)) throw result.error;
    return endedWith(result);
  }

  async #export(
    job: TakenJob,
    { out, request, resend, job: batchJob, passwords: sealed }: ExportPayload,
    thread: BatchThread,
  ): Promise<Ended> {
    const { location, now, opening, signal } = this.#request;
    const outFolder = join(await reachFolder(out), request.toSchool);
    const password = await exportPassword(sealed, opening, job, batchJob);
    try {
      const result = await thread.run(
        'export',
        {
          ...request,
          outFolder,
          folder: location,
          now: now(),
          batch: { job: batchJob, request: job.request, resend },
          sharedFiles: new Set<string>(),
        },
        { password, signal },
      );
      const { packages, students, unfit } = result;
      const done = {
        outcome: outcomeOfExport(result),
        code: unfit[0]?.findings[0]?.code ?? '',
        historyId: 0,
        bytes: packages.reduce((sum, { digests }) => sum + digests.bytes, 0),
        attachments: students.reduce((sum, student) => sum + student.attachments, 0),
      };
      return { done, output: { outcome: done.outcome, code: done.code, result: encodedExport({ result }) } };
    } catch (error) {
      const known = knownError(error);
      // What stands against the students is the result; what says nothing of them is tried again.
      if (isUnfinished(known)) throw known;
      const done = { outcome: 'failed', code: known.code, historyId: 0, bytes: 0, attachments: 0 };
      return { done, output: { outcome: 'failed', code: known.code, result: encodedExport(exportFailure(known)) } };
    }
  }

  async #passwordsOf(sealed: string | null, opening: Opening, { about }: TakenJob): Promise<InboxPasswords> {
    if (sealed !== null) return openedPasswords(sealed, opening, about);
    if (opening.passwords === undefined) throw new LpxError('LPX_WORKER_PASSWORDS');
    return { listed: await readPasswords(opening.passwords), fallback: [] };
  }
}

interface Ended {
  readonly output: JobOutput;
  readonly done: DoneJob;
}

function endedWith(result: InboxResult): Ended {
  const { outcome, report, imported } = result;
  const code = result.error?.code ?? (imported && imported.unfit.length > 0 ? 'LPX_UNFIT' : '');
  const done = {
    outcome,
    code,
    historyId: imported?.historyId ?? 0,
    bytes: report?.package.bytes ?? 0,
    attachments: (report?.students ?? []).reduce((sum, student) => sum + student.attachments, 0),
  };
  return { done, output: { outcome, code, result: encodedInboxResult(result) } };
}

/** `sent-before` where all students of the job went to the same school before. */
const outcomeOfExport = ({ packages, unfit }: ExportResult): string => {
  if (unfit.length > 0) return 'failed';
  return packages.length > 0 ? 'done' : 'sent-before';
};

/** What an error says, as the database may keep it. */
const maskedFacts = ({ facts }: LpxError): Facts =>
  Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, typeof fact === 'string' ? maskIds(fact) : fact]));

/** Whether the job is to be run again: the worker ends, or what is in its way may pass by itself. */
const isUnfinished = (error: LpxError): boolean => error.code === 'LPX_INTERRUPTED' || isPassing(error);

/** The password of a package to be made. @throws LPX_WORKER_PASSWORDS when the worker does not have it, and as `openedPasswords` */
async function exportPassword(sealed: string | null, opening: Opening, { about }: TakenJob, batchJob: string): Promise<Uint8Array> {
  if (sealed !== null) {
    const [password] = (await openedPasswords(sealed, opening, about)).fallback;
    return Buffer.from(password as Uint8Array);
  }
  const password = opening.passwords === undefined ? undefined : await sentPasswordOf(opening.passwords, batchJob);
  if (password === undefined) throw new LpxError('LPX_WORKER_PASSWORDS');
  return Buffer.from(password);
}

const onThread =
  <J, R>(run: (job: J) => Promise<R>): EachPackage<(job: J) => Promise<R>> =>
  async (packages: readonly InboxPackage[], work) => {
    for (const found of packages) await work(found, run);
  };
