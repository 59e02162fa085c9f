/** Schools with many students, and lists of them for `lpx batch export`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nationalIdKind } from '#lpx/spec/identifiers/national-id.js';
import { madeBytes } from './made-bytes.js';
import { type MadeFile, writeExchangeFolder } from './portfolios.js';
import { LEFT, load, school } from './schools.js';
import { courseResult, pdf, smallPortfolio } from './small-portfolio.js';

/** Made-up ids that pass the checksum: A800000014, A800000023, … */
export function madeIds(count: number): string[] {
  const ids: string[] = [];
  for (let n = 10; ids.length < count; n++) {
    const id = `A8${String(n).padStart(8, '0')}`;
    if (nationalIdKind(id) !== 'other') ids.push(id);
  }
  return ids;
}

export interface Class {
  readonly store: string;
  readonly nationalIds: readonly string[];
}

/** The store of school 990001 with so many students, each with two course results of their own and one file that all have. */
export async function classOf(parent: string, students: number, fileBytes = 2000): Promise<Class> {
  mkdirSync(parent, { recursive: true });
  const nationalIds = madeIds(students);
  const shared: MadeFile = { bytes: pdf(madeBytes(fileBytes)), type: 'pdf', name: '共同.pdf' };
  const portfolios = nationalIds.map((nationalId, i) =>
    smallPortfolio(
      [
        courseResult({ createdAt: '2021-01-10 14:03:01' }, { bytes: pdf(madeBytes(fileBytes)), type: 'pdf', name: '一.pdf' }),
        courseResult({ createdAt: '2021-01-10 14:03:02' }, { bytes: pdf(madeBytes(fileBytes)), type: 'pdf', name: '二.pdf' }),
        courseResult({ createdAt: '2021-01-10 14:03:03' }, shared),
      ],
      { nationalId, name: `學生${i}` },
    ),
  );
  writeExchangeFolder(join(parent, 'platform'), portfolios);
  const store = await school(parent, '990001');
  await load(store, join(parent, 'platform'));
  return { store, nationalIds };
}

export interface ListRow {
  readonly nationalId: string;
  readonly reason?: string;
  readonly term?: string;
  readonly left?: string;
  readonly to?: string;
}

/** Writes a list; students without a school go to three schools by turns. @returns its path */
export function writeList(folder: string, rows: readonly ListRow[], name = 'list.csv'): string {
  const file = join(folder, name);
  const lines = rows.map(({ nationalId, reason = '轉學', term = '', left = LEFT, to }, i) =>
    [to ?? `99000${2 + (i % 3)}`, nationalId, reason, left, term].join(','),
  );
  writeFileSync(file, ['轉入學校代碼,身分證字號,事由,離校日期,學期', ...lines, ''].join('\r\n'));
  return file;
}

/** The packages below a folder, by their base names. */
export const packagesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.zip'))
        .map((name) => basename(name))
        .sort()
    : [];

/** Everything below a folder but folders, packages and their signatures. */
export const othersIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.zip(\.md5)?$/.test(entry.name))
    .map(({ name }) => name)
    .sort();

/** The passwords of all tables in a folder, by package. */
export function passwordsIn(folder: string): Map<string, string> {
  const rows = (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.endsWith('.csv'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\r\n').slice(1))
    .map((line) => line.split(','));
  return new Map(rows.filter(([file]) => file).map(([file = '', , password = '']) => [file, password]));
}
