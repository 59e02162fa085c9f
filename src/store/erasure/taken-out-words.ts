/** Takes the words of an erased student out of texts: national ids and names, in the ways in which people write them. */
import { inPlainLetters } from '../../plain-text.js';

/** By what a text may know a student: every national id and every name that the store has had of them. */
export interface StudentWords {
  readonly nationalIds: readonly string[];
  readonly names: readonly string[];
}

/** What stands in the place of a word that was taken out. */
const TAKEN_OUT = '＊＊＊';
const BLANKS = '[\\s\\u200b]*';
/** What a name of several parts may have between them. */
const BETWEEN_PARTS = /[\s_.\-·‧・•]+/u;
const LATIN = /^\p{Script=Latin}$/u;

/** A text without the words; the same text when it has none of them. */
export function withoutWords(text: string, { nationalIds, names }: StudentWords): string {
  return [...nationalIds.map(idPattern), ...names.map(namePattern)].reduce(
    (rest, pattern) => (pattern ? withoutMatches(rest, pattern) : rest),
    text,
  );
}

/** What lpx itself wrote into details and reads again: hashes, kinds and the like are nobody's words. */
const OWN_DETAILS: ReadonlySet<string> = new Set(
  'keyedId hash repository snapshot sha256 md5 code request of as on batch receivedAt'.split(' '),
);

/** The details of an entry, as JSON, without the words. */
export function detailsWithoutWords(details: string, words: StudentWords): string {
  let changed = false;
  try {
    const value = JSON.parse(details, (key, part: unknown) => {
      if (typeof part !== 'string' || OWN_DETAILS.has(key)) return part;
      const without = withoutWords(part, words);
      changed ||= without !== part;
      return without;
    });
    return changed ? JSON.stringify(value) : details;
  } catch {
    return withoutWords(details, words);
  }
}

/** What is shown of an id that is masked. */
const SHOWN_CHARACTERS = 6;

/** An id is found inside of other letters, too, and masked. */
function idPattern(nationalId: string): RegExp | undefined {
  const characters = charactersOf(nationalId).map(escaped);
  if (characters.length < 2) return undefined;
  const shown = characters.slice(0, Math.min(SHOWN_CHARACTERS, characters.length - 4)).join('');
  return new RegExp(`${characters.join(BLANKS)}${shown === '' ? '' : `|${shown}\\*{4}`}`, 'giu');
}

/** A name in Latin letters is a word of its own: `Bank` is not in `banking`. */
function namePattern(name: string): RegExp | undefined {
  const parts = inPlainLetters(name).split(BETWEEN_PARTS).filter(Boolean);
  const characters = parts.flatMap((part) => [...part]);
  if (characters.length < 2) return undefined;
  const [first = '', last = ''] = [characters[0], characters.at(-1)];
  const pattern = parts.map(partPattern).join(`(?:${BETWEEN_PARTS.source})?`);
  return new RegExp(
    `${LATIN.test(first) ? '(?<!\\p{Script=Latin})' : ''}${pattern}${LATIN.test(last) ? '(?!\\p{Script=Latin})' : ''}`,
    'giu',
  );
}

const partPattern = (part: string): string =>
  [...part]
    .map(
      (character, i, all) => `${i === 0 || (LATIN.test(character) && LATIN.test(all[i - 1] as string)) ? '' : BLANKS}${escaped(character)}`,
    )
    .join('');

const charactersOf = (word: string): string[] => [...inPlainLetters(word)].filter((character) => /\S/.test(character));

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) as number).toString(16)}}`;

function withoutMatches(text: string, pattern: RegExp): string {
  const parts: string[] = [];
  let end = 0;
  for (const { 0: found, index } of inPlainLetters(text).matchAll(pattern)) {
    parts.push(text.slice(end, index), TAKEN_OUT);
    end = index + found.length;
  }
  return `${parts.join('')}${text.slice(end)}`;
}
