import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { shortId } from '../../batch/follow-jobs.js';
import type { QueueCount, TakenJob } from '../../batch/job.js';
import { Metrics } from '../../batch/metrics.js';
import { runWorker, type WorkerEvent, type WorkerProbe } from '../../batch/queue-worker.js';
import type { LpxError } from '../../errors.js';
import { readIdentities } from '../../io/age.js';
import { markCommitted } from '../../io/interruption.js';
import { maskIds } from '../../masking.js';
import { fill, LANGUAGES, type Language, messagesIn } from '../../messages/messages.js';
import { jobsFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { type Log, type LogOptions, loggable, openLog } from '../log.js';
import { openMetrics } from '../metrics-option.js';
import { errorLines } from '../render/findings.js';
import { storeFolder } from '../store-folder.js';
import { refusalFiles } from './batch-import.js';

export interface WorkerOptions extends LogOptions {
  readonly jobs?: string;
  readonly identity: readonly string[];
  readonly passwords?: string;
  readonly metrics?: string;
  readonly untilEmpty?: boolean;
}

/** `lpx worker`: runs the jobs that batches put into the queue of a store, until a signal comes. */
export async function worker(context: Context, options: WorkerOptions): Promise<Outcome> {
  const threads = jobsFrom(context, options.jobs);
  const location = storeFolder(context);
  const identities = options.identity.length > 0 ? await readIdentities(options.identity) : undefined;
  const passwords = options.passwords === undefined ? undefined : resolve(context.cwd, options.passwords);
  const log = await openLog(context, options);
  const counted = new Counted(context, log);
  const server = await openMetrics(context, options.metrics, log, counted);
  // From here on a signal ends the worker after the jobs in hand; a second one undoes them.
  markCommitted();
  try {
    await runWorker({
      location,
      threads,
      opening: { identities, passwords },
      now: context.now,
      isStopping: context.stopping,
      signal: context.insisted,
      untilEmpty: options.untilEmpty === true,
      reportsOf: (result, language) => refusalFiles(inLanguage(context, language), result),
      onStart: (probe) => counted.watch(probe),
      onEvent: (event) => counted.take(event),
    });
  } finally {
    await server?.close();
  }
  return { json: { counts: counted.counts }, text: [fill(context.messages.worker.ended, counted.counts)] };
}

/** The surroundings of a job, whose reports are in the language of who submitted it. */
function inLanguage(context: Context, text: string): Context {
  const language: Language = LANGUAGES.find((known) => known === text) ?? context.language;
  return { ...context, language, messages: messagesIn(language, 'received') };
}

/** What a worker does, counted, logged and measured. */
class Counted {
  readonly metrics = new Metrics();
  readonly #context: Context;
  readonly #log: Log;
  #probe: WorkerProbe | undefined;
  #isDraining = false;
  #done = 0;
  /** Jobs that could not be run, and have not been since: each once, however often it was tried. */
  readonly #failed = new Set<string>();
  #returned = 0;

  constructor(context: Context, log: Log) {
    this.#context = context;
    this.#log = log;
  }

  get counts() {
    return { done: this.#done, failed: this.#failed.size, returned: this.#returned };
  }

  watch(probe: WorkerProbe): void {
    this.#probe = probe;
  }

  /** What is only known when it is asked for: how much is in the queue. */
  async refresh(): Promise<void> {
    const counts = await this.#depth();
    this.metrics.set('lpx_database_up', {}, counts ? 1 : 0);
    this.metrics.clear('lpx_queue_jobs');
    for (const { kind, state, count } of counts ?? []) this.metrics.set('lpx_queue_jobs', { kind, state }, count);
  }

  async notReady(): Promise<'draining' | 'database' | undefined> {
    if (this.#isDraining || this.#context.stopping()) return 'draining';
    return (await this.#depth()) ? undefined : 'database';
  }

  #depth(): Promise<QueueCount[] | undefined> {
    return this.#probe?.counts().catch(() => undefined) ?? Promise.resolve(undefined);
  }

  take(event: WorkerEvent): void {
    const { messages } = this.#context;
    const { worker: words } = messages;
    const { metrics } = this;
    switch (event.event) {
      case 'ready':
        this.#log('info', 'ready', { host: hostname(), database: event.database }, [fill(words.ready, { database: event.database })]);
        break;
      case 'trouble':
        this.#log('error', 'trouble', { code: event.error.code, message: event.error.message }, this.#trouble(event.error));
        break;
      case 'orphans':
        metrics.add('lpx_jobs_returned_total', {}, event.count);
        this.#log('warn', 'orphans', { count: event.count }, [fill(words.orphans, { count: event.count })]);
        break;
      case 'begin':
        metrics.add('lpx_jobs_running', {}, 1);
        metrics.observe('lpx_job_wait_seconds', { kind: event.job.kind }, event.job.waitedMs / 1000);
        this.#log('debug', 'begin', factsOf(event.job), []);
        break;
      case 'done': {
        const { job, ms, done } = event;
        const { outcome, code, historyId, bytes, attachments } = done;
        this.#ended(job, outcome, ms);
        this.#done++;
        this.#failed.delete(job.id);
        metrics.add('lpx_package_bytes_total', { kind: job.kind }, bytes);
        metrics.add('lpx_attachments_total', { kind: job.kind }, attachments);
        const facts = { ...factsOf(job), outcome, ...(code && { code }), ...(historyId > 0 && { history: historyId }), ms: Math.round(ms) };
        this.#log('info', 'done', { ...facts, bytes, attachments }, [this.#line(job, wordFor(messages.worker.outcomes, outcome), code)]);
        break;
      }
      case 'failed':
        this.#ended(event.job, 'failed', event.ms);
        this.#failed.add(event.job.id);
        this.#log(
          'error',
          'failed',
          { ...factsOf(event.job), code: event.error.code, message: event.error.message, ms: Math.round(event.ms) },
          [this.#line(event.job, words.failed, event.error.code)],
        );
        break;
      case 'returned':
        metrics.add('lpx_jobs_running', {}, -1);
        this.#returned++;
        this.#log('warn', 'returned', factsOf(event.job), [this.#line(event.job, words.returned, '')]);
        break;
      case 'draining':
        this.#isDraining = true;
        this.#log('info', 'draining', {}, [words.draining]);
    }
  }

  #ended({ kind }: TakenJob, outcome: string, ms: number): void {
    this.metrics.add('lpx_jobs_running', {}, -1);
    this.metrics.add('lpx_jobs_total', { kind, outcome });
    this.metrics.observe('lpx_job_duration_seconds', { kind }, ms / 1000);
  }

  #trouble(error: LpxError): string[] {
    const { messages, paint } = this.#context;
    return [...errorLines(messages, paint, 'worker', error).slice(0, -1), `  → ${messages.inbox.retried}`];
  }

  #line({ id, kind, about }: TakenJob, outcome: string, code: string): string {
    const { messages } = this.#context;
    return fill(messages.worker.line, {
      job: shortId(id),
      kind: messages.worker.kinds[kind],
      about: maskIds(about),
      outcome,
      why: code,
    });
  }
}

const wordFor = (outcomes: Readonly<Record<string, string>>, outcome: string): string => outcomes[outcome] ?? outcome;

/** What the log says of a job. */
const factsOf = ({ id, kind, batch, request, about, retries, waitedMs }: TakenJob) => ({
  job: id,
  kind,
  batch: loggable(batch),
  request: loggable(request),
  about: loggable(about),
  retries,
  waitedMs: Math.round(waitedMs),
});
