import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leaveSchool } from '#lpx/exchange/leave.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { writeRegisters } from '#lpx/exchange/register.js';
import { nameSchool, withStore } from '#lpx/exchange/school-store.js';
import { studentsHere } from '#lpx/exchange/students.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import {
  exportFrom,
  importTo,
  LEFT,
  load,
  NOW,
  OPERATOR,
  SAMPLES,
  school,
  studentIn,
  TRANSFER_STUDENT,
  transferSchool,
} from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const leftOf = async (store: string) => (await studentIn(store, TRANSFER_STUDENT)).left;
const leave = (store: string, as: 'transferred' | 'graduated' | 'here') =>
  withStore(store, (open) => leaveSchool(open, { nationalIds: [TRANSFER_STUDENT], as, on: LEFT, ...BY }));
const pick = (store: string, includeLeft = false) =>
  withStore(store, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: ['O2'], unpick: [] }], { ...BY, includeLeft }));

describe('a list of who left', () => {
  it('names every student who is not in the store, each with the row, and changes nobody', async () => {
    const store = await transferSchool(tempFolder());
    const at = (row: number) => ({ file: 'list.txt', row });
    const request = { nationalIds: ['B800000015', TRANSFER_STUDENT, 'C800000016'], as: 'transferred', on: LEFT, ...BY } as const;
    const namedAt = new Map(request.nationalIds.map((id, row) => [id, at(row)]));
    await expect(withStore(store, (open) => leaveSchool(open, { ...request, namedAt }))).rejects.toMatchObject({
      code: 'LPX_NOT_IN_STORE',
      findings: [{ place: { student: 'B800000015', ...at(0) } }, { place: { student: 'C800000016', ...at(2) } }],
    });
    expect(await leftOf(store)).toBeUndefined();
  });

  it('with a last day that is still to come is refused', async () => {
    const store = await transferSchool(tempFolder());
    const request = { nationalIds: [TRANSFER_STUDENT], as: 'transferred', on: '2099-01-01', ...BY } as const;
    await expect(withStore(store, (open) => leaveSchool(open, request))).rejects.toMatchObject({ code: 'LPX_LEFT_IN_FUTURE' });
  });
});

describe('a student who left', () => {
  it.each(['transfer', 'experimental'] as const)('is one whose package for a %s is written, from the day left on', async (reason) => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await exportFrom(store, join(folder, 'mail'), { reason, dryRun: true });
    expect(await leftOf(store)).toBeUndefined();
    await exportFrom(store, join(folder, 'mail'), { reason });
    expect(await leftOf(store)).toEqual({ as: 'transferred', on: LEFT });
  });

  it('is none who was here on loan', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await exportFrom(store, join(folder, 'mail'), { reason: 'borrowed-study' });
    expect(await leftOf(store)).toBeUndefined();
  });

  it('is here again once a package for this school brings something new', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const store = await school(folder, '990002');
    await load(store, join(SAMPLES, 'transfer'));
    await leave(store, 'transferred');
    expect((await importTo(store, zipFile)).outcome).toBe('unchanged');
    expect(await leftOf(store)).toEqual({ as: 'transferred', on: LEFT });
    const empty = await school(tempFolder(), '990002');
    await withStore(empty, (open) =>
      open.change(async (change) => ({
        keep: true,
        result: await change.addStudent((await studentIn(store, TRANSFER_STUDENT)).basicData, {}),
      })),
    );
    await leave(empty, 'graduated');
    await importTo(empty, zipFile);
    expect(await leftOf(empty)).toBeUndefined();
  });

  it('is left out by default of what is for everybody, and of picks', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await load(store, join(SAMPLES, 'full'));
    await pick(store);
    await leave(store, 'graduated');
    const here = (includeLeft: boolean) => withStore(store, async (open) => (await studentsHere(open, includeLeft)).length);
    expect([await here(false), await here(true)]).toEqual([1, 2]);
    await expect(pick(store)).rejects.toMatchObject({ code: 'LPX_STUDENT_LEFT', exitCode: 7, facts: { as: 'graduated', day: LEFT } });
    expect(await pick(store, true)).toHaveLength(1);
    const register = { academicYear: 109, nationalIds: [], batch: 'year', evening: false, format: 'csv', ...BY } as const;
    const write = (outFolder: string, request: object) =>
      withStore(store, (open) => writeRegisters(open, { ...register, outFolder, ...request }));
    await expect(write(join(folder, 'a'), {})).rejects.toMatchObject({ code: 'LPX_NOTHING_PICKED' });
    expect((await write(join(folder, 'b'), { includeLeft: true })).students).toBe(1);
    expect((await write(join(folder, 'c'), { nationalIds: [TRANSFER_STUDENT] })).students).toBe(1);
  });

  it('is in the list with that, and in the history; saying it again changes nothing', async () => {
    const store = await transferSchool(tempFolder());
    expect(await leave(store, 'graduated')).toMatchObject([{ changed: true, left: { as: 'graduated', on: LEFT } }]);
    expect(await leave(store, 'graduated')).toMatchObject([{ changed: false }]);
    expect(await leave(store, 'here')).toMatchObject([{ changed: true, left: undefined }]);
    const entries = await withStore(store, (open) => open.history({ kinds: ['leave'] }));
    expect(entries).toMatchObject([
      { details: { as: 'here' } },
      { details: { as: 'graduated', on: LEFT }, students: [{ nationalId: TRANSFER_STUDENT }] },
    ]);
    await leave(store, 'transferred');
    expect(await withStore(store, (open) => open.students())).toMatchObject([{ left: { as: 'transferred', on: LEFT } }]);
    await expect(
      withStore(store, (open) => leaveSchool(open, { nationalIds: [TRANSFER_STUDENT, 'Z'], as: 'here', on: LEFT, ...BY })),
    ).rejects.toMatchObject({
      code: 'LPX_NOT_IN_STORE',
    });
    expect(await leftOf(store)).toEqual({ as: 'transferred', on: LEFT });
  });

  it('whose row says so against its seal is damaged', async () => {
    const store = await transferSchool(tempFolder());
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec(`update students set left_as = 'graduated', left_on = '2021-01-22'`);
    database.close();
    await expect(studentIn(store, TRANSFER_STUDENT)).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED' });
  });
});

describe('the name of a school', () => {
  it('can be set later, and changed, and is in the history', async () => {
    const store = await transferSchool(tempFolder());
    const name = (text: string) => withStore(store, (open) => nameSchool(open, { name: text, ...BY }));
    expect(await name(' 示範高中 ')).toEqual({ school: { code: '990001', name: '示範高中' }, changed: true });
    expect(await name('示範高中')).toMatchObject({ changed: false });
    expect(await withStore(store, async (open) => open.school)).toEqual({ code: '990001', name: '示範高中' });
    expect(await withStore(store, (open) => open.history({ kinds: ['school'] }))).toMatchObject([
      { details: { name: '示範高中', before: '' } },
    ]);
  });
});
