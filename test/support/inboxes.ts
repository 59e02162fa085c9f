/** Inboxes for tests: packages of made-up students, as schools send them. */
import { cpSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ImportInboxRequest, type InboxResult, importInbox, passwordBook } from '#lpx/exchange/batch-import.js';
import { importPackage } from '#lpx/exchange/import.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { writeExchangeFolder } from './portfolios.js';
import { exportFrom, load, NOW, OPERATOR, PASSWORD, school } from './schools.js';
import { courseResult, smallPortfolio } from './small-portfolio.js';

/** Ids of made-up students, which pass the checksum. */
export const STUDENTS = ['A800000014', 'B800000015', 'C800000016', 'D800000017', 'E800000018'];

export interface SentPackage {
  readonly nationalId: string;
  readonly zipFile: string;
}

/** A package for each student, in a folder of its own, from school 990001. The files look as if they had lain there for an hour. */
export async function sentPackages(parent: string, nationalIds = STUDENTS): Promise<SentPackage[]> {
  const store = await school(parent, '990001');
  const sent: SentPackage[] = [];
  for (const [i, nationalId] of nationalIds.entries()) {
    writeExchangeFolder(join(parent, 'platform', nationalId), [smallPortfolio([courseResult()], { nationalId })]);
    await load(store, join(parent, 'platform', nationalId));
    const now = new Date(NOW.getTime() + 1000 * i);
    const { zipFile } = await exportFrom(store, join(parent, 'sent'), { nationalIds: [nationalId], now });
    sent.push({ nationalId, zipFile });
  }
  settle(join(parent, 'sent'));
  return sent;
}

/** Makes files look as if they had lain there for an hour. */
export function settle(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), HOUR_AGO(), HOUR_AGO());
}

const HOUR_AGO = () => new Date(Date.now() - 3_600_000);

/** Puts packages with their signatures into an inbox. @returns their names */
export function deliver(packages: readonly SentPackage[], inbox: string): string[] {
  mkdirSync(inbox, { recursive: true });
  for (const { zipFile } of packages)
    for (const file of [zipFile, `${zipFile}.md5`]) cpSync(file, join(inbox, basename(file)), { preserveTimestamps: true });
  return packages.map(({ zipFile }) => basename(zipFile));
}

/** Every file below a folder, with `/`, in order. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** Imports an inbox and returns what became of each package, in the order of their names. */
export async function importFolder(store: string, folder: string, request: Partial<ImportInboxRequest> = {}): Promise<InboxResult[]> {
  const results: InboxResult[] = [];
  const { terms, ...rest } = request;
  await withStore(store, (open) =>
    importInbox(open, {
      folder,
      passwords: [PASSWORD],
      terms: { dryRun: false, createStudents: true, operator: OPERATOR, ...terms },
      each: async (packages, work) => {
        for (const found of packages)
          await work(found, ({ passwords, ...job }) => importPackage(open, { ...job, password: passwordBook(passwords) }));
      },
      now: () => NOW,
      reportsOf: ({ error }) => [{ name: '.report.json', content: Buffer.from(JSON.stringify({ code: error?.code })) }],
      onResult: (result) => results.push(result),
      onWaiting: () => {},
      isStopping: () => false,
      ...rest,
    }),
  );
  return results.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** What became of each package, in a word, with the code of the error. */
export const outcomesOf = (results: readonly InboxResult[]): Record<string, string> =>
  Object.fromEntries(results.map(({ file, outcome, error }) => [file, error ? `${outcome} ${error.code}` : outcome]));

/** Writes a file that has lain there for an hour. */
export function writeSettled(file: string, content: string | Uint8Array): void {
  writeFileSync(file, content);
  utimesSync(file, HOUR_AGO(), HOUR_AGO());
}
