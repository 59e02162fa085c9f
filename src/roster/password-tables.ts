/**
 * Passwords of many packages, as schools hand them over: a table (CSV, XLSX) with a row a package, or a folder of such tables and of files
 * `<package>.pw`. No value of a cell gets into an error: it may be a password.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { readSmall, statPlain } from '../io/read.js';
import { trimmed } from '../plain-text.js';
import { PASSWORD_FILE_BYTES, passwordLines } from './password-files.js';
import { plainTitle } from './sheet-kinds.js';
import { readTable } from './tables.js';

/** A password, and the package that it is said to open: by file name, by MD5, or both. */
export interface ListedPassword {
  /** As it is written: with or without folder and `.zip`; empty where there is none. */
  readonly file: string;
  /** 32 lower-case hex digits; empty where there is none. */
  readonly md5: string;
  readonly password: string | Uint8Array;
}

/** What the columns of a table may be called; see `plainTitle`. */
const TITLES = {
  file: [
    '檔名',
    '檔案',
    '檔案名稱',
    '交換檔',
    '交換檔名稱',
    '交換檔檔名',
    '壓縮檔',
    '壓縮檔名',
    '壓縮檔名稱',
    'FILE',
    'FILENAME',
    'NAME',
    'PACKAGE',
    'ZIP',
    'ZIPFILE',
  ],
  md5: ['MD5', 'MD5值', 'MD5碼', '簽章', '簽章值', '雜湊', '雜湊值', '檢查碼', '驗證碼', 'CHECKSUM', 'HASH', 'MD5SUM', 'SIGNATURE'],
  password: [
    '密碼',
    '解壓密碼',
    '解壓縮密碼',
    '壓縮密碼',
    '壓縮檔密碼',
    '交換檔密碼',
    '檔案密碼',
    '開啟密碼',
    '通行碼',
    'PASSWORD',
    'PASSPHRASE',
    'PASS',
    'PWD',
    'PW',
  ],
} as const;

type Column = keyof typeof TITLES;
type Columns = Partial<Record<Column, number>>;

/** A row of titles stands among the first of these rows. */
const TITLE_ROWS = 20;
const TABLE_NAME = /\.(?:csv|tsv|xlsx|xlsm|ods)$/i;
const PASSWORD_NAME = /\.pw(?:\.txt)?$/i;

/**
 * Reads a table of passwords, or a folder with tables and files `<package>.pw`.
 * @throws as `readTable`; LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE; LPX_PASSWORD_TABLE for a table without passwords
 */
export async function readPasswords(path: string): Promise<ListedPassword[]> {
  const found = await stat(path).catch((error) => {
    throw fileError(error, path, 'reading');
  });
  if (!found.isDirectory()) return readPasswordTable(path);
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
    throw fileError(error, path, 'reading');
  });
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const listed: ListedPassword[] = [];
  for (const name of names.filter((name) => !/^(?:\.|~\$)/.test(name)).sort()) {
    const file = join(path, name);
    if (TABLE_NAME.test(name)) listed.push(...(await readPasswordTable(file)));
    else if (PASSWORD_NAME.test(name)) listed.push(...(await readPasswordFile(file)));
  }
  return listed;
}

/** The passwords of a file `<package>.pw` or `<MD5>.pw`, a line each. */
async function readPasswordFile(path: string): Promise<ListedPassword[]> {
  const name = basename(path).replace(PASSWORD_NAME, '');
  const key = isMd5(name) ? { file: '', md5: name.toLowerCase() } : { file: name, md5: '' };
  return passwordLines(await readSmall(path, PASSWORD_FILE_BYTES, 'file')).map((password) => ({ ...key, password }));
}

/** A pipe may have no writer, and nothing else would say that lpx waits for one. */
async function readPasswordTable(path: string): Promise<ListedPassword[]> {
  await statPlain(path);
  const rows = await readTable(path);
  const titled = rows.slice(0, TITLE_ROWS).findIndex((row) => columnsOf(row).password !== undefined);
  const columns = titled < 0 ? undefined : columnsOf(rows[titled] as string[]);
  if (columns && columns.file === undefined && columns.md5 === undefined)
    throw new LpxError('LPX_PASSWORD_TABLE', { file: basename(path) });
  const listed = rows.slice(titled + 1).flatMap((row) => listedIn(columns ? cellsOf(row, columns) : guessed(row)));
  if (listed.length === 0) throw new LpxError('LPX_PASSWORD_TABLE', { file: basename(path) });
  return listed;
}

/** The columns that a row of titles names; each by its first title. */
function columnsOf(row: readonly string[]): Columns {
  const columns: Columns = {};
  for (const [at, cell] of row.entries()) {
    const title = plainTitle(cell);
    for (const column of Object.keys(TITLES) as Column[]) if ((TITLES[column] as readonly string[]).includes(title)) columns[column] ??= at;
  }
  return columns;
}

type Cells = Readonly<Record<Column, string>>;

function cellsOf(row: readonly string[], columns: Columns): Cells {
  const cell = (column: Column) => (columns[column] === undefined ? '' : (row[columns[column]] ?? ''));
  return { file: cell('file'), md5: cell('md5'), password: cell('password') };
}

/** Without titles, the last cell is the password; those before it name the package. */
function guessed(row: readonly string[]): Cells {
  const cells = row.filter((cell) => trimmed(cell) !== '');
  const [password = '', ...keys] = cells.toReversed();
  const md5 = keys.find((key) => isMd5(key)) ?? '';
  return { file: keys.findLast((key) => key !== md5) ?? '', md5, password };
}

const md5Digits = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[\s:-]/g, '')
    .toLowerCase();
const isMd5 = (text: string): boolean => /^[0-9a-f]{32}$/.test(md5Digits(text));

function listedIn({ file, md5, password }: Cells): ListedPassword[] {
  const key = { file: trimmed(file), md5: isMd5(md5) ? md5Digits(md5) : '' };
  if (password === '' || (key.file === '' && key.md5 === '')) return [];
  // An apostrophe keeps spreadsheets from reading a text as a formula; some programs write it into CSV files.
  const passwords = password.startsWith("'") && password.length > 1 ? [password, password.slice(1)] : [password];
  return passwords.map((password) => ({ ...key, password }));
}
