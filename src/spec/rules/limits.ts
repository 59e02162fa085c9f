/** Limits by school year (docs/spec.md#files). A later school year is one more profile, and its row here. */
import type { Half } from '../portfolio.js';
import { GUIDE_109 } from '../profiles/guide-109.js';
import { MINISTRY_109_1 } from '../profiles/ministry-109-1.js';
import type { LimitProfile, Quota } from '../profiles/profile.js';
import { termOf } from '../terms.js';

/** No school year has more. */
const LAST_SEMESTER = 4;

/** By the term they hold from, oldest first. */
export const LIMIT_PROFILES: readonly LimitProfile[] = [GUIDE_109, MINISTRY_109_1];

/** The profile of a term (`1092`); terms before the first profile are held to the first. */
export const limitsFor = (term: string): LimitProfile => LIMIT_PROFILES.findLast((profile) => profile.from <= term) ?? GUIDE_109;

/**
 * The quota of a school year's end.
 * @param extendedYears school years by which the student's study is lengthened under 高級中等教育法 第42條. The guide says
 *   that the total then grows, not by how much: we assume one extra yearly quota per extra year.
 */
export function quotaFor(half: Half, academicYear: number, extendedYears: number): Quota {
  const { perYear, inAll } = limitsFor(termOf(academicYear, LAST_SEMESTER)).quotas[half];
  return { perYear, inAll: inAll + extendedYears * perYear };
}
