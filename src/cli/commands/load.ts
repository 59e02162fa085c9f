import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type LoadResult, loadFolder } from '../../exchange/load.js';
import { type LoadedTable, loadCourseCodes, loadSchools } from '../../exchange/load-reference-data.js';
import { withStore } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill, type Messages } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { findingLines, findingOutput } from '../render/findings.js';
import { cell, columns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface LoadOptions {
  readonly courseCodes: readonly string[];
  readonly schools: readonly string[];
}

/** `lpx load`: brings folders, course code files and lists of schools into the store, each whole or not at all. */
export async function load(context: Context, paths: readonly string[], options: LoadOptions): Promise<Outcome> {
  const { messages } = context;
  if (paths.length + options.courseCodes.length + options.schools.length === 0)
    throw new LpxError('LPX_USAGE', { problem: messages.usage.nothingToLoad });
  const progress = startProgress(context, messages.progress.loading);
  const folders: LoadResult[] = [];
  const courseCodes: LoadedTable[] = [];
  const schools: LoadedTable[] = [];
  const notLoaded: string[] = [];
  try {
    await withStore(storeFolder(context), async (store) => {
      const request = (path: string) => ({ path: resolve(context.cwd, path), now: context.now(), operator: context.operator() });
      // What is known first helps to check what comes after it.
      const each = async (all: readonly string[], work: (path: string) => Promise<unknown>) => {
        for (const path of all)
          if (context.stopping()) notLoaded.push(path);
          else await work(path);
      };
      await each(options.schools, async (path) => schools.push(await loadSchools(store, request(path))));
      await each(options.courseCodes, async (path) => courseCodes.push(await loadCourseCodes(store, request(path))));
      await each(paths, async (path) => folders.push(await loadFolder(store, request(path))));
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
      courseCodes: courseCodes.map((table) => tableOutput(messages, table)),
      schools: schools.map((table) => tableOutput(messages, table)),
    },
    text: [
      ...schools.map((table) => tableLine(context, messages.loadTables.schools, table)),
      ...courseCodes.map((table) => tableLine(context, messages.loadTables.courseCodes, table)),
      ...folders.flatMap((folder) => loadedLines(context, folder)),
    ],
    notes: [...schools, ...courseCodes, ...folders].flatMap(({ findings }) => findingLines(messages, context.paint, findings)),
    error: notLoaded.length > 0 ? new LpxError('LPX_STOPPED', { files: notLoaded.join(', ') }) : undefined,
  };
}

const tableLine = ({ paint }: Context, template: string, { file, rows, changed }: LoadedTable): string =>
  `${paint.green('✔')} ${fill(template, { file, rows, changed })}`;

const tableOutput = (messages: Messages, { findings, ...table }: LoadedTable) => ({
  ...table,
  findings: findings.map((finding) => findingOutput(messages, finding)),
});

function loadedLines({ messages, paint }: Context, { file, students, findings }: LoadResult): string[] {
  const nothing = students.every((student) => student.added + student.updated === 0);
  const restored = findings.some(({ code }) => code === 'LPX_ATTACHMENT_RESTORED');
  const rows = students.map(({ nationalId, name, ...counts }) => [maskId(nationalId), cell(name), fill(messages.load.student, counts)]);
  return [
    nothing
      ? fill(restored ? messages.load.restored : messages.load.nothing, { file })
      : `${paint.green('✔')} ${fill(messages.load.done, { file })}`,
    ...columns(rows, '  '),
  ];
}
