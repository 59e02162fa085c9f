/**
 * Limits by school year (spec 9). A profile is one row of data; a later school year is one row more.
 * Sizes are binary megabytes, and a file of exactly the limit is allowed (spec 12, Q15).
 */
import type { Half, Slot } from '../portfolio.js';

export interface LimitProfile {
  /** First academic term (`1081`) the profile holds for. */
  readonly from: string;
  readonly source: string;
  /** Largest file of each slot, in bytes. */
  readonly bytes: Readonly<Record<Slot, number>>;
  /** Longest brief, in characters as a person counts them. */
  readonly briefCharacters: number;
}

const MIB = 1024 * 1024;

export const LIMIT_PROFILES: readonly LimitProfile[] = [
  { from: '1081', source: '109 學年度高級中等學校說明版', bytes: { document: 2 * MIB, media: 5 * MIB }, briefCharacters: 100 },
  { from: '1091', source: '教育部 109.12.23 新聞稿', bytes: { document: 4 * MIB, media: 10 * MIB }, briefCharacters: 100 },
];

/** The profile of a term (`1092`); terms before the first profile are held to the first. */
export const limitsFor = (term: string): LimitProfile =>
  LIMIT_PROFILES.findLast((profile) => profile.from <= term) ?? (LIMIT_PROFILES[0] as LimitProfile);

/** File types a slot takes, the same in both halves (spec 9). */
export const FILE_TYPES: Readonly<Record<Slot, readonly string[]>> = {
  document: ['pdf', 'jpg', 'png'],
  media: ['mp3', 'mp4'],
};

/** How many of each half a student may submit in a school year, and the central database collects (spec 1). */
export const QUOTAS: Readonly<Record<Half, { readonly perYear: number; readonly inAll: number }>> = {
  courseResults: { perYear: 6, inAll: 18 },
  multiPerformances: { perYear: 10, inAll: 30 },
};
