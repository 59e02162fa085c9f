/** Schools, students and packages for tests: the use cases run for real, on disk. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExportedPackage, type ExportRequest, type ExportResult, exportPackages } from '#lpx/exchange/export.js';
import { type ImportRequest, type ImportResult, importPackage } from '#lpx/exchange/import.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { initStore, withStore } from '#lpx/exchange/school-store.js';
import type { StoreLocation } from '#lpx/store/location.js';
import type { StoredStudent } from '#lpx/store/store.js';
import { entryBuffer } from '#lpx/zip/entry.js';
import { readZip } from '#lpx/zip/reader.js';
import type { Engine } from './postgres.js';
import type { TestEntry } from './zips.js';

export const SAMPLES = fileURLToPath(new URL('../../samples', import.meta.url));
export const PASSWORD = Buffer.from('Sample-Pass-2021');
export const NOW = new Date('2021-01-21T09:00:00+08:00');
/** The last day at the old school. */
export const LEFT = '2021-01-20';
export const OPERATOR = 'clerk';

export const TRANSFER_STUDENT = 'A800000014';
export const BORROWED_STUDENT = 'B800000015';
export const FULL_STUDENT = 'C800000016';

/** A new, empty store of a school. */
export async function school(parent: string, code: string): Promise<string> {
  const folder = join(parent, `school-${code}`);
  await initStore(folder, { code, name: '' });
  return folder;
}

export const load = (store: StoreLocation, path: string) =>
  withStore(store, (open) => loadFolder(open, { path, now: NOW, operator: OPERATOR }));

/** The same on an engine. */
export async function schoolOn(engine: Engine, parent: string, code: string): Promise<StoreLocation> {
  const { location, attachments } = await engine.place(join(parent, code));
  await initStore(location, { code, name: '' }, { attachments });
  return location;
}

/** The store of school 990001 with the transfer sample in it. */
export async function transferSchool(parent: string): Promise<string> {
  const store = await school(parent, '990001');
  await load(store, join(SAMPLES, 'transfer'));
  return store;
}

/** The same on an engine. */
export async function transferSchoolOn(engine: Engine, parent: string): Promise<StoreLocation> {
  const store = await schoolOn(engine, parent, '990001');
  await load(store, join(SAMPLES, 'transfer'));
  return store;
}

/** An export, and its first package. */
export async function exportFrom(
  store: StoreLocation,
  outFolder: string,
  request: Partial<ExportRequest> = {},
): Promise<ExportResult & ExportedPackage> {
  const result = await withStore(store, (open) => exportPackages(open, { ...exportRequest(outFolder), ...request }));
  return { ...result, ...(result.packages[0] as ExportedPackage) };
}

export const exportRequest = (outFolder: string): ExportRequest => ({
  nationalIds: [TRANSFER_STUDENT],
  skipEmpty: false,
  reason: 'transfer',
  left: LEFT,
  force: false,
  terms: [],
  toSchool: '',
  outFolder,
  encryption: 'aes256',
  password: PASSWORD,
  now: NOW,
  operator: OPERATOR,
});

/** An import of everything, students who are not there yet among it. */
export const importRequest = (zipFile: string): ImportRequest => ({
  zipFile,
  password: PASSWORD,
  dryRun: false,
  createStudents: true,
  now: NOW,
  operator: OPERATOR,
});

export const importTo = (store: StoreLocation, zipFile: string, request: Partial<ImportRequest> = {}): Promise<ImportResult> =>
  withStore(store, (open) => importPackage(open, { ...importRequest(zipFile), ...request }));

export async function studentIn(store: StoreLocation, nationalId: string): Promise<StoredStudent> {
  const student = await withStore(store, (open) => open.student(nationalId));
  if (!student) throw new Error(`no student ${nationalId}`);
  return student;
}

/** What is in a package, to be packed again. */
export async function contentOf(zipFile: string, password = PASSWORD): Promise<TestEntry[]> {
  const fd = openSync(zipFile, 'r');
  try {
    const entries: TestEntry[] = [];
    for (const entry of await readZip(zipFile))
      entries.push({
        name: entry.name,
        content: await entryBuffer(fd, entry, password, 10_000_000),
        deflate: entry.name.endsWith('.json'),
      });
    return entries;
  } finally {
    closeSync(fd);
  }
}

/** Writes the signature that belongs to a file as it is now. */
export function sign(zipFile: string): void {
  writeFileSync(`${zipFile}.md5`, `${md5(readFileSync(zipFile))}  ${basename(zipFile)}\n`);
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
