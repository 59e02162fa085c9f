import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basicDataWire, documentFromPortfolios, withAttachments } from '#lpx/spec/portfolio.js';
import { repairDocument } from '#lpx/spec/repair.js';
import { documentFindings } from '#lpx/spec/validate.js';
import { anyPortfolio } from '../support/portfolios.js';
import { md5 } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';

const BIRTH = basicDataWire('birthDate');
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
    kinds: findings.map(({ facts }) => facts.repair),
  };
}

describe('a document without faults', () => {
  it('stays as it is, whatever it holds', () => {
    fc.assert(
      fc.property(anyPortfolio, (portfolio) => {
        const records = portfolio.records.map((record) => withAttachments(record, ({ bytes }) => ({ link: 'x', md5: md5(bytes) })));
        const document = JSON.parse(JSON.stringify(documentFromPortfolios([{ ...portfolio, records }])));
        const before = structuredClone(document);
        expect(repairDocument(document)).toEqual({ document, findings: [] });
        expect(document).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });

  it.each([[null], ['text'], [4711], [[]], [[1, null, 'x']], [{}], [[{}]], [[{ 基本資料: null }]]])(
    'of no shape at all is left to the schema: %j',
    (value) => {
      expect(repairDocument(value)).toEqual({ document: value, findings: [] });
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

  it('of a lone student puts the list around it', () => {
    const { document, findings } = repairDocument(sound()[0]);
    expect(documentFindings(document)).toEqual([]);
    expect(findings.map(({ facts }) => facts.repair)).toEqual(['array']);
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
    const { course, kinds } = repairing((one) =>
      Object.assign(one, { 課程代碼: '109990001h11101a1010101', 課程學習成果簡述: '108/09/01', 備註: '1' }),
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
