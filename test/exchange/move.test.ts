import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SqliteDriver } from 'kysely';
import { expect, it, onTestFinished, vi } from 'vitest';
import { JobQueue } from '#lpx/batch/job-queue.js';
import { jobId } from '#lpx/batch/queued-jobs.js';
import { LpxError } from '#lpx/errors.js';
import { planErasure } from '#lpx/exchange/erase.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { moveStore } from '#lpx/exchange/move.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { DatabaseChange } from '#lpx/store/database-change.js';
import { DatabaseStore } from '#lpx/store/database-store.js';
import { postgresLocation, type StoreLocation, shownLocation } from '#lpx/store/location.js';
import { createStore, openStore } from '#lpx/store/open.js';
import type { Store } from '#lpx/store/store.js';
import { ROW_TABLES } from '#lpx/store/table-rows.js';
import { FolderVault } from '#lpx/store/vault/folder-vault.js';
import { lpxHere } from '../support/in-process.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import {
  describeEngines,
  describePostgres,
  type Engine,
  hasPostgres,
  newStore,
  POSTGRES,
  SQLITE,
  type TestDatabase,
  testDatabase,
} from '../support/postgres.js';
import { describeS3 } from '../support/s3.js';
import { NOW, OPERATOR, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const FILES = ['kept', 'owed'].map((name) => ({ bytes: pdf(name), type: 'pdf', name: `${name}.pdf` }));

const ERASED = { nationalId: 'B800000015', name: '陳小麥' };

/** What stands against a move, and what takes it away. */
interface Standing {
  readonly to?: StoreLocation;
  readonly facts?: object;
  readonly repair?: () => Promise<unknown>;
}

interface Target {
  readonly to: StoreLocation;
  readonly attachments?: string;
}

const TARGETS: readonly (readonly [name: string, place: (parent: string) => Promise<Target>])[] = [
  ['a folder', async (parent) => ({ to: join(parent, 'new') })],
  ['a database', async (parent) => ({ to: (await testDatabase()).location, attachments: join(parent, 'new-files') })],
];

/** A store with a record, one that is owed its file, and a former state of the first; its last entry is undone. */
async function lived(engine: Engine, parent: string, attachments?: string): Promise<StoreLocation> {
  const place = await engine.place(parent);
  const { location } = place;
  const store = await createStore(location, {
    school: { code: '990001', name: '示範高中' },
    attachments: attachments ?? place.attachments,
  });
  const platform = join(parent, 'platform');
  mkdirSync(platform);
  const hand = (title: string) =>
    writeExchangeFolder(platform, [
      smallPortfolio(FILES.map((file, i) => courseResult({ createdAt: `2021-01-10 14:03:0${i}`, brief: title }, file))),
    ]);
  const load = () => {
    writeFileSync(join(platform, TRANSFER_STUDENT, '課程學習成果', 'C02.pdf'), pdf('another content'));
    return loadFolder(store, { path: platform, ...BY, acceptPartial: true });
  };
  hand('before');
  await load();
  hand('after');
  await load();
  const [entry] = await store.history();
  await undoEntry(store, { id: entry?.id ?? 0, ...BY });
  await store.close();
  return location;
}

const digestsOf = (store: Store) => store.readRows((rows) => rows.digests());

async function on<T>(location: StoreLocation, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(location);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** What a folder contains, to tell its state at one moment from that at another. */
const stateOf = (folder: string): string =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !name.endsWith('-shm'))
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    })
    .join();

const settingOf = (name: string, value: string) => `insert into settings (name, value) values ('${name}', '${value}')`;

describeEngines('a store that moves', (engine) => {
  it.skipIf(!hasPostgres).each(TARGETS)('to %s has all of it there, and is closed where it was', async (_, place) => {
    const parent = tempFolder();
    const from = await lived(engine, parent);
    const { to, attachments } = await place(parent);
    const [before, files] = await on(from, async (store) => [await digestsOf(store), await store.neededFiles()]);
    expect(before.former_records.rows + before.entry_changes.rows).toBeGreaterThan(0);
    expect(await moveStore({ from, to, attachments, dryRun: true, ...BY })).toMatchObject({ dryRun: true, records: 2 });
    const result = await moveStore({ from, to, attachments, dryRun: false, ...BY });
    expect(result).toMatchObject({ records: 2, missing: [], resumed: false });
    expect(Object.fromEntries(result.tables.map(({ table, ...digest }) => [table, digest]))).toEqual(before);
    await on(to, async (store) => {
      const { history, ...after } = await digestsOf(store);
      expect({ ...after, history: before.history }).toEqual(before);
      expect(history.rows).toBe(before.history.rows + 1);
      for (const { sha256 } of files) expect(await store.attachments.check(sha256)).toBe('sound');
      expect(await store.owedFiles()).toHaveLength(1);
      const [moved, undo] = await store.history();
      // Where all of a student still is who is erased here.
      expect((await planErasure(store, TRANSFER_STUDENT)).outside).toContainEqual(moved);
      expect(moved).toMatchObject({ kind: 'move', folder: shownLocation(from), details: { records: 2, missing: 0 } });
      await undoEntry(store, { id: undo?.id ?? 0, ...BY });
      expect((await store.student(TRANSFER_STUDENT))?.records[0]?.record.fields).toMatchObject({ brief: 'after' });
      expect((await store.log.verify()).faults).toEqual([]);
    });
    const refused = { code: 'LPX_STORE_MOVED', facts: { to: shownLocation(to) } };
    await expect(openStore(from)).rejects.toMatchObject(refused);
    await expect(moveStore({ from, to, attachments, dryRun: false, ...BY })).rejects.toMatchObject(refused);
  });

  it.skipIf(engine !== SQLITE)('to a folder is finished by the same command line, at whatever step it was cut short', async () => {
    const [parent, cuts] = [tempFolder(), tempFolder()];
    const from = String(await lived(engine, parent));
    rmSync(join(parent, 'platform'), { recursive: true });
    const to = join(parent, 'new');
    const move = () => lpxHere(['move', from, to], { cwd: parent, now: NOW });
    const codeAt = (folder: string) =>
      openStore(folder).then(
        (store) => store.close(),
        ({ code }) => code,
      );
    // What a kill would leave on the disk, before and after each thing that a database does.
    const states = new Set<string>();
    const cut = () => {
      if (states.size === states.add(stateOf(parent)).size - 1) cpSync(parent, join(cuts, String(states.size)), { recursive: true });
    };
    const spies = (['acquireConnection', 'commitTransaction', 'releaseConnection'] as const).map((step) => {
      const done: (...given: any[]) => Promise<any> = SqliteDriver.prototype[step];
      return vi.spyOn(SqliteDriver.prototype, step).mockImplementation(async function (this: SqliteDriver, ...given: unknown[]) {
        cut();
        return done.apply(this, given);
      });
    });
    expect(await move()).toMatchObject({ code: 0 });
    for (const spy of spies) spy.mockRestore();
    const seen = { unmarked: 0, marked: 0, done: 0 };
    for (const name of readdirSync(cuts)) {
      rmSync(parent, { recursive: true });
      cpSync(join(cuts, name), parent, { recursive: true });
      const isMarked = (await codeAt(from)) === 'LPX_STORE_MOVED';
      const isDone = (await codeAt(to)) === undefined;
      seen[isDone ? 'done' : isMarked ? 'marked' : 'unmarked']++;
      // The new store is open only when the old one is closed.
      expect([isMarked, isDone], name).not.toEqual([false, true]);
      const { code, err } = await move();
      expect([name, code, err]).toEqual([name, ...(isDone ? [2, expect.stringContaining('LPX_STORE_MOVED')] : [0, expect.anything()])]);
      expect((await on(to, (store) => store.log.verify())).faults, name).toEqual([]);
      expect(await codeAt(from)).toBe('LPX_STORE_MOVED');
      expect(readdirSync(parent).sort()).toEqual(['new', basename(from)].sort());
    }
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(0);
  });

  it('says what is done and what is not where the disk of the new store fills up, and the same call finishes', async () => {
    const parent = tempFolder();
    const from = await lived(engine, parent);
    const to = join(parent, 'new');
    const move = () => moveStore({ from, to, dryRun: false, ...BY });
    const full = new LpxError('LPX_DISK_FULL', { file: to });
    vi.spyOn(DatabaseChange.prototype, 'addHistory').mockRejectedValueOnce(full);
    await expect(move()).rejects.toBe(full);
    await (await openStore(from)).close();
    vi.spyOn(DatabaseStore.prototype, 'publish').mockRejectedValueOnce(full).mockRejectedValueOnce(full);
    const unopened = { code: 'LPX_MOVE_UNOPENED', facts: { folder: shownLocation(from), to }, findings: [{ code: 'LPX_DISK_FULL' }] };
    for (let tries = 1; tries <= 2; tries++) await expect(move()).rejects.toMatchObject(unopened);
    await expect(openStore(from)).rejects.toMatchObject({ code: 'LPX_STORE_MOVED' });
    expect(await move()).toMatchObject({ resumed: true, records: 2 });
    await (await openStore(to)).close();
  });

  it('does not take in what waited for it to end: that is refused, and nothing is lost', async () => {
    const parent = tempFolder();
    const from = await lived(engine, parent);
    const to = join(parent, 'new');
    const writer = await openStore(from);
    let waiting: Promise<unknown> | undefined;
    const write = () =>
      writer.change(async (change) => ({
        keep: true,
        result: await change.addHistory({ kind: 'pick', at: NOW, operator: '', file: '', bytes: 0 }),
      }));
    const onProgress = () => {
      waiting ??= write().catch((error) => error.code);
    };
    await moveStore({ from, to, dryRun: false, ...BY, onProgress });
    expect(await waiting).toBe('LPX_STORE_MOVED');
    await expect(write()).rejects.toMatchObject({ code: 'LPX_STORE_MOVED' });
    await writer.close();
  });

  it.skipIf(!hasPostgres).each(TARGETS)('to %s is finished by the same command, wherever it was cut short', async (_, place) => {
    const parent = tempFolder();
    const from = await lived(engine, parent);
    const { to, attachments } = await place(parent);
    const move = () => moveStore({ from, to, attachments, dryRun: false, ...BY });
    await move();
    const source = await openStore(from, { evenMoved: true });
    const key = (await source.moved())?.key ?? '';
    await source.close();
    const { tamper } = typeof to === 'string' ? SQLITE : POSTGRES;
    // The old store was marked, and the new one not opened up.
    await tamper(to, settingOf('unpublished', key));
    await expect(openStore(to)).rejects.toMatchObject({ code: 'LPX_MOVE_UNFINISHED' });
    expect(await move()).toMatchObject({ resumed: true, records: 2 });
    // All was written, and the old store not marked: it is in use, and goes on.
    await tamper(to, settingOf('unpublished', key));
    await engine.tamper(from, "delete from settings where name = 'moved'");
    await on(from, (store) =>
      store.change(async (change) => ({
        keep: true,
        result: await change.addHistory({ kind: 'pick', at: NOW, operator: '', file: '', bytes: 0 }),
      })),
    );
    expect(await move()).toMatchObject({ resumed: false, records: 2 });
    expect((await on(to, (store) => store.history())).map(({ kind }) => kind).slice(0, 2)).toEqual(['move', 'pick']);
  });

  it.skipIf(!hasPostgres).each(TARGETS)('to %s is the only one of its copies that an unopened new store there is for', async (_, place) => {
    const parent = tempFolder();
    const from = await lived(engine, parent);
    const copies: StoreLocation[] = [join(parent, 'restored')];
    await moveStore({ from, to: copies[0] as StoreLocation, dryRun: false, ...BY });
    await engine.tamper(from, "delete from settings where name = 'moved'");
    if (typeof from === 'string') cpSync(from, (copies[1] = join(parent, 'copied')), { recursive: true });
    await on(from, (store) =>
      store.change(async (change) => ({
        keep: true,
        result: await change.addHistory({ kind: 'pick', at: NOW, operator: '', file: '', bytes: 0 }),
      })),
    );
    const { to, attachments } = await place(parent);
    const move = (store: StoreLocation) => moveStore({ from: store, to, attachments, dryRun: false, ...BY });
    vi.spyOn(DatabaseStore.prototype, 'publish').mockRejectedValueOnce(new LpxError('LPX_DISK_FULL', { file: '' }));
    await expect(move(from)).rejects.toMatchObject({ code: 'LPX_MOVE_UNOPENED' });
    for (const copy of copies) {
      await expect(move(copy)).rejects.toMatchObject({ code: 'LPX_MOVE_UNFINISHED' });
      await (await openStore(copy)).close();
    }
    expect(await move(from)).toMatchObject({ resumed: true });
    expect((await on(to, (store) => store.history())).map(({ kind }) => kind).slice(0, 2)).toEqual(['move', 'pick']);
  });

  it('is refused while a package is not finished, and where something is in the new place', async () => {
    const parent = tempFolder();
    const from = await lived(engine, parent);
    const taken = join(parent, 'taken');
    await (await createStore(taken, { school: { code: '990001', name: '' } })).close();
    const before = await on(from, digestsOf);
    for (const to of [taken, ...(typeof from === 'string' ? [from] : [])])
      for (const dryRun of [true, false])
        await expect(moveStore({ from, to, dryRun, ...BY })).rejects.toMatchObject({ code: 'LPX_STORE_EXISTS' });
    await expect(moveStore({ from, to: parent, dryRun: false, ...BY })).rejects.toMatchObject({ code: 'LPX_RESTORE_TARGET' });
    await on(taken, async (store) => expect((await digestsOf(store)).students.rows).toBe(0));
    expect(await on(from, digestsOf)).toEqual(before);
    const exporter = await openStore(from);
    const work = await exporter.attachments.workFolder();
    await exporter.batches.begin({ kind: 'export', key: 'x', now: NOW, work, resume: false });
    await expect(moveStore({ from, to: join(parent, 'new'), dryRun: false, ...BY })).rejects.toMatchObject({ code: 'LPX_MOVE_OPEN' });
    await work.remove();
    await exporter.close();
    expect(await moveStore({ from, to: join(parent, 'new'), dryRun: false, ...BY })).toMatchObject({ records: 2 });
  });
});

describeEngines('an erased student, in a store that moves,', (engine) => {
  it.skipIf(!hasPostgres).each(TARGETS)(
    'is not taken to %s, the note of the erasure is, and what is left on the old disk is not',
    async (_, place) => {
      const parent = tempFolder();
      const from = await lived(engine, parent);
      await on(from, async (store) => {
        await store.change(async (change) => {
          const history = await change.addHistory({
            kind: 'load',
            at: NOW,
            operator: OPERATOR,
            file: `${ERASED.nationalId}.json`,
            bytes: 1,
          });
          const { id } = await change.addStudent(smallPortfolio([], ERASED).basicData, {});
          await change.addHistoryStudent(history, id, { courseResults: 0, multiPerformances: 0, attachments: 0 });
          return { keep: true, result: undefined };
        });
        await store.erasures.erase(ERASED.nationalId, { ...BY, reason: '' });
      });
      // A file that could not be removed; it is there as long as it cannot.
      const sha256 = 'f'.repeat(64);
      await engine.tamper(from, `insert into remnants (sha256) values ('${sha256}')`);
      const erasures = await on(from, (store) => store.erasures.list());
      expect(erasures).toHaveLength(1);
      const { to, attachments } = await place(parent);
      await moveStore({ from, to, attachments, dryRun: false, ...BY });
      await on(to, async (store) => {
        expect(await store.erasures.list()).toEqual(erasures);
        const rows = await store.readRows(async (reader) => {
          const all: unknown[] = [];
          for (const table of ROW_TABLES) for await (const page of reader.rows(table)) all.push(...page);
          return JSON.stringify(all);
        });
        for (const said of [ERASED.nationalId, ERASED.name]) expect(rows).not.toContain(said);
        expect(await store.attachments.check(sha256)).toBe('lost');
        expect((await store.log.verify()).faults).toEqual([]);
        expect((await store.erasures.obey(erasures, BY)).erased).toBe(0);
      });
    },
  );
});

/** Locks of this database. */
const HERE = 'database = (select oid from pg_database where datname = current_database())';

describePostgres('a move into PostgreSQL', () => {
  it('keeps others out without an advisory lock, which any role of the database could hold', async () => {
    const parent = tempFolder();
    const [from, { location: to, run }] = [await lived(SQLITE, parent), await testDatabase()];
    let held: Promise<unknown> | undefined;
    const onProgress = () => {
      held ??= run(`select objid from pg_locks where locktype = 'advisory' and ${HERE}`);
    };
    await moveStore({ from, to, attachments: join(parent, 'files'), dryRun: false, ...BY, onProgress });
    expect(await held).toEqual([]);
  });
});

describePostgres('a move that cannot be done', () => {
  /** A trigger that changes rows as they are written, where a table of students is made: what a faulty server would do. */
  const FAULTY = `
    create function public.change() returns trigger language plpgsql as $$ begin new.extras := '{"x":1}'; return new; end $$;
    create function public.meddle() returns event_trigger language plpgsql as $$ begin
      if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'lpx_990001.students') then
        create trigger meddle before insert on lpx_990001.students for each row execute function public.change();
      end if;
    end $$;
    create event trigger meddle on ddl_command_end when tag in ('CREATE TABLE') execute function public.meddle();`;

  const damageOneIn = (folder: string) => {
    const names = readdirSync(folder, { recursive: true }).map(String);
    const file = join(folder, names.find((name) => /[/\\][0-9a-f]{64}$/.test(name)) as string);
    rmSync(file);
    writeFileSync(file, 'x');
  };

  it.each<[what: string, code: string, stand: (database: TestDatabase, files: string) => Promise<Standing>]>([
    [
      'the address names another school',
      'LPX_MOVE_SCHOOL',
      async ({ url }) => ({ to: postgresLocation(`${url}?school=990009`), facts: { code: '990001', other: '990009' } }),
    ],
    [
      'the database has a store of the school',
      'LPX_STORE_EXISTS',
      async ({ location }) => {
        await (await createStore(location, { school: { code: '990001', name: '' }, attachments: tempFolder() })).close();
        return {};
      },
    ],
    [
      'a row is not what was written',
      'LPX_MOVE_DIFFERS',
      async ({ run }) => {
        await run(FAULTY);
        return { facts: { what: 'students' }, repair: () => run('drop event trigger meddle') };
      },
    ],
    [
      'a file is not what was written',
      'LPX_MOVE_DIFFERS',
      async (_, files) => {
        const { check } = FolderVault.prototype;
        const checking = vi.spyOn(FolderVault.prototype, 'check').mockImplementationOnce(function (this: FolderVault, sha256) {
          damageOneIn(files);
          return check.call(this, sha256);
        });
        return { facts: { what: expect.stringContaining(files) }, repair: async () => checking.mockRestore() };
      },
    ],
  ])('since %s leaves the old store as it was', async (_, code, stand) => {
    const parent = tempFolder();
    const from = await lived(SQLITE, parent);
    const [database, attachments] = [await testDatabase(), join(parent, 'new-files')];
    const { to = database.location, facts = {}, repair } = await stand(database, attachments);
    const before = await on(from, digestsOf);
    const move = () => moveStore({ from, to, attachments, dryRun: false, ...BY });
    await expect(move()).rejects.toMatchObject({ code, facts });
    expect(await on(from, digestsOf)).toEqual(before);
    if (!repair) return;
    await expect(openStore(to)).rejects.toMatchObject({ code: 'LPX_MOVE_UNFINISHED' });
    await repair();
    expect(await move()).toMatchObject({ records: 2, missing: [] });
  });

  it('since jobs wait in its queue is done once they have ended or were dropped', async () => {
    const parent = tempFolder();
    const { store, location } = await newStore(POSTGRES, parent);
    await store.close();
    const queue = await JobQueue.open(location);
    onTestFinished(() => queue.close());
    const jobs = ['waits', 'runs'].map((about) => ({
      id: jobId('import', about),
      kind: 'import' as const,
      batch: 'b',
      request: 'r',
      about,
      payload: {},
    }));
    await queue.submit(jobs);
    await queue.take();
    const to = join(parent, 'new');
    const move = (dryRun: boolean) => moveStore({ from: location, to, dryRun, ...BY });
    for (const dryRun of [true, false])
      await expect(move(dryRun)).rejects.toMatchObject({ code: 'LPX_MOVE_OPEN', facts: { what: '--queue (2)' } });
    await queue.complete(jobs[0]?.id ?? '', { outcome: 'imported' });
    await queue.drop([jobs[1]?.id ?? '']);
    expect(await move(false)).toMatchObject({ resumed: false });
  });
});

describeS3('a store that moves, with attachments in a bucket', (server) => {
  it.skipIf(!hasPostgres).each<[string, Engine, string, boolean, string]>([
    ['of a folder goes to a bucket', SQLITE, '', true, 'to'],
    ['of a bucket goes to a folder', POSTGRES, 'from', false, ''],
    ['of a bucket goes to another part of the bucket', POSTGRES, 'both', true, 'both'],
    ['of a bucket goes to a folder on a disk', SQLITE, 'old', true, 'disk'],
  ])('%s', async (_, engine, fromBucket, isToDatabase, toBucket) => {
    const parent = tempFolder();
    const isS3 = (at: string) => at !== '' && at !== 'disk';
    const from = await lived(engine, parent, isS3(fromBucket) ? server.urlOf(fromBucket) : undefined);
    const files = await on(from, (store) => store.neededFiles());
    expect(files.length).toBeGreaterThan(0);
    const to = isToDatabase ? (await testDatabase()).location : join(parent, 'new');
    const attachments = isS3(toBucket) ? server.urlOf(toBucket) : toBucket === '' ? undefined : join(parent, 'new-files');
    const result = await moveStore({ from, to, attachments, dryRun: false, ...BY });
    expect([result.missing, result.files, result.attachments.startsWith('s3://')]).toEqual([[], files.length, isS3(toBucket)]);
    await on(to, async (store) => {
      for (const { sha256 } of files) expect(await store.attachments.check(sha256)).toBe('sound');
      // What is removed in the new place is still in the old one.
      await store.attachments.remove(files[0]?.sha256 ?? '');
    });
    const old = await openStore(from, { evenMoved: true });
    for (const { sha256 } of files) expect(await old.attachments.check(sha256)).toBe('sound');
    await old.close();
  });
});
