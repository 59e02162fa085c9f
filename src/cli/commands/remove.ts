import { type RemovedStudent, removeStudent } from '../../exchange/remove.js';
import { withStore } from '../../exchange/school-store.js';
import { maskId, maskIds } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { findingLines, findingOutput } from '../render/findings.js';
import { cell, columns, countCells } from '../render/text.js';
import { storeFolder } from '../store-folder.js';
import { askFirst } from './undo.js';

export interface RemoveOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** `lpx remove`: takes a student off the roll; nothing is lost. */
export async function remove(context: Context, who: string, options: RemoveOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const request = { who, reason: maskIds(options.reason ?? ''), now: context.now(), operator: context.operator() };
  const removed = await withStore(storeFolder(context), async (store) => {
    if (options.dryRun) return removeStudent(store, { ...request, dryRun: true });
    if (!context.yes) {
      const planned = await removeStudent(store, { ...request, dryRun: true });
      await askFirst(context, messages.remove.ask, [...removedLines(context, planned), ...findingLines(messages, paint, planned.findings)]);
    }
    return removeStudent(store, request);
  });
  return {
    json: removedOutput(context, removed),
    text: removedLines(context, removed),
    findings: removed.findings,
    notes: removed.dryRun ? [] : [fill(messages.undo.howUndo, { id: removed.historyId })],
  };
}

function removedLines({ messages, paint }: Context, removed: RemovedStudent): string[] {
  const { remove: words } = messages;
  const { nationalId, name, kept, acknowledgedFiles, unacknowledgedFiles, dryRun } = removed;
  const isAcknowledged = acknowledgedFiles > 0 && unacknowledgedFiles === 0 && removed.openExports.length === 0;
  return [
    `${dryRun ? paint.yellow('○') : paint.green('✔')} ${maskId(nationalId)}  ${cell(name)}  ${dryRun ? words.would : words.done}`,
    ...columns([[words.kept, ...countCells(messages.labels, kept), messages.labels.picked, kept.picks]], '  '),
    ...(isAcknowledged ? [`  ${fill(words.acknowledged, { count: acknowledgedFiles })}`] : []),
  ];
}

const removedOutput = ({ messages }: Context, removed: RemovedStudent) => ({
  nationalId: removed.nationalId,
  name: removed.name,
  dryRun: removed.dryRun,
  ...(removed.historyId > 0 && { historyId: removed.historyId }),
  kept: removed.kept,
  openExports: removed.openExports.map(({ id, file, at, school }) => ({ id, file, at: at.toISOString(), school })),
  acknowledgedFiles: removed.acknowledgedFiles,
  unacknowledgedFiles: removed.unacknowledgedFiles,
  findings: removed.findings.map((finding) => findingOutput(messages, finding)),
});
