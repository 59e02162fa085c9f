/** The options by which a batch goes to the workers. */
import { randomBytes } from 'node:crypto';
import { JobQueue } from '../batch/job-queue.js';
import type { Sealing } from '../batch/queued-jobs.js';
import { LpxError } from '../errors.js';
import { requireRecipients } from '../io/age.js';
import { fill } from '../messages/messages.js';
import type { Context } from './context.js';
import { sayNow } from './progress.js';
import { storeFolder } from './store-folder.js';

export interface QueueOptions {
  readonly queue?: boolean;
  readonly workersRecipient: readonly string[];
  /** False not to wait for the jobs. */
  readonly follow?: boolean;
}

export interface QueueTerms {
  readonly queue: JobQueue;
  readonly sealing: Sealing;
  /** What this run is known by, in the logs of workers, too. */
  readonly request: string;
  readonly isFollowed: boolean;
  /** Says that jobs wait for a worker. */
  readonly onNoWorker: (jobs: number) => void;
}

/**
 * Runs work with the queue that the options ask for; with undefined when they ask for none.
 * @param alone options that make no sense with a queue, as they were given
 * @throws LPX_USAGE for options that contradict each other; LPX_RECIPIENT_WRONG; as `JobQueue.open`
 */
export async function withQueue<T>(
  context: Context,
  options: QueueOptions,
  alone: Readonly<Record<string, boolean>>,
  work: (terms: QueueTerms | undefined) => Promise<T>,
): Promise<T> {
  const { usage } = context.messages;
  const { workersRecipient: recipients, follow } = options;
  if (!options.queue) {
    if (recipients.length > 0 || follow === false) throw new LpxError('LPX_USAGE', { problem: usage.queueMissing });
    return work(undefined);
  }
  const [option] = Object.entries(alone).find(([, isGiven]) => isGiven) ?? [];
  if (option !== undefined) throw new LpxError('LPX_USAGE', { problem: fill(usage.queueAlone, { option }) });
  if (recipients.length > 0) await requireRecipients(recipients);
  const queue = await JobQueue.open(storeFolder(context));
  try {
    const option = recipients.length > 0 ? '--identity' : '--passwords';
    const onNoWorker = (count: number) => sayNow(context, fill(context.messages.queue.noWorker, { count, option }));
    return await work({ queue, sealing: { recipients }, request: newRequestId(), isFollowed: follow !== false, onNoWorker });
  } finally {
    await queue.close();
  }
}

const newRequestId = (): string => randomBytes(6).toString('hex');
