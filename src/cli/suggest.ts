/** What somebody may have meant by a word that means nothing here. */

/** How much of a word may differ from the intended one. */
const DIFFERENCE = 0.4;

/** The candidates that are closest to a word, as long as they are close; case does not count. */
export function closest(word: string, candidates: readonly string[]): string[] {
  const given = word.toLowerCase();
  const distances = candidates.map((candidate) => ({ candidate, distance: distanceOf(given, candidate) }));
  const close = distances.filter(({ candidate, distance }) => distance <= DIFFERENCE * Math.max(given.length, candidate.length));
  const least = Math.min(...close.map(({ distance }) => distance));
  return close.filter(({ distance }) => distance === least).map(({ candidate }) => candidate);
}

/** Longer words are nobody's typing error. */
const WORD_CHARACTERS = 60;

/** How many characters were left out, put in, replaced, or changed places with the next one (Damerau and Levenshtein). */
function distanceOf(a: string, b: string): number {
  if (a.length > WORD_CHARACTERS) return a.length;
  const rows: number[][] = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : i)),
  );
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      (rows[i] as number[])[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped);
    }
  }
  return at(a.length, b.length);
}
