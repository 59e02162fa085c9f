import { describe, expect, it } from 'vitest';
import { basicDataWire, documentFromPortfolios, type JsonObject, withAttachments } from '#lpx/spec/portfolio.js';
import { charactersIn, fileFindings, type ReferenceData, ruleFindings } from '#lpx/spec/rules/record-rules.js';
import { pathOf } from '../../support/places.js';
import { smallPortfolio } from '../../support/small-portfolio.js';

type Loose = Record<string, any>;

function findingsOf(spoil: (student: Loose, course: Loose) => void): string[][] {
  const portfolio = smallPortfolio();
  const records = portfolio.records.map((record) => withAttachments(record, () => ({ link: 'x', md5: 'a'.repeat(32) })));
  const document = JSON.parse(JSON.stringify(documentFromPortfolios([{ ...portfolio, records }]))) as [Loose];
  spoil(document[0], document[0].課程學習成果紀錄[0]);
  return ruleFindings(document as unknown as JsonObject[]).map(({ code, severity, place }) => [code, severity, pathOf(place)]);
}
const ID = basicDataWire('nationalId');
const BIRTH = basicDataWire('birthDate');
const COURSE = '課程學習成果紀錄[0]';

describe('the rules over a document', () => {
  it('have nothing to say about a valid one', () => {
    expect(findingsOf(() => {})).toEqual([]);
  });

  it.each<[string, (student: Loose, course: Loose) => void, string[]]>([
    ['a day that does not exist', ({ 基本資料 }) => (基本資料[BIRTH] = '2005/02/30'), ['LPX_DATE', 'error', `基本資料.${BIRTH}`]],
    [
      'an hour that does not exist',
      (_, course) => (course.建立日期及時間 = '2021-01-10 24:00:01'),
      ['LPX_DATE', 'error', `${COURSE}.建立日期及時間`],
    ],
    ['another student’s record', (_, course) => (course[ID] = 'B800000015'), ['LPX_FOREIGN_RECORD', 'error', `${COURSE}.${ID}`]],
    ['another birth date', (_, course) => (course[BIRTH] = '2005/03/10'), ['LPX_COPY_DIFFERS', 'warning', `${COURSE}.${BIRTH}`]],
    [
      'a brief of 101 characters',
      (_, course) => (course.課程學習成果簡述 = '字'.repeat(101)),
      ['LPX_BRIEF_LONG', 'warning', `${COURSE}.課程學習成果簡述`],
    ],
    [
      'a course code of another school',
      (_, course) => (course.修課學校代碼 = '990009'),
      ['LPX_COURSE_CODE_OTHER_SCHOOL', 'warning', `${COURSE}.課程代碼`],
    ],
    [
      'an odd course code',
      (_, course) => (course.課程代碼 = 'x09990001H11101A1010101'),
      ['LPX_COURSE_CODE_FORM', 'warning', `${COURSE}.課程代碼`],
    ],
    [
      'a course code of a year that the student is not of',
      (_, course) => (course.課程代碼 = '108990001H11101A1010101'),
      ['LPX_COURSE_CODE_YEAR', 'warning', `${COURSE}.課程代碼`],
    ],
    [
      'a birth date of a child of nine',
      ({ 基本資料 }, course) => (基本資料[BIRTH] = course[BIRTH] = '2011/01/01'),
      ['LPX_BIRTH_DATE_ODD', 'warning', `基本資料.${BIRTH}`],
    ],
    [
      'a birth date of two centuries ago',
      ({ 基本資料 }, course) => (基本資料[BIRTH] = course[BIRTH] = '1820/01/01'),
      ['LPX_BIRTH_DATE_ODD', 'warning', `基本資料.${BIRTH}`],
    ],
    ['a year that is not a ROC year', (_, course) => (course.應修課學年度 = 20), ['LPX_YEAR_ODD', 'warning', `${COURSE}.應修課學年度`]],
    ['a third semester', (_, course) => (course.應修課學期 = 3), ['LPX_SEMESTER_ODD', 'note', `${COURSE}.應修課學期`]],
    ['no certification', (_, course) => (course.認證狀態 = '2'), ['LPX_NOT_CERTIFIED', 'warning', `${COURSE}.認證狀態`]],
    ['no brief', (_, course) => (course.課程學習成果簡述 = ''), ['LPX_TEXT_EMPTY', 'warning', `${COURSE}.課程學習成果簡述`]],
    ['no file', (_, course) => (course.課程學習成果文件檔案連結 = ''), ['LPX_NO_ATTACHMENT', 'note', `${COURSE}.課程學習成果文件檔案連結`]],
    ['a property of its own', (student) => (student.附註 = 1), ['LPX_PROPERTY_UNKNOWN', 'warning', '附註']],
    [
      'an id of unknown kind',
      ({ 基本資料 }, course) => (基本資料[ID] = course[ID] = 'PASSPORT1'),
      ['LPX_NATIONAL_ID_UNUSUAL', 'warning', `基本資料.${ID}`],
    ],
  ])('report %s', (_, spoil, expected) => {
    expect(findingsOf(spoil)).toContainEqual(expected);
  });

  it('report every wrong character of a course code, by its place', () => {
    const document = JSON.parse(JSON.stringify(documentFromPortfolios([smallPortfolio() as never]))) as [Loose];
    document[0].課程學習成果紀錄[0].課程代碼 = 'x09990001H11101A101010z';
    expect(
      ruleFindings(document as unknown as JsonObject[])
        .filter(({ code }) => code === 'LPX_COURSE_CODE_FORM')
        .map(({ facts }) => facts),
    ).toEqual([
      { value: 'x', part: 'entryYear', position: 1 },
      { value: 'z', part: 'subject', position: 23 },
    ]);
  });

  it('report what the school knows better: a school on no list, a course that its file has otherwise', () => {
    const document = JSON.parse(JSON.stringify(documentFromPortfolios([smallPortfolio() as never]))) as JsonObject[];
    const codes = (known: ReferenceData) => ruleFindings(document, known).map(({ code }) => code);
    const silent = codes({});
    expect(codes({ school: () => true, course: () => undefined })).toEqual(silent);
    expect(codes({ school: () => undefined })).toEqual(silent);
    expect(codes({ school: () => false })).toContain('LPX_SCHOOL_UNLISTED');
    expect(codes({ course: () => 'unlisted' })).toContain('LPX_COURSE_UNLISTED');
  });

  it('take an id cut to ten characters, as one platform cuts it, for the student’s own', () => {
    const codes = findingsOf(({ 基本資料 }, course) => {
      基本資料[ID] = 'PASSPORT12345';
      course[ID] = 'PASSPORT12';
    }).map(([code]) => code);
    expect(codes).not.toContain('LPX_FOREIGN_RECORD');
  });

  it('report a student who is in the document twice', () => {
    const portfolio = smallPortfolio([]);
    const document = documentFromPortfolios([portfolio, portfolio] as never) as unknown as JsonObject[];
    expect(ruleFindings(document).map(({ code }) => code)).toEqual(['LPX_STUDENT_TWICE']);
  });
});

describe('characters', () => {
  it.each([
    ['國語文', 3],
    ['𠮷野家', 3],
    ['👨‍👩‍👧‍👦', 1],
    ['e\u0301', 1],
    ['', 0],
  ])('of %s are %i, as a person counts them', (text, count) => {
    expect(charactersIn(text)).toBe(count);
  });

  it.each(['國', '𠮷', '👨‍👩‍👧‍👦', '🇹🇼', 'e\u0301\u0302', `a${'\u0301'.repeat(300)}`, '\r\n', '각', 'क्ष', '\ud842'])(
    'are as many in a long text as its parts have: %j',
    (character) => {
      const text = `${character}字`.repeat(700);
      expect(charactersIn(text)).toBe(1400);
      expect(charactersIn(character.repeat(700))).toBe([...new Intl.Segmenter('zh-TW').segment(character.repeat(700))].length);
      expect(charactersIn(text, 5)).toBe(5);
    },
  );

  it('are not counted to the end where a text is far too long', () => {
    const brief = (text: string) => findingsOf((_, course) => (course.課程學習成果簡述 = text)).find(([code]) => code === 'LPX_BRIEF_LONG');
    expect(brief('字'.repeat(101))).toBeDefined();
    expect(brief('字'.repeat(8_000_000))).toBeDefined();
  });

  it('decide about a brief: a hundred emoji families are not too long', () => {
    const codes = findingsOf((_, course) => (course.課程學習成果簡述 = '👨‍👩‍👧‍👦'.repeat(100))).map(([code]) => code);
    expect(codes).not.toContain('LPX_BRIEF_LONG');
  });
});

describe('a file', () => {
  const MIB = 1024 * 1024;
  it.each([
    ['document', 'pdf', 2 * MIB, '1081', []],
    ['document', 'pdf', 2 * MIB + 1, '1081', ['LPX_FILE_LARGE']],
    ['document', 'pdf', 4 * MIB, '1091', []],
    ['document', 'pdf', 4 * MIB + 1, '1092', ['LPX_FILE_LARGE']],
    ['media', 'mp4', 5 * MIB + 1, '1082', ['LPX_FILE_LARGE']],
    ['media', 'mp4', 10 * MIB, '1101', []],
    ['media', 'pdf', 1, '1091', ['LPX_FILE_TYPE']],
    ['document', '', 1, '1091', ['LPX_FILE_TYPE']],
  ] as const)('in the %s slot, %s of %i bytes in term %s: %j', (slot, type, bytes, term, codes) => {
    for (const half of ['courseResults', 'multiPerformances'] as const)
      expect(fileFindings(half, slot, { type, bytes }, { term, place: {} }).map(({ code }) => code)).toEqual(codes);
  });
});
