import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRegisters } from '#lpx/exchange/load-registers.js';
import { loadRoster } from '#lpx/exchange/load-roster.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { NOW, OPERATOR, SAMPLES, school, studentIn } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const ROSTERS = join(SAMPLES, 'rosters');
const BY = { now: NOW, operator: OPERATOR };

describe('the samples of lists and registers', () => {
  it('load without a warning, each list alike', async () => {
    const store = await school(tempFolder(), '990001');
    await withStore(store, async (open) => {
      for (const [name, created] of [
        ['students.csv', 4],
        ['students-big5.csv', 0],
        ['students.xlsx', 0],
      ] as const)
        expect(await loadRoster(open, { path: join(ROSTERS, name), ...BY })).toMatchObject({ rows: 4, created, updated: 0, findings: [] });
      for (const [name, rows] of [
        ['course-results.xlsx', 3],
        ['certificates.csv', 2],
        ['competitions.xlsx', 2],
      ] as const) {
        const result = await loadRegisters(open, { path: join(ROSTERS, name), attachments: join(ROSTERS, 'attachments'), ...BY });
        expect(result).toMatchObject({ rows, skippedRows: 0, changed: true });
        expect(result?.findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
      }
    });
    const { records } = await studentIn(store, 'A800000014');
    expect(records.map(({ record: { list, document, media } }) => [list, document?.name, media?.name])).toEqual([
      ['courseResults', '國語文.pdf', undefined],
      ['certificates', undefined, undefined],
      ['competitions', '獎狀.jpg', '上台報告.mp4'],
    ]);
  });
});
