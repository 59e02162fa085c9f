import { join } from 'node:path';
import { type Code, type Finding, findingOf, LpxError } from '../../errors.js';
import { type ErasurePlan, eraseStudent, finishErasures, type NotedErasures, planErasure, type Remnants } from '../../exchange/erase.js';
import { type HistoryEntry, type Store, withStore } from '../../exchange/school-store.js';
import { maskId, maskIds } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { canonicalCode } from '../../plain-text.js';
import { nationalIdsFrom } from '../arguments.js';
import { canAsk } from '../confirm.js';
import type { Context, Outcome } from '../context.js';
import { ask } from '../prompts.js';
import { failureOutput } from '../render/findings.js';
import { bracketed, cell, columns, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface EraseOptions {
  readonly reason?: string;
  readonly acceptUnreceipted?: boolean;
  readonly dryRun?: boolean;
  readonly finish?: boolean;
}

/** `lpx erase`: a student's data, for good. */
export async function erase(context: Context, nationalId: string | undefined, options: EraseOptions): Promise<Outcome> {
  const { messages } = context;
  if ((nationalId === undefined) !== (options.finish === true)) throw new LpxError('LPX_USAGE', { problem: messages.usage.eraseWhom });
  return withStore(storeFolder(context), async (store) => {
    if (nationalId === undefined) return finished(context, await finishErasures(store));
    const [id = ''] = nationalIdsFrom(context, [nationalId]);
    try {
      return await eraseOne(context, store, id, options);
    } catch (error) {
      // It may be this student's erasure that was cut short.
      if (!(error instanceof LpxError && error.code === 'LPX_ERASE_ABSENT') || options.dryRun) throw error;
      return { error, ...finished(context, await finishErasures(store)) };
    }
  });
}

async function eraseOne(context: Context, store: Store, id: string, options: EraseOptions): Promise<Outcome> {
  const plan = await planErasure(store, id);
  const limits = store.erasures.limits;
  const awaiting = options.acceptUnreceipted ? [] : plan.awaiting;
  const dryRun = options.dryRun === true;
  if (dryRun || awaiting.length > 0) return planned(context, plan, { awaiting, limits, dryRun });
  await confirmId(context, plan, limits);
  const { remnants, backups, ...erased } = await eraseStudent(store, {
    nationalId: id,
    reason: maskIds(options.reason ?? ''),
    acceptUnreceipted: options.acceptUnreceipted === true,
    now: context.now(),
    operator: context.operator(),
  });
  const { messages, paint } = context;
  const { erase: words } = messages;
  const done = { ...plan, ...erased };
  return {
    json: { ...planOutput(done), dryRun: false, limits, backups, ...remnantOutput(context, remnants) },
    text: [
      `${paint.green('✔')} ${fill(words.done, { student: studentText(context, plan) })}`,
      ...planLines(context, done),
      ...notedLines(context, backups),
      ...snapshotLines(context, done),
      ...outsideLines(context, done, limits),
    ],
    findings: [...unreachedFindings(backups), ...keptFindings(plan)],
    ...unfinished(context, remnants),
  };
}

/** Somebody who erases has the id at hand, and types it whole. @throws LPX_ERASE_UNCONFIRMED, LPX_INTERRUPTED */
async function confirmId(context: Context, plan: ErasurePlan, limits: readonly Limit[]): Promise<void> {
  if (context.yes) return;
  if (!canAsk(context)) throw new LpxError('LPX_ERASE_UNCONFIRMED');
  context.print([...plannedLines(context, plan), ...outsideLines(context, plan, limits), '']);
  const prompts = await import('@clack/prompts');
  const message = fill(context.messages.erase.confirm, { student: studentText(context, plan) });
  const typed = await ask(context, (asking) => prompts.text({ message, ...asking }));
  if (canonicalCode(typed) !== plan.nationalId) throw new LpxError('LPX_ERASE_UNCONFIRMED');
}

const studentText = ({ messages }: Context, { nationalId, name }: ErasurePlan): string =>
  bracketed(messages, cell(name), maskId(nationalId));

/** What would be done; with an error when something stands against it. */
function planned(
  context: Context,
  plan: ErasurePlan,
  { awaiting, limits, dryRun }: { readonly awaiting: readonly Finding[]; readonly limits: readonly Limit[]; readonly dryRun: boolean },
): Outcome {
  const { messages } = context;
  const [first] = awaiting;
  return {
    json: { ...planOutput(plan), dryRun, limits },
    text: [
      fill(messages.erase.would, { student: studentText(context, plan) }),
      ...plannedLines(context, plan),
      ...outsideLines(context, plan, limits),
      // An error says so itself.
      ...(first ? [] : ['', messages.erase.dryRun]),
    ],
    // A single one is said on its own.
    findings: [...(awaiting.length > 1 ? awaiting : []), ...keptFindings(plan)],
    ...(first && {
      error: new LpxError(first.code, first.facts as never, { findings: awaiting, place: first.place }),
    }),
  };
}

function planLines({ messages }: Context, { records, files, sharedFiles, entries }: ErasurePlan): string[] {
  const { erase: words } = messages;
  return [
    `  ${fill(words.records, { count: records })}`,
    `  ${fill(words.files, { count: files })}${sharedFiles === 0 ? '' : fill(words.sharedFiles, { count: sharedFiles })}`,
    `  ${fill(words.entries, { count: entries })}`,
  ];
}

const plannedLines = (context: Context, plan: ErasurePlan): string[] => [
  ...planLines(context, plan),
  ...plan.backupFolders.map((folder) => `  ${fill(context.messages.erase.wouldNote, { folder })}`),
  ...snapshotLines(context, plan),
];

/** How long backups have the student's data. */
const snapshotLines = ({ messages }: Context, { backupFolders }: ErasurePlan): string[] =>
  backupFolders.length === 0 ? [] : [`  ${messages.erase.snapshots}`];

type Limit = 'disk' | 'postgres' | 's3';

/** What is left for the clerk to do, and what lpx cannot reach. */
function outsideLines(context: Context, { outside }: ErasurePlan, limits: readonly Limit[]): string[] {
  const { messages, paint } = context;
  const { erase: words, kinds } = messages;
  const { outsideTitles: titles } = words;
  const rows = outside.map((entry) => [`#${entry.id}`, localTime(entry.at), kinds[entry.kind], 'school' in entry ? entry.school : '']);
  const table = columns([[titles.id, titles.at, titles.kind, titles.school], ...rows], '  ');
  const paths = outside.map((entry) => (entry.file === '' ? folderOf(entry) : join(folderOf(entry), entry.file)));
  const has = (kind: HistoryEntry['kind']) => outside.some((entry) => entry.kind === kind);
  const hasCome = (kinds: readonly HistoryEntry['kind'][]) => outside.some((entry) => kinds.includes(entry.kind) && folderOf(entry) === '');
  const where = [
    ...(has('export') ? [words.where.written] : []),
    ...(has('move') ? [words.where.moved] : []),
    ...(hasCome(['import', 'verify', 'receipt']) ? [words.where.packages] : []),
    ...(hasCome(['load', 'recover']) ? [words.where.loaded] : []),
    words.where.unknown,
  ];
  return [
    '',
    paint.cyan(words.outside),
    // Each with its whole name below, by which somebody has to find it: the first line has the titles.
    ...(rows.length === 0 ? [] : table.flatMap((line, i) => [line, ...(i === 0 ? [] : [`         ${paths[i - 1]}`])])),
    ...where.map((line) => `  ${line}`),
    '',
    paint.cyan(words.notReached),
    ...limits.map((limit) => `  ${words.limits[limit]}`),
  ];
}

/** Where what was written is; empty for what came from somewhere. */
const folderOf = (entry: HistoryEntry): string => ('folder' in entry ? (entry.folder ?? '') : '');

const planOutput = ({
  nationalId,
  name: _,
  newest: __,
  namedBackups: ___,
  namedPackages: ____,
  unnamed: _____,
  outside,
  awaiting,
  ...plan
}: ErasurePlan) => ({
  ...plan,
  nationalIdMasked: maskId(nationalId),
  outside: outside.map((entry) => ({
    id: entry.id,
    kind: entry.kind,
    at: entry.at.toISOString(),
    file: entry.file,
    folder: folderOf(entry),
    school: 'school' in entry ? entry.school : '',
  })),
  awaitingReceipt: awaiting.length,
});

function finished(context: Context, { remnants, backups }: { readonly remnants: Remnants; readonly backups: NotedErasures }): Outcome {
  const { messages, paint } = context;
  const isDone = remnants.files.length === 0 && remnants.database === undefined;
  return {
    json: { backups, ...remnantOutput(context, remnants) },
    text: [...(isDone ? [`${paint.green('✔')} ${messages.erase.overwritten}`] : []), ...notedLines(context, backups)],
    findings: unreachedFindings(backups),
    ...unfinished(context, remnants),
  };
}

const notedLines = ({ messages }: Context, { noted }: NotedErasures): string[] =>
  noted.map((folder) => `  ${fill(messages.erase.noted, { folder })}`);

const unreachedFindings = ({ unreached }: NotedErasures): Finding[] =>
  unreached.map((folder) => findingOf('LPX_ERASE_UNNOTED', 'warning', {}, { folder }));

/** What the log and the vault keep. */
const keptFindings = ({ namedBackups, namedPackages, unnamed }: ErasurePlan): Finding[] => [
  ...namedBackups.map((folder) => findingOf('LPX_ERASE_NAMED_FOLDER', 'warning', {}, { folder })),
  ...namedPackages.map((folder) => findingOf('LPX_ERASE_NAMED_PARTS', 'warning', {}, { folder })),
  ...(unnamed.count > 0 ? [findingOf('LPX_ORPHANS', 'warning', {}, unnamed)] : []),
];

const remnantOutput = ({ messages }: Context, { files, database }: Remnants) => ({
  overwritten: files.length === 0 && database === undefined,
  remainingFiles: files,
  // What its own code means for the data, it means before an erasure is committed.
  ...(database && {
    databaseError: { ...failureOutput(messages, 'erase', database), consequence: messages.consequence.partlyDone.erase },
  }),
});

/** Why the database could not be overwritten, by the code of the error. */
const WHY: Partial<Record<Code, 'full' | 'busy' | 'notOwner' | 'lost'>> = {
  LPX_DISK_FULL: 'full',
  LPX_STORE_BUSY: 'busy',
  LPX_DATABASE_REFUSED: 'notOwner',
  LPX_DATABASE_LOST: 'lost',
};

function unfinished({ messages }: Context, { files, database }: Remnants): Pick<Outcome, 'error'> {
  if (files.length === 0 && database === undefined) return {};
  const { erase: words } = messages;
  const why = [
    database && words[WHY[database.code] ?? 'databaseFails'],
    files.length > 0 && fill(words.filesLeft, { count: files.length }),
  ];
  return { error: new LpxError('LPX_ERASE_UNFINISHED', { why: why.filter(Boolean).join(words.and) }) };
}
