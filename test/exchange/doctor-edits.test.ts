import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { examineStore } from '#lpx/exchange/doctor.js';
import { eraseStudent } from '#lpx/exchange/erase.js';
import { importPackage } from '#lpx/exchange/import.js';
import { leaveSchool } from '#lpx/exchange/leave.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { loadCourseCodes, loadSchools } from '#lpx/exchange/load-reference-data.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { checkReceipt, writeReceipt } from '#lpx/exchange/receipt.js';
import { type Store, withStore } from '#lpx/exchange/school-store.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { columnsOfTable, ROW_TABLES, type RowTable } from '#lpx/store/table-rows.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importRequest, importTo, load, NOW, OPERATOR, school } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };

const recordsOf = (schoolCode: string, brief: string) =>
  [1, 2, 3].map((n) =>
    courseResult(
      {
        createdAt: `2021-01-1${n} 10:00:00`,
        brief,
        originSchoolCode: schoolCode,
        courseCode: `109${schoolCode}H11101A1010101`,
      },
      { bytes: pdf(`${schoolCode} ${n}`), type: 'pdf', name: `${n}.pdf` },
    ),
  );

function handover(parent: string, schoolCode: string, brief: string, nationalIds: readonly string[]): string {
  const folder = join(parent, `${schoolCode}-${brief}`);
  mkdirSync(folder);
  writeExchangeFolder(
    folder,
    nationalIds.map((nationalId) => smallPortfolio(recordsOf(schoolCode, brief), { schoolCode, nationalId })),
  );
  return folder;
}

/** A store with a row in every table: everything happened to it that can happen. */
async function fullStore(parent: string): Promise<string> {
  const [sender, store, receiver] = [await school(parent, '990002'), await school(parent, '990001'), await school(parent, '990003')];
  await load(sender, handover(parent, '990002', '一', ['A800000014']));
  const { zipFile } = await exportFrom(sender, join(parent, 'mail'), { toSchool: '990001' });
  const [codes, schools] = [join(parent, 'codes.csv'), join(parent, 'schools.csv')];
  writeFileSync(codes, '課程代碼,科目名稱,學分\n109990001H11101A1010101,國語文,444000\n');
  writeFileSync(schools, '學校代碼,學校名稱\n990002,鄰校\n');
  await withStore(store, async (open) => {
    await loadCourseCodes(open, { path: codes, ...BY });
    await loadSchools(open, { path: schools, ...BY });
    await loadFolder(open, { path: handover(parent, '990001', '一', ['A800000014', 'B800000015']), ...BY });
    await importPackage(open, importRequest(zipFile));
    await importPackage(open, importRequest(zipFile));
    await loadFolder(open, { path: handover(parent, '990001', '二', ['A800000014']), confirmed: true, ...BY });
    await pickItems(open, [{ nationalId: 'A800000014', pick: ['O1', 'O2'], unpick: [] }], BY);
    await pickItems(open, [{ nationalId: 'A800000014', pick: [], unpick: ['O2'] }], BY);
    await eraseStudent(open, { nationalId: 'B800000015', reason: '', acceptUnreceipted: true, ...BY });
    const [picked] = await open.history({ kinds: ['pick'] });
    await undoEntry(open, { id: picked?.id as number, ...BY });
  });
  const sent = await exportFrom(store, join(parent, 'sent'), { toSchool: '990003' });
  const { historyId } = (await importTo(receiver, sent.zipFile)) as { historyId: number };
  const receipt = await withStore(receiver, (open) =>
    writeReceipt(open, { importId: historyId, by: 'registrar', outFolder: parent, now: NOW }),
  );
  await withStore(store, async (open) => {
    await checkReceipt(open, { file: receipt.path, ...BY });
    await leaveSchool(open, { nationalIds: ['A800000014'], as: 'transferred', on: '2021-01-20', ...BY });
  });
  return store;
}

const rowsIn = (store: Store, table: RowTable) => store.readRows((reader) => reader.digestOf(table));

/** What the doctor does not look at, and why. */
const UNNOTICED: Readonly<Record<string, string>> = {
  'history_records.id': 'only orders what an entry says of a student, and the order is under its hash',
  // No data of students: public lists, which are loaded again.
  'course_codes.code': 'a public list',
  'course_codes.plan': 'a public list',
  'course_codes.subject_name': 'a public list',
  'course_codes.credits': 'a public list',
  'course_codes.history_id': 'a public list',
  'known_schools.code': 'a public list',
  'known_schools.name': 'a public list',
  'known_schools.history_id': 'a public list',
};

it('notices whatever column somebody changes by hand, and repairs no more than a checksum', async () => {
  const store = await fullStore(tempFolder());
  const database = openSqlite(join(store, 'lpx.sqlite'));
  database.exec('pragma foreign_keys = off');
  const unnoticed: string[] = [];
  await withStore(store, async (open) => {
    const examined = (request: { quick?: boolean; repair?: boolean } = {}) =>
      examineStore(open, { quick: true, repair: false, ...request, ...BY }).catch((error) => {
        expect(error).toBeInstanceOf(LpxError);
        return { error, hurt: [] };
      });
    expect(await examined({ quick: false })).toMatchObject({ error: undefined });
    for (const table of ROW_TABLES.filter((name) => name !== 'batches')) {
      const rows = database.prepare(`select rowid as place, * from ${table} limit 1`).all([]) as Record<string, unknown>[];
      expect(rows.length, table).toBe(1);
      const [row] = rows as [Record<string, unknown>];
      for (const column of columnsOfTable(table)) {
        const value = row[column];
        const set = (from: unknown, to: unknown) =>
          database.prepare(`update ${table} set "${column}" = ? where rowid = ?`).run([to, column === 'id' ? from : row.place]);
        const other = typeof value === 'string' ? `x${value.slice(1)}` : Number(value ?? 0) + 1000;
        set(value, other);
        if ((await examined({ quick: column !== 'crc32' })).error === undefined) unnoticed.push(`${table}.${column}`);
        set(other, value);
        if (column === 'id') continue;
        // Values of types that the column never has: noticed when the row is read.
        for (const wrong of typeof value === 'number' ? [Buffer.of(0), ''] : [Buffer.of(0)]) {
          set(value, wrong);
          await expect(rowsIn(open, table), `${table}.${column}`).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED' });
        }
        set(undefined, value);
      }
    }
    expect(unnoticed).toEqual(Object.keys(UNNOTICED));
    database.exec('update attachments set crc32 = crc32 + 1 where crc32 is not null');
    expect((await examined({ quick: false })).hurt).toEqual(['A800000014']);
    expect(await examined({ quick: false, repair: true })).toMatchObject({ error: undefined, repairs: { checksums: 6, orphans: 0 } });
    expect(await examined({ quick: false })).toMatchObject({ error: undefined });
    database.exec('delete from attachments where sha256 = (select document_sha256 from own_records limit 1)');
    expect((await examined()).hurt, 'whose file the database does not know any more').toEqual(['A800000014']);
  });
  database.close();
});
