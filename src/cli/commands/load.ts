import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Finding, LpxError } from '../../errors.js';
import {
  type LoadedStudent,
  type LoadRequest,
  type LoadResult,
  loadFolder,
  type NamedRecord,
  type UpdatedRecord,
} from '../../exchange/load.js';
import { type LoadedTable, loadCourseCodes, loadSchools } from '../../exchange/load-reference-data.js';
import type { LoadedRegisters } from '../../exchange/load-registers.js';
import type { EarlierStudents, ListedStudent, LoadedRoster } from '../../exchange/load-roster.js';
import { isTable, loadTable, unusedAttachments } from '../../exchange/load-table.js';
import { type Store, withStore } from '../../exchange/school-store.js';
import { writeTemplate } from '../../exchange/write-template.js';
import { fileError } from '../../io/file-error.js';
import { maskId } from '../../masking.js';
import { fill, type Messages } from '../../messages/messages.js';
import { dayOf, termOn } from '../../spec/terms.js';
import { schoolYearFrom } from '../arguments.js';
import { canAsk, confirm } from '../confirm.js';
import type { Context, Outcome } from '../context.js';
import { startProgress, withProgressHeld } from '../progress.js';
import { findingLines, findingOutput } from '../render/findings.js';
import { printable } from '../render/printable.js';
import { cell, changeText, fittingColumns, LEAST_NAME, rollChangeText } from '../render/text.js';
import { networkNotes, storeFolder } from '../store-folder.js';

export interface LoadOptions {
  readonly courseCodes: readonly string[];
  readonly schools: readonly string[];
  readonly keepMissing?: boolean;
  readonly acceptPartial?: boolean;
  readonly template?: string;
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
  readonly skipBadRows?: boolean;
  readonly attachments?: string;
  readonly certified?: boolean;
  readonly year?: string;
}

/** `lpx load`: brings folders, lists, course code files and lists of schools into the store, each whole or not at all. */
export async function load(context: Context, paths: readonly string[], options: LoadOptions): Promise<Outcome> {
  const { messages } = context;
  if (options.template !== undefined) return template(context, options.template, paths, options);
  if (paths.length + options.courseCodes.length + options.schools.length === 0)
    throw new LpxError('LPX_USAGE', { problem: messages.usage.nothingToLoad });
  const progress = startProgress(context, messages.progress.loading);
  const folders: LoadResult[] = [];
  const lists: LoadedRoster[] = [];
  const registers: LoadedRegisters[] = [];
  const courseCodes: LoadedTable[] = [];
  const schools: LoadedTable[] = [];
  const notLoaded: string[] = [];
  const earlier: EarlierStudents = new Map();
  const ofRegisters = registerOptions(context, options);
  let failed: { readonly path: string; readonly error: LpxError } | undefined;
  try {
    await withStore(storeFolder(context), async (store) => {
      const request = (path: string) => ({ path: resolve(context.cwd, path), now: context.now(), operator: context.operator() });
      // What is known first helps to check what comes after it.
      const each = async (all: readonly string[], work: (path: string) => Promise<unknown>) => {
        for (const path of all)
          if (failed || context.stopping()) notLoaded.push(path);
          else
            await work(path).catch((fault) => {
              const error = fileError(fault, path);
              // What was loaded before it is loaded: that has to be said.
              if (
                !(error instanceof LpxError) ||
                schools.length + courseCodes.length + folders.length + lists.length + registers.length === 0
              )
                throw error;
              failed = { path, error };
              notLoaded.push(path);
            });
      };
      await each(options.schools, async (path) => schools.push(await loadSchools(store, request(path))));
      await each(options.courseCodes, async (path) => courseCodes.push(await loadCourseCodes(store, request(path))));
      await each(paths, async (path) => {
        const { dryRun, skipBadRows, keepMissing, acceptPartial } = options;
        const given = { ...request(path), dryRun };
        if (await isTable(given.path)) {
          const table = await loadTable(store, {
            ...given,
            skipBadRows,
            ...ofRegisters,
            earlier,
            onProgress: progress.update,
          });
          if (table.list) lists.push(table.list);
          if (table.registers) registers.push(table.registers);
        } else folders.push(await loadAsking(context, store, { ...given, keepMissing, acceptPartial }));
      });
      const last = registers.pop();
      if (last) registers.push({ ...last, findings: [...last.findings, ...(await unusedAttachments(store, [...registers, last]))] });
    });
  } finally {
    progress.stop();
  }
  const wrong = failed ? findingsOf(failed.error) : [];
  return {
    json: {
      dryRun: options.dryRun === true,
      ...(wrong.length > 0 && { findings: wrong.map((finding) => findingOutput(messages, finding)) }),
      folders: folders.map(({ file, students, findings }) => ({
        file,
        students,
        findings: findings.map((finding) => findingOutput(messages, finding)),
      })),
      lists: lists.map((list) => rosterOutput(messages, list)),
      registers: registers.map(({ file, rows, skippedRows, students, findings }) => ({
        file,
        rows,
        skippedRows,
        students,
        findings: findings.map((finding) => findingOutput(messages, finding)),
      })),
      courseCodes: courseCodes.map((table) => tableOutput(messages, table)),
      schools: schools.map((table) => tableOutput(messages, table)),
    },
    text: [
      ...(options.dryRun ? [context.paint.yellow(messages.roster.dryRun)] : []),
      ...schools.map((table) => tableLine(context, messages.loadTables.schools, table)),
      ...courseCodes.map((table) => tableLine(context, messages.loadTables.courseCodes, table)),
      ...lists.flatMap((list) => rosterLines(context, list)),
      ...registers.flatMap((register) => [...loadedLines(context, register), ...skippedLines(context, register)]),
      ...folders.flatMap((folder) => loadedLines(context, folder)),
    ],
    findings: [...[...schools, ...courseCodes, ...lists, ...registers, ...folders].flatMap(({ findings }) => findings), ...wrong],
    notes: networkNotes(context, storeFolder(context)),
    error: unloadedError(messages, notLoaded, failed?.path) ?? skippedError([...lists, ...registers]),
  };
}

/** `lpx load --template`: writes the workbook to fill in. It needs no store. */
async function template({ cwd, messages, paint }: Context, path: string, paths: readonly string[], options: LoadOptions): Promise<Outcome> {
  if (paths.length + options.courseCodes.length + options.schools.length > 0)
    throw new LpxError('LPX_USAGE', { problem: messages.usage.templateAlone });
  const { words, done, next } = messages.template;
  const { file, sheets } = await writeTemplate({ path: resolve(cwd, path), words, existing: options.overwrite ? 'replace' : 'keep' });
  return {
    json: { template: { file, sheets }, dryRun: false, folders: [], lists: [], registers: [], courseCodes: [], schools: [] },
    text: [`${paint.green('✔')} ${fill(done, { file, count: sheets.length })}`, fill(next, { file })],
  };
}

/** What is said of an error that does not end the command: the error itself where it has nothing more in it. */
const findingsOf = ({ code, facts, place, findings }: LpxError): readonly Finding[] =>
  findings.length > 0 ? findings : [{ code, severity: 'error', place, facts } as Finding];

/** @param failed the first of those that were not loaded, where something is wrong with it */
function unloadedError(messages: Messages, notLoaded: readonly string[], failed: string | undefined): LpxError | undefined {
  if (notLoaded.length === 0) return undefined;
  const files = notLoaded.join(messages.usage.and);
  return failed === undefined ? new LpxError('LPX_STOPPED', { files }) : new LpxError('LPX_NOT_ALL_LOADED', { files, file: failed });
}

function skippedError(lists: readonly { readonly skippedRows: number }[]): LpxError | undefined {
  const count = lists.reduce((sum, { skippedRows }) => sum + skippedRows, 0);
  return count === 0 ? undefined : new LpxError('LPX_ROWS_SKIPPED', { count });
}

const skippedLines = ({ messages, paint }: Context, { skippedRows }: LoadedRegisters): string[] =>
  skippedRows > 0 ? [paint.yellow(`  ${fill(messages.roster.skipped, { count: skippedRows })}`)] : [];

const registerOptions = (context: Context, { attachments, certified, year }: LoadOptions) => ({
  certified,
  attachments: attachments === undefined ? undefined : folderFrom(context, attachments),
  academicYear: year === undefined ? undefined : pastSchoolYearFrom(context, year),
});

/** @throws LPX_USAGE for a file; what is not there is found out when it is read */
function folderFrom({ cwd, messages }: Context, option: string): string {
  const folder = resolve(cwd, option);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.notFolder, { option: '--attachments', value: option }) });
  return folder;
}

/** Before it, there were no learning portfolios. */
const FIRST_SCHOOL_YEAR = 100;

/** A school year that has begun. @throws LPX_USAGE */
function pastSchoolYearFrom(context: Context, option: string): number {
  const year = schoolYearFrom(context, option);
  const current = termOn(dayOf(context.now())).academicYear;
  if (year >= FIRST_SCHOOL_YEAR && year <= current) return year;
  const { schoolYearRange } = context.messages.usage;
  throw new LpxError('LPX_USAGE', { problem: fill(schoolYearRange, { value: option, from: FIRST_SCHOOL_YEAR, to: current }) });
}

const rosterOutput = (messages: Messages, { dryRun: _, findings, ...list }: LoadedRoster) => ({
  ...list,
  findings: findings.map((finding) => findingOutput(messages, finding)),
});

/** Students that are named without being asked for. */
const NAMED_STUDENTS = 20;

function rosterLines(context: Context, list: LoadedRoster): string[] {
  const { messages, paint, verbose } = context;
  const { labels, roster: words, students: ofStudents } = messages;
  const { file, created, updated, unchanged, skippedRows } = list;
  // Those of whom a name or birth date changed are always named.
  const named = list.students.filter(({ changes }, i) => verbose || changes.length > 0 || i < NAMED_STUDENTS);
  const rows = fittingColumns(
    context,
    named.map(({ nationalId, name, className, seat, studentNumber, created }) => [
      ...[maskId(nationalId), name, className, seat, studentNumber],
      created ? paint.cyan(ofStudents.created) : '',
    ]),
    [
      [1, LEAST_NAME],
      [2, 8],
      [4, 0],
    ],
    '  ',
  );
  const unnamed = created + updated - named.length;
  return [
    created + updated > 0
      ? `${list.dryRun ? '' : `${paint.green('✔')} `}${fill(words.done, { file, created, updated, unchanged })}`
      : fill(words.nothing, { file, unchanged }),
    ...named.flatMap((student, i) => [
      rows[i] ?? '',
      ...student.changes.map((change) => `    ${changeText(labels, change)}`),
      ...rollLines(messages, student),
    ]),
    ...(unnamed > 0 ? [paint.dim(`  ${fill(words.more, { count: unnamed })}`)] : []),
    ...(skippedRows > 0 ? [paint.yellow(`  ${fill(words.skipped, { count: skippedRows })}`)] : []),
  ];
}

/** What a list changed of a student's class, seat and number; what it adds is on the student's own line. */
function rollLines({ labels, history }: Messages, { rollChanges }: ListedStudent): string[] {
  const replaced = rollChanges.filter(({ from }) => from !== '');
  return replaced.length === 0 ? [] : [`    ${replaced.map((change) => rollChangeText(labels, change)).join(history.and)}`];
}

const tableLine = ({ paint }: Context, template: string, { file, rows, changed }: LoadedTable): string =>
  `${paint.green('✔')} ${fill(template, { file, rows, changed })}`;

const tableOutput = (messages: Messages, { findings, ...table }: LoadedTable) => ({
  ...table,
  findings: findings.map((finding) => findingOutput(messages, finding)),
});

/** Updated records that are named without being asked for. */
const NAMED_UPDATES = 20;

function loadedLines(context: Context, { file, students, dryRun, changed, findings }: LoadResult): string[] {
  const { messages, paint, verbose } = context;
  const { labels, load: words, students: ofStudents } = messages;
  const updates = students.reduce((sum, student) => sum + student.updates.length, 0);
  let room = verbose ? updates : NAMED_UPDATES;
  const named = (student: LoadedStudent) => {
    const some = student.updates.slice(0, room);
    room -= some.length;
    return some;
  };
  const restored = findings.some(({ code }) => code === 'LPX_ATTACHMENT_RESTORED');
  const rows = fittingColumns(
    context,
    students.map(({ nationalId, name, created, added, updated, unchanged }) => [
      maskId(nationalId),
      name,
      fill(words.student, { added, updated, unchanged }),
      created ? paint.cyan(ofStudents.created) : '',
    ]),
    [[1, LEAST_NAME]],
    '  ',
  );
  const differs = findings.some(({ code }) => code === 'LPX_REGISTER_DIFFERS');
  const loadedBefore = restored ? words.restored : differs ? words.differs : words.nothing;
  const unchanged = students.length === 0 ? words.empty : loadedBefore;
  return [
    !changed ? fill(unchanged, { file }) : dryRun ? fill(words.wouldLoad, { file }) : `${paint.green('✔')} ${fill(words.done, { file })}`,
    ...students.flatMap((student, i) => [
      rows[i] ?? '',
      ...student.changes.map((change) => `    ${changeText(labels, change)}`),
      ...named(student).flatMap(updatedLines),
      ...namedLines(context, words.returned, student.returned),
      ...namedLines(context, words.unpicked, student.unpicked),
      ...namedLines(context, words.removed, student.removed),
      ...namedLines(context, words.kept, student.kept),
    ]),
    ...(room > 0 || updates <= NAMED_UPDATES || verbose
      ? []
      : [paint.dim(`  ${fill(words.moreUpdates, { count: updates - NAMED_UPDATES })}`)]),
  ];
}

const updatedLines = ({ ref, list, title, changes }: UpdatedRecord): string[] => [
  `    ${[ref, cell(list, 28), cell(title, 36)].join('  ')}`,
  ...changes.map(
    ({ property, from, to }) =>
      `      ${fill('{property} {from} → {to}', { property, from: cell(from || '—', 24), to: cell(to || '—', 24) })}`,
  ),
];

const namedLines = (context: Context, template: string, records: readonly NamedRecord[]): string[] =>
  records.length === 0
    ? []
    : [
        `    ${fill(template, { count: records.length })}`,
        ...fittingColumns(
          context,
          records.map(({ ref, list, title, term }) => [ref, list, title, term]),
          [
            [2, 12],
            [1, 12],
          ],
          '      ',
        ),
      ];

/** Loads a folder. Before it takes out records that may be missing by mistake, it asks, if there is somebody to ask. */
async function loadAsking(context: Context, store: Store, request: LoadRequest): Promise<LoadResult> {
  const confirmed = { ...request, confirmed: true };
  if (context.yes) return loadFolder(store, confirmed);
  try {
    return await loadFolder(store, request);
  } catch (error) {
    if (!(error instanceof LpxError) || !isDoubt(error) || !canAsk(context)) throw error;
    const { messages, paint, stderr } = context;
    const isConfirmed = await withProgressHeld(context, async () => {
      for (const line of findingLines(messages, paint, error.findings)) stderr.write(`${printable(line, false)}\n`);
      return confirm(context, messages.load.takeOut);
    });
    if (!isConfirmed) throw error;
    return loadFolder(store, confirmed);
  }
}

const isDoubt = ({ code }: LpxError): boolean => code === 'LPX_LIST_EMPTIED' || code === 'LPX_MANY_MISSING' || code === 'LPX_PICK_MISSING';
