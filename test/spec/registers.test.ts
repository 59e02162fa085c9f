import { describe, expect, it } from 'vitest';
import { basicDataWire, documentFromPortfolios, type PortfolioRecord, portfoliosFromDocument } from '#lpx/spec/portfolio.js';
import { courseSheetOf, type PickedItem, type RegisterForm, registerOf, unplacedIn } from '#lpx/spec/registers.js';
import { repairDocument } from '#lpx/spec/repair.js';
import { courseResult, defaultsOf, smallPortfolio } from '../support/small-portfolio.js';

const { basicData: student } = smallPortfolio();
const course = (fields: object = {}, received = false): PickedItem => ({
  student,
  received,
  record: courseResult({ grade: 1, credits: 4, ...fields }) as unknown as PortfolioRecord<unknown>,
});
const performance = (list: string, fields: object): PickedItem => ({
  student,
  received: false,
  record: {
    list,
    fields: { ...defaultsOf(list), ...fields },
    extras: {},
    document: null,
    media: null,
  } as unknown as PortfolioRecord<unknown>,
});
const form = (of: Partial<RegisterForm> = {}): RegisterForm => ({ kind: 'courseResults', batch: 'year', evening: false, ...of });
const sheet = (name: string, items: readonly PickedItem[], of: Partial<RegisterForm> = {}) =>
  registerOf(items, form(of), '990002', 109).sheets.find((sheet) => sheet.name === name)?.rows;

const ID = ['身分證號', '出生日期'];

/** Spec 11, column by column. */
const COURSE_COLUMNS = {
  學期課程學習成果: ['實際修課學期', '課程代碼', '科目名稱', '開課年級', '修課學分', '成果簡述'],
  補修課程學習成果: ['應修課學年度', '應修課學期', '實際修課學期', '課程代碼', '科目名稱', '開課年級', '修課學分', '補修方式', '成果簡述'],
  重修課程學習成果: [
    '原修課學年度',
    '原修課學期',
    '實際修課學期',
    '原修課課程代碼',
    '原修課科目名稱',
    '原修課開課年級',
    '原修課修課學分',
    '重修方式',
    '成果簡述',
  ],
  重讀課程學習成果: ['實際修課學期', '課程代碼', '科目名稱', '開課年級', '修課學分', '成果簡述'],
  轉學轉科課程學習成果: [
    '原修課學校代碼',
    '原修課學年度',
    '原修課學期',
    '原修課課程代碼',
    '原修課科目名稱',
    '原修課開課年級',
    '原修課修課學分',
    '成果簡述',
  ],
  借讀課程學習成果: [
    '借讀學校代碼',
    '借讀修課學年度',
    '借讀修課學期',
    '借讀校課程代碼',
    '借讀校科目名稱',
    '借讀校開課年級',
    '借讀校修課學分',
    '成果簡述',
  ],
} as const;
const PERFORMANCE_COLUMNS = {
  幹部經歷暨事蹟紀錄: ['單位名稱', '開始日期', '結束日期', '擔任職務', '內容簡述', '幹部等級'],
  競賽參與紀錄: ['競賽名稱', '項目', '競賽等級代碼', '獎項', '結果公布日期', '內容簡述', '團體參與代碼'],
  檢定證照紀錄: ['證照代碼', '註1', '分數', '分項結果', '取得證照日期', '證照字號', '檢定組別', '內容簡述'],
  服務學習紀錄: ['服務名稱', '服務單位', '開始日期', '結束日期', '時數', '內容簡述'],
  彈性學習時間紀錄: ['彈性學習時間類別種類代碼', '內容開設名稱', '開設單位', '開設學年度', '開設學期', '每週節數', '開設週數', '內容簡述'],
  團體活動時間紀錄: ['團體活動時間類別代碼', '辦理單位', '團體活動內容名稱', '活動學年度', '活動學期', '節數', '內容簡述'],
  職場學習紀錄: ['職場學習類別代碼', '職場學習單位', '職場學習職稱', '開始日期', '結束日期', '時數', '內容簡述'],
  作品成果紀錄: ['名稱', '日期', '內容簡述'],
  大學及技專校院先修課程紀錄: ['計畫專案', '開設單位', '課程名稱', '開始日期', '結束日期', '學分數', '總時數', '內容簡述'],
  其他多元表現紀錄: ['名稱', '主辦單位', '開始日期', '結束日期', '時數', '內容簡述'],
} as const;

describe('the registers', () => {
  it.each(Object.entries(COURSE_COLUMNS))('of course results have the columns of the spec: %s', (name, columns) => {
    expect(sheet(name, [])).toEqual([[...ID, ...columns]]);
  });

  it.each(Object.entries(PERFORMANCE_COLUMNS))('of multi-performances have the columns of the spec: %s', (name, columns) => {
    expect(sheet(name, [], { kind: 'multiPerformances' })).toEqual([[...ID, ...columns]]);
  });

  it('have these sheets and no others, the cover first', () => {
    const names = (of: Partial<RegisterForm>) => registerOf([], form(of), '990002', 109).sheets.map((sheet) => sheet.name);
    expect(names({})).toEqual(['封面', ...Object.keys(COURSE_COLUMNS)]);
    expect(names({ kind: 'multiPerformances' })).toEqual(['封面', ...Object.keys(PERFORMANCE_COLUMNS)]);
    expect(names({ evening: true })).toEqual(['封面', '學期課程學習成果', '轉學轉科課程學習成果', '借讀課程學習成果']);
  });

  it.each([
    ['courseResults', 'year', false, '26'],
    ['courseResults', 'final-1', false, '36'],
    ['courseResults', 'final-2', false, '76'],
    ['courseResults', 'year', true, '28'],
    ['courseResults', 'final-1', true, '38'],
    ['courseResults', 'final-2', true, '78'],
    ['multiPerformances', 'year', false, '25'],
    ['multiPerformances', 'year', true, '25'],
    ['multiPerformances', 'final-1', false, '35'],
    ['multiPerformances', 'final-2', false, '75'],
  ] as const)('of %s, %s, evening %s, are number %s', (kind, batch, evening, number) => {
    const register = registerOf([], { kind, batch, evening }, '990002', 109);
    expect(register.number).toBe(number);
    expect(register.sheets[0]?.rows).toEqual([
      ['學校代碼', '學年度', '學期', '名冊別'],
      ['990002', 109, 0, number],
    ]);
  });

  it('count periods in an evening division', () => {
    expect(sheet('學期課程學習成果', [], { evening: true })?.[0]).toContain('修課節數');
    expect(sheet('借讀課程學習成果', [], { evening: true })?.[0]).toContain('借讀校修課節數');
  });
});

describe('a course result', () => {
  it.each<[string, PickedItem, string | undefined]>([
    ['taken in its term', course(), 'term'],
    ['made up', course({ madeUp: true }), 'madeUp'],
    ['retaken', course({ retaken: true }), 'retaken'],
    ['of a repeated year', course({ inRepeatedYear: true }), 'repeated'],
    ['taken before a change of department', course({ beforeTransfer: true }), 'transfer'],
    ['that another school sent', course({ originSchoolCode: '990001' }, true), 'transfer'],
    ['that another school sent, retaken there', course({ retaken: true }, true), 'transfer'],
    ['of borrowed study', course({ duringBorrowedStudy: true }, true), 'borrowed'],
    ['of borrowed study, sent on in a transfer', course({ duringBorrowedStudy: true, beforeTransfer: true }, true), 'borrowed'],
  ])('%s goes to its sheet', (_, item, expected) => {
    expect(courseSheetOf(item, false)).toBe(expected);
  });

  it('retaken has no sheet in an evening division, and is reported', () => {
    const item = course({ retaken: true });
    expect(courseSheetOf(item, true)).toBeUndefined();
    expect(unplacedIn([item, course()], form({ evening: true }))).toEqual([item]);
    expect(unplacedIn([item], form())).toEqual([]);
  });

  it('that came from elsewhere keeps its school, term, code, grade and credits', () => {
    const item = course({ originSchoolCode: '990001', academicYear: 109, semester: 1, courseCode: '109990001H11101A1010101' }, true);
    expect(sheet('轉學轉科課程學習成果', [item])?.[1]).toEqual([
      'A800000014',
      '0940309',
      '990001',
      109,
      1,
      '109990001H11101A1010101',
      '國語文',
      1,
      4,
      '一篇散文',
    ]);
  });

  it('made up later names the semester in which it was', () => {
    const item = course({ madeUp: true, madeUpTerm: '1092', madeUpMode: '3' });
    expect(sheet('補修課程學習成果', [item])?.[1]?.slice(2, 5)).toEqual([109, 1, 2]);
    expect(sheet('補修課程學習成果', [course({ madeUp: true, madeUpTerm: '0000' })])?.[1]?.[4]).toBe(1);
  });
});

describe('a multi-performance', () => {
  it('goes to the sheet of its list, days in ROC years, nothing as the wire has it', () => {
    const item = performance('certificates', {
      certificateCode: '4230',
      certificateTypeCode: '3',
      score: -1,
      partialResults: '聽力90,閱讀85',
      obtainedDate: '2020/12/01',
      certificateNumber: 'SAMPLE-0001',
      division: '丙級',
      brief: '',
    });
    expect(sheet('檢定證照紀錄', [item], { kind: 'multiPerformances' })?.[1]).toEqual([
      'A800000014',
      '0940309',
      '4230',
      '3',
      -1,
      '聽力90,閱讀85',
      '1091201',
      'SAMPLE-0001',
      '丙級',
      '',
    ]);
  });
});

describe('a date never set', () => {
  it.each(['0001-01-01', '0001-01-01T00:00:00', '0010101', '1900/01/01', '0000000'])('is none in a register: %s', (text) => {
    const document = JSON.parse(JSON.stringify(documentFromPortfolios([{ ...smallPortfolio(), records: [] }])));
    document[0].基本資料[basicDataWire('birthDate')] = text;
    document[0].多元表現.作品成果紀錄 = [{ 名稱: '詩', 日期: text }];
    const [portfolio] = portfoliosFromDocument(repairDocument(document).document);
    const picked = (portfolio?.records ?? []).map((record) => ({ student: portfolio?.basicData, received: false, record }) as PickedItem);
    const register = JSON.stringify(registerOf(picked, form({ kind: 'multiPerformances' }), '990002', 109).sheets.map(({ rows }) => rows));
    expect(register).toContain('詩');
    expect(register).not.toMatch(/"(?:0010101|-|0-)/);
  });
});
