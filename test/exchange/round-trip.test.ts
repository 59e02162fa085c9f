import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { isCourseResult, isMultiPerformance, LISTS, type PortfolioRecord, withAttachments } from '#lpx/spec/portfolio.js';
import { anyPortfolio, type MadePortfolio, type MadeRecord, THIS_SCHOOL, writeExchangeFolder } from '../support/portfolios.js';
import fc from '../support/properties.js';
import { exportFrom, importTo, load, md5, school, studentIn } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

type Seen = PortfolioRecord<{ md5: string; name: string }>;

/** What an exchange carries of a portfolio: certified, uploaded, flagged; own records before received ones. */
function carried({ records }: MadePortfolio, reason: 'transfer' | 'borrowed-study'): Seen[] {
  const goes = (record: MadeRecord) => {
    if (isCourseResult(record)) return record.fields.certification === '1';
    return !isMultiPerformance(record) || !['', '0000'].includes((record.fields as { uploadTerm: string }).uploadTerm);
  };
  const own = (record: MadeRecord) => ['', THIS_SCHOOL].includes(record.fields.originSchoolCode);
  const flagged = (record: MadeRecord) => {
    if (!isCourseResult(record)) return record;
    if (reason === 'transfer') return { ...record, fields: { ...record.fields, beforeTransfer: true } };
    return own(record) ? { ...record, fields: { ...record.fields, duringBorrowedStudy: true } } : record;
  };
  return LISTS.flatMap(({ name }) => {
    const of = records.filter((record) => record.list === name && goes(record));
    return [...of.filter(own), ...of.filter((record) => !own(record))];
  }).map((record) => withAttachments(flagged(record) as MadeRecord, ({ bytes, name }) => ({ md5: md5(bytes), name })));
}

/** Before any school year has ended: when an exchange is due is another test's matter. */
const FIRST_DAY = '1912-01-01';

const exchanged = (records: readonly Seen[]) => records.filter((record) => isCourseResult(record) || isMultiPerformance(record));

describe('an exchange', () => {
  it('carries any valid portfolio whole: what arrives equals what left', async () => {
    const reasons = fc.constantFrom('transfer' as const, 'borrowed-study' as const);
    await fc.assert(
      fc.asyncProperty(
        anyPortfolio,
        reasons,
        fc.constantFrom('aes256' as const, 'zipcrypto' as const),
        async (portfolio, reason, encryption) => {
          const expected = carried(portfolio, reason);
          fc.pre(exchanged(expected).length > 0);
          const folder = tempFolder();
          writeExchangeFolder(join(folder, 'platform'), [portfolio]);
          const [from, to] = [await school(folder, THIS_SCHOOL), await school(folder, '990002')];
          await load(from, join(folder, 'platform'));
          const { nationalId } = portfolio.basicData;
          const { zipFile } = await exportFrom(from, join(folder, 'mail'), {
            nationalIds: [nationalId],
            reason,
            left: FIRST_DAY,
            acceptLeft: true,
            encryption,
          });

          const result = await importTo(to, zipFile);

          expect(result.outcome, JSON.stringify(result.report.findings)).toBe('imported');
          const arrived = await studentIn(to, nationalId);
          expect(arrived.basicData).toEqual(portfolio.basicData);
          expect(arrived.extras).toEqual(portfolio.extras);
          expect(arrived.records.map(({ record }) => withAttachments(record, ({ md5, name }) => ({ md5, name })))).toEqual(expected);
          expect(arrived.records.every(({ provenance }) => provenance === 'received')).toBe(true);
          await withStore(to, async (store) => {
            for (const { record } of arrived.records) {
              for (const attachment of [record.document, record.media]) {
                if (attachment) expect(md5(readFileSync(store.attachments.locationOf(attachment.sha256)))).toBe(attachment.md5);
              }
            }
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is the same again when it is repeated: nothing is added, nothing is lost', async () => {
    await fc.assert(
      fc.asyncProperty(anyPortfolio, async (portfolio) => {
        fc.pre(exchanged(carried(portfolio, 'transfer')).length > 0);
        const folder = tempFolder();
        writeExchangeFolder(join(folder, 'platform'), [portfolio]);
        const [from, to] = [await school(folder, THIS_SCHOOL), await school(folder, '990002')];
        await load(from, join(folder, 'platform'));
        const before = await studentIn(from, portfolio.basicData.nationalId);
        await load(from, join(folder, 'platform'));
        expect(await studentIn(from, portfolio.basicData.nationalId)).toEqual(before);
        const { zipFile } = await exportFrom(from, join(folder, 'mail'), {
          nationalIds: [portfolio.basicData.nationalId],
          left: FIRST_DAY,
          acceptLeft: true,
        });
        await importTo(to, zipFile);
        const arrived = await studentIn(to, portfolio.basicData.nationalId);

        expect((await importTo(to, zipFile)).outcome).toBe('unchanged');

        expect(await studentIn(to, portfolio.basicData.nationalId)).toEqual(arrived);
      }),
      { numRuns: 15 },
    );
  });
});
