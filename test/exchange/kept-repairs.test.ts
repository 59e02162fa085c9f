import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeExchangeFolder } from '../support/portfolios.js';
import { contentOf, exportFrom, importTo, load, PASSWORD, school, sign, studentIn, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';
import { written } from '../support/zips.js';

const TERM = '本課程學習成果上傳學年度及學期';
const REPAIR = { property: TERM, repair: 'term', from: '"109-1"', to: '"1091"' };

/** A platform's folder whose document writes a term its own way. */
function platformFolder(folder: string): string {
  const platform = join(folder, 'platform');
  writeExchangeFolder(platform, [smallPortfolio([courseResult(), courseResult({ createdAt: '2021-01-11 08:00:00' })])]);
  const file = join(platform, 'handover.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(`"${TERM}":"1091"`, `"${TERM}":"109-1"`));
  return platform;
}

describe('what was repaired of a record when it came', () => {
  it('is kept with the record that a load brings, and with no other', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    await load(store, platformFolder(folder));
    const { records } = await studentIn(store, TRANSFER_STUDENT);
    expect(records.map(({ record }) => record.repairs)).toEqual([[REPAIR], undefined]);
  });

  it('is kept with the record that an import brings', async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    writeExchangeFolder(join(folder, 'sound'), [smallPortfolio()]);
    await load(from, join(folder, 'sound'));
    const { zipFile } = await exportFrom(from, join(folder, 'mail'));
    const entries = (await contentOf(zipFile)).map((entry) =>
      entry.name === `${basename(zipFile, '.zip')}.json`
        ? { ...entry, content: Buffer.from(String(entry.content).replace(`"${TERM}": "1091"`, `"${TERM}": "109-1"`)) }
        : entry,
    );
    writeFileSync(zipFile, await written(entries, 'aes256', PASSWORD));
    sign(zipFile);
    const to = await school(folder, '990002');
    await importTo(to, zipFile);
    const { records } = await studentIn(to, TRANSFER_STUDENT);
    expect(records.map(({ record }) => record.repairs)).toEqual([[REPAIR]]);
  });
});
