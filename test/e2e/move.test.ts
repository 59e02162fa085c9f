import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { describePostgres, testDatabase } from '../support/postgres.js';
import { TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { durationOf, strike, within } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

const KILLS = 3;

describePostgres('the command move', () => {
  it('killed at any moment leaves the old store in use, or is complete; the same command finishes', async () => {
    const parent = tempFolder();
    const from = await transferSchool(parent);
    const kinds = () => withStore(from, async (store) => (await store.history()).map(({ kind }) => kind));
    const before = await kinds();
    const { url } = await testDatabase();
    const words = ['move', from, url, '--attachments', join(parent, 'files')];
    const duration = await durationOf(() => lpx([...words, '--dry-run']));
    let isMoved = false;
    for (let i = 0; i < KILLS && !isMoved; i++) {
      await strike(words, 'SIGKILL', within(duration * 1.5, i, KILLS));
      isMoved = (await lpx(['--store', from, 'students'])).err.includes('LPX_STORE_MOVED');
      if (!isMoved) expect(await kinds()).toEqual(before);
    }
    const last = await lpxJson(words);
    expect(outputFaults(last.json)).toEqual([]);
    if (!isMoved) expect(last).toMatchObject({ code: 0, json: { resumed: false, missing: [] } });
    expect(await lpxJson(['--store', from, 'students'])).toMatchObject({ code: 2, json: { error: { code: 'LPX_STORE_MOVED' } } });
    const shown = await lpxJson(['--store', url, 'history', '--kind', 'move']);
    expect([outputFaults(shown.json), shown.json.entries]).toMatchObject([[], [{ kind: 'move' }]]);
    expect((await lpx(['--store', url, 'show', TRANSFER_STUDENT])).code).toBe(0);
  });
});
