import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '#lpx/errors.js';
import { importPackage } from '#lpx/exchange/import.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { errorOfReport } from '#lpx/exchange/verify.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importRequest, importTo, load, md5, school, sign } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** A package of one student with one course result and one file, in about 3 kB. */
async function smallPackage(folder: string, encryption: 'aes256' | 'zipcrypto'): Promise<string> {
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio()]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return (await exportFrom(store, join(folder, 'mail'), { encryption })).zipFile;
}

/** Every byte of a package with one or more of its bits turned, each at its own offset. */
function* flips(bytes: Buffer): Generator<{ offset: number; flipped: Buffer }> {
  for (let offset = 0; offset < bytes.length; offset++) {
    const flipped = Buffer.from(bytes);
    flipped[offset] = (bytes[offset] as number) ^ (((offset * 37) % 255) + 1);
    yield { offset, flipped };
  }
}

describe('a package with any single byte changed', () => {
  it('is refused with exit 3 by its signature, and with 4, 5 or 6 when the signature was rewritten; the store stays empty', async () => {
    const folder = tempFolder();
    const original = await smallPackage(folder, 'aes256');
    const bytes = readFileSync(original);
    const store = await school(folder, '990002');
    mkdirSync(join(folder, 'flipped'));
    const zipFile = join(folder, 'flipped', basename(original));
    const request = importRequest(zipFile);
    const wrong: string[] = [];

    await withStore(store, async (open) => {
      for (const { offset, flipped } of flips(bytes)) {
        writeFileSync(zipFile, flipped);
        for (const [signature, codes] of [
          [`${md5(bytes)}  ${basename(zipFile)}\n`, [3]],
          [`${md5(flipped)}  ${basename(zipFile)}\n`, [4, 5, 6]],
        ] as const) {
          writeFileSync(`${zipFile}.md5`, signature);
          const { outcome, report } = await importPackage(open, request);
          const error = errorOfReport(report);
          if (outcome !== 'refused' || !error || !(codes as readonly number[]).includes(CATALOGUE[error.code].exit))
            wrong.push(`byte ${offset}: ${outcome} ${error?.code}`);
        }
        if ((await open.students()).length > 0) throw new Error(`byte ${offset} let a student in`);
      }
      expect((await open.history()).filter((entry) => entry.kind !== 'import' || entry.state !== 'failed')).toEqual([]);
    });

    expect(wrong).toEqual([]);
    expect(readdirSync(join(store, 'attachments'))).toEqual([]);
  });

  it('under ZipCrypto is refused too, or says exactly what the true package says', async () => {
    const folder = tempFolder();
    const original = await smallPackage(folder, 'zipcrypto');
    const bytes = readFileSync(original);
    const store = await school(folder, '990002');
    mkdirSync(join(folder, 'flipped'));
    const zipFile = join(folder, 'flipped', basename(original));
    const truth = await importTo(store, original, { dryRun: true });
    let accepted = 0;

    for (const { flipped } of flips(bytes)) {
      writeFileSync(zipFile, flipped);
      sign(zipFile);
      const result = await importTo(store, zipFile, { dryRun: true });
      if (result.outcome === 'refused') continue;
      accepted++;
      expect(result.students).toEqual(truth.students);
    }
    // Only the unused last bits of a deflated text may change unnoticed.
    expect(accepted).toBeLessThanOrEqual(3);
  });
});
