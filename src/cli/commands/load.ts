import { resolve } from 'node:path';
import { maskId } from '../../errors.js';
import { type LoadResult, loadFolder } from '../../exchange/load.js';
import { withStore } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { findingLines, findingOutput } from '../render/findings.js';
import { cell, columns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx load`: brings folders into the store, each whole or not at all. */
export async function load(context: Context, paths: readonly string[]): Promise<Outcome> {
  const { messages } = context;
  const progress = startProgress(context, messages.progress.loading);
  const folders: LoadResult[] = [];
  try {
    await withStore(storeFolder(context), async (store) => {
      for (const path of paths) folders.push(await loadFolder(store, { path: resolve(context.cwd, path), now: context.now() }));
    });
  } finally {
    progress.stop();
  }
  return {
    json: {
      folders: folders.map(({ file, students, findings }) => ({
        file,
        students: students.map(({ nationalId, ...rest }) => ({ nationalIdMasked: maskId(nationalId), ...rest })),
        findings: findings.map((finding) => findingOutput(messages, finding)),
      })),
    },
    text: folders.flatMap((folder) => loadedLines(context, folder)),
    notes: folders.flatMap((folder) => findingLines(messages, context.paint, folder.findings)),
  };
}

function loadedLines({ messages, paint }: Context, { file, students }: LoadResult): string[] {
  const nothing = students.every((student) => student.added + student.updated === 0);
  const rows = students.map(({ nationalId, name, ...counts }) => [maskId(nationalId), cell(name), fill(messages.load.student, counts)]);
  return [
    nothing ? fill(messages.load.nothing, { file }) : `${paint.green('✔')} ${fill(messages.load.done, { file })}`,
    ...columns(rows, '  '),
  ];
}
