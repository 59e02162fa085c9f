import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { historyPages } from '#lpx/exchange/history.js';
import { headOf, logPages, studentLogOf, verifyLog } from '#lpx/exchange/log.js';
import { checkReceipt, writeReceipt } from '#lpx/exchange/receipt.js';
import { initStore, withStore } from '#lpx/exchange/school-store.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { entryHash, studentsHash } from '#lpx/store/history/chain.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { lpxJson } from '../../support/cli.js';
import { writeExchangeFolder } from '../../support/portfolios.js';
import { exportFrom, importTo, load, NOW, OPERATOR, school, TRANSFER_STUDENT } from '../../support/schools.js';
import { courseResult, smallPortfolio } from '../../support/small-portfolio.js';
import { keptFolder, tempFolder } from '../../support/temp.js';

const OTHER = { nationalId: 'B800000015', name: '陳小麥' };

/** A log of seven entries: made, loaded twice (with a change of a record), exported, receipted, loaded again. */
async function makeStoreWithLog(folder: string) {
  const store = await school(folder, '990001');
  for (const [name, brief] of [
    ['first', '第一次'],
    ['second', '第二次'],
  ] as const) {
    writeExchangeFolder(join(folder, name), [smallPortfolio([courseResult({ brief })]), smallPortfolio([courseResult()], OTHER)]);
    await load(store, join(folder, name));
  }
  const { zipFile } = await exportFrom(store, join(folder, 'mail'), { toSchool: '990002' });
  const to = await school(folder, '990002');
  await importTo(to, zipFile);
  const { path } = await withStore(to, (open) => writeReceipt(open, { importId: 1, outFolder: folder, now: NOW, by: OPERATOR }));
  await withStore(store, (open) => checkReceipt(open, { file: path, now: NOW, operator: OPERATOR }));
  writeExchangeFolder(join(folder, 'third'), [smallPortfolio([courseResult()], { nationalId: 'C800000016', name: '王小樹' })]);
  await load(store, join(folder, 'third'));
  return { folder, store, receiptOfOther: path };
}

const made = makeStoreWithLog(keptFolder());

/** The same for one test, to be tampered with. */
async function storeWithLog() {
  const { folder, receiptOfOther } = await made;
  const copy = tempFolder();
  cpSync(folder, copy, { recursive: true });
  return { folder: copy, store: join(copy, 'school-990001'), receiptOfOther };
}

async function madeStore(): Promise<string> {
  const store = join(tempFolder(), 'store');
  await initStore(store, { code: '990001', name: '' }, { made: { at: NOW, operator: OPERATOR } });
  return store;
}

const verified = (store: string, head?: string) => withStore(store, (open) => verifyLog(open, head));
const faultsOf = async (store: string, head?: string) => (await verified(store, head)).faults.map(({ what, position }) => [what, position]);

/** Runs statements, or works with the database, as somebody does who has the file. */
function tamper(store: string, work: string | ((database: ReturnType<typeof openSqlite>) => void)): void {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  database.exec('pragma foreign_keys = off');
  if (typeof work === 'string') database.exec(work);
  else work(database);
  database.close();
}

/** The columns of a table that say something. */
function columnsOf(store: string, table: string): { readonly name: string; readonly type: string }[] {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  const columns = database.prepare(`select name, type from pragma_table_info('${table}')`).all([]) as { name: string; type: string }[];
  database.close();
  return columns;
}

describe('the custody log', () => {
  it('is whole as lpx writes it, and says how much came since a head that was kept', async () => {
    const { folder, store } = await storeWithLog();
    const { position, hash } = await withStore(store, headOf);
    expect(await verified(store)).toMatchObject({ entries: 5, head: { position: 5, hash }, faults: [] });
    writeFileSync(join(folder, 'head.txt'), `${position} ${hash}\n`);
    writeExchangeFolder(join(folder, 'fourth'), [smallPortfolio([courseResult()], { nationalId: 'D800000017', name: '李小禾' })]);
    await load(store, join(folder, 'fourth'));
    for (const head of [hash, hash.toUpperCase(), `${position} ${hash}`, join(folder, 'head.txt')])
      expect(await verified(store, head)).toMatchObject({ faults: [], since: 1 });
  });

  it('shows that the note of an undoing was taken away, also where that one was undone and done again', async () => {
    const { store } = await storeWithLog();
    const by = { now: NOW, operator: OPERATOR };
    for (const id of [5, 6, 7]) await withStore(store, (open) => undoEntry(open, { id, ...by }));
    const notes = await withStore(store, (open) => open.history({ ids: [5, 6, 7, 8] }));
    expect(notes.map(({ id, undoneBy }) => [id, undoneBy])).toEqual([
      [8, undefined],
      [7, 8],
      [6, undefined],
      [5, 6],
    ]);
    expect(await faultsOf(store)).toEqual([]);
    tamper(store, 'update history set undone_by = null where id in (5, 7)');
    expect(await faultsOf(store)).toEqual([
      ['later', 5],
      ['later', 7],
    ]);
  });

  it('takes the head of a receipt that its school issued, and of no other', async () => {
    const { folder, store, receiptOfOther } = await storeWithLog();
    expect(await verified(join(folder, 'school-990002'), receiptOfOther)).toMatchObject({ faults: [], since: 1 });
    await expect(verified(store, receiptOfOther)).rejects.toMatchObject({ code: 'LPX_LOG_HEAD_OTHER_SCHOOL', exitCode: 2 });
    writeFileSync(join(folder, 'none.txt'), 'no head');
    await expect(verified(store, ' ')).rejects.toMatchObject({ code: 'LPX_LOG_HEAD_UNREADABLE', exitCode: 2 });
    const { code, json } = await lpxJson(['--store', store, 'log', '--verify', '--head', '']);
    expect([code, json.error.code]).toEqual([2, 'LPX_LOG_HEAD_UNREADABLE']);
    await expect(verified(store, join(folder, 'none.txt'))).rejects.toMatchObject({ code: 'LPX_LOG_HEAD_UNREADABLE', exitCode: 2 });
  });

  it('shows an edit of every column of an entry', async () => {
    const { store } = await storeWithLog();
    const clean = await faultsOf(store);
    const unnoticed: string[] = [];
    for (const { name, type } of columnsOf(store, 'history')) {
      const edited = /int/i.test(type) ? `coalesce(${name}, 0) + 1000` : `coalesce(${name}, '') || '0'`;
      tamper(store, `create table kept as select * from history; update history set ${name} = ${edited} where kind = 'export'`);
      const faults = await faultsOf(store).catch(() => ['unreadable']);
      if (faults.length === 0) unnoticed.push(name);
      tamper(store, 'delete from history; insert into history select * from kept; drop table kept');
    }
    expect([clean, unnoticed, await faultsOf(store)]).toEqual([[], [], []]);
  });

  it.each([
    ['history_students', 'history_id = 2'],
    ['history_records', 'history_id = 2'],
    ['entry_changes', 'history_id = 2'],
  ])('shows an edit of every column of %s', async (table, where) => {
    const { store } = await storeWithLog();
    const unnoticed: string[] = [];
    for (const { name, type } of columnsOf(store, table)) {
      const edited = /int/i.test(type) ? `coalesce(${name}, 0) + 1000` : `coalesce(${name}, '') || ' '`;
      const row = `rowid = (select min(rowid) from ${table} where ${where})`;
      tamper(store, `create table kept as select * from ${table}; update ${table} set ${name} = ${edited} where ${row}`);
      const faults = await faultsOf(store).catch(() => ['unreadable']);
      if (faults.length === 0) unnoticed.push(name);
      tamper(store, `delete from ${table}; insert into ${table} select * from kept; drop table kept`);
    }
    // The number of a row of records says nothing but their order.
    expect([unnoticed, await faultsOf(store)]).toEqual([table === 'history_records' ? ['id'] : [], []]);
  });

  it.each([
    ['the first entry removed', 'delete from history where position = 1', [['missing', 1]]],
    ['an entry in the middle removed', 'delete from history where position = 3', [['missing', 3]]],
    ['the newest entry removed', 'delete from history where position = 5', [['cut', 5]]],
    [
      'an entry removed, and the later ones moved up',
      'delete from history where position = 3; update history set position = position - 1 where position > 3',
      [
        ['order', 3],
        ['edited', 3],
        ['edited', 4],
        ['cut', 5],
      ],
    ],
    [
      'two entries exchanged',
      'update history set position = -1 where position = 2; update history set position = 2 where position = 3; update history set position = 3 where position = -1',
      [
        ['order', 2],
        ['edited', 2],
        ['order', 3],
        ['edited', 3],
        ['order', 4],
      ],
    ],
    [
      'an entry inserted without a place',
      `insert into history (kind, at, file, bytes, md5, sha256, school, reason, terms, overridden, operator, received_at, received_by) select kind, at, file, bytes, md5, sha256, school, reason, terms, overridden, operator, received_at, received_by from history where position = 1`,
      [['inserted', 0]],
    ],
    ['a student of an entry removed', 'delete from history_students where history_id = 1 and student_id = 2', [['students', 1]]],
    [
      'a student of an entry added',
      `insert into history_students select 3, student_id, course_results, multi_performances, attachments, keyed_id, contents_digest, created, changes, sent_national_id, sent_name, sent_birth_date, said_hash from history_students where history_id = 1 and student_id = 2`,
      [['students', 3]],
    ],
    [
      'a student hidden as if erased',
      `insert into history_erased select history_id, keyed_id, course_results, multi_performances, attachments, created, said_hash from history_students where history_id = 5; delete from history_students where history_id = 5`,
      [['students', 5]],
    ],
    [
      'a record of an entry added',
      `insert into history_records (history_id, student_id, list, title, outcome) values (3, 1, 'x', 'x', 'x')`,
      [['said', 3]],
    ],
    [
      'what was said of a student edited',
      `update history_students set changes = '[{}]' where history_id = 1 and student_id = 2`,
      [['said', 1]],
    ],
    ['a student given another id', `update students set national_id = 'D800000017' where id = 2`, [['said', 1]]],
    ['a receipt taken back', `update history set received_at = '', received_by = '' where kind = 'export'`, [['later', 3]]],
    ['a receipt of somebody else', `update history set received_by = 'x' where kind = 'export'`, [['later', 3]]],
    ['an undoing that never was', 'update history set undone_by = 99 where position = 2', [['later', 2]]],
    ['a file that no receipt names', `insert into receipt_files values (3, '00')`, [['rows', 4]]],
    ['a file of a receipt removed', 'delete from receipt_files where sha256 = (select min(sha256) from receipt_files)', [['rows', 4]]],
    ['files of a receipt that never came', `insert into receipt_files values (2, '00')`, [['rows', 2]]],
    ['a match that was not found', 'insert into entry_matches values (2, 99)', [['rows', 2]]],
    ['matches of no entry', 'insert into entry_matches values (99, 1)', [['stray', 0]]],
    ['a student on the list of erasures whom no entry erased', `insert into erasures values ('00', '2021-01-21')`, [['listed', 0]]],
    ['a student given another key', `update students set id_key = '${'0'.repeat(64)}' where id = 2`, [['said', 1]]],
    [
      'the hashes of two entries swapped',
      `create temp table swapped as select position, previous_hash, hash from history where position in (2, 3);
       update history set previous_hash = (select previous_hash from swapped where position = 5 - history.position),
         hash = (select hash from swapped where position = 5 - history.position) where position in (2, 3)`,
      [
        ['order', 2],
        ['edited', 2],
        ['order', 3],
        ['edited', 3],
        ['order', 4],
      ],
    ],
    [
      'the hash of the newest entry replaced',
      `update history set hash = '${'0'.repeat(64)}' where position = 5`,
      [
        ['edited', 5],
        ['head', 5],
      ],
    ],
    [
      'an entry replayed at the end',
      `create temp table replayed as select * from history where position = 2;
       update replayed set id = 6, position = 6, package = null; insert into history select * from replayed`,
      [
        ['order', 6],
        ['edited', 6],
        ['students', 6],
        ['changes', 6],
        ['rows', 6],
      ],
    ],
    ['all entries from one on cut off', 'delete from history where position > 2', [['cut', 3]]],
    ['an entry without its salt', `update history set salt = '', changes_hash = '' where position = 4`, [['students', 4]]],
    [
      'a row that undo would put back removed',
      'delete from entry_changes where id = (select min(id) from entry_changes)',
      [['changes', 2]],
    ],
    [
      'a row that undo would put back added',
      `insert into entry_changes select 99, 1, table_name, row_key, student_id, before, seal from entry_changes limit 1`,
      [['changes', 1]],
    ],
    [
      'a row that undo would put back of no entry',
      `insert into entry_changes select 99, 99, table_name, row_key, student_id, before, seal from entry_changes limit 1`,
      [['stray', 0]],
    ],
    ['students of no entry', 'insert into history_erased values (99, 1, 0, 0, 0, 0, 1)', [['stray', 0]]],
  ] as const)('shows %s', async (_, statements, faults) => {
    const { store } = await storeWithLog();
    const { position, hash } = await withStore(store, headOf);
    tamper(store, statements);
    // The students of an entry that was removed are there still.
    const found = await faultsOf(store, `${position} ${hash}`);
    expect(found.filter(([what]) => what !== 'stray' || !statements.startsWith('delete from history '))).toEqual(faults);
  });

  it.each([
    ['after students were loaded', async () => (await storeWithLog()).store],
    ['of a store that was only made', madeStore],
  ])('shows that all of it is gone, without a head: %s', async (_, storeFolder) => {
    const store = await storeFolder();
    expect(await faultsOf(store)).toEqual([]);
    tamper(
      store,
      ['', '_students', '_records'].map((part) => `delete from history${part};`).join('') +
        'delete from entry_changes; delete from entry_matches; delete from receipt_files',
    );
    expect(await faultsOf(store)).toEqual([['missing', 1]]);
  });

  it('shows an entry whose hash was computed again by the one after it, and a chain that was rewritten as a whole by a kept head', async () => {
    const { store } = await storeWithLog();
    const { position, hash } = await withStore(store, headOf);
    const rewritten = (last: number) =>
      tamper(store, (database) => {
        database.prepare(`update history set school = '990009' where position = 3`).all([]);
        let before = '';
        for (const row of database.prepare('select * from history order by position').all([]) as any[]) {
          const entry = { ...row, previous_hash: row.position > 3 && row.position <= last ? before : row.previous_hash };
          before = row.position >= 3 && row.position <= last ? entryHash(entry) : row.hash;
          database.exec(`update history set previous_hash = '${entry.previous_hash}', hash = '${before}' where id = ${row.id}`);
        }
      });
    rewritten(3);
    expect(await faultsOf(store)).toEqual([['order', 4]]);
    rewritten(5);
    expect(await faultsOf(store)).toEqual([]);
    expect(await faultsOf(store, `${position} ${hash}`)).toEqual([['head', 5]]);
    expect(await faultsOf(store, hash)).toEqual([['head', 0]]);
  });

  it('has the same hash of students however many are read at a time', async () => {
    const student = (keyed_id: string) => ({
      keyed_id,
      created: 0,
      course_results: 1,
      multi_performances: 0,
      attachments: 0,
      said_hash: '',
    });
    const [a, b] = [student('a'), student('b')];
    expect(await studentsHash([[a], [b]])).toBe(await studentsHash([[a, b]]));
    expect(await studentsHash([[b, a]])).not.toBe(await studentsHash([[a, b]]));
  });

  it('and the history are read some entries at a time, and what is before a damaged entry is shown, in one JSON document', async () => {
    const store = await school(tempFolder(), '990001');
    await withStore(store, (open) =>
      open.change(async (change) => {
        for (let i = 0; i < 520; i++) await change.addHistory({ kind: 'pick', at: NOW, operator: OPERATOR, file: String(i), bytes: 0 });
        return { keep: true, result: undefined };
      }),
    );
    const sizes = async (pages: AsyncIterable<readonly { readonly id: number }[]>) => {
      const ids: number[][] = [];
      for await (const page of pages) ids.push(page.map(({ id }) => id));
      expect([...new Set(ids.flat())]).toHaveLength(520);
      return ids.map((page) => page.length);
    };
    expect(await withStore(store, (open) => sizes(historyPages(open, {})))).toEqual([500, 20]);
    expect(await withStore(store, (open) => sizes(logPages(open, {})))).toEqual([100, 100, 100, 100, 100, 20]);
    tamper(store, `update history set operator = 'x' where position = 3`);
    const { code, json } = await lpxJson(['--store', store, 'history']);
    expect([code, json.ok, json.error.code, json.entries.length]).toEqual([5, false, 'LPX_STORE_DAMAGED', 500]);
    expect((await lpxJson(['--store', store, 'log'])).json).toMatchObject({ ok: true, entries: { length: 520 } });
  });

  it('says everywhere a student’s data came from and went, and of an entry with others nothing of them', async () => {
    const { store } = await storeWithLog();
    const log = await withStore(store, (open) => studentLogOf(open, TRANSFER_STUDENT));
    expect(log).toMatchObject({ nationalId: TRANSFER_STUDENT, name: '林小禾' });
    expect(log.entries.map(({ kind, studentCount }) => [kind, studentCount])).toEqual([
      ['load', 2],
      ['load', 1],
      ['export', 1],
    ]);
    expect(log.entries[0]?.students).toMatchObject([{ nationalId: TRANSFER_STUDENT }]);
    expect(log.entries[2]).toMatchObject({
      folder: expect.stringMatching(/mail$/),
      school: '990002',
      received: { by: expect.stringContaining('990002') },
    });
  });
});
