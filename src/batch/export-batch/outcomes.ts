/** What becomes of a job and of each of its rows: now, before the batch was gone on with, or not at all. */
import { basename, join } from 'node:path';
import { errorOf, type LpxError } from '../../errors.js';
import type { ExportResult } from '../../exchange/export.js';
import type { ExportRow } from '../../roster/export-list.js';
import { dayOf } from '../../spec/terms.js';
import type { JobOutcome, RowOutcome } from '../export-batch.js';
import type { Job, Run } from './jobs.js';

const nameOf = ({ names }: Run, { nationalId }: ExportRow): string => names.get(nationalId) ?? '';

export function outcomeOf(run: Run, rows: Job['rows'], { packages, students, sent, unfit, findings }: ExportResult): JobOutcome {
  const outcomes = rows.map((row): RowOutcome => {
    const isOfRow = ({ nationalId }: { readonly nationalId: string }) => nationalId === row.nationalId;
    const base = { row, name: nameOf(run, row), findings: findings.filter(({ place }) => place.student === row.nationalId) };
    const before = sent.find(isOfRow);
    if (before) return { ...base, outcome: 'sent-before', file: before.file, sentOn: dayOf(before.at) };
    const against = unfit.find(isOfRow);
    const error = against && errorOf(against.findings);
    if (against && error) return { ...base, outcome: 'failed', file: '', error, findings: against.findings };
    return { ...base, outcome: 'exported', file: students.find(isOfRow)?.file ?? '' };
  });
  return {
    school: rows[0].toSchool,
    outcome: outcomes.some(({ outcome }) => outcome === 'failed') ? 'failed' : 'done',
    isEarlier: false,
    packages: packages.map(({ zipFile, signatureFile, digests: { bytes, md5 }, contentsDigest }) => ({
      path: zipFile,
      signaturePath: signatureFile,
      file: basename(zipFile),
      bytes,
      md5,
      contentsDigest,
    })),
    rows: outcomes,
  };
}

/** Of a job all of whose students failed: each by what stands against them, or by what stands against all. */
export function failed(run: Run, rows: Job['rows'], error: LpxError): JobOutcome {
  const outcomes = rows.map((row): RowOutcome => {
    const findings = error.findings.filter(({ place }) => place.student === row.nationalId);
    return { row, name: nameOf(run, row), outcome: 'failed', file: '', error: errorOf(findings) ?? error, findings };
  });
  return { school: rows[0].toSchool, outcome: 'failed', isEarlier: false, packages: [], rows: outcomes };
}

export const notDone = (run: Run, { rows }: Job): JobOutcome => ({
  school: rows[0].toSchool,
  outcome: 'not-done',
  isEarlier: false,
  packages: [],
  rows: rows.map((row) => ({ row, name: nameOf(run, row), outcome: 'not-done', file: '', findings: [] })),
});

/** The part of a job that was done before the batch was gone on with, if any. */
export function doneEarlier(run: Run, { id, rows }: Job): (readonly [id: string, outcome: JobOutcome])[] {
  const packages = run.made.get(id);
  if (!packages) return [];
  const outcomes = rows.flatMap((row): RowOutcome[] => {
    const file = packages.find(({ nationalIds }) => nationalIds.includes(row.nationalId))?.file;
    return file === undefined ? [] : [{ row, name: nameOf(run, row), findings: [], outcome: 'exported', file }];
  });
  const sent = packages.map(({ folder, file, bytes, md5, contentsDigest }) => ({
    path: join(folder, file),
    signaturePath: join(folder, `${file}.md5`),
    file,
    bytes,
    md5,
    contentsDigest,
  }));
  return [[id, { school: rows[0].toSchool, outcome: 'done', isEarlier: true, packages: sent, rows: outcomes }]];
}
