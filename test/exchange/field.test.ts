/** What other software writes, and a person would call fine: imported, with its oddities named. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE } from '#lpx/errors.js';
import type { ImportRequest } from '#lpx/exchange/import.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { errorOfReport } from '#lpx/exchange/verify.js';
import { EMPTY_MD5 } from '#lpx/spec/portfolio.js';
import { entryBuffer } from '#lpx/zip/entry.js';
import { readZip } from '#lpx/zip/reader.js';
import { changes, oddPackages, recordsOf } from '../fixtures/odd.js';
import { factOf } from '../support/facts.js';
import { pathOf } from '../support/places.js';
import {
  contentOf,
  exportFrom,
  importTo,
  md5,
  PASSWORD,
  school,
  sign,
  studentIn,
  TRANSFER_STUDENT,
  transferSchool,
} from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { put, type RawEntry, rawZip, type TestEntry, written } from '../support/zips.js';

const NAME = '990001_2021_01_21_09_00_00.zip';

const sample: TestEntry[] = [];
let records = 0;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-field-'));
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  sample.push(...(await contentOf(zipFile)));
  const to = await school(folder, '990002');
  await importTo(to, zipFile);
  records = (await studentIn(to, TRANSFER_STUDENT)).records.length;
  return () => rmSync(folder, { recursive: true });
});

const changed: ReturnType<typeof changes>['changed'] = (change) => changes(sample).changed(change);

async function tried(archive: Buffer | TestEntry[], request: Partial<ImportRequest> = {}, name = NAME) {
  const folder = tempFolder();
  const bytes = Buffer.isBuffer(archive) ? archive : await written(archive, 'aes256', PASSWORD);
  const zipFile = put(join(folder, name), bytes);
  if (request.signature === undefined) sign(zipFile);
  const store = await school(folder, '990002');
  return { store, zipFile, result: await importTo(store, zipFile, request) };
}

describe('a package as the field writes it', () => {
  it('is imported whole, whatever is odd about it; what was repaired is named, and refused under --strict', async () => {
    const corpus = oddPackages(sample);
    expect(corpus.length).toBeGreaterThanOrEqual(45);
    const wrong: unknown[] = [];
    for (const { oddity, make, repairs } of corpus) {
      const { store, result } = await tried(make());
      const arrived = result.outcome === 'imported' ? (await studentIn(store, TRANSFER_STUDENT)).records.length : 0;
      const found = result.report.findings.filter(({ code }) => code === 'LPX_REPAIRED');
      const kinds = [...new Set(found.map((finding) => factOf(finding, 'repair')))];
      const reported = found.every(({ severity, place }) => severity === 'warning' && pathOf(place) !== '');
      const error = errorOfReport((await tried(make(), { strict: true })).result.report);
      const strict = error ? CATALOGUE[error.code].exit : 0;
      const expected = { kinds: [...new Set(repairs)], arrived: records, reported: true, strict: repairs.length > 0 ? 6 : 0 };
      const seen = { kinds, arrived, reported, strict };
      if (JSON.stringify(seen) !== JSON.stringify(expected))
        wrong.push({ oddity, seen, findings: result.report.findings.filter(({ severity }) => severity === 'error') });
    }
    expect(wrong).toEqual([]);
  });

  it('keeps what it says of its own: unknown properties go out again', async () => {
    const { store } = await tried(changed((_, course) => void (course.送審說明 = { 次: 2 })));
    const onward = await exportFrom(store, join(tempFolder(), 'mail'));
    const fd = openSync(onward.zipFile, 'r');
    const [json] = await readZip(onward.zipFile);
    expect((await entryBuffer(fd, json as never, PASSWORD, 1_000_000)).toString()).toMatch(/"送審說明": \{\s*"次": 2/);
  });

  it('restores the names that its files were uploaded under, as text', async () => {
    const { store } = await tried(changes(sample).mapped(JSON.stringify({ 'C01.pdf': 'C:\\evil\\..\\報告\u202e.pdf' })));
    const [first] = (await studentIn(store, TRANSFER_STUDENT)).records.filter(({ record }) => record.list === 'courseResults');
    expect(first?.record.document?.name).toBe('報告.pdf');
  });

  it('with an archive hidden behind a file is imported, and the file named', async () => {
    const hidden = Buffer.concat([Buffer.from('%PDF-1.4'), rawZip([{ name: 'x' }], PASSWORD)]);
    const archive = changed((_, course) => void (course.文件檔案MD5 = md5(hidden))).map((entry) =>
      entry.name.endsWith('C01.pdf') ? { ...entry, content: hidden } : entry,
    );
    const { result } = await tried(archive);
    expect(result.outcome).toBe('imported');
    expect(result.report.findings).toContainEqual(expect.objectContaining({ code: 'LPX_FILE_POLYGLOT', severity: 'warning' }));
  });

  it('under any name that mail gave it is the same package', async () => {
    for (const name of ['990001_2021_01_21_09_00_00 (1).zip', '轉學生.zip', 'x.ZIP']) {
      expect((await tried(sample, {}, name)).result.outcome).toBe('imported');
    }
  });
});

describe('a package zipped once more', () => {
  const wrapped = async (withSignature: boolean) => {
    const inner = await written(sample, 'aes256', PASSWORD);
    const plain = (name: string, content: Buffer): RawEntry => ({ name, content, plain: true });
    const signature = plain(`${NAME}.md5`, Buffer.from(`${md5(inner)}  ${NAME}\n`));
    return rawZip(withSignature ? [plain(NAME, inner), signature] : [plain(NAME, inner)], PASSWORD);
  };

  it.each([
    ['with its signature, and none outside', true, false],
    ['with its signature, and another outside', true, true],
    ['without, but with one outside', false, true],
  ])('%s is taken out of its wrapping', async (_, inside, outside) => {
    const folder = tempFolder();
    const zipFile = put(join(folder, '轉學生.zip'), await wrapped(inside));
    if (outside) sign(zipFile);
    const { outcome, report } = await importTo(await school(folder, '990002'), zipFile);
    expect(outcome, JSON.stringify(report.findings)).toBe('imported');
    expect(report.findings[0]).toMatchObject({ code: 'LPX_REPAIRED', facts: { repair: 'wrapping', to: NAME } });
    expect(report.package.file).toBe(NAME);
    const strict = await importTo(await school(tempFolder(), '990002'), zipFile, { strict: true });
    expect(strict.outcome).toBe('refused');
  });

  it('with no signature anywhere is refused for that', async () => {
    const folder = tempFolder();
    const zipFile = put(join(folder, '轉學生.zip'), await wrapped(false));
    const { report } = await importTo(await school(folder, '990002'), zipFile);
    expect(errorOfReport(report)?.code).toBe('LPX_SIGNATURE_MISSING');
  });
});

describe('a package with a signature of another kind', () => {
  it('is accepted with a hash given by telephone, and refused with another', async () => {
    const bytes = await written(sample, 'aes256', PASSWORD);
    const hash = md5(bytes);
    expect((await tried(bytes, { signature: { md5: hash.toUpperCase() } })).result.outcome).toBe('imported');
    const { result } = await tried(bytes, { signature: { md5: '0'.repeat(32) } });
    expect(errorOfReport(result.report)?.code).toBe('LPX_SIGNATURE_MISMATCH');
  });

  it('is accepted without any only when the clerk insists, and the history records it', async () => {
    const { store, result } = await tried(sample, { signature: 'none' });
    expect(result.outcome).toBe('imported');
    expect(result.report.checks[0]).toEqual({ name: 'signature', status: 'skipped' });
    expect(result.report.findings).toContainEqual(expect.objectContaining({ code: 'LPX_UNSIGNED', severity: 'warning' }));
    expect(await withStore(store, (open) => open.history())).toMatchObject([{ reason: 'unsigned' }]);
  });
});

describe('a package with damaged attachments', () => {
  const PARTIAL = { accept: { partial: 'owe', foreignMd5: false } } as const;
  const wrongMd5 = () => changed((_, course) => void (course.文件檔案MD5 = 'a'.repeat(32)));
  const missing = () => sample.filter(({ name }) => !name.endsWith('C01.pdf'));

  it.each([
    ['a wrong MD5', wrongMd5, 'LPX_ATTACHMENT_MD5'],
    ['a missing file', missing, 'LPX_ATTACHMENT_MISSING'],
  ])('%s is refused whole, or imported with the file owed when the clerk asks for it', async (_, archive, code) => {
    const whole = await tried(archive());
    expect([whole.result.outcome, errorOfReport(whole.result.report)?.code]).toEqual(['refused', code]);
    const { store, result } = await tried(archive(), PARTIAL);
    expect(result.outcome).toBe('imported');
    expect((await studentIn(store, TRANSFER_STUDENT)).records).toHaveLength(records);
    expect(result.students[0]?.records.filter(({ owed }) => owed.length > 0)).toMatchObject([{ title: '國語文', outcome: 'new' }]);
    expect(result.report.findings).toContainEqual(expect.objectContaining({ code, severity: 'warning' }));
  });

  it('a program under the name of a PDF is refused, or left out', async () => {
    const program = Buffer.from('MZ this is a program');
    const archive = () =>
      changed((_, course) => void (course.文件檔案MD5 = md5(program))).map((entry) =>
        entry.name.endsWith('C01.pdf') ? { ...entry, content: program } : entry,
      );
    expect(errorOfReport((await tried(archive())).result.report)?.code).toBe('LPX_FILE_ACTIVE');
    const { store, result } = await tried(archive(), PARTIAL);
    expect(result.outcome).toBe('imported');
    expect((await studentIn(store, TRANSFER_STUDENT)).records).toHaveLength(records - 1);
  });

  it('one entry damaged is likewise', async () => {
    const bytes = await written(sample, 'aes256', PASSWORD);
    const at = bytes.indexOf('C01.pdf') + 60;
    bytes[at] = (bytes[at] as number) ^ 1;
    expect(errorOfReport((await tried(bytes)).result.report)?.code).toBe('LPX_ENTRY_DAMAGED');
    const { result } = await tried(bytes, PARTIAL);
    const owing = result.students[0]?.records.filter(({ owed }) => owed.length > 0);
    expect([result.outcome, owing?.flatMap(({ owed }) => owed.map(({ why }) => why))]).toEqual(['imported', ['damaged']]);
  });

  it('and with no file at all every one of them is owed', async () => {
    const none = changed((student) => {
      for (const record of recordsOf(student)) {
        for (const key of Object.keys(record)) if (key.endsWith('連結') && record[key]) record[key] = 'gone.pdf';
      }
      student.基本資料.擔任學校幹部經歷紀錄 = [];
    });
    const { outcome, students } = (await tried(none, PARTIAL)).result;
    expect([outcome, students[0]?.records.every(({ owed }) => owed.every(({ why }) => why === 'missing'))]).toEqual(['imported', true]);
  });

  it('all MD5s wrong and no file damaged is the habit of some software: reported once, and accepted when the clerk insists', async () => {
    const foreign = () =>
      changed((student) => {
        for (const record of recordsOf(student)) {
          for (const key of Object.keys(record)) if (key.endsWith('MD5') && record[key] !== EMPTY_MD5) record[key] = 'b'.repeat(32);
        }
      });
    const refused = await tried(foreign());
    expect(refused.result.report.findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { code: 'LPX_ATTACHMENT_MD5_FOREIGN' },
    ]);
    const { result } = await tried(foreign(), { accept: { partial: false, foreignMd5: true } });
    expect(result.outcome).toBe('imported');
  });
});
