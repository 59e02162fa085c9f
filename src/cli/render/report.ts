/** The verification report, for people and as its schema has it. */
import type { PackageFacts, VerificationReport } from '../../exchange/verify.js';
import { maskId } from '../../masking.js';
import { fill, type Messages } from '../../messages/messages.js';
import type { Context } from '../context.js';
import type { VerifyOutput } from '../generated/outputs.js';
import { findingOutput, listedFindings } from './findings.js';
import type { Painter } from './printable.js';
import { bracketed, COUNTED_STUDENT, columns, countCells, fittingColumns, size } from './text.js';

type ReportOutput = Required<Pick<VerifyOutput, 'ok' | 'package' | 'checks' | 'students' | 'findings'>>;

export function reportOutput(messages: Messages, report: VerificationReport): ReportOutput {
  const { unfit: _, ...rest } = report;
  return { ...rest, findings: report.findings.map((finding) => findingOutput(messages, finding)) };
}

/** `AES-256`, `ZipCrypto (weak)`, … */
export const encryptionName = (messages: Messages, encryption: string): string =>
  (messages.encryptions as Readonly<Record<string, string>>)[encryption] ?? encryption;

/** `more`: further rows of the same block, each a label and a value. */
export function packageLines(messages: Messages, paint: Painter, facts: PackageFacts, more: readonly [string, string][] = []): string[] {
  const { labels } = messages;
  const details = [size(facts.bytes), ...(facts.encryption ? [encryptionName(messages, facts.encryption)] : [])].join(messages.usage.and);
  const rows = [
    [labels.package, bracketed(messages, paint.bold(facts.file), details)],
    ...(facts.school ? [[labels.school, facts.school]] : []),
    ...(facts.createdAt ? [[labels.createdAt, facts.createdAt]] : []),
    ['MD5', facts.md5],
    ...(facts.contentsDigest === '' ? [] : [[labels.contentsDigest, facts.contentsDigest]]),
    ...more,
  ];
  return columns(rows);
}

/** A step's status; a signature that was not there is missing, not wrong. */
export const checkStatus = ({ findings }: VerificationReport, { name, status }: VerificationReport['checks'][number]) =>
  name === 'signature' && status !== 'passed' && findings.some(({ code }) => code === 'LPX_SIGNATURE_MISSING') ? 'missing' : status;

/** The steps, each with a mark for what it came to: what was checked before an import. */
export function checkLines(messages: Messages, paint: Painter, report: VerificationReport): string[] {
  const { checks: names, status, students } = messages;
  const mark = { passed: paint.green('✔'), failed: paint.red('✘'), skipped: paint.dim('·') };
  const lacking = report.findings.filter(({ code }) => OF_LACKING_FILES.has(code)).reduce((sum, { more = 0 }) => sum + 1 + more, 0);
  const rows = report.checks.map((check) =>
    check.name === 'attachments' && check.status === 'passed' && lacking > 0
      ? [paint.yellow('!'), names[check.name], paint.yellow(fill(students.owed, { count: lacking }))]
      : [mark[check.status], names[check.name], check.status === 'passed' ? '' : paint.dim(status[checkStatus(report, check)])],
  );
  return columns(rows, '  ');
}

/** Warnings of files that are not there, or not the right ones, where that was accepted. */
const OF_LACKING_FILES: ReadonlySet<string> = new Set(['LPX_ATTACHMENT_MISSING', 'LPX_ATTACHMENT_MD5']);

export function reportLines(context: Context, report: VerificationReport): string[] {
  const { messages, paint } = context;
  const students = report.students.map((student) => [maskId(student.nationalId), student.name, ...countCells(messages.labels, student)]);
  const findings = listedFindings(messages, paint, report.findings);
  return [
    ...packageLines(messages, paint, report.package),
    '',
    ...checkLines(messages, paint, report),
    ...(students.length > 0 ? ['', ...fittingColumns(context, students, COUNTED_STUDENT, '  ')] : []),
    ...(findings.length > 0 ? ['', ...findings] : []),
    '',
    report.ok ? paint.green(messages.verify.good) : paint.red(messages.verify.bad),
  ];
}
