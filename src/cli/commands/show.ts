import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { withStoreToRead } from '../../exchange/school-store.js';
import { type RecordView, type StudentView, showPackage, showStudent } from '../../exchange/show.js';
import { errorOfReport } from '../../exchange/verify.js';
import { fill, type Messages } from '../../messages/messages.js';
import { OFFICE } from '../../report/model.js';
import { lostNotes, recordNotes } from '../../report/record-notes.js';
import { CODE_TABLES } from '../../spec/codes.js';
import { SLOTS } from '../../spec/portfolio.js';
import type { Context, Outcome } from '../context.js';
import { type HtmlFile, htmlFile, withReport } from '../html-file.js';
import { passwordFor } from '../passwords.js';
import {
  packageRows,
  refusal,
  reportChecks,
  reportedStudents,
  reportFindings,
  reportHead,
  reportStudent,
  schoolName,
} from '../render/html.js';
import { packageLines, reportLines, reportOutput } from '../render/report.js';
import { type Table, type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { cell, columns, size } from '../render/text.js';
import { versionOutput, versionText, withVersions } from '../render/versions.js';
import { storeFolder } from '../store-folder.js';
import { packageRequest, type VerifyOptions } from './verify.js';

export interface ShowOptions extends VerifyOptions, TableOptions {}

/** `lpx show`: a package when there is such a file or the name says so, else a student of the store. */
export async function show(context: Context, what: string, options: ShowOptions): Promise<Outcome> {
  const asked = tableAsked(context, options);
  const html = htmlFile(context, options, 'other files too');
  const outcome = isPackage(context, what) ? await showZip(context, what, options, html) : await showOne(context, what, html);
  return outcome.table ? withTable(context, asked, outcome, outcome.table) : outcome;
}

/** Whether a word means a package: there is such a file, or the name says so. Else it means a student. */
export function isPackage({ cwd }: Context, what: string): boolean {
  const found = statSync(resolve(cwd, what), { throwIfNoEntry: false });
  return /\.zip$/i.test(what) || (found !== undefined && !found.isDirectory());
}

/** What was shown, and what a table of it would be; a package that is refused has none. */
type Shown = Outcome & { readonly table?: () => Table };

async function showOne(context: Context, nationalId: string, html: HtmlFile | undefined): Promise<Shown> {
  const student = await withStoreToRead(storeFolder(context), (store) => showStudent(store, nationalId, html?.seen));
  const output = { command: 'show', nationalIds: [student.basicData.nationalId] } as const;
  const outcome = { json: { source: 'store', students: [studentOutput(student)] }, text: studentLines(context, student) };
  const shown = await withReport(context, outcome, html && { ...html, output }, ({ seen }) => ({
    ...reportHead(context, 'show', schoolName(seen, student.schoolCode)),
    students: seen.portfolios.map((portfolio) => reportStudent(seen, portfolio, remarksOn(context.messages, student))),
    signers: ['student', ...OFFICE],
  }));
  return { ...shown, table: () => ({ ...tableOf(context, [student]), output }) };
}

async function showZip(context: Context, zip: string, options: ShowOptions, html: HtmlFile | undefined): Promise<Shown> {
  const { messages, paint } = context;
  const password = await passwordFor(context, options);
  const { report, students } = await showPackage({ ...packageRequest(context, zip, options), password, seen: html?.seen });
  const { package: facts, checks, findings } = reportOutput(messages, report);
  const outcome = {
    json: { source: 'package', package: facts, checks, findings, students: students.map(studentOutput) },
    text: report.ok
      ? [...packageLines(messages, paint, report.package), ...students.flatMap((student) => ['', ...studentLines(context, student)])]
      : reportLines(context, report),
    error: errorOfReport(report),
  };
  const shown = await withReport(context, outcome, html, ({ seen }) => ({
    ...reportHead(context, 'show', report.package.file),
    verdict: outcome.error && refusal(messages, 'show', messages.verify.bad, outcome.error),
    checks: reportChecks(messages, report),
    findings: reportFindings(messages, report.findings),
    packages: [packageRows(messages, report.package)],
    students: reportedStudents(seen, report),
    isCut: seen.isFull,
    signers: ['student', ...OFFICE],
  }));
  return report.ok ? { ...shown, table: () => tableOf(context, students) } : shown;
}

/** What a list says of each record, in words for a report. */
const remarksOn = (messages: Context['messages'], { schoolCode, cameFrom, roll, records }: StudentView) => ({
  schoolCode,
  cameFrom,
  roll: roll ? ON_ROLL.map((name) => ({ name: messages.labels[name], value: roll[name] })) : [],
  records: records.map(({ ref, provenance, version, files }) => ({
    ref,
    remarks: [
      provenance === 'received' ? messages.provenance.received : '',
      version === undefined ? '' : versionText(messages, version),
      ...lostNotes(messages, files),
    ],
  })),
});

/** A row a record. */
function tableOf({ messages }: Context, students: readonly StudentView[]): Table {
  const { columns: titles, tables } = messages;
  const head = [
    ...[titles.nationalId, titles.name, titles.list, titles.ref, titles.term, titles.school, titles.provenance, titles.courseCode],
    ...[titles.title, titles.certification, titles.document, titles.documentBytes, titles.documentMd5],
    ...[titles.media, titles.mediaBytes, titles.mediaMd5, titles.version],
  ];
  const rows = students.flatMap(({ basicData, records }) =>
    records.map((record) => [
      ...[basicData.nationalId, basicData.name, record.list, record.ref, record.term, record.originSchoolCode],
      ...[provenanceOf(messages, record), record.courseCode, record.title, CODE_TABLES.certification[record.certification] ?? ''],
      ...SLOTS.flatMap((slot) => {
        const file = record.files.find((candidate) => candidate.slot === slot);
        return [file?.name ?? '', file?.bytes ?? '', file?.md5 ?? ''];
      }),
      record.version ? versionText(messages, record.version) : '',
    ]),
  );
  return { name: tables.names.show, rows: [head, ...rows] };
}

const provenanceOf = (messages: Context['messages'], { provenance }: RecordView): string =>
  provenance === 'package' ? '' : messages.provenance[provenance];

const studentOutput = ({ basicData, schoolCode, cameFrom, roll, listed, records }: StudentView) => {
  const { nationalId, name, birthDate, academicYear, semester } = basicData;
  const ofRoll = { ...roll, ...(roll && { listed }) };
  return { nationalId, name, birthDate, schoolCode, cameFrom, academicYear, semester, ...ofRoll, records: records.map(recordOutput) };
};

function studentLines({ messages, paint }: Context, { basicData, schoolCode, cameFrom, roll, listed, records }: StudentView): string[] {
  const { labels, show: words } = messages;
  const head = [
    paint.bold(cell(basicData.name)),
    basicData.nationalId,
    basicData.birthDate,
    `${labels.school} ${schoolCode}${cameFrom === '' ? '' : fill(words.cameFrom, { school: cameFrom })}`,
    listed ? '' : `${words.entered} ${basicData.academicYear}-${basicData.semester}`,
    ...calledBy(labels, roll),
  ];
  const lists = [...new Set(records.map((record) => record.list))];
  return [
    head.filter(Boolean).join('  '),
    ...(listed ? [paint.yellow(messages.students.listedNote)] : []),
    ...lists.flatMap((list) => {
      const of = records.filter((record) => record.list === list);
      return [
        '',
        `${paint.cyan(list)} (${of.length})`,
        ...columns(
          of.map((record) => recordRow(messages, record)),
          '  ',
        ).flatMap((line, i) => [
          ...withVersions(messages, [line], of.slice(i, i + 1)),
          ...recordNotes(messages, of[i] as RecordView).map((note) => paint.yellow(`      ↳ ${note}`)),
        ]),
      ];
    }),
  ];
}

/** What a list may say of a student, in the order in which people say it. */
const ON_ROLL = ['className', 'seat', 'studentNumber'] as const;

/** Class, seat and student number, where a list says them. */
const calledBy = (labels: Messages['labels'], roll: StudentView['roll']): string[] =>
  roll ? ON_ROLL.filter((name) => roll[name] !== '').map((name) => `${labels[name]} ${cell(roll[name], 16)}`) : [];

const recordOutput = ({ version, ...rest }: RecordView) => ({ ...rest, ...(version && { version: versionOutput(version) }) });

function recordRow(messages: Context['messages'], record: RecordView): string[] {
  const files = record.files.map((file) => `${cell(file.name, 30)} ${size(file.bytes)}`).join(messages.usage.and);
  const certification = CODE_TABLES.certification[record.certification] ?? '';
  return [
    ...(record.ref ? [record.ref] : []),
    record.term,
    record.originSchoolCode,
    provenanceOf(messages, record),
    ...(record.courseCode ? [record.courseCode] : []),
    cell(record.title, 36),
    ...(record.courseCode ? [certification] : []),
    files || messages.show.noFiles,
  ];
}
