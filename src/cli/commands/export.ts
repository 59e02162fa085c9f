import { basename, resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type ExportedPackage, type ExportResult, exportPackages } from '../../exchange/export.js';
import { withStore } from '../../exchange/school-store.js';
import { studentsHere } from '../../exchange/students.js';
import type { PackageFacts } from '../../exchange/verify.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { canonicalCode } from '../../plain-text.js';
import { termText } from '../../report/dates.js';
import { OFFICE, type Report } from '../../report/model.js';
import { readNationalIds } from '../../roster/lists.js';
import type { SeenContents } from '../../spec/seen-contents.js';
import { type ExchangeReason, LEAVING_REASONS } from '../../spec/status-changes.js';
import type { Day } from '../../spec/terms.js';
import { dayFrom, nationalIdsFrom, schoolCodeFrom, termsFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { type HtmlOptions, htmlFile, withReport } from '../html-file.js';
import { newPasswordFor, type PasswordOptions } from '../passwords.js';
import { startProgress } from '../progress.js';
import { errorOfUnfit, findingOutput, unfitLines, unfitOutput } from '../render/findings.js';
import { countedStudent, packageRows, reportFindings, reportHead, reportStudent } from '../render/html.js';
import { packageLines } from '../render/report.js';
import { bracketed, COUNTED_STUDENT, countCells, fittingColumns, LEAST_NAME, size, type Yielding } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface ExportOptions extends PasswordOptions, HtmlOptions {
  readonly list?: string;
  readonly all?: boolean;
  readonly includeLeft?: boolean;
  readonly reason: ExchangeReason;
  readonly left?: string;
  readonly force?: boolean;
  readonly skipUnfit?: boolean;
  readonly dryRun?: boolean;
  readonly acceptLeft?: boolean;
  readonly acceptPartial?: boolean;
  readonly weakPassword?: boolean;
  readonly term: readonly string[];
  readonly to?: string;
  readonly out: string;
  readonly encryption: 'aes256' | 'zipcrypto';
}

/** `lpx export`: the package of one or more students, and its signature. */
export async function exportStudents(context: Context, nationalIds: readonly string[], options: ExportOptions): Promise<Outcome> {
  const { usage } = context.messages;
  const isNamed = nationalIds.length > 0 || options.list !== undefined;
  if (options.all && isNamed) throw new LpxError('LPX_USAGE', { problem: usage.allAlone });
  const left = dayFrom(context, options.left);
  const terms = termsFrom(options.term);
  const odd = options.reason === 'experimental' ? -1 : terms.findIndex((term) => Number(term.at(-1)) > 2);
  if (odd >= 0) throw new LpxError('LPX_USAGE', { problem: fill(usage.semester, { value: options.term[odd] ?? '' }) });
  const toSchool = schoolCodeFrom(options.to);
  const listed = options.list === undefined ? [] : await readNationalIds(resolve(context.cwd, options.list));
  const named = [...nationalIdsFrom(context, nationalIds), ...listed.map((line) => line.nationalId)];
  if (named.length === 0 && !options.all) throw new LpxError('LPX_USAGE', { problem: usage.noStudents });

  const html = htmlFile(context, options);
  const password = await newPasswordFor(context, options);
  const passwordFile =
    options.generatePassword && options.passwordOut !== undefined ? resolve(context.cwd, options.passwordOut) : undefined;
  const progress = startProgress(context, context.messages.progress.exporting);
  const result = await withStore(storeFolder(context), async (store) => {
    return exportPackages(store, {
      nationalIds: options.all ? (await studentsHere(store, options.includeLeft === true)).map((student) => student.nationalId) : named,
      namedAt: new Map(listed.map(({ nationalId, place }) => [canonicalCode(nationalId), place])),
      skipEmpty: options.all === true,
      skipUnfit: options.skipUnfit === true,
      dryRun: options.dryRun === true,
      reason: options.reason,
      left,
      force: options.force === true,
      acceptLeft: options.acceptLeft === true,
      acceptPartial: options.acceptPartial === true,
      terms,
      toSchool,
      outFolder: resolve(context.cwd, options.out),
      encryption: options.encryption,
      password,
      weakPassword: options.weakPassword === true,
      passwordFile,
      now: context.now(),
      operator: context.operator(),
      onProgress: progress.update,
      seen: html?.seen,
    });
  }).finally(progress.stop);
  const outcome = outcomeOf(context, result, { terms, left, passwordPath: result.dryRun ? undefined : passwordFile });
  return withReport(context, outcome, html, ({ seen }) => exportReport(context, result, { seen, left, error: outcome.error }));
}

/** As an export is printed, and each record that went along. */
function exportReport(
  context: Context,
  result: ExportResult,
  { seen, left, error }: { readonly seen: SeenContents; readonly left: Day; readonly error: LpxError | undefined },
): Report {
  const { messages } = context;
  const { packages, dryRun, reason, toSchool, students, leftOut, skipped, unfit, findings } = result;
  const { labels, report: words } = messages;
  const title = dryRun
    ? messages.export.wouldExport
    : packages.length === 1
      ? messages.export.done
      : fill(messages.export.severalDone, { count: packages.length });
  const more = [
    { name: labels.to, value: toSchool },
    { name: labels.reason, value: messages.reasons[reason] },
    { name: words.left, value: left, isDate: true },
  ];
  return {
    ...reportHead(context, 'export', packages.map(({ zipFile }) => basename(zipFile)).join(messages.usage.and)),
    verdict: { mood: error || dryRun ? 'attention' : 'good', title, lines: [] },
    findings: reportFindings(messages, [...findings, ...unfit.flatMap((student) => student.findings)]),
    packages: dryRun
      ? [more]
      : packages.map((written) =>
          packageRows(messages, factsOf(written, result), [
            { name: labels.signature, value: basename(written.signatureFile), isCode: true },
            ...more,
          ]),
        ),
    students: students.map((student) => {
      const portfolio = seen.portfolios.find(({ basicData }) => basicData.nationalId === student.nationalId);
      const remark = packages.length > 1 ? student.file : '';
      return portfolio ? reportStudent(seen, portfolio, { remark }) : countedStudent(student, remark);
    }),
    tables: [
      {
        caption: messages.export.leftOut,
        columns: [labels.name, labels.list, labels.title, labels.term, words.remark],
        rows: leftOut.map((record) => [
          record.name,
          record.list,
          record.title,
          termText(messages, record.term),
          messages.leftOut[record.reason],
        ]),
      },
      {
        caption: messages.export.skipped,
        columns: [labels.name, labels.nationalId, words.remark],
        rows: skipped.map((student) => [student.name, maskId(student.nationalId), messages.skipped[student.reason]]),
      },
    ].filter(({ rows }) => rows.length > 0),
    isCut: seen.isFull,
    signers: ['student', ...OFFICE],
  };
}

interface Asked {
  readonly terms: readonly string[];
  readonly left: Day;
  readonly passwordPath: string | undefined;
}

function outcomeOf(context: Context, result: ExportResult, { terms, left, passwordPath }: Asked): Outcome {
  const { messages, paint } = context;
  const { packages, packageCount, dryRun, encryption, reason, toSchool, overridden, students, leftOut, skipped, unfit, findings } = result;
  const bytes = students.reduce((sum, student) => sum + student.bytes, 0);
  return {
    json: {
      dryRun,
      packages: packages.map((written) => ({
        package: factsOf(written, result),
        path: written.zipFile,
        signaturePath: written.signatureFile,
      })),
      packageCount,
      bytes,
      ...(passwordPath !== undefined && { passwordPath }),
      reason,
      to: toSchool,
      overridden,
      terms,
      students,
      skipped,
      unfit: unfit.map((student) => unfitOutput(messages, student)),
      leftOut,
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    text: [
      ...(dryRun
        ? [
            paint.yellow(messages.export.wouldExport),
            `  ${fill(messages.export.planned, { packages: packageCount, size: size(bytes) })}`,
            '',
          ]
        : packageTexts(context, result)),
      ...fittingColumns(
        context,
        students.map((student) => [
          maskId(student.nationalId),
          student.name,
          ...countCells(messages.labels, student),
          ...(dryRun ? [size(student.bytes)] : []),
        ]),
        COUNTED_STUDENT,
        '  ',
      ),
      ...(!dryRun && LEAVING_REASONS.includes(reason) ? ['', fill(messages.export.markedLeft, { day: left })] : []),
      ...leftOutLines(context, result),
      ...skippedLines(context, result),
      ...unfitLines(messages, paint, unfit, messages.export.unfit),
    ],
    findings,
    notes: [
      ...(dryRun
        ? []
        : [encryption === 'zipcrypto' ? messages.export.weak : context.verbose ? messages.export.needsAes : messages.export.needs7Zip]),
      ...(passwordPath !== undefined ? [fill(messages.export.passwordAt, { file: passwordPath })] : []),
      ...(dryRun ? [] : [messages.export.advice]),
    ],
    error: errorOfUnfit(unfit),
  };
}

function factsOf({ zipFile, digests, contentsDigest, createdAt }: ExportedPackage, { encryption }: ExportResult): PackageFacts {
  const file = basename(zipFile);
  return { file, ...digests, contentsDigest, encryption, school: file.slice(0, 6), createdAt };
}

function packageTexts({ messages, paint }: Context, result: ExportResult): string[] {
  const { packages, toSchool } = result;
  const to: [string, string][] = toSchool === '' ? [] : [[messages.labels.to, toSchool]];
  return [
    `${paint.green('✔')} ${packages.length === 1 ? messages.export.done : fill(messages.export.severalDone, { count: packages.length })}`,
    ...packages.flatMap((written) => [
      ...packageLines(messages, paint, { ...factsOf(written, result), file: written.zipFile }, [
        [messages.labels.signature, written.signatureFile],
        ...to,
      ]),
      '',
    ]),
  ];
}

function leftOutLines(context: Context, { leftOut }: ExportResult): string[] {
  if (leftOut.length === 0) return [];
  const { messages, paint } = context;
  const rows = leftOut.map((record) => [
    maskId(record.nationalId),
    record.name,
    record.list,
    record.title,
    record.term,
    paint.yellow(messages.leftOut[record.reason]),
  ]);
  const yielding: Yielding[] = [
    [1, LEAST_NAME],
    [3, 16],
    [2, 16],
    [3, 8],
  ];
  return ['', bracketed(messages, messages.export.leftOut, leftOut.length), ...fittingColumns(context, rows, yielding, '  ')];
}

function skippedLines(context: Context, { skipped }: ExportResult): string[] {
  if (skipped.length === 0) return [];
  const { messages, paint } = context;
  const rows = skipped.map((student) => [maskId(student.nationalId), student.name, paint.yellow(messages.skipped[student.reason])]);
  return ['', bracketed(messages, messages.export.skipped, skipped.length), ...fittingColumns(context, rows, [[1, LEAST_NAME]], '  ')];
}
