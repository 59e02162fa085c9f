/** The jobs of a batch: the rows of its list that go into one package, by a name that another run of the batch gives them too. */
import { createHash } from 'node:crypto';
import type { ExportRow } from '../../roster/export-list.js';
import type { Batch, JobPackage } from '../../store/batch-journal.js';
import type { BatchExportRequest } from '../export-batch.js';
import type { ExportPayload } from '../queued-jobs.js';

export interface Job {
  /** As the history knows it. */
  readonly id: string;
  readonly rows: readonly [ExportRow, ...ExportRow[]];
}

/** What one run of a batch knows. */
export interface Run {
  readonly request: BatchExportRequest;
  readonly batch: Batch;
  /** Names by national id. */
  readonly names: ReadonlyMap<string, string>;
  /** By SHA-256. */
  readonly sharedFiles: ReadonlySet<string>;
  /** The packages of jobs that are done. */
  readonly made: ReadonlyMap<string, readonly JobPackage[]>;
}

const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** A row as it is compared: wherever in the list it stands. */
const canonicalRow = ({ nationalId, reason, terms, left, toSchool }: ExportRow): string =>
  JSON.stringify([nationalId, reason, terms, left, toSchool]);

/** Two batches with the same key are the same: of the same list, with options that make the same packages in the same places. */
export function keyOf({ list, outFolder, passwordFolder, groupBy, encryption, force, acceptLeft, resend }: BatchExportRequest): string {
  const options = { outFolder, passwordFolder, groupBy, encryption, force, acceptLeft, resend };
  return sha256([list.rows.map(canonicalRow).sort(), options]);
}

/** How much of a hash names a job within its batch, in hex digits. */
const JOB_DIGITS = 12;

/** The rows of each package, in the order of the list. What a package has only one of, all its rows have in common. */
export function jobsOf({ request: { list, groupBy }, batch }: Run): Job[] {
  const groups = new Map<string, [ExportRow, ...ExportRow[]]>();
  for (const row of list.rows) {
    const { toSchool, reason, left, terms } = row;
    const key = groupBy === 'student' ? canonicalRow(row) : JSON.stringify([toSchool, reason, left, terms]);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((rows) => ({
    id: `${batch.token}-${sha256(rows.map(canonicalRow).sort()).slice(0, JOB_DIGITS)}`,
    rows,
  }));
}

export function packagesByJob(packages: readonly JobPackage[]): Map<string, JobPackage[]> {
  const byJob = new Map<string, JobPackage[]>();
  for (const made of packages) byJob.set(made.batchJob, [...(byJob.get(made.batchJob) ?? []), made]);
  return byJob;
}

/** What to export of one job, wherever it runs. */
export function exportOf({ request }: Run, rows: Job['rows']): ExportPayload['request'] {
  const { encryption, force, acceptLeft, groupBy, operator } = request;
  const [{ toSchool, reason, left, terms }] = rows;
  return {
    nationalIds: rows.map(({ nationalId }) => nationalId),
    skipEmpty: false,
    skipUnfit: groupBy === 'school',
    reason,
    left,
    force,
    acceptLeft,
    terms,
    toSchool,
    encryption,
    operator,
  };
}
