import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headOf } from '#lpx/exchange/log.js';
import { checkReceipt, type Receipt, writeReceipt } from '#lpx/exchange/receipt.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { readZip } from '#lpx/zip/reader.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, NOW, OPERATOR, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const ISSUED = new Date(2021, 1, 1, 10, 0, 0);

async function exchanged() {
  const folder = tempFolder();
  const from = await transferSchool(folder);
  const exported = await exportFrom(from, join(folder, 'mail'), { toSchool: '990002' });
  const to = await school(folder, '990002');
  await importTo(to, exported.zipFile);
  return { folder, from, to, exported };
}
const issue = (store: string, outFolder: string, importId = 1) =>
  withStore(store, (open) => writeReceipt(open, { importId, outFolder, now: ISSUED, by: '註冊組 王小明' }));
const check = (store: string, file: string) => withStore(store, (open) => checkReceipt(open, { file, now: NOW, operator: OPERATOR }));
const exportsIn = async (store: string) => (await withStore(store, (open) => open.history())).filter((entry) => entry.kind === 'export');

/** The files of a store's records, each once. */
async function filesIn(store: string) {
  const { records } = await studentIn(store, TRANSFER_STUDENT);
  const files = records.flatMap(({ record: { document, media } }) => [document, media].flatMap((file) => file ?? []));
  return [...new Map(files.map(({ sha256, bytes }) => [sha256, { sha256, bytes }])).values()];
}

describe('a receipt', () => {
  it('says which package arrived, what of it was taken, when, and by whom; ids are masked', async () => {
    const { folder, to, exported } = await exchanged();
    const logHead = await withStore(to, headOf);
    const { receipt, path } = await issue(to, join(folder, 'out'));
    expect(receipt).toEqual({
      lpxReceipt: 2,
      sendingSchool: '990001',
      receivingSchool: { code: '990002', name: '' },
      package: { file: '990001_2021_01_21_09_00_00.zip', ...exported.digests, contentsDigest: exported.contentsDigest },
      files: await filesIn(to),
      importId: 1,
      importedAt: NOW.toISOString(),
      importedBy: 'clerk',
      issuedAt: ISSUED.toISOString(),
      issuedBy: '註冊組 王小明',
      logHead,
      students: [{ nationalIdMasked: 'A80000****', courseResults: 4, multiPerformances: 6, alreadyHere: 0, leftOut: [] }],
    });
    const text = readFileSync(path, 'utf8');
    expect(JSON.parse(text)).toEqual(receipt);
    expect(text).not.toContain(TRANSFER_STUDENT);
  });

  it('stays without names, which each side shows from its own history; ids that look alike masked are told apart by order', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    const other = { nationalId: 'A800000023', name: '陳小麥' };
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(), smallPortfolio([courseResult()], other)]);
    await load(from, join(folder, 'platform'));
    const { zipFile } = await exportFrom(from, join(folder, 'mail'), { nationalIds: [TRANSFER_STUDENT, other.nationalId] });
    const to = await school(folder, '990002');
    await importTo(to, zipFile);
    const { path, students } = await issue(to, join(folder, 'out'));
    const named = [{ nationalId: TRANSFER_STUDENT, name: '林小禾' }, other];
    expect([students, (await check(from, path)).students]).toEqual([named, named]);
    expect(readFileSync(path, 'utf8')).not.toContain('林小禾');
  });

  it('of a part of a package does not fit the export; once the rest is imported, the next one does', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    const other = { nationalId: 'B800000015', name: '陳小麥' };
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(), smallPortfolio([courseResult()], other)]);
    await load(from, join(folder, 'platform'));
    const { zipFile } = await exportFrom(from, join(folder, 'mail'), { nationalIds: [TRANSFER_STUDENT, other.nationalId] });
    const to = await school(folder, '990002');
    await importTo(to, zipFile, { only: [other.nationalId] });
    await expect(check(from, (await issue(to, join(folder, 'part'), 1)).path)).rejects.toMatchObject({ code: 'LPX_RECEIPT_DIFFERS' });
    const { historyId } = await importTo(to, zipFile);
    expect((await check(from, (await issue(to, join(folder, 'whole'), historyId)).path)).before).toBe(false);
  });

  it('of anything but an import is an error', async () => {
    const { folder, from, to } = await exchanged();
    await expect(issue(to, folder, 9)).rejects.toMatchObject({ code: 'LPX_IMPORT_UNKNOWN' });
    await expect(issue(from, folder, 2)).rejects.toMatchObject({ code: 'LPX_IMPORT_UNKNOWN' });
  });

  it('that fits marks the export as received, once', async () => {
    const { folder, from, to } = await exchanged();
    const { path } = await issue(to, join(folder, 'out'));
    expect(await check(from, path)).toMatchObject({ exportId: 2, before: false, findings: [] });
    expect((await exportsIn(from))[0]?.received).toEqual({ at: ISSUED, by: '990002 註冊組 王小明' });
    expect(await check(from, path)).toMatchObject({ exportId: 2, before: true });
  });

  it.each<[string, (receipt: any) => void, string, string]>([
    ['another package', (receipt) => (receipt.package.md5 = 'f'.repeat(32)), 'LPX_RECEIPT_UNKNOWN', ''],
    ['another size', (receipt) => receipt.package.bytes++, 'LPX_RECEIPT_UNKNOWN', ''],
    ['other contents', (receipt) => (receipt.package.contentsDigest = 'f'.repeat(64)), 'LPX_RECEIPT_DIFFERS', 'contentsDigest'],
    ['another sender', (receipt) => (receipt.sendingSchool = '990009'), 'LPX_RECEIPT_DIFFERS', 'sendingSchool'],
    [
      'another receiver than it was sent to',
      (receipt) => (receipt.receivingSchool.code = '990009'),
      'LPX_RECEIPT_DIFFERS',
      'receivingSchool',
    ],
    ['a record fewer', (receipt) => receipt.students[0].courseResults--, 'LPX_RECEIPT_DIFFERS', 'courseResults'],
    ['another student', (receipt) => (receipt.students[0].nationalIdMasked = 'B80000****'), 'LPX_RECEIPT_DIFFERS', 'students'],
    ['no form', (receipt) => delete receipt.students, 'LPX_RECEIPT_UNREADABLE', ''],
    ['no day', (receipt) => (receipt.issuedAt = 'yesterday'), 'LPX_RECEIPT_UNREADABLE', ''],
  ])('of %s is refused, and nothing is marked', async (_, spoil, code, what) => {
    const { folder, from, to } = await exchanged();
    const { path } = await issue(to, join(folder, 'out'));
    const receipt = JSON.parse(readFileSync(path, 'utf8')) as Receipt;
    spoil(receipt);
    writeFileSync(path, JSON.stringify(receipt));
    await expect(check(from, path)).rejects.toMatchObject({ code, ...(what && { facts: { what } }) });
    expect((await exportsIn(from))[0]?.received).toBeUndefined();
  });

  it('of version 1 marks an export of today as received, by MD5 and size', async () => {
    const { folder, from, to } = await exchanged();
    const { path } = await issue(to, join(folder, 'out'));
    const { files: _, ...receipt } = JSON.parse(readFileSync(path, 'utf8')) as Receipt;
    const { contentsDigest: __, ...facts } = receipt.package;
    writeFileSync(path, JSON.stringify({ ...receipt, lpxReceipt: 1, package: { ...facts, sha256: 'f'.repeat(64) } }));
    expect(await check(from, path)).toMatchObject({ exportId: 2, before: false });
  });

  it('that is not JSON, or is missing, is reported', async () => {
    const { folder, from } = await exchanged();
    writeFileSync(join(folder, 'x.json'), 'PK');
    await expect(check(from, join(folder, 'x.json'))).rejects.toMatchObject({ code: 'LPX_RECEIPT_UNREADABLE' });
    await expect(check(from, join(folder, 'none.json'))).rejects.toMatchObject({ code: 'LPX_FILE_NOT_FOUND' });
  });

  it('of a second import counts what was there before among what is there, and fits', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    writeExchangeFolder(join(folder, 'platform'), [
      smallPortfolio([courseResult(), courseResult({ uploadTerm: '1092', createdAt: '2021-03-01 00:00:00' })]),
    ]);
    await load(from, join(folder, 'platform'));
    const to = await school(folder, '990002');
    for (const terms of [['1091'], []])
      await importTo(to, (await exportFrom(from, join(folder, 'mail'), { terms, acceptLeft: true })).zipFile);
    const { receipt, path } = await issue(to, join(folder, 'out'), 2);
    expect(receipt.students).toMatchObject([{ courseResults: 2, alreadyHere: 1, leftOut: [] }]);
    expect(await check(from, path)).toMatchObject({ exportId: 3, before: false });
  });

  it('names a file that is owed; it matches, and the sender is informed', async () => {
    const folder = tempFolder();
    const from = await transferSchool(folder);
    const { zipFile } = await exportFrom(from, join(folder, 'mail'));
    const entry = (await readZip(zipFile)).find(({ name }) => name.endsWith('C01.pdf'));
    const bytes = readFileSync(zipFile);
    const at = (entry?.dataOffset ?? 0) + 100;
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(zipFile, bytes);
    const to = await school(folder, '990002');
    const accept = { partial: 'owe', foreignMd5: false } as const;
    expect((await importTo(to, zipFile, { accept, signature: 'none' })).outcome).toBe('imported');
    const { receipt } = await issue(to, join(folder, 'out'));
    expect(receipt.students).toMatchObject([
      { courseResults: 4, multiPerformances: 6, leftOut: [], owed: [{ list: '課程學習成果紀錄', title: '國語文', why: 'damaged' }] },
    ]);
    const sent = (await exportsIn(from))[0];
    const path = join(folder, 'as-if-undamaged.json');
    writeFileSync(path, JSON.stringify({ ...receipt, package: { ...receipt.package, md5: sent?.md5 } }));
    expect((await check(from, path)).findings.map(({ code, severity, place }) => [code, severity, place.title])).toEqual([
      ['LPX_RECEIPT_OWED', 'warning', '國語文'],
    ]);
  });
});
