/**
 * The table of passwords that goes to a receiving school, in another way than its packages: a row a package. It is the only
 * record of them, so a row is on the disk before its package has its name; what was made again has the same password.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { replaceFile } from '../io/publish.js';
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

/** Adds rows to a table that is there, and makes them last. @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
export function appendPasswords(file: string, rows: readonly PasswordRow[]): void {
  try {
    const fd = openSync(file, 'a', 0o600);
    try {
      // The line end comes first: a row that was cut off by a full disk spoils none but itself.
      writeSync(fd, rows.map((row) => `\r\n${cellsOf(row).join(',')}`).join(''));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, file, 'writing');
  }
}

/** Writes a table in the place of the one that is there, if any, all or nothing. @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
export const writeSentPasswords = (file: string, rows: readonly PasswordRow[]): Promise<void> =>
  replaceFile(file, csv('', { name: '', rows: [TITLES, ...rows.map(cellsOf)] }).content);

/** The rows of a table as it was written; none when it is not there. A row that was cut off is left out. @throws as `readTable` */
export async function readSentPasswords(file: string): Promise<PasswordRow[]> {
  const rows = await readTable(file).catch((error) => {
    if (error instanceof LpxError && error.code === 'LPX_FILE_NOT_FOUND') return [];
    throw error;
  });
  return rows.map(([name = '', md5 = '', password = '', job = '']) => ({ file: name, md5, password, job })).filter(isWhole);
}

const cellsOf = ({ file, md5, password, job }: PasswordRow): string[] => [file, md5, password, job];

/** The job stands last: it is as long as it should be only where the row is. */
const isWhole = ({ job }: PasswordRow): boolean => /^[0-9a-f]{8}-[0-9a-f]{12}$/.test(job);
