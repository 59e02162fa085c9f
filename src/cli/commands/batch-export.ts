import { existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import {
  type BatchExportRequest,
  type BatchExportResult,
  exportBatch,
  type JobOutcome,
  type RowOutcome,
  type SentPackage,
} from '../../batch/export-batch.js';
import { errorOf, type Finding, findingOf, LpxError } from '../../errors.js';
import type { ExportSlip } from '../../exchange/slip.js';
import { replaceFile } from '../../io/publish.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { readExportList } from '../../roster/export-list.js';
import { csv, workbook } from '../../roster/tables.js';
import type { Cell } from '../../spec/registers.js';
import { EXCHANGE_REASONS } from '../../spec/status-changes.js';
import { jobsFrom } from '../arguments.js';
import { type BatchProgress, startBatchProgress } from '../batch-progress.js';
import { readChoice } from '../choices.js';
import type { Context, Outcome } from '../context.js';
import { generatePassword } from '../passwords.js';
import { type QueueOptions, type QueueTerms, withQueue } from '../queue-options.js';
import { failureOutput, findingOutput } from '../render/findings.js';
import { frameOf } from '../render/html.js';
import { jsonLine } from '../render/json.js';
import { bracketed, columns, fittingColumns, LEAST_NAME, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';
import { baseOf, coverPage } from './slip.js';

export interface BatchExportOptions extends QueueOptions {
  readonly out: string;
  readonly passwords: string;
  readonly groupBy: 'student' | 'school';
  readonly jobs?: string;
  readonly resume?: boolean;
  readonly resend?: boolean;
  readonly jsonLines?: boolean;
  readonly encryption: 'aes256' | 'zipcrypto';
  readonly force?: boolean;
  readonly acceptLeft?: boolean;
}

/** `lpx batch export`: the packages of a list of students, and a table of passwords for each receiving school. */
export async function batchExport(context: Context, listFile: string, options: BatchExportOptions): Promise<Outcome> {
  return withQueue(context, options, { '--jobs': options.jobs !== undefined }, (queued) => exportList(context, listFile, options, queued));
}

async function exportList(
  context: Context,
  listFile: string,
  options: BatchExportOptions,
  queued: QueueTerms | undefined,
): Promise<Outcome> {
  const threads = jobsFrom(context, options.jobs);
  const list = await readExportList(resolve(context.cwd, listFile), (text) => readChoice(text, EXCHANGE_REASONS));
  const request: BatchExportRequest = {
    folder: storeFolder(context),
    list,
    outFolder: resolve(context.cwd, options.out),
    passwordFolder: resolve(context.cwd, options.passwords),
    groupBy: options.groupBy,
    encryption: options.encryption,
    force: options.force === true,
    acceptLeft: options.acceptLeft === true,
    resend: options.resend === true,
    resume: options.resume === true,
    threads,
    queued,
    now: context.now,
    operator: context.operator(),
    newPassword: generatePassword,
    signal: context.interrupt,
  };
  const results: string[] = [];
  const result = await exportShowing(context, {
    ...request,
    onEnd: async (result, slips) => {
      await writeCovers(context, slips);
      results.push(...(await writeResults(context, request, result)));
    },
  });
  const outcome = outcomeOf(context, request, result, results);
  const open = queued ? countsOf(rowsOf(result)).notDone : 0;
  if (open === 0) return outcome;
  const { queue } = context.messages;
  const notes = [fill(queue.open, { count: result.outcomes.filter(({ outcome }) => outcome === 'not-done').length }), queue.resume];
  return queued?.isFollowed ? { ...outcome, notes: [...(outcome.notes ?? []), ...notes] } : submittedOnly(context, outcome, result, notes);
}

/** Nobody waits for the jobs: that they are in the queue is all there is to say. */
function submittedOnly(
  { messages }: Context,
  { json, findings }: Outcome,
  { outcomes }: BatchExportResult,
  notes: readonly string[],
): Outcome {
  const count = outcomes.filter(({ outcome }) => outcome === 'not-done').length;
  const rows = outcomes.flatMap((job) => job.rows);
  const failed = rows.filter(({ outcome }) => outcome === 'failed').length;
  const error = failed > 0 ? new LpxError('LPX_BATCH_FAILED', { count: failed, total: rows.length }) : undefined;
  return { json, text: [fill(messages.queue.submitted, { count })], notes, ...(findings && { findings }), ...(error && { error }) };
}

/** Runs the batch, with its progress on stderr or its events on stdout. */
async function exportShowing(context: Context, request: BatchExportRequest): Promise<BatchExportResult> {
  let progress: BatchProgress | undefined;
  const say = (event: object) => context.jsonLines && context.stdout.write(jsonLine({ command: 'batch-export', ...event }));
  try {
    return await exportBatch({
      ...request,
      onBegin: ({ token, isResumed, jobs, done }) => {
        say({ event: 'begin', batch: token, resumed: isResumed, jobs, done });
        progress = startBatchProgress(context, jobs, done);
      },
      onJob: (outcome) => {
        say({ event: 'job', ...jobOutput(context, request, outcome) });
        progress?.done(jobLine(context, outcome));
      },
    });
  } finally {
    progress?.stop();
  }
}

/** A job in a line: what it was about, where it went, and what became of it. */
function jobLine({ messages }: Context, { school, outcome, packages, rows }: JobOutcome): string {
  const about =
    packages.length > 0 ? packages.map(({ file }) => file).join(', ') : rows.map(({ row }) => maskId(row.nationalId)).join(', ');
  const [row] = rows;
  const what = outcome === 'failed' || packages.length > 0 ? outcome : (row?.outcome ?? outcome);
  const error = rows.find(({ error }) => error)?.error;
  return fill(messages.batch.jobLine, { about, school, outcome: messages.batch.outcomes[what], why: error?.code ?? '' });
}

/** Writes the letters that go with packages, next to each; those that are not there yet. */
async function writeCovers(context: Context, slips: readonly ExportSlip[]): Promise<void> {
  for (const slip of slips) {
    const { folder } = slip.entry;
    const file = join(folder, `${baseOf(slip)}.cover.html`);
    if (existsSync(folder) && !existsSync(file)) await replaceFile(file, Buffer.from(coverPage(frameOf(context), slip)));
  }
}

const rowsOf = ({ outcomes }: BatchExportResult): RowOutcome[] =>
  outcomes.flatMap(({ rows }) => rows).sort((a, b) => a.row.row - b.row.row);

function countsOf(rows: readonly RowOutcome[]) {
  const count = (outcome: RowOutcome['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  return { exported: count('exported'), sentBefore: count('sent-before'), failed: count('failed'), notDone: count('not-done') };
}

function outcomeOf(context: Context, request: BatchExportRequest, result: BatchExportResult, results: readonly string[]): Outcome {
  const { messages, paint } = context;
  const rows = rowsOf(result);
  const counts = countsOf(rows);
  const packages = result.outcomes.flatMap((outcome) => outcome.packages);
  const warnings = request.list.findings;
  const isWhole = counts.failed === 0 && counts.notDone === 0;
  const end = {
    batch: result.token,
    resumed: result.isResumed,
    jobs: result.jobs,
    counts: { packages: packages.length, ...counts },
    passwords: result.passwordTables,
    results,
    ...(warnings.length > 0 && { findings: warnings.map((finding) => findingOutput(messages, finding)) }),
  };
  const { batch } = messages;
  const section = (title: string, of: readonly RowOutcome[], lastOf: (row: RowOutcome) => readonly string[]) =>
    of.length === 0
      ? []
      : [
          '',
          bracketed(messages, title, of.length),
          ...fittingColumns(
            context,
            of.map((row) => [...who(row), ...lastOf(row)]),
            [[1, LEAST_NAME]],
            '  ',
          ),
        ];
  return {
    json: context.jsonLines ? end : { ...end, outcomes: result.outcomes.map((outcome) => jobOutput(context, request, outcome)) },
    text: [
      packages.length === 0 && isWhole
        ? batch.nothingNew
        : `${isWhole ? paint.green('✔') : paint.yellow('!')} ${fill(batch.exported, { count: packages.length, schools: schoolRows(result).length })}`,
      ...columns(
        schoolRows(result).map(([school, count]) => [
          school,
          fill(batch.packages, { count }),
          relative(context.cwd, join(request.outFolder, school)) || '.',
          relative(context.cwd, result.passwordTables.find((table) => table.school === school)?.path ?? ''),
        ]),
        '  ',
      ),
      ...section(
        batch.sentBefore,
        rows.filter(({ outcome }) => outcome === 'sent-before'),
        ({ sentOn = '', file }) => [sentOn, file],
      ),
      ...(counts.notDone > 0 ? ['', fill(batch.notDone, { count: counts.notDone })] : []),
      ...(results.length > 0
        ? ['', fill(batch.results, { files: results.map((file) => relative(context.cwd, file)).join(messages.usage.and) })]
        : []),
    ],
    findings: [...warnings, ...rows.flatMap(findingsOfFailed), ...findingsOf(result.incomplete)],
    notes: [
      ...(result.otherUnfinished === undefined ? [] : [fill(batch.otherUnfinished, { at: localTime(new Date(result.otherUnfinished)) })]),
      ...(isDivided(request, result) ? [batch.divided] : []),
      ...(packages.length > 0 ? [batch.advice] : []),
    ],
    error: endOf(result, counts, rows.length),
  };
}

/** What stands against a student who failed, with the row of the list. */
const findingsOfFailed = ({ row: { row, nationalId }, name, error, findings }: RowOutcome): Finding[] => {
  if (!error) return [];
  const errors = findings.filter(({ severity }) => severity === 'error');
  const { code, facts } = error;
  const against = errors.length > 0 ? errors : [{ code, severity: 'error', place: error.place, facts } as Finding];
  return against.map((finding) => ({ ...finding, place: { student: nationalId, name, row, ...finding.place } }));
};

/** A student as a row of a table begins: the masked id, the name, the receiving school. */
const who = ({ row, name }: RowOutcome): string[] => [maskId(row.nationalId), name, row.toSchool];

/** Whether a school got several packages where it was to get one. */
const isDivided = ({ groupBy }: BatchExportRequest, { outcomes }: BatchExportResult): boolean => {
  const schools = outcomes.filter(({ packages }) => packages.length > 0).map(({ school }) => school);
  return groupBy === 'school' && new Set(schools).size < schools.length;
};

/** The receiving schools with the number of their packages; those that got one. */
function schoolRows({ outcomes }: BatchExportResult): [school: string, packages: number][] {
  const counts = new Map<string, number>();
  for (const { school, packages } of outcomes) if (packages.length > 0) counts.set(school, (counts.get(school) ?? 0) + packages.length);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What could not be written once the packages were. */
function findingsOf(error: LpxError | undefined): readonly Finding[] {
  if (!error) return [];
  const { code, facts, place, findings } = error;
  const file = String(facts.file ?? '');
  if (code === 'LPX_DISK_FULL') return [findingOf('LPX_BATCH_INCOMPLETE', 'error', { file }, { file, reason: 'ENOSPC' })];
  if (code === 'LPX_WRITE_FAILED') return [findingOf('LPX_BATCH_INCOMPLETE', 'error', { file }, { file, reason: String(facts.reason) })];
  return findings.length > 0 ? findings : [{ code, severity: 'error', place, facts } as Finding];
}

function endOf(
  { isInterrupted, incomplete }: BatchExportResult,
  { failed, notDone }: ReturnType<typeof countsOf>,
  total: number,
): LpxError | undefined {
  if (isInterrupted) return new LpxError('LPX_BATCH_INTERRUPTED', { count: notDone, total });
  return failed > 0 ? new LpxError('LPX_BATCH_FAILED', { count: failed, total }) : errorOf(findingsOf(incomplete));
}

const jobOutput = (context: Context, request: BatchExportRequest, { school, outcome, isEarlier, packages, rows }: JobOutcome) => ({
  to: school,
  outcome,
  earlier: isEarlier,
  packages: packages.map((made) => packageOutput(made, request)),
  students: rows.map((row) => rowOutput(context, row)),
});

const packageOutput = ({ path, signaturePath, ...facts }: SentPackage, { encryption }: BatchExportRequest) => ({
  package: { ...facts, encryption, school: facts.file.slice(0, 6), createdAt: createdAtOf(facts.file) },
  path,
  signaturePath,
});

/** `2021-01-22 10:30:00`, out of a package's name. */
const createdAtOf = (file: string): string => {
  const [year, month, day, ...time] = file
    .replace(/\.zip$/, '')
    .split('_')
    .slice(1);
  return `${year}-${month}-${day} ${time.join(':')}`;
};

const rowOutput = ({ messages }: Context, { row, name, outcome, file, sentOn, error, findings }: RowOutcome) => ({
  row: row.row + 1,
  nationalId: row.nationalId,
  name,
  reason: row.reason,
  terms: row.terms,
  left: row.left,
  to: row.toSchool,
  outcome,
  file,
  ...(sentOn !== undefined && { sentOn }),
  ...(error && { error: failureOutput(messages, 'batch-export', error) }),
  findings: findings.map((finding) => findingOutput(messages, finding)),
});

/** Writes what became of each row of the list, as a table of CSV and as a workbook. @returns their paths */
async function writeResults(context: Context, { outFolder }: BatchExportRequest, result: BatchExportResult): Promise<string[]> {
  const { messages } = context;
  const { batch } = messages;
  const md5s = new Map(result.outcomes.flatMap(({ packages }) => packages.map(({ file, md5 }) => [file, md5] as const)));
  const rows: Cell[][] = [
    [...batch.columns],
    ...rowsOf(result).map(({ row, name, outcome, file, sentOn = '', error }) => [
      row.row + 1,
      row.nationalId,
      name,
      row.toSchool,
      messages.reasons[row.reason],
      row.terms.join(' '),
      row.left,
      batch.outcomes[outcome],
      file,
      md5s.get(file) ?? '',
      sentOn,
      error ? failureOutput(messages, 'batch-export', error).message : '',
    ]),
  ];
  const sheet = { name: batch.sheet, rows };
  const name = `batch-${result.token}`;
  const files = [csv(name, sheet), await workbook(name, [sheet])].map((file) => ({ ...file, path: join(outFolder, basename(file.name)) }));
  for (const { path, content } of files) await replaceFile(path, content);
  return files.map(({ path }) => path);
}
