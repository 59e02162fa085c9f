import { errorOf, type LpxError } from '../../errors.js';
import type { ImportedStudent, RecordChange } from '../../exchange/import/plan.js';
import { type ImportResult, importPackage } from '../../exchange/import.js';
import { withStore } from '../../exchange/school-store.js';
import { errorOfReport } from '../../exchange/verify.js';
import { maskId } from '../../masking.js';
import { fill, type Messages } from '../../messages/messages.js';
import { termText } from '../../report/dates.js';
import { OFFICE, type Report, type ReportStudent, type ReportTable } from '../../report/model.js';
import { recordNotes } from '../../report/record-notes.js';
import type { SeenContents } from '../../spec/seen-contents.js';
import type { Context, Outcome } from '../context.js';
import { htmlFile, withReport } from '../html-file.js';
import { passwordFor } from '../passwords.js';
import { startProgress } from '../progress.js';
import { errorOfUnfit, findingOutput, listedFindings, unfitLines, unfitOutput } from '../render/findings.js';
import {
  countedStudent,
  packageRows,
  refusal,
  reportChecks,
  reportedStudents,
  reportFindings,
  reportHead,
  reportStudent,
} from '../render/html.js';
import { checkLines, packageLines, reportLines, reportOutput } from '../render/report.js';
import { cell, fittingColumns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';
import { packageRequest, refuseOtherThanPackage, type VerifyOptions } from './verify.js';

/** How to import, whether it is one package or many. */
export interface ImportTermOptions {
  readonly dryRun?: boolean;
  readonly createStudents?: boolean;
  readonly skipUnfit?: boolean;
  readonly keepBoth?: boolean;
  readonly replace?: boolean;
  readonly samePerson?: boolean;
  readonly acceptOwnSchool?: boolean;
}

export interface ImportOptions extends VerifyOptions, ImportTermOptions {
  readonly previousId?: string;
  readonly only: readonly string[];
}

export const importTerms = (options: ImportTermOptions) => ({
  dryRun: options.dryRun === true,
  createStudents: options.createStudents === true,
  skipUnfit: options.skipUnfit === true,
  keepBoth: options.keepBoth === true,
  replace: options.replace === true,
  samePerson: options.samePerson === true,
  acceptOwnSchool: options.acceptOwnSchool === true,
});

/** `lpx import`: verifies a package and brings it into the store, whole or not at all. */
export async function importZip(context: Context, zip: string, options: ImportOptions): Promise<Outcome> {
  const { messages } = context;
  refuseOtherThanPackage(context, 'import', zip);
  const html = htmlFile(context, options);
  const progress = startProgress(context, messages.progress.reading);
  const password = await passwordFor(context, options);
  const result = await withStore(storeFolder(context), (store) =>
    importPackage(store, {
      ...packageRequest(context, zip, options),
      password,
      only: options.only.length > 0 ? options.only : undefined,
      previousId: options.previousId,
      ...importTerms(options),
      now: context.now(),
      operator: context.operator(),
      onProgress: progress.update,
      seen: html?.seen,
    }),
  ).finally(progress.stop);
  const { report, unfit, conflicts, restored, outcome, historyId } = result;
  const told = {
    json: importOutput(messages, result),
    text: resultLines(context, result),
    findings: report.ok ? [...report.findings, ...restored] : [],
    notes: outcome === 'imported' ? [fill(messages.import.next, { id: historyId })] : [],
    error: errorOfReport(report) ?? errorOf(conflicts) ?? errorOfUnfit(unfit),
  };
  return withReport(context, told, html, ({ seen }) => importReport(context, result, { seen, error: told.error }));
}

/** As an import is printed, and each record whole. */
export function importReport(
  context: Context,
  { report, students, unfit, conflicts, notices, restored, outcome, historyId }: ImportResult,
  { seen, error }: { readonly seen: SeenContents; readonly error: LpxError | undefined },
): Report {
  const { messages } = context;
  const findings = [...report.findings, ...conflicts, ...notices, ...restored, ...unfit.flatMap((student) => student.findings)];
  const isRefused = outcome === 'refused';
  const title = closingOf(messages, { outcome, restored, historyId });
  const unsound = students.flatMap(({ records }) => records).filter(({ outcome }) => outcome === 'unsound').length;
  const owed = owedIn(students);
  const lacks = [
    ...(unsound > 0 ? [fill(messages.report.unsound, { count: unsound })] : []),
    ...(owed > 0 ? [fill(messages.students.owed, { count: owed })] : []),
  ];
  return {
    ...reportHead(context, 'import', report.package.file),
    verdict:
      error && isRefused
        ? refusal(messages, 'import', title, error)
        : { mood: error || lacks.length > 0 || outcome === 'would-import' ? 'attention' : 'good', title, lines: lacks },
    checks: reportChecks(messages, report, lacks.length > 0),
    findings: reportFindings(messages, findings),
    packages: [
      packageRows(messages, report.package, [{ name: messages.report.importId, value: historyId === 0 ? '' : String(historyId) }]),
    ],
    students: report.ok ? students.map((student) => importedStudent(messages, student, seen)) : reportedStudents(seen, report),
    tables: leftOutTables(messages, students),
    isCut: seen.isFull,
    signers: isRefused ? OFFICE : ['student', ...OFFICE],
  };
}

function importedStudent(messages: Messages, { nationalId, name, created, records }: ImportedStudent, seen: SeenContents): ReportStudent {
  const portfolio = seen.portfolios.find(({ basicData }) => basicData.nationalId === nationalId);
  const said = { nationalId, name, remark: created ? messages.report.created : '' };
  const remarks = records.map(({ outcome }) => ({ remarks: [messages.outcomes[outcome]] }));
  if (portfolio) return reportStudent(seen, portfolio, { ...said, records: remarks });
  return countedStudent({ ...said, courseResults: 0, multiPerformances: 0, attachments: 0 }, said.remark);
}

/** Records that are not among a student's because their files are damaged. */
function leftOutTables(messages: Messages, students: readonly ImportedStudent[]): ReportTable[] {
  const rows = students.flatMap(({ name, records }) =>
    records
      .filter(({ outcome }) => outcome === 'unsound')
      .map(({ list, title, term, outcome }) => [name, list, title, termText(messages, term), messages.outcomes[outcome]]),
  );
  const { labels, report } = messages;
  return rows.length === 0
    ? []
    : [{ caption: messages.export.leftOut, columns: [labels.name, labels.list, labels.title, labels.term, report.remark], rows }];
}

/** How many files the records of the package are owed. */
const owedIn = (students: readonly ImportedStudent[]): number =>
  students.flatMap(({ records }) => records.flatMap((record) => record.owed)).length;

/** What an import came to, in a sentence. */
function closingOf(
  { import: words }: Messages,
  { outcome, restored, historyId }: Pick<ImportResult, 'outcome' | 'restored' | 'historyId'>,
): string {
  const closing = {
    imported: fill(words.imported, { id: historyId }),
    unchanged: restored.length > 0 ? words.restored : words.unchanged,
    'would-import': words.wouldImport,
    refused: words.refused,
  };
  return closing[outcome];
}

/** What an import did, as its schema has it. */
export function importOutput(messages: Context['messages'], result: ImportResult) {
  const { report, students, unfit, conflicts, notices, restored, outcome, dryRun, historyId } = result;
  return {
    verification: reportOutput(messages, report),
    outcome,
    dryRun,
    historyId,
    students,
    unfit: unfit.map((student) => unfitOutput(messages, student)),
    findings: [...conflicts, ...notices, ...restored].map((finding) => findingOutput(messages, finding)),
  };
}

function resultLines(context: Context, result: ImportResult): string[] {
  const { messages, paint } = context;
  const { report, students, unfit, conflicts, notices, restored, outcome, historyId } = result;
  if (!report.ok) return reportLines(context, report);
  const owed = outcome === 'refused' ? 0 : owedIn(students);
  const owedWords = owed > 0 ? [paint.yellow(fill(messages.students.owed, { count: owed }))] : [];
  const colour = { imported: paint.green, unchanged: (text: string) => text, 'would-import': paint.yellow, refused: paint.red };
  return [
    ...packageLines(messages, paint, report.package),
    '',
    ...checkLines(messages, paint, report),
    '',
    ...students.flatMap((student) => [
      `${maskId(student.nationalId)}  ${cell(student.name)}${student.created ? `  ${paint.cyan(messages.import.created)}` : ''}`,
      ...fittingColumns(
        context,
        recordRows(messages, shownOf(student, outcome)),
        [
          [2, 12],
          [1, 12],
          [2, 8],
        ],
        '  ',
      ).flatMap((line, i) => [
        line,
        ...recordNotes(messages, shownOf(student, outcome)[i] ?? {}).map((note) => paint.yellow(`      ↳ ${note}`)),
      ]),
      '',
    ]),
    ...listedFindings(messages, paint, [...conflicts, ...notices]),
    ...unfitLines(messages, paint, unfit, messages.import.unfit),
    ...(unfit.length > 0 ? [''] : []),
    [colour[outcome](closingOf(messages, { outcome, restored, historyId })), ...owedWords].join('  '),
  ];
}

/** The records of a student; of a refused import, only those that it was refused for. */
const shownOf = ({ records }: ImportedStudent, outcome: ImportResult['outcome']): readonly RecordChange[] =>
  records.filter((record) => outcome !== 'refused' || record.outcome === 'conflict');

/** One row per record. */
const recordRows = (messages: Context['messages'], records: readonly RecordChange[]): string[][] =>
  records.map((record) => [
    messages.outcomes[record.outcome],
    record.list,
    record.title,
    record.term,
    record.originSchoolCode,
    record.courseCode,
  ]);
