import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { taipeiTime } from '#lpx/spec/terms.js';
import type { NewBatch } from '#lpx/store/batch-journal.js';
import { classOf } from '../support/batches.js';
import { describeEngines } from '../support/postgres.js';
import { exportFrom, NOW, TRANSFER_STUDENT, transferSchoolOn } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

describeEngines('the journal of batches', (engine) => {
  it('lets one process run a batch, and another go on with it only where it was cut short and that is asked for', async () => {
    const location = await transferSchoolOn(engine, tempFolder());
    await withStore(location, async (store) => {
      const work = await store.attachments.workFolder();
      const begin = (more: Partial<NewBatch> = {}) =>
        store.batches.begin({ kind: 'export', key: 'a', now: NOW, work, resume: false, ...more });
      const first = await begin();
      expect(first.isResumed).toBe(false);
      for (const resume of [false, true]) await expect(begin({ resume })).rejects.toMatchObject({ code: 'LPX_BATCH_RUNNING' });
      expect((await begin({ key: 'b' })).token).not.toBe(first.token);

      await work.remove();
      const next = { work: await store.attachments.workFolder() };
      await expect(begin(next)).rejects.toMatchObject({ code: 'LPX_BATCH_UNFINISHED', facts: { at: taipeiTime(NOW) } });
      expect(await begin({ ...next, resume: true })).toEqual({ token: first.token, isResumed: true });
      expect(await begin({ ...next, key: 'c', resume: true })).toMatchObject({ isResumed: false, otherUnfinished: NOW.toISOString() });

      await store.batches.end(first);
      const again = await begin({ ...next, resume: true });
      expect([again.isResumed, again.token === first.token]).toEqual([false, false]);
      await next.work.remove();
    });
  });
});

describeEngines('what was sent before', (engine) => {
  it('is known by student, content and school, also from entries of earlier versions, and not once it was taken back', async () => {
    const parent = tempFolder();
    const folder = await transferSchoolOn(engine, parent);
    const { contentsDigest } = await exportFrom(folder, join(parent, 'mail'), { toSchool: '990002' });
    const sentTo = (school: string, digest = contentsDigest) =>
      withStore(folder, async (store) => {
        const student = await store.student(TRANSFER_STUDENT);
        return store.claims.sentBefore({ studentId: student?.id ?? 0, contentsDigest: digest, school });
      });
    expect((await sentTo('990002'))?.file).toMatch(/^990001_.*\.zip$/);
    expect([await sentTo('990003'), await sentTo('990002', '0'.repeat(64))]).toEqual([undefined, undefined]);
    await engine.tamper(folder, `update history_students set contents_digest = ''`);
    expect(await sentTo('990002')).toBeDefined();
    await engine.tamper(folder, 'update history set undone_by = 1');
    expect(await sentTo('990002')).toBeUndefined();
  });
});

describe('the files that several students have', () => {
  it('are those of more than one of the students who are asked about', async () => {
    const { store: folder, nationalIds } = await classOf(tempFolder(), 3);
    await withStore(folder, async (store) => {
      const [first = '', second = ''] = nationalIds;
      expect([...(await store.sharedFiles([first]))]).toEqual([]);
      const shared = [...(await store.sharedFiles([first, second.toLowerCase()]))];
      expect(shared).toHaveLength(1);
      const student = await store.student(first);
      expect(student?.records.map(({ record }) => record.document?.sha256)).toContain(shared[0]);
      expect([...(await store.names([first.toLowerCase(), 'Z800000001']))]).toEqual([[first, '學生0']]);
    });
  });
});
