/** Loading again what a platform hands over: its word is the truth for the school's own records, as far as it goes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportPackages } from '#lpx/exchange/export.js';
import { type LoadRequest, loadFolder } from '#lpx/exchange/load.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { type MadeRecord, writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, exportRequest, importTo, load, NOW, OPERATOR, school, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, defaultsOf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const course = (n: number, fields: object = {}) =>
  courseResult({ createdAt: `2021-01-10 14:03:${String(n).padStart(2, '0')}`, subjectName: `科目${n}`, ...fields }, null);
const courses = (...numbers: readonly number[]) => numbers.map((n) => course(n));
const work = (n: number): MadeRecord =>
  ({
    list: 'works',
    fields: { ...defaultsOf('works'), originSchoolCode: '990001', academicYear: 109, semester: 1, title: `作品${n}`, uploadTerm: '1091' },
    extras: {},
    document: null,
    media: null,
  }) as unknown as MadeRecord;

/** A school with these records, and how its platform hands over others. */
async function schoolWith(records: readonly MadeRecord[]) {
  const folder = tempFolder();
  const store = await school(folder, '990001');
  const path = join(folder, 'platform');
  const reload = (now: readonly MadeRecord[], request: Partial<LoadRequest> = {}, basicData: object = {}) => {
    writeExchangeFolder(path, [smallPortfolio(now, basicData)]);
    return withStore(store, (open) => loadFolder(open, { path, now: NOW, operator: OPERATOR, ...request }));
  };
  await reload(records);
  return { folder, store, path, reload };
}

const titles = async (store: string) =>
  (await studentIn(store, TRANSFER_STUDENT)).records.map(({ record: { fields } }) => ('subjectName' in fields ? fields.subjectName : 'x'));

describe('a reload', () => {
  it('takes out what the platform no longer has, and says what that is', async () => {
    const { store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6));
    const { students, changed } = await reload(courses(1, 2, 3, 4, 5));
    expect(changed).toBe(true);
    expect(students).toMatchObject([{ added: 0, unchanged: 5, removed: [{ ref: 'O6', title: '科目6', term: '1091' }] }]);
    expect(await titles(store)).toEqual(['科目1', '科目2', '科目3', '科目4', '科目5']);
    expect(await withStore(store, (open) => open.recordOutcomes(2))).toMatchObject([{ outcome: 'removed', record: { id: 6 } }]);
    expect(await withStore(store, (open) => open.students())).toMatchObject([{ courseResults: 5 }]);
  });

  it('is in the history with every record that it removed, updated or brought back', async () => {
    const { store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6));
    await reload([...courses(1, 2, 3, 4), course(5, { brief: '改過' })]);
    await reload([...courses(1, 2, 3, 4), course(5, { brief: '改過' }), ...courses(6)]);
    const loads = await withStore(store, (open) => open.history());
    expect(loads.map(({ students }) => students[0]?.records.map(({ ref, title, outcome }) => [ref, title, outcome]))).toEqual([
      [['O6', '科目6', 'returned']],
      [
        ['O5', '科目5', 'replaced'],
        ['O6', '科目6', 'removed'],
      ],
      [],
    ]);
  });

  it('leaves nothing of it to be exported or picked', async () => {
    const { folder, store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6));
    await reload(courses(1, 2, 3, 4, 5));
    const choice = { nationalId: TRANSFER_STUDENT, pick: ['O6'], unpick: [] };
    const picking = withStore(store, (open) => pickItems(open, [choice], { now: NOW, operator: OPERATOR }));
    await expect(picking).rejects.toMatchObject({ code: 'LPX_PICK_UNKNOWN' });
    const { students } = await withStore(store, (open) => exportPackages(open, exportRequest(join(folder, 'mail'))));
    expect(students[0]?.courses.map(({ title }) => title)).toEqual(['科目1', '科目2', '科目3', '科目4', '科目5']);
  });

  it('brings it back, under its reference, when it is there again, also changed', async () => {
    const { store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6));
    await reload(courses(1, 2, 3, 4, 5));
    expect((await reload(courses(1, 2, 3, 4, 5, 6))).students).toMatchObject([
      { added: 0, unchanged: 5, returned: [{ ref: 'O6', title: '科目6', term: '1091' }] },
    ]);
    await reload(courses(1, 2, 3, 4, 5));
    const again = [...courses(1, 2, 3, 4, 5), course(6, { brief: '改過' })];
    expect((await reload(again)).students).toMatchObject([{ added: 0, updated: 1, unchanged: 5, returned: [{ ref: 'O6' }] }]);
    expect((await studentIn(store, TRANSFER_STUDENT)).records.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('leaves it with keepMissing', async () => {
    const { store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6));
    const { students, changed } = await reload(courses(1), { keepMissing: true });
    expect([changed, students[0]?.kept.length, students[0]?.removed]).toEqual([false, 5, []]);
    expect(await titles(store)).toHaveLength(6);
  });

  it('says nothing of terms and lists that the document does not cover', async () => {
    const { store, path, reload } = await schoolWith([...courses(1, 2), course(3, { uploadTerm: '1082' }), work(1)]);
    writeExchangeFolder(path, [smallPortfolio(courses(1, 2))]);
    const [student] = JSON.parse(readFileSync(join(path, 'handover.json'), 'utf8'));
    const { 作品成果紀錄: _, ...others } = student.多元表現;
    writeFileSync(join(path, 'handover.json'), JSON.stringify([{ ...student, 多元表現: others }]));
    const { students } = await withStore(store, (open) => loadFolder(open, { path, now: NOW, operator: OPERATOR }));
    expect(students).toMatchObject([{ removed: [], unchanged: 2 }]);
    expect((await studentIn(store, TRANSFER_STUDENT)).records).toHaveLength(4);
    // With the list there, and empty, it is covered.
    await expect(reload(courses(1, 2))).rejects.toMatchObject({ code: 'LPX_LIST_EMPTIED' });
  });

  it('never touches what another school sent, nor another student', async () => {
    const { folder, store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6));
    const from = await school(tempFolder(), '990002');
    const platform = join(folder, 'other');
    writeExchangeFolder(platform, [smallPortfolio([course(7, { originSchoolCode: '990002' })], { schoolCode: '990002' })]);
    await load(from, platform);
    const { zipFile } = await exportFrom(from, join(folder, 'mail'));
    await importTo(store, zipFile);
    await reload(courses(1, 2, 3, 4, 5));
    expect((await studentIn(store, TRANSFER_STUDENT)).records.map(({ provenance }) => provenance)).toEqual([
      ...Array(5).fill('own'),
      'received',
    ]);
    writeExchangeFolder(platform, [smallPortfolio(courses(1), { nationalId: 'B800000015' })]);
    await load(store, platform);
    expect(await titles(store)).toHaveLength(6);
  });

  it.each<[string, string, readonly MadeRecord[]]>([
    ['LPX_LIST_EMPTIED', 'a list empties', courses(1, 2, 3, 4, 5, 6)],
    ['LPX_MANY_MISSING', 'more than a fifth is gone', [...courses(1, 2, 3, 4, 5), work(1)].slice(0, 4)],
  ])('takes nothing out without being asked when %s: %s', async (code, _, now) => {
    const before = [...courses(1, 2, 3, 4, 5, 6), work(1)];
    const { store, reload } = await schoolWith(code === 'LPX_LIST_EMPTIED' ? before : before.slice(0, 6));
    const attempt = reload(now);
    await expect(attempt).rejects.toMatchObject({ code, exitCode: 7 });
    const listed = await attempt.catch(({ findings }) =>
      findings.filter((finding: { code: string }) => finding.code === 'LPX_RECORD_MISSING'),
    );
    expect(listed).toHaveLength(code === 'LPX_LIST_EMPTIED' ? 1 : 2);
    expect(await withStore(store, (open) => open.history())).toHaveLength(1);
    expect((await reload(now, { confirmed: true })).students[0]?.removed).toHaveLength(listed.length);
  });

  it('takes nothing out that was picked without being asked; a pick is back with its record', async () => {
    const { store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6));
    const choice = { nationalId: TRANSFER_STUDENT, pick: ['O6'], unpick: [] };
    await withStore(store, (open) => pickItems(open, [choice], { now: NOW, operator: OPERATOR }));
    await expect(reload(courses(1, 2, 3, 4, 5))).rejects.toMatchObject({ code: 'LPX_PICK_MISSING', exitCode: 7 });
    await reload(courses(1, 2, 3, 4, 5), { confirmed: true });
    await reload(courses(1, 2, 3, 4, 5, 6));
    expect((await studentIn(store, TRANSFER_STUDENT)).records.map(({ picked }) => picked)).toEqual([...Array(5).fill(false), true]);
  });

  it('gives a record that is back its pick back only where the limits still allow it, and says which', async () => {
    const { store, reload } = await schoolWith(courses(1, 2, 3, 4, 5, 6, 7, 8));
    const pick = (...refs: readonly string[]) =>
      withStore(store, (open) =>
        pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: refs, unpick: [] }], { now: NOW, operator: OPERATOR }),
      );
    const picked = async () => (await studentIn(store, TRANSFER_STUDENT)).records.flatMap((record) => (record.picked ? [record.id] : []));
    await pick('O1', 'O2', 'O3', 'O4', 'O5');
    await reload(courses(1, 2, 3, 4, 5, 6, 7), { confirmed: true });
    await reload(courses(3, 4, 5, 6, 7, 8), { confirmed: true });
    await pick('O6', 'O7');
    expect(await picked()).toEqual([3, 4, 5, 6, 7]);
    const { students } = await reload(courses(1, 2, 3, 4, 5, 6, 7, 8));
    expect(students).toMatchObject([{ returned: [{ ref: 'O1' }, { ref: 'O2' }], unpicked: [{ ref: 'O2', title: '科目2', term: '1091' }] }]);
    expect(await picked()).toEqual([1, 3, 4, 5, 6, 7]);
    const outcomes = await withStore(store, async (open) => open.recordOutcomes((await open.history())[0]?.id ?? 0));
    expect(outcomes.filter(({ outcome }) => outcome === 'unpicked')).toMatchObject([{ record: { id: 2 } }]);
  });

  it('keeps what a record was before', async () => {
    const { store, reload } = await schoolWith(courses(1));
    await reload([course(1, { brief: '改過' })]);
    expect(await withStore(store, (open) => open.recordOutcomes(2))).toMatchObject([{ outcome: 'replaced', record: { id: 1 } }]);
  });
});

describe('basic data', () => {
  it('that changed are shown, and are in the history', async () => {
    const { store, reload } = await schoolWith(courses(1));
    const changes = [{ property: 'name', from: '林小禾', to: '林大禾' }];
    const { changed, students } = await reload(courses(1), {}, { name: '林大禾' });
    expect([changed, students]).toMatchObject([true, [{ created: false, changes, unchanged: 1 }]]);
    expect(await withStore(store, (open) => open.history())).toMatchObject([{ students: [{ changes, created: false }] }, { id: 1 }]);
  });

  it('of a new student make one, also without records', async () => {
    const { store, reload } = await schoolWith(courses(1));
    const { changed, students } = await reload([], {}, { nationalId: 'B800000015' });
    expect([changed, students]).toMatchObject([true, [{ created: true, added: 0 }]]);
    expect(await withStore(store, (open) => open.history())).toMatchObject([
      { students: [{ nationalId: 'B800000015', created: true }] },
      {},
    ]);
  });
});

describe('a file that is not a document', () => {
  const roster = '學號,身分證號,姓名\n1,A800000014,林小禾\n';
  const xlsx = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.from('xl/workbook.xml')]);
  const xls = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]);
  it.each<[string, string, string | Buffer, object]>([
    ['a CSV table', 'roster.csv', roster, { code: 'LPX_LOAD_TABLE', facts: { table: 'csv' } }],
    ['a CSV table under another name', 'roster.json', roster, { code: 'LPX_LOAD_TABLE', facts: { table: 'csv' } }],
    ['a workbook', 'roster.xlsx', xlsx, { code: 'LPX_LOAD_TABLE', facts: { table: 'xlsx' } }],
    ['an old workbook', 'roster.xls', xls, { code: 'LPX_LOAD_TABLE', facts: { table: 'xls' } }],
    ['a package', '990001_2021_01_21_09_00_00.zip', Buffer.from('PK\x03\x04rest', 'latin1'), { code: 'LPX_LOAD_PACKAGE' }],
    ['broken JSON', 'a.json', '[{"基本資料": {"a": 1}, ', { code: 'LPX_JSON_UNREADABLE' }],
  ])('is called what it is: %s, by its name or in a folder', async (_, name, content, error) => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    const file = join(tempFolder(), name);
    writeFileSync(file, content);
    await expect(load(store, file)).rejects.toMatchObject(error);
    await expect(load(store, join(file, '..'))).rejects.toMatchObject(error);
  });
});
