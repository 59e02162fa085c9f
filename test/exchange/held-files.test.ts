import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, SAMPLES, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** Paths of the files of a student's first records, in a store. */
const filesOf = async (store: string): Promise<string[]> => {
  const { records } = await studentIn(store, TRANSFER_STUDENT);
  const hashes = records.flatMap(({ record: { document, media } }) => [document, media].flatMap((file) => (file ? [file.sha256] : [])));
  return withStore(store, async ({ attachments }) => [...new Set(hashes)].map((sha256) => attachments.locationOf(sha256)));
};

/** Loses one file of a store, and flips a bit of another. Returns the way to see whether both are intact again. */
async function spoil(store: string): Promise<() => boolean> {
  const [lost, broken] = (await filesOf(store)) as [string, string];
  const before = [lost, broken].map((path) => readFileSync(path));
  rmSync(lost);
  const flipped = Buffer.from(before[1] as Buffer);
  flipped.writeUInt8(flipped.readUInt8(20) ^ 1, 20);
  writeFileSync(broken, flipped);
  return () => [lost, broken].every((path, i) => existsSync(path) && readFileSync(path).equals(before[i] as Buffer));
}

const codes = (findings: readonly { readonly code: string; readonly facts: object }[]) =>
  findings.filter(({ code }) => code === 'LPX_ATTACHMENT_RESTORED').map(({ facts }) => (facts as { damage: string }).damage);

describe('a file of the store that is lost or broken', () => {
  it('is put right by the same package again, which says so and changes nothing else', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const to = await school(folder, '990002');
    await importTo(to, zipFile);
    const sound = await spoil(to);

    const dry = await importTo(to, zipFile, { dryRun: true });
    expect(codes(dry.restored).sort()).toEqual(['broken', 'lost']);
    expect(sound()).toBe(false);

    const again = await importTo(to, zipFile);
    expect([again.outcome, codes(again.restored).sort(), sound()]).toEqual(['unchanged', ['broken', 'lost'], true]);
    expect((await importTo(to, zipFile)).restored).toEqual([]);
  });

  it('is put right by loading the same folder again', async () => {
    const store = await transferSchool(tempFolder());
    const sound = await spoil(store);
    const { findings } = await load(store, join(SAMPLES, 'transfer'));
    expect([codes(findings).sort(), sound()]).toEqual([['broken', 'lost'], true]);
  });

  it('is not kept for a new record with the same content', async () => {
    const folder = tempFolder();
    const file = { bytes: pdf('the same'), type: 'pdf', name: 'a.pdf' };
    const packageOf = async (name: string, createdAt: string) => {
      writeExchangeFolder(join(folder, name), [smallPortfolio([courseResult({ createdAt }, file)])]);
      const from = await school(join(folder, `${name}-store`), '990001');
      await load(from, join(folder, name));
      return (await exportFrom(from, join(folder, `${name}-mail`))).zipFile;
    };
    const to = await school(folder, '990002');
    await importTo(to, await packageOf('first', '2021-01-10 14:03:11'));
    const [path] = (await filesOf(to)) as [string];
    writeFileSync(path, Buffer.alloc(file.bytes.length));
    const { outcome, restored } = await importTo(to, await packageOf('second', '2021-01-11 14:03:11'));
    expect([outcome, codes(restored), readFileSync(path)]).toEqual(['imported', ['broken'], file.bytes]);
  });
});
