/** The parts of an HTML report, from what commands come to. */
import type { Finding, LpxError } from '../../errors.js';
import type { Acknowledgement } from '../../exchange/receipt.js';
import { errorOfReport, type PackageFacts, type VerificationReport } from '../../exchange/verify.js';
import { type CommandName, fill, type Messages, size } from '../../messages/messages.js';
import {
  OFFICE,
  type Report,
  type ReportCheck,
  type ReportFact,
  type ReportFinding,
  type ReportRecord,
  type ReportStudent,
  type Verdict,
} from '../../report/model.js';
import type { PaperReceipt, SlipFrame } from '../../report/slip.js';
import { countsOf, type Portfolio, type PortfolioRecord, SLOTS, termOfRecord, titleOf } from '../../spec/portfolio.js';
import { SeenContents, type SeenFile } from '../../spec/seen-contents.js';
import { hasTerm, termOf } from '../../spec/terms.js';
import type { Context } from '../context.js';
import { failureOutput, findingOutput } from './findings.js';
import { checkStatus, encryptionName } from './report.js';

/** What every report begins with. */
export const reportHead = ({ version, now }: Context, kind: Report['kind'], about: string) => ({ kind, about, version, madeAt: now() });

const RANK = { error: 0, warning: 1, note: 2 } as const;

/** The worst first. */
export const reportFindings = (messages: Messages, findings: readonly Finding[]): ReportFinding[] =>
  findings.map((finding): ReportFinding => ({ ...findingOutput(messages, finding) })).sort((a, b) => RANK[a.severity] - RANK[b.severity]);

/** @param isPartial whether records are left out whose attachments are damaged */
export const reportChecks = (messages: Messages, report: VerificationReport, isPartial = false): ReportCheck[] =>
  report.checks.map((check) => {
    const name = messages.checks[check.name];
    return isPartial && check.name === 'attachments'
      ? { name, status: 'partial', text: messages.report.partial }
      : { name, status: check.status, text: messages.status[checkStatus(report, check)] };
  });

/** `more`: further rows, each a name and a value. */
export function packageRows(messages: Messages, facts: PackageFacts, more: readonly ReportFact[] = []): ReportFact[] {
  const { labels, usage } = messages;
  const details = [size(facts.bytes), facts.encryption && encryptionName(messages, facts.encryption)].filter(Boolean).join(usage.and);
  return [
    { name: labels.package, value: facts.file, isCode: true },
    { name: messages.report.size, value: details },
    { name: labels.school, value: facts.school },
    { name: labels.createdAt, value: facts.createdAt, isDate: true },
    { name: 'MD5', value: facts.md5, isCode: true },
    { name: labels.contentsDigest, value: facts.contentsDigest, isCode: true },
    ...more,
  ];
}

/** A refusal, with what it means for the data. What to do stands with each finding. */
export function refusal(messages: Messages, command: CommandName, title: string, error: LpxError): Verdict {
  const { message, consequence } = failureOutput(messages, command, error);
  const errors = error.findings.filter(({ severity }) => severity === 'error');
  const count = errors.reduce((sum, { more = 0 }) => sum + 1 + more, 0);
  const lines = [count > 1 ? fill(messages.report.severalErrors, { count }) : message, consequence];
  return { mood: 'bad', title, lines };
}

/** What a command says of a student or a record beyond what it is. */
interface StudentRemarks {
  readonly nationalId: string;
  readonly name: string;
  readonly schoolCode: string;
  readonly cameFrom: string;
  readonly remark: string;
  readonly roll: readonly ReportFact[];
  readonly records: readonly { readonly ref?: string; readonly remarks: readonly string[] }[];
}

/** A school by its code, and by its name where that is known. */
export const schoolName = (seen: SeenContents, code: string): string => [code, seen.schools.get(code)].filter(Boolean).join(' ');

/** A student with all records. `records` of the remarks are in the order of the portfolio's. */
export function reportStudent(seen: SeenContents, portfolio: Portfolio<SeenFile>, said: Partial<StudentRemarks> = {}): ReportStudent {
  const { basicData, records } = portfolio;
  const entered = termOf(basicData.academicYear, basicData.semester);
  return {
    nationalId: said.nationalId ?? basicData.nationalId,
    name: said.name ?? basicData.name,
    birthDate: basicData.birthDate,
    roll: said.roll ?? [],
    entered: hasTerm(entered) ? entered : '',
    school: schoolName(seen, said.schoolCode ?? basicData.schoolCode),
    cameFrom: schoolName(seen, said.cameFrom ?? ''),
    counts: countsOf(records),
    remark: said.remark ?? '',
    records: records.map((record, i) => reportRecord(seen, record, said.records?.[i])),
  };
}

const reportRecord = (
  seen: SeenContents,
  record: PortfolioRecord<SeenFile>,
  { ref = '', remarks = [] }: { readonly ref?: string; readonly remarks?: readonly string[] } = {},
): ReportRecord => ({
  list: record.list,
  title: titleOf(record),
  term: termOfRecord(record),
  fields: record.fields,
  extras: Object.entries(record.extras).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
  })),
  ref,
  remarks: remarks.filter((remark) => remark !== ''),
  schoolName: seen.schools.get(record.fields.originSchoolCode) ?? '',
  files: SLOTS.flatMap((slot) => {
    const file = record[slot];
    return file ? [{ name: file.name, type: file.type, bytes: file.bytes, md5: file.md5, picture: seen.pictures.of(file.md5) }] : [];
  }),
  owed: record.owed ?? [],
  repairs: record.repairs ?? [],
});

/** A student of whom only the counts are known. */
export const countedStudent = (
  { nationalId, name, ...counts }: ReportStudent['counts'] & Pick<ReportStudent, 'nationalId' | 'name'>,
  remark = '',
): ReportStudent => ({
  nationalId,
  name,
  birthDate: '',
  entered: '',
  school: '',
  cameFrom: '',
  counts,
  remark,
  records: undefined,
});

/** The students of a verification: those of a good package with all records, else how much there is of each. */
export const reportedStudents = (seen: SeenContents, report: VerificationReport): ReportStudent[] =>
  report.students.map((student) => {
    const portfolio = report.ok ? seen.portfolios.find(({ basicData }) => basicData.nationalId === student.nationalId) : undefined;
    return portfolio ? reportStudent(seen, portfolio) : countedStudent(student);
  });

/** The report of a package that was only checked; a refused one has no `seen`. */
export function verificationReport(context: Context, report: VerificationReport, seen = new SeenContents()): Report {
  const { messages } = context;
  const error = errorOfReport(report);
  return {
    ...reportHead(context, 'verify', report.package.file),
    verdict: error ? refusal(messages, 'verify', messages.verify.bad, error) : { mood: 'good', title: messages.verify.good, lines: [] },
    checks: reportChecks(messages, report),
    findings: reportFindings(messages, report.findings),
    packages: [packageRows(messages, report.package)],
    students: reportedStudents(seen, report),
    isCut: seen.isFull,
    signers: report.ok ? ['student', ...OFFICE] : OFFICE,
  };
}

/** What slips are printed with. */
export const frameOf = ({ language, version, now }: Context): SlipFrame => ({ language, version, now: now() });

/** A receipt as it is printed. `checked`: what its check against the export came to. */
export const receiptOnPaper = ({ receipt, students, from, signed }: Acknowledgement, checked?: Verdict): PaperReceipt => ({
  number: receipt.importId,
  from,
  to: receipt.receivingSchool,
  package: { ...receipt.package, contentsDigest: receipt.package.contentsDigest ?? '' },
  importedAt: new Date(receipt.importedAt),
  issuedAt: new Date(receipt.issuedAt),
  issuedBy: receipt.issuedBy,
  logHead: receipt.logHead,
  signed,
  students: receipt.students.map((student, i) => ({ ...student, name: students[i]?.name ?? '' })),
  checked,
});
