/** National ids as notes, logs and reports may show them. */
import { canonicalCode, inPlainLetters } from './plain-text.js';

/** What surrounds an id that a system has padded. */
const AROUND_ID = /^[\s\0]{0,64}|[\s\0]{1,64}$/g;

/** Masks a national id for notes, logs and reports: `A12345****`. The id's own characters count, not the blanks around it. */
export function maskId(id: string): string {
  const given = id.slice(0, 128);
  // What was given for an id may be a line of a list with one in it.
  const inside = /\s/.test(given.trim()) ? maskIds(given) : given;
  if (inside !== given) return inside;
  const characters = [...given.replace(AROUND_ID, '')];
  return `${characters.slice(0, Math.min(SHOWN_CHARACTERS, Math.max(0, characters.length - 4))).join('')}****`;
}

/** As many characters of an id are shown as those of Taiwanese form have before the last four. */
const SHOWN_CHARACTERS = 6;

/**
 * A text that was refused, from a file that may be another than was meant (one with a password): two characters of it
 * and its length, as asterisks.
 */
export function withheld(text: string): string {
  const characters = [...text.slice(0, 80)].slice(0, 40);
  return characters.map((character, i) => (i < 2 ? character : '*')).join('');
}

/** A text as `withheld`, unless it has the form of a Taiwanese national id. */
export const withheldUnlessId = (text: string): string => (WHOLE_ID.test(canonicalCode(text)) ? text : withheld(text));

const WHOLE_ID = /^[A-Z][A-D1289][0-9]{8}$/;

/** What has letters and digits like an id and is never masked: a course code, an MD5, a SHA-256. */
const NO_ID = /^(?:[0-9]{9}[0-9A-Z]{14}|[0-9A-F]{32}|[0-9A-F]{64})$/;
/** Where letters stand before an id, its own is the last. */
const ID = /[A-Z](?![A-D][1289][0-9]{8})[A-D1289][0-9]{8}/g;
/** Shorter ones may be parts of words. */
const KNOWN_ID_CHARACTERS = 6;

/** The text with what `find` finds in it masked. `find` reads capitals and narrow characters, whatever the text has. */
function maskFound(text: string, find: (plain: string) => Iterable<readonly [at: number, length: number]>): string {
  const parts: string[] = [];
  let end = 0;
  for (const [at, length] of find(inPlainLetters(text))) {
    parts.push(text.slice(end, at), maskId(text.slice(at, at + length)));
    end = at + length;
  }
  return `${parts.join('')}${text.slice(end)}`;
}

function* placesOf(id: string, text: string): Generator<[at: number, length: number]> {
  for (let at = text.indexOf(id); at >= 0; at = text.indexOf(id, at + id.length)) yield [at, id.length];
}

function* idsInside(text: string): Generator<[at: number, length: number]> {
  for (const { 0: token, index } of text.matchAll(/[0-9A-Z]+/g)) {
    if (NO_ID.test(token)) continue;
    for (const found of token.matchAll(ID)) yield [index + found.index, found[0].length];
  }
}

/**
 * Masks every national id in a text from outside: those of Taiwanese form, whatever stands next to them, folders
 * named by one, and those that are known; in every form in which an id is recognised, so in small and wide letters too.
 */
export function maskIds(text: string, known: readonly string[] = []): string {
  const whole = known
    .map(canonicalCode)
    .filter((id) => id.length >= KNOWN_ID_CHARACTERS)
    .reduce((masked, id) => maskFound(masked, (plain) => placesOf(id, plain)), text);
  const folder = whole.replace(/^[^/\s]+(?=\/(?:課程學習成果|多元表現)\/)/, (name) => (name.endsWith('****') ? name : maskId(name)));
  return maskFound(folder, idsInside);
}
