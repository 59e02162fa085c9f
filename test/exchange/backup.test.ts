import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { livingLocks, RepositoryLock } from '#lpx/backup/locks.js';
import { Repository } from '#lpx/backup/repository.js';
import { LpxError } from '#lpx/errors.js';
import { type BackupRequest, backupStore, heldFiles, listSnapshots } from '#lpx/exchange/backup.js';
import { eraseStudent, planErasure } from '#lpx/exchange/erase.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { rehearseRestore, restoreBackup } from '#lpx/exchange/restore.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { readIdentities, recipientsOf } from '#lpx/io/age.js';
import { runInterruptibly } from '#lpx/io/interruption.js';
import { identityOf } from '#lpx/spec/identity.js';
import { taipeiTime } from '#lpx/spec/terms.js';
import type { StoreLocation } from '#lpx/store/location.js';
import { openStore } from '#lpx/store/open.js';
import { REHEARSED_PREFIX, WorkFolder } from '#lpx/store/processes/work-folder.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import type { Store } from '#lpx/store/store.js';
import { madeBytes } from '../support/made-bytes.js';
import { describeEngines, newStore } from '../support/postgres.js';
import { BORROWED_STUDENT, load, NOW, OPERATOR, SAMPLES, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const request = (folder: string, more: Partial<BackupRequest> = {}): BackupRequest => ({
  folder,
  recipients: [],
  now: NOW,
  operator: OPERATOR,
  ...more,
});
const backup = (store: string, folder: string, more: Partial<BackupRequest> = {}) =>
  withStore(store, (open) => backupStore(open, request(folder, more)));
const restore = (folder: string, target: string, more = {}) => restoreBackup({ folder, target, now: NOW, operator: OPERATOR, ...more });
const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);

/** Every file below a folder, with its path in it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

const digestsOf = (store: string) => withStore(store, (open) => open.readRows((rows) => rows.digests()));

const inPlaceOf = (path: string, put: () => void): void => {
  rmSync(path);
  put();
};

/** Adds records with files to a store. */
async function addRecords(store: Store, count: number, fileBytes: number, from = 0): Promise<void> {
  const staging = await store.attachments.stage();
  const records = Array.from({ length: count }, (_, i) => {
    const content = madeBytes(fileBytes);
    const stagedAt = staging.nextPath();
    writeFileSync(stagedAt, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const document = {
      sha256,
      md5: createHash('md5').update(content).digest('hex'),
      bytes: fileBytes,
      type: 'pdf',
      name: 'a.pdf',
      stagedAt,
    };
    const stamp = new Date(Date.UTC(2020, 0, 1) + (from + i) * 1000).toISOString().slice(0, 19).replace('T', ' ');
    const record = { ...courseResult({ createdAt: stamp }), document } as never;
    return { record, ...identityOf(record), document };
  });
  const files = records.map(({ document }) => document);
  await staging.secured(files);
  await store.change(async (change) => {
    const historyId = await change.addHistory({ kind: 'load', at: NOW, file: 'a.json', bytes: 5, operator: OPERATOR });
    const { basicData } = smallPortfolio();
    const { id } = (await change.student(basicData.nationalId)) ?? (await change.addStudent(basicData, {}));
    await change.addRecords(id, 'own', historyId, records);
    await staging.keepAll(files);
    return { keep: true, result: undefined };
  });
  staging.committed();
  await staging.discard();
}

async function filledSchool(count: number, fileBytes: number): Promise<string> {
  const store = await school(tempFolder(), '990001');
  await withStore(store, (open) => addRecords(open, count, fileBytes));
  return store;
}

async function identity(): Promise<{ readonly file: string; readonly recipient: string }> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const key = await generateX25519Identity();
  const file = join(tempFolder(), 'key.txt');
  writeFileSync(file, `# made up\n${key}\n`);
  return { file, recipient: await identityToRecipient(key) };
}

describe('a backup', () => {
  it('restores to the same store: the same rows, every file, and an entry of its own in the history', async () => {
    const store = await transferSchool(tempFolder());
    const before = await digestsOf(store);
    const repository = join(tempFolder(), 'backup');
    const made = await backup(store, repository);
    expect(made).toMatchObject({ error: undefined, encrypted: false });
    const target = join(tempFolder(), 'parent', 'restored');
    const restored = await restore(repository, target);
    expect(restored.manifest).toEqual(made.manifest);
    await withStore(target, async (open) => {
      const [newest] = await open.history();
      expect(newest).toMatchObject({ kind: 'restore', folder: repository, details: { snapshot: made.name } });
      const student = await open.student(TRANSFER_STUDENT);
      for (const { record } of student?.records ?? [])
        for (const file of [record.document, record.media]) if (file) expect(await open.attachments.check(file.sha256)).toBe('sound');
      const { history, ...rest } = await open.readRows((rows) => rows.digests());
      const { history: historyBefore, ...restBefore } = before;
      expect(rest).toEqual(restBefore);
      expect(history.rows).toBe(historyBefore.rows + 1);
    });
    const entries = await withStore(store, (open) => open.history());
    expect(entries[0]).toMatchObject({ kind: 'backup', details: { snapshot: made.name, missing: 0 } });
  });

  it('can be restored by hand: files are named by their SHA-256, rows are lines of JSON by theirs', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    const { name } = await backup(store, repository);
    for (const file of filesIn(repository)) {
      const content = readFileSync(join(repository, file));
      const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
      if (file.startsWith('objects/')) expect(file).toBe(`objects/${sha256(content).slice(0, 2)}/${sha256(content)}`);
      if (file.startsWith('rows/')) expect(file).toContain(sha256(gunzipSync(content)));
      if (file.startsWith('lists/')) expect(file).toContain(sha256(content));
      if (file.startsWith('snapshots/')) expect(file).toBe(`snapshots/${name.split('-')[0]}-${sha256(content).slice(0, 16)}.json`);
    }
    const snapshot = JSON.parse(readFileSync(join(repository, 'snapshots', `${name}.json`), 'utf8'));
    const students = snapshot.manifest.tables.find(({ table }: { table: string }) => table === 'students');
    const [chunk] = students.chunks[0];
    const rows = gunzipSync(readFileSync(join(repository, 'rows', chunk.slice(0, 2), `${chunk}.jsonl.gz`))).toString();
    expect(JSON.parse(rows.split('\n')[0] as string)).toMatchObject({ national_id: TRANSFER_STUDENT });
  });

  it('writes a second time only what is new, and reads no file again that is there', async () => {
    const store = await filledSchool(400, 2000);
    const repository = join(tempFolder(), 'backup');
    const first = await backup(store, repository);
    await withStore(store, (open) => addRecords(open, 5, 100_000, 10_000));
    // Reading would show that it is another by now.
    const some = filesIn(join(store, 'attachments')).find((name) => statSync(join(store, 'attachments', name)).size === 2000) as string;
    writeFileSync(join(store, 'attachments', some), madeBytes(2000));
    const second = await backup(store, repository, { now: later(1) });
    expect(second.error).toBeUndefined();
    const news = 5 * 100_000;
    expect(first.bytesWritten).toBeGreaterThan(400 * 2000);
    expect(second.bytesWritten).toBeGreaterThan(news);
    expect(second.bytesWritten).toBeLessThan(news * 1.3);
    const third = await backup(store, repository, { now: later(2) });
    // The entries of the two backups, and a snapshot.
    expect(third.bytesWritten).toBeLessThan(30_000);
  });

  it('keeps the newest snapshots, and what they need: older ones go with what is theirs alone', async () => {
    const store = await filledSchool(20, 1000);
    const repository = join(tempFolder(), 'backup');
    for (let day = 0; day < 3; day++) {
      await backup(store, repository, { now: later(day) });
      await withStore(store, (open) => addRecords(open, 1, 50_000, 1000 + day));
    }
    const before = filesIn(repository);
    const { pruned } = await backup(store, repository, { now: later(9), keep: 2 });
    expect(pruned).toMatchObject({ snapshots: 2 });
    expect((await listSnapshots(repository, undefined)).map(({ at }) => at)).toEqual([later(9), later(2)]);
    // No file of a record went: each is in the newest one. Chunks of rows did.
    const gone = before.filter((file) => !existsSync(join(repository, file)));
    expect(gone.some((file) => file.startsWith('rows/'))).toBe(true);
    expect(gone.some((file) => file.startsWith('objects/'))).toBe(false);
    for (const { name } of await listSnapshots(repository, undefined))
      await restore(repository, join(tempFolder(), 'restored'), { snapshot: name });
  });

  it('removes nothing for a snapshot that somebody made to need less than it does, or that cannot be read', async () => {
    const { recipient } = await identity();
    for (const recipients of [[], [recipient]]) {
      const store = await filledSchool(70, 100);
      const repository = join(tempFolder(), 'backup');
      await backup(store, repository, { recipients });
      const { name } = await backup(store, repository, { recipients, now: later(1) });
      const original = readFileSync(join(repository, 'snapshots', `${name}.json`), 'utf8');
      const { lists, manifest } = JSON.parse(original);
      expect(lists.length).toBeGreaterThan(0);
      /** Puts another snapshot in place of the newest, under the name that its content has. */
      const forge = (changed: object): void => {
        for (const file of filesIn(join(repository, 'snapshots')).filter((snapshot) => snapshot.startsWith(name.slice(0, 16))))
          rmSync(join(repository, 'snapshots', file));
        const content = `${JSON.stringify({ ...JSON.parse(original), ...changed })}\n`;
        const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
        writeFileSync(join(repository, 'snapshots', `${name.slice(0, 17)}${hash}.json`), content);
      };
      const fewer = (table: { readonly table: string; readonly chunks: readonly unknown[] }) =>
        table.table === 'attachments' ? { ...table, chunks: table.chunks.slice(1) } : table;
      const forgeries: object[] = [
        { lists: [] },
        { lists: lists.slice(1) },
        { lists: [...lists, '0'.repeat(64)] },
        { at: '2020-01-01T00:00:00.000Z' },
        ...(manifest ? [{ lists: [], manifest: { ...manifest, tables: manifest.tables.map(fewer) } }] : [{ mac: '' }, { rows: [] }]),
      ];
      for (const [i, changed] of forgeries.entries()) {
        forge(changed);
        const before = filesIn(repository);
        const { error, pruned } = await backup(store, repository, { recipients, now: later(2 + i), keep: 2 + i });
        expect([error, pruned], JSON.stringify(changed)).toMatchObject([{ code: 'LPX_BACKUP_UNPRUNED', exitCode: 5 }, undefined]);
        for (const file of before) expect(existsSync(join(repository, file)), file).toBe(true);
      }
      forge({});
      const newest = filesIn(join(repository, 'snapshots')).sort().at(-1) as string;
      const [needed] = JSON.parse(readFileSync(join(repository, 'snapshots', newest), 'utf8')).lists;
      const list = filesIn(join(repository, 'lists')).find((path) => path.includes(needed)) as string;
      const kept = readFileSync(join(repository, 'lists', list));
      writeFileSync(join(repository, 'lists', list), kept.subarray(65));
      expect((await backup(store, repository, { recipients, now: later(10), keep: 7 })).error?.code).toBe('LPX_BACKUP_UNPRUNED');
      writeFileSync(join(repository, 'lists', list), kept);
      expect((await backup(store, repository, { recipients, now: later(11), keep: 1 })).pruned?.snapshots).toBeGreaterThan(2);
    }
  });

  it('removes nothing while another backup is running, and another backup may run at the same time', async () => {
    const store = await filledSchool(5, 1000);
    const repository = join(tempFolder(), 'backup');
    await backup(store, repository);
    const running = (await RepositoryLock.take(repository, 'shared')) as RepositoryLock;
    expect((await backup(store, repository, { now: later(1), keep: 1 })).pruned).toBeUndefined();
    expect(await listSnapshots(repository, undefined)).toHaveLength(2);
    await running.release();
    expect((await backup(store, repository, { now: later(2), keep: 1 })).pruned).toMatchObject({ snapshots: 2 });
    const [one, two] = await Promise.all([1, 2].map((i) => backup(store, repository, { now: later(2 + i) })));
    expect(one?.name).not.toBe(two?.name);
    await restore(repository, join(tempFolder(), 'restored'));
  });

  it('is not kept from its work by a lock or by files that a dead process left', async () => {
    const store = await filledSchool(3, 1000);
    const repository = join(tempFolder(), 'backup');
    await backup(store, repository);
    const lock = (await RepositoryLock.take(repository, 'exclusive')) as RepositoryLock;
    const [file] = readdirSync(join(repository, 'locks')) as [string];
    const holder = JSON.parse(readFileSync(join(repository, 'locks', file), 'utf8'));
    await lock.release();
    // No process of this machine has such a number.
    writeFileSync(join(repository, 'locks', file), JSON.stringify({ ...holder, pid: 2 ** 22 + 5 }));
    writeFileSync(join(repository, 'tmp', `${file.split('.')[0]}-0`), 'half');
    // Locks that were being taken: of a process that is gone, of nobody knows whom an hour ago, and of two that live.
    const taking = (part: string, content: string) => {
      const path = join(repository, 'locks', `${file}.${part}.part`);
      writeFileSync(path, content);
      return path;
    };
    taking('00000001', JSON.stringify({ ...holder, pid: 2 ** 22 + 5 }));
    const anHourAgo = new Date(Date.now() - 3_600_000);
    utimesSync(taking('00000002', ''), anHourAgo, anHourAgo);
    const living = [taking('00000003', JSON.stringify(holder)), taking('00000004', '')].map((path) => basename(path));
    await backup(store, repository, { now: later(1), keep: 1 });
    expect([readdirSync(join(repository, 'locks')).sort(), readdirSync(join(repository, 'tmp'))]).toEqual([living, []]);
  });

  it.runIf(existsSync('/proc/self/stat'))('does not wait for a dead process whose number is still there, or another’s by now', async () => {
    const repository = join(tempFolder(), 'backup');
    const lock = (await RepositoryLock.take(repository, 'exclusive')) as RepositoryLock;
    const [file] = readdirSync(join(repository, 'locks')) as [string];
    const holder = JSON.parse(readFileSync(join(repository, 'locks', file), 'utf8'));
    await lock.release();
    // The parent of the first process turns into one that never collects it.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const uncollected = Number(String(await once(parent.stdout, 'data').then(([data]) => data)));
      while (!readFileSync(`/proc/${uncollected}/stat`, 'utf8').includes(') Z ')) await nextTurn();
      for (const pid of [uncollected, parent.pid]) {
        writeFileSync(join(repository, 'locks', file), JSON.stringify({ ...holder, pid }));
        expect(await livingLocks(repository)).toEqual([]);
        expect(readdirSync(join(repository, 'locks'))).toEqual([]);
      }
      // Of a lock that does not say when, the number alone counts.
      for (const started of [undefined, null, 12]) {
        writeFileSync(join(repository, 'locks', file), JSON.stringify({ ...holder, pid: parent.pid, started }));
        expect(await livingLocks(repository)).toHaveLength(1);
      }
    } finally {
      parent.kill();
    }
  });

  it('takes a lock in a repository that was copied without its empty folders', async () => {
    const repository = join(tempFolder(), 'backup');
    const lock = (await RepositoryLock.take(repository, 'shared')) as RepositoryLock;
    expect(await RepositoryLock.take(repository, 'exclusive')).toBeUndefined();
    await lock.release();
    expect(readdirSync(join(repository, 'locks'))).toEqual([]);
  });

  it('leaves no lock when it is interrupted as soon as the lock is there', async () => {
    const repository = join(tempFolder(), 'backup');
    const locks = join(repository, 'locks');
    mkdirSync(locks, { recursive: true });
    const isThere = () => readdirSync(locks).some((name) => name.endsWith('.json'));
    const interruption = new AbortController();
    let left: string[] = ['not undone'];
    const onUndone = () => {
      left = readdirSync(locks);
    };
    await runInterruptibly(
      async () => {
        const taking = RepositoryLock.take(repository, 'shared');
        while (!isThere()) await nextTurn();
        interruption.abort();
        await (await taking)?.release();
      },
      { signal: interruption.signal, onUndone },
    );
    expect(left).toEqual([]);
  });

  it('does not call files lost that were erased with their student while it ran', async () => {
    const store = await filledSchool(4, 1000);
    const [erased] = filesIn(join(store, 'attachments')) as [string];
    const erase = () => {
      rmSync(join(store, 'attachments', erased), { force: true });
      const database = openSqlite(join(store, 'lpx.sqlite'));
      database.exec(`pragma foreign_keys = off; delete from attachments where sha256 = '${basename(erased)}'`);
      database.close();
    };
    const { error, findings, manifest } = await backup(store, join(tempFolder(), 'backup'), { onProgress: erase });
    expect([error, findings.filter(({ severity }) => severity === 'error'), manifest.files.missing.length]).toEqual([undefined, [], 1]);
  });

  it('backs up everything else when the store has lost a file, and says so', async () => {
    const store = await filledSchool(4, 1000);
    const [lost, broken] = filesIn(join(store, 'attachments')) as [string, string];
    rmSync(join(store, 'attachments', lost));
    writeFileSync(join(store, 'attachments', broken), madeBytes(1000));
    const repository = join(tempFolder(), 'backup');
    const { error, manifest } = await backup(store, repository);
    expect(error).toMatchObject({ code: 'LPX_BACKUP_INCOMPLETE', facts: { count: 2 } });
    expect(manifest.files.missing.map(({ state }) => state).sort()).toEqual(['broken', 'lost']);
    const target = join(tempFolder(), 'restored');
    await restore(repository, target);
    expect(filesIn(join(target, 'attachments'))).toHaveLength(2);
  });

  it('says each time which files the store has lost, and which of them are safe: those of which it has the very object', async () => {
    const { file, recipient } = await identity();
    for (const recipients of [[], [recipient]]) {
      const store = await transferSchool(tempFolder());
      const repository = join(tempFolder(), 'backup');
      const identities = await readIdentities([file]);
      const run = (minutes: number) => backup(store, repository, { recipients, identities, now: later(minutes) });
      const { manifest: whole } = await run(0);
      const [lost, short] = filesIn(join(store, 'attachments')) as [string, string];
      rmSync(join(store, 'attachments', lost));
      truncateSync(join(store, 'attachments', short), 1);
      for (const minutes of [1, 2]) {
        const { error, findings: all, manifest } = await run(minutes);
        const findings = all.filter(({ code }) => code !== 'LPX_BACKUP_SAME_DISK');
        expect(error).toMatchObject({ code: 'LPX_BACKUP_KEPT', exitCode: 5, facts: { count: 2, folder: repository } });
        expect(findings.map(({ code, place }) => [code, place.student])).toEqual(
          findings.map(() => ['LPX_FILE_IN_BACKUP', TRANSFER_STUDENT]),
        );
        expect(findings.length).toBeGreaterThanOrEqual(2);
        expect([heldFiles(manifest), manifest.files.bytes]).toEqual([whole.files.count, whole.files.bytes]);
      }
      // Objects of the same size that are others are none.
      const isGone = (object: string) => recipients.length > 0 || object.endsWith(lost.slice(-64));
      for (const object of filesIn(join(repository, 'objects')).filter(isGone)) {
        const path = join(repository, 'objects', object);
        writeFileSync(path, madeBytes(statSync(path).size));
      }
      const { error, findings, manifest } = await run(3);
      const missing = recipients.length > 0 ? 2 : 1;
      expect(error).toMatchObject({ code: 'LPX_BACKUP_INCOMPLETE', exitCode: 5, facts: { count: missing } });
      expect(findings.some(({ code, place }) => code === 'LPX_ATTACHMENT_LOST' && place.student === TRANSFER_STUDENT)).toBe(true);
      expect(heldFiles(manifest)).toBe(whole.files.count - missing);
      expect(manifest.files.bytes).toBeLessThan(whole.files.bytes);
    }
  });

  it('is not begun again in a folder that had one and is empty or absent, as where a disk is not connected, unless asked for', async () => {
    const store = await filledSchool(1, 10);
    const repository = join(tempFolder(), 'disk', 'backup');
    const { findings } = await backup(store, repository);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([['LPX_BACKUP_SAME_DISK', 'note']]);
    const disk = join(repository, '..', 'aside');
    renameSync(repository, disk);
    const refused = () => expect(backup(store, repository)).rejects.toMatchObject({ code: 'LPX_BACKUP_VANISHED', exitCode: 2 });
    await refused();
    expect(existsSync(repository)).toBe(false);
    mkdirSync(repository);
    await refused();
    expect(readdirSync(repository)).toEqual([]);
    await backup(store, repository, { beginAgain: true });
    await backup(store, repository, { now: later(1) });
    rmSync(repository, { recursive: true });
    renameSync(disk, repository);
    await backup(store, repository, { now: later(2) });
    expect(await listSnapshots(repository, undefined)).toHaveLength(2);
  });

  it('does not bring back who was erased since: not by a later backup’s list, nor by one that is given', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    const { name } = await backup(store, repository);
    const list = await withStore(store, async (open) => {
      await open.erasures.erase(TRANSFER_STUDENT, { now: later(1), operator: OPERATOR, reason: '' });
      return open.erasures.list();
    });
    const ofNobodyHere = { keyedId: '0'.repeat(64), at: later(-1).toISOString() };
    const file = join(tempFolder(), 'erasures.jsonl');
    writeFileSync(file, [...list, ofNobodyHere].map((erasure) => `${JSON.stringify(erasure)}\n`).join(''));
    const studentsOf = (target: string) => withStore(target, async (open) => (await open.students()).length);
    const [before, given, known] = ['before', 'given', 'known'].map((folder) => join(tempFolder(), folder)) as [string, string, string];
    await restore(repository, before);
    expect(await restore(repository, given, { erasureFiles: [file] })).toMatchObject({ erased: 1 });
    expect(await withStore(given, (open) => open.erasures.list())).toContainEqual(ofNobodyHere);
    // What somebody takes out of the database's list is on that of the backup all the same.
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec('delete from erasures');
    database.close();
    await backup(store, repository, { now: later(2) });
    expect(await restore(repository, known, { snapshot: name })).toMatchObject({ erased: 1 });
    expect([await studentsOf(before), await studentsOf(given), await studentsOf(known)]).toEqual([1, 0, 0]);
    for (const restored of [given, known]) expect(await withStore(restored, async (open) => (await open.log.verify()).faultCount)).toBe(0);
  });

  it('says which list of erasures is at fault, and not that the backup is, and lets nobody come back for it', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    await backup(store, repository);
    const list = join(tempFolder(), 'list');
    const hash = 'a'.repeat(64);
    for (const content of [
      '',
      '\n',
      'no list',
      '{"keyedId":"..","at":"2021-01-22"}',
      `{"keyedId":"${hash}","at":"yesterday"}`,
      'null',
      '['.repeat(100_000),
    ]) {
      writeFileSync(list, content);
      const refused = restore(repository, join(tempFolder(), 'restored'), { erasureFiles: [list] });
      await expect(refused, content).rejects.toMatchObject({ code: 'LPX_ERASURES_WRONG', facts: { file: list }, exitCode: 5 });
    }
    await withStore(store, (open) => open.erasures.erase(TRANSFER_STUDENT, { now: later(1), operator: OPERATOR, reason: '' }));
    await backup(store, repository, { now: later(2) });
    const [name] = readdirSync(join(repository, 'erasures')) as [string];
    const file = join(repository, 'erasures', name);
    const sound = readFileSync(file, 'utf8');
    writeFileSync(join(repository, 'erasures', 'Thumbs.db'), 'of the system');
    for (const content of ['', 'no list', sound.replace(/[0-9a-f]{64}/, '0'.repeat(64))]) {
      writeFileSync(file, content);
      const refused = restore(repository, join(tempFolder(), 'restored'));
      await expect(refused, content).rejects.toMatchObject({ code: 'LPX_BACKUP_ERASURE', facts: { file }, exitCode: 5 });
    }
    await backup(store, repository, { now: later(3) });
    expect(readFileSync(file, 'utf8'), 'written again').toBe(sound);
    await restore(repository, join(tempFolder(), 'restored'));
  });

  it('of rows that are not what was stored has them as they are, and says how many', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    expect(await backup(store, repository)).toMatchObject({ damagedRows: 0, error: undefined });
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec(`update own_records set fields = replace(fields, '"', ' "') where id in (1, 2)`);
    database.close();
    const { name, error, damagedRows } = await backup(store, repository, { now: later(1) });
    expect([damagedRows, error]).toMatchObject([2, { code: 'LPX_BACKUP_ROWS', exitCode: 5, facts: { count: 2 } }]);
    expect((await listSnapshots(repository, undefined)).map((listed) => listed.name)).toContain(name);
  });

  it('is known after an erasure, also where its folder has the student’s name, and gets that erasure and the next', async () => {
    const store = await transferSchool(tempFolder());
    await load(store, join(SAMPLES, 'borrowed-study'));
    const repository = join(tempFolder(), '備份林小禾');
    await backup(store, repository);
    const erase = (nationalId: string) =>
      withStore(store, (open) =>
        eraseStudent(open, { nationalId, reason: '', acceptUnreceipted: true, now: later(1), operator: OPERATOR }),
      );
    const plan = await withStore(store, (open) => planErasure(open, TRANSFER_STUDENT));
    expect(plan.namedBackups).toEqual([repository]);
    const erased = [await erase(TRANSFER_STUDENT), await erase(BORROWED_STUDENT)];
    expect(erased.map(({ backups }) => backups)).toEqual([1, 2].map(() => ({ noted: [repository], unreached: [] })));
    expect(await restore(repository, join(tempFolder(), 'restored'))).toMatchObject({ erased: 2 });
  });

  it('gets an erasure before the overwriting, which may be cut short', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    await backup(store, repository);
    await withStore(store, async (open) => {
      open.erasures.overwrite = () => Promise.reject(new Error('killed'));
      const order = { nationalId: TRANSFER_STUDENT, reason: '', acceptUnreceipted: true, now: later(1), operator: OPERATOR };
      await expect(eraseStudent(open, order)).rejects.toThrow('killed');
    });
    expect(await restore(repository, join(tempFolder(), 'restored'))).toMatchObject({ erased: 1 });
  });

  it('is named after an erasure where it took turns with another in one place and is not there', async () => {
    const store = await transferSchool(tempFolder());
    const parent = tempFolder();
    const place = join(parent, 'usb');
    await backup(store, place);
    renameSync(place, join(parent, 'first disk'));
    await backup(store, place, { now: later(1), beginAgain: true });
    const { backups } = await withStore(store, (open) =>
      eraseStudent(open, { nationalId: TRANSFER_STUDENT, reason: '', acceptUnreceipted: true, now: later(2), operator: OPERATOR }),
    );
    expect(backups).toEqual({ noted: [place], unreached: [place] });
  });

  it('gets each erasure at once where it can be reached; of the others, the erasure says which they are', async () => {
    const store = await transferSchool(tempFolder());
    const [reached, away, another] = ['reached', 'away', 'another'].map((name) => join(tempFolder(), name)) as [string, string, string];
    for (const folder of [reached, away, another]) await backup(store, folder);
    rmSync(away, { recursive: true });
    rmSync(another, { recursive: true });
    await backup(await school(tempFolder(), '990002'), another);
    const { backups } = await withStore(store, (open) =>
      eraseStudent(open, { nationalId: TRANSFER_STUDENT, reason: '', acceptUnreceipted: false, now: later(1), operator: OPERATOR }),
    );
    expect({ noted: backups.noted, unreached: [...backups.unreached].sort() }).toEqual({
      noted: [reached],
      unreached: [away, another].sort(),
    });
    expect(await restore(reached, join(tempFolder(), 'restored'))).toMatchObject({ erased: 1 });
  });

  it('of two schools in one folder is warned of; a rehearsal takes the own one, and a restore asks which', async () => {
    const [first, second] = [await transferSchool(tempFolder()), await school(tempFolder(), '990002')];
    const repository = join(tempFolder(), 'backup');
    const own = await backup(first, repository);
    const before = filesIn(repository);
    await expect(backup(second, repository)).rejects.toMatchObject({ code: 'LPX_BACKUP_OTHERS', exitCode: 2 });
    expect([filesIn(repository), await withStore(second, (open) => open.history({ kinds: ['backup'] }))]).toEqual([before, []]);
    const other = await backup(second, repository, { now: later(1), shared: true });
    const again = await backup(first, repository, { now: later(2) });
    const codes = [own, other, again].map(({ findings }) =>
      findings.map(({ code }) => code).filter((code) => code !== 'LPX_BACKUP_SAME_DISK'),
    );
    expect(codes).toEqual([[], ['LPX_BACKUP_SHARED'], ['LPX_BACKUP_SHARED']]);
    const rehearsed = await withStore(first, (open) => rehearseRestore(open, { folder: repository, now: later(3), operator: OPERATOR }));
    expect(rehearsed.snapshot).toBe(again.name);
    const target = join(tempFolder(), 'restored');
    await expect(restore(repository, target)).rejects.toMatchObject({
      code: 'LPX_BACKUP_SCHOOLS',
      facts: { schools: expect.stringMatching(/990001.*990002/) },
    });
    expect(await restore(repository, target, { snapshot: own.name })).toMatchObject({ snapshot: own.name });
  });

  it('is rehearsed: restored elsewhere, compared, removed, and recorded', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    const { name } = await backup(store, repository);
    const scratch = tempFolder();
    await withStore(store, (open) => rehearseRestore(open, { folder: repository, scratch, now: later(1), operator: OPERATOR }));
    expect(readdirSync(scratch)).toEqual([]);
    expect(await withStore(store, (open) => open.rehearsals.all())).toEqual(new Map());
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({ kind: 'rehearsal', at: later(1), details: { snapshot: name } });
  });

  it('goes into a folder of its own, and a restore into a new one', async () => {
    const store = await filledSchool(1, 10);
    const other = tempFolder();
    writeFileSync(join(other, 'thesis.doc'), '');
    await expect(backup(store, other)).rejects.toMatchObject({ code: 'LPX_BACKUP_FOLDER' });
    expect(readdirSync(other)).toEqual(['thesis.doc']);
    await expect(restore(other, join(tempFolder(), 'new'))).rejects.toMatchObject({ code: 'LPX_BACKUP_NOT_FOUND' });
    const repository = join(tempFolder(), 'backup');
    await backup(store, repository);
    await expect(restore(repository, other)).rejects.toMatchObject({ code: 'LPX_RESTORE_TARGET' });
    await expect(restore(repository, store)).rejects.toMatchObject({ code: 'LPX_RESTORE_TARGET' });
    await expect(restore(repository, join(other, 'thesis.doc')), 'a file').rejects.toMatchObject({ code: 'LPX_RESTORE_TARGET' });
    const link = join(tempFolder(), 'link');
    symlinkSync(repository, link);
    for (const inside of [join(repository, 'inner'), join(link, 'a', 'b'), join(repository, 'tmp')])
      await expect(restore(repository, inside)).rejects.toMatchObject({ code: 'LPX_RESTORE_INSIDE', exitCode: 2 });
    expect(readdirSync(repository)).not.toContain('inner');
    await expect(restore(repository, join(other, 'new'), { snapshot: 'nonesuch' })).rejects.toMatchObject({ code: 'LPX_SNAPSHOT_UNKNOWN' });
    const { name } = await backup(store, repository, { now: later(600) });
    await expect(restore(repository, join(other, 'new'), { snapshot: '20' })).rejects.toMatchObject({
      code: 'LPX_SNAPSHOT_AMBIGUOUS',
      exitCode: 2,
      facts: { value: '20', snapshots: expect.stringContaining(`${name} (${taipeiTime(later(600))}) / `) },
    });
    rmSync(join(repository, 'snapshots'), { recursive: true });
    mkdirSync(join(repository, 'snapshots'));
    await expect(restore(repository, join(other, 'new'))).rejects.toMatchObject({ code: 'LPX_SNAPSHOT_NONE', exitCode: 2 });
    expect(readdirSync(other)).toEqual(['thesis.doc']);
  });
});

describeEngines('a backup', (engine) => {
  it('whose rehearsal was killed is swept out of its scratch folder by the next command, once that is there', async () => {
    const { store, location } = await newStore(engine, tempFolder());
    const disk = tempFolder();
    const scratch = join(disk, 'scratch');
    mkdirSync(scratch);
    const work = await WorkFolder.create(scratch, REHEARSED_PREFIX);
    writeFileSync(join(work.path, 'store'), 'a store');
    await store.rehearsals.keep(work.path, '');
    await work.leave();
    await store.close();
    renameSync(scratch, `${scratch}-away`);
    await (await openStore(location)).close();
    renameSync(`${scratch}-away`, scratch);
    await withStore(location, async (open) => {
      expect([readdirSync(scratch), await open.rehearsals.all()]).toEqual([[], new Map()]);
    });
  });

  it('of a store on any engine restores to any: the same rows, every file, and new entries after it', async () => {
    const parent = tempFolder();
    const { store, location } = await newStore(engine, parent);
    await loadFolder(store, { path: join(SAMPLES, 'transfer'), now: NOW, operator: OPERATOR });
    const before = await store.readRows((rows) => rows.digests());
    const repository = join(parent, 'backup');
    await backupStore(store, request(repository));
    await store.close();
    const targets = [await engine.place(join(parent, 'other')), { location: join(parent, 'folder') }];
    for (const { location: target, attachments } of targets as { location: StoreLocation; attachments?: string }[]) {
      await restoreBackup({ folder: repository, target, attachments, now: later(1), operator: OPERATOR });
      await withStore(target, async (open) => {
        const { history: _, ...rest } = await open.readRows((rows) => rows.digests());
        const { history: __, ...restBefore } = before;
        expect(rest).toEqual(restBefore);
        for (const { sha256 } of await open.neededFiles()) expect(await open.attachments.check(sha256)).toBe('sound');
        expect((await open.history())[0]).toMatchObject({ kind: 'restore' });
        expect((await open.log.verify()).faultCount).toBe(0);
      });
      // What is there is never replaced.
      await expect(restoreBackup({ folder: repository, target, attachments, now: later(2), operator: OPERATOR })).rejects.toMatchObject({
        exitCode: 2,
      });
    }
    expect(await withStore(location, (open) => open.log.head())).toMatchObject({ position: 2 });
  });

  it('that is restored twice at once to one place is restored once, and whole', async () => {
    const parent = tempFolder();
    const repository = join(parent, 'backup');
    await backup(await transferSchool(parent), repository);
    const { location: target, attachments } = await engine.place(join(parent, 'other'));
    const attempts = [1, 2].map(() => restoreBackup({ folder: repository, target, attachments, now: NOW, operator: OPERATOR }));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const lost = outcomes.find((outcome) => outcome.status === 'rejected');
    // It is there already, or busy.
    expect([2, 10]).toContain(lost?.reason.exitCode);
    await withStore(target, async (open) => {
      expect((await open.log.verify()).faultCount).toBe(0);
      for (const { sha256 } of await open.neededFiles()) expect(await open.attachments.check(sha256)).toBe('sound');
    });
  });

  it('that is damaged leaves no store, and a whole one restores after it', async () => {
    const parent = tempFolder();
    const repository = join(parent, 'backup');
    await backup(await transferSchool(parent), repository);
    const [object] = filesIn(join(repository, 'objects')) as [string];
    renameSync(join(repository, 'objects', object), join(parent, 'aside'));
    const { location: target, attachments } = await engine.place(join(parent, 'other'));
    const attempt = () => restoreBackup({ folder: repository, target, attachments, now: NOW, operator: OPERATOR });
    await expect(attempt()).rejects.toMatchObject({ code: 'LPX_BACKUP_DAMAGED' });
    await expect(withStore(target, async () => {})).rejects.toMatchObject({ code: 'LPX_STORE_NOT_FOUND' });
    renameSync(join(parent, 'aside'), join(repository, 'objects', object));
    await attempt();
    await withStore(target, async (open) => expect(await open.students()).toHaveLength(1));
    // Of attachments that were restored before there is nothing, either.
    if (attachments !== undefined) {
      const places = readdirSync(attachments);
      expect([places.length, readdirSync(join(attachments, String(places[0])))]).toEqual([1, ['attachments']]);
    }
  });
});

describe('an encrypted backup', () => {
  it('is opened by its identity alone, has what is the same once, and shows no content', async () => {
    const { file, recipient } = await identity();
    const store = await filledSchool(8, 3000);
    const repository = join(tempFolder(), 'backup');
    const first = await backup(store, repository, { recipients: [recipient] });
    const second = await backup(store, repository, { now: later(1) });
    expect(first.bytesWritten).toBeGreaterThan(8 * 3000);
    expect(second.bytesWritten).toBeLessThan(30_000);
    const contents = new Set(filesIn(join(store, 'attachments')).map((name) => name.split('/').at(-1)));
    for (const name of filesIn(repository)) {
      for (const sha256 of contents) expect(name).not.toContain(sha256);
      // Six digits may stand in a hash by chance.
      const content = readFileSync(join(repository, name), 'latin1').replaceAll(/[0-9a-f]{16,}/g, '');
      for (const secret of ['A800000014', smallPortfolio().basicData.nationalId, '990001']) expect(content, name).not.toContain(secret);
    }
    expect((await listSnapshots(repository, undefined)).map(({ about }) => about)).toEqual([undefined, undefined]);
    const target = join(tempFolder(), 'restored');
    await expect(restore(repository, target)).rejects.toMatchObject({ code: 'LPX_BACKUP_IDENTITY' });
    const other = await readIdentities([(await identity()).file]);
    await expect(restore(repository, target, { identities: other })).rejects.toMatchObject({ code: 'LPX_RECIPIENT_OTHER' });
    const identities = await readIdentities([file]);
    expect(await recipientsOf(identities)).toEqual([recipient]);
    await restore(repository, target, { identities });
    expect(filesIn(join(target, 'attachments'))).toHaveLength(8);
    await withStore(store, (open) => rehearseRestore(open, { folder: repository, identities, now: later(2), operator: OPERATOR }));
    expect((await backup(store, repository, { now: later(3), keep: 1 })).pruned).toMatchObject({ snapshots: 2 });
    await restore(repository, join(tempFolder(), 'restored'), { identities });
  });

  it('takes the key of another store with the identity, and keeps to its recipients', async () => {
    const { file, recipient } = await identity();
    const repository = join(tempFolder(), 'backup');
    await backup(await filledSchool(1, 100), repository, { recipients: [recipient] });
    const another = await filledSchool(1, 100);
    await expect(backup(another, repository)).rejects.toMatchObject({ code: 'LPX_BACKUP_KEY' });
    await backup(another, repository, { identities: await readIdentities([file]), shared: true, now: later(1) });
    await backup(another, repository, { now: later(2) });
    const { recipient: stranger } = await identity();
    await expect(backup(another, repository, { recipients: [stranger] })).rejects.toMatchObject({ code: 'LPX_BACKUP_RECIPIENT' });
  });
});

describe('a damaged or hostile backup', () => {
  it('is refused whatever file of it is missing, cut short or changed, and leaves no store', async () => {
    const store = await transferSchool(tempFolder());
    const original = join(tempFolder(), 'backup');
    await backup(store, original);
    const needed = filesIn(original).filter((name) => !/^(locks|tmp|lists)\//.test(name));
    const kinds = new Set(needed.map((name) => name.split('/')[0]));
    expect(kinds).toEqual(new Set(['lpx-backup.json', 'objects', 'rows', 'snapshots']));
    const parent = tempFolder();
    for (const kind of kinds) {
      const path = join(original, needed.find((name) => name.startsWith(kind as string)) as string);
      const content = readFileSync(path);
      const flipped = Buffer.from(content);
      flipped.writeUInt8((flipped.readUInt8(content.length >> 1) ^ 1) & 0xff, content.length >> 1);
      for (const damage of [
        () => rmSync(path),
        () => truncateSync(path, content.length >> 1),
        () => writeFileSync(path, flipped),
        () => inPlaceOf(path, () => mkdirSync(path)),
        () => inPlaceOf(path, () => symlinkSync('/dev/zero', path)),
      ]) {
        damage();
        const target = join(parent, 'restored');
        await expect(restore(original, target), `${kind} ${damage}`).rejects.toMatchObject({ name: 'LpxError' });
        expect(readdirSync(parent)).toEqual([]);
        rmSync(path, { recursive: true, force: true });
        writeFileSync(path, content);
      }
    }
    await restore(original, join(parent, 'restored'));
  });

  it('makes a store of nothing that a snapshot has only made up: tables, columns, paths, or a bomb', async () => {
    const store = await filledSchool(2, 100);
    const repository = join(tempFolder(), 'backup');
    const { name } = await backup(store, repository);
    const path = join(repository, 'snapshots', `${name}.json`);
    const original = readFileSync(path, 'utf8');
    const parent = tempFolder();
    const bomb = Buffer.alloc(80 * 1024 * 1024, ' ');
    const hash = createHash('sha256').update(bomb).digest('hex');
    const { gzipSync } = await import('node:zlib');
    mkdirSync(join(repository, 'rows', hash.slice(0, 2)), { recursive: true });
    writeFileSync(join(repository, 'rows', hash.slice(0, 2), `${hash}.jsonl.gz`), gzipSync(bomb));
    const hostile: ((manifest: any, snapshot: any) => unknown)[] = [
      (manifest) => (manifest.tables[0].table = 'sqlite_master'),
      (manifest) => (manifest.tables[0].table = 'schema_version'),
      (manifest) => (manifest.tables[1].chunks[0][0] = '../../../etc/passwd'),
      (manifest) => (manifest.tables[1].chunks[0] = [hash, 1, bomb.length]),
      (manifest) => (manifest.tables[1].chunks[0] = [hash, 1, 1024]),
      (manifest) => (manifest.tables[1].rows = 7),
      (manifest) => (manifest.tables = manifest.tables.slice(1)),
      (manifest) => (manifest.tables = null),
      (manifest) => (manifest.tables = []),
      (manifest) => manifest.tables.reverse(),
      (manifest) => manifest.tables.push(manifest.tables[1]),
      (manifest) => manifest.tables.splice(7, 1),
      (manifest) => Object.assign(manifest.tables[0], { rows: 0, chunks: [] }),
      (manifest) => (manifest.head.position -= 1),
      (manifest) => (manifest.records += 1),
      (manifest) => (manifest.files.count = 0),
      (manifest) => (manifest.files.bytes -= 1),
      (manifest) => (manifest.head.hash = '0'.repeat(64)),
      (_, snapshot) => snapshot.lists.pop(),
      (_, snapshot) => (snapshot.lists = []),
      (manifest) => (manifest.schemaVersion = 9999),
      (manifest) => (manifest.files.missing = [{ sha256: '..', state: 'lost' }]),
    ];
    for (const spoil of hostile) {
      const snapshot = JSON.parse(original);
      spoil(snapshot.manifest, snapshot);
      const content = JSON.stringify(snapshot);
      const spoilt = `${name.split('-')[0]}-${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
      rmSync(path, { force: true });
      writeFileSync(join(repository, 'snapshots', `${spoilt}.json`), content);
      const refused = restore(repository, join(parent, 'restored'));
      const code = String(spoil).includes('9999') ? 'LPX_STORE_NEWER' : 'LPX_BACKUP_DAMAGED';
      await expect(refused, String(spoil)).rejects.toMatchObject({ code });
      expect(readdirSync(parent)).toEqual([]);
      rmSync(join(repository, 'snapshots', `${spoilt}.json`));
    }
  });

  it('is written no further through links that somebody put into it', async () => {
    const store = await filledSchool(1, 100);
    const repository = join(tempFolder(), 'backup');
    await backup(store, repository);
    const outside = tempFolder();
    rmSync(join(repository, 'objects'), { recursive: true });
    symlinkSync(outside, join(repository, 'objects'));
    await expect(backup(store, repository, { now: later(1) })).rejects.toMatchObject({ code: 'LPX_BACKUP_DAMAGED' });
    expect(readdirSync(outside)).toEqual([]);
  });

  it('is written no further through a link in the place of one shelf', async () => {
    const [first, second] = [await filledSchool(1, 100), await filledSchool(40, 100)];
    const repository = join(tempFolder(), 'backup');
    await backup(first, repository);
    const outside = tempFolder();
    for (let shelf = 0; shelf < 256; shelf++) {
      const path = join(repository, 'objects', shelf.toString(16).padStart(2, '0'));
      if (!existsSync(path)) symlinkSync(outside, path);
    }
    await expect(backup(second, repository, { now: later(1), shared: true })).rejects.toMatchObject({ code: 'LPX_BACKUP_DAMAGED' });
    expect(readdirSync(outside)).toEqual([]);
  });

  it('is complete, and in the history, where an old snapshot is damaged and none can be removed', async () => {
    const store = await filledSchool(1, 100);
    const repository = join(tempFolder(), 'backup');
    const old = await backup(store, repository);
    const file = join(repository, 'snapshots', `${old.name}.json`);
    truncateSync(file, 10);
    const { name, error, pruned } = await backup(store, repository, { now: later(1), keep: 1 });
    expect([error, pruned]).toMatchObject([{ code: 'LPX_BACKUP_UNPRUNED', exitCode: 5, facts: { file } }, undefined]);
    const [entry] = await withStore(store, (open) => open.history({ kinds: ['backup'] }));
    expect([entry, existsSync(file)]).toMatchObject([{ details: { snapshot: name } }, true]);
  });

  it('that ends before the history has it gets each erasure all the same', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    await withStore(store, async (open) => {
      const taken = new Promise<void>((resolve) => {
        open.change = () => {
          resolve();
          return new Promise(() => {});
        };
      });
      await Promise.race([taken, backupStore(open, request(repository))]);
    });
    const { backups } = await withStore(store, (open) =>
      eraseStudent(open, { nationalId: TRANSFER_STUDENT, reason: '', acceptUnreceipted: true, now: later(1), operator: OPERATOR }),
    );
    expect(backups).toEqual({ noted: [repository], unreached: [] });
    expect(await restore(repository, join(tempFolder(), 'restored'))).toMatchObject({ erased: 1 });
  });

  it('leaves no snapshot where the history cannot take it', async () => {
    const store = await transferSchool(tempFolder());
    const repository = join(tempFolder(), 'backup');
    await withStore(store, async (open) => {
      open.change = () => Promise.reject(new LpxError('LPX_STORE_BUSY', { folder: store }));
      await expect(backupStore(open, request(repository))).rejects.toMatchObject({ code: 'LPX_STORE_BUSY' });
    });
    expect(await listSnapshots(repository, undefined)).toEqual([]);
  });

  it('is completed by the next backup where the store still has what is missing', async () => {
    const store = await filledSchool(3, 100);
    const repository = join(tempFolder(), 'backup');
    await backup(store, repository);
    const [object] = filesIn(join(repository, 'objects')) as [string];
    rmSync(join(repository, 'objects', object));
    const { filesWritten } = await backup(store, repository, { now: later(1) });
    expect(filesWritten).toBeGreaterThan(0);
    await restore(repository, join(tempFolder(), 'restored'));
    expect(await Repository.open({ folder: repository })).toMatchObject({ isEncrypted: false });
  });
});
