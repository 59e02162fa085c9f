import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { withStore } from '../../exchange/school-store.js';
import { type RecordView, type StudentView, showPackage, showStudent } from '../../exchange/show.js';
import { errorOfReport } from '../../exchange/verify.js';
import { fill } from '../../messages/messages.js';
import { CODE_TABLES } from '../../spec/codes.js';
import type { Context, Outcome } from '../context.js';
import { passwordFor } from '../passwords.js';
import { packageLines, reportLines, reportOutput } from '../render/report.js';
import { cell, columns, size } from '../render/text.js';
import { versionOutput, withVersions } from '../render/versions.js';
import { storeFolder } from '../store-folder.js';
import { packageRequest, type VerifyOptions } from './verify.js';

/** `lpx show`: a package when there is such a file or the name says so, else a student of the store. */
export async function show(context: Context, what: string, options: VerifyOptions): Promise<Outcome> {
  return isPackage(context, what) ? showZip(context, what, options) : showOne(context, what);
}

/** Whether a word means a package: there is such a file, or the name says so. Else it means a student. */
export function isPackage({ cwd }: Context, what: string): boolean {
  const found = statSync(resolve(cwd, what), { throwIfNoEntry: false });
  return /\.zip$/i.test(what) || (found !== undefined && !found.isDirectory());
}

async function showOne(context: Context, nationalId: string): Promise<Outcome> {
  const student = await withStore(storeFolder(context), (store) => showStudent(store, nationalId));
  return { json: { source: 'store', students: [studentOutput(student)] }, text: studentLines(context, student) };
}

async function showZip(context: Context, zip: string, options: VerifyOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const password = await passwordFor(context, options);
  const { report, students } = await showPackage({ ...packageRequest(context, zip, options), password });
  const { package: facts, checks, findings } = reportOutput(messages, report);
  return {
    json: { source: 'package', package: facts, checks, findings, students: students.map(studentOutput) },
    text: report.ok
      ? [...packageLines(messages, paint, report.package), ...students.flatMap((student) => ['', ...studentLines(context, student)])]
      : reportLines(messages, paint, report),
    error: errorOfReport(report),
  };
}

const studentOutput = ({ basicData, schoolCode, cameFrom, records }: StudentView) => {
  const { nationalId, name, birthDate, academicYear, semester } = basicData;
  return { nationalId, name, birthDate, schoolCode, cameFrom, academicYear, semester, records: records.map(recordOutput) };
};

function studentLines({ messages, paint }: Context, { basicData, schoolCode, cameFrom, records }: StudentView): string[] {
  const { labels, show: words } = messages;
  const head = [
    paint.bold(cell(basicData.name)),
    basicData.nationalId,
    basicData.birthDate,
    `${labels.school} ${schoolCode}${cameFrom === '' ? '' : fill(words.cameFrom, { school: cameFrom })}`,
    `${words.entered} ${basicData.academicYear}-${basicData.semester}`,
  ];
  const lists = [...new Set(records.map((record) => record.list))];
  return [
    head.filter(Boolean).join('  '),
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

const recordOutput = ({ version, ...rest }: RecordView) => ({ ...rest, ...(version && { version: versionOutput(version) }) });

function recordRow(messages: Context['messages'], record: RecordView): string[] {
  const files = record.files.map((file) => `${cell(file.name, 30)} ${size(file.bytes)}`).join(', ');
  const certification = CODE_TABLES.certification[record.certification] ?? '';
  const provenance = record.provenance === 'package' ? '' : messages.provenance[record.provenance];
  return [
    ...(record.ref ? [record.ref] : []),
    record.term,
    record.originSchoolCode,
    provenance,
    ...(record.courseCode ? [record.courseCode] : []),
    cell(record.title, 36),
    ...(record.courseCode ? [certification] : []),
    files || messages.show.noFiles,
  ];
}
