import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { withStore } from '#lpx/exchange/school-store.js';
import type { Store } from '#lpx/store/store.js';
import { failing } from '../support/failing-fs.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, md5, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const FILES = 3;
const CODES = ['ENOSPC', 'EIO'] as const;
/** What each code may be called when it ends a command. */
const NAMES: Readonly<Record<string, RegExp>> = {
  ENOSPC: /^LPX_DISK_FULL$/,
  EIO: /^LPX_(?:WRITE_FAILED|FILE_UNREADABLE|ATTACHMENT_BROKEN)$/,
};

async function schoolWithFiles(folder: string): Promise<string> {
  const records = Array.from({ length: FILES }, (_, i) =>
    courseResult({ createdAt: `2021-01-10 14:03:1${i}` }, { bytes: pdf(`file ${i}`), type: 'pdf', name: `${i}.pdf` }),
  );
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return store;
}

/** The imports and exports of a store; every file that a record names has to be there, whole. */
async function stateOf(store: string): Promise<string> {
  return withStore(store, async (open: Store) => {
    const student = await open.student(TRANSFER_STUDENT);
    for (const { record } of student?.records ?? []) {
      const file = record.document;
      if (!file || md5(readFileSync(open.attachments.locationOf(file.sha256))) !== file.md5) return 'a record without its file';
    }
    const kinds = (await open.history()).map(({ kind }) => kind);
    return `${student?.records.length ?? 0} records, ${kinds.join(' ')}`;
  });
}

/** Packages in a folder with both of their files; anything else that lies there by its name. */
function packagesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  // A temporary name that could not be removed is not a package.
  const names = readdirSync(folder).filter((name) => !name.endsWith('.part'));
  return names.filter((name) => !name.endsWith('.md5')).map((name) => (names.includes(`${name}.md5`) ? 'package' : name));
}

describe.each(CODES)('a disk of which one operation fails with %s', (code) => {
  it('leaves an export as it was before or as it is after, whichever operation that is', async () => {
    const folder = tempFolder();
    const from = await schoolWithFiles(folder);
    const outcomes = new Map<string, string>();
    for (let at = 1; ; at++) {
      const store = join(folder, `store-${at}`);
      const mail = join(folder, `mail-${at}`);
      cpSync(from, store, { recursive: true });
      const { failed, error } = await failing(at, code, () => exportFrom(store, mail));
      if (failed === undefined) break;
      const state = [await stateOf(store), ...packagesIn(mail)].join(', ');
      const known = error === undefined ? 'done' : error instanceof LpxError && NAMES[code]?.test(error.code) ? 'refused' : String(error);
      outcomes.set(`${at} ${failed}`, `${known}: ${state}`);
    }
    const allowed = ['done: 3 records, export load, package', 'refused: 3 records, load'];
    expect(outcomes.size).toBeGreaterThan(20);
    expect([...outcomes].filter(([, outcome]) => !allowed.includes(outcome))).toEqual([]);
  });

  it('leaves an import as it was before or as it is after, and it goes through the next time', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await schoolWithFiles(folder), join(folder, 'mail'));
    const empty = await school(folder, '990002');
    const outcomes = new Map<string, string>();
    for (let at = 1; ; at++) {
      const store = join(folder, `store-${at}`);
      cpSync(empty, store, { recursive: true });
      let outcome = '';
      const { failed, error } = await failing(at, code, async () => {
        const result = await importTo(store, zipFile);
        const [finding] = result.report.findings.filter(({ severity }) => severity === 'error');
        outcome = finding?.code ?? result.outcome;
      });
      if (failed === undefined) break;
      const known = error === undefined ? outcome : error instanceof LpxError && NAMES[code]?.test(error.code) ? 'refused' : String(error);
      const state = await stateOf(store);
      const again = (await importTo(store, zipFile)).outcome;
      outcomes.set(`${at} ${failed}`, `${known}: ${state}, then ${again}`);
    }
    const allowed = ['imported: 3 records, import, then unchanged', 'refused: 0 records, , then imported'];
    expect(outcomes.size).toBeGreaterThan(20);
    expect([...outcomes].filter(([, outcome]) => !allowed.includes(outcome))).toEqual([]);
  });
});
