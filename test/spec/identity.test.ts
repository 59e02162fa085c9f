import { describe, expect, it } from 'vitest';
import { identityOf } from '#lpx/spec/identity.js';
import { isCourseResult, type PortfolioRecord, withAttachments } from '#lpx/spec/portfolio.js';
import { anyPortfolio } from '../support/portfolios.js';
import fc from '../support/properties.js';
import { courseResult } from '../support/small-portfolio.js';

const known = (record: ReturnType<typeof courseResult>, sha256 = 'f') => withAttachments(record, () => ({ sha256 }));
const of = (fields: object = {}, sha256 = 'f') => identityOf(known(courseResult(fields), sha256));

describe('what makes two records the same', () => {
  it('is not the order of their properties', () => {
    fc.assert(
      fc.property(anyPortfolio, ({ records }) => {
        for (const record of records) {
          const turned = { ...record, fields: Object.fromEntries(Object.entries(record.fields).reverse()) };
          expect(identityOf(known(turned as typeof record))).toEqual(identityOf(known(record)));
        }
      }),
      { numRuns: 30 },
    );
  });

  it.each(['beforeTransfer', 'duringBorrowedStudy'])('is not %s, which the reason of an export sets', (flag) => {
    expect(of({ [flag]: true })).toEqual(of({ [flag]: false }));
  });

  it.each([{ brief: '別的' }, { certification: '2' }, { credits: 9 }])('in content is every other field: %j', (fields) => {
    expect(of(fields).content).not.toBe(of().content);
    expect(of(fields).key).toBe(of().key);
  });

  it.each([{ courseCode: '109990001H11101A2010112' }, { originSchoolCode: '990009' }, { createdAt: '2021-01-11 00:00:00' }])(
    'in key is which thing it is about: %j',
    (fields) => {
      expect(of(fields).key).not.toBe(of().key);
    },
  );

  it('in content is its files, and in key too where it has no time of creation', () => {
    expect(of({}, 'e').content).not.toBe(of().content);
    expect(of({}, 'e').key).toBe(of().key);
    expect(of({ createdAt: '' }, 'e').key).not.toBe(of({ createdAt: '' }).key);
  });

  it('in content is what the spec does not know of', () => {
    const record = known(courseResult());
    expect(identityOf({ ...record, extras: { 校內備註: 1 } } as PortfolioRecord<{ sha256: string }>).content).not.toBe(
      identityOf(record).content,
    );
    expect(isCourseResult(record)).toBe(true);
  });
});
