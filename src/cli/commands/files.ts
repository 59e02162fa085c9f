import { join, resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type LaidFile, type Listing, type StudentFolder, writePackageFiles, writeStudentFiles } from '../../exchange/files.js';
import { withStore } from '../../exchange/school-store.js';
import { errorOfReport } from '../../exchange/verify.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { passwordFor } from '../passwords.js';
import { startProgress } from '../progress.js';
import { reportLines, reportOutput } from '../render/report.js';
import { csvTable } from '../render/tables.js';
import { cell, columns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';
import { isPackage } from './show.js';
import { packageRequest, type VerifyOptions } from './verify.js';

export interface FilesOptions extends VerifyOptions {
  readonly picked?: boolean;
  readonly manifest?: boolean;
  readonly out: string;
  readonly overwrite?: boolean;
}

/** `lpx files`: writes the attachments of a student of the store, or of a package. */
export async function files(context: Context, what: string, options: FilesOptions): Promise<Outcome> {
  return isPackage(context, what) ? ofPackage(context, what, options) : ofStudent(context, what, options);
}

async function ofStudent(context: Context, who: string, options: FilesOptions): Promise<Outcome> {
  const written = await withStore(storeFolder(context), (store) =>
    writeStudentFiles(store, {
      who,
      picked: options.picked === true,
      manifest: options.manifest === true,
      ...target(context, options),
      now: context.now(),
      operator: context.operator(),
    }),
  );
  return { json: { source: 'store', students: [studentOutput(context, written)] }, text: studentLines(context, written) };
}

async function ofPackage(context: Context, zip: string, options: FilesOptions): Promise<Outcome> {
  const { messages } = context;
  if (options.picked) throw new LpxError('LPX_USAGE', { problem: messages.files.noPicks });
  if (options.manifest) throw new LpxError('LPX_USAGE', { problem: messages.files.noManifest });
  const progress = startProgress(context, messages.progress.reading);
  const password = await passwordFor(context, options);
  const request = { ...packageRequest(context, zip, options), password, onProgress: progress.update, ...target(context, options) };
  const { report, students } = await writePackageFiles(request).finally(progress.stop);
  const { package: facts, checks, findings } = reportOutput(messages, report);
  return {
    json: {
      source: 'package',
      package: facts,
      checks,
      findings,
      students: students.map((student) => studentOutput(context, student)),
    },
    text: report.ok ? students.flatMap((student) => studentLines(context, student)) : reportLines(context, report),
    ...(report.ok && { findings: report.findings }),
    error: errorOfReport(report),
  };
}

const target = (context: Context, { out, overwrite }: FilesOptions) => ({
  outFolder: resolve(context.cwd, out),
  existing: overwrite ? ('replace' as const) : ('keep' as const),
  listing: listingIn(context),
});

/** The list that lies in a student's folder. */
const listingIn =
  ({ messages: { files: words, columns: titles } }: Context): Listing =>
  (files) => {
    const head = [
      titles.nationalId,
      titles.name,
      titles.schoolYear,
      titles.list,
      titles.ref,
      titles.title,
      titles.file,
      titles.originalName,
    ];
    const rows = files.map(({ nationalId, student, schoolYear, list, ref, title, path, name, bytes, md5, sha256 }) => [
      ...[nationalId, student, schoolYear, list, ref, title, path, name, bytes, md5, sha256],
    ]);
    return csvTable({ name: words.listName, rows: [[...head, titles.bytes, 'MD5', 'SHA-256'], ...rows] });
  };

const listOf = ({ messages }: Context, { folder }: StudentFolder): string => join(folder, `${messages.files.listName}.csv`);

const studentOutput = (context: Context, written: StudentFolder) => ({
  nationalId: written.nationalId,
  name: written.name,
  folder: written.folder,
  list: listOf(context, written),
  files: written.files.map(({ nationalId: _, student: __, ...file }) => file),
});

function studentLines(context: Context, written: StudentFolder): string[] {
  const { messages, paint } = context;
  const { files: words } = messages;
  const counts = new Map<string, { readonly file: LaidFile; readonly count: number }>();
  for (const file of written.files) {
    const key = `${file.schoolYear}/${file.list}`;
    counts.set(key, { file, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const rows = [...counts.values()].map(({ file: { schoolYear, list }, count }) => [String(schoolYear), list, count]);
  return [
    `${paint.green('✔')} ${cell(written.name)}  ${fill(words.done, { count: written.files.length })}`,
    ...columns(rows, '  '),
    `  ${words.listed}  ${listOf(context, written)}`,
  ];
}
