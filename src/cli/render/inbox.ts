/** What became of the packages of an inbox, for people, as data and as a table. */
import { basename } from 'node:path';
import { LpxError } from '../../errors.js';
import type { InboxResult } from '../../exchange/batch-import.js';
import { maskId } from '../../masking.js';
import { fill, type Messages } from '../../messages/messages.js';
import type { Context } from '../context.js';
import type { Failure } from '../generated/outputs.js';
import { errorOfUnfit, failureOutput, findingOutput, unfitOutput } from './findings.js';
import { reportOutput } from './report.js';
import { cell, NAME_COLUMNS } from './text.js';

type Outcome = InboxResult['outcome'];

/** How many packages came to what. */
export type InboxCounts = Readonly<Record<Outcome, number>>;

export const NO_COUNTS: InboxCounts = {
  imported: 0,
  unchanged: 0,
  'would-import': 0,
  intact: 0,
  refused: 0,
  waiting: 0,
  elsewhere: 0,
};

/** The error of a package: why it was refused, stays or could not be moved, or that students of it were left out. */
export const errorOfResult = ({ error, imported }: InboxResult): LpxError | undefined => error ?? errorOfUnfit(imported?.unfit ?? []);

/** A package as the schema of batches has it. The consequence of an error is that for a package alone. */
export function packageOutput(messages: Messages, result: InboxResult) {
  const { file, outcome, movedTo, report, imported } = result;
  const error = errorOfResult(result);
  const found = [...(report?.findings ?? []), ...(imported ? [...imported.conflicts, ...imported.notices, ...imported.restored] : [])];
  const verified = report && reportOutput(messages, report);
  return {
    file,
    outcome,
    movedTo,
    ...(verified && { package: verified.package, checks: verified.checks, students: verified.students }),
    ...(imported && {
      historyId: imported.historyId,
      created: imported.students.filter(({ created }) => created).length,
      records: countOutcomes(imported.students.flatMap(({ records }) => records)),
      unfit: imported.unfit.map((student) => unfitOutput(messages, student)),
    }),
    findings: (report ? found : (error?.findings ?? [])).map((finding) => findingOutput(messages, finding)),
    ...(error && { error: failureOf(messages, result, error) }),
  };
}

/** The error of a package in an inbox: without the package's name, which is known, and with what to do there when it waits. */
function failureOf(messages: Messages, { file, outcome, imported }: InboxResult, error: LpxError): Failure {
  const failure = failureOutput(messages, imported ? 'import' : 'verify', error);
  const own = outcome === 'waiting' ? messages.inbox.waits[error.code as keyof Messages['inbox']['waits']] : undefined;
  if (own) return { ...failure, message: own.what, hint: own.next };
  const before = `${basename(file)}${messages.places.before}`;
  return { ...failure, message: failure.message.startsWith(before) ? failure.message.slice(before.length) : failure.message };
}

/** How many records came to what; outcomes that no record has are not there. */
function countOutcomes(records: readonly { readonly outcome: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of records) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/**
 * The same for people: a line, and for what is not in order, why.
 * @param said codes whose advice was given before
 * @param retried the advice for what waits, where lpx tries it again by itself
 */
export function packageLines({ messages, paint }: Context, result: InboxResult, said: Set<string>, retried?: string): string[] {
  const { file, outcome, imported } = result;
  const error = errorOfResult(result);
  const mark = outcome === 'refused' ? paint.red('✘') : error ? paint.yellow('!') : paint.green('✔');
  const students = (imported?.students ?? []).map(({ nationalId, name }) => `${maskId(nationalId)} ${cell(name, NAME_COLUMNS)}`);
  const words = fill(messages.inbox.outcomes[outcome], { id: imported?.historyId ?? 0 });
  const line = [
    `${mark} ${paint.bold(file)}`,
    words,
    ...students.slice(0, NAMED_STUDENTS),
    ...(students.length > NAMED_STUDENTS ? ['…'] : []),
  ];
  if (!error) return [line.join('  ')];
  const failure = failureOf(messages, result, error);
  const advice = said.has(error.code) ? [] : [`  → ${outcome === 'waiting' && retried !== undefined ? retried : failure.hint}`];
  said.add(error.code);
  return [line.join('  '), `  ${failure.message}  ${paint.dim(failure.code)}`, ...advice];
}

/** Of a package of more students, only the first are named. */
const NAMED_STUDENTS = 3;

/** How many packages came to what, in a line. @param open how many have no result */
export const countsLine = ({ messages: { inbox, usage } }: Context, counts: InboxCounts, open = 0): string => {
  const parts = (Object.keys(counts) as Outcome[])
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => fill(inbox.counts[outcome], { count: counts[outcome] }));
  const all = open > 0 ? [...parts, fill(inbox.open, { count: open })] : parts;
  return all.length === 0 ? inbox.empty : all.join(usage.and);
};

/** The error that ends a batch with packages that were refused, or stay. */
export function errorOfCounts({ refused, waiting, ...others }: InboxCounts, failed: number): LpxError | undefined {
  if (failed === 0) return undefined;
  const total = Object.values(others).reduce((sum, count) => sum + count, refused + waiting);
  return new LpxError('LPX_INBOX_UNFINISHED', { total, failed, refused, waiting });
}

/** The table of results: what a check alone has nothing to say of is not in it. @param rows as `tableRow` */
export function resultTable({ inbox }: Messages, rows: readonly (readonly (string | number)[])[], isCheck: boolean) {
  const names = Object.keys(inbox.columns);
  const kept = (cells: readonly (string | number)[]) => cells.filter((_, i) => !isCheck || !OF_IMPORTS.has(names[i] ?? ''));
  return { name: isCheck ? inbox.checkSheet : inbox.sheet, rows: [Object.values(inbox.columns), ...rows].map(kept) };
}

/** Columns about what importing does. */
const OF_IMPORTS: ReadonlySet<string> = new Set(['movedTo', 'records', 'historyId']);

/** A row of the table of results: a package. */
export function tableRow(messages: Messages, result: InboxResult): (string | number)[] {
  const { file, outcome, movedTo, report, imported } = result;
  const error = errorOfResult(result);
  const failure = error && failureOf(messages, result, error);
  const records = imported?.students.flatMap((student) => student.records) ?? [];
  return [
    file,
    fill(messages.inbox.results[outcome], {}),
    movedTo,
    report?.package.school ?? /^[0-9A-Z]{6}(?=_)/.exec(basename(file))?.[0] ?? '',
    (report?.students ?? []).map(({ nationalId }) => nationalId).join(' '),
    (report?.students ?? []).map(({ name }) => name).join(' '),
    imported ? records.filter(({ outcome: of }) => of === 'new' || of === 'beside' || of === 'replaced').length : '',
    imported?.historyId || '',
    report?.package.md5 ?? '',
    failure?.code ?? '',
    failure?.message ?? '',
    failure?.hint ?? '',
  ];
}
