import { shortId } from '../../batch/follow-jobs.js';
import { JOB_STATES, type JobState, type ListedJob, type QueueCount } from '../../batch/job.js';
import { JobQueue } from '../../batch/job-queue.js';
import { LpxError } from '../../errors.js';
import { maskIds } from '../../masking.js';
import { CATALOGUE, type Code } from '../../messages/catalogue.js';
import { fill, type Sentence, sentenceOf } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { bracketed, fittingColumns, localTime, type Yielding } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface BatchStatusOptions {
  /** Also of what is done. */
  readonly all?: boolean;
}

export interface DeadLetterOptions {
  readonly all?: boolean;
}

/** How many jobs of a state are listed; the rest is counted. */
const LISTED = 50;
const EVERY = 100_000;

/** `lpx batch status`: what is in the queue of the store, and what became of it. */
export async function batchStatus(context: Context, { all }: BatchStatusOptions): Promise<Outcome> {
  return withJobQueue(context, async (queue) => {
    const counts = await queue.counts();
    const shown = JOB_STATES.filter((state) => state !== 'done' || all);
    const jobs: ListedJob[] = [];
    for (const state of shown) jobs.push(...(await queue.list([state], context.json ? EVERY : LISTED)));
    return {
      json: { counts: totals(counts), byKind: counts, jobs: jobs.map((job) => jobOutput(context, job)) },
      text: statusLines(context, counts, jobs),
      notes: [
        ...(jobs.some(({ state }) => state === 'retry') ? [context.messages.queue.retryAdvice] : []),
        ...(jobs.some(({ state }) => state === 'dead') ? [context.messages.queue.deadAdvice] : []),
      ],
    };
  });
}

/** `lpx batch retry`: puts dead letters back into the queue. */
export const batchRetry = (context: Context, words: readonly string[], options: DeadLetterOptions): Promise<Outcome> =>
  withJobQueue(context, async (queue) => {
    const ids = await queue.retry(await idsOf(context, queue, { words, all: options.all === true, states: ['dead'] }));
    return { json: { jobs: ids }, text: [fill(context.messages.queue.retried, { count: ids.length })] };
  });

/** `lpx batch drop`: takes dead letters, and jobs that nobody has begun, out of the queue. */
export const batchDrop = (context: Context, words: readonly string[], options: DeadLetterOptions): Promise<Outcome> =>
  withJobQueue(context, async (queue) => {
    const ids = await queue.drop(await idsOf(context, queue, { words, all: options.all === true, states: ['dead', 'queued', 'retry'] }));
    return { json: { jobs: ids }, text: [fill(context.messages.queue.dropped, { count: ids.length })] };
  });

async function withJobQueue<T>(context: Context, work: (queue: JobQueue) => Promise<T>): Promise<T> {
  const queue = await JobQueue.open(storeFolder(context));
  try {
    return await work(queue);
  } finally {
    await queue.close();
  }
}

/** The jobs that were named, by the start of their ids; with `--all`, every dead letter. @throws LPX_USAGE for none, LPX_JOB_UNKNOWN */
async function idsOf({ messages }: Context, queue: JobQueue, { words, all, states }: Named): Promise<string[]> {
  if (all === words.length > 0) throw new LpxError('LPX_USAGE', { problem: messages.usage.jobsOrAll });
  if (all) return (await queue.list(['dead'], EVERY)).map(({ id }) => id);
  const jobs = await queue.list(states, EVERY);
  return words.map((word) => {
    const [job, ...others] = jobs.filter(({ id }) => id.replace(/-/g, '').startsWith(word.toLowerCase().replace(/-/g, '')));
    if (!job || others.length > 0) throw new LpxError('LPX_JOB_UNKNOWN', { job: word });
    return job.id;
  });
}

/**
 * Why a job could not be run, how often that was tried, and when it is tried next; and what to do.
 * @param said what to do of jobs before it, which is said once
 */
function triesLines(context: Context, job: ListedJob | undefined, said: Set<string>): string[] {
  const why = job && whyOf(context, job);
  if (!why) return [];
  const { messages, paint } = context;
  const { retries, nextTryAt } = job;
  const tried = nextTryAt ? fill(messages.queue.tried, { count: retries + 1, at: localTime(nextTryAt) }) : '';
  const lines = [why.what, tried].filter(Boolean).map((line) => paint.yellow(`      ↳ ${line}`));
  if (said.has(why.next)) return lines;
  said.add(why.next);
  return [...lines, `      → ${why.next}`];
}

interface Named {
  readonly words: readonly string[];
  readonly all: boolean;
  /** Those that the command is for. */
  readonly states: readonly JobState[];
}

type Totals = Record<JobState, number>;

function totals(counts: readonly QueueCount[]): Totals {
  const sums = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Totals;
  for (const { state, count } of counts) sums[state] += count;
  return sums;
}

/** Why a job could not be run, and what to do; undefined where nothing kept it from being run. */
function whyOf({ messages }: Context, { state, code, facts }: ListedJob): Sentence | undefined {
  if (!['retry', 'dead'].includes(state) || !Object.hasOwn(CATALOGUE, code)) return undefined;
  return sentenceOf(messages, code as Code, facts);
}

function jobOutput(context: Context, job: ListedJob) {
  const { id, kind, batch, about, state, retries, submittedAt, startedAt, endedAt, outcome, code, nextTryAt } = job;
  const why = whyOf(context, job);
  return {
    id,
    kind,
    batch: maskIds(batch),
    about: maskIds(about),
    state,
    retries,
    submittedAt: submittedAt.toISOString(),
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(endedAt && { endedAt: endedAt.toISOString() }),
    ...(outcome !== '' && { outcome }),
    ...(code !== '' && { code }),
    ...(why && { message: why.what, next: why.next }),
    ...(nextTryAt && { nextTryAt: nextTryAt.toISOString() }),
  };
}

/** The kind, then the time; what a job is about is shortened last. */
const YIELDING: readonly Yielding[] = [
  [2, 0],
  [1, 0],
  [3, 12],
];

function statusLines(context: Context, counts: readonly QueueCount[], jobs: readonly ListedJob[]): string[] {
  const { messages, paint } = context;
  const { queue, worker } = messages;
  const sums = totals(counts);
  const there = JOB_STATES.filter((state) => sums[state] > 0);
  if (there.length === 0) return [queue.empty];
  const head = paint.bold(there.map((state) => fill(queue.counts[state], { count: sums[state] })).join(messages.usage.and));
  const said = new Set<string>();
  const section = (state: JobState): string[] => {
    const of = jobs.filter((job) => job.state === state).slice(0, LISTED);
    if (of.length === 0) return [];
    const rows = of.map((job) => [
      shortId(job.id),
      localTime(job.startedAt ?? job.submittedAt),
      worker.kinds[job.kind],
      maskIds(job.about),
      job.outcome === '' ? '' : (worker.outcomes[job.outcome as keyof typeof worker.outcomes] ?? job.outcome),
      job.code,
    ]);
    const more = sums[state] - of.length;
    return [
      '',
      bracketed(messages, queue.states[state], sums[state]),
      ...fittingColumns(context, rows, YIELDING, '  ').flatMap((line, i) => [line, ...triesLines(context, of[i], said)]),
      ...(more > 0 ? [`  ${fill(queue.more, { count: more })}`] : []),
    ];
  };
  return [head, ...JOB_STATES.flatMap(section)];
}
