/** Fills sentences with facts, and makes text from outside safe to show. */

/** What a sentence is filled with: file names, values, counts. */
export type Facts = Readonly<Record<string, string | number>>;

/** Words for the values of facts, by the fact's name. */
export type Words = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a fact may take of a sentence, in characters: its text may be as long as a whole document. */
const FACT_CHARACTERS = 200;

/** Of these, so many are its end, where the name of a file stands. */
const END_CHARACTERS = 60;

/** A text from outside, cut to what a sentence has room for: its beginning and its end. */
export function cutFact(text: string): string {
  if (text.length <= FACT_CHARACTERS) return text;
  const start = [...text.slice(0, 2 * FACT_CHARACTERS + 1)];
  if (start.length <= FACT_CHARACTERS) return text;
  const end = [...text.slice(-2 * END_CHARACTERS)].slice(-END_CHARACTERS);
  return `${start.slice(0, FACT_CHARACTERS - END_CHARACTERS - 1).join('')}…${end.join('')}`.toWellFormed();
}

/** What is counted in bytes, of what `{what}` may name: `{value:amount}` shows it as a size, and anything else as a number. */
const SIZES: ReadonlySet<unknown> = new Set(['archive', 'directory', 'entry', 'total', 'json']);

/** A number of bytes as a person reads it, rounded up: what is over a limit never looks like it. */
export function sizeText(bytes: number): string {
  const [unit, size] = bytes >= 1024 ** 3 ? ['GB', 1024 ** 3] : bytes >= 1024 ** 2 ? ['MB', 1024 ** 2] : ['KB', 1024];
  return `${Math.ceil((bytes / size) * 100) / 100} ${unit}`;
}

/** A size as a person reads it; binary units. */
export function size(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

/**
 * Fills `{name}` from the facts, each cut short. A fact with words of its own (a reason, a part) is shown by them.
 * `{name:size}` and `{name:amount}` show bytes. `{name:file is|files are}` shows what stands before the bar where the
 * fact is 1, and what stands after it where it is any other number.
 */
export function fill(template: string, facts: Facts, words: Words = {}): string {
  return template
    .replace(/\{(\w+)(?::([^{}]+))?\}/g, (_, name: string, format = '') => {
      const given = facts[name] ?? '';
      const [singular, plural] = format.split('|');
      if (plural !== undefined) return String(given) === '1' ? singular : plural;
      if (format === 'size' || (format === 'amount' && SIZES.has(facts.what))) return sizeText(Number(given));
      const value = String(given);
      const own = words[name];
      return own && Object.hasOwn(own, value) ? (own[value] as string) : visible(inert(cutFact(value)));
    })
    .replace(/ +(?=[,，。)）」]|$)/g, '')
    .replace(/ {2,}/g, ' ');
}

/** Characters that do not show and do something: all that a terminal may obey but line breaks, and what turns the writing around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
export const HIDDEN_CHARACTERS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u206f]/g;

/** Text from outside, without anything a terminal would obey or that would turn the writing around. */
export const inert = (text: string): string => text.replace(HIDDEN_CHARACTERS, '\ufffd').replaceAll('\n', '\ufffd');

/** Blanks at the ends of a text, also inside its quotation marks: nobody sees them there. */
const END_BLANKS = /^"?[ \u00a0\u3000]{1,200}|[ \u00a0\u3000]{1,200}"?$/g;
/** Characters without a shape of their own: those of private use, and those that show nothing. */
const SHAPELESS =
  /[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0\ufff9-\ufffb\ue000-\uf8ff\u{f0000}-\u{10ffff}]|[\u{e0000}-\u{e01ef}]/gu;

/** A text with what would not be seen in it made visible: `林小禾␣`, `林[U+E000]`. */
export const visible = (text: string): string =>
  text
    .replace(END_BLANKS, (ends) => ends.replace(/[^"]/g, '␣'))
    .replace(SHAPELESS, (character) => `[U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}]`);
