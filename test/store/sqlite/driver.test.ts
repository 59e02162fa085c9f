import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { nodeSqlite } from '#lpx/store/sqlite/node-sqlite.js';
import { createStore, openStore } from '#lpx/store/sqlite/open.js';
import type { NewHistoryEntry } from '#lpx/store/store.js';
import { tempFolder } from '../../support/temp.js';

const HISTORY: NewHistoryEntry = { kind: 'load', at: new Date(2021, 0, 21), file: '學生.json', bytes: 5_000_000_000, operator: 'clerk' };

afterEach(() => vi.restoreAllMocks());

/** Runs `work` as a Node.js without SQLite does: with the add-on. */
async function withAddOn<T>(work: () => Promise<T>): Promise<T> {
  const { getBuiltinModule } = process;
  const hidden = vi.spyOn(process, 'getBuiltinModule');
  hidden.mockImplementation(((name: string) => (name === 'node:sqlite' ? undefined : getBuiltinModule(name))) as typeof getBuiltinModule);
  try {
    return await work();
  } finally {
    hidden.mockRestore();
  }
}

async function makeStore(folder: string): Promise<void> {
  const store = await createStore(folder, { code: '990001', name: '示範高中' });
  await store.change(async (change) => ({ keep: true, result: await change.addHistory(HISTORY) }));
  await store.close();
}

async function readStore(folder: string): Promise<unknown> {
  const store = await openStore(folder);
  const read = [store.school, await store.history()];
  await store.close();
  return read;
}

describe.runIf(isBuiltin('node:sqlite') && nodeSqlite())('a store', () => {
  it('that Node.js wrote opens with the add-on, and one that the add-on wrote opens with Node.js', async () => {
    const [builtIn, addOn] = [join(tempFolder(), 'store'), join(tempFolder(), 'store')];
    await makeStore(builtIn);
    await withAddOn(() => makeStore(addOn));
    const expected = [{ code: '990001', name: '示範高中' }, [expect.objectContaining(HISTORY)]];
    expect([await readStore(addOn), await withAddOn(() => readStore(builtIn))]).toEqual([expected, expected]);
  });
});

describe('a database file', () => {
  it('that is to be there is not made, whatever characters its path has', () => {
    const folder = tempFolder();
    const file = join(folder, '學習 歷程#1?mode=rwc&100%.sqlite');
    expect(() => openSqlite(file, { fileMustExist: true })).toThrow(expect.objectContaining({ code: 'SQLITE_CANTOPEN' }));
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(file, '');
    const database = openSqlite(file, { fileMustExist: true });
    database.exec('create table kept (value)');
    database.close();
    expect(readdirSync(folder)).toEqual(['學習 歷程#1?mode=rwc&100%.sqlite']);
  });

  it('is made by its path, which never reads as a URI', () => {
    const folder = tempFolder();
    const working = process.cwd();
    process.chdir(folder);
    try {
      const database = openSqlite('file:a.sqlite?mode=ro');
      database.exec('create table kept (value)');
      database.close();
      database.close();
    } finally {
      process.chdir(working);
    }
    expect(existsSync(join(folder, 'file:a.sqlite?mode=ro'))).toBe(true);
  });

  it('gives and takes what SQLite has, and names its errors as SQLite does', () => {
    const database = openSqlite(join(tempFolder(), 'a.sqlite'));
    database.exec('create table kept (number bigint, text text unique)');
    const insert = database.prepare('insert into kept values (?, ?)');
    expect([insert.reader, Number(insert.run([2 ** 53 - 1, '歷程 👩🏽']).changes)]).toEqual([false, 1]);
    expect(() => insert.run([1, '歷程 👩🏽'])).toThrow(expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) }));
    const returning = database.prepare('insert into kept values (null, null) returning number, text');
    expect([returning.reader, returning.all([])]).toEqual([true, [{ number: null, text: null }]]);
    const select = database.prepare('select * from kept where text = ?');
    expect([select.reader, select.all(['歷程 👩🏽'])]).toEqual([true, [{ number: 2 ** 53 - 1, text: '歷程 👩🏽' }]]);
    expect(() => database.exec('no statement')).toThrow(expect.objectContaining({ code: 'SQLITE_ERROR' }));
    expect(() => database.prepare('no statement')).toThrow(expect.objectContaining({ code: 'SQLITE_ERROR' }));
    database.close();
  });

  it('that was closed is free for others and holds everything, whatever was read from it and left open in it', () => {
    const file = join(tempFolder(), 'a.sqlite');
    const first = openSqlite(file);
    first.exec('pragma journal_mode = WAL; create table kept (value); insert into kept values (1); begin immediate');
    const select = first.prepare('select * from kept');
    expect(select.all([])).toEqual([{ value: 1 }]);
    first.close();
    const second = openSqlite(file);
    second.exec('begin immediate; insert into kept values (2); commit');
    expect(second.prepare('select * from kept').all([])).toEqual([{ value: 1 }, { value: 2 }]);
    second.close();
    const copy = join(tempFolder(), 'a.sqlite');
    copyFileSync(file, copy);
    const third = openSqlite(copy);
    expect(third.prepare('select count(*) as count from kept').all([])).toEqual([{ count: 2 }]);
    third.close();
    expect(select.reader).toBe(true);
  });
});

describe('the warning that SQLite is experimental in Node.js', () => {
  it('is not shown, and every other one is', () => {
    const shown = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { emitWarning } = process;
    vi.spyOn(process, 'getBuiltinModule').mockImplementation((() => {
      process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning');
      process.emitWarning('Something else is an experimental feature', 'ExperimentalWarning');
      process.emitWarning('SQLite is old', { type: 'DeprecationWarning', code: 'DEP0000' });
    }) as never);
    nodeSqlite();
    expect(shown.mock.calls).toEqual([
      ['Something else is an experimental feature', 'ExperimentalWarning'],
      ['SQLite is old', { type: 'DeprecationWarning', code: 'DEP0000' }],
    ]);
    expect(process.emitWarning).toBe(emitWarning);
  });
});
