/** The command line on a store in PostgreSQL: what kills, races and a server that goes away leave. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eraseStudent } from '#lpx/exchange/erase.js';
import { initStore, withStore } from '#lpx/exchange/school-store.js';
import type { PostgresLocation } from '#lpx/store/location.js';
import { classOf, packagesIn, passwordsIn, writeList } from '../support/batches.js';
import { lpx, lpxJson } from '../support/cli.js';
import { madeBytes } from '../support/made-bytes.js';
import { outputFaults } from '../support/output-schemas.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import {
  describePostgres,
  holdWriters,
  newStore,
  noticeDead,
  ownServer,
  POSTGRES,
  query,
  someoneWaits,
  type TestDatabase,
  testDatabase,
} from '../support/postgres.js';
import { exportFrom, load, md5, NOW, OPERATOR, PASSWORD, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { durationOf, once, strike, strikesIn, within } from '../support/strikes.js';
import { keptFolder, tempFolder } from '../support/temp.js';

const FILES = 20;
const KILLS = strikesIn(8);

/** A package of one student with files, and its password in a file. */
async function packageOf(folder: string, name: string, files: number, day = 10): Promise<string> {
  const records = Array.from({ length: files }, (_, i) =>
    courseResult(
      { createdAt: `2021-01-${day} 14:03:${String(i).padStart(2, '0')}`, brief: name },
      { bytes: pdf(madeBytes(200_000)), type: 'pdf', name: `報告${i}.pdf` },
    ),
  );
  writeExchangeFolder(join(folder, name), [smallPortfolio(records)]);
  const store = await school(join(folder, `of-${name}`), '990001');
  await load(store, join(folder, name));
  return (await exportFrom(store, join(folder, `mail-${name}`))).zipFile;
}

interface Place extends TestDatabase {
  readonly files: string;
  /** Words of every command. */
  readonly words: readonly string[];
}

/** A store of school 990002. */
async function arranged(database: TestDatabase, folder = tempFolder()): Promise<Place> {
  const files = join(folder, 'files');
  await initStore(database.location, { code: '990002', name: '' }, { attachments: files });
  return { ...database, files, words: ['--store', database.url] };
}

/** `before`, `after`, or a word on what is half done. Every file that a record names has to be there, whole; and no other. */
async function stateOf({ location, files }: Place): Promise<string> {
  return withStore(location, async (open) => {
    const student = await open.student(TRANSFER_STUDENT);
    const history = (await open.history({ kinds: ['import'] })).filter((entry) => entry.kind === 'import' && entry.state === 'done');
    const named = new Set(student?.records.map(({ record }) => record.document?.sha256));
    const kept = readdirSync(files, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    if (kept.some(({ name }) => !named.has(name))) return 'a file that no record names';
    if (!student) return history.length === 0 ? 'before' : 'a history without its student';
    const whole = student.records.every(
      ({ record }) => record.document && md5(readFileSync(open.attachments.locationOf(record.document.sha256))) === record.document.md5,
    );
    return whole && student.records.length === FILES && history.length === 1 ? 'after' : `${student.records.length}, ${history.length}`;
  });
}

/** Loads a student with a file. */
async function loaded(location: PostgresLocation): Promise<void> {
  const folder = tempFolder();
  writeExchangeFolder(folder, [smallPortfolio()]);
  await load(location, folder);
}

/** Has the server end the connection whenever rows of a table come or go. @returns statements that take this back */
async function endAt({ run }: TestDatabase, when: 'insert' | 'delete', table: string): Promise<string> {
  await run(`create function lpx_990001.lost() returns trigger language plpgsql
      as 'begin perform pg_terminate_backend(pg_backend_pid()); return coalesce(new, old); end';
    create trigger lost before ${when} on lpx_990001.${table} for each row execute function lpx_990001.lost()`);
  return 'drop function lpx_990001.lost cascade';
}

describePostgres('a report whose entry of the history loses its connection', () => {
  it('is no fault of its place, and nobody says that nothing was changed', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    await initStore(database.location, { code: '990001', name: '' }, { attachments: join(folder, 'files') });
    await loaded(database.location);
    await endAt(database, 'insert', 'history');
    const report = join(folder, 'report.html');
    const { code, json } = await lpxJson(['--store', database.url, 'show', TRANSFER_STUDENT, '--html', report]);
    expect([code, json.error.code, json.error.consequence]).toEqual([10, 'LPX_DATABASE_LOST', expect.stringContaining('lpx log')]);
    expect(existsSync(report)).toBe(false);
  });
});

describePostgres('an erasure that loses its connection', () => {
  it('once it is committed has erased the student and says so, with its backups noted; the same command again completes it', async () => {
    const folder = tempFolder();
    const database = await testDatabase();
    const { location, url, run } = database;
    await initStore(location, { code: '990001', name: '' }, { attachments: join(folder, 'files') });
    await loaded(location);
    const backup = join(folder, 'backup');
    expect((await lpx(['--store', url, 'backup', backup])).code).toBe(0);
    // Its file is overwritten first, and crossed off.
    const again = await endAt(database, 'delete', 'remnants');
    const erase = () => lpxJson(['--store', url, 'erase', TRANSFER_STUDENT, '--yes']);
    const { code, json } = await erase();
    expect([code, json.error.code, json.databaseError.code, json.backups, outputFaults(json)]).toEqual([
      ...[8, 'LPX_ERASE_UNFINISHED', 'LPX_DATABASE_LOST', { noted: [backup], unreached: [] }, []],
    ]);
    expect(json.error.message).toContain('the connection to the database was lost');
    await run(again);
    expect((await erase()).json.error.code).toBe('LPX_ERASE_ABSENT');
    expect(await run(`select from lpx_990001.remnants where sha256 not like 'database %'`)).toEqual([]);
  });

  it('before its backups are noted names them', async () => {
    const { store, location } = await newStore(POSTGRES, tempFolder());
    await loaded(location as PostgresLocation);
    const [first, second] = ['first', 'second'].map((name) => join(tempFolder(), name)) as [string, string];
    for (const folder of [first, second]) await store.begunBackups.keep(folder, 'id');
    const list = store.erasures.list.bind(store.erasures);
    store.erasures.list = async () => {
      const { settings } = location as PostgresLocation;
      await query(
        { port: Number(settings.port), folder: '' },
        settings.dbname as string,
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and application_name like 'lpx %'`,
      );
      return list();
    };
    const order = { nationalId: TRANSFER_STUDENT, reason: '', acceptUnreceipted: false, now: NOW, operator: OPERATOR };
    expect(await eraseStudent(store, order)).toMatchObject({
      remnants: { database: { code: 'LPX_DATABASE_LOST' } },
      backups: { noted: [], unreached: [first, second] },
    });
    await store.close();
    expect(await withStore(location, (open) => open.student(TRANSFER_STUDENT))).toBeUndefined();
  });
});

describePostgres('an import into a database', () => {
  const kept = keptFolder();
  const passwordFile = join(kept, 'pw');
  let zipFile = '';
  const packaged = async () => {
    if (zipFile === '') zipFile = await packageOf(kept, 'first', FILES);
    writeFileSync(passwordFile, PASSWORD);
    return zipFile;
  };
  const importing = ({ words }: Place, file: string) => [...words, 'import', file, '--create-students', '--password-file', passwordFile];

  it(`that is killed leaves the store exactly before or exactly after, ${KILLS} times, and completes when it is run again`, async () => {
    const file = await packaged();
    let duration = 0;
    for (let i = -1; i < KILLS; i++) {
      const place = await arranged(await testDatabase());
      const words = importing(place, file);
      if (i < 0) duration = await durationOf(async () => expect((await lpx(words)).code).toBe(0));
      else await strike(words, 'SIGKILL', within(duration, i, KILLS));
      await noticeDead(place);
      expect(['before', 'after']).toContain(await stateOf(place));
      expect((await lpx(words)).code).toBe(0);
      expect(await stateOf(place)).toBe('after');
    }
  });

  it('of the same package several times at once imports it once, and of two packages of one student, one after the other', async () => {
    const file = await packaged();
    const place = await arranged(await testDatabase());
    const other = await packageOf(tempFolder(), 'second', 1, 11);
    const ran = await Promise.all([file, file, file, other].map((zip) => lpx(importing(place, zip))));
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    await withStore(place.location, async (open) => {
      expect((await open.student(TRANSFER_STUDENT))?.records).toHaveLength(FILES + 1);
      const done = (await open.history({ kinds: ['import'] })).filter((entry) => entry.kind === 'import' && entry.state === 'done');
      expect(done).toHaveLength(2);
      expect((await open.log.verify()).faults).toEqual([]);
    });
  });

  it('whose server stops in the middle ends with exit 10 and is whole or not at all; it completes when the server runs again', async () => {
    const file = await packaged();
    const server = await ownServer();
    const place = await arranged(await testDatabase(server));
    await holdWriters(place, '990002');
    const running = lpx(importing(place, file));
    await someoneWaits(place);
    // Its files are staged, and it has yet to write what they are to the database.
    expect(readdirSync(place.files, { recursive: true }).length).toBeGreaterThan(FILES);
    await server.stop();
    const ran = await running;
    expect([ran.code, ran.err]).toEqual([10, expect.stringMatching(/LPX_DATABASE_(?:LOST|UNREACHABLE)/)]);
    const during = await lpxJson([...place.words, 'students']);
    expect([during.code, during.json.error.code]).toEqual([10, 'LPX_DATABASE_UNREACHABLE']);
    await server.start();
    expect(['before', 'after']).toContain(await stateOf(place));
    expect((await lpx(importing(place, file))).code).toBe(0);
    expect(await stateOf(place)).toBe('after');
  });

  it('is that of a batch, on threads, and of one that was killed', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 6, 30_000);
    const rows = nationalIds.map((nationalId) => ({ nationalId, to: '990002' }));
    const mail = join(folder, 'mail');
    const sent = await lpx([
      '--store',
      store,
      'batch',
      'export',
      writeList(folder, rows),
      '--out',
      mail,
      '--passwords',
      join(folder, 'secret'),
    ]);
    expect(sent.code).toBe(0);
    const inbox = join(folder, 'mail', '990002');
    const count = packagesIn(mail).length;
    expect([count, passwordsIn(join(folder, 'secret')).size]).toEqual([6, 6]);
    const table = join(folder, 'secret', readdirSync(join(folder, 'secret')).find((name) => name.startsWith('990002-')) as string);
    const place = await arranged(await testDatabase(), folder);
    const words = [...place.words, 'batch', 'import', inbox, '--create-students', '--passwords', table, '--jobs', '2'];
    await strike(
      words,
      'SIGKILL',
      once(() => readdirSync(inbox).includes('imported') && readdirSync(join(inbox, 'imported')).length > 1),
    );
    const { code } = await lpxJson(words);
    expect(code).toBe(0);
    await withStore(place.location, async (open) => {
      expect((await open.students()).map(({ courseResults }) => courseResults)).toEqual(Array(6).fill(3));
      const imports = (await open.history({ kinds: ['import'] })).filter((entry) => entry.kind === 'import' && entry.state === 'done');
      expect(imports).toHaveLength(6);
      expect((await open.log.verify()).faults).toEqual([]);
    });
    // And on: out of the database again, on threads.
    const onward = join(folder, 'onward');
    mkdirSync(onward);
    const list = writeList(
      onward,
      nationalIds.map((nationalId) => ({ nationalId, to: '990003', left: '2021-06-30' })),
    );
    const exported = await lpxJson([
      ...place.words,
      'batch',
      'export',
      list,
      '--out',
      join(onward, 'mail'),
      '--passwords',
      join(onward, 'pw'),
      '--jobs',
      '2',
    ]);
    expect([exported.code, exported.json.counts?.exported]).toEqual([0, 6]);
  });
});

describePostgres('the address of a database', () => {
  it('is shown without the user, and refused with a password, which is not repeated', async () => {
    const { url, name, port } = await testDatabase();
    const words = ['--store', url];
    const made = await lpx([...words, 'init', '--school', '990002', '--attachments', join(tempFolder(), 'files')]);
    expect([made.code, made.out + made.err]).toEqual([0, expect.not.stringContaining('postgres@')]);
    const { code, json } = await lpxJson([...words, 'where']);
    expect([code, json.store, json.school.code]).toEqual([0, `postgres://127.0.0.1:${port}/${name}`, '990002']);
    const named = await lpx(['school'], { env: { LPX_STORE: `${url}?school=990002` } });
    expect([named.code, named.out]).toEqual([0, expect.stringContaining('990002')]);
    for (const address of [url.replace('postgres@', 'postgres:secret-1@'), `${url}?password=secret-1`]) {
      const refused = await lpx(['--store', address, 'students', '--debug']);
      expect([refused.code, refused.out + refused.err]).toEqual([2, expect.stringContaining('LPX_DATABASE_PASSWORD')]);
      expect(refused.out + refused.err).not.toContain('secret-1');
    }
    expect(await query({ port, folder: '' }, name, 'select count(*)::int as count from lpx_990002.school')).toEqual([{ count: 1 }]);
  });
});
