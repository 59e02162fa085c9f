/** What holds of a store on every engine. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { examineStore } from '#lpx/exchange/doctor.js';
import { identityOf } from '#lpx/spec/identity.js';
import { createStore, openStore } from '#lpx/store/open.js';
import { LEFT_OUT, ROW_TABLES } from '#lpx/store/table-rows.js';
import { addRecords, addStudent, attachment, basicData, HISTORY, SCHOOL } from '../support/one-student.js';
import { describeEngines, type Engine, newStore } from '../support/postgres.js';
import { courseResult } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

async function withStudent(engine: Engine, keep: boolean) {
  const made = await newStore(engine, tempFolder(), SCHOOL);
  await addStudent(made.store, keep);
  return made;
}

/** A store with one student, whose records have these attachments. */
async function withRecords(engine: Engine, attachments: readonly object[]) {
  const made = await newStore(engine, tempFolder(), SCHOOL);
  await addRecords(made.store, attachments);
  return made;
}

/** A trigger of somebody else's. */
const TRIGGER = {
  sqlite: `create trigger stop before insert on history begin select raise(abort, 'not now'); end`,
  postgres: `create function stop() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
    create trigger stop before insert on history for each row execute function stop()`,
};

describeEngines('a store', (engine) => {
  it('keeps big numbers, Chinese, extras and provenance', async () => {
    const { store } = await withStudent(engine, true);
    const student = await store.student(basicData.nationalId);
    expect(student).toMatchObject({ basicData, extras: { 備註: [1] } });
    expect(student?.records).toMatchObject([{ provenance: 'received', record: { document: attachment, fields: { brief: '一篇散文' } } }]);
    expect(await store.history()).toMatchObject([{ ...HISTORY, students: [{ nationalId: basicData.nationalId, courseResults: 1 }] }]);
    expect(await store.students()).toMatchObject([{ courseResults: 1, received: 1, attachments: 1 }]);
    await store.close();
  });

  it('rolls back a change that is not kept, and one that throws', async () => {
    const { store } = await withStudent(engine, false);
    expect([await store.students(), await store.history()]).toEqual([[], []]);
    const fault = store.change(async (change) => {
      await change.addHistory(HISTORY);
      throw new Error('on the way');
    });
    await expect(fault).rejects.toThrow('on the way');
    expect(await store.history()).toEqual([]);
    await store.close();
  });

  it('accepts more records at once than a statement does, in their order, several with one file', async () => {
    const { store } = await newStore(engine, tempFolder(), SCHOOL);
    const records = Array.from({ length: 450 }, (_, i) => {
      const record = { ...courseResult(), document: { ...attachment, sha256: String(i % 7).repeat(64) }, extras: { 序: i } } as never;
      return { record, ...identityOf(record) };
    });
    const student = await store.change(async (change) => {
      const historyId = await change.addHistory(HISTORY);
      const { id } = await change.addStudent(basicData, {});
      await change.addRecords(id, 'own', historyId, records);
      await change.addRecords(id, 'received', historyId, []);
      return { keep: true, result: await change.student(basicData.nationalId) };
    });
    expect(student?.records.map(({ provenance, record }) => [provenance, record.extras.序])).toEqual(records.map((_, i) => ['own', i]));
    expect(student?.records.map(({ record }) => record.document?.sha256[0])).toEqual(records.map((_, i) => String(i % 7)));
    await store.close();
  });

  it('removes files that a dead process moved into the vault for records that never came, once no other writer is active', async () => {
    const { store, location } = await withStudent(engine, true);
    const [named, unnamed, untouched] = [attachment.sha256, 'c'.repeat(64), 'd'.repeat(64)];
    const present = () => [named, unnamed, untouched].filter((sha256) => existsSync(store.attachments.locationOf(sha256)));
    for (const sha256 of [named, unnamed, untouched]) {
      mkdirSync(dirname(store.attachments.locationOf(sha256)), { recursive: true });
      writeFileSync(store.attachments.locationOf(sha256), 'content');
    }
    const dead = join(dirname(dirname(store.attachments.locationOf(named))), 'staging-dead');
    mkdirSync(dead);
    writeFileSync(join(dead, 'in-use'), '');
    writeFileSync(join(dead, 'moves'), `${named}\n${unnamed}\n`);

    // An import that has found the same content in the vault, and not yet committed its record.
    await store.change(async () => {
      await (await openStore(location)).close();
      expect(present()).toEqual([named, unnamed, untouched]);
      return { keep: false, result: undefined };
    });
    expect(existsSync(dead)).toBe(true);
    await (await openStore(location)).close();
    expect([present(), existsSync(dead)]).toEqual([[named, untouched], false]);
    await store.close();
  });

  it('rejects a record of an unknown student', async () => {
    const { store } = await newStore(engine, tempFolder(), SCHOOL);
    const record = { ...courseResult(), document: null } as never;
    const attempt = store.change(async (change) => {
      const historyId = await change.addHistory(HISTORY);
      await change.addRecords(4711, 'own', historyId, [{ record, ...identityOf(record) }]);
      return { keep: true, result: undefined };
    });
    await expect(attempt).rejects.toThrow();
    expect(await store.history()).toEqual([]);
    await store.close();
  });

  it('keeps text that is not UTF-8 or has NUL in it with U+FFFD in its place, and knows it as what was stored', async () => {
    const { store, location } = await newStore(engine, tempFolder(), SCHOOL);
    const odd = 'a\0b\ud800c';
    const record = {
      ...courseResult({ subjectName: odd, originSchoolCode: odd }),
      document: { ...attachment, name: odd },
      extras: { odd },
    } as never;
    await store.change(async (change) => {
      const historyId = await change.addHistory({ ...HISTORY, file: odd });
      const { id } = await change.addStudent({ ...basicData, name: odd }, { odd });
      await change.addRecords(id, 'own', historyId, [{ record, ...identityOf(record) }]);
      await change.addHistoryStudent(historyId, id, { courseResults: 1, multiPerformances: 0, attachments: 1 });
      await change.addRecordOutcomes(historyId, id, [{ list: 'x', title: odd, outcome: 'removed' }]);
      return { keep: true, result: undefined };
    });
    await store.close();
    const again = await openStore(location);
    const stored = 'a\ufffdb\ufffdc';
    const [found] = (await again.student(basicData.nationalId))?.records ?? [];
    expect(found?.record).toMatchObject({ document: { name: stored }, extras: { odd }, fields: { subjectName: odd } });
    expect(await again.history()).toMatchObject([{ file: stored, students: [{ records: [{ title: stored }] }] }]);
    expect(await again.recordOutcomes(1)).toMatchObject([{ title: stored }]);
    await again.close();
  });

  it('keeps name and type of a file with the record, however many records share its content', async () => {
    const files = ['C01.exe', 'report.docx'].map((name) => ({ ...attachment, name, type: name.split('.')[1] }));
    const { store } = await withRecords(engine, files);
    const student = await store.student(basicData.nationalId);
    expect(student?.records.map(({ record }) => record.document)).toEqual(files);
    await store.close();
  });

  it.each([
    ['a course code', `update own_records set fields = replace(fields, 'H11', 'H10')`],
    ['the hash of a file', `update own_records set document_sha256 = null`],
    ['JSON that is none any more', `update own_records set fields = substr(fields, 2)`],
    ['the basic data', `update students set basic_data = substr(basic_data, 2)`],
    ['a digit of the national id', `update students set basic_data = replace(basic_data, 'A800000014', 'A800000024')`],
    ['a letter of the name', `update students set basic_data = replace(basic_data, '林', '森')`],
    ['what the spec does not know of a student', `update students set extras = '{"a":1}'`],
    ['the years the study is lengthened by', `update students set extended_years = 1`],
    ['the MD5 of a file', `update attachments set md5 = 'c' || substr(md5, 2)`],
    ['the size of a file', `update attachments set bytes = bytes + 1`],
    ['the list of a record', `update own_records set list = 'courseResult'`],
    ['the school a record is from', `update own_records set origin_school_code = '990000'`],
    ['the key of a record', `update own_records set record_key = 'x' || substr(record_key, 2)`],
    ['a flag of a record', `update own_records set fields = replace(fields, '"beforeTransfer":', '"beforeTransfer": ')`],
    ['the name of a file', `update own_records set document_name = '告報.pdf'`],
    ['the type of a file', `update own_records set document_type = 'jpg'`],
    ['the time a record came', `update history set at = 'then'`],
    ['what brought a record', `update own_records set history_id = 4711`],
  ])('in which %s has changed since it was stored is damaged, and the student is named', async (_, statement) => {
    const { store, location } = await withRecords(engine, [attachment]);
    await engine.tamper(location, statement);
    const error = { code: 'LPX_STORE_DAMAGED', exitCode: 5, place: { student: 'A800000014' } };
    await expect(store.student(basicData.nationalId)).rejects.toMatchObject(error);
    const reading = store.change(async (change) => ({ keep: true, result: await change.student(basicData.nationalId) }));
    await expect(reading).rejects.toMatchObject(error);
    await store.close();
  });

  it('in which a number has become impossible is damaged', async () => {
    const { store, location } = await withRecords(engine, [attachment]);
    await engine.tamper(location, 'update attachments set bytes = 9007199254740993');
    await expect(store.student(basicData.nationalId)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
    await store.close();
  });

  it('lists its students with their data as stored', async () => {
    const { store, location } = await withStudent(engine, true);
    await engine.tamper(location, `update students set basic_data = replace(basic_data, '林', '森')`);
    const error = { code: 'LPX_STORE_DAMAGED', exitCode: 5, place: { student: 'A800000014' } };
    await expect(store.students()).rejects.toMatchObject(error);
    await expect(store.history()).rejects.toMatchObject(error);
    await store.close();
  });

  it('whose students and records change is sealed in their new state', async () => {
    const { store } = await withRecords(engine, [attachment]);
    const changed = await store.change(async (change) => {
      const student = await change.student(basicData.nationalId);
      const [stored] = student?.records ?? [];
      if (!student || !stored) throw new Error('no record');
      await change.updateStudent(student.id, { ...basicData, name: '林小苗' }, { 備註: [2] });
      await change.setExtendedYears(student.id, 2);
      const record = { ...courseResult({ brief: '一首詩' }), document: { ...attachment, name: '詩.pdf' } } as never;
      await change.replaceRecord(stored, { record, ...identityOf(record) }, stored.historyId);
      return { keep: true, result: await change.student(basicData.nationalId) };
    });
    expect(changed).toMatchObject({ basicData: { name: '林小苗' }, extras: { 備註: [2] }, extendedYears: 2 });
    expect(changed?.records).toMatchObject([{ record: { fields: { brief: '一首詩' }, document: { name: '詩.pdf' } } }]);
    await store.close();
  });

  it.each([
    ['code', `update school set code = '990003'`],
    ['name', `update school set name = '示範國中'`],
  ])('in which the %s of the school has changed since it was stored is damaged', async (_, statement) => {
    const { store, location } = await withStudent(engine, true);
    await store.close();
    await engine.tamper(location, statement);
    await expect(openStore(location)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
  });

  it.each(['version = -1', 'version = 5', 'version = 0'])('whose tables are not those of their version is damaged: %s', async (edit) => {
    const { store, location } = await withStudent(engine, true);
    await store.close();
    await engine.tamper(location, `update schema_version set ${edit}`);
    await expect(openStore(location)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
  });

  it('whose tables are not those that lpx made is damaged, and says what is missing or foreign', async () => {
    const { store, location } = await withStudent(engine, true);
    const by = { now: new Date(), operator: '' };
    const examined = () => examineStore(store, { quick: true, repair: false, ...by });
    const write = () => store.change(async (change) => ({ keep: false, result: await change.addHistory(HISTORY) }));
    const damaged = (detail: string) => ({ code: 'LPX_TABLES_DAMAGED', exitCode: 5, facts: { detail: expect.stringContaining(detail) } });
    expect(await store.health.misfits()).toEqual({ missing: [], foreign: [] });
    for (const table of [...ROW_TABLES, ...LEFT_OUT]) {
      await engine.tamper(location, `alter table ${table} rename to gone`);
      await expect(examined(), table).rejects.toMatchObject(damaged(`no such table: ${table}`));
      if (table === 'history') await expect(write()).rejects.toMatchObject(damaged('history'));
      await engine.tamper(location, `alter table gone rename to ${table}`);
    }
    await engine.tamper(location, 'alter table history rename column salt to gone');
    await expect(examined()).rejects.toMatchObject(damaged('no such column: history.salt'));
    await expect(store.log.verify()).rejects.toMatchObject(damaged('salt'));
    await engine.tamper(location, 'alter table history rename column gone to salt');
    await engine.tamper(location, 'drop index history_position');
    await expect(examined()).rejects.toMatchObject(damaged('no such key: history (position)'));
    await engine.tamper(location, 'create unique index history_position on history (position)');
    await engine.tamper(location, TRIGGER[typeof location === 'string' ? 'sqlite' : 'postgres']);
    await expect(write()).rejects.toMatchObject(damaged('not now'));
    expect((await examined()).findings).toContainEqual(expect.objectContaining({ facts: { detail: 'trigger: history.stop' } }));
    await store.close();
  });

  it('in which a record came by what lpx never does is damaged', async () => {
    const { store, location } = await withStudent(engine, true);
    await engine.tamper(location, `update history set kind = 'constructor'`);
    await expect(store.student('A800000014')).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
    await store.close();
  });

  it.each(['at', 'received_at'])('whose history does not have a time in %s is damaged', async (column) => {
    const { store, location } = await withStudent(engine, true);
    await engine.tamper(location, `update history set kind = 'export', ${column} = 'then'`);
    await expect(store.history()).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
    await store.close();
  });

  it('created by several processes at once is created by one of them', async () => {
    const place = await engine.place(tempFolder());
    const names = ['甲', '乙', '丙', '丁'];
    const made = await Promise.allSettled(names.map((name) => createStore(place.location, { ...place, school: { code: '990001', name } })));
    const winners = made.flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value] : []));
    const errors = made.flatMap((settled) => (settled.status === 'rejected' ? [settled.reason.code] : []));
    expect([winners.length, errors]).toEqual([1, Array(3).fill('LPX_STORE_EXISTS')]);
    for (const store of winners) await store.close();
    const store = await openStore(place.location);
    expect(store.school).toEqual(winners[0]?.school);
    await store.close();
  });

  it('that another process is writing to is waited for without blocking the thread', async () => {
    const { store, location } = await withStudent(engine, true);
    const other = await openStore(location);
    const steps: string[] = [];
    let changing: Promise<unknown> = Promise.resolve();
    await other.change(async (change) => {
      await change.setSchoolName('別名');
      changing = store.change(async () => ({ keep: true, result: steps.push('changed') }));
      await new Promise((resolve) => setTimeout(resolve, 60));
      steps.push('other ends');
      return { keep: true, result: undefined };
    });
    await changing;
    expect(steps).toEqual(['other ends', 'changed']);
    await other.close();
    await store.close();
  });
});
