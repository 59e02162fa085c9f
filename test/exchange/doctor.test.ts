import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Facts } from '#lpx/errors.js';
import { LpxError } from '#lpx/errors.js';
import { backupStore } from '#lpx/exchange/backup.js';
import { type DoctorRequest, examineStore } from '#lpx/exchange/doctor.js';
import { noteErasuresInBackups } from '#lpx/exchange/erase.js';
import { importPackage } from '#lpx/exchange/import.js';
import { leaveSchool } from '#lpx/exchange/leave.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { checkProbe, writeProbe } from '#lpx/exchange/move-probe.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { checkReceipt, writeReceipt } from '#lpx/exchange/receipt.js';
import { removeStudent } from '#lpx/exchange/remove.js';
import { rehearseRestore } from '#lpx/exchange/restore.js';
import { withStore } from '#lpx/exchange/school-store.js';
import type { StoreLocation } from '#lpx/store/location.js';
import { sealOf } from '#lpx/store/seal.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { madeBytes } from '../support/made-bytes.js';
import { describeEngines, newStore } from '../support/postgres.js';
import { exportFrom, importRequest, LEFT, NOW, OPERATOR, SAMPLES, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const later = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
const examine = (store: StoreLocation, request: Partial<DoctorRequest> = {}) =>
  withStore(store, (open) => examineStore(open, { quick: false, repair: false, now: NOW, operator: OPERATOR, ...request }));
const codesOf = ({ findings }: { readonly findings: readonly { readonly code: string }[] }) =>
  [...new Set(findings.map(({ code }) => code))].sort();
const backup = (store: StoreLocation, folder: string, now = NOW) =>
  withStore(store, (open) => backupStore(open, { folder, recipients: [], now, operator: OPERATOR }));

/** The files of a store's vault. */
const filesIn = (store: string): string[] =>
  readdirSync(join(store, 'attachments'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

function tamper(store: string, statements: string): void {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  database.exec(statements);
  database.close();
}

function rowsOf(store: string, query: string): unknown[] {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  const rows = database.prepare(query).all([]);
  database.close();
  return rows;
}

describeEngines('the doctor', (engine) => {
  it('finds a whole store whole, says how much is in no backup, and that nothing is once there is one', async () => {
    const parent = tempFolder();
    const { store, location } = await newStore(engine, parent);
    await loadFolder(store, { path: join(SAMPLES, 'transfer'), now: NOW, operator: OPERATOR });
    await store.close();
    const first = await examine(location);
    expect(first).toMatchObject({ error: undefined, students: 1, owed: 0, hurt: [], backup: undefined, log: { faultCount: 0 } });
    expect(first.gap).toEqual({ records: first.records, takenOut: 0, since: NOW });
    expect([first.records > 0, first.filesChecked === first.files, first.files > 0]).toEqual([true, true, true]);
    expect(codesOf(first)).toEqual(['LPX_BACKUP_NONE', 'LPX_UNPROTECTED']);
    const folder = join(parent, 'backup');
    await backup(location, folder, later(1));
    await withStore(location, (open) => rehearseRestore(open, { folder, now: later(1), operator: OPERATOR }));
    const second = await examine(location, { now: later(2) });
    expect(second).toMatchObject({ findings: [], gap: { records: 0, since: undefined }, backup: { there: true, rehearsedAt: later(1) } });
    expect(codesOf(await examine(location, { now: later(60) }))).toEqual(['LPX_BACKUP_OLD', 'LPX_REHEARSAL_DUE']);
    expect(codesOf(await examine(location, { now: later(-1) }))).toEqual(['LPX_CLOCK_BEHIND']);
    rmSync(join(folder, 'snapshots'), { recursive: true });
    const gone = await examine(location, { now: later(2) });
    expect([codesOf(gone), gone.gap?.records]).toEqual([['LPX_BACKUP_GONE', 'LPX_UNPROTECTED'], first.records]);
  });

  it('counts the kept records of a student who was removed, whom undo brings back, and names the student of their lost files', async () => {
    const parent = tempFolder();
    const { store, location } = await newStore(engine, parent);
    await loadFolder(store, { path: join(SAMPLES, 'transfer'), now: NOW, operator: OPERATOR });
    const [{ sha256 } = { sha256: '' }] = await store.neededFiles();
    const whole = await examine(location);
    await removeStudent(store, { who: TRANSFER_STUDENT, reason: '', now: NOW, operator: OPERATOR });
    rmSync(store.attachments.locationOf(sha256));
    await store.close();
    const { gap, students, records, findings, hurt, error } = await examine(location);
    expect([students, records, gap]).toEqual([0, 0, { records: whole.records, takenOut: whole.records, since: NOW }]);
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(new Set(errors.map(({ code, place }) => `${code} ${place.student}`))).toEqual(
      new Set([`LPX_TAKEN_OUT_FILE ${TRANSFER_STUDENT}`]),
    );
    expect([hurt, error?.code]).toEqual([[TRANSFER_STUDENT], 'LPX_STORE_UNSOUND']);
    await backup(location, join(parent, 'backup'));
    expect((await examine(location)).gap?.records, 'the file is not in it').toBeGreaterThan(0);
  });

  it('names what is noted for removal under no name of lpx, which stays where it is', async () => {
    const { store, location } = await newStore(engine, tempFolder());
    const diary = join(store.attachments.location, '../../diary.txt');
    await store.close();
    writeFileSync(diary, 'another program’s');
    await engine.tamper(location, `insert into remnants values ('../diary.txt')`);
    const { findings, error } = await examine(location);
    expect(findings).toContainEqual(expect.objectContaining({ code: 'LPX_DATABASE_FAULT', facts: { detail: 'remnants: 1' } }));
    expect([existsSync(diary), error?.exitCode]).toEqual([true, 5]);
  });

  it('says when the repository of the newest backup was rehearsed, and counts records whose files are in no backup', async () => {
    const parent = tempFolder();
    const { store, location } = await newStore(engine, parent);
    await loadFolder(store, { path: join(SAMPLES, 'transfer'), now: NOW, operator: OPERATOR });
    const [{ sha256 } = { sha256: '' }] = await store.neededFiles();
    const { length: records } = await store.fileOwners(new Set([sha256]));
    const lost = store.attachments.locationOf(sha256);
    const content = readFileSync(lost);
    await store.close();
    const [whole, lacking] = ['whole', 'lacking'].map((name) => join(parent, name)) as [string, string];
    rmSync(lost);
    await backup(location, lacking, later(1));
    expect((await examine(location, { now: later(1) })).gap).toEqual({ records, takenOut: 0, since: NOW });
    writeFileSync(lost, content);
    await backup(location, whole, later(2));
    await withStore(location, (open) => rehearseRestore(open, { folder: whole, now: later(2), operator: OPERATOR }));
    expect(await examine(location, { now: later(2) })).toMatchObject({
      gap: { records: 0 },
      backup: { folder: whole, rehearsedAt: later(2) },
    });
    rmSync(lost);
    const another = join(parent, 'another');
    await backup(location, another, later(3));
    const last = await examine(location, { now: later(3) });
    expect(last).toMatchObject({ gap: { records: 0 }, backup: { folder: another, rehearsedAt: undefined } });
    expect(codesOf(last)).toContain('LPX_REHEARSAL_NONE');
    rmSync(join(whole, 'snapshots'), { recursive: true });
    expect((await examine(location, { now: later(3) })).gap).toEqual({ records, takenOut: 0, since: NOW });
  });

  it('names the students of files that are lost or broken, and proves a probe that was written before a move', async () => {
    const { store, location } = await newStore(engine, tempFolder());
    await loadFolder(store, { path: join(SAMPLES, 'transfer'), now: NOW, operator: OPERATOR });
    const { probe } = await writeProbe(store, { now: NOW, operator: OPERATOR });
    expect(await checkProbe(store, 0)).toEqual({ probe, since: 0, faults: [] });
    const { files, bytes } = await examineStore(store, { quick: true, repair: false, now: NOW, operator: OPERATOR });
    expect({ count: files, bytes }, 'as the probe counts them').toEqual(probe.files);
    const [lost, broken] = (await store.neededFiles()).map(({ sha256 }) => store.attachments.locationOf(sha256)) as [string, string];
    await store.close();
    rmSync(lost);
    writeFileSync(broken, madeBytes(statSync(broken).size));
    const quick = await examine(location, { quick: true });
    expect([codesOf(quick).includes('LPX_ATTACHMENT_LOST'), codesOf(quick).includes('LPX_ATTACHMENT_BROKEN')]).toEqual([true, false]);
    const whole = await examine(location);
    expect(whole).toMatchObject({ hurt: [TRANSFER_STUDENT], error: { code: 'LPX_STORE_UNSOUND', exitCode: 5 } });
    expect(codesOf(whole)).toEqual(['LPX_ATTACHMENT_BROKEN', 'LPX_ATTACHMENT_LOST', 'LPX_BACKUP_NONE', 'LPX_UNPROTECTED']);
  });
});

describe('the doctor', () => {
  it('names folders of the store that are links, and neither moves nor writes anything through them', async () => {
    for (const name of ['quarantine', 'attachments/c5', 'attachments']) {
      const store = await transferSchool(tempFolder());
      const elsewhere = join(tempFolder(), 'elsewhere');
      mkdirSync(join(store, 'attachments', 'c5'), { recursive: true });
      writeFileSync(join(store, 'attachments', 'c5', `c5${'0'.repeat(62)}`), 'of nobody');
      if (name === 'quarantine') mkdirSync(elsewhere);
      else renameSync(join(store, name), elsewhere);
      symlinkSync(elsewhere, join(store, name));
      const before = readdirSync(elsewhere, { recursive: true });
      const report = await examine(store, { repair: true });
      expect(report, name).toMatchObject({ hurt: [], repairs: undefined, error: { code: 'LPX_STORE_UNSOUND_NOBODY' } });
      expect(report.findings).toContainEqual(expect.objectContaining({ code: 'LPX_STORE_LINK', facts: { file: join(store, name) } }));
      await withStore(store, async (open) => {
        await expect(open.attachments.stage()).rejects.toMatchObject({ code: 'LPX_STORE_LINK', exitCode: 5 });
        await expect(open.attachments.remove('c5'.repeat(32))).rejects.toMatchObject({ code: 'LPX_STORE_LINK' });
      });
      expect(readdirSync(elsewhere, { recursive: true })).toEqual(before);
    }
  });

  it('reads everything in seven nights, and no part of it twice', async () => {
    const store = await transferSchool(tempFolder());
    const whole = await examine(store);
    const parts: (typeof whole)[] = [];
    for (let number = 1; number <= 7; number++) parts.push(await examine(store, { part: { number, of: 7 } }));
    const sum = (count: (report: typeof whole) => number) => parts.reduce((total, part) => total + count(part), 0);
    expect(sum(({ filesChecked }) => filesChecked)).toBe(whole.filesChecked);
    expect(sum(({ rowsChecked }) => rowsChecked)).toBe(whole.rowsChecked);
    writeFileSync(filesIn(store)[0] as string, madeBytes(statSync(filesIn(store)[0] as string).size));
    let finders = 0;
    for (let number = 1; number <= 7; number++) if ((await examine(store, { part: { number, of: 7 } })).error) finders++;
    expect(finders).toBe(1);
    // What is gone is missed in every part.
    rmSync(filesIn(store)[0] as string);
    expect((await examine(store, { part: { number: 3, of: 7 } })).hurt).toEqual([TRANSFER_STUDENT]);
  });

  it('names the student of a record, and of basic data, that have changed since they were stored', async () => {
    for (const statement of [
      `update own_records set fields = replace(fields, '"', ' "') where id = 1`,
      `update students set basic_data = replace(basic_data, '林', '李')`,
    ]) {
      const store = await transferSchool(tempFolder());
      tamper(store, statement);
      const report = await examine(store);
      expect(report.hurt, statement).toEqual([TRANSFER_STUDENT]);
      expect(codesOf(report)).toContain('LPX_STORE_DAMAGED');
    }
  });

  it.each(['99999999', 'null', '[null]', '{"a":1}', '"text"', '['])(
    'names the student and the record of columns that are %s',
    async (value) => {
      const store = await transferSchool(tempFolder());
      for (const column of ['owed', 'repairs', 'extras', 'fields']) {
        const [before] = rowsOf(store, `select ${column} as value from own_records where id = 1`) as [{ value: string }];
        tamper(store, `update own_records set ${column} = '${value}' where id = 1`);
        const report = await examine(store);
        expect([column, report.hurt, report.error?.exitCode]).toEqual([column, [TRANSFER_STUDENT], 5]);
        expect(report.findings.find(({ code }) => code === 'LPX_STORE_DAMAGED')?.place).toMatchObject({
          student: TRANSFER_STUDENT,
          ref: 'O1',
        });
        const reading: Promise<unknown> = withStore<unknown>(store, (open) =>
          column === 'owed' ? open.students() : open.student(TRANSFER_STUDENT),
        );
        await expect(reading, column).rejects.toMatchObject({
          code: 'LPX_STORE_DAMAGED',
          exitCode: 5,
          place: { student: TRANSFER_STUDENT },
        });
        tamper(store, `update own_records set ${column} = '${before.value}' where id = 1`);
      }
      for (const statement of [`students set basic_data = '${value}'`, `history set details = '${value}'`]) {
        const copy = await transferSchool(tempFolder());
        tamper(copy, `update ${statement}`);
        expect((await examine(copy)).error?.exitCode, statement).toBe(5);
      }
    },
  );

  it('names the student of whom records or picks are missing, were changed or put in, and entries that lost what they changed', async () => {
    const original = await transferSchool(tempFolder());
    const by = { now: NOW, operator: OPERATOR };
    await withStore(original, async (open) => {
      await pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: ['O2'], unpick: [] }], by);
      await leaveSchool(open, { nationalIds: [TRANSFER_STUDENT], as: 'here', on: '2021-01-20', ...by });
    });
    expect((await examine(original)).error).toBeUndefined();
    for (const [statement, code] of [
      ['delete from own_records', 'LPX_STORE_DAMAGED'],
      ['delete from picks', 'LPX_STORE_DAMAGED'],
      [`update picks set at = '2020-01-01T00:00:00.000Z'`, 'LPX_STORE_DAMAGED'],
      [`update picks set provenance = 'ow0'`, 'LPX_STORE_DAMAGED'],
      [`insert into picks values ('own', 3, 1, '2020-01-01T00:00:00.000Z')`, 'LPX_STORE_DAMAGED'],
      [`update students set holds = ''`, 'LPX_STORE_DAMAGED'],
      ['delete from entry_changes', 'LPX_LOG_FAULT'],
      [`update entry_changes set row_key = '["own",9]'`, 'LPX_LOG_FAULT'],
      ['update history set keeps_changes = 0', 'LPX_LOG_FAULT'],
    ] as const) {
      const store = join(tempFolder(), 'store');
      cpSync(original, store, { recursive: true });
      tamper(store, `pragma foreign_keys = off; ${statement}`);
      const report = await examine(store, { quick: true });
      expect([statement, report.error?.exitCode, codesOf(report).includes(code)]).toEqual([statement, 5, true]);
      if (code === 'LPX_STORE_DAMAGED') expect(report.hurt, statement).toEqual([TRANSFER_STUDENT]);
    }
  });

  it('names a damaged student also where a file of theirs is lost and the log of the backups was edited', async () => {
    const parent = tempFolder();
    const store = await transferSchool(parent);
    await backup(store, join(parent, 'backup'));
    rmSync(filesIn(store)[0] as string);
    expect((await examine(store)).error?.facts).toMatchObject({ backup: join(parent, 'backup') });
    tamper(
      store,
      `update students set basic_data = replace(basic_data, '林', '李'); update history set details = '{}' where kind = 'backup'`,
    );
    const report = await examine(store);
    expect(report.hurt).toEqual([TRANSFER_STUDENT]);
    expect(codesOf(report)).toEqual(expect.arrayContaining(['LPX_ATTACHMENT_LOST', 'LPX_LOG_FAULT', 'LPX_STORE_DAMAGED']));
  });

  it('finds an edited log, rows that refer to nothing, and a record of nobody', async () => {
    const store = await transferSchool(tempFolder());
    tamper(store, `update history set operator = 'somebody' where id = 1`);
    expect(codesOf(await examine(store))).toContain('LPX_LOG_FAULT');
    const second = await transferSchool(tempFolder());
    tamper(second, `pragma foreign_keys = off; insert into picks values ('own', 9999, 1, '2021-01-01T00:00:00.000Z')`);
    expect(codesOf(await examine(second))).toContain('LPX_DATABASE_FAULT');
    const cut = await transferSchool(tempFolder());
    tamper(cut, `pragma foreign_keys = off; delete from history`);
    const found = (await examine(cut)).findings.filter(({ code }) => code === 'LPX_ROWS_STRAY');
    const strays = found.map(({ facts }): Facts => facts);
    expect(strays).toContainEqual({ table: 'own_records', lostRows: 'history', count: expect.any(Number) });
    expect(new Set(strays.map(({ table }) => table)).size, 'one for each table').toBe(strays.length);
    const third = await transferSchool(tempFolder());
    tamper(third, `pragma foreign_keys = off; update own_records set student_id = 77 where id = 1`);
    expect(codesOf(await examine(third))).toEqual(expect.arrayContaining(['LPX_ROWS_STRAY', 'LPX_STORE_DAMAGED']));
  });

  it.skipIf(process.platform === 'win32')('repairs permissions and moves what no record names aside, and no more than that', async () => {
    const store = await transferSchool(tempFolder());
    const [file] = filesIn(store) as [string];
    const orphan = 'a'.repeat(64);
    const content = madeBytes(100);
    const real = createHash('sha256').update(content).digest('hex');
    mkdirSync(join(store, 'attachments', real.slice(0, 2)), { recursive: true });
    writeFileSync(join(store, 'attachments', real.slice(0, 2), real), content);
    mkdirSync(join(store, 'attachments', 'aa'), { recursive: true });
    chmodSync(file, 0o644);
    chmodSync(dirname(file), 0o755);
    const before = filesIn(store).length;
    const report = await examine(store);
    expect(codesOf(report)).toEqual(expect.arrayContaining(['LPX_MODE_LOOSE', 'LPX_ORPHANS']));
    expect([report.error, filesIn(store).length]).toEqual([undefined, before]);
    const repaired = await examine(store, { repair: true });
    expect(repaired.repairs).toMatchObject({ orphans: 1 });
    expect(repaired.repairs?.modes).toBeGreaterThanOrEqual(2);
    expect([existsSync(join(store, 'quarantine', real)), existsSync(join(store, 'quarantine', orphan))]).toEqual([true, false]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const after = await examine(store);
    expect(codesOf(after)).toEqual(['LPX_BACKUP_NONE', 'LPX_UNPROTECTED']);
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({ kind: 'repair', details: { orphans: 1 } });
  });

  it('that is cut short while it moves files aside leaves a store that is whole, and moves none while the log has faults', async () => {
    const store = await transferSchool(tempFolder());
    const content = madeBytes(100);
    const row = {
      sha256: createHash('sha256').update(content).digest('hex'),
      md5: createHash('md5').update(content).digest('hex'),
      bytes: 100,
    };
    mkdirSync(join(store, 'attachments', row.sha256.slice(0, 2)), { recursive: true });
    writeFileSync(join(store, 'attachments', row.sha256.slice(0, 2), row.sha256), content);
    const seal = sealOf('attachments', row);
    tamper(store, `insert into attachments (sha256, md5, bytes, seal) values ('${row.sha256}', '${row.md5}', 100, '${seal}')`);
    const cutShort = withStore(store, (open) => {
      Object.assign(open.attachments, {
        setAside: async (sha256: string) => {
          await open.attachments.remove(sha256);
          throw new LpxError('LPX_DISK_FULL', { file: sha256 });
        },
      });
      return examineStore(open, { quick: false, repair: true, now: NOW, operator: OPERATOR });
    });
    await expect(cutShort).rejects.toMatchObject({ code: 'LPX_DISK_FULL' });
    expect(codesOf(await examine(store))).toEqual(['LPX_BACKUP_NONE', 'LPX_UNPROTECTED']);
    writeFileSync(join(store, 'attachments', row.sha256.slice(0, 2), row.sha256), content);
    tamper(store, `update history set operator = 'somebody' where id = 1`);
    const report = await examine(store, { repair: true });
    expect([codesOf(report), report.repairs]).toMatchObject([expect.arrayContaining(['LPX_LOG_FAULT', 'LPX_ORPHANS']), { orphans: 0 }]);
  });

  it('warns of a backup that would bring an erased student back, until the erasure is finished', async () => {
    const store = await transferSchool(tempFolder());
    const folder = join(tempFolder(), 'backup');
    await withStore(store, (open) => backupStore(open, { folder, recipients: [], now: NOW, operator: OPERATOR }));
    // As a process leaves it that ends here.
    await withStore(store, (open) => open.erasures.erase(TRANSFER_STUDENT, { now: NOW, operator: OPERATOR, reason: '' }));
    expect((await examine(store)).findings).toContainEqual(expect.objectContaining({ code: 'LPX_BACKUP_UNERASED', facts: { folder } }));
    await withStore(store, noteErasuresInBackups);
    expect(codesOf(await examine(store))).not.toContain('LPX_BACKUP_UNERASED');
  });

  it('sets nothing aside that an erasure does not reach later', async () => {
    const store = await transferSchool(tempFolder());
    const [file] = filesIn(store) as [string];
    const aside = join(store, 'quarantine', basename(file));
    mkdirSync(dirname(aside));
    copyFileSync(file, aside);
    await withStore(store, (open) => open.erasures.erase(TRANSFER_STUDENT, { now: NOW, operator: OPERATOR, reason: '' }));
    expect([file, aside].filter((path) => existsSync(path))).toEqual([]);
  });

  it('counts records as protected that another school has acknowledged, not those for which this one wrote the receipt', async () => {
    const parent = tempFolder();
    const sender = await transferSchool(parent);
    const { zipFile } = await exportFrom(sender, parent, { left: LEFT });
    const receiver = await school(parent, '990002');
    const { historyId } = (await withStore(receiver, (open) => importPackage(open, importRequest(zipFile)))) as { historyId: number };
    const before = await examine(receiver);
    expect(before.gap?.records).toBe(before.records);
    const receipt = await withStore(receiver, (open) =>
      writeReceipt(open, { importId: historyId, by: 'registrar', outFolder: parent, now: later(1) }),
    );
    expect((await examine(receiver)).gap).toEqual(before.gap);
    await withStore(sender, (open) => checkReceipt(open, { file: receipt.path, now: later(1), operator: OPERATOR }));
    expect((await examine(sender)).gap).toEqual({ records: 0, takenOut: 0, since: undefined });
  });

  it('tells after a move what did not come along: files, rows, or a copy that was older', async () => {
    const parent = tempFolder();
    const store = await transferSchool(parent);
    const old = join(parent, 'old');
    cpSync(store, old, { recursive: true });
    await withStore(store, (open) => writeProbe(open, { now: NOW, operator: OPERATOR }));
    const check = (folder: string) => withStore(folder, (open) => checkProbe(open, 0)).then(({ faults }) => faults);
    const moved = (name: string) => {
      const to = join(parent, name);
      cpSync(store, to, { recursive: true });
      return to;
    };
    expect(await check(moved('same'))).toEqual([]);
    expect(await check(old)).toEqual([{ what: 'noProbe' }]);
    const without = moved('without');
    rmSync(join(without, 'attachments'), { recursive: true });
    mkdirSync(join(without, 'attachments'));
    expect(await check(without)).toEqual([{ what: 'fileLost' }]);
    const fewer = moved('fewer');
    tamper(fewer, 'pragma foreign_keys = off; delete from own_records where id = 1');
    const [fault] = await check(fewer);
    expect(fault).toMatchObject({ what: 'rows', table: 'own_records' });
  });
});
