import { describe, expect, it } from 'vitest';
import {
  documentFromPortfolios,
  EMPTY_MD5,
  type JsonObject,
  portfoliosFromDocument,
  titleOf,
  withAttachments,
} from '#lpx/spec/portfolio.js';
import { documentFindings } from '#lpx/spec/validate.js';
import { anyPortfolio } from '../support/portfolios.js';
import fc from '../support/properties.js';
import { md5 } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';

const linked = fc.array(anyPortfolio, { maxLength: 2 }).map((portfolios) =>
  portfolios.map((portfolio) => ({
    ...portfolio,
    records: portfolio.records.map((record) => withAttachments(record, ({ bytes, name }) => ({ link: `x/${name}`, md5: md5(bytes) }))),
  })),
);

describe('the wire', () => {
  it('carries any portfolio there and back, and what it carries satisfies the schema', () => {
    fc.assert(
      fc.property(linked, (portfolios) => {
        const document = documentFromPortfolios(portfolios);
        expect(documentFindings(JSON.parse(JSON.stringify(document)))).toEqual([]);
        expect(portfoliosFromDocument(document)).toEqual(portfolios);
      }),
      { numRuns: 60 },
    );
  });

  const wireOf = () => {
    const portfolio = smallPortfolio([courseResult({}, null)]);
    return documentFromPortfolios([
      { ...portfolio, records: portfolio.records.map((record) => withAttachments(record, () => ({ link: '', md5: '' }))) },
    ]);
  };
  const firstCourse = (document: unknown) =>
    ((document as JsonObject[])[0]?.課程學習成果紀錄 as JsonObject[] | undefined)?.[0] as Record<string, unknown>;

  it('has every list of the spec, empty ones too, under its Chinese name', () => {
    const [student] = wireOf() as unknown as Record<string, Record<string, unknown>>[];
    expect(Object.keys(student ?? {})).toEqual(['基本資料', '課程學習成果紀錄', '多元表現']);
    expect(Object.keys(student?.多元表現 ?? {})).toEqual([
      '幹部經歷暨事蹟紀錄',
      '競賽參與紀錄',
      '服務學習紀錄',
      '團體活動時間紀錄',
      '其他多元表現',
      '檢定證照紀錄',
      '彈性學習時間紀錄',
      '職場學習紀錄',
      '作品成果紀錄',
      '大學及技專校院先修課程紀錄',
    ]);
  });

  it('says “no file” with an empty link and the MD5 of nothing, and reads it so whatever the link says', () => {
    const document = wireOf();
    expect(firstCourse(document)).toMatchObject({ 課程學習成果文件檔案連結: '', 文件檔案MD5: EMPTY_MD5 });
    firstCourse(document).課程學習成果文件檔案連結 = 'A/課程學習成果/C01.pdf';
    expect(portfoliosFromDocument(document)[0]?.records[0]?.document).toBeNull();
  });

  it('fills what is absent with its default and what is null with the empty value', () => {
    const document = wireOf();
    delete firstCourse(document).認證狀態;
    firstCourse(document).課程學習成果簡述 = null;
    const fields = portfoliosFromDocument(document)[0]?.records[0]?.fields;
    expect(fields).toMatchObject({ certification: '2', brief: '' });
  });

  it('carries properties that the spec does not know, each where it stood', () => {
    const document = wireOf();
    firstCourse(document).校內備註 = { 頁: [1, 2] };
    expect(documentFromPortfolios(portfoliosFromDocument(document))).toEqual(document);
  });
});

describe('a record’s title', () => {
  it('is its subject', () => {
    expect(titleOf(courseResult())).toBe('國語文');
  });
  it('is empty rather than blank', () => {
    expect(titleOf(courseResult({ subjectName: '  ' }))).toBe('');
  });
});
