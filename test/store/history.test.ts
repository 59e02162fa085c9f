import { join } from 'node:path';
import { expect, it } from 'vitest';
import { historyOf } from '#lpx/exchange/history.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { checkReceipt, writeReceipt } from '#lpx/exchange/receipt.js';
import { writeRegisters } from '#lpx/exchange/register.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { keyedId } from '#lpx/store/history/chain.js';
import type { StoreLocation } from '#lpx/store/location.js';
import { createStore } from '#lpx/store/open.js';
import type { HistoryFilter } from '#lpx/store/store.js';
import type { Row, RowReader, RowTable } from '#lpx/store/table-rows.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { describeEngines, type Engine } from '../support/postgres.js';
import { exportFrom, importTo, LEFT, load, NOW, OPERATOR, schoolOn, TRANSFER_STUDENT, transferSchoolOn } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const entriesOf = (store: StoreLocation, filter: HistoryFilter = {}) => withStore(store, (open) => open.history(filter));

const checkedLog = (store: StoreLocation) => withStore(store, (open) => open.log.verify());

async function firstRow(tables: RowReader, table: RowTable): Promise<Row | undefined> {
  for await (const [row] of tables.rows(table)) return row;
  return undefined;
}

/** A transfer from its first word to its receipt. */
async function transfer(engine: Engine) {
  const folder = tempFolder();
  const from = await transferSchoolOn(engine, folder);
  const { zipFile } = await exportFrom(from, join(folder, 'mail'), { toSchool: '990002' });
  const to = await schoolOn(engine, folder, '990002');
  await importTo(to, zipFile);
  const written = await withStore(to, (open) => writeReceipt(open, { importId: 1, outFolder: folder, now: NOW, by: OPERATOR }));
  const receipt = { file: written.path, ...BY };
  await withStore(from, (open) => checkReceipt(open, receipt));
  return { folder, from, to, receipt };
}

describeEngines('the history', (engine) => {
  it('names what was picked, registered and acknowledged, by whom, and what it is about', async () => {
    const { folder, from, to } = await transfer(engine);
    await withStore(to, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: ['R2'], unpick: [] }], BY));
    const register = {
      academicYear: 109,
      nationalIds: [],
      batch: 'year',
      evening: false,
      format: 'xlsx',
      outFolder: folder,
      ...BY,
    } as const;
    await withStore(to, (open) => writeRegisters(open, register));
    const student = { nationalId: TRANSFER_STUDENT };
    expect(await entriesOf(to)).toMatchObject([
      {
        kind: 'register',
        operator: OPERATOR,
        folder,
        file: '990002_109_課程學習成果名冊.xlsx',
        details: { academicYear: 109 },
        students: [student],
      },
      { kind: 'pick', operator: OPERATOR, students: [{ ...student, courseResults: 1 }] },
      { kind: 'receipt', operator: OPERATOR, folder, refersTo: 1, school: '990001' },
      { kind: 'import', state: 'done', students: [{ ...student, created: true }] },
    ]);
    expect(await entriesOf(from)).toMatchObject([
      { kind: 'receipt', operator: OPERATOR, refersTo: 2, school: '990002' },
      { kind: 'export', left: LEFT, folder: join(folder, 'mail'), received: { by: expect.stringContaining('990002') } },
      { kind: 'load' },
    ]);
  });

  it('has one entry for a receipt that is checked twice, and none for picks that change nothing', async () => {
    const { from, to, receipt } = await transfer(engine);
    await withStore(from, (open) => checkReceipt(open, receipt));
    expect((await entriesOf(from)).map(({ kind }) => kind)).toEqual(['receipt', 'export', 'load']);
    await withStore(to, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: [], unpick: ['R2'] }], BY));
    expect((await entriesOf(to)).map(({ kind }) => kind)).toEqual(['receipt', 'import']);
  });

  it('can be asked by student, school, kind and time', async () => {
    const folder = tempFolder();
    const store = await schoolOn(engine, folder, '990001');
    for (const nationalId of ['A800000014', 'B800000015']) {
      const platform = join(folder, nationalId);
      writeExchangeFolder(platform, [smallPortfolio([courseResult()], { nationalId })]);
      await load(store, platform);
    }
    const later = new Date(NOW.getTime() + 86_400_000);
    await exportFrom(store, join(folder, 'mail'), { nationalIds: ['B800000015'], toSchool: '990002', now: later });
    const ids = async (filter: HistoryFilter) => (await entriesOf(store, filter)).map(({ id }) => id);
    expect(await ids({ student: 'b800000015' })).toEqual([3, 2]);
    expect(await ids({ student: 'B800000015', kinds: ['load', 'import'] })).toEqual([2]);
    expect(await ids({ school: '990002' })).toEqual([3]);
    expect(await ids({ since: later })).toEqual([3]);
    expect(await ids({ before: later })).toEqual([2, 1]);
    expect(await ids({ student: 'C800000016' })).toEqual([]);
  });

  it('finds a student by name, by a part of the id, and by an id that only a package had', async () => {
    const { to } = await transfer(engine);
    const numbers = (student: string) => withStore(to, async (open) => (await historyOf(open, { student })).map(({ id }) => id));
    expect(await Promise.all(['林小禾', 'a8000', TRANSFER_STUDENT].map(numbers))).toEqual([[1], [1], [1]]);
    await expect(numbers('王')).rejects.toMatchObject({ code: 'LPX_STUDENT_NOT_FOUND' });
  });

  it('says who made the store', async () => {
    const { location, attachments } = await engine.place(tempFolder());
    const made = { at: NOW, operator: OPERATOR };
    const store = await createStore(location, { school: { code: '990001', name: '' }, attachments, made });
    expect(await store.history()).toMatchObject([{ id: 1, kind: 'init', at: NOW, operator: OPERATOR }]);
    await store.close();
  });
});

/** What the same code finds on every engine, or only SQLite lets into its columns. */
const OTHER_EDITS = [
  ...[`kind = 'school', details = '{}'`, `kind = 'constructor'`, `details = 'null'`, `operator = x'ff00'`].map(
    (edit) => `update history set ${edit} where kind = 'load'`,
  ),
  `update history set reason = '__proto__' where kind = 'export'`,
  `update history set position = position + 1 where kind = 'receipt'`,
  `update history set position = null where kind = 'export'`,
  `update history set position = 9223372036854775807 where kind = 'export'`,
  `update history set received_by = x'ff00' where kind = 'export'`,
  `update history set undone_by = 'x' where kind = 'export'`,
  `delete from history_students where history_id = 1`,
  `update history_students set changes = 'null'`,
  `update history_students set changes = '[null]'`,
  `update history_students set changes = '[{"property":"constructor","from":"","to":""}]'`,
  `update history_students set sent_name = x'ff00'`,
];

describeEngines('the chain of the history', (engine) => {
  it('has every settled entry in it, each with the hash of the one before, and no national id', async () => {
    const { from, to } = await transfer(engine);
    expect(await checkedLog(from)).toMatchObject({ entries: 3, head: { position: 3 }, students: 2, faults: [] });
    expect(await checkedLog(to)).toMatchObject({ entries: 2, faults: [] });
    const [student, named] = await withStore(from, (open) =>
      open.readRows(async (tables) => [await firstRow(tables, 'students'), await firstRow(tables, 'history_students')]),
    );
    expect([student?.id_key]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(named?.keyed_id).toBe(keyedId(String(student?.id_key), TRANSFER_STUDENT));
  });

  it.each([
    `update history set kind = 'xxx' where kind = 'load'`,
    `update history_students set course_results = 0 where history_id = 2`,
    `delete from history where kind = 'export'`,
    ...(engine.name === 'PostgreSQL' ? [] : OTHER_EDITS),
  ])('is checked by whoever reads the history: %s', async (statement) => {
    const { from } = await transfer(engine);
    await engine.tamper(from, statement);
    await expect(entriesOf(from)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
  });

  it('is checked for the entries that are asked for alone: others stay readable', async () => {
    const { from } = await transfer(engine);
    await engine.tamper(from, `update history set operator = 'x' where kind = 'load'`);
    expect(await entriesOf(from, { kinds: ['export', 'receipt'] })).toHaveLength(2);
    await expect(entriesOf(from, { kinds: ['load'] })).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED' });
  });

  it('has no gap where an export did not come about', async () => {
    const { folder, from } = await transfer(engine);
    await exportFrom(from, join(folder, 'mail'), { password: Buffer.from('ü') }).catch(() => {});
    const store = await withStore(from, async (open) => {
      const work = await open.attachments.workFolder();
      const claim = await open.claims.claim({
        nameAt: (moment) => `990001_${moment.getTime()}`,
        now: new Date(NOW.getTime() + 60_000),
        work,
        outFolder: folder,
        entry: { school: '', reason: 'transfer', terms: '', left: LEFT, overridden: '', operator: OPERATOR },
        students: [],
      });
      if (claim) await open.claims.drop([claim]);
      await work.remove();
      return from;
    });
    await load(store, join(folder, 'none')).catch(() => {});
    const again = join(folder, 'again');
    writeExchangeFolder(again, [smallPortfolio([courseResult()], { nationalId: 'B800000015' })]);
    await load(store, again);
    expect(await checkedLog(store)).toMatchObject({ entries: 4, faults: [] });
  });
});
