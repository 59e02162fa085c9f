import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isCourseResult } from '#lpx/spec/portfolio.js';
import { importTo, SAMPLES, school, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

describe('the ready-made package', () => {
  it('from the first release on is read as it always was', async () => {
    const store = await school(tempFolder(), '990002');

    const result = await importTo(store, join(SAMPLES, 'package', '990001_2021_01_22_10_30_00.zip'));

    expect(result.outcome, JSON.stringify(result.report.findings)).toBe('imported');
    const { basicData, records } = await studentIn(store, TRANSFER_STUDENT);
    expect(basicData).toMatchObject({ name: '林小禾', schoolCode: '990001' });
    expect(
      records
        .map(({ record }) => record)
        .filter(isCourseResult)
        .map(({ fields }) => fields.courseCode),
    ).toMatchInlineSnapshot(`
      [
        "109990001H11101A1010101",
        "109990001H11101A1010201",
        "109990001H11101A1010402",
        "109990001H11101A1010501",
      ]
    `);
    expect(records).toHaveLength(11);
  });
});
