import { LpxError } from '../../errors.js';
import { historyOf, historyPages } from '../../exchange/history.js';
import { type HistoryEntry, type HistoryFilter, withStoreToRead } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import { HISTORY_KINDS, type HistoryKind } from '../../spec/history.js';
import { startOfDay, startOfNextDay } from '../../spec/terms.js';
import { dayFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { entryLines, entryOutput, historyTable, moreLines } from '../render/entries.js';
import { printPages } from '../render/pages.js';
import { type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { bracketed } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface HistoryOptions extends TableOptions {
  readonly student?: string;
  readonly school?: string;
  readonly kind: readonly string[];
  readonly day?: string;
  readonly since?: string;
  readonly until?: string;
}

/** `lpx history`: what happened to the store, newest first, an entry a line; all of it with `--verbose`. */
export async function history(context: Context, options: HistoryOptions): Promise<Outcome> {
  const { messages, verbose } = context;
  const asked = tableAsked(context, options);
  const filter = filterFrom(context, options);
  if (asked.csv || asked.xlsx !== undefined) return tableOf(context, filter, asked);
  const students = verbose || context.json ? 'all' : 'few';
  const form = {
    command: 'history',
    output: entryOutput,
    lines: (entries: readonly HistoryEntry[]) =>
      entryLines(context, entries).flatMap((line, i) => {
        const entry = entries[i];
        return verbose && entry ? [line, ...moreLines(context, entry)] : [line];
      }),
    none: isNarrowed(filter) ? messages.history.noneFit : messages.history.none,
  } as const;
  return withStoreToRead(storeFolder(context), (store) => printPages(context, historyPages(store, { ...filter, students }), form));
}

async function tableOf(context: Context, filter: HistoryFilter, asked: TableOptions): Promise<Outcome> {
  const entries = await withStoreToRead(storeFolder(context), (store) => historyOf(store, filter));
  const nationalIds = entries.flatMap((entry) => entry.students.map((student) => student.nationalId));
  return withTable(context, asked, { json: {}, text: [] }, () => ({
    name: context.messages.tables.names.history,
    rows: historyTable(context, entries),
    output: { command: 'history', nationalIds },
  }));
}

const isNarrowed = ({ kinds = [], ...others }: HistoryFilter): boolean =>
  kinds.length > 0 || Object.values(others).some((value) => value !== undefined);

function filterFrom(context: Context, { student, school, kind, day, since, until }: HistoryOptions): HistoryFilter {
  const [first, last] = [day ?? since, day ?? until].map((text) => (text === undefined ? undefined : dayFrom(context, text)));
  return {
    student,
    school,
    kinds: kind.map((word) => kindFrom(context, word)),
    since: first === undefined ? undefined : startOfDay(first),
    before: last === undefined ? undefined : startOfNextDay(last),
  };
}

/** A kind by its name, or by what it is called in the listing. @throws LPX_USAGE */
function kindFrom({ messages }: Context, word: string): HistoryKind {
  const kind = HISTORY_KINDS.find((candidate) => candidate === word || messages.kinds[candidate] === word);
  if (kind) return kind;
  const allowed = HISTORY_KINDS.map((candidate) => bracketed(messages, candidate, messages.kinds[candidate])).join(messages.usage.and);
  throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.kind, { value: word, allowed }) });
}
