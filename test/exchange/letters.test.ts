import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initStore, withStore } from '#lpx/exchange/school-store.js';
import { listStudents } from '#lpx/exchange/students.js';
import { readPicks } from '#lpx/roster/lists.js';
import type { Store } from '#lpx/store/store.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const ID = 'A800000014';

describe('a student’s id in other letters', () => {
  it.each([ID, 'a800000014', ' a800000014\u3000', 'Ａ８００００００１４', 'A800000014\0\0'])('finds the student: %j', async (given) => {
    const folder = join(tempFolder(), 'store');
    await initStore(folder, { code: ' 99000a', name: '' });
    await withStore(folder, async (store) => {
      const { basicData } = smallPortfolio();
      await store.change(async (change) => ({ keep: true, result: await change.addStudent(basicData, {}) }));
      expect((await store.student(given))?.basicData.nationalId).toBe(ID);
      expect(store.school.code).toBe('99000A');
    });
  });

  it('in a list of choices is one student', async () => {
    const file = join(tempFolder(), 'a.csv');
    writeFileSync(file, 'a800000014,O1\n Ａ８００００００１４ , o2 \n');
    expect(await readPicks(file)).toMatchObject([{ nationalId: ID, refs: ['O1', 'o2'] }]);
  });

  it('that an older store has twice is named', async () => {
    const ids = [ID, 'a800000014', 'B800000015', 'c800000016'].map((nationalId) => ({ nationalId }));
    const store = { students: async () => ids } as unknown as Store;
    expect((await listStudents(store)).findings).toMatchObject([
      { code: 'LPX_STUDENT_DOUBLED', place: { student: ID, otherStudent: 'a800000014' } },
    ]);
  });
});
