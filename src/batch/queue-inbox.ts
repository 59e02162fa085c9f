/** Has the packages of an inbox imported or verified by workers: a job for each package, which also moves it. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import {
  announce,
  type ImportTerms,
  type InboxPasswords,
  type InboxRequest,
  type InboxResult,
  passwordsFor,
} from '../exchange/batch-import.js';
import { completeMoves, type InboxPackage, listInbox, openInbox, openMovingInbox } from '../package/inbox.js';
import { entriesFor } from '../package/password-book.js';
import { takeTurn } from '../store/processes/turns.js';
import type { Store } from '../store/store.js';
import { errorOfUnsettled, followJobs } from './follow-jobs.js';
import type { NewJob, SettledJob } from './job.js';
import type { JobQueue } from './job-queue.js';
import {
  decodedInboxResult,
  type InboxPayload,
  jobId,
  type QueuedVerifyTerms,
  type Sealing,
  type SharedFolder,
  sealedPasswords,
  shareFolder,
} from './queued-jobs.js';

export interface QueueInboxRequest extends InboxRequest {
  readonly queue: JobQueue;
  readonly sealing: Sealing;
  /** Of the reports that go with refused packages. */
  readonly language: string;
  /** The run of the command, for logs and the history. */
  readonly request: string;
  /** Whether to wait for what becomes of the jobs. */
  readonly isFollowed: boolean;
  /** Called once, with how many jobs wait, when they are followed and there is no worker. */
  readonly onNoWorker: (jobs: number) => void;
}

export interface QueuedInbox {
  readonly batch: string;
  readonly jobs: number;
  /** Jobs that were not at their end when this one was. */
  readonly open: number;
}

/** @throws as `importInbox`; LPX_RECIPIENT_WRONG */
export async function queueImports(
  store: Pick<Store, 'presence'>,
  request: QueueInboxRequest & { readonly terms: ImportTerms; readonly onWaiting: () => void },
): Promise<QueuedInbox> {
  const { dryRun } = request.terms;
  const inbox = await (dryRun ? openInbox : openMovingInbox)(request.folder);
  const turn = await takeTurn(store, inbox, { onWaiting: request.onWaiting, isGivenUp: request.isStopping });
  try {
    if (!turn) return { batch: '', jobs: 0, open: 0 };
    const content = await listInbox(inbox);
    return await queueAll('import', inbox, dryRun ? content.packages : await completeMoves(inbox, content), request);
  } finally {
    turn?.end();
  }
}

/** @throws as `verifyInbox`; LPX_RECIPIENT_WRONG */
export async function queueVerifications(request: QueueInboxRequest & { readonly terms: QueuedVerifyTerms }): Promise<QueuedInbox> {
  const inbox = await openInbox(request.folder);
  return queueAll('verify', inbox, (await listInbox(inbox)).packages, request);
}

type QueueRequest = QueueInboxRequest & { readonly terms: ImportTerms | QueuedVerifyTerms };

async function queueAll(
  kind: 'import' | 'verify',
  inbox: string,
  packages: readonly InboxPackage[],
  request: QueueRequest,
): Promise<QueuedInbox> {
  const { queue, isStopping, isFollowed, onNoWorker } = request;
  const submission: Submission = {
    ...request,
    kind,
    batch: randomBytes(4).toString('hex'),
    shared: await shareFolder(inbox),
    known: await passwordsFor(request),
  };
  await announce(inbox, packages, request);
  const names = new Map<string, string>();
  // A part at a time: what is encrypted of many packages is not all in memory.
  for (let at = 0; at < packages.length && !isStopping(); at += SUBMITTED_AT_ONCE) {
    const some = packages.slice(at, at + SUBMITTED_AT_ONCE);
    const jobs = await Promise.all(some.map((found) => jobFor(found, submission)));
    await queue.submit(jobs, at);
    for (const [i, { id }] of jobs.entries()) names.set(id, (some[i] as InboxPackage).name);
  }
  const { batch } = submission;
  if (!isFollowed) return { batch, jobs: names.size, open: names.size };
  const onSettled = (job: SettledJob) => request.onResult(resultOf(job, names.get(job.id) as string));
  const open = await followJobs(queue, [...names.keys()], { onSettled, onNoWorker, isStopping });
  return { batch, jobs: names.size, open: open.length };
}

const SUBMITTED_AT_ONCE = 100;

/** What all jobs of a batch have in common. */
interface Submission extends Pick<QueueRequest, 'terms' | 'sealing' | 'language' | 'request'> {
  readonly kind: 'import' | 'verify';
  readonly batch: string;
  readonly shared: SharedFolder;
  readonly known: InboxPasswords;
}

async function jobFor(
  { name: file, path }: InboxPackage,
  { kind, batch, shared: inbox, known, terms, sealing, language, request }: Submission,
): Promise<NewJob> {
  const { listed, fallback } = known;
  const passwords = await sealedPasswords({ listed: entriesFor(listed, file), fallback }, sealing);
  const payload: InboxPayload = { inbox, file, terms, passwords, language };
  const found = statSync(path, { throwIfNoEntry: false });
  // The same package in the same place with the same options is the same job, whoever submits it again.
  const id = jobId(kind, inbox.path, file, String(found?.size), String(found?.mtimeMs), JSON.stringify(terms));
  return { id, kind, batch, request, about: file, payload };
}

function resultOf(job: SettledJob, file: string): InboxResult {
  const { result } = job.output;
  if (job.state === 'done' && result !== undefined) return decodedInboxResult(result);
  return { file, movedTo: '', outcome: 'waiting', error: errorOfUnsettled(job) };
}
