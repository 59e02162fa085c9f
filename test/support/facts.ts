import type { Facts, Finding } from '#lpx/errors.js';

/** A fact of a finding whose code a test does not single out; undefined where its sentences have none of this name. */
export const factOf = (finding: Finding | undefined, name: string): string | number | undefined =>
  (finding?.facts as Facts | undefined)?.[name];
