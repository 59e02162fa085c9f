import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DoctorReport, examineStore } from '#lpx/exchange/doctor.js';
import { withReadableStore } from '#lpx/exchange/school-store.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { LEFT_OUT, ROW_TABLES } from '#lpx/store/table-rows.js';
import { repeatableNumbers } from '../support/heaps.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { load, NOW, OPERATOR, school } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const STUDENTS = Array.from({ length: 40 }, (_, i) => `A80000${String(1000 + i)}`);
/** Of SQLite, where lpx says nothing of it. */
const PAGE = 4096;

const examine = (store: string) =>
  withReadableStore(store, (open, losses) => examineStore(open, { quick: true, repair: false, now: NOW, operator: OPERATOR, losses }));

const parent = mkdtempSync(join(tmpdir(), 'lpx-test-'));
let original = '';
let tables: ReadonlyMap<string, number>;

/** A school of forty students with six records each, its database in one file; and the page that each table begins at. */
beforeAll(async () => {
  original = await school(parent, '990001');
  const brief = '一篇散文'.repeat(20);
  writeExchangeFolder(
    join(parent, 'handover'),
    STUDENTS.map((nationalId) =>
      smallPortfolio(
        [1, 2, 3, 4, 5, 6].map((n) => courseResult({ subjectName: `科目${n}`, brief }, null)),
        { nationalId },
      ),
    ),
  );
  await load(original, join(parent, 'handover'));
  const database = openSqlite(join(original, 'lpx.sqlite'));
  database.exec('pragma wal_checkpoint(truncate)');
  const roots = database.prepare('select name, rootpage from sqlite_master where rootpage > 0').all([]) as {
    name: string;
    rootpage: number;
  }[];
  database.close();
  tables = new Map(roots.map(({ name, rootpage }) => [name, rootpage]));
  expect(statSync(join(original, 'lpx.sqlite')).size / PAGE).toBeGreaterThan(60);
});

afterAll(() => rmSync(parent, { recursive: true }));

/** A copy of which these pages are something else. */
function broken(pages: readonly number[], content: Buffer): string {
  const store = join(tempFolder(), 'store');
  cpSync(original, store, { recursive: true });
  const file = join(store, 'lpx.sqlite');
  const bytes = readFileSync(file);
  for (const page of pages) content.copy(bytes, (page - 1) * PAGE);
  writeFileSync(file, bytes);
  return store;
}

/** The pages of a table that have its rows, by the pages above them. */
function leavesOf(table: string): number[] {
  const bytes = readFileSync(join(original, 'lpx.sqlite'));
  const leaves = (page: number): number[] => {
    const at = (page - 1) * PAGE;
    if (bytes[at] !== 5) return [page];
    const cells = bytes.readUInt16BE(at + 3);
    const children = Array.from({ length: cells }, (_, i) => bytes.readUInt32BE(at + bytes.readUInt16BE(at + 12 + 2 * i)));
    return [...children, bytes.readUInt32BE(at + 8)].flatMap(leaves);
  };
  return leaves(tables.get(table) as number);
}

const codesOf = ({ findings }: DoctorReport) => new Set(findings.map(({ code }) => code));
const random = repeatableNumbers();
const noise = Buffer.from(Array.from({ length: PAGE }, () => Math.floor(random() * 256)));
const nothing = Buffer.alloc(PAGE);

describe('the doctor, of a database with broken pages', () => {
  it('names the students whose records cannot be read, and not the others', async () => {
    const leaves = leavesOf('own_records');
    expect(leaves.length).toBeGreaterThan(20);
    for (const content of [noise, nothing]) {
      const pages = [leaves[0], leaves[7], leaves[8], leaves.at(-1)] as number[];
      const report = await examine(broken(pages, content));
      expect(report.error).toMatchObject({ code: 'LPX_STORE_UNSOUND', exitCode: 5 });
      expect([report.hurt.includes(STUDENTS[0] as string), report.hurt.includes(STUDENTS.at(-1) as string)]).toEqual([true, true]);
      expect(report.hurt.length).toBeGreaterThanOrEqual(3);
      expect(report.hurt.length, 'those of four pages').toBeLessThan(20);
      expect(report.students).toBe(STUDENTS.length);
      expect(codesOf(report)).toContain('LPX_TABLE_UNREADABLE');
    }
    const { error, gap } = await examine(broken(leaves, nothing));
    expect([error?.exitCode, gap], 'what cannot be read may be in no backup').toEqual([5, undefined]);
  });

  it('names every student by the index where their own rows cannot be read', async () => {
    const report = await examine(broken(leavesOf('students'), noise));
    expect([report.hurt, report.error?.exitCode]).toEqual([STUDENTS, 5]);
  });

  it('names every student where the page cannot be read by which their records are found', async () => {
    const report = await examine(broken([tables.get('own_records') as number], nothing));
    expect([report.hurt, report.error?.exitCode]).toEqual([STUDENTS, 5]);
  });

  it('ends with exit code 5 whatever is broken, and names the table', async () => {
    for (const table of ['schema_version', 'settings', 'school', 'history', 'history_students', 'entry_changes', 'own_records']) {
      const report = await examine(broken([tables.get(table) as number], nothing));
      expect([table, report.error?.exitCode]).toEqual([table, 5]);
      expect(report.findings).toContainEqual(expect.objectContaining({ code: 'LPX_TABLE_UNREADABLE', facts: { table } }));
    }
    const ofTables = new Set<string>([...ROW_TABLES, ...LEFT_OUT, 'sqlite_sequence']);
    const indexes = [...tables].filter(([name]) => !ofTables.has(name)).map(([, page]) => page);
    const report = await examine(broken(indexes, noise));
    expect([report.students, report.error?.exitCode, codesOf(report).has('LPX_TABLE_UNREADABLE')]).toEqual([STUDENTS.length, 5, false]);
    const unnamed = await examine(broken([tables.get('settings') as number], nothing));
    expect([unnamed.hurt, unnamed.error?.code]).toEqual([[], 'LPX_STORE_UNSOUND_UNREAD']);
    const all = await examine(broken([...tables.values()], noise)).catch((error) => error);
    expect(all.error?.exitCode ?? all.exitCode).toBe(5);
  });

  it('writes nothing', async () => {
    const store = broken(leavesOf('own_records').slice(3, 5), noise);
    const before = readFileSync(join(store, 'lpx.sqlite'));
    await withReadableStore(store, (open, losses) =>
      examineStore(open, { quick: true, repair: true, now: NOW, operator: OPERATOR, losses }),
    );
    expect(readFileSync(join(store, 'lpx.sqlite')).equals(before)).toBe(true);
  });

  it('says what it said before where nothing at all can be read', async () => {
    await expect(examine(broken([1], noise))).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
  });
});
