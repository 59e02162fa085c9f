import { resolve } from 'node:path';
import { moveStore } from '../../exchange/move.js';
import { locationNamed, shownLocation } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { columns } from '../render/text.js';
import { storeNamed } from '../store-folder.js';
import { attachmentsFor } from './init.js';

export interface MoveOptions {
  /** Where the attachments go, if not in the folder of the new store. */
  readonly attachments?: string;
  readonly dryRun?: boolean;
}

/** `lpx move`: takes a store to another place. */
export async function move(context: Context, from: string, to: string, options: MoveOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const source = storeNamed(context, from);
  const named = locationNamed(to);
  const target = typeof named === 'string' ? resolve(context.cwd, named) : named;
  const attachments = attachmentsFor(context, target, options);
  const progress = startProgress(context, messages.progress.moving);
  const result = await moveStore({
    ...{ from: source, to: target, attachments, dryRun: options.dryRun === true },
    now: context.now(),
    operator: context.operator(),
    onProgress: ({ done, total }) => progress.update(done, total),
  }).finally(progress.stop);
  const { school, dryRun, resumed, tables, records, files, bytes, missing, missingCount } = result;
  const [old, now] = [shownLocation(source), shownLocation(target)];
  const words = messages.move;
  const done = dryRun ? words.wouldBe : resumed ? words.resumed : words.done;
  return {
    json: {
      ...{ store: old, to: now, school, dryRun, resumed, tables, records, files },
      ...(bytes !== undefined && { bytes }),
      ...{ missing, missingCount, attachments: result.attachments },
    },
    text: [
      `${dryRun ? '' : `${paint.green('✔')} `}${fill(done, { records, files, bytes: bytes ?? 0 })}`,
      ...columns(
        [
          [words.from, old],
          [words.to, now],
          [words.school, `${school.code} ${school.name}`],
          ...(dryRun ? [] : [[words.attachments, result.attachments]]),
        ],
        '  ',
      ),
      ...(missingCount > 0 ? [`  ${paint.yellow(fill(words.missing, { count: missingCount }))}`] : []),
    ],
    notes: dryRun ? [] : [fill(words.next, { to: now })],
  };
}
