import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REGISTER_KINDS } from '#lpx/roster/register-kinds.js';
import { plainTitle } from '#lpx/roster/sheet-columns.js';
import type { RegisterKind, RegisterTerms, RowCells } from '#lpx/roster/sheet-kinds.js';
import { type JsonObject, type PortfolioRecord, recordWire, wireListOf } from '#lpx/spec/portfolio.js';
import { type PickedItem, registerOf } from '#lpx/spec/registers.js';
import { courseResult, defaultsOf, smallPortfolio } from '../support/small-portfolio.js';

const { basicData: student } = smallPortfolio();
const TERMS: RegisterTerms = { schoolCode: '990001', academicYear: 109, certified: false };
const kindOf = (title: string) => REGISTER_KINDS.find((kind) => kind.title === title) as RegisterKind;

/** The cells of a row by the columns of a kind, as the titles above it say. */
function cellsOf(kind: RegisterKind, row: Readonly<Record<string, string>>): RowCells {
  const column = (title: string) =>
    kind.columns.find((column) => [column.title, ...column.aliases].map(plainTitle).includes(plainTitle(title)))?.name ?? `? ${title}`;
  return Object.fromEntries(Object.entries(row).map(([title, cell]) => [column(title), cell]));
}
const read = (title: string, row: Readonly<Record<string, string>>, terms: Partial<RegisterTerms> = {}) =>
  kindOf(title).rowToRecord(cellsOf(kindOf(title), row), { ...TERMS, ...terms });

const COURSE = { 課程代碼: '109990001H11101A1010101', 科目名稱: '國語文', 實際修課學期: '1' };
const course = (row: Readonly<Record<string, string>>, terms: Partial<RegisterTerms> = {}) =>
  read('學期課程學習成果', { ...COURSE, ...row }, terms);
const COMPETITION = { 競賽名稱: '全國高中程式設計競賽', 結果公布日期: '109/11/30' };
const competition = (row: Readonly<Record<string, string>>, terms: Partial<RegisterTerms> = {}) =>
  read('競賽參與紀錄', { ...COMPETITION, ...row }, terms);

describe('a register that lpx writes', () => {
  const courseItem = (fields: object, received = false): PickedItem => ({
    student,
    received,
    record: courseResult({ grade: 1, credits: 4, academicYear: 109, semester: 2, ...fields }) as unknown as PortfolioRecord<unknown>,
  });
  const performance = (list: string, fields: object): PickedItem => ({
    student,
    received: false,
    record: {
      list,
      fields: { ...defaultsOf(list), originSchoolCode: '990001', academicYear: 109, semester: 2, brief: '一年的\n心得', ...fields },
      extras: {},
      document: null,
      media: null,
    } as unknown as PortfolioRecord<unknown>,
  });
  const during = { startDate: '2021/03/01', endDate: '2021/06/30' };
  const items: readonly PickedItem[] = [
    courseItem({}),
    courseItem({ madeUp: true, madeUpTerm: '1092', madeUpMode: '3', academicYear: 108, semester: 1 }),
    courseItem({ retaken: true, retakenTerm: '1091', retakenMode: '1', academicYear: 108 }),
    courseItem({ inRepeatedYear: true, repeatedYearTerm: '1092' }),
    courseItem({ originSchoolCode: '990002' }, true),
    courseItem({ originSchoolCode: '990002', duringBorrowedStudy: true }, true),
    performance('cadreDeeds', { ...during, unitName: '熱音社', position: '社長', cadreLevelCode: '3' }),
    performance('competitions', {
      competitionName: '程式設計競賽',
      competitionLevelCode: '3',
      award: '第一名',
      resultDate: '2021/05/30',
      division: '高中組',
      participationCode: '2',
    }),
    performance('certificates', {
      certificateCode: '4230',
      certificateTypeCode: '3',
      score: 95.5,
      partialResults: '聽力90',
      obtainedDate: '2021/04/01',
      certificateNumber: '00-0001',
      division: '丙級',
    }),
    performance('serviceLearning', { ...during, serviceName: '志工', organiser: '圖書館', hours: 12.5 }),
    performance('flexibleLearning', {
      flexibleLearningCode: '1',
      activityName: '自主學習',
      organiser: '教務處',
      periodsPerWeek: 2,
      weeks: 18,
    }),
    performance('groupActivities', { groupActivityCode: '2', activityName: '成果發表', organiser: '學務處', periods: 3 }),
    performance('workplaceLearning', { ...during, workplaceLearningCode: '1', organiser: '工廠', position: '見習生', hours: -1 }),
    performance('works', { title: '詩', workDate: '2021/03/09' }),
    performance('advancedCourses', { ...during, project: '先修', organiser: '大學', courseName: '微積分', credits: 3, hours: 54 }),
    performance('otherPerformances', { ...during, title: '營隊', organiser: '基金會', hours: 8 }),
  ];
  const sheets = (['courseResults', 'multiPerformances'] as const).flatMap((kind) =>
    registerOf(items, { kind, batch: 'year', evening: false }, '990001', 109).sheets.slice(1),
  );

  it('is one that is read, sheet by sheet', () => {
    expect(sheets.map(({ name }) => name)).toEqual(REGISTER_KINDS.map(({ title }) => title));
    expect(sheets.map(({ rows }) => rows.length)).toEqual(REGISTER_KINDS.map(() => 2));
  });

  it.each(sheets)('has in $name what the record has', ({ name, rows: [titles = [], row = []] }) => {
    const kind = kindOf(name);
    const { record, faults } = read(name, Object.fromEntries(titles.map((title, i) => [String(title), String(row[i])])));
    expect(faults).toEqual([]);
    const item = items.find(({ record: { list, fields } }) => {
      const flags = fields as unknown as JsonObject;
      const flag = { 補修: 'madeUp', 重修: 'retaken', 重讀: 'inRepeatedYear', 借讀: 'duringBorrowedStudy' }[name.slice(0, 2)];
      if (list !== kind.list) return false;
      if (flag !== undefined) return flags[flag] === true;
      return list !== 'courseResults' || (name.startsWith('轉學') ? flags.originSchoolCode === '990002' : true);
    });
    const fields = item?.record.fields as unknown as JsonObject;
    const list = wireListOf(kind.list);
    const expected = Object.fromEntries(
      list.properties.filter(({ name }) => Object.hasOwn(fields, name)).map(({ wire, name }) => [wire, fields[name]]),
    );
    // Another school's course is one before the transfer, as the store marks it.
    const transfer = name.startsWith('轉學') ? { 是否為轉學轉科前的課程學習成果: true } : {};
    expect({ ...expected, ...transfer }).toMatchObject(record as JsonObject);
    expect(Object.keys(record ?? {})).toEqual(expect.arrayContaining(wiresOf(kind)));
  });

  const wiresOf = (kind: RegisterKind) =>
    wireListOf(kind.list)
      .properties.filter(({ key }) => key)
      .map(({ name }) => recordWire(wireListOf(kind.list), name));
});

describe('a row of a register', () => {
  it.each([
    ['1091201', '2020/12/01'],
    ['109/12/1', '2020/12/01'],
    ['109.12.01', '2020/12/01'],
    ['民國109年12月1日', '2020/12/01'],
    ['2020-12-01', '2020/12/01'],
    ['2020/12/1', '2020/12/01'],
    ['44166', '2020/12/01'],
    ['１０９／１２／０１', '2020/12/01'],
  ])('has its days in any form: %s', (text, day) => {
    expect(read('檢定證照紀錄', { 證照代碼: '4230', 取得證照日期: text })).toMatchObject({ record: { 取得檢定證照日期: day }, faults: [] });
  });

  it.each([
    ['3', '3'],
    ['全國', '3'],
    ['全國級', '3'],
    ['全國性', '3'],
    ['3 全國', '3'],
    ['3-全國', '3'],
    ['全國(3)', '3'],
    ['３', '3'],
    ['縣市級', '2'],
    ['8', '8'],
  ])('has its codes, or their names: %s', (text, code) => {
    expect(competition({ 競賽等級: text })).toMatchObject({ record: { 競賽等級代碼: code }, faults: [] });
  });

  it.each([
    ['12.5', 12.5],
    ['12小時', 12],
    ['１２', 12],
    ['-1', -1],
  ])('has its numbers, with a unit or without: %s', (text, hours) => {
    expect(read('服務學習紀錄', { 服務名稱: '志工', 開始日期: '1091001', 時數: text })).toMatchObject({ record: { 服務學習時數: hours } });
  });

  it.each([
    [{ 競賽等級: '宇宙' }, 'competitionLevelCode', 'code'],
    [{ 結果公布日期: '去年' }, 'resultDate', 'day'],
    [{ 結果公布日期: '109/13/01' }, 'resultDate', 'day'],
    [{ 學年度: '今年' }, 'academicYear', 'term'],
    [{ 學期: '5' }, 'semester', 'term'],
    [{ 學年期: '1095' }, 'term', 'term'],
    [{ 競賽名稱: '' }, 'competitionName', 'missing'],
  ])('that cannot be read says in which column: %j', (row, column, problem) => {
    expect(competition(row)).toMatchObject({ faults: [{ column, problem, severity: 'error' }] });
  });

  it('reports all of its faults at once', () => {
    const { faults } = course({ 課程代碼: '', 開課年級: '很高', 修課學分: '四', 認證: '也許' });
    expect(faults.map(({ column }) => column)).toEqual(['courseCode', 'grade', 'credits', 'certification.yes']);
  });

  it.each([
    ['by its columns', { 學年度: '108學年度', 學期: '二' }, TERMS, 108, 2, []],
    ['by a term in one cell', { 學年期: '108-2' }, TERMS, 108, 2, []],
    ['by its days and the cover', {}, TERMS, 109, 1, ['學年度', '學期']],
    ['by its days alone', { 結果公布日期: '1100301' }, { academicYear: undefined }, 109, 2, ['學年度', '學期']],
  ])('belongs to a term %s', (_, row, terms, 學年度, 學期, assumed) => {
    expect(competition(row, terms)).toMatchObject({ record: { 學年度, 學期 }, assumed });
  });

  it('of a course without a year, on the cover or in a column, is of none', () => {
    expect(course({}, { academicYear: undefined }).faults).toEqual([{ column: 'academicYear', problem: 'missing', severity: 'error' }]);
    expect(course({ 學年度: '109' }, { academicYear: undefined }).record).toMatchObject({ 應修課學年度: 109, 應修課學期: 1 });
  });

  it('of a course that was due in another term has to say in which', () => {
    expect(read('補修課程學習成果', { ...COURSE, 補修方式: '3' }).faults.map(({ column, problem }) => [column, problem])).toEqual([
      ['academicYear', 'missing'],
      ['semester', 'missing'],
    ]);
  });

  it.each([
    ['no column', {}, false, undefined],
    ['no column, and the clerk saying so', {}, true, '1'],
    ['yes', { 是否認證: '是' }, false, '1'],
    ['a tick', { 認證: 'V' }, false, '1'],
    ['1', { 認證: '1' }, false, '1'],
    ['no, whatever the clerk says', { 是否認證: '否' }, true, '2'],
    ['0 for no', { 是否認證: '0' }, true, '2'],
    ['the state by name', { 認證: '認證成功' }, false, '1'],
    ['the state refused', { 認證狀態: '認證失敗' }, true, '0'],
    ['the state by code', { 認證狀態: '2' }, true, '2'],
  ])('is certified by its column only: %s', (_, row, certified, state) => {
    expect(course(row, { certified }).record?.認證狀態).toBe(state);
  });

  it('has files and links as they stand in the cells, under any of their titles', () => {
    expect(course({ 檔名: 'a/報告.pdf', 影音檔: 'b.mp4' }).record).toMatchObject({
      課程學習成果文件檔案連結: 'a/報告.pdf',
      課程學習成果影音檔案連結: 'b.mp4',
    });
    expect(competition({ 證明文件: 'c.jpg', 外部連結: 'https://example.org/v' }).record).toMatchObject({
      證明文件連結: 'c.jpg',
      外部影音連結: 'https://example.org/v',
    });
  });

  it('says nothing of what its sheet has no column for, or no value in', () => {
    expect(Object.keys(course({ 開課年級: '', 成果簡述: '' }).record ?? {}).sort()).toEqual(
      ['修課學校代碼', '應修課學年度', '應修課學期', '科目名稱', '課程代碼'].sort(),
    );
  });

  it('of an evening division has periods for credits', () => {
    expect(course({ 修課節數: '3節' }).record).toMatchObject({ 學分數: 3 });
  });
});

describe('the kinds of registers', () => {
  it('are in the documentation, with every column', () => {
    const page = readFileSync(new URL('../../docs/rosters.md', import.meta.url), 'utf8');
    for (const { title, columns } of REGISTER_KINDS) {
      const [line = ''] = page.split('\n').filter((line) => line.startsWith(`| ${title} `));
      const others = page.split('\n').find((line) => line.startsWith('Titles in bold')) ?? '';
      expect(columns.slice(2).filter((column) => !line.includes(column.title) && !others.includes(column.title))).toEqual([]);
      expect(columns.slice(2).filter((column) => column.required && !line.includes(`**${column.title}**`))).toEqual([]);
    }
  });

  it('have every property of their list in a column, but for what belongs to all records of a student and the hashes of files', () => {
    for (const kind of REGISTER_KINDS) {
      const names = new Set(kind.columns.map(({ name }) => name.split('.')[0]));
      const open = wireListOf(kind.list).properties.filter(({ role, name }) => role !== 'copy' && role !== 'md5' && !names.has(name));
      expect(open.map(({ name }) => name).filter((name) => !FLAGS.has(name))).toEqual([]);
    }
  });

  /** The sheet says these, or the store knows them. */
  const FLAGS = new Set([
    ...['duringBorrowedStudy', 'retaken', 'madeUp', 'inRepeatedYear', 'beforeTransfer', 'submittedTerm'],
    ...['retakenTerm', 'retakenMode', 'madeUpTerm', 'madeUpMode', 'repeatedYearTerm'],
  ]);
});
