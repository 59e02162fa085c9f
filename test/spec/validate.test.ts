import { describe, expect, it } from 'vitest';
import { basicDataWire, documentFromPortfolios, withAttachments } from '#lpx/spec/portfolio.js';
import { documentFindings, shown } from '#lpx/spec/validate.js';
import { factOf } from '../support/facts.js';
import { pathOf } from '../support/places.js';
import { smallPortfolio } from '../support/small-portfolio.js';

const ID = basicDataWire('nationalId');

/** A valid document of one course result, to be spoilt. */
function document(): [Record<string, any>, ...Record<string, any>[]] {
  const portfolio = smallPortfolio();
  const records = portfolio.records.map((record) =>
    withAttachments(record, () => ({ link: 'A/課程學習成果/C01.pdf', md5: 'a'.repeat(32) })),
  );
  return JSON.parse(JSON.stringify(documentFromPortfolios([{ ...portfolio, records }])));
}
const seen = (spoilt: unknown) =>
  documentFindings(spoilt).map((finding) => [pathOf(finding.place), factOf(finding, 'value'), factOf(finding, 'expected')]);

describe('the schema', () => {
  it('has nothing to say about a valid document', () => {
    expect(documentFindings(document())).toEqual([]);
  });

  it('names every violation at once: its place in Chinese, the value, and what was expected', () => {
    const spoilt = document();
    const [course] = spoilt[0].課程學習成果紀錄;
    course.課程代碼 = '109';
    course.認證狀態 = '7';
    delete course.修課學校代碼;
    course.應修課學期 = '1';
    spoilt[0].基本資料.學生出生年月日 = 'yesterday';
    spoilt[0].多元表現.競賽參與紀錄 = {};
    expect(new Set(seen(spoilt))).toEqual(
      new Set([
        ['基本資料.學生出生年月日', '"yesterday"', 'date'],
        ['課程學習成果紀錄[0].修課學校代碼', '', 'present'],
        ['課程學習成果紀錄[0].應修課學期', '"1"', 'integer'],
        ['課程學習成果紀錄[0].課程代碼', '"109"', 'courseCode'],
        ['課程學習成果紀錄[0].認證狀態', '"7"', 'certification'],
        ['競賽參與紀錄', '{…}', 'array'],
      ]),
    );
  });

  it('gives the place as data: the student, the record and its title, counted from 0', () => {
    const spoilt = document();
    const other = structuredClone(spoilt[0]);
    other.基本資料[ID] = 'B800000015';
    other.課程學習成果紀錄.push({ ...other.課程學習成果紀錄[0], 課程代碼: 'x' });
    spoilt.push(other);
    expect(documentFindings(spoilt).map(({ place }) => place)).toEqual([
      { student: 'B800000015', name: '林小禾', list: '課程學習成果紀錄', record: 1, title: '國語文', property: '課程代碼' },
    ]);
  });

  it('counts a student without an id from 0, and finds places in data of any shape', () => {
    const spoilt = document() as unknown[];
    spoilt.push({ 基本資料: { [ID]: 5, 幹部經歷紀錄: ['x'] }, 課程學習成果紀錄: { 0: null }, 多元表現: null }, 'x');
    const places = documentFindings(spoilt).map(({ place }) => place);
    expect(places).toContainEqual({ index: 1, list: '基本資料', property: ID });
    expect(places).toContainEqual({ index: 1, list: '課程學習成果紀錄' });
    expect(places).toContainEqual({ index: 1, property: '多元表現' });
    expect(places).toContainEqual({ index: 2 });
  });

  it.each([
    ['an object', {}, 'array'],
    ['nothing', null, 'array'],
    ['a text', 'x', 'array'],
    ['a list of texts', ['x'], 'object'],
  ])('refuses %s as a document', (_, data, expected) => {
    expect(factOf(documentFindings(data)[0], 'expected')).toBe(expected);
  });

  it('bounds numbers, and says the bound', () => {
    const spoilt = document();
    spoilt[0].課程學習成果紀錄[0].應修課學期 = 9;
    expect(documentFindings(spoilt)[0]?.facts).toMatchObject({ expected: 'atMost', value: '9', detail: '4' });
  });

  it('shows no long text, and a national id only in the place', () => {
    const spoilt = document();
    spoilt[0].基本資料[ID] = 'A800000014 A800000014 A800000014';
    spoilt[0].課程學習成果紀錄[0].課程代碼 = '長'.repeat(1000);
    const facts = JSON.stringify(documentFindings(spoilt).map((finding) => finding.facts));
    expect(facts).not.toMatch(/A800000014/);
    expect(facts.length).toBeLessThan(500);
  });
});

describe('a value shown in a message', () => {
  it.each([
    ['text', '"text"'],
    [{ a: 1 }, '{…}'],
    [[1], '[…]'],
    [undefined, ''],
    ['\u001b[31m', '"\\u001b[31m"'],
  ])('is %j as %s', (value, text) => {
    expect(shown(value)).toBe(text);
  });
});
