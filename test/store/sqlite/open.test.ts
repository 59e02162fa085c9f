import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { SharedSqliteDialect } from '#lpx/store/sqlite/dialect.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { createStore, openStore } from '#lpx/store/sqlite/open.js';
import type { Store } from '#lpx/store/store.js';
import { addRecords, addStudent, attachment, basicData, SCHOOL } from '../../support/one-student.js';
import { tempFolder } from '../../support/temp.js';

async function withStudent(keep: boolean): Promise<Store> {
  const store = await createStore(join(tempFolder(), 'store'), SCHOOL);
  await addStudent(store, keep);
  return store;
}

/** A store with one student, whose records have these attachments. */
async function withRecords(attachments: readonly object[]): Promise<Store> {
  const store = await createStore(join(tempFolder(), 'store'), SCHOOL);
  await addRecords(store, attachments);
  return store;
}

/** Runs statements on the database of a store, past the store. */
function tamper(store: Store, statements: string): void {
  const database = openSqlite(join(store.folder, 'lpx.sqlite'));
  database.exec(statements);
  database.close();
}

/** Takes back what the eighteenth version of the tables added, and those after it. */
const WITHOUT_EIGHTEENTH = `alter table history drop column rows_hash; drop table sessions;
  alter table students drop column holds; alter table history drop column changes_hash;`;

/** Takes back what the seventeenth version of the tables added. */
const WITHOUT_SEVENTEENTH = `${WITHOUT_EIGHTEENTH} drop table entry_changes; drop table entry_matches; drop table receipt_files;
  alter table students drop column removed_by; alter table history drop column keeps_changes;
  alter table course_codes drop column history_id; alter table known_schools drop column history_id;`;

/** Takes back what the sixteenth version of the tables added. */
const WITHOUT_SIXTEENTH = [
  WITHOUT_SEVENTEENTH,
  ...['own_records', 'received_records', 'former_records'].flatMap((table) =>
    ['owed', 'repairs'].map((column) => `alter table ${table} drop column ${column};`),
  ),
].join(' ');

/** Takes back what the fifteenth version of the tables added. */
const WITHOUT_FIFTEENTH = `${WITHOUT_SIXTEENTH} drop table settings;`;

/** Takes back what the fourteenth version of the tables added. */
const WITHOUT_FOURTEENTH = `${WITHOUT_FIFTEENTH}
  drop index history_students_keyed; drop table history_erased; drop table erasures; drop table remnants;
  alter table history drop column salt; alter table history drop column students_hash;
  alter table history_students drop column said_hash;`;

/** Takes back what the thirteenth version of the tables added. */
const WITHOUT_THIRTEENTH = [
  WITHOUT_FOURTEENTH,
  ...['listed', 'student_number', 'class_name', 'seat'].map((column) => `alter table students drop column ${column};`),
].join(' ');

/** Takes back what the twelfth version of the tables added. */
const WITHOUT_TWELFTH = `${WITHOUT_THIRTEENTH}
  drop table batches; drop index history_batch_job; drop index history_students_student;
  alter table history drop column batch_job; alter table history_students drop column contents_digest;`;

/** Takes back what the eleventh version of the tables added. */
const WITHOUT_ELEVENTH = `${WITHOUT_TWELFTH}
  drop index history_position; drop table former_records;
  alter table history_records drop column provenance; alter table history_records drop column record_id;
  alter table history_records rename to import_outcomes;
  ${[
    ...['left_on', 'folder', 'code', 'details', 'previous_hash', 'hash', 'refers_to', 'undone_by', 'position'].map((column) => [
      'history',
      column,
    ]),
    ...['keyed_id', 'changes', 'created'].map((column) => ['history_students', column]),
    ...['left_as', 'left_on', 'id_key'].map((column) => ['students', column]),
    ...['own_records', 'received_records'].map((table) => [table, 'removed_by']),
  ]
    .map(([table, column]) => `alter table ${table} drop column ${column};`)
    .join(' ')}`;

/** Takes back what the tenth version of the tables added. */
const WITHOUT_TENTH = `${WITHOUT_ELEVENTH} ${['school', 'students', 'attachments', 'own_records', 'received_records']
  .map((table) => `alter table ${table} drop column seal;`)
  .join(' ')}`;

/** Takes back what the ninth version of the tables added. */
const WITHOUT_NINTH = `${WITHOUT_TENTH} alter table history drop column contents_digest; alter table attachments drop column crc32;`;

/** Takes back what the eighth version of the tables added. */
const WITHOUT_EIGHTH = `${WITHOUT_NINTH}
  drop index history_package; drop table unpublished;
  alter table history drop column package; alter table history drop column state; alter table history drop column work;`;

/** Takes back what the fifth version of the tables added. */
const WITHOUT_FIFTH = ['sent_national_id', 'sent_name', 'sent_birth_date']
  .map((column) => `alter table history_students drop column ${column};`)
  .join(' ');

describe('a store', () => {
  it('is not looked for, or made, where a file is', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    for (const folder of [file, join(file, 'store')]) {
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'LPX_STORE_NOT_FOLDER', facts: { file } });
      await expect(createStore(folder, SCHOOL)).rejects.toMatchObject({ code: 'LPX_STORE_NOT_FOLDER', facts: { file } });
    }
  });

  it('is not made among other files, but beside what systems put into folders', async () => {
    const mail = tempFolder();
    writeFileSync(join(mail, '.DS_Store'), '');
    writeFileSync(join(mail, 'a.zip'), '');
    await expect(createStore(mail, SCHOOL)).rejects.toMatchObject({ code: 'LPX_STORE_PLACE', facts: { folder: mail, file: 'a.zip' } });
    expect(readdirSync(mail).sort()).toEqual(['.DS_Store', 'a.zip']);
    rmSync(join(mail, 'a.zip'));
    await (await createStore(mail, SCHOOL)).close();
  });

  it('is created once, can be opened again, and is as durable as promised', async () => {
    const folder = join(tempFolder(), 'store');
    await (await createStore(folder, SCHOOL)).close();
    await expect(createStore(folder, SCHOOL)).rejects.toMatchObject({ code: 'LPX_STORE_EXISTS' });
    const store = await openStore(folder);
    expect(store.school).toEqual(SCHOOL);
    await store.close();
    const database = openSqlite(join(folder, 'lpx.sqlite'));
    expect(database.prepare('pragma journal_mode').all([])).toEqual([{ journal_mode: 'wal' }]);
    database.close();
  });

  it('of the first version is migrated with all its data', async () => {
    const store = await withStudent(true);
    const before = [await store.student(basicData.nationalId), await store.history()];
    await store.close();
    const database = openSqlite(join(store.folder, 'lpx.sqlite'));
    database.exec(`
      ${WITHOUT_EIGHTH}
      drop table import_outcomes; drop table picks; drop table course_codes; drop table known_schools;
      alter table students drop column extended_years;
      alter table history drop column overridden; alter table history drop column operator;
      ${WITHOUT_FIFTH}
      alter table attachments add column crc32 bigint not null default 0;
      alter table history drop column received_at; alter table history drop column received_by;
      alter table own_records drop column document_type; alter table own_records drop column media_type;
      alter table received_records drop column document_type; alter table received_records drop column media_type;
      alter table attachments add column type text not null default 'pdf';
      alter table school drop column shared_group;
      update schema_version set version = 1;`);
    database.close();
    const updated = await openStore(store.folder);
    const [student, history] = [await updated.student(basicData.nationalId), await updated.history()];
    expect(student).toEqual(before[0]);
    expect(history).toEqual((before[1] as typeof history).map((entry) => ({ ...entry, operator: '' })));
    expect(await updated.courses(['109990001H11101A1010101'])).toEqual({ listings: [], plans: new Set() });
    await updated.close();
  });

  it('whose creation was interrupted is not one yet, and can be completed', async () => {
    for (const cutShort of [
      (file: string) => writeFileSync(file, ''),
      (file: string) => {
        const database = openSqlite(file);
        database.exec('delete from school');
        database.close();
      },
    ]) {
      const [made, folder] = [join(tempFolder(), 'store'), tempFolder()];
      await (await createStore(made, SCHOOL)).close();
      copyFileSync(join(made, 'lpx.sqlite'), join(folder, 'lpx.sqlite'));
      cutShort(join(folder, 'lpx.sqlite'));
      await expect(openStore(folder)).rejects.toMatchObject({ code: 'LPX_STORE_NOT_FOUND' });
      await (await createStore(folder, SCHOOL)).close();
      await expect(createStore(folder, SCHOOL)).rejects.toMatchObject({ code: 'LPX_STORE_EXISTS' });
    }
  });

  it('that is damaged, of a newer lpx or of another program is not touched', async () => {
    const folder = join(tempFolder(), 'store');
    await (await createStore(folder, SCHOOL)).close();
    const file = join(folder, 'lpx.sqlite');
    const database = openSqlite(file);
    database.exec('update schema_version set version = 99');
    database.close();
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'LPX_STORE_NEWER', facts: { version: 99 } });
    writeFileSync(file, Buffer.alloc(8192, 'not a database'));
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED' });
    await expect(openStore(tempFolder())).rejects.toMatchObject({ code: 'LPX_STORE_NOT_FOUND' });
    expect(existsSync(file)).toBe(true);
  });

  it('of the seventh version keeps exports that were made under one name', async () => {
    const store = await withStudent(true);
    await store.close();
    const database = openSqlite(join(store.folder, 'lpx.sqlite'));
    const columns = 'kind, at, file, bytes, md5, sha256, school, reason, terms';
    const values = "'export', '2021-01-21', '990001_2021_01_21_09_00_00.zip', 1, '', '', '', 'transfer', ''";
    database.exec(`${WITHOUT_EIGHTH}
      insert into history (${columns}) values (${values}), (${values});
      update schema_version set version = 7;`);
    database.close();
    const updated = await openStore(store.folder);
    expect((await updated.history()).map(({ kind }) => kind)).toEqual(['export', 'export', 'load']);
    await updated.close();
  });

  it('of the third version gets the types of its files from their contents, else from their names', async () => {
    const other = { ...attachment, sha256: 'c'.repeat(64) };
    const files = [attachment, { ...other, name: 'C01.exe', type: 'exe' }, { ...other, name: 'report.docx', type: 'docx' }];
    const store = await withRecords(files);
    await store.close();
    tamper(
      store,
      `${WITHOUT_FIFTH} ${WITHOUT_EIGHTH}
       alter table own_records drop column document_type; alter table own_records drop column media_type;
       alter table received_records drop column document_type; alter table received_records drop column media_type;
       alter table attachments add column type text not null default 'pdf';
       alter table school drop column shared_group;
       update attachments set type = 'exe' where sha256 = '${other.sha256}';
       update schema_version set version = 3;`,
    );
    const updated = await openStore(store.folder);
    const student = await updated.student(basicData.nationalId);
    expect(student?.records.map(({ record }) => record.document)).toEqual(files);
    await updated.close();
  });

  it('of the ninth version is sealed as it is, and a doubled id in it is found', async () => {
    const store = await withRecords([attachment]);
    const before = await store.student(basicData.nationalId);
    await store.close();
    tamper(store, `${WITHOUT_TENTH} update schema_version set version = 9;`);
    const updated = await openStore(store.folder);
    expect(await updated.student(basicData.nationalId)).toEqual(before);
    await updated.close();
    const [right, wrong] = ['A800000014', 'A800000024'];
    tamper(
      store,
      `${WITHOUT_TENTH} update schema_version set version = 9; update students set basic_data = replace(basic_data, '${right}', '${wrong}')`,
    );
    const damaged = await openStore(store.folder);
    await expect(damaged.student(right)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', place: { student: right } });
    await damaged.close();
  });

  it.each([
    ['list', `update own_records set list = 'courseResult'`],
    ['key', `update own_records set record_key = 'x' || substr(record_key, 2)`],
    ['school', `update own_records set origin_school_code = '990000'`],
  ])('of the ninth version in which a record has another %s is damaged', async (_, statement) => {
    const store = await withRecords([attachment]);
    await store.close();
    tamper(store, `${WITHOUT_TENTH} update schema_version set version = 9; ${statement}`);
    const updated = await openStore(store.folder);
    const error = { code: 'LPX_STORE_DAMAGED', exitCode: 5, place: { student: 'A800000014' } };
    await expect(updated.student(basicData.nationalId)).rejects.toMatchObject(error);
    await updated.close();
  });

  it('of the ninth version without a valid school is damaged', async () => {
    const store = await withStudent(true);
    await store.close();
    tamper(store, `${WITHOUT_TENTH} update schema_version set version = 9; update school set code = x'fffe00'`);
    await expect(openStore(store.folder)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
  });

  it('reports a full disk, and not that its rollback failed', async () => {
    const database = openSqlite(join(tempFolder(), 'small.sqlite'));
    database.exec('create table filler (bytes blob)');
    database.exec('pragma max_page_count = 10');
    const db = new Kysely<{ filler: { bytes: Buffer } }>({ dialect: new SharedSqliteDialect(database, '/store') });
    const filling = db.transaction().execute(async (transaction) => {
      for (let i = 0; i < 100; i++)
        await transaction
          .insertInto('filler')
          .values({ bytes: Buffer.alloc(4096) })
          .execute();
    });
    await expect(filling).rejects.toMatchObject({ code: 'LPX_DISK_FULL' });
    expect(await db.selectFrom('filler').selectAll().execute()).toEqual([]);
    await db.destroy();
  });
});
