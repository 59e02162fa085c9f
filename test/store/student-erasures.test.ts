import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pickItems } from '#lpx/exchange/pick.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { openSqlite } from '#lpx/store/driver.js';
import { tablesOfStudents } from '#lpx/store/table-rows.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, LEFT, load, NOW, OPERATOR, school } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const ERASED = { nationalId: 'B800000015', name: '陳小麥' };
const STAYING = { nationalId: 'C800000016', name: '王小樹' };
const BRIEF = '只有陳同學寫過的簡述，抹去後不可再見';
const FORMER_BRIEF = '改寫之前的簡述，也不可再見';

/** A school with two students, one of whom is going to be erased: loaded twice, from a folder named after her; picked and exported. */
async function storeOfTwo() {
  const folder = tempFolder();
  const store = await school(folder, '990001');
  for (const brief of [FORMER_BRIEF, BRIEF]) {
    const platform = join(folder, brief.length.toString(), `${ERASED.nationalId.toLowerCase()}-${ERASED.name}`);
    writeExchangeFolder(platform, [smallPortfolio([courseResult({ brief })], ERASED)]);
    await load(store, platform);
  }
  writeExchangeFolder(join(folder, 'other'), [smallPortfolio([courseResult()], STAYING)]);
  await load(store, join(folder, 'other'));
  await withStore(store, (open) => pickItems(open, [{ nationalId: ERASED.nationalId, pick: ['R1'], unpick: [] }], BY)).catch(() => {});
  await exportFrom(store, join(folder, 'mail'), { nationalIds: [ERASED.nationalId, STAYING.nationalId], left: LEFT });
  return { folder, store };
}

const erase = (store: string) => withStore(store, (open) => open.erasures.erase(ERASED.nationalId, { ...BY, reason: '保存期限屆滿' }));
const checkedLog = (store: string) => withStore(store, (open) => open.log.verify());

/** The files below a folder with one of the texts in their bytes. */
function filesWith(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name);
    if (!statSync(path).isFile()) return texts.some((text) => name.includes(text));
    const content = readFileSync(path);
    return texts.some((text) => name.includes(text) || content.includes(text));
  });
}

/** How many files the vault of a store has. */
const filesIn = (store: string): number => readdirSync(join(store, 'attachments'), { recursive: true }).length;

const TRACES = [ERASED.nationalId, ERASED.nationalId.toLowerCase(), ERASED.name, BRIEF, FORMER_BRIEF];

describe('a student who is erased', () => {
  it('is in no file of the store any more: not by id, name or brief, now or before; the others are untouched', async () => {
    const { store } = await storeOfTwo();
    const key = await keyOf(store);
    const other = await withStore(store, (open) => open.student(STAYING.nationalId));
    expect(filesWith(store, TRACES).length).toBeGreaterThan(0);
    expect(await erase(store)).toMatchObject({ records: 2, entries: 3, remnants: { files: [], database: undefined } });
    expect(filesWith(store, [...TRACES, key])).toEqual([]);
    await withStore(store, async (open) => {
      expect(await open.student(ERASED.nationalId)).toBeUndefined();
      expect(await open.student(STAYING.nationalId)).toEqual(other);
    });
  });

  it('stays in the log as a fact without a name, and the chain holds', async () => {
    const { store } = await storeOfTwo();
    const before = await checkedLog(store);
    await erase(store);
    expect(await checkedLog(store)).toMatchObject({ faults: [], entries: before.entries + 1, students: before.students + 1 });
    const entries = await withStore(store, (open) => open.history());
    expect(entries[0]).toMatchObject({
      kind: 'erase',
      studentCount: 1,
      erased: 1,
      students: [],
      details: { reason: '保存期限屆滿', records: 2 },
    });
    expect(entries[1]).toMatchObject({ kind: 'export', studentCount: 2, erased: 1, students: [{ nationalId: STAYING.nationalId }] });
  });

  it('may come again, as somebody new', async () => {
    const { folder, store } = await storeOfTwo();
    await erase(store);
    writeExchangeFolder(join(folder, 'again'), [smallPortfolio([courseResult()], ERASED)]);
    await load(store, join(folder, 'again'));
    expect(await withStore(store, (open) => open.student(ERASED.nationalId))).toMatchObject({ basicData: ERASED });
    expect(await checkedLog(store)).toMatchObject({ faults: [] });
  });

  it('is overwritten by the next command where the process dies once the rows are gone', async () => {
    const { store } = await storeOfTwo();
    await withStore(store, async (open) => {
      open.erasures.overwrite = async () => ({ files: [], database: undefined });
      await open.erasures.erase(ERASED.nationalId, { ...BY, reason: '' });
    });
    expect(filesIn(store)).toBeGreaterThan(0);
    await checkedLog(store);
    expect(filesWith(store, TRACES)).toEqual([]);
    expect(await withStore(store, (open) => open.erasures.overwrite())).toEqual({ files: [], database: undefined });
  });

  it('is not called overwritten while another process reads what was there, and is as soon as that has ended', async () => {
    const { store } = await storeOfTwo();
    const reader = openSqlite(join(store, 'lpx.sqlite'));
    reader.exec('begin');
    reader.prepare('select count(*) from students').all([]);
    expect(await erase(store)).toMatchObject({ remnants: { database: { code: 'LPX_STORE_BUSY' } } });
    reader.exec('rollback');
    reader.close();
    await checkedLog(store);
    expect(filesWith(store, TRACES)).toEqual([]);
  });

  it('is erased again in a copy of the store from before, by a list that does not say who it is', async () => {
    const { folder, store } = await storeOfTwo();
    const copy = join(folder, 'copy');
    cpSync(store, copy, { recursive: true });
    await erase(store);
    const list = await withStore(store, (open) => open.erasures.list());
    expect(list).toEqual([{ keyedId: expect.stringMatching(/^[0-9a-f]{64}$/), at: NOW.toISOString() }]);
    const obey = () => withStore(copy, (open) => open.erasures.obey(list, BY));
    expect(await obey()).toMatchObject({ erased: 1, remnants: { database: undefined } });
    expect(filesWith(copy, TRACES)).toEqual([]);
    expect(await checkedLog(copy)).toMatchObject({ faults: [] });
    expect(await withStore(copy, (open) => open.erasures.list())).toEqual(list);
    expect(await obey()).toMatchObject({ erased: 0 });
    expect(await withStore(copy, (open) => open.student(STAYING.nationalId))).toMatchObject({ basicData: STAYING });
  });

  it('has rows in every table that has rows of students, or the test above shows too little', () => {
    expect(tablesOfStudents()).toEqual(expect.arrayContaining(['picks', 'own_records', 'former_records', 'history_records']));
  });
});

const keyOf = async (store: string): Promise<string> => {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  const [row] = database.prepare(`select id_key from students where national_id = '${ERASED.nationalId}'`).all([]) as { id_key: string }[];
  database.close();
  return row?.id_key ?? '';
};
