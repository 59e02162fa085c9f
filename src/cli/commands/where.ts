import { basename } from 'node:path';
import { LpxError } from '../../errors.js';
import { type StoreLocation, shownLocation, withStoreToRead } from '../../exchange/school-store.js';
import { type StoreOverview, storeOverview } from '../../exchange/where.js';
import { fill } from '../../messages/messages.js';
import { choiceWord } from '../choices.js';
import type { Context, Outcome } from '../context.js';
import { kindOf } from '../render/entries.js';
import { bracketed, cell, columns, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx where`, and `lpx` alone on a terminal: which store commands use here, and what probably comes next. */
export async function where(context: Context): Promise<Outcome> {
  const location = storeFolder(context);
  const folder = shownLocation(location);
  const overview = await withStoreToRead(location, storeOverview).catch((error) => {
    if (error instanceof LpxError && error.code === 'LPX_STORE_NOT_FOUND') return undefined;
    throw error;
  });
  const source = sourceOf(context, location);
  const next = nextCommands(context, overview);
  const last = overview?.last;
  return {
    json: {
      store: folder,
      source,
      exists: overview !== undefined,
      ...(overview && { school: overview.school, attachments: overview.attachments, counts: countsOf(overview) }),
      ...(last && { last: { id: last.id, kind: last.kind, at: last.at.toISOString() } }),
      next,
    },
    text: whereLines(context, { folder, source, overview, next }),
  };
}

type Source = 'option' | 'environment' | 'nearest' | 'data';

/** Why it is this store. */
function sourceOf({ storeOption, env }: Context, location: StoreLocation): Source {
  if (storeOption !== undefined) return 'option';
  if (env.LPX_STORE) return 'environment';
  return basename(shownLocation(location)) === '.lpx' ? 'nearest' : 'data';
}

const countsOf = ({ students, listed, records, received, history }: StoreOverview) => ({
  students,
  listed,
  records,
  received,
  history,
});

/** The three commands that probably come next, by what came last. */
function nextCommands({ messages, language }: Context, overview: StoreOverview | undefined): string[] {
  const { file, folder, student, school } = messages.where.words;
  if (!overview) return [`lpx init --school <${school}>`, 'lpx demo', 'lpx help'];
  if (overview.students === 0) return [`lpx load <${folder}>`, `lpx import <${file}>`, 'lpx help'];
  const last = overview.last;
  if (last?.kind === 'import') return [`lpx receipt ${last.id}`, `lpx status <${student}>`, `lpx pick <${student}>`];
  if (last?.kind === 'export' && !last.received) return [`lpx receipt --check <${file}>`, 'lpx history', 'lpx students'];
  return [`lpx export <${student}> --reason ${choiceWord(language, 'transfer')}`, `lpx import <${file}>`, 'lpx students'];
}

interface Whereabouts {
  readonly folder: string;
  readonly source: Source;
  readonly overview: StoreOverview | undefined;
  readonly next: readonly string[];
}

function whereLines({ messages, paint }: Context, { folder, source, overview, next }: Whereabouts): string[] {
  const { labels, where: words } = messages;
  const last = overview?.last;
  const facts = overview
    ? [
        [labels.school, cell(`${overview.school.code} ${overview.school.name}`)],
        ...(overview.attachments.startsWith(folder) ? [] : [[words.attachments, overview.attachments]]),
        [words.holds, fill(words.counts, countsOf(overview))],
        ...(overview.listed > 0 ? [['', fill(words.listed, { count: overview.listed })]] : []),
        ...(last ? [[words.last, [localTime(last.at), kindOf(messages, last), cell(last.file)].join('  ')]] : []),
      ]
    : [];
  return [
    ...columns([[words.store, bracketed(messages, paint.bold(folder), words.sources[source])], ...facts]),
    ...(overview ? [] : [paint.yellow(words.none)]),
    '',
    words.next,
    ...next.map((command) => `  ${command}`),
  ];
}
