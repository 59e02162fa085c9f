/**
 * How many of a student's items are picked (勾選) and may still be (guide parts ONE and FOUR): up to so many a school
 * year and so many in all, whether they were made here or came from another school, and whether that school's courses
 * were credited here or not.
 */
import { HALVES, type Half } from '../portfolio.js';
import { quotaFor } from './limits.js';

/** One item as the quotas see it. */
export interface Pickable {
  readonly half: Half;
  /** The ROC school year it was uploaded in: the year it can be picked for. */
  readonly schoolYear: number;
  readonly picked: boolean;
}

/** The picks of one half in one school year. */
export interface Standing {
  readonly schoolYear: number;
  readonly half: Half;
  readonly items: number;
  readonly picked: number;
  readonly perYear: number;
  /** How many more may be picked for this year, within both limits; never negative. */
  readonly left: number;
}

export interface OverQuota {
  readonly half: Half;
  /** 0 for the total of all years. */
  readonly schoolYear: number;
  readonly picked: number;
  readonly limit: number;
}

/** The total of a half over all school years, and its limit. */
export function totalOf(
  half: Half,
  items: readonly Pickable[],
  extendedYears: number,
): { readonly picked: number; readonly limit: number } {
  const ofHalf = items.filter((item) => item.half === half);
  const newest = Math.max(0, ...ofHalf.map((item) => item.schoolYear));
  return { picked: ofHalf.filter((item) => item.picked).length, limit: quotaFor(half, newest, extendedYears).inAll };
}

/** Every school year that has items, oldest first, each half of it. */
export function standingsOf(items: readonly Pickable[], extendedYears: number): Standing[] {
  const years = [...new Set(items.map((item) => item.schoolYear))].sort((a, b) => a - b);
  return years.flatMap((schoolYear) =>
    HALVES.map((half) => {
      const { perYear } = quotaFor(half, schoolYear, extendedYears);
      const total = totalOf(half, items, extendedYears);
      const ofYear = items.filter((item) => item.half === half && item.schoolYear === schoolYear);
      const picked = ofYear.filter((item) => item.picked).length;
      const left = Math.max(0, Math.min(perYear - picked, total.limit - total.picked, ofYear.length - picked));
      return { schoolYear, half, items: ofYear.length, picked, perYear, left };
    }),
  );
}

/** Where more is picked than may be. */
export function overQuota(items: readonly Pickable[], extendedYears: number): OverQuota[] {
  const ofYears = standingsOf(items, extendedYears)
    .filter(({ picked, perYear }) => picked > perYear)
    .map(({ half, schoolYear, picked, perYear }) => ({ half, schoolYear, picked, limit: perYear }));
  const inAll = HALVES.map((half) => ({ half, schoolYear: 0, ...totalOf(half, items, extendedYears) }));
  return [...ofYears, ...inAll.filter(({ picked, limit }) => picked > limit)];
}
