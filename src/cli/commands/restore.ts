import { resolve } from 'node:path';
import { restoreBackup } from '../../exchange/restore.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { columns, localTime } from '../render/text.js';
import { type IdentityOptions, identitiesOf, snapshotOutput } from './backup.js';

export interface RestoreOptions extends IdentityOptions {
  readonly snapshot?: string;
  readonly erasures: readonly string[];
}

/** `lpx restore`: makes a new store out of a backup. */
export async function restore(context: Context, repository: string, store: string, options: RestoreOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const [folder, target] = [resolve(context.cwd, repository), resolve(context.cwd, store)];
  const identities = await identitiesOf(context, options);
  const progress = startProgress(context, messages.progress.restoring);
  const result = await restoreBackup({
    ...{ folder, target, identities, snapshot: options.snapshot },
    erasureFiles: options.erasures.map((file) => resolve(context.cwd, file)),
    now: context.now(),
    operator: context.operator(),
    onProgress: ({ done, total }) => progress.update(done, total),
  }).finally(progress.stop);
  const { school, records, files } = result.manifest;
  const { backup: words, restore: own } = messages;
  return {
    json: { folder, store: target, ...snapshotOutput(result), erased: result.erased },
    text: [
      `${paint.green('✔')} ${fill(own.done, { records, files: files.count, bytes: files.bytes })}`,
      ...columns(
        [
          [own.store, target],
          [own.school, `${school.code} ${school.name}`],
          [words.snapshot, result.snapshot],
          [own.of, localTime(result.at)],
        ],
        '  ',
      ),
      ...(result.erased > 0 ? [`  ${fill(own.erased, { count: result.erased })}`] : []),
      ...(files.missing.length > 0 ? [`  ${paint.yellow(fill(words.missing, { count: files.missing.length }))}`] : []),
    ],
  };
}
