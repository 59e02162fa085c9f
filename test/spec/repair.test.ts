import { describe, expect, it } from 'vitest';
import { basicDataWire, documentFromPortfolios, withAttachments } from '#lpx/spec/portfolio.js';
import { repairDocument } from '#lpx/spec/repair.js';
import { documentFindings } from '#lpx/spec/validate.js';
import { factOf } from '../support/facts.js';
import { anyPortfolio } from '../support/portfolios.js';
import fc from '../support/properties.js';
import { md5 } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';

const BIRTH = basicDataWire('birthDate');
const ID = basicDataWire('nationalId');
type Loose = Record<string, any>;
/** A fault, the repair it needs, where, and what comes of it. */
type Row = [string, (course: Loose, student: Loose) => void, string, string, unknown];

function sound(): [Loose] {
  const portfolio = smallPortfolio();
  const records = portfolio.records.map((record) => withAttachments(record, () => ({ link: 'x', md5: 'a'.repeat(32) })));
  return JSON.parse(JSON.stringify(documentFromPortfolios([{ ...portfolio, records }])));
}
/** What repairing makes of a document spoilt in one place, and the kinds of repair it took. */
function repairing(spoil: (course: Loose, student: Loose) => void) {
  const spoilt = sound();
  spoil(spoilt[0].課程學習成果紀錄[0], spoilt[0]);
  const { document, findings } = repairDocument(spoilt);
  return {
    document: document as [Loose],
    course: (document as [Loose])[0].課程學習成果紀錄[0] as Loose,
    kinds: findings.map((finding) => factOf(finding, 'repair')),
  };
}

describe('a document without faults', () => {
  it('stays as it is, whatever it holds', () => {
    fc.assert(
      fc.property(anyPortfolio, (portfolio) => {
        const records = portfolio.records.map((record) => withAttachments(record, ({ bytes }) => ({ link: 'x', md5: md5(bytes) })));
        const document = JSON.parse(JSON.stringify(documentFromPortfolios([{ ...portfolio, records }])));
        const before = structuredClone(document);
        expect(repairDocument(document)).toEqual({ document, findings: [], repairs: new Map() });
        expect(document).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });

  it.each([[null], ['text'], [4711], [[]], [[1, null, 'x']], [{}], [[{}]], [[{ 基本資料: null }]]])(
    'of no shape at all is left to the schema: %j',
    (value) => {
      expect(repairDocument(value)).toEqual({ document: value, findings: [], repairs: new Map() });
    },
  );
});

describe('a repair', () => {
  it.each<Row>([
    ['a number as text', (course) => (course.應修課學期 = '1'), 'number', '應修課學期', 1],
    ['a number with decimals', (course) => (course.學分數 = '3.000'), 'number', '學分數', 3],
    ['an old way to say none', (course) => (course.學分數 = -999.99), 'number', '學分數', -1],
    ['a boolean as text', (course) => (course.是否為重修時的課程學習成果 = 'true'), 'boolean', '是否為重修時的課程學習成果', true],
    ['a boolean as a number', (course) => (course.是否為重修時的課程學習成果 = 0), 'boolean', '是否為重修時的課程學習成果', false],
    ['a text as a number', (course) => (course.認證狀態 = 1), 'text', '認證狀態', '1'],
    ['a term as a number', (course) => (course.本課程學習成果上傳學年度及學期 = 1091), 'text', '本課程學習成果上傳學年度及學期', '1091'],
    ['half a character', (course) => (course.科目名稱 = '國\ud842'), 'text', '科目名稱', '國\ufffd'],
    ['an MD5 in capitals', (course) => (course.文件檔案MD5 = 'A'.repeat(32)), 'md5', '文件檔案MD5', 'a'.repeat(32)],
    ...['109-1', '109/1', '10901', '109-01'].map(
      (text) =>
        [
          `the term ${text}`,
          (course: Loose) => (course.本課程學習成果上傳學年度及學期 = text),
          'term',
          '本課程學習成果上傳學年度及學期',
          '1091',
        ] as Row,
    ),
    ...[
      '940309',
      '0940309',
      '94/3/9',
      '094/03/09',
      '94.3.9',
      '94年3月9日',
      '20050309',
      '2005-03-09',
      '2005/3/9',
      '2005-03-09T00:00:00',
      '2005/03/09 00:00:00',
    ].map((text) => [`the date ${text}`, (course: Loose) => (course[BIRTH] = text), 'date', BIRTH, '2005/03/09'] as Row),
    ['an empty date', (course) => (course[BIRTH] = '//'), 'date', BIRTH, ''],
    ...[
      '2021/01/10 14:03:22',
      '2021-01-10T14:03:22',
      '2021-01-10T14:03:22.123',
      '2021-01-10T06:03:22Z',
      '110/1/10 14:03:22',
      '2021/1/10 下午 02:03:22',
      '2021/1/10 2:03:22 PM',
    ].map(
      (text) =>
        [`the time ${text}`, (course: Loose) => (course.建立日期及時間 = text), 'time', '建立日期及時間', '2021-01-10 14:03:22'] as Row,
    ),
    ['noon', (course) => (course.建立日期及時間 = '2021/1/10 下午 12:00:00'), 'time', '建立日期及時間', '2021-01-10 12:00:00'],
    ['midnight', (course) => (course.建立日期及時間 = '2021/1/10 上午 12:00:00'), 'time', '建立日期及時間', '2021-01-10 00:00:00'],
    ['a day for a time', (course) => (course.建立日期及時間 = '2021-01-10'), 'time', '建立日期及時間', '2021-01-10 00:00:00'],
  ])('of %s gives what the spec asks for, and one finding', (_, spoil, kind, property, expected) => {
    const { document, course, kinds } = repairing(spoil);
    expect([course[property], kinds]).toEqual([expected, [kind]]);
    expect(documentFindings(document)).toEqual([]);
  });

  const never = [
    '0001-01-01',
    '0001-01-01T00:00:00',
    '0001/1/1 上午 12:00:00',
    '1753/01/01',
    '1899/12/30',
    '1899-12-30T00:00:00',
    '1900/01/01',
    '0000-00-00',
    '0000-00-00 00:00:00',
    '0000000',
    '00000000',
    '-1910/01/01',
    '0010101',
    '001/01/01',
  ];
  it.each(never)('of a date never set is none: %s', (text) => {
    const born = repairing((_, student) => (student.基本資料[BIRTH] = text));
    expect([born.document[0].基本資料[BIRTH], born.kinds]).toEqual(['', ['unset']]);
    const made = repairing((course) => (course.建立日期及時間 = text));
    expect([made.course.建立日期及時間, made.kinds]).toEqual(['', ['unset']]);
  });

  it.each([
    ['108年9月1日', '2019/09/01'],
    ['民國108年9月1日', '2019/09/01'],
    ['中華民國 108 年 9 月 1 日', '2019/09/01'],
    ['１０８年９月１日', '2019/09/01'],
    ['108年09月01日 上午 08:00', '2019/09/01'],
    ['2019/9/1 上午 12:00:00', '2019/09/01'],
    ['2019年9月1日', '2019/09/01'],
    [' 2019/09/01\u3000', '2019/09/01'],
    ['2019/09/01\0\0', '2019/09/01'],
  ])('of the date %s is %s', (text, expected) => {
    const { document, kinds } = repairing((_, student) => (student.基本資料[BIRTH] = text));
    expect([document[0].基本資料[BIRTH], kinds]).toEqual([expected, ['date']]);
  });

  it.each([
    ['110年1月10日 下午 2:03:22', '2021-01-10 14:03:22'],
    ['110年1月10日14時3分22秒', '2021-01-10 14:03:22'],
    ['2021/1/10 下午 2:03', '2021-01-10 14:03:00'],
  ])('of the time %s is %s', (text, expected) => {
    const { course, kinds } = repairing((course) => (course.建立日期及時間 = text));
    expect([course.建立日期及時間, kinds]).toEqual([expected, ['time']]);
  });

  it.each(['2019-02-30', '108年13月1日', '2019/9/1 25:00:00', '2019/9/1 or so', '0108-13-01'])(
    'of %s would give no day, and is not made',
    (text) => {
      const { document, kinds } = repairing((course) => (course.建立日期及時間 = text));
      expect([document[0].課程學習成果紀錄[0].建立日期及時間, kinds]).toEqual([text, []]);
    },
  );

  it('adds 1911 to years of two or three digits only', () => {
    for (const [text, expected] of [
      ['94/3/9', '2005/03/09'],
      ['094/3/9', '2005/03/09'],
      ['0094/3/9', '0094/03/09'],
      ['1820-3-9', '1820/03/09'],
    ]) {
      expect(repairing((_, student) => (student.基本資料[BIRTH] = text)).document[0].基本資料[BIRTH]).toBe(expected);
    }
  });

  it.each<[string, (course: Loose, student: Loose) => void, string, (course: Loose, student: Loose) => unknown, unknown]>([
    ['an id in small letters', (_, { 基本資料 }) => (基本資料[ID] = 'a800000014'), 'code', (_, { 基本資料 }) => 基本資料[ID], 'A800000014'],
    [
      'an id in wide letters with blanks',
      (_, { 基本資料 }) => (基本資料[ID] = '　Ａ８００００００１４ '),
      'code',
      (_, { 基本資料 }) => 基本資料[ID],
      'A800000014',
    ],
    [
      'an id that zeros fill up',
      (_, { 基本資料 }) => (基本資料[ID] = 'A800000014\0\0'),
      'code',
      (_, { 基本資料 }) => 基本資料[ID],
      'A800000014',
    ],
    [
      'a school code in small letters',
      (_, { 基本資料 }) => (基本資料.就讀學校代碼 = '99000a'),
      'code',
      (_, { 基本資料 }) => 基本資料.就讀學校代碼,
      '99000A',
    ],
    ['a wide number', (course) => (course.學分數 = '１０８'), 'number', (course) => course.學分數, 108],
    ['a padded number', (course) => (course.學分數 = ' 3　'), 'number', (course) => course.學分數, 3],
    [
      'a wide term',
      (course) => (course.本課程學習成果上傳學年度及學期 = '１０９１'),
      'term',
      (course) => course.本課程學習成果上傳學年度及學期,
      '1091',
    ],
    ['a padded code', (course) => (course.認證狀態 = '1 '), 'code', (course) => course.認證狀態, '1'],
    ['a padded course code', (course) => (course.課程代碼 = `${course.課程代碼}  `), 'padding', (course) => course.課程代碼.length, 23],
    ['a padded link', (course) => (course.課程學習成果文件檔案連結 = ' x  '), 'padding', (course) => course.課程學習成果文件檔案連結, 'x'],
    [
      'a padded name',
      (_, { 基本資料 }) => (基本資料.學生中文姓名 = '林小禾       '),
      'padding',
      (_, { 基本資料 }) => 基本資料.學生中文姓名,
      '林小禾',
    ],
  ])('of %s takes off what is not its own', (_, spoil, kind, found, expected) => {
    const { document, course, kinds } = repairing(spoil);
    expect([found(course, document[0]), kinds]).toEqual([expected, [kind]]);
  });

  it('leaves a single blank behind a text, and the letters of a course code', () => {
    const { course, document, kinds } = repairing((course, { 基本資料 }) => {
      course.課程代碼 = 'ｈ09990001h11101a1010101';
      基本資料.學生中文姓名 = '林小禾 ';
    });
    expect([course.課程代碼, document[0].基本資料.學生中文姓名, kinds]).toEqual(['ｈ09990001h11101a1010101', '林小禾 ', []]);
  });

  it('of an empty list for no multi-performances, a lone record, and students within an answer', () => {
    const empty = repairing((_, student) => (student.多元表現 = []));
    expect([documentFindings(empty.document), empty.kinds]).toEqual([[], ['list', ...Array(10).fill('list')]]);
    const lone = repairing((_, student) => (student.課程學習成果紀錄 = student.課程學習成果紀錄[0]));
    expect([documentFindings(lone.document), lone.kinds]).toEqual([[], ['list']]);
    const wrapped = repairDocument({ code: 0, data: sound() });
    expect([documentFindings(wrapped.document), wrapped.findings.map((finding) => factOf(finding, 'repair'))]).toEqual([[], ['array']]);
  });

  it('of a lone student puts the list around it', () => {
    const { document, findings } = repairDocument(sound()[0]);
    expect(documentFindings(document)).toEqual([]);
    expect(findings.map((finding) => factOf(finding, 'repair'))).toEqual(['array']);
  });

  it('of a list that is null makes it empty', () => {
    const { document, kinds } = repairing((_, student) => (student.多元表現.競賽參與紀錄 = null));
    expect([document[0].多元表現.競賽參與紀錄, kinds]).toEqual([[], ['list']]);
  });

  it.each<[string, (course: Loose) => void]>([
    ['a course code that became a number', (course) => (course.課程代碼 = 1.09990001e22)],
    ['a date that means nothing', (course) => (course[BIRTH] = 'yesterday')],
    ['a term that means nothing', (course) => (course.本課程學習成果上傳學年度及學期 = 'first')],
    ['a boolean by another name', (course) => (course.是否為重修時的課程學習成果 = 'constructor')],
    ['a number in words', (course) => (course.學分數 = '三')],
  ])('is not guessed for %s: the schema names it', (_, spoil) => {
    const { document, kinds } = repairing(spoil);
    expect(kinds).toEqual([]);
    expect(documentFindings(document)).toHaveLength(1);
  });

  it('never touches a course code, a brief, or what the spec does not know', () => {
    const { course, kinds } = repairing((course) =>
      Object.assign(course, { 課程代碼: '109990001h11101a1010101', 課程學習成果簡述: '108/09/01', 備註: '1' }),
    );
    expect([course.課程代碼, course.課程學習成果簡述, course.備註, kinds]).toEqual(['109990001h11101a1010101', '108/09/01', '1', []]);
  });

  it('says from what to what, and where', () => {
    const spoilt = sound();
    spoilt[0].課程學習成果紀錄[0].應修課學期 = '1';
    expect(repairDocument(spoilt).findings).toEqual([
      {
        code: 'LPX_REPAIRED',
        severity: 'warning',
        place: {
          student: 'A800000014',
          name: '林小禾',
          list: '課程學習成果紀錄',
          record: 0,
          title: '國語文',
          property: '應修課學期',
        },
        facts: { repair: 'number', from: '"1"', to: '1' },
      },
    ]);
  });
});
