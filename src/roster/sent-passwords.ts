/**
 * The table of passwords that goes to a receiving school, in another way than its packages: a row a package. It is the only
 * record of them, so a row is on the disk before its package has its name; what was made again has the same password.
 */
import { closeSync, constants, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { replaceFile } from '../io/publish.js';
import { isPlainFile, requirePlain } from '../io/read.js';
import { csv, readTable } from './tables.js';

const TITLES = ['檔名', 'MD5', '密碼', '批次'];

export interface PasswordRow {
  /** The package, by its base name; empty for one that is still to be made. */
  readonly file: string;
  readonly md5: string;
  readonly password: string;
  /** The job of the batch that makes the package. */
  readonly job: string;
}

/** Only of a table that is there: one that somebody removed would come back without its titles and its other rows. No link, and no waiting for a pipe. */
const APPENDING = constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Adds rows to a table that is there, and makes them last. @throws LPX_DISK_FULL, LPX_WRITE_FAILED, LPX_FILE_UNREADABLE */
export function appendPasswords(file: string, rows: readonly PasswordRow[]): void {
  // The line end comes first: a row that was cut off by a full disk spoils none but itself.
  const added = Buffer.from(rows.map((row) => `\r\n${cellsOf(row).join(',')}`).join(''));
  try {
    const fd = openSync(file, APPENDING);
    try {
      requirePlain(fstatSync(fd), file);
      // Other threads add to the table too: what was cut off is not gone on with.
      if (writeSync(fd, added) < added.length) throw new LpxError('LPX_DISK_FULL', { file });
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, file, 'writing');
  }
}

/** Makes a table without rows where there is none. @throws LPX_DISK_FULL, LPX_WRITE_FAILED; LPX_FILE_UNREADABLE for anything but a plain file */
export async function makePasswordTable(file: string): Promise<void> {
  if (!isPlainFile(file)) await replaceFile(file, csv('', { name: '', rows: [TITLES] }).content.subarray(0, -LINE_END.length));
}

/** The rows of a table that lpx wrote; none when it is not there. Those that were cut off are left out. @throws as `readTable`; LPX_FILE_UNREADABLE for anything but a plain file */
export const readSentPasswords = async (file: string): Promise<PasswordRow[]> =>
  isPlainFile(file) ? (await readTable(file)).map(rowOf).filter(isWhole) : [];

/**
 * Takes rows out of a table that is complete; what is not lpx's own in it stays. A table without rows is removed.
 * @throws as `readSentPasswords`; LPX_DISK_FULL, LPX_WRITE_FAILED
 */
export async function completePasswordTable(file: string, isSpare: (row: PasswordRow) => boolean): Promise<void> {
  if (!isPlainFile(file)) return;
  const [titles = TITLES, ...rows] = await readTable(file);
  const kept = rows.filter((cells) => cells.some((cell) => cell !== '') && !(isWhole(rowOf(cells)) && isSpare(rowOf(cells))));
  if (kept.length === 0) await rm(file, { force: true });
  else await replaceFile(file, csv('', { name: '', rows: [titles, ...kept] }).content);
}

/** A package, and the job that made it. */
export interface MadePackage {
  readonly job: string;
  readonly file: string;
  readonly md5: string;
}

/**
 * Writes into the rows of passwords that were given before their packages were made, which packages they are for: a row for each of them.
 * @throws as `readSentPasswords`; LPX_DISK_FULL, LPX_WRITE_FAILED
 */
export async function namePackages(file: string, made: readonly MadePackage[]): Promise<void> {
  if (!isPlainFile(file)) return;
  const [titles = TITLES, ...rows] = await readTable(file);
  const named = rows.flatMap((cells) => {
    const row = rowOf(cells);
    const packages = isWhole(row) && row.file === '' && row.md5 === '' ? made.filter(({ job }) => job === row.job) : [];
    return packages.length > 0 ? packages.map(({ file: name, md5 }) => cellsOf({ ...row, file: name, md5 })) : [cells];
  });
  const filled = named.filter((cells) => cells.some((cell) => cell !== ''));
  if (filled.length > 0) await replaceFile(file, csv('', { name: '', rows: [titles, ...filled] }).content);
}

/**
 * The password that a job of a batch has been given, in the batch's tables.
 * @param path a table, or a folder of tables
 * @returns undefined where no table has one @throws as `readSentPasswords`
 */
export async function sentPasswordOf(path: string, job: string): Promise<string | undefined> {
  const [token = ''] = job.split('-');
  const names = await readdir(path).catch(() => undefined);
  const files = names === undefined ? [path] : names.filter((name) => name.endsWith(`-${token}.csv`)).map((name) => join(path, name));
  for (const file of files) {
    const row = (await readSentPasswords(file)).find((listed) => listed.job === job && listed.password !== '');
    if (row) return row.password;
  }
  return undefined;
}

const LINE_END = '\r\n';

const rowOf = ([file = '', md5 = '', password = '', job = '']: readonly string[]): PasswordRow => ({ file, md5, password, job });
const cellsOf = ({ file, md5, password, job }: PasswordRow): string[] => [file, md5, password, job];

/** The job stands last: it is as long as it should be only where the row is. */
const isWhole = ({ job }: PasswordRow): boolean => /^[0-9a-f]{8}-[0-9a-f]{12}$/.test(job);
