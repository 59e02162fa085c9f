/** Cuts lists into parts that fit into one SQL statement. */

/** Values that one statement accepts. */
export const PART = 200;

/** Cuts a list into parts of which each fits into one statement. */
export const inParts = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / PART) }, (_, i) => all.slice(i * PART, (i + 1) * PART));
