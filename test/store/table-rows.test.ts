import { join } from 'node:path';
import { Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { SCHEMA_VERSION } from '#lpx/store/migrations.js';
import { SharedSqliteDialect } from '#lpx/store/sqlite/dialect.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { createStore, createStoreOfRows, openStore } from '#lpx/store/sqlite/open.js';
import type { Store } from '#lpx/store/store.js';
import {
  columnsOfTable,
  isRowTable,
  LEFT_OUT,
  lineOfRow,
  ROW_TABLES,
  type Row,
  type RowReader,
  type RowTable,
  type TableDigests,
} from '#lpx/store/table-rows.js';
import { exportFrom, importTo, NOW, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

/** The rows of all tables. */
const allRows = async (rows: RowReader): Promise<Record<string, Row[]>> => {
  const all: Record<string, Row[]> = {};
  for (const table of ROW_TABLES) {
    all[table] = [];
    for await (const some of rows.rows(table)) all[table].push(...some);
  }
  return all;
};

const withStore = async <T>(folder: string, work: (store: Store) => Promise<T>): Promise<T> => {
  const store = await openStore(folder);
  return work(store).finally(() => store.close());
};

const digestsOf = (folder: string): Promise<TableDigests> => withStore(folder, (store) => store.readRows((rows) => rows.digests()));

/** Makes a new store of the rows of another. */
async function copyStore(from: string): Promise<string> {
  const to = join(tempFolder(), 'copy');
  const { version, rows } = await withStore(from, (store) =>
    store.readRows(async (reader) => ({ version: await reader.schemaVersion(), rows: await allRows(reader) })),
  );
  await createStoreOfRows(to, { school: { code: '990001', name: '' }, schemaVersion: version }, async (writer) => {
    for (const table of ROW_TABLES)
      await writer.insert(
        table,
        (rows[table] as Row[]).map((row) => JSON.parse(lineOfRow(row))),
      );
  });
  return to;
}

/** A school that has loaded, sent and received something. */
async function livedInSchool(): Promise<string> {
  const parent = tempFolder();
  const store = await transferSchool(parent);
  const { zipFile } = await exportFrom(store, parent);
  const receiver = await school(parent, '990002');
  await importTo(receiver, zipFile);
  await withStore(receiver, (open) =>
    open.change(async (change) => {
      await change.putSchools([
        { code: '990001', name: '示範高中' },
        { code: '99000x', name: '' },
        { code: '99000X', name: '😀' },
      ]);
      await change.putCourses([{ code: '1091904xxV233050102000B', subjectName: '國語文', credits: '4' }]);
      const student = await change.student(TRANSFER_STUDENT);
      const [record] = student?.records ?? [];
      if (student && record) await change.addPick(student.id, record, NOW);
      return { keep: true, result: undefined };
    }),
  );
  return receiver;
}

describe('the rows of a store', () => {
  it('are those of every table and every column that the migrations make', async () => {
    const folder = join(tempFolder(), 'store');
    await (await createStore(folder, { code: '990001', name: '' })).close();
    const db = new Kysely<never>({ dialect: new SharedSqliteDialect(openSqlite(join(folder, 'lpx.sqlite')), folder) });
    const tables = await db.introspection.getTables().finally(() => db.destroy());
    const made = Object.fromEntries(tables.map(({ name, columns }) => [name, columns.map((column) => column.name).sort()]));
    for (const table of LEFT_OUT) delete made[table];
    expect(made).toEqual(Object.fromEntries(ROW_TABLES.map((table) => [table, columnsOfTable(table).sort()])));
  });

  it('make the same store again: the same counts and hashes, its history intact, and new rows with new numbers', async () => {
    const original = await livedInSchool();
    const copy = await copyStore(original);
    const digests = await digestsOf(original);
    expect(await digestsOf(copy)).toEqual(digests);
    for (const table of ['students', 'received_records', 'attachments', 'history', 'history_students', 'picks', 'known_schools'] as const)
      expect(digests[table].rows, table).toBeGreaterThan(0);
    await withStore(copy, async (store) => {
      const history = await store.history();
      const id = await store.change(async (change) => ({
        keep: true,
        result: await change.addHistory({ kind: 'pick', at: NOW, file: '', bytes: 0, operator: 'clerk' }),
      }));
      expect(id).toBeGreaterThan(Math.max(...history.map((entry) => entry.id)));
      expect((await store.history())[0]).toMatchObject({ id, kind: 'pick' });
    });
  });

  it('come in the order of the bytes of their keys, with columns in one order', async () => {
    const rows = await withStore(await livedInSchool(), (store) => store.readRows(allRows));
    expect(rows.known_schools?.map(({ code }) => code)).toEqual(['990001', '99000X', '99000x']);
    expect(lineOfRow(rows.known_schools?.[1] as Row)).toBe('{"code":"99000X","name":"😀","history_id":null}');
    for (const [table, list] of Object.entries(rows))
      for (const row of list) expect(Object.keys(row)).toEqual(columnsOfTable(table as RowTable));
  });

  it('are read a page at a time, every one once, as they were when the reading began', async () => {
    const folder = join(tempFolder(), 'store');
    const codes = Array.from({ length: 1250 }, (_, i) => ({ code: String(100_000 + i), name: '' }));
    const put = (store: Store, schools: typeof codes) =>
      store.change(async (change) => ({ keep: true, result: await change.putSchools(schools) }));
    const store = await createStore(folder, { code: '990001', name: '' });
    await put(store, codes);
    const other = await openStore(folder);
    const read = await store.readRows(async (rows) => {
      await rows.digestOf('school');
      await put(other, [
        { code: '000000', name: 'later' },
        { code: '100500', name: 'later' },
      ]);
      return allRows(rows);
    });
    expect(read.known_schools).toEqual(codes.map((school) => ({ ...school, history_id: null })));
    await put(store, [{ code: '000001', name: 'after' }]);
    await store.close();
    await other.close();
  });

  it('leave out a package that is still being made', async () => {
    const folder = await transferSchool(tempFolder());
    const before = await digestsOf(folder);
    const store = await openStore(folder);
    const work = await store.attachments.workFolder();
    const student = await store.student(TRANSFER_STUDENT);
    await store.claims.claim({
      nameAt: (moment) => `990001_${moment.getTime()}`,
      now: NOW,
      work,
      outFolder: tempFolder(),
      entry: { school: '990002', reason: 'transfer', terms: '', left: '', overridden: '', operator: 'clerk' },
      students: [
        { id: student?.id as number, counts: { courseResults: 1, multiPerformances: 0, attachments: 0 }, contentsDigest: 'a'.repeat(64) },
      ],
    });
    expect(await store.readRows((rows) => rows.digests())).toEqual(before);
    await work.remove();
    await store.close();
  });

  it('of an earlier version make a store that is brought up to date; of a later one none', async () => {
    const folder = join(tempFolder(), 'store');
    await createStoreOfRows(folder, { school: { code: '990001', name: '' }, schemaVersion: 13 }, (rows) =>
      rows.insert('known_schools', [{ code: '990001', name: '示範高中' }]),
    );
    const database = openSqlite(join(folder, 'lpx.sqlite'));
    expect(database.prepare('select version from schema_version').all([])).toEqual([{ version: SCHEMA_VERSION }]);
    database.close();
    await expect(
      createStoreOfRows(
        join(tempFolder(), 'newer'),
        { school: { code: '990001', name: '' }, schemaVersion: SCHEMA_VERSION + 1 },
        async () => {},
      ),
    ).rejects.toMatchObject({
      code: 'LPX_STORE_NEWER',
    });
  });

  it('are known by their tables alone', () => {
    expect(isRowTable('students')).toBe(true);
    for (const name of ['schema_version', 'unpublished', 'sqlite_master', 'toString']) expect(isRowTable(name)).toBe(false);
  });
});
