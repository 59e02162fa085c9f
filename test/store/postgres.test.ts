import { join } from 'node:path';
import { expect, it } from 'vitest';
import { identityOf } from '#lpx/spec/identity.js';
import { createStore, openStore } from '#lpx/store/open.js';
import { describePostgres, testDatabase } from '../support/postgres.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const SCHOOL = { code: '990001', name: '示範高中' };

describePostgres('a store in a database', () => {
  it('is created once, and can be opened again', async () => {
    const { location } = await testDatabase();
    const attachments = join(tempFolder(), 'files');
    await (await createStore(location, { school: SCHOOL, attachments })).close();
    await expect(createStore(location, { school: SCHOOL, attachments })).rejects.toMatchObject({ code: 'LPX_STORE_EXISTS' });
    const store = await openStore(location);
    expect(store.school).toEqual(SCHOOL);
    const record = { ...courseResult(), document: null, media: null } as never;
    await store.change(async (change) => {
      const historyId = await change.addHistory({
        kind: 'load',
        at: new Date(2021, 0, 21),
        file: 'a.json',
        bytes: 5_000_000_000,
        operator: 'x',
      });
      const student = await change.addStudent(smallPortfolio().basicData, {});
      await change.addRecords(student.id, 'received', historyId, [{ record, ...identityOf(record) }]);
      return { keep: true, result: undefined };
    });
    expect(await store.students()).toMatchObject([{ courseResults: 1 }]);
    expect(await store.history()).toMatchObject([{ bytes: 5_000_000_000 }]);
    await store.close();
  });
});
