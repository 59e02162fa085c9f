import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportPackages } from '#lpx/exchange/export.js';
import { importPackage } from '#lpx/exchange/import.js';
import { leaveSchool } from '#lpx/exchange/leave.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { loadCourseCodes, loadSchools } from '#lpx/exchange/load-reference-data.js';
import { loadTable } from '#lpx/exchange/load-table.js';
import { noteOutput } from '#lpx/exchange/note-output.js';
import { noteVerifications } from '#lpx/exchange/note-verification.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { checkReceipt, writeReceipt } from '#lpx/exchange/receipt.js';
import { writeRegisters } from '#lpx/exchange/register.js';
import { removeStudent } from '#lpx/exchange/remove.js';
import { nameSchool, type Store, withStore } from '#lpx/exchange/school-store.js';
import { showStudent } from '#lpx/exchange/show.js';
import { studentStatus } from '#lpx/exchange/status.js';
import { type UndoRequest, undoEntry } from '#lpx/exchange/undo.js';
import { verifyPackage } from '#lpx/exchange/verify.js';
import { type ChainedEntry, entryHash } from '#lpx/store/history/chain.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { describeEngines, newStore } from '../support/postgres.js';
import {
  exportFrom,
  exportRequest,
  importRequest,
  importTo,
  LEFT,
  load,
  NOW,
  OPERATOR,
  school,
  TRANSFER_STUDENT,
} from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const within = <T>(store: string, work: (open: Store) => Promise<T>) => withStore(store, work);
const undo = (store: string, id: number, more: Partial<UndoRequest> = {}) =>
  within(store, (open) => undoEntry(open, { id, ...BY, ...more }));
const lastEntry = (store: string) => within(store, async (open) => (await open.history())[0]?.id ?? 0);
const pick = (store: string, pick: string[], more: { unpick?: string[]; extendedYears?: number } = {}) =>
  within(store, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, unpick: [], pick, ...more }], BY));
const leave = (store: string, as: 'transferred' | 'here') =>
  within(store, (open) => leaveSchool(open, { nationalIds: [TRANSFER_STUDENT], as, on: LEFT, ...BY }));
function table(store: string, name: string, text: string): string {
  const file = join(store, '..', name);
  writeFileSync(file, text);
  return file;
}
const LIST = '身分證號,姓名,出生日期,學號,班級,座號\nA800000014,林小禾,2005/03/09,1001,101,7\nB800000015,陳小麥,2005/04/01,1002,101,8\n';

/** All that readers of a store see, but the history; which records are there by their numbers. */
const seen = (store: string) =>
  within(store, async (open) => {
    const students = await open.students();
    const ids = [...students.map(({ nationalId }) => nationalId), 'A800000014', 'B800000015'];
    const codes = ['109990001H11101A1010101', '109990001H11101A1010102'];
    return {
      school: open.school,
      students,
      each: await Promise.all(ids.map((id) => open.student(id))),
      roll: [...(await open.rollOf(ids))],
      names: [...(await open.names(ids))],
      shared: [...(await open.sharedFiles(ids))],
      courses: await open.courses(codes),
      schools: await open.schools(['990001', '990002', '990003']),
      removed: await open.change(async (change) => ({
        keep: false,
        result: await Promise.all(
          (await Promise.all(ids.map((id) => change.student(id)))).map((student) => student && change.removedRecords(student.id)),
        ),
      })),
    };
  });

const platform = (folder: string, records = [courseResult()], basicData: object = {}): string => {
  writeExchangeFolder(folder, [smallPortfolio(records, basicData)]);
  return folder;
};
const second = courseResult({ createdAt: '2021-01-11 10:00:00', brief: '另一篇' }, { bytes: pdf('y'), type: 'pdf', name: '二.pdf' });

/** A store with something of everything, what happens to it next, and what that is. */
const ENTRIES: Readonly<Record<string, (store: string, folder: string) => Promise<unknown>>> = {
  'a load of records that are new': (store, folder) => load(store, platform(join(folder, 'p2'), [courseResult(), second])),
  'a load that changes a record and basic data': (store, folder) =>
    load(store, platform(join(folder, 'p2'), [courseResult({ brief: '改過' })], { name: '林大禾' })),
  'a load that takes out a picked record': async (store, folder) =>
    within(store, async (open) => {
      const path = platform(join(folder, 'p2'), [second]);
      return loadFolder(open, { path, ...BY, confirmed: true });
    }),
  'a list that puts a student on the roll and moves one': (store) =>
    within(store, (open) => loadTable(open, { path: table(store, 'l.csv', LIST), ...BY })),
  'course codes, some over others': (store) =>
    within(store, (open) =>
      loadCourseCodes(open, {
        path: table(
          store,
          'c2.csv',
          '課程代碼,科目名稱,學分\n109990001H11101A1010101,國語文二,444000\n109990001H11101A1010102,英語文,444000\n',
        ),
        ...BY,
      }),
    ),
  'schools, some over others': (store) =>
    within(store, (open) =>
      loadSchools(open, { path: table(store, 's2.csv', '學校代碼,學校名稱\n990002,新名\n990003,第三高中\n'), ...BY }),
    ),
  'a pick': (store) => pick(store, ['R1']),
  'an unpick with extended years': (store) => pick(store, [], { unpick: ['O1'], extendedYears: 1 }),
  leaving: (store) => leave(store, 'transferred'),
  'the name of the school': (store) => within(store, (open) => nameSchool(open, { name: '新校名', ...BY })),
  'an import of records that are new': async (store, folder) =>
    importTo(store, (await otherSchools(folder, [received('2021-02-01 08:00:00')])).zipFile),
  'an import in the place of a record': async (store, folder) =>
    importTo(store, (await otherSchools(folder, [received('2021-01-10 14:03:22', '換過')])).zipFile, { replace: true }),
  'an import of a new student': async (store, folder) =>
    importTo(store, (await otherSchools(folder, [received('2021-02-01 08:00:00')], 'C800000016')).zipFile),
  'a removal': (store) => within(store, (open) => removeStudent(open, { who: TRANSFER_STUDENT, reason: '誤建', ...BY })),
};

const received = (createdAt: string, brief = '他校') =>
  courseResult(
    { createdAt, brief, originSchoolCode: '990002', courseCode: '109990002H11101A1010101' },
    { bytes: pdf(`z${createdAt}${brief}`), type: 'pdf', name: '他.pdf' },
  );

let otherFolders = 0;

/** A package of another school. */
async function otherSchools(folder: string, records: ReturnType<typeof courseResult>[], nationalId = TRANSFER_STUDENT) {
  const parent = join(folder, `other-${otherFolders++}`);
  mkdirSync(parent);
  const other = await school(parent, '990002');
  writeExchangeFolder(join(parent, 'platform'), [smallPortfolio(records, { schoolCode: '990002', nationalId })]);
  await load(other, join(parent, 'platform'));
  return exportFrom(other, join(parent, 'mail'), { nationalIds: [nationalId] });
}

async function fullStore(folder: string): Promise<string> {
  const store = await school(folder, '990001');
  await load(store, platform(join(folder, 'p1')));
  await importTo(store, (await otherSchools(folder, [received('2021-01-10 14:03:22')])).zipFile);
  await pick(store, ['O1']);
  await within(store, (open) =>
    loadCourseCodes(open, { path: table(store, 'c1.csv', '課程代碼,科目名稱,學分\n109990001H11101A1010101,國語文,444000\n'), ...BY }),
  );
  await within(store, (open) => loadSchools(open, { path: table(store, 's1.csv', '學校代碼,學校名稱\n990002,鄰校\n'), ...BY }));
  return store;
}

let base = '';
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-undo-'));
  base = await fullStore(folder);
  return () => rmSync(folder, { recursive: true });
});

/** A store of its own, as `fullStore` made it. */
function copied(): { readonly store: string; readonly folder: string } {
  const own = tempFolder();
  cpSync(base, join(own, 'store'), { recursive: true });
  return { store: join(own, 'store'), folder: own };
}

describe('an entry that is undone', () => {
  it.each(Object.entries(ENTRIES))('leaves the store as it was before, and redone as it was after: %s', async (_, happen) => {
    const { store, folder: own } = copied();
    const before = await seen(store);
    await happen(store, own);
    const after = await seen(store);
    expect(after).not.toEqual(before);
    const id = await lastEntry(store);

    await undo(store, id, { dryRun: true });
    expect(await seen(store)).toEqual(after);
    const undone = await undo(store, id);
    expect(await seen(store)).toEqual(before);
    await undo(store, undone.historyId);
    expect(await seen(store)).toEqual(after);
    await undo(store, id);
    expect(await seen(store)).toEqual(before);
  });

  it('leaves an empty store when all entries are, the newest first, and the full one when those are undone in turn', async () => {
    const { store } = copied();
    const full = await seen(store);
    const entries = await within(store, (open) => open.history());
    const undone: number[] = [];
    for (const { id, kind } of entries) if (kind !== 'init') undone.push((await undo(store, id)).historyId);
    const empty = await seen(await school(tempFolder(), '990001'));
    expect(await seen(store)).toEqual(empty);
    for (const id of undone.reverse()) await undo(store, id);
    expect(await seen(store)).toEqual(full);
  });

  it('may come again: students and records are there once, and the undo cannot be taken back then', async () => {
    const { store, folder: own } = copied();
    const { zipFile } = await otherSchools(own, [received('2021-02-01 08:00:00')], 'C800000016');
    await importTo(store, zipFile);
    const after = await seen(store);
    const first = await undo(store, await lastEntry(store));
    expect(first.students).toMatchObject([{ nationalId: 'C800000016', roll: 'off', removed: 1, returned: 0 }]);
    await importTo(store, zipFile);
    const again = await lastEntry(store);
    expect((await seen(store)).students).toEqual(after.students);
    await expect(undo(store, first.historyId)).rejects.toMatchObject({ code: 'LPX_UNDO_FIRST', facts: { later: again } });
    await undo(store, again);
    await undo(store, first.historyId);
    expect(await seen(store)).toEqual(after);
  });

  it('is said of in the history by both, and gets no receipt', async () => {
    const { store, folder: own } = copied();
    await importTo(store, (await otherSchools(own, [received('2021-02-01 08:00:00')])).zipFile);
    const id = await lastEntry(store);
    const { historyId } = await undo(store, id);
    const [undone, imported] = await within(store, (open) => open.history());
    expect(undone).toMatchObject({
      kind: 'undo',
      refersTo: id,
      details: { of: 'import' },
      students: [{ courseResults: 1, attachments: 1 }],
    });
    expect(imported).toMatchObject({ id, undoneBy: historyId });
    const receipt = within(store, (open) => writeReceipt(open, { importId: id, outFolder: own, now: NOW, by: OPERATOR }));
    await expect(receipt).rejects.toMatchObject({ code: 'LPX_UNDO_DONE', facts: { by: historyId } });
  });

  it('keeps the files of records that are gone, and of what they were replaced by, among those that are needed', async () => {
    const { store, folder: own } = copied();
    const records = [received('2021-02-01 08:00:00'), received('2021-01-10 14:03:22', '換過')];
    await importTo(store, (await otherSchools(own, records)).zipFile, { replace: true });
    const needed = () => within(store, (open) => open.neededFiles());
    const [files, before] = [readdirSync(join(store, 'attachments'), { recursive: true }), await needed()];
    expect(before).toHaveLength(4);
    await undo(store, await lastEntry(store));
    expect(readdirSync(join(store, 'attachments'), { recursive: true })).toEqual(files);
    expect(await needed()).toEqual(before);
  });

  it('has nothing left of a student who is erased later, and cannot be redone without one', async () => {
    const { store, folder: own } = copied();
    await importTo(store, (await otherSchools(own, [received('2021-01-10 14:03:22', '換過')])).zipFile, { replace: true });
    const { historyId } = await undo(store, await lastEntry(store));
    const files = await within(store, (open) => open.neededFiles());
    await within(store, (open) => open.erasures.erase(TRANSFER_STUDENT, { ...BY, reason: '' }));
    const database = openSqlite(join(store, 'lpx.sqlite'));
    const kept = database.prepare('select * from entry_changes where "before" like \'%課程%\' or student_id is not null').all([]);
    database.close();
    expect(kept).toEqual([]);
    expect(files).toHaveLength(3);
    expect(await within(store, (open) => open.neededFiles())).toEqual([]);
    await expect(undo(store, historyId)).rejects.toMatchObject({ code: 'LPX_UNDO_NOTHING', facts: { entryState: 'erased' } });
    expect(await within(store, (open) => open.students())).toEqual([]);
  });
});

describe('what rests on an entry', () => {
  const hangs = (error: { findings: { code: string; facts: object }[] }) => error.findings.map(({ code, facts }) => ({ code, facts }));
  const refused = async (store: string, id: number) =>
    hangs(
      await undo(store, id).then(
        () => Promise.reject(new Error('undone')),
        (error) => error,
      ),
    );
  const first = (later: number, why: string) => ({ code: 'LPX_UNDO_FIRST', facts: expect.objectContaining({ later, why }) });
  const sent = (later: number) => ({ code: 'LPX_UNDO_SENT', facts: expect.objectContaining({ later }) });
  const more = async (store: string, own: string) => {
    const { zipFile } = await otherSchools(own, [received('2021-02-01 08:00:00')]);
    await importTo(store, zipFile);
    return { zipFile, id: await lastEntry(store) };
  };

  it('is a pick of its records, and a later package that changed one; the newest first', async () => {
    const { store, folder: own } = copied();
    const { id } = await more(store, own);
    await pick(store, ['R2']);
    const picked = await lastEntry(store);
    await importTo(store, (await otherSchools(own, [received('2021-02-01 08:00:00', '換過')])).zipFile, { replace: true });
    const replaced = await lastEntry(store);
    expect(await refused(store, id)).toEqual([first(replaced, 'changed'), first(picked, 'picked')]);
    await undo(store, replaced);
    await undo(store, picked);
    await undo(store, id);
  });

  it('is no table or check of those whom it put on the roll', async () => {
    const folder = tempFolder();
    const { zipFile } = await otherSchools(folder, [received('2021-02-01 08:00:00')]);
    const store = await school(folder, '990003');
    await importTo(store, zipFile);
    const id = await lastEntry(store);
    await within(store, async (open) => {
      const place = { file: '', folder: '', now: NOW, operator: OPERATOR };
      await noteOutput(open, { command: 'students', nationalIds: [TRANSFER_STUDENT] }, place, async () => {});
      const report = await verifyPackage(importRequest(zipFile));
      await noteVerifications(open, [{ zipFile, report }], { now: NOW, operator: OPERATOR });
    });
    expect(await within(store, async (open) => (await open.history()).map(({ students }) => students.length))).toEqual([1, 1, 1]);
    await undo(store, id);
    await undo(store, await lastEntry(store));
  });

  it('is a package that brought other records and had its records, too, and none that brought nothing', async () => {
    const { store, folder: own } = copied();
    const { id, zipFile } = await more(store, own);
    await importTo(store, zipFile);
    await importTo(store, (await otherSchools(own, [received('2021-02-01 08:00:00'), received('2021-03-01 08:00:00')])).zipFile);
    expect(await refused(store, id)).toEqual([first(await lastEntry(store), 'matched')]);
  });

  it('is a load that took out what it brought, and one that named a course otherwise', async () => {
    const { store, folder: own } = copied();
    await load(store, platform(join(own, 'p2'), [courseResult(), second]));
    const id = await lastEntry(store);
    await within(store, (open) => loadFolder(open, { path: platform(join(own, 'p3')), ...BY, confirmed: true }));
    expect(await refused(store, id)).toEqual([first(await lastEntry(store), 'changed')]);
    const codes = (name: string) =>
      within(store, (open) =>
        loadCourseCodes(open, {
          path: table(store, `${name}.csv`, `課程代碼,科目名稱,學分\n109990001H11101A1010102,${name},444000\n`),
          ...BY,
        }),
      );
    await codes('英語文');
    const listed = await lastEntry(store);
    await codes('英文');
    expect(await refused(store, listed)).toEqual([first(await lastEntry(store), 'changed')]);
  });

  it('is a pick that needs the room which an unpick made', async () => {
    const { store } = copied();
    await pick(store, [], { unpick: ['O1'] });
    const id = await lastEntry(store);
    await pick(store, ['R1']);
    expect(await refused(store, id)).toEqual([first(await lastEntry(store), 'picked')]);
  });

  it('is what was sent of it or written, unless it is undone all the same', async () => {
    const { store, folder: own } = copied();
    const { id } = await more(store, own);
    await exportFrom(store, join(own, 'mail'), { reason: 'borrowed-study' });
    const exported = await lastEntry(store);
    await within(store, (open) => writeReceipt(open, { importId: id, outFolder: own, now: NOW, by: OPERATOR }));
    const receipt = await lastEntry(store);
    expect(await refused(store, id)).toEqual([sent(receipt), sent(exported)]);
    const before = await within(store, (open) => open.history());
    expect(await undo(store, id, { despiteSent: true })).toMatchObject({ sent: [{ id: receipt }, { id: exported }] });
    const [undone, ...others] = await within(store, (open) => open.history());
    expect(undone).toMatchObject({ kind: 'undo', details: { of: 'import', despiteSent: true } });
    expect(others.map((entry) => entry.id)).toEqual(before.map((entry) => entry.id));
  });

  it('is no package, of a pick or of extended years: it says nothing of them', async () => {
    const { store, folder: own } = copied();
    await pick(store, [], { unpick: ['O1'], extendedYears: 1 });
    const id = await lastEntry(store);
    await exportFrom(store, join(own, 'mail'), { reason: 'borrowed-study' });
    expect(await undo(store, id)).toMatchObject({ sent: [], students: [{ picked: 1, extendedYears: true }] });
  });

  it('is a register of what was picked, and not one before', async () => {
    const { store, folder: own } = copied();
    const register = () =>
      within(store, (open) =>
        writeRegisters(open, {
          academicYear: 109,
          nationalIds: [],
          batch: 'year',
          evening: false,
          format: 'csv',
          outFolder: join(own, 'out'),
          ...BY,
        }),
      );
    mkdirSync(join(own, 'out'));
    await register();
    await pick(store, ['R1']);
    const id = await lastEntry(store);
    await register();
    expect(await refused(store, id)).toEqual([sent(await lastEntry(store))]);
  });

  it('is the export that marked a student as having left, which stays so when what was sent does not count', async () => {
    const { store, folder: own } = copied();
    const leftIn = async () => (await within(store, (open) => open.rollOf([TRANSFER_STUDENT]))).get(TRANSFER_STUDENT)?.left;
    await leave(store, 'transferred');
    const id = await lastEntry(store);
    await leave(store, 'here');
    await undo(store, await lastEntry(store));
    await exportFrom(store, join(own, 'mail'), { left: '2021-01-19' });
    expect(await refused(store, id)).toEqual([sent(await lastEntry(store))]);
    const { historyId } = await undo(store, id, { despiteSent: true });
    expect(await leftIn()).toEqual({ as: 'transferred', on: '2021-01-19' });
    await undo(store, historyId, { despiteSent: true });
    expect(await leftIn()).toEqual({ as: 'transferred', on: '2021-01-19' });
  });

  it('is the export by which a student left who was put on the roll by it', async () => {
    const store = await school(tempFolder(), '990001');
    await load(store, platform(join(store, '..', 'p')));
    const id = await lastEntry(store);
    await exportFrom(store, join(store, '..', 'mail'), { left: '2021-01-19' });
    expect(await refused(store, id)).toEqual([sent(await lastEntry(store))]);
    await undo(store, id, { despiteSent: true });
    expect(await within(store, (open) => open.students())).toEqual([]);
    expect((await within(store, (open) => open.log.verify())).faultCount).toBe(0);
  });
});

describe('an entry that cannot be undone', () => {
  it.each([
    ['of no number', 4711, 'LPX_UNDO_UNKNOWN'],
    ['0', 0, 'LPX_UNDO_UNKNOWN'],
  ])('is one %s', async (_, id, code) => {
    await expect(undo(copied().store, id)).rejects.toMatchObject({ code });
  });

  it('is named with what to do instead: an export, a receipt, an import that brought nothing or was refused, one that was undone', async () => {
    const { store, folder: own } = copied();
    const { zipFile } = await exportFrom(store, join(own, 'mail'), { reason: 'borrowed-study' });
    await expect(undo(store, await lastEntry(store))).rejects.toMatchObject({ code: 'LPX_UNDO_KIND', facts: { instead: 'export' } });
    await importTo(store, zipFile);
    await expect(undo(store, await lastEntry(store))).rejects.toMatchObject({
      code: 'LPX_UNDO_NOTHING',
      facts: { entryState: 'unchanged' },
    });
    writeFileSync(`${zipFile}.md5`, `${'0'.repeat(32)}  x.zip\n`);
    await importTo(store, zipFile);
    await expect(undo(store, await lastEntry(store))).rejects.toMatchObject({ code: 'LPX_UNDO_NOTHING', facts: { entryState: 'failed' } });
    await within(store, (open) => nameSchool(open, { name: '新校名', ...BY }));
    const id = await lastEntry(store);
    await undo(store, id);
    await expect(undo(store, id)).rejects.toMatchObject({ code: 'LPX_UNDO_DONE' });
  });

  it('is one of an earlier version, which did not keep what was there before', async () => {
    const { store } = copied();
    await pick(store, ['R1']);
    const database = openSqlite(join(store, 'lpx.sqlite'));
    // As its hash was before entries had one of their changes.
    const id = await lastEntry(store);
    const entry = database.prepare(`select * from history where id = ${id}`).all([])[0] as never as ChainedEntry;
    const hash = entryHash({ ...entry, keeps_changes: 0, changes_hash: '' });
    database.exec(`update history set keeps_changes = 0, changes_hash = '', hash = '${hash}' where id = ${id}`);
    database.close();
    await expect(undo(store, await lastEntry(store))).rejects.toMatchObject({ code: 'LPX_UNDO_EARLIER', facts: { missing: 'pick' } });
  });

  it.each([
    `update entry_changes set "before" = '{"left_as":"graduated"}'`,
    'delete from entry_changes',
    `update history set changes_hash = ''; delete from entry_changes`,
    'update history set keeps_changes = 0',
  ])('is one whose kept changes are not what was stored: %s', async (statements) => {
    const { store } = copied();
    await leave(store, 'transferred');
    const id = await lastEntry(store);
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec(statements);
    database.close();
    await expect(undo(store, id)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED' });
  });

  it('is the second of two undos at once', async () => {
    const { store } = copied();
    await pick(store, ['R1']);
    const id = await lastEntry(store);
    const outcomes = await Promise.allSettled([undo(store, id), undo(store, id)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'LPX_UNDO_DONE' } });
  });
});

describe('a student who is removed', () => {
  it('is on no list any more, and comes again as a new one', async () => {
    const { store, folder: own } = copied();
    const before = await seen(store);
    const removed = await within(store, (open) => removeStudent(open, { who: '林小禾', reason: ' 重複 ', ...BY }));
    expect(removed).toMatchObject({ kept: { courseResults: 2, picks: 1 }, unacknowledgedFiles: 2, acknowledgedFiles: 0 });
    expect(removed.findings.map(({ code }) => code)).toEqual(['LPX_REMOVE_FILES']);
    expect(await within(store, (open) => open.student(TRANSFER_STUDENT))).toBeUndefined();
    expect(await within(store, (open) => open.students())).toEqual([]);
    expect((await within(store, (open) => open.history()))[0]).toMatchObject({ kind: 'remove', details: { why: '重複' } });
    await expect(within(store, (open) => removeStudent(open, { who: TRANSFER_STUDENT, reason: '', ...BY }))).rejects.toMatchObject({
      code: 'LPX_STUDENT_REMOVED',
    });
    await load(store, platform(join(own, 'p1')));
    expect((await within(store, (open) => open.student(TRANSFER_STUDENT)))?.records).toMatchObject([{ picked: false, provenance: 'own' }]);
    await undo(store, await lastEntry(store));
    await undo(store, removed.historyId);
    expect(await seen(store)).toEqual(before);
  });

  it('has open what was sent without a receipt, and what no receipt names', async () => {
    const { store, folder: own } = copied();
    const { zipFile } = await exportFrom(store, join(own, 'mail'), { reason: 'borrowed-study' });
    const exported = await lastEntry(store);
    const dry = () => within(store, (open) => removeStudent(open, { who: TRANSFER_STUDENT, reason: '', dryRun: true, ...BY }));
    expect(await dry()).toMatchObject({ openExports: [{ id: exported }], unacknowledgedFiles: 2, historyId: 0 });
    expect((await dry()).findings.map(({ code }) => code)).toEqual(['LPX_REMOVE_UNRECEIVED', 'LPX_REMOVE_FILES']);
    const parent = join(own, 'third');
    mkdirSync(parent);
    const third = await school(parent, '990003');
    const { historyId } = await importTo(third, zipFile);
    const { path } = await within(third, (open) => writeReceipt(open, { importId: historyId, outFolder: parent, now: NOW, by: OPERATOR }));
    await within(store, (open) => checkReceipt(open, { file: path, ...BY }));
    expect(await dry()).toMatchObject({ openExports: [], acknowledgedFiles: 2, unacknowledgedFiles: 0, findings: [] });
  });
});

describeEngines('a student who is off the roll', (engine) => {
  const opened = async () => {
    const folder = tempFolder();
    const { store, location } = await newStore(engine, folder);
    const path = platform(join(folder, 'p'));
    const entry = async () => (await store.history())[0]?.id ?? 0;
    const undo = (id: number, more: Partial<UndoRequest> = {}) => undoEntry(store, { id, ...BY, ...more });
    return { store, location, path, entry, undo };
  };
  const refused = (later: number) => ({ code: 'LPX_UNDO_FIRST', exitCode: 7, facts: { later } });

  it('is named with the newest entry that did it, which brings the student back', async () => {
    const { store, path, entry, undo } = await opened();
    for (let times = 0; times < 2; times++) {
      await loadFolder(store, { path, ...BY });
      await undo(await entry());
    }
    const id = await entry();
    await expect(showStudent(store, TRANSFER_STUDENT)).rejects.toMatchObject({ code: 'LPX_STUDENT_REMOVED', facts: { id } });
    expect(await store.removedStudents([TRANSFER_STUDENT])).toMatchObject([{ removedBy: id, removedAt: NOW }]);
    await undo(id);
    expect(await store.removedStudents()).toEqual([]);
    await undo(await entry());
    expect(await store.removedStudents()).toMatchObject([{ removedBy: await entry() }]);
    await store.close();
  });

  it('is said to be so by every command, with the entry that did it, and comes again with a warning', async () => {
    const { store, path, entry } = await opened();
    const folder = join(path, '..');
    await loadFolder(store, { path, ...BY });
    await removeStudent(store, { who: TRANSFER_STUDENT, reason: '', ...BY });
    const id = await entry();
    const nationalIds = [TRANSFER_STUDENT];
    const tries = [
      pickItems(store, [{ nationalId: TRANSFER_STUDENT, pick: ['O1'], unpick: [] }], BY),
      leaveSchool(store, { nationalIds, as: 'transferred', on: LEFT, ...BY }),
      exportPackages(store, exportRequest(folder)),
      studentStatus(store, TRANSFER_STUDENT),
    ];
    for (const each of await Promise.allSettled(tries))
      expect(each).toMatchObject({ reason: { code: 'LPX_STUDENT_REMOVED', facts: { id }, place: { student: TRANSFER_STUDENT } } });
    const again = { code: 'LPX_STUDENT_AGAIN', severity: 'warning', facts: { id, day: '2021-01-21' } };
    const { zipFile } = await otherSchools(folder, [received('2021-02-01 08:00:00')]);
    const imported = (more: object) => importPackage(store, { ...importRequest(zipFile), dryRun: true, ...more });
    const list = table(folder, 'l.csv', LIST);
    expect(await imported({ createStudents: false })).toMatchObject({ conflicts: [{ code: 'LPX_STUDENT_UNKNOWN' }], notices: [again] });
    expect(await imported({})).toMatchObject({ outcome: 'would-import', notices: [again] });
    expect(await loadFolder(store, { path, ...BY, dryRun: true })).toMatchObject({ findings: [again] });
    expect(await loadTable(store, { path: list, ...BY, dryRun: true })).toMatchObject({
      list: { findings: [{ ...again, place: { row: 1 } }] },
    });
    expect(await loadFolder(store, { path, ...BY })).toMatchObject({ findings: [again] });
    await store.close();
  });

  it('gets no pick, record or mark back before the student is on the roll again, nor a pick whose record was taken out', async () => {
    const { store, path, entry, undo } = await opened();
    const load = (more: object = {}) => loadFolder(store, { path, ...BY, ...more });
    await load();
    const loaded = await entry();
    await pickItems(store, [{ nationalId: TRANSFER_STUDENT, pick: ['O1'], unpick: [] }], BY);
    await leaveSchool(store, { nationalIds: [TRANSFER_STUDENT], as: 'transferred', on: LEFT, ...BY });
    const left = await undo(await entry());
    const unpicked = await undo(left.historyId - 2);
    const off = await undo(loaded);
    for (const { historyId } of [unpicked, left]) await expect(undo(historyId)).rejects.toMatchObject(refused(off.historyId));
    await undo(off.historyId);
    platform(path, [second]);
    await load({ confirmed: true });
    const without = await entry();
    await expect(undo(unpicked.historyId)).rejects.toMatchObject(refused(without));
    await undo(without);
    expect(await undo(unpicked.historyId)).toMatchObject({ students: [{ picked: 1 }], root: { kind: 'pick', stands: true } });
    await store.close();
  });
});
