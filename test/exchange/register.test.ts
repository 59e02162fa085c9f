import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readXlsx } from 'hucre/xlsx';
import { describe, expect, it } from 'vitest';
import { pickItems } from '#lpx/exchange/pick.js';
import { type RegisterRequest, writeRegisters } from '#lpx/exchange/register.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { factOf } from '../support/facts.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, md5, NOW, OPERATOR, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };

const write = (store: string, outFolder: string, of: Partial<RegisterRequest> = {}) =>
  withStore(store, (open) =>
    writeRegisters(open, { academicYear: 109, nationalIds: [], batch: 'year', evening: false, format: 'xlsx', outFolder, ...BY, ...of }),
  );
const pick = (store: string, refs: readonly string[]) =>
  withStore(store, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: refs, unpick: [] }], BY));

/** The new school of the transfer sample: R2 to R5 are course results, R9 a certificate. */
async function newSchool(): Promise<{ readonly folder: string; readonly store: string }> {
  const folder = tempFolder();
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  const store = await school(folder, '990002');
  await importTo(store, zipFile);
  return { folder, store };
}

describe('the registers of a school year', () => {
  it('hold what was picked and nothing else, course codes as they came', async () => {
    const { folder, store } = await newSchool();
    await pick(store, ['R2', 'R4', 'R9']);
    const { registers, students } = await write(store, join(folder, 'out'));
    expect(students).toBe(1);
    expect(registers.map(({ number, items, files }) => [number, items, files.map((file) => basename(file))])).toEqual([
      ['26', 2, ['990002_109_課程學習成果名冊.xlsx']],
      ['25', 1, ['990002_109_多元表現名冊.xlsx']],
    ]);
    const { sheets } = await readXlsx(readFileSync(registers[0]?.files[0] as string));
    const filled = sheets.filter((sheet) => sheet.name !== '封面' && sheet.rows.length > 1);
    expect(filled.map(({ name, rows }) => [name, rows.slice(1).map((row) => row.slice(2, 7))])).toEqual([
      [
        '轉學轉科課程學習成果',
        [
          ['990001', 109, 1, '109990001H11101A1010101', '國語文'],
          ['990001', 109, 1, '109990001H11101A1010402', '生物'],
        ],
      ],
    ]);
  });

  it('are written as CSV too, a file a sheet that holds anything', async () => {
    const { folder, store } = await newSchool();
    await pick(store, ['R2']);
    const { registers } = await write(store, join(folder, 'out'), { format: 'csv' });
    const [cover, sheet] = registers[0]?.files ?? [];
    expect([cover, sheet].map((file) => basename(file as string))).toEqual([
      '990002_109_課程學習成果名冊_封面.csv',
      '990002_109_課程學習成果名冊_轉學轉科課程學習成果.csv',
    ]);
    expect(readFileSync(sheet as string, 'utf8')).toContain('A800000014,0940309,990001,109,1,109990001H11101A1010101,國語文,1,4,');
  });

  it('of a year in which nothing was picked are an error, and no file', async () => {
    const { folder, store } = await newSchool();
    await pick(store, ['R2']);
    await expect(write(store, join(folder, 'out'), { academicYear: 110 })).rejects.toMatchObject({ code: 'LPX_NOTHING_PICKED' });
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('leave out, and report, what has lost its certification since it was picked, and what an evening division has no sheet for', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    const records = (certification: string) => [
      courseResult({ certification }),
      courseResult({ createdAt: '2021-01-11 00:00:00', subjectName: '重修數學', retaken: true }),
      courseResult({ createdAt: '2021-01-12 00:00:00', subjectName: '英語文' }),
    ];
    for (const certification of ['1', '2']) {
      writeExchangeFolder(join(folder, certification), [smallPortfolio(records(certification))]);
      await load(store, join(folder, certification));
      if (certification === '1') await pick(store, ['O1', 'O2', 'O3']);
    }
    const { registers, findings } = await write(store, join(folder, 'out'), { evening: true });
    expect(registers.map(({ number, items }) => [number, items])).toEqual([['28', 1]]);
    expect(findings.map((finding) => [finding.code, finding.place.title, factOf(finding, 'reason')])).toEqual([
      ['LPX_REGISTER_UNPLACED', '國語文', 'uncertified'],
      ['LPX_REGISTER_UNPLACED', '重修數學', 'noSheet'],
    ]);
  });

  it('name the limits that their picks are over, of a store in which that could come about', async () => {
    const folder = tempFolder();
    const records = Array.from({ length: 7 }, (_, i) => courseResult({ createdAt: `2021-01-10 14:03:1${i}`, certification: '1' }, null));
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
    const store = await school(folder, '990001');
    await load(store, join(folder, 'platform'));
    await pick(store, ['O1', 'O2', 'O3', 'O4', 'O5', 'O6']);
    expect((await write(store, join(folder, 'six'))).findings).toEqual([]);
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec(`insert into picks select 'own', 7, student_id, at from picks limit 1`);
    database.close();
    expect((await write(store, join(folder, 'seven'))).findings).toMatchObject([
      { code: 'LPX_PICK_OVER', severity: 'warning', place: { student: TRANSFER_STUDENT }, facts: { year: 109, count: 7, limit: 6 } },
    ]);
  });

  it('name a picked record whose brief is over the limit: of a certified one nobody can shorten it any more', async () => {
    const folder = tempFolder();
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio([courseResult({ brief: '字'.repeat(101) })])]);
    const store = await school(folder, '990001');
    await load(store, join(folder, 'platform'));
    await pick(store, ['O1']);
    const { registers, findings } = await write(store, join(folder, 'out'));
    expect(registers).toHaveLength(1);
    expect(findings).toMatchObject([
      { code: 'LPX_BRIEF_LONG', severity: 'warning', place: { student: TRANSFER_STUDENT, ref: 'O1' }, facts: { advice: 'certified' } },
    ]);
  });

  it('of a student who is not there are an error', async () => {
    const { folder, store } = await newSchool();
    await expect(write(store, join(folder, 'out'), { nationalIds: ['B800000015'] })).rejects.toMatchObject({ code: 'LPX_NOT_IN_STORE' });
  });
});

describe('the files of a register', () => {
  const files = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  const SHEET = '990002_109_課程學習成果名冊';

  it('lie next to it, named as its rows, and are the bytes that the store has', async () => {
    const { folder, store } = await newSchool();
    await pick(store, ['R2', 'R3', 'R9']);
    const { registers } = await write(store, join(folder, 'out'), { withFiles: true });
    expect(files(join(folder, 'out'))).toEqual([
      '990002_109_多元表現名冊.xlsx',
      '990002_109_多元表現名冊_附件/檢定證照紀錄/002_林小禾_4230.pdf',
      `${SHEET}.xlsx`,
      `${SHEET}_附件/轉學轉科課程學習成果/002_林小禾_國語文.pdf`,
      `${SHEET}_附件/轉學轉科課程學習成果/003_林小禾_數學_影音.mp4`,
      `${SHEET}_附件/轉學轉科課程學習成果/003_林小禾_數學_文件.pdf`,
    ]);
    const [attached] = registers[0]?.attached ?? [];
    expect(basename(attached as string)).toBe('002_林小禾_國語文.pdf');
    const { records } = await studentIn(store, TRANSFER_STUDENT);
    const stored = records.find(({ record }) => record.document?.name === '讀一條河.pdf')?.record.document;
    expect(md5(readFileSync(attached as string))).toBe(stored?.md5);
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({ kind: 'register', details: { files: 4 } });
  });

  it('have one version with it', async () => {
    const { folder, store } = await newSchool();
    await pick(store, ['R2']);
    const out = join(folder, 'out');
    await write(store, out, { withFiles: true });
    await write(store, out, { withFiles: true });
    const pdf = '轉學轉科課程學習成果/002_林小禾_國語文.pdf';
    expect(files(out)).toEqual([`${SHEET}.xlsx`, `${SHEET}_v2.xlsx`, `${SHEET}_附件/${pdf}`, `${SHEET}_附件_v2/${pdf}`].sort());
    await write(store, out, { withFiles: true, existing: 'replace' });
    expect(files(out)).toHaveLength(4);
    writeFileSync(join(out, `${SHEET}_附件`, '002_別人.pdf'), 'of an earlier register');
    await expect(write(store, out, { withFiles: true, existing: 'replace' })).rejects.toMatchObject({ facts: { reason: 'others' } });
  });

  it('are not written, and no register is, when the store has one no longer', async () => {
    const { folder, store } = await newSchool();
    await pick(store, ['R2', 'R9']);
    const { records } = await studentIn(store, TRANSFER_STUDENT);
    const sha256 = records.find(({ record }) => record.document?.name === '讀一條河.pdf')?.record.document?.sha256 as string;
    await withStore(store, async (open) => rmSync(open.attachments.locationOf(sha256)));
    await expect(write(store, join(folder, 'out'), { withFiles: true })).rejects.toMatchObject({
      code: 'LPX_ATTACHMENT_LOST',
      place: { student: TRANSFER_STUDENT, title: '國語文', file: '讀一條河.pdf' },
    });
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});
