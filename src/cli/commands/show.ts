import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { withStore } from '../../exchange/school-store.js';
import { type RecordView, type StudentView, showPackage, showStudent } from '../../exchange/show.js';
import { errorOfReport } from '../../exchange/verify.js';
import { fill, type Messages } from '../../messages/messages.js';
import { CODE_TABLES } from '../../spec/codes.js';
import { SLOTS } from '../../spec/portfolio.js';
import type { Context, Outcome } from '../context.js';
import { passwordFor } from '../passwords.js';
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
  return isPackage(context, what) ? showZip(context, what, options, asked) : showOne(context, what, asked);
}

/** Whether a word means a package: there is such a file, or the name says so. Else it means a student. */
export function isPackage({ cwd }: Context, what: string): boolean {
  const found = statSync(resolve(cwd, what), { throwIfNoEntry: false });
  return /\.zip$/i.test(what) || (found !== undefined && !found.isDirectory());
}

async function showOne(context: Context, nationalId: string, asked: TableOptions): Promise<Outcome> {
  const student = await withStore(storeFolder(context), (store) => showStudent(store, nationalId));
  const outcome = { json: { source: 'store', students: [studentOutput(student)] }, text: studentLines(context, student) };
  return withTable(context, asked, outcome, () => tableOf(context, [student]));
}

async function showZip(context: Context, zip: string, options: VerifyOptions, asked: TableOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const password = await passwordFor(context, options);
  const { report, students } = await showPackage({ ...packageRequest(context, zip, options), password });
  const { package: facts, checks, findings } = reportOutput(messages, report);
  const outcome = {
    json: { source: 'package', package: facts, checks, findings, students: students.map(studentOutput) },
    text: report.ok
      ? [...packageLines(messages, paint, report.package), ...students.flatMap((student) => ['', ...studentLines(context, student)])]
      : reportLines(messages, paint, report),
    error: errorOfReport(report),
  };
  return report.ok ? withTable(context, asked, outcome, () => tableOf(context, students)) : outcome;
}

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
        ...withVersions(
          messages,
          columns(
            of.map((record) => recordRow(messages, record)),
            '  ',
          ),
          of,
        ),
      ];
    }),
  ];
}

/** Class, seat and student number, where a list says them. */
const calledBy = (labels: Messages['labels'], roll: StudentView['roll']): string[] =>
  roll
    ? (['className', 'seat', 'studentNumber'] as const)
        .filter((name) => roll[name] !== '')
        .map((name) => `${labels[name]} ${cell(roll[name], 16)}`)
    : [];

const recordOutput = ({ version, ...rest }: RecordView) => ({ ...rest, ...(version && { version: versionOutput(version) }) });

function recordRow(messages: Context['messages'], record: RecordView): string[] {
  const files = record.files.map((file) => `${cell(file.name, 30)} ${size(file.bytes)}`).join(', ');
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
