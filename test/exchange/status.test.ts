import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pickItems } from '#lpx/exchange/pick.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { studentStatus } from '#lpx/exchange/status.js';
import { pathOf } from '../support/places.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, NOW, OPERATOR, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const statusIn = (store: string) => withStore(store, (open) => studentStatus(open, TRANSFER_STUDENT));

describe('a student’s status', () => {
  it('after an import shows own and received items of each year, where they were certified, and what may be picked', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const store = await school(folder, '990002');
    await importTo(store, zipFile);
    const own = [courseResult({ originSchoolCode: '990002', courseCode: '109990002H11101A1010101', uploadTerm: '1092', semester: 2 })];
    writeExchangeFolder(join(folder, 'new'), [smallPortfolio(own, { schoolCode: '990002' })]);
    await load(store, join(folder, 'new'));
    await withStore(store, (open) =>
      pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: ['O1', 'R2'], unpick: [] }], { now: NOW, operator: OPERATOR }),
    );

    expect(await statusIn(store)).toMatchObject({
      extendedYears: 0,
      years: [
        { schoolYear: 109, half: 'courseResults', own: 1, transferred: 4, picked: 2, perYear: 6, left: 3 },
        { schoolYear: 109, half: 'multiPerformances', own: 0, transferred: 6, picked: 0, perYear: 10, left: 6 },
      ],
      totals: [
        { half: 'courseResults', picked: 2, limit: 18 },
        { half: 'multiPerformances', picked: 0, limit: 30 },
      ],
      certified: [
        { schoolYear: 109, schoolCode: '990001', certified: 4, uncertified: 0 },
        { schoolYear: 109, schoolCode: '990002', certified: 1, uncertified: 0 },
      ],
      findings: [],
    });
  });

  it('reports what is over a limit: a file, a brief, and what was submitted beyond the quota', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    const large = courseResult(
      { brief: '字'.repeat(101), uploadTerm: '1081' },
      { bytes: pdf(new Uint8Array(2 * 1024 * 1024)), type: 'pdf', name: '大.pdf' },
    );
    const submitted = Array.from({ length: 7 }, (_, i) => courseResult({ submittedTerm: '1091', createdAt: `2021-01-10 14:03:0${i}` }));
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio([large, ...submitted])]);
    await load(store, join(folder, 'platform'));
    const { findings } = await statusIn(store);
    expect(findings.map(({ code, severity, place }) => [code, severity, pathOf(place)])).toEqual([
      ['LPX_PICK_OVER', 'warning', ''],
      ['LPX_FILE_LARGE', 'warning', '課程學習成果紀錄 O1.課程學習成果文件檔案連結'],
      ['LPX_BRIEF_LONG', 'warning', '課程學習成果紀錄 O1'],
    ]);
  });

  it('lists what another school says was submitted there, with its source', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio([courseResult({ uploadTerm: '1081', submittedTerm: '1081' })])]);
    await load(from, join(folder, 'platform'));
    expect(await statusIn(from)).toMatchObject({ submittedElsewhere: [] });
    const store = await school(folder, '990002');
    const { historyId } = await importTo(store, (await exportFrom(from, join(folder, 'mail'), { force: true })).zipFile);
    expect(await statusIn(store)).toMatchObject({
      submittedElsewhere: [{ ref: 'R1', title: '國語文', submittedTerm: '1081', schoolCode: '990001', historyId }],
    });
  });

  it('of nobody is an error', async () => {
    await expect(statusIn(await school(tempFolder(), '990001'))).rejects.toMatchObject({ code: 'LPX_STUDENT_NOT_FOUND' });
  });
});
