import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '#lpx/errors.js';
import { errorOfReport, verifyPackage } from '#lpx/exchange/verify.js';
import { repairDocument } from '#lpx/spec/repair.js';
import { documentFindings } from '#lpx/spec/validate.js';
import { HOSTILE_DOCUMENTS } from '../fixtures/hostile-documents.js';
import { expectLinear } from '../support/growth.js';
import { PASSWORD, sign } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { put, written } from '../support/zips.js';

describe('a package with too much of something', () => {
  it.each(HOSTILE_DOCUMENTS)('is refused, with findings that can be read: %s', async (_, make) => {
    const zipFile = put(join(tempFolder(), '990001_2021_01_21_09_00_00.zip'), await written(make(0.25), 'zipcrypto', PASSWORD));
    sign(zipFile);
    const report = await verifyPackage({ zipFile, password: PASSWORD });
    const error = errorOfReport(report);
    expect([5, 6]).toContain(error && CATALOGUE[error.code].exit);
    // What a ZIP may not do is tested elsewhere: here it has to be the document.
    expect(error?.facts.what).not.toBe('ratio');
    // A few of each kind, and one for each of the 5,000 students there are at most.
    expect(report.findings.length).toBeLessThan(6000);
  });
});

describe('the work on a document', () => {
  it.each([
    ['records', (count: number) => [{ 基本資料: {}, 課程學習成果紀錄: Array(count).fill({ 應修課學期: '1' }) }]],
    ['students', (count: number) => Array.from({ length: count }, (_, i) => ({ 基本資料: { 身分證號: `A${i}` } }))],
  ])('grows with its %s, and no faster', (_, make) => {
    expectLinear((count) => documentFindings(repairDocument(make(count)).document), 3000);
  });

  it('reports every violation of a student with many records, at the record where it is', () => {
    const records = Array.from({ length: 250 }, (_, i) => ({ 課程代碼: i === 203 ? 5 : '109990001H11101A1010101' }));
    const found = documentFindings([{ 基本資料: {}, 課程學習成果紀錄: records, 多元表現: {} }]);
    const ofCode = found.filter(({ place }) => place.property === '課程代碼');
    expect(ofCode).toMatchObject([{ place: { record: 203 }, facts: { value: '5' } }]);
    const ofSchool = found.filter(({ place }) => place.property === '修課學校代碼');
    expect(ofSchool.reduce((sum, { more = 0 }) => sum + 1 + more, 0)).toBe(250);
  });
});
