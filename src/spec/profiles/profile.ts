/** A profile of limits. Each profile is a file next to this one; `rules/limits.ts` puts them in order. */
import type { Half, Slot } from '../portfolio.js';

export interface FileLimit {
  /** By content, as `fileTypeOf` names it. */
  readonly types: readonly string[];
  /** Largest file in bytes; a file of exactly this size is allowed (docs/spec.md#q15). */
  readonly bytes: number;
}

export interface Quota {
  /** How many a student may submit in a school year. */
  readonly perYear: number;
  /** How many the central database collects over three years. */
  readonly inAll: number;
}

export interface LimitProfile {
  /** First academic term (`1081`) the profile holds for. */
  readonly from: string;
  readonly source: string;
  readonly files: Readonly<Record<Half, Readonly<Record<Slot, FileLimit>>>>;
  /** Longest brief, in characters as a person counts them. */
  readonly briefCharacters: number;
  readonly quotas: Readonly<Record<Half, Quota>>;
}

export const MIB = 1024 * 1024;
