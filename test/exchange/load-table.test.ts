import { join } from 'node:path';
import { writeXlsx } from 'hucre/xlsx';
import { describe, expect, it } from 'vitest';
import type { LoadRegistersRequest } from '#lpx/exchange/load-registers.js';
import { isTable, loadTable } from '#lpx/exchange/load-table.js';
import { type Store, withStore } from '#lpx/exchange/school-store.js';
import type { StoreChange } from '#lpx/store/store.js';
import { NOW, OPERATOR, SAMPLES, school } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { put } from '../support/zips.js';

const table = (store: string, path: string, request: Partial<LoadRegistersRequest> = {}) =>
  withStore(store, (open) => loadTable(open, { path, now: NOW, operator: OPERATOR, ...request }));
const rollOf = (store: string) => withStore(store, async (open) => (await open.students()).map(({ nationalId }) => nationalId));
const fresh = () => school(tempFolder(), '990001');

/** A workbook with a list of students and a register of works. */
async function both(work: readonly string[], cover = '990001', ...students: readonly (readonly string[])[]): Promise<string> {
  const sheets = [
    {
      name: '封面',
      rows: [
        ['學校代碼', '學年度', '學期', '名冊別'],
        [cover, '109', '0', '25'],
      ],
    },
    {
      name: '學生名單',
      rows: [['身分證號', '姓名', '出生日期'], ['A800000014', '林小禾', '0940309'], ...students.map((student) => [...student])],
    },
    { name: '作品成果紀錄', rows: [['身分證號', '出生日期', '名稱', '日期', '內容簡述'], [...work]] },
  ];
  return put(join(tempFolder(), 'both.xlsx'), Buffer.from(await writeXlsx({ sheets })));
}
/** A store in whose changes one method fails once students have been put on the roll. */
function failingIn(store: Store, method: keyof StoreChange): Store {
  const overriding = <T extends object>(target: T, methods: Partial<T>) =>
    new Proxy(target, {
      get: (_, key) => {
        const member = methods[key as keyof T] ?? target[key as keyof T];
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  let enrolled = false;
  const failing = (change: StoreChange) =>
    overriding<StoreChange>(change, {
      enrol: (students) => {
        enrolled = true;
        return change.enrol(students);
      },
      [method]: async (...given: unknown[]) => {
        if (enrolled) throw new Error(method);
        return (change[method] as (...given: unknown[]) => unknown)(...given);
      },
    });
  return overriding<Store>(store, { change: (work) => store.change((change) => work(failing(change))) });
}
const WORK = ['A800000014', '0940309', '木工椅', '1091201', ''];

describe('a workbook with a list and a register', () => {
  it('is loaded as one: records may be of students whom only the list names', async () => {
    const store = await fresh();
    const file = await both(WORK);
    expect(await table(store, file)).toMatchObject({ list: { created: 1 }, registers: { rows: 1, students: [{ added: 1 }] } });
    expect(await table(store, file)).toMatchObject({ list: { unchanged: 1 }, registers: { students: [{ added: 0, unchanged: 1 }] } });
  });

  it.each([
    ['a record of nobody', ['B800000015', '', '木工椅', '1091201', '']],
    ['another birth date', ['A800000014', '0950309', '木工椅', '1091201', '']],
    ['a day that is none', ['A800000014', '0940309', '木工椅', '1091301', '']],
  ])('of which the register has %s is not loaded at all', async (_, work) => {
    const store = await fresh();
    await expect(table(store, await both(work))).rejects.toMatchObject({
      code: 'LPX_ROSTER_CELL',
      place: { sheet: '作品成果紀錄', row: 1 },
    });
    expect(await rollOf(store)).toEqual([]);
  });

  it('changes nothing in a dry run', async () => {
    const store = await fresh();
    expect(await table(store, await both(WORK), { dryRun: true })).toMatchObject({
      list: { created: 1 },
      registers: { students: [{ added: 1 }] },
    });
    expect(await rollOf(store)).toEqual([]);
    expect(await withStore(store, (open) => open.history())).toEqual([]);
  });

  it.each(['addRecords', 'addHistoryStudent'] as const)(
    'of which the register fails as it is written (%s) leaves the list out too',
    async (method) => {
      const store = await fresh();
      const file = await both(WORK);
      const failing = (open: Store) => failingIn(open, method);
      await expect(withStore(store, (open) => loadTable(failing(open), { path: file, now: NOW, operator: OPERATOR }))).rejects.toThrow(
        method,
      );
      expect(await rollOf(store)).toEqual([]);
      expect(await withStore(store, (open) => open.history())).toEqual([]);
      await table(store, file);
      expect(await rollOf(store)).toEqual(['A800000014']);
    },
  );

  it('has an entry of the history for each that changed something, and none for the other', async () => {
    const store = await fresh();
    const entries = async () =>
      (await withStore(store, (open) => open.history())).map(({ students }) =>
        students.map(({ created, multiPerformances }) => ({ created, multiPerformances })),
      );
    await table(store, await both(['A800000014', '0940309', '木工椅', '1091201', '']));
    const first = [[{ created: false, multiPerformances: 1 }], [{ created: true, multiPerformances: 0 }]];
    expect(await entries()).toEqual(first);
    await table(store, await both(WORK));
    expect(await entries()).toEqual(first);
    const more = await both(WORK, '990001', ['B800000015', '王小明', '0940310']);
    expect(await table(store, more)).toMatchObject({ list: { created: 1 }, registers: { changed: false } });
    expect(await entries()).toEqual([[{ created: true, multiPerformances: 0 }], ...first]);
  });

  it('of which the register has titles alone is a list', async () => {
    const store = await fresh();
    expect(await table(store, await both([]))).toMatchObject({ list: { created: 1, dryRun: false }, registers: undefined });
    expect(await rollOf(store)).toEqual(['A800000014']);
  });

  it('whose cover is another school’s is refused', async () => {
    const store = await fresh();
    await expect(table(store, await both(WORK, '990002'))).rejects.toMatchObject({
      code: 'LPX_REGISTER_OTHER_SCHOOL',
      facts: { value: '990002', school: '990001' },
    });
    expect(await rollOf(store)).toEqual([]);
  });
});

describe('a path', () => {
  it('is a table by its content and name', async () => {
    const folder = tempFolder();
    const is = (name: string, text: string) => isTable(put(join(folder, name), Buffer.from(text)));
    expect(await is('a.csv', '')).toBe(true);
    expect(await is('a.txt', '身分證號,姓名\n')).toBe(true);
    expect(await is('a.json', '[{"基本資料":{}},{}]')).toBe(false);
    expect(await is('b.json', '{"a":1,"b":2}')).toBe(false);
    expect(await isTable(await both(WORK))).toBe(true);
    expect(await isTable(join(SAMPLES, 'transfer'))).toBe(false);
    expect(await isTable(join(folder, 'none.csv'))).toBe(false);
  });
});
