/** The passwords that a batch gives its packages, in the tables for their schools: given once, whoever goes on with the batch. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorOf, type Finding, findingOf } from '../../errors.js';
import { opensPackage } from '../../exchange/slip.js';
import { syncFolder } from '../../io/publish.js';
import type { ExportRow } from '../../roster/export-list.js';
import {
  appendPasswords,
  completePasswordTable,
  makePasswordTable,
  namePackages,
  type PasswordRow,
  readSentPasswords,
} from '../../roster/sent-passwords.js';
import type { Batch, JobPackage } from '../../store/batch-journal.js';
import type { BatchExportResult } from '../export-batch.js';
import type { Job } from './jobs.js';

/** The tables of passwords of one batch, a file for each receiving school: the only record of them. */
export class Passwords {
  readonly #folder: string;
  readonly #token: string;
  readonly #schools: readonly string[];
  readonly #byJob = new Map<string, string>();

  private constructor(folder: string, { token }: Batch, schools: readonly string[]) {
    this.#folder = folder;
    this.#token = token;
    this.#schools = schools;
  }

  /**
   * Reads the passwords that the batch has given already, and makes the tables that are not there yet.
   * @throws LPX_PASSWORD_LOST when the tables no longer have those of packages that are made; LPX_DISK_FULL, LPX_WRITE_FAILED; as
   *   `readSentPasswords`
   */
  static async open(folder: string, batch: Batch, rows: readonly ExportRow[], made: readonly JobPackage[]) {
    const schools = [...new Set(rows.map(({ toSchool }) => toSchool))].sort();
    const passwords = new Passwords(folder, batch, schools);
    await syncFolder(join(folder, '..'));
    const listed = await passwords.#listed();
    await refuseLost(made, listed, (known) => opensOne(known, rowsOf(known, listed)));
    for (const { job, password } of listed) passwords.#byJob.set(job, password);
    for (const school of schools) await makePasswordTable(passwords.tableOf(school));
    return passwords;
  }

  tableOf(school: string): string {
    return join(this.#folder, `${school}-${this.#token}.csv`);
  }

  /** The password that a job has been given before. */
  of(job: string): string | undefined {
    return this.#byJob.get(job);
  }

  /** Gives passwords to jobs that have none yet, and writes them down. @throws as `appendPasswords` */
  async give(jobs: readonly Job[], newPassword: () => string): Promise<void> {
    for (const school of this.#schools) {
      const open = jobs.filter(({ id, rows }) => rows[0].toSchool === school && !this.#byJob.has(id));
      const given = open.map(({ id: job }) => ({ file: '', md5: '', password: newPassword(), job }));
      if (given.length > 0) appendPasswords(this.tableOf(school), given);
      for (const { job, password } of given) this.#byJob.set(job, password);
    }
  }

  /** Writes down which packages the passwords are for that were given before these were made. @throws as `namePackages` */
  async name(packages: readonly JobPackage[]): Promise<void> {
    const made = packages.map(({ batchJob: job, file, md5 }) => ({ job, file, md5 }));
    for (const { path } of this.tables) await namePackages(path, made);
  }

  /** Those that are there. */
  get tables(): BatchExportResult['passwordTables'] {
    return this.#schools.map((school) => ({ school, path: this.tableOf(school) })).filter(({ path }) => existsSync(path));
  }

  /** Takes out of the tables what never became a package, and removes those that are empty. @throws as `open` */
  async complete(packages: readonly JobPackage[]): Promise<void> {
    const listed = await this.#listed();
    await refuseLost(packages, listed, async () => true);
    const isOfPackage = (row: PasswordRow) => packages.some((known) => isRowOf(row, known));
    const lacking = new Set(packages.filter((known) => !listed.some((row) => isRowOf(row, known))).map(({ batchJob }) => batchJob));
    const isSpare = (row: PasswordRow) => row.job.startsWith(`${this.#token}-`) && !isOfPackage(row) && !lacking.has(row.job);
    for (const { path } of this.tables) await completePasswordTable(path, isSpare);
  }

  async #listed(): Promise<PasswordRow[]> {
    return (await Promise.all(this.#schools.map((school) => readSentPasswords(this.tableOf(school))))).flat();
  }
}

/** Whether a row is that of a package, whatever people have made of the file's name. */
const isRowOf = ({ job, file, md5 }: PasswordRow, known: JobPackage): boolean =>
  job === known.batchJob && (md5 === known.md5 || file === known.file);

/** The rows of a package; where none names it any more, those of its job, whose packages have one password. */
function rowsOf(known: JobPackage, listed: readonly PasswordRow[]): PasswordRow[] {
  const own = listed.filter((row) => isRowOf(row, known));
  return own.length > 0 ? own : listed.filter(({ job }) => job === known.batchJob);
}

/** @throws LPX_PASSWORD_LOST, with every package that has no row, or whose row does not hold */
async function refuseLost(
  packages: readonly JobPackage[],
  listed: readonly PasswordRow[],
  holds: (known: JobPackage) => Promise<boolean>,
): Promise<void> {
  const lost: Finding[] = [];
  for (const known of packages) {
    if (rowsOf(known, listed).length > 0 && (await holds(known))) continue;
    lost.push(findingOf('LPX_PASSWORD_LOST', 'error', {}, { file: known.file, school: known.school }));
  }
  const error = errorOf(lost);
  if (error) throw error;
}

/** Whether one of the rows opens a package, as far as it is still there as it was. */
async function opensOne({ folder, file, bytes }: JobPackage, rows: readonly PasswordRow[]): Promise<boolean> {
  const path = join(folder, file);
  if (statSync(path, { throwIfNoEntry: false })?.size !== bytes) return true;
  for (const { password } of rows) if (password !== '' && (await opensPackage(path, password))) return true;
  return false;
}
