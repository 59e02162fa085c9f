import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import {
  headOf,
  type LogCheck,
  type LogEntry,
  type LogFault,
  type LogHead,
  logPages,
  type StudentLog,
  studentLogOf,
  verifyLog,
} from '../../exchange/log.js';
import { withStoreToRead } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { startOfDay, startOfNextDay } from '../../spec/terms.js';
import { dayFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { type HtmlOptions, htmlFile, withPage } from '../html-file.js';
import { startProgress } from '../progress.js';
import { custodyOnPaper, partsOf } from '../render/custody.js';
import { entryOutput, historyTable, moreLines, wholeEntryLines } from '../render/entries.js';
import { frameOf } from '../render/html.js';
import { printPages } from '../render/pages.js';
import { type Row, type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { bracketed, cell, columns, fittingColumns, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface LogOptions extends TableOptions, HtmlOptions {
  readonly verify?: boolean;
  /** A head; true to print the newest one. */
  readonly head?: string | true;
  readonly student?: string;
  readonly since?: string;
  readonly until?: string;
}

/** `lpx log`: the history as a ledger; its head; whether it is whole; and everywhere a student's data went. */
export async function log(context: Context, options: LogOptions): Promise<Outcome> {
  const { head, verify, student } = options;
  const asked = tableAsked(context, options);
  const wanted = [head === true || (head !== undefined && !verify), verify, student !== undefined].filter(Boolean);
  if (wanted.length > 1 || (typeof head === 'string' && !verify))
    throw new LpxError('LPX_USAGE', { problem: context.messages.usage.logOne });
  if (options.html !== undefined && student === undefined) throw new LpxError('LPX_USAGE', { problem: context.messages.usage.logHtml });
  if (head === true) return newest(context);
  if (verify) return check(context, head);
  return student === undefined ? ledger(context, options, asked) : ofStudent(context, student, options, asked);
}

/** One line, to be kept elsewhere. */
async function newest(context: Context): Promise<Outcome> {
  const head = await withStoreToRead(storeFolder(context), headOf);
  return { json: { head }, text: [headText(head)] };
}

const headText = ({ position, hash }: LogHead): string => `${position} ${hash}`.trimEnd();

async function check(context: Context, head: string | undefined): Promise<Outcome> {
  const { messages, cwd } = context;
  const file = head === undefined || head.trim() === '' ? undefined : resolve(cwd, head);
  const kept = file !== undefined && existsSync(file) ? file : head;
  const progress = startProgress(context, messages.progress.checking);
  const checked = await withStoreToRead(storeFolder(context), async (store) => {
    const { position: newest } = await headOf(store);
    return verifyLog(store, kept, (position) => progress.update(position, Math.max(newest, position)));
  }).finally(progress.stop);
  const { entries: count, ...rest } = checked;
  return {
    json: { ...rest, count, anchored: head !== undefined },
    text: checkLines(context, checked, head !== undefined),
    notes: head === undefined && rest.faultCount === 0 ? [messages.log.unanchored] : [],
    ...(rest.faultCount > 0 && { error: new LpxError('LPX_LOG_BROKEN', { count: rest.faultCount }) }),
  };
}

function checkLines({ messages, paint }: Context, checked: LogCheck, anchored: boolean): string[] {
  const { log: words } = messages;
  const { head, entries, students, gaps, faults, faultCount, since } = checked;
  const facts = [
    [words.entries, fill(words.counted, { entries, students })],
    ...(gaps > 0 && faultCount === 0 ? [[words.gaps, fill(words.gapsOf, { count: gaps })]] : []),
    ...(head.position === 0 ? [] : [[words.newest, headText(head)]]),
    ...(anchored && since !== undefined ? [[words.kept, since === 0 ? words.keptSame : fill(words.keptSince, { count: since })]] : []),
  ];
  const more = faultCount - faults.length;
  return [
    faultCount === 0 ? `${paint.green('✔')} ${words.whole}` : `${paint.red('✘')} ${fill(words.broken, { count: faultCount })}`,
    ...columns(facts, '  '),
    ...(faultCount === 0 ? [`  ${words.onlyLog}`] : []),
    ...faults.map((fault) => `  ${paint.red('✘')} ${faultText(messages, fault)}`),
    ...(more > 0 ? [`  ${fill(words.more, { count: more })}`] : []),
  ];
}

function faultText(messages: Context['messages'], { what, position, id, count = 0 }: LogFault): string {
  const { log: words } = messages;
  const where = [position > 0 ? fill(words.position, { position }) : '', id > 0 ? fill(messages.slip.number, { number: id }) : ''];
  const [first = '', second = ''] = where.filter(Boolean);
  const at = second === '' ? first : bracketed(messages, first, second);
  return [at, fill(words.faults[what], { count })].filter(Boolean).join('  ');
}

async function ledger(context: Context, { since, until }: LogOptions, asked: TableOptions): Promise<Outcome> {
  const { messages, verbose, json } = context;
  const [first, last] = [since, until].map((text) => (text === undefined ? undefined : dayFrom(context, text)));
  const filter = {
    since: first === undefined ? undefined : startOfDay(first),
    before: last === undefined ? undefined : startOfNextDay(last),
    keyedIds: verbose || json || asked.csv === true || asked.xlsx !== undefined,
  };
  const form = {
    command: 'log',
    output: ledgerOutput,
    lines: (entries: readonly LogEntry[]) => ledgerLines(context, entries),
    none: messages.history.none,
  } as const;
  if (!asked.csv && asked.xlsx === undefined)
    return withStoreToRead(storeFolder(context), (store) => printPages(context, logPages(store, filter), form));
  const entries: LogEntry[] = [];
  await withStoreToRead(storeFolder(context), async (store) => {
    for await (const page of logPages(store, filter)) entries.push(...page);
  });
  const table = () => ({ name: messages.tables.names.log, rows: ledgerTable(context, entries) });
  return withTable(context, asked, { json: {}, text: [] }, table);
}

const SHORT_HASH = 12;

function ledgerLines(context: Context, entries: readonly LogEntry[]): string[] {
  const { messages, paint, verbose } = context;
  return fittingColumns(
    context,
    entries.map(({ position, hash, id, at, kind, operator, file, studentCount }) => [
      paint.bold(String(position)),
      `#${id}`,
      paint.dim(hash.slice(0, SHORT_HASH)),
      localTime(new Date(at)),
      messages.kinds[kind],
      operator,
      file,
      studentCount === 0 ? '' : fill(messages.log.students, { count: studentCount }),
    ]),
    [
      [5, 0],
      [7, 0],
      [6, 12],
    ],
  ).flatMap((line, i) => [line, ...(verbose && entries[i] ? hashLines(context, entries[i]) : [])]);
}

const hashLines = ({ messages, paint }: Context, { hash, md5, contentsDigest, keyedIds }: LogEntry): string[] =>
  [
    `SHA-256 ${hash}`,
    md5 && `MD5 ${md5}`,
    contentsDigest && `${messages.labels.contentsDigest} ${contentsDigest}`,
    ...keyedIds.map((keyedId) => `${messages.log.keyedId} ${keyedId}`),
  ]
    .filter(Boolean)
    .map((line) => paint.dim(`    ${line}`));

const ledgerOutput = ({ request, refersTo, ...entry }: LogEntry) => ({
  ...entry,
  ...(request !== undefined && { request }),
  ...(refersTo !== undefined && { refersTo }),
});

function ledgerTable({ messages }: Context, entries: readonly LogEntry[]): Row[] {
  const { columns: title, kinds, labels, log: words } = messages;
  const header = [
    ...[words.entry, 'SHA-256', title.number, title.at, title.kind, title.operator, title.file, 'MD5', labels.contentsDigest],
    ...[title.otherSchool, words.keyedId],
  ];
  const rows = entries.flatMap((entry): Row[] => {
    const { position, hash, id, at, kind, operator, file, md5, contentsDigest, school, keyedIds } = entry;
    const ofEntry = [position, hash, id, localTime(new Date(at)), kinds[kind], operator, file, md5, contentsDigest, school];
    return keyedIds.length === 0 ? [[...ofEntry, '']] : keyedIds.map((keyedId) => [...ofEntry, keyedId]);
  });
  return [header, ...rows];
}

async function ofStudent(context: Context, student: string, options: LogOptions, asked: TableOptions): Promise<Outcome> {
  const { messages } = context;
  const html = htmlFile(context, options, 'other files too');
  const { found, answering } = await withStoreToRead(storeFolder(context), async (store) => ({
    found: await studentLogOf(store, student),
    answering: { school: store.school, operator: context.operator(), logHead: await headOf(store) },
  }));
  const all = [...found.entries, ...found.backups].sort((a, b) => a.id - b.id);
  const outcome = {
    json: {
      student: { nationalId: found.nationalId, name: found.name },
      entries: found.entries.map(entryOutput),
      backups: found.backups.map(entryOutput),
    },
    text: studentLines(context, found),
    notes: found.removedBy === undefined ? [] : [fill(messages.log.removed, { id: found.removedBy })],
  };
  const output = { command: 'log', nationalIds: [found.nationalId] } as const;
  const shown = await withPage(context, outcome, html && { ...html, output }, async () => {
    const { custodyPage } = await import('../../report/custody.js');
    return custodyPage(frameOf(context), custodyOnPaper(messages, found, answering));
  });
  return withTable(context, asked, shown, () => ({ name: messages.tables.names.log, rows: historyTable(context, all), output }));
}

function studentLines(context: Context, log: StudentLog): string[] {
  const { messages, paint } = context;
  return [
    paint.bold(bracketed(messages, cell(log.name), maskId(log.nationalId))),
    ...partsOf(messages, log).flatMap(({ heading, entries }) => {
      const rows = wholeEntryLines(context, entries);
      return ['', paint.cyan(heading), ...entries.flatMap((entry, i) => [...(rows[i] ?? []), ...moreLines(context, entry)])];
    }),
  ];
}
