import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadFolder } from '#lpx/exchange/load.js';
import { moveStore } from '#lpx/exchange/move.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { type StoreLocation, shownLocation } from '#lpx/store/location.js';
import { createStore, openStore } from '#lpx/store/open.js';
import type { Store } from '#lpx/store/store.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { describeEngines, type Engine, hasPostgres, newStore, POSTGRES, SQLITE, testDatabase } from '../support/postgres.js';
import { NOW, OPERATOR, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const FILES = ['kept', 'owed'].map((name) => ({ bytes: pdf(name), type: 'pdf', name: `${name}.pdf` }));

interface Target {
  readonly to: StoreLocation;
  readonly attachments?: string;
}

const TARGETS: readonly (readonly [name: string, place: (parent: string) => Promise<Target>])[] = [
  ['a folder', async (parent) => ({ to: join(parent, 'new') })],
  ['a database', async (parent) => ({ to: (await testDatabase()).location, attachments: join(parent, 'new-files') })],
];

/** A store with a record, one that is owed its file, and a former state of the first; its last entry is undone. */
async function lived(engine: Engine, parent: string): Promise<StoreLocation> {
  const { store, location } = await newStore(engine, parent);
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
      expect(moved).toMatchObject({ kind: 'move', folder: shownLocation(from), details: { records: 2, missing: 0 } });
      await undoEntry(store, { id: undo?.id ?? 0, ...BY });
      expect((await store.student(TRANSFER_STUDENT))?.records[0]?.record.fields).toMatchObject({ brief: 'after' });
      expect((await store.log.verify()).faults).toEqual([]);
    });
    const refused = { code: 'LPX_STORE_MOVED', facts: { to: shownLocation(to) } };
    await expect(openStore(from)).rejects.toMatchObject(refused);
    await expect(moveStore({ from, to, attachments, dryRun: false, ...BY })).rejects.toMatchObject(refused);
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

  it('is refused while a package is not finished, and where something is in the new place', async () => {
    const parent = tempFolder();
    const from = await lived(engine, parent);
    const taken = join(parent, 'taken');
    await (await createStore(taken, { school: { code: '990001', name: '' } })).close();
    const before = await on(from, digestsOf);
    await expect(moveStore({ from, to: taken, dryRun: false, ...BY })).rejects.toMatchObject({ code: 'LPX_RESTORE_TARGET' });
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
