import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type Choice, type ChosenStudent, type Item, pickItems, studentItems } from '../../exchange/pick.js';
import { withStore, withStoreToRead } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { canonicalCode } from '../../plain-text.js';
import { readPicks } from '../../roster/lists.js';
import { isCourseResult, termOfRecord, titleOf, wireListOf } from '../../spec/portfolio.js';
import { wholeNumber } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { type Table, type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { cell, columns, fittingColumns } from '../render/text.js';
import { versionOutput, versionText, withVersions } from '../render/versions.js';
import { storeFolder } from '../store-folder.js';

export interface PickOptions extends TableOptions {
  readonly remove: readonly string[];
  readonly list?: string;
  readonly extendedYears?: string;
  readonly includeLeft?: boolean;
}

/** The longest a study is lengthened, in school years. */
const EXTENDED_YEARS = 4;

/** `lpx pick`: records the picks of students; without a reference, lists what can be picked. */
export async function pick(
  context: Context,
  nationalId: string | undefined,
  refs: readonly string[],
  options: PickOptions,
): Promise<Outcome> {
  const { usage } = context.messages;
  const asked = tableAsked(context, options);
  if (nationalId === undefined && options.list === undefined) throw new LpxError('LPX_USAGE', { problem: usage.noPick });
  const extendedYears =
    options.extendedYears === undefined
      ? undefined
      : wholeNumber(context, '--extended-years', options.extendedYears, { from: 0, to: EXTENDED_YEARS });
  const both = refs.map(canonicalCode).filter((ref) => options.remove.map(canonicalCode).includes(ref));
  if (both.length > 0) throw new LpxError('LPX_USAGE', { problem: fill(usage.pickAndRemove, { refs: both.join(', ') }) });
  const choosing = refs.length + options.remove.length > 0 || extendedYears !== undefined;
  if (options.list !== undefined && (nationalId !== undefined || choosing)) throw new LpxError('LPX_USAGE', { problem: usage.listAlone });
  if (nationalId !== undefined && !choosing) return listed(context, nationalId, asked);
  if (asked.csv || asked.xlsx !== undefined) throw new LpxError('LPX_USAGE', { problem: usage.tableOfPicks });
  const choices: readonly Choice[] =
    nationalId !== undefined
      ? [{ nationalId, pick: refs, unpick: options.remove, extendedYears }]
      : (await readPicks(resolve(context.cwd, options.list as string))).map(({ nationalId, refs }) => ({
          nationalId,
          pick: refs,
          unpick: [],
        }));
  const students = await withStore(storeFolder(context), (store) =>
    pickItems(store, choices, { now: context.now(), operator: context.operator(), includeLeft: options.includeLeft === true }),
  );
  return { json: { students: students.map(studentOutput) }, text: students.flatMap((student) => chosenLines(context, student)) };
}

async function listed(context: Context, nationalId: string, asked: TableOptions): Promise<Outcome> {
  const { messages } = context;
  const student = await withStoreToRead(storeFolder(context), (store) => studentItems(store, nationalId));
  const { items } = student;
  const outcome = {
    json: { students: [studentOutput({ ...student, picked: [], unpicked: [], changed: false })] },
    text: items.length === 0 ? [messages.pick.nothing] : itemLines(context, items),
    notes: items.length === 0 ? [] : [messages.pick.how],
  };
  return withTable(context, asked, outcome, () => tableOf(context, student));
}

/** A row an item. */
function tableOf({ messages }: Context, { nationalId, name, items }: Pick<ChosenStudent, 'nationalId' | 'name' | 'items'>): Table {
  const { columns: titles, provenance, leftOut, pick: words, tables } = messages;
  const head = [
    ...[titles.nationalId, titles.name, titles.ref, titles.schoolYear, titles.provenance, titles.list, titles.title, titles.term],
    ...[titles.school, titles.courseCode, titles.pickState, titles.hindrance, titles.version],
  ];
  const rows = items.map(({ ref, schoolYear, state, unfit, version, stored: { record, ...stored } }) => [
    ...[nationalId, name, ref, schoolYear, provenance[stored.provenance], wireListOf(record.list).wire, titleOf(record)],
    ...[termOfRecord(record), record.fields.originSchoolCode, isCourseResult(record) ? record.fields.courseCode : ''],
    ...[words.states[state], unfit ? leftOut[unfit] : '', version ? versionText(messages, version) : ''],
  ]);
  return { name: tables.names.pick, rows: [head, ...rows], output: { command: 'pick', nationalIds: [nationalId] } };
}

function chosenLines({ messages, paint }: Context, { nationalId, name, picked, unpicked, standings }: ChosenStudent): string[] {
  const { labels, pick: words, standing } = messages;
  const rows = standings.map(({ schoolYear, half, picked: count, perYear, left }) => [
    String(schoolYear),
    labels[half],
    labels.picked,
    fill(standing.total, { picked: count, limit: perYear }),
    labels.left,
    left,
  ]);
  return [
    `${paint.green('✔')} ${maskId(nationalId)}  ${cell(name)}  ${fill(words.recorded, { picked: picked.length, unpicked: unpicked.length })}`,
    ...columns(rows, '  '),
  ];
}

function itemLines(context: Context, items: readonly Item[]): string[] {
  const { messages, paint } = context;
  const { labels, pick: words, provenance, leftOut } = messages;
  const header = [labels.reference, labels.year, '', labels.list, labels.title, labels.term, labels.from].map((text) => paint.dim(text));
  const rows = items.map(({ ref, schoolYear, stored, state, unfit }) => [
    paint.cyan(ref),
    String(schoolYear),
    provenance[stored.provenance],
    wireListOf(stored.record.list).wire,
    titleOf(stored.record),
    termOfRecord(stored.record),
    stored.record.fields.originSchoolCode,
    unfit ? paint.yellow(leftOut[unfit]) : paint.green(words.states[state]),
  ]);
  const [head = '', ...lines] = fittingColumns(
    context,
    [header, ...rows],
    [
      [4, 12],
      [3, 12],
      [4, 8],
    ],
  );
  return [head, ...withVersions(messages, lines, items)];
}

const studentOutput = ({ nationalId, name, picked, unpicked, extendedYears, items, standings, totals }: ChosenStudent) => ({
  nationalId,
  name,
  extendedYears,
  picked,
  unpicked,
  items: items.map(itemOutput),
  standings,
  totals,
});

const itemOutput = ({ ref, half, schoolYear, state, unfit, version, stored: { record, provenance } }: Item) => ({
  ref,
  half,
  schoolYear,
  state,
  ...(unfit && { unfit }),
  provenance,
  list: wireListOf(record.list).wire,
  title: titleOf(record),
  term: termOfRecord(record),
  originSchoolCode: record.fields.originSchoolCode,
  courseCode: isCourseResult(record) ? record.fields.courseCode : '',
  ...(version && { version: versionOutput(version) }),
});
