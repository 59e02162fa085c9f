import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { heldFiles } from '../../exchange/backup.js';
import { restoreBackup } from '../../exchange/restore.js';
import { attachmentsNamed, isS3Url, locationNamed, type StoreLocation, shownLocation } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { columns, localTime } from '../render/text.js';
import { type IdentityOptions, identitiesOf, snapshotOutput } from './backup.js';

export interface RestoreOptions extends IdentityOptions {
  readonly snapshot?: string;
  /** Where the files go. */
  readonly attachments?: string;
  readonly erasures: readonly string[];
}

/** `lpx restore`: makes a new store out of a backup. */
export async function restore(context: Context, repository: string, store: string, options: RestoreOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const folder = resolve(context.cwd, repository);
  const named = locationNamed(store);
  const target = typeof named === 'string' ? resolve(context.cwd, named) : named;
  const attachments = attachmentsFor(context, target, options);
  const identities = await identitiesOf(context, options);
  const progress = startProgress(context, messages.progress.restoring);
  const result = await restoreBackup({
    ...{ folder, target, attachments, identities, snapshot: options.snapshot },
    erasureFiles: options.erasures.map((file) => resolve(context.cwd, file)),
    now: context.now(),
    operator: context.operator(),
    onProgress: ({ done, total }) => progress.update(done, total),
  }).finally(progress.stop);
  const { school, records, files } = result.manifest;
  const { backup: words, restore: own } = messages;
  return {
    json: { folder, store: shownLocation(target), ...snapshotOutput(result), erased: result.erased },
    text: [
      `${paint.green('✔')} ${fill(own.done, { records, files: heldFiles(result.manifest), bytes: files.bytes })}`,
      ...columns(
        [
          [own.store, shownLocation(target)],
          [own.school, `${school.code} ${school.name}`],
          [words.snapshot, result.snapshot],
          [own.of, localTime(result.at)],
        ],
        '  ',
      ),
      ...(result.erased > 0 ? [`  ${fill(own.erased, { count: result.erased })}`] : []),
      ...(options.erasures.length === 0 ? [`  ${own.erasures}`] : []),
      ...(files.missing.length > 0 ? [`  ${paint.yellow(fill(words.missing, { count: files.missing.length }))}`] : []),
    ],
    notes: [own.next],
  };
}

/** A store in a database has its files in a folder or a bucket that is named; one in a folder in there, or in a bucket. @throws LPX_USAGE, LPX_S3_URL, LPX_S3_SECRET */
function attachmentsFor({ cwd, messages: { usage } }: Context, target: StoreLocation, { attachments }: RestoreOptions): string | undefined {
  const place = attachments === undefined ? undefined : attachmentsNamed(attachments, cwd);
  if (typeof target !== 'string' && place === undefined) throw new LpxError('LPX_USAGE', { problem: usage.attachmentsMissing });
  if (typeof target === 'string' && place !== undefined && !isS3Url(place))
    throw new LpxError('LPX_USAGE', { problem: usage.attachmentsInStore });
  return place;
}
