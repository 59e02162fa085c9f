/** Identifiers, codes and numbers as systems pad them and people type them: with blanks around, in wide characters. */

/** Blanks of every width, zeros, and what does not show: what fixed columns and forms leave around a code. */
const AROUND = /[\s\0\u200b\u200e\u200f\u2060\ufeff]/;

/** A text without what surrounds it. Takes time in proportion to the text. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && AROUND.test(text[start] as string)) start++;
  while (end > start && AROUND.test(text[end - 1] as string)) end--;
  return text.slice(start, end);
}

/** The full-width forms of ASCII, and how far they are from it. */
const WIDE = /[\uff01-\uff5e]/g;
const WIDE_OFFSET = 0xfee0;

const narrowed = (text: string): string =>
  text.replace(WIDE, (character) => String.fromCharCode(character.charCodeAt(0) - WIDE_OFFSET)).replaceAll('\u3000', ' ');

/** A code without what surrounds it, its wide digits, letters and signs narrowed. */
export const plainCode = (text: string): string => trimmed(narrowed(text));

/** Any text in narrow characters and capitals, unit for unit: what is found in it stands at the same place in the text. */
export const inPlainLetters = (text: string): string => narrowed(text).replace(/[a-z]+/g, (letters) => letters.toUpperCase());

/** A national id or school code as the store keeps and finds it: plain, and in capitals. */
export const canonicalCode = (text: string): string => plainCode(text).toUpperCase();
