import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pickItems } from '#lpx/exchange/pick.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { detailsWithoutWords, withoutWords } from '#lpx/store/erasure/taken-out-words.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { tablesOfStudents } from '#lpx/store/table-rows.js';
import { writeExchangeFolder } from '../../support/portfolios.js';
import { contentOf, exportFrom, importTo, LEFT, load, NOW, OPERATOR, PASSWORD, school, sign } from '../../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../../support/small-portfolio.js';
import { tempFolder } from '../../support/temp.js';
import { written } from '../../support/zips.js';

const BY = { now: NOW, operator: OPERATOR };
const ERASED = { nationalId: 'B800000015', name: '陳小麥' };
const STAYING = { nationalId: 'C800000016', name: '王小樹' };
const BRIEF = '只有陳同學寫過的簡述，抹去後不可再見';
const FORMER_BRIEF = '改寫之前的簡述，也不可再見';
const SENT_BRIEF = '他校送來、曾經復原的簡述，同樣不可再見';
const OWED_FILE = '陳同學遲未送達的報告.pdf';
const TERM = '本課程學習成果上傳學年度及學期';

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
  await withStore(store, (open) => pickItems(open, [{ nationalId: ERASED.nationalId, pick: ['O1'], unpick: [] }], BY));
  const sent = await packageOwingFile(join(folder, 'sender'));
  const arrive = () => importTo(store, sent, { samePerson: true, accept: { partial: 'owe', foreignMd5: false } });
  // Taken back, with its rows kept, and brought once more.
  const { historyId } = await arrive();
  await withStore(store, (open) => undoEntry(open, { id: historyId, ...BY }));
  await arrive();
  await exportFrom(store, join(folder, 'mail'), { nationalIds: [ERASED.nationalId, STAYING.nationalId], left: LEFT, acceptPartial: true });
  return { folder, store };
}

/** A package of another school with a record of hers that was written another way, and lacks its file. */
async function packageOwingFile(folder: string): Promise<string> {
  const from = await school(folder, '990003');
  const file = { bytes: pdf('the file that is owed'), type: 'pdf', name: OWED_FILE };
  const platform = join(folder, 'platform');
  writeExchangeFolder(platform, [
    smallPortfolio([courseResult({ brief: SENT_BRIEF, originSchoolCode: '990003' }, file)], { ...ERASED, schoolCode: '990003' }),
  ]);
  await load(from, platform);
  const { zipFile } = await exportFrom(from, join(folder, 'mail'), { nationalIds: [ERASED.nationalId], toSchool: '990001' });
  const entries = (await contentOf(zipFile))
    .filter(({ name }) => !name.endsWith('.pdf'))
    .map((entry) =>
      entry.name.endsWith('.json')
        ? { ...entry, content: Buffer.from(String(entry.content).replace(`"${TERM}": "1091"`, `"${TERM}": "109-1"`)) }
        : entry,
    );
  writeFileSync(zipFile, await written(entries, 'aes256', PASSWORD));
  sign(zipFile);
  return zipFile;
}

const erase = (store: string) =>
  withStore(store, (open) =>
    open.erasures.erase(ERASED.nationalId, {
      ...BY,
      reason: ` 保存期限屆滿：${ERASED.nationalId.toLowerCase()} 陳 小麥、B80000****`,
    }),
  );
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

const TRACES = [ERASED.nationalId, ERASED.nationalId.toLowerCase(), ERASED.name, BRIEF, FORMER_BRIEF, SENT_BRIEF, OWED_FILE];

describe('a student who is erased', () => {
  it('is in no file of the store any more: not by id, name or brief, now or before; the others are untouched', async () => {
    const { store } = await storeOfTwo();
    const key = await keyOf(store);
    const other = await withStore(store, (open) => open.student(STAYING.nationalId));
    expect(filesWith(store, TRACES).length).toBeGreaterThan(0);
    expect(await erase(store)).toMatchObject({ records: 4, entries: 7, remnants: { files: [], database: undefined } });
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
      details: { reason: '保存期限屆滿：＊＊＊ ＊＊＊、＊＊＊', records: 4 },
    });
    expect(entries[1]).toMatchObject({ kind: 'export', studentCount: 2, erased: 1, students: [{ nationalId: STAYING.nationalId }] });
  });

  it('leaves nothing to undo in an entry of hers alone', async () => {
    const { store } = await storeOfTwo();
    await erase(store);
    const [entry] = (await withStore(store, (open) => open.history({ kinds: ['load'] }))).filter(({ erased }) => erased === 1);
    await expect(withStore(store, (open) => undoEntry(open, { id: entry?.id ?? 0, ...BY }))).rejects.toMatchObject({
      code: 'LPX_UNDO_NOTHING',
      facts: { entryState: 'erased' },
    });
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

  it('has rows in every table that has rows of students, with owed files and repairs, or the tests above show too little', async () => {
    const { store } = await storeOfTwo();
    const database = openSqlite(join(store, 'lpx.sqlite'));
    const countOf = (table: string, where = 'true') =>
      database
        .prepare(`select count(*) as count from ${table} join students on students.id = ${table}.student_id
          where national_id = '${ERASED.nationalId}' and ${where}`)
        .all([])[0] as { count: number };
    const without = tablesOfStudents().filter((table) => countOf(table).count === 0);
    const [undone, owed, repaired] = [`received_records.removed_by is not null`, `owed <> ''`, `repairs <> ''`];
    const kept = [undone, owed, repaired].map((where) => countOf('received_records', where).count > 0);
    database.close();
    expect([without, kept]).toEqual([[], [true, true, true]]);
  });
});

describe('the words of a student', () => {
  const words = { nationalIds: ['B800000015'], names: ['陳小麥', 'Bank', 'Mary Ann', ''] };

  it.each([
    ['陳 小麥.zip', '＊＊＊.zip'],
    ['/mail/陳\u3000小 麥/b800000015_陳小麥', '/mail/＊＊＊/＊＊＊_＊＊＊'],
    ['ｂ８０００ ０００１５x', '＊＊＊x'],
    ['bank-2.zip, BANK2, banking, databank', '＊＊＊-2.zip, ＊＊＊2, banking, databank'],
    ['mary_ann.zip, MaryAnn, Mary‧Ann, summary ann', '＊＊＊.zip, ＊＊＊, ＊＊＊, summary ann'],
    ['陳小明', '陳小明'],
  ])('are taken out of %s', (text, without) => {
    expect(withoutWords(text, words)).toBe(without);
  });

  it('are taken out of what people say in details, and of nothing that lpx reads again', () => {
    const details = { keyedId: 'a1', repository: 'bank', why: 'to the bank', reworded: [{ position: 1, hash: 'bank' }] };
    expect(JSON.parse(detailsWithoutWords(JSON.stringify(details), words))).toEqual({ ...details, why: 'to the ＊＊＊' });
    expect(JSON.parse(detailsWithoutWords('{"why":"x"}', { nationalIds: [], names: ['why'] }))).toEqual({ why: 'x' });
  });
});

const keyOf = async (store: string): Promise<string> => {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  const [row] = database.prepare(`select id_key from students where national_id = '${ERASED.nationalId}'`).all([]) as { id_key: string }[];
  database.close();
  return row?.id_key ?? '';
};
