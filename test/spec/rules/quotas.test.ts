import { describe, expect, it } from 'vitest';
import { LIMIT_PROFILES, limitsFor, quotaFor } from '#lpx/spec/rules/limits.js';
import { overQuota, type Pickable, standingsOf, totalOf } from '#lpx/spec/rules/quotas.js';
import fc from '../../support/properties.js';

const items = (count: number, picked: number, schoolYear = 109, half: Pickable['half'] = 'courseResults'): Pickable[] =>
  Array.from({ length: count }, (_, i) => ({ half, schoolYear, picked: i < picked }));
const of = (half: Pickable['half'], year: number, all: readonly Pickable[], extended = 0) =>
  standingsOf(all, extended).find((standing) => standing.half === half && standing.schoolYear === year);

describe('the profiles of limits', () => {
  const MIB = 1024 * 1024;
  // The guide's part TWO; docs/spec.md#files; guide part FOUR.
  it.each([
    ['1081', 2 * MIB, 5 * MIB],
    ['1082', 2 * MIB, 5 * MIB],
    ['1091', 4 * MIB, 10 * MIB],
    ['1142', 4 * MIB, 10 * MIB],
  ])('in term %s allow documents of %i bytes and media of %i', (term, documents, media) => {
    const { files, briefCharacters, quotas } = limitsFor(term);
    for (const half of ['courseResults', 'multiPerformances'] as const)
      expect(files[half]).toEqual({
        document: { types: ['pdf', 'jpg', 'png'], bytes: documents },
        media: { types: ['mp3', 'mp4'], bytes: media },
      });
    expect(briefCharacters).toBe(100);
    expect(quotas).toEqual({ courseResults: { perYear: 6, inAll: 18 }, multiPerformances: { perYear: 10, inAll: 30 } });
  });

  it('stand in the order of their terms, each with its source', () => {
    const from = LIMIT_PROFILES.map((profile) => profile.from);
    expect(from).toEqual([...from].sort());
    for (const { source } of LIMIT_PROFILES) expect(source).not.toBe('');
  });

  it('collect more where study is lengthened', () => {
    expect([0, 1, 2].map((years) => quotaFor('courseResults', 109, years).inAll)).toEqual([18, 24, 30]);
    expect([0, 1].map((years) => quotaFor('multiPerformances', 109, years).inAll)).toEqual([30, 40]);
  });
});

describe('what may still be picked', () => {
  it('is six course results and ten multi-performances a school year', () => {
    expect(of('courseResults', 109, items(8, 0))).toMatchObject({ items: 8, picked: 0, perYear: 6, left: 6 });
    expect(of('courseResults', 109, items(8, 5))).toMatchObject({ left: 1 });
    expect(of('multiPerformances', 109, items(12, 3, 109, 'multiPerformances'))).toMatchObject({ perYear: 10, left: 7 });
  });

  it('is no more than there is', () => {
    expect(of('courseResults', 109, items(2, 1))).toMatchObject({ left: 1 });
  });

  it('is bounded by eighteen and thirty in all', () => {
    const four = [...items(6, 6, 108), ...items(6, 6, 109), ...items(6, 6, 110), ...items(6, 0, 111)];
    expect(of('courseResults', 111, four)).toMatchObject({ left: 0 });
    expect(of('courseResults', 111, four, 1)).toMatchObject({ left: 6 });
  });

  it('of one half or year is not touched by another', () => {
    const all = [...items(6, 6), ...items(3, 0, 110), ...items(3, 0, 109, 'multiPerformances')];
    expect(of('courseResults', 110, all)).toMatchObject({ left: 3 });
    expect(of('multiPerformances', 109, all)).toMatchObject({ left: 3 });
  });

  it('once picked leaves nothing over a limit: whoever keeps to what is left keeps every limit', () => {
    const pickable = fc.record({
      half: fc.constantFrom('courseResults' as const, 'multiPerformances' as const),
      schoolYear: fc.integer({ min: 108, max: 112 }),
    });
    fc.assert(
      fc.property(fc.array(pickable, { maxLength: 80 }), fc.integer({ min: 0, max: 2 }), (all, extended) => {
        let state: Pickable[] = all.map((item) => ({ ...item, picked: false }));
        for (const [i, item] of state.entries())
          if ((of(item.half, item.schoolYear, state, extended)?.left ?? 0) > 0)
            state = state.map((standing, n) => (n === i ? { ...standing, picked: true } : standing));
        expect(overQuota(state, extended)).toEqual([]);
        for (const half of ['courseResults', 'multiPerformances'] as const) {
          const { picked, limit } = totalOf(half, state, extended);
          expect(picked).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });
});

describe('what is over a limit', () => {
  it('is reported by year and in total', () => {
    expect(overQuota(items(7, 7), 0)).toEqual([{ half: 'courseResults', schoolYear: 109, picked: 7, limit: 6 }]);
    const many = [108, 109, 110, 111].flatMap((year) => items(6, 6, year));
    expect(overQuota(many, 0)).toEqual([{ half: 'courseResults', schoolYear: 0, picked: 24, limit: 18 }]);
    expect(overQuota(many, 1)).toEqual([]);
  });
});
