import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { examineStore } from '#lpx/exchange/doctor.js';
import { eraseStudent } from '#lpx/exchange/erase.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { nameSchool, withStore } from '#lpx/exchange/school-store.js';
import { type PostgresLocation, postgresLocation } from '#lpx/store/location.js';
import { writeExchangeFolder } from '../../support/portfolios.js';
import {
  describeEngines,
  describePostgres,
  newStore,
  overwritten,
  POSTGRES,
  pagesWith,
  query,
  testDatabase,
} from '../../support/postgres.js';
import { NOW, OPERATOR } from '../../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../../support/small-portfolio.js';
import { tempFolder } from '../../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const ERASED = { nationalId: 'B800000015', name: '陳小麥' };
const OTHER = { nationalId: 'C800000016', name: '王小樹' };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Fails where PostgreSQL's statistics of the rows have the student's id as a value. */
const NOT_IN_STATISTICS = `do $$ begin
  if exists (select 1 from pg_stats where concat(histogram_bounds::text, most_common_vals::text) like '%${ERASED.nationalId}%')
  then raise exception 'the student is in the statistics'; end if;
end $$`;

describeEngines('a student who is erased', (engine) => {
  it('is gone from the rows, and the log verifies and shows what is tampered with', async () => {
    const { store, location } = await newStore(engine, tempFolder());
    await store.change(async (change) => {
      const history = await change.addHistory({ kind: 'pick', at: NOW, operator: OPERATOR, file: ERASED.nationalId, bytes: 0 });
      for (const { basicData } of [smallPortfolio([], ERASED), smallPortfolio([])]) {
        const { id } = await change.addStudent(basicData, {});
        await change.addHistoryStudent(history, id, { courseResults: 0, multiPerformances: 0, attachments: 0 });
      }
      return { keep: true, result: undefined };
    });
    expect(await store.log.verify()).toMatchObject({ students: 2, faults: [] });
    if (engine.name === 'PostgreSQL') await engine.tamper(location, 'analyze');
    await store.begunBackups.keep(`/media/${ERASED.name}`, '00');
    expect((await store.erasures.plan(ERASED.nationalId))?.namedBackups).toEqual([`/media/${ERASED.name}`]);
    expect(await store.erasures.erase(ERASED.nationalId, { ...BY, reason: '' })).toMatchObject({ entries: 1, remnants: { files: [] } });
    await overwritten(store);
    if (engine.name === 'PostgreSQL') await engine.tamper(location, NOT_IN_STATISTICS);
    const { head, faults } = await store.log.verify();
    expect([await store.student(ERASED.nationalId), faults]).toEqual([undefined, []]);
    expect((await store.history()).map(({ kind, file, erased }) => [kind, file, erased])).toEqual([
      ['erase', '', 1],
      ['pick', '＊＊＊', 1],
    ]);
    expect((await store.erasures.obey(await store.erasures.list(), BY)).erased).toBe(0);
    const list = await store.erasures.list();
    for (const [statement, fault] of [
      ['delete from erasures', { what: 'unlisted', position: 2 }],
      [`insert into erasures select keyed_id, '2020-01-01' from history_erased where history_id = 1`, { what: 'unlisted', position: 2 }],
      [`update erasures set at = '${NOW.toISOString()}'; insert into erasures values ('00', '2021-01-21')`, { what: 'listed', count: 1 }],
    ] as const) {
      await engine.tamper(location, statement);
      expect((await store.log.verify(head)).faults).toMatchObject([fault]);
      expect(await store.erasures.list(), 'for backups, the list is what the log says').toEqual(list);
    }
    await engine.tamper(location, `delete from erasures where keyed_id = '00'`);
    await engine.tamper(location, `update history set operator = 'x' where position = 1`);
    expect((await store.log.verify(head)).faults).toMatchObject([{ what: 'edited', position: 1 }]);
    await store.close();
  });

  it('is named no more by who issued receipts, nor by what the school was called', async () => {
    const { store } = await newStore(engine, tempFolder());
    const parent = `${ERASED.name} 之 父`;
    await nameSchool(store, { name: `${ERASED.nationalId} 高中`, now: NOW, operator: ERASED.name });
    await store.change(async (change) => {
      await change.addStudent(smallPortfolio([], ERASED).basicData, {});
      const details = { name: '高中', before: `${ERASED.nationalId} 高中` };
      await change.addHistory({ kind: 'school', at: NOW, operator: OPERATOR, file: '', bytes: 0, details });
      await change.setSchoolName('高中');
      const arrived = { at: NOW, operator: OPERATOR, file: 'a.zip', bytes: 1, md5: 'a'.repeat(32), school: '990002' };
      const imported = { reason: '', state: 'done', code: '', overridden: '', contentsDigest: '' } as const;
      const id = await change.addHistory({ kind: 'import', ...arrived, ...imported });
      const receiving = { at: NOW, by: parent };
      await change.addHistory({ kind: 'receipt', ...arrived, operator: parent, folder: '', refersTo: id, receiving });
      await change.markReceived(id, receiving, []);
      return { keep: true, result: undefined };
    });
    expect((await store.log.verify()).faults).toEqual([]);
    await store.erasures.erase(ERASED.nationalId, { ...BY, reason: '' });
    expect((await store.log.verify()).faults).toEqual([]);
    const rows = await store.readRows(async (reader) => {
      const read: unknown[] = [];
      for (const table of ['history', 'entry_changes'] as const) for await (const page of reader.rows(table)) read.push(...page);
      return read;
    });
    // Who named the school did so by an account, and may have the student's name.
    expect([JSON.stringify(rows).split(ERASED.name).length - 1, JSON.stringify(rows).includes(ERASED.nationalId)]).toEqual([1, false]);
    await store.close();
  });

  it('is in no entry of whoever read the student before, and stays when an entry comes after what was listed as outside', async () => {
    const { store } = await newStore(engine, tempFolder());
    const { id } = await store.change(async (change) => ({
      keep: true,
      result: await change.addStudent(smallPortfolio([], ERASED).basicData, {}),
    }));
    const copiedOut = () =>
      store.change(async (change) => {
        const details = { files: 0, picked: false };
        const entry = await change.addHistory({ kind: 'files', at: NOW, operator: OPERATOR, file: '', bytes: 0, folder: '/out', details });
        await change.addHistoryStudent(entry, id, { courseResults: 0, multiPerformances: 0, attachments: 0 });
        return { keep: true, result: undefined };
      });
    const erase = store.erasures.erase.bind(store.erasures);
    const order = { ...BY, nationalId: ERASED.nationalId, reason: '', acceptUnreceipted: true };
    store.erasures.erase = async (...given) => {
      await copiedOut();
      return erase(...given);
    };
    await expect(eraseStudent(store, order)).rejects.toMatchObject({ code: 'LPX_STUDENT_CHANGED' });
    store.erasures.erase = erase;
    expect((await eraseStudent(store, order)).outside).toMatchObject([{ kind: 'files', folder: '/out' }]);
    await expect(copiedOut()).rejects.toMatchObject({ code: 'LPX_STUDENT_CHANGED' });
    expect((await store.history()).map(({ kind }) => kind)).toEqual(['erase', 'files']);
    await store.close();
  });

  it.each([
    ['changed a record', 'update own_records set document_sha256 = (select document_sha256 from own_records where id = 2) where id = 1'],
    [
      'changed the row of a file',
      "update attachments set sha256 = 'edited' where sha256 = (select document_sha256 from own_records where id = 1)",
    ],
  ])('leaves no file behind without a word where somebody %s by hand', async (_, statement) => {
    const folder = tempFolder();
    const { store, location } = await newStore(engine, folder);
    const file = (name: string) => courseResult({}, { bytes: pdf(name), type: 'pdf', name });
    writeExchangeFolder(folder, [smallPortfolio([file('erased.pdf')], ERASED), smallPortfolio([file('staying.pdf')])]);
    await loadFolder(store, { path: folder, ...BY });
    const [whose] = (await store.student(ERASED.nationalId))?.records ?? [];
    const { sha256 = '', bytes = 0 } = whose?.record.document ?? {};
    const examined = (repair: boolean) => examineStore(store, { quick: false, repair, ...BY });
    const strays = async () => (await examined(false)).findings.filter(({ code }) => code === 'LPX_ORPHANS').map(({ facts }) => facts);
    expect([whose?.id, await strays()]).toEqual([1, []]);
    await engine.tamper(location, statement);
    expect([(await examined(true)).repairs?.orphans, await store.attachments.check(sha256)]).toEqual([0, 'sound']);
    const { unnamed } = await eraseStudent(store, { nationalId: ERASED.nationalId, reason: '', acceptUnreceipted: true, ...BY });
    if ((await store.attachments.check(sha256)) === 'lost') {
      expect([unnamed, (await examined(false)).error?.exitCode]).toEqual([{ count: 1, bytes }, 5]);
    } else {
      expect([unnamed, await strays()]).toEqual([{ count: 1, bytes }, [{ count: 1, bytes }]]);
      expect((await examined(true)).repairs?.orphans).toBe(1);
      expect([await strays(), await store.attachments.check(sha256)]).toEqual([[], 'lost']);
    }
    await store.close();
  });
});

describeEngines('what is left of erased students', (engine) => {
  it('is known until it is overwritten, also of one who is erased while another is being overwritten', async () => {
    const { store, location } = await newStore(engine, tempFolder());
    await store.change(async (change) => {
      for (const who of [ERASED, OTHER]) await change.addStudent(smallPortfolio([], who).basicData, {});
      return { keep: true, result: undefined };
    });
    await withStore(location, async (other) => {
      // As by a kill: what it erases it does not overwrite.
      other.erasures.overwrite = async () => ({ files: [], database: undefined });
      await withStore(location, (reading) =>
        reading.readRows(async (reader) => {
          await reader.digestOf('students');
          const erasing = store.erasures.erase(ERASED.nationalId, { ...BY, reason: '' });
          while ((await other.student(ERASED.nationalId)) !== undefined) await sleep(5);
          await other.erasures.erase(OTHER.nationalId, { ...BY, reason: '' });
          return { erasing };
        }),
      ).then(({ erasing }) => erasing);
    });
    expect(await store.erasures.isOverwritten()).toBe(false);
    expect((await examineStore(store, { quick: true, repair: false, ...BY })).findings).toContainEqual(
      expect.objectContaining({ code: 'LPX_ERASE_OPEN', severity: 'warning' }),
    );
    await overwritten(store);
    expect(await store.erasures.isOverwritten()).toBe(true);
    await store.close();
  });
});

describePostgres('overwriting what was of a student, on PostgreSQL', () => {
  it('is refused at once to a role that does not own the tables, and left to their owner', async () => {
    const { store, location } = await newStore(POSTGRES, tempFolder());
    await store.change(async (change) => ({ keep: true, result: await change.addStudent(smallPortfolio([], ERASED).basicData, {}) }));
    const { settings } = location as PostgresLocation;
    const [server, database] = [{ port: Number(settings.port), folder: '' }, settings.dbname as string];
    const role = `${database}_clerk`;
    await query(
      server,
      database,
      `create role ${role} login password 'made-up'; grant usage on schema lpx_990001 to ${role};
       grant select, insert, update, delete on all tables in schema lpx_990001 to ${role};
       grant usage on all sequences in schema lpx_990001 to ${role}`,
    );
    onTestFinished(() => query(server, database, `drop owned by ${role}; drop role ${role}`).then(() => {}));
    vi.stubEnv('PGPASSWORD', 'made-up');
    await withStore(postgresLocation(`postgres://${role}@127.0.0.1:${settings.port}/${database}?school=990001`), async (clerks) =>
      expect(await clerks.erasures.erase(ERASED.nationalId, { ...BY, reason: '' })).toMatchObject({
        remnants: { database: { code: 'LPX_DATABASE_REFUSED' } },
      }),
    );
    await overwritten(store);
    expect(await pagesWith(location as PostgresLocation, ERASED.nationalId)).toEqual([]);
    await store.close();
  });

  it('keeps nobody from reading while it waits for a long reader, and is done once that has ended', async () => {
    const { store, location } = await newStore(POSTGRES, tempFolder());
    await store.change(async (change) => ({ keep: true, result: await change.addStudent(smallPortfolio([], ERASED).basicData, {}) }));
    const { settings } = location as PostgresLocation;
    const server = { port: Number(settings.port), folder: '' };
    const readers = `set statement_timeout = '10s'; select from lpx_990001.students`;
    await withStore(location, (other) =>
      other.readRows(async (reader) => {
        await reader.digestOf('students');
        let isDone = false;
        const erasing = store.erasures.erase(ERASED.nationalId, { ...BY, reason: '' }).finally(() => {
          isDone = true;
        });
        while (!isDone) await query(server, settings.dbname as string, readers);
        expect(await erasing).toMatchObject({ remnants: { database: { code: 'LPX_STORE_BUSY' } } });
      }),
    );
    await overwritten(store);
    await store.close();
  });

  it.each([
    ['a change of another database on the server', 'another', 'begin; create table away (n int)'],
    ['a reader of the same database that began before', 'same', 'begin isolation level repeatable read; select count(*) from pg_class'],
  ])('is not called done while %s keeps the rows, and is once that has ended', async (_, where, open) => {
    const { store, location } = await newStore(POSTGRES, tempFolder());
    await store.change(async (change) => ({ keep: true, result: await change.addStudent(smallPortfolio([], ERASED).basicData, {}) }));
    const here = location as PostgresLocation;
    const other = where === 'same' ? (here.settings.dbname as string) : (await testDatabase()).name;
    const client = new pg.Client({ host: '127.0.0.1', port: Number(here.settings.port), user: 'postgres', database: other });
    await client.connect();
    onTestFinished(() => client.end());
    await client.query(open);
    expect(await store.erasures.erase(ERASED.nationalId, { ...BY, reason: '' })).toMatchObject({
      remnants: { database: { code: 'LPX_STORE_BUSY' } },
    });
    expect(await pagesWith(here, ERASED.nationalId)).toContain('students');
    await client.end();
    await overwritten(store);
    expect(await pagesWith(here, ERASED.nationalId)).toEqual([]);
    await store.close();
  });
});
