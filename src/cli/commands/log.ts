import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import {
  headOf,
  type LogCheck,
  type LogEntry,
  type LogFault,
  type LogHead,
  logOf,
  type StudentLog,
  studentLogOf,
  verifyLog,
} from '../../exchange/log.js';
import { withStore } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { startOfDay, startOfNextDay } from '../../spec/terms.js';
import { dayFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { type Row, type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { bracketed, cell, columns, fittingColumns, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';
import { entryLines, entryOutput, historyTable, moreLines } from './history.js';

export interface LogOptions extends TableOptions {
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
  if (head === true) return newest(context);
  if (verify) return check(context, head);
  return student === undefined ? ledger(context, options, asked) : ofStudent(context, student, asked);
}

/** One line, to be kept elsewhere. */
async function newest(context: Context): Promise<Outcome> {
  const head = await withStore(storeFolder(context), headOf);
  return { json: { head }, text: [headText(head)] };
}

const headText = ({ position, hash }: LogHead): string => `${position} ${hash}`.trimEnd();

async function check(context: Context, head: string | undefined): Promise<Outcome> {
  const { messages, cwd } = context;
  const file = head === undefined ? undefined : resolve(cwd, head);
  const kept = file !== undefined && existsSync(file) ? file : head;
  const progress = startProgress(context, messages.progress.checking);
  const checked = await withStore(storeFolder(context), async (store) => {
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
  const { messages, paint, verbose, json } = context;
  const [first, last] = [since, until].map((text) => (text === undefined ? undefined : dayFrom(context, text)));
  const filter = {
    since: first === undefined ? undefined : startOfDay(first),
    before: last === undefined ? undefined : startOfNextDay(last),
    keyedIds: verbose || json || asked.csv === true || asked.xlsx !== undefined,
  };
  const entries = await withStore(storeFolder(context), (store) => logOf(store, filter));
  const lines = fittingColumns(
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
  ).flatMap((line, i) => [line, ...(verbose && entries[i] ? ledgerLines(context, entries[i]) : [])]);
  const outcome = {
    json: { entries: entries.map(ledgerOutput) },
    text: entries.length === 0 ? [messages.history.none] : lines,
  };
  return withTable(context, asked, outcome, () => ({ name: messages.tables.names.log, rows: ledgerTable(context, entries) }));
}

const SHORT_HASH = 12;

const ledgerLines = ({ messages, paint }: Context, { hash, md5, contentsDigest, keyedIds }: LogEntry): string[] =>
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

async function ofStudent(context: Context, student: string, asked: TableOptions): Promise<Outcome> {
  const { messages } = context;
  const found = await withStore(storeFolder(context), (store) => studentLogOf(store, student));
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
  return withTable(context, asked, outcome, () => ({ name: messages.tables.names.log, rows: historyTable(context, all) }));
}

/** Where data came from, where they went, and what was done with them here, each in the order it happened. */
function studentLines(context: Context, { nationalId, name, entries, backups }: StudentLog): string[] {
  const { messages, paint } = context;
  const { log: words } = messages;
  const sectionOf = (title: string, some: StudentLog['entries']): string[] => {
    const rows = entryLines(context, some);
    return some.length === 0 ? [] : ['', paint.cyan(title), ...some.flatMap((entry, i) => [rows[i] ?? '', ...moreLines(context, entry)])];
  };
  const isOf = (kinds: readonly string[]) => entries.filter(({ kind }) => kinds.includes(kind));
  return [
    paint.bold(bracketed(messages, cell(name), maskId(nationalId))),
    ...sectionOf(words.came, isOf(CAME)),
    ...sectionOf(
      words.went,
      [...isOf(WENT), ...backups].sort((a, b) => a.id - b.id),
    ),
    ...sectionOf(
      words.here,
      entries.filter(({ kind }) => !CAME.includes(kind) && !WENT.includes(kind)),
    ),
  ];
}

const CAME: readonly string[] = ['load', 'import', 'verify', 'recover', 'restore', 'move'];
const WENT: readonly string[] = ['export', 'receipt', 'files', 'register'];
