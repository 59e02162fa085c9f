import { errorOf } from '../../errors.js';
import { type ImportedStudent, type ImportResult, importPackage } from '../../exchange/import.js';
import { withStore } from '../../exchange/school-store.js';
import { errorOfReport } from '../../exchange/verify.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { passwordFor } from '../passwords.js';
import { startProgress } from '../progress.js';
import { errorOfUnfit, findingOutput, listedFindings, unfitLines, unfitOutput } from '../render/findings.js';
import { checkLines, packageLines, reportLines, reportOutput } from '../render/report.js';
import { cell, columnsOf, fittingColumns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';
import { packageRequest, refuseSignatureFile, type VerifyOptions } from './verify.js';

export interface ImportOptions extends VerifyOptions {
  readonly dryRun?: boolean;
  readonly createStudents?: boolean;
  readonly keepBoth?: boolean;
  readonly replace?: boolean;
  readonly samePerson?: boolean;
  readonly previousId?: string;
  readonly acceptOwnSchool?: boolean;
  readonly only: readonly string[];
  readonly skipUnfit?: boolean;
}

/** `lpx import`: verifies a package and brings it into the store, whole or not at all. */
export async function importZip(context: Context, zip: string, options: ImportOptions): Promise<Outcome> {
  const { messages } = context;
  refuseSignatureFile(context, zip);
  const progress = startProgress(context, messages.progress.reading);
  const password = progress.holdFor(await passwordFor(context, options));
  const result = await withStore(storeFolder(context), (store) =>
    importPackage(store, {
      ...packageRequest(context, zip, options),
      password,
      only: options.only.length > 0 ? options.only : undefined,
      skipUnfit: options.skipUnfit === true,
      dryRun: options.dryRun === true,
      createStudents: options.createStudents === true,
      keepBoth: options.keepBoth === true,
      replace: options.replace === true,
      samePerson: options.samePerson === true,
      previousId: options.previousId,
      acceptOwnSchool: options.acceptOwnSchool === true,
      now: context.now(),
      operator: context.operator(),
      onProgress: progress.update,
    }),
  ).finally(progress.stop);
  const { report, unfit, conflicts, restored, outcome, historyId } = result;
  return {
    json: importOutput(messages, result),
    text: resultLines(context, result),
    findings: report.ok ? [...report.findings, ...restored] : [],
    notes: outcome === 'imported' ? [fill(messages.import.next, { id: historyId })] : [],
    error: errorOfReport(report) ?? errorOf(conflicts) ?? errorOfUnfit(unfit),
  };
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

function resultLines({ messages, paint, stdout }: Context, result: ImportResult): string[] {
  const { report, students, unfit, conflicts, notices, restored, outcome, historyId } = result;
  if (!report.ok) return reportLines(messages, paint, report);
  const closing = {
    imported: paint.green(fill(messages.import.imported, { id: historyId })),
    unchanged: restored.length > 0 ? messages.import.restored : messages.import.unchanged,
    'would-import': paint.yellow(messages.import.wouldImport),
    refused: paint.red(messages.import.refused),
  };
  return [
    ...packageLines(messages, paint, report.package),
    '',
    ...checkLines(messages, paint, report),
    '',
    ...students.flatMap((student) => [
      `${maskId(student.nationalId)}  ${cell(student.name)}${student.created ? `  ${paint.cyan(messages.import.created)}` : ''}`,
      ...fittingColumns(recordRows(messages, student, outcome === 'refused'), '  ', 2, columnsOf(stdout)),
      '',
    ]),
    ...listedFindings(messages, paint, [...conflicts, ...notices]),
    ...unfitLines(messages, paint, unfit, messages.import.unfit),
    ...(unfit.length > 0 ? [''] : []),
    closing[outcome],
  ];
}

/** One row per record; of a refused import, only the records that it was refused for. */
const recordRows = (messages: Context['messages'], { records }: ImportedStudent, refused: boolean): string[][] =>
  records
    .filter((record) => !refused || record.outcome === 'conflict')
    .map((record) => [
      messages.outcomes[record.outcome],
      cell(record.list, 28),
      cell(record.title, 36),
      record.term,
      record.originSchoolCode,
      record.courseCode,
    ]);
