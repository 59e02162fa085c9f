import { join } from 'node:path';
import { expect, it } from 'vitest';
import { importPackage } from '#lpx/exchange/import.js';
import { initStore } from '#lpx/exchange/school-store.js';
import { openStore } from '#lpx/store/open.js';
import type { Store } from '#lpx/store/store.js';
import { describeS3 } from '../support/s3.js';
import { exportFrom, importRequest, importTo, NOW, OPERATOR, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR, reason: '' };

/** The files that records of a store have, by what the vault says of each. */
async function filesOf(store: Store): Promise<string[]> {
  const states = (await store.neededFiles()).map(({ sha256 }) => store.attachments.check(sha256));
  return Promise.all(states);
}

/** A student who is there already is imported once more, and `erase` runs right before the change that commits it. */
async function race(attachments: string, erase: (other: Store) => Promise<void>, after: (other: Store) => Promise<void>) {
  const folder = tempFolder();
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  const location = join(folder, 'receiver');
  await initStore(location, { code: '990002', name: '' }, { attachments });
  await importTo(location, zipFile);
  const [store, other] = [await openStore(location), await openStore(location)];
  try {
    const change = store.change.bind(store);
    store.change = async (work) => {
      await erase(other);
      return change(work);
    };
    expect((await importPackage(store, importRequest(zipFile))).outcome).toBe('imported');
    await after(other);
    return {
      files: await filesOf(other),
      limits: other.erasures.limits,
      held: await heldIn(other),
      faults: (await other.log.verify()).faults,
    };
  } finally {
    await store.close();
    await other.close();
  }
}

async function heldIn(store: Store): Promise<number> {
  let count = 0;
  for await (const _ of store.attachments.list()) count++;
  return count;
}

describeS3('an import of files that are held, of which an erasure takes the student between', (server) => {
  it.each(['a folder', 'a bucket'])('has every file in %s, also where the files are removed after it', async (place) => {
    const attachments = (name: string) => (place === 'a bucket' ? server.urlOf(name) : '');
    const erased = await race(
      attachments('before'),
      async (other) => expect(await other.erasures.erase(TRANSFER_STUDENT, BY)).toMatchObject({ remnants: { files: [] } }),
      async () => {},
    );
    expect(erased.files.length).toBeGreaterThan(0);
    expect(erased).toMatchObject({ held: erased.files.length, faults: [], limits: place === 'a bucket' ? ['disk', 's3'] : ['disk'] });
    expect(new Set(erased.files)).toEqual(new Set(['sound']));

    const late = await race(
      attachments('after'),
      async (other) => {
        const overwrite = other.erasures.overwrite;
        other.erasures.overwrite = async () => ({ files: [], database: undefined });
        await other.erasures.erase(TRANSFER_STUDENT, BY);
        other.erasures.overwrite = overwrite;
      },
      async (other) => expect(await other.erasures.overwrite()).toEqual({ files: [], database: undefined }),
    );
    expect(new Set(late.files)).toEqual(new Set(['sound']));
    expect(late.held).toBe(late.files.length);
  });

  it('leaves nothing of the student in a bucket once there is no import', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const location = join(folder, 'receiver');
    await initStore(location, { code: '990002', name: '' }, { attachments: server.urlOf('erased') });
    await importTo(location, zipFile);
    const store = await openStore(location);
    expect(await heldIn(store)).toBeGreaterThan(0);
    expect(await store.erasures.erase(TRANSFER_STUDENT, BY)).toMatchObject({ remnants: { files: [], database: undefined } });
    expect(await heldIn(store)).toBe(0);
    await store.close();
  });
});
