/** Which passwords are easily guessed: short ones, those made of what everyone who has the package knows, and those that everybody tries first. */
import { rocDay } from '../spec/terms.js';

/** What those who have a package know, or can read in the names of its entries. */
export interface PersonalWords {
  readonly nationalIds: readonly string[];
  /** `2005/03/09`; may be empty. */
  readonly birthDates: readonly string[];
  readonly schoolCodes: readonly string[];
}

export type Weakness = 'short' | 'nationalId' | 'birthDate' | 'schoolCode' | 'common' | 'fewCharacters' | 'sequence';

/** The fewest characters of a password, without what is easily guessed of it. */
export const PASSWORD_CHARACTERS = 10;

/** Why a password is easily guessed; undefined when it is not. */
export function weaknessOf(password: string, { nationalIds, birthDates, schoolCodes }: PersonalWords): Weakness | undefined {
  if (password.length < PASSWORD_CHARACTERS) return 'short';
  const words: readonly (readonly [Weakness, readonly string[]])[] = [
    ['nationalId', nationalIds],
    ['birthDate', birthDates.flatMap(waysToWrite)],
    ['schoolCode', schoolCodes],
  ];
  const personal = words.find(([, known]) => known.some((word) => leftWithout(password, word) < PASSWORD_CHARACTERS))?.[0];
  if (personal) return personal;
  const lower = password.toLowerCase();
  if (isCommon(lower)) return 'common';
  if (new Set(lower).size < DIFFERENT_CHARACTERS) return 'fewCharacters';
  return charactersWithoutRuns(lower) < PASSWORD_CHARACTERS ? 'sequence' : undefined;
}

/** The fewest different characters of a password; capital and small letters are the same. */
const DIFFERENT_CHARACTERS = 5;

/** What passwords are most often made of, here and elsewhere; `ji32k7au4a83` is 我的密碼 on a Zhuyin keyboard. */
const COMMON_WORDS = [
  ...['password', 'passwd', 'administrator', 'admin', 'default', 'letmein', 'welcome', 'iloveyou', 'princess', 'sunshine', 'football'],
  ...['baseball', 'superman', 'abc', 'qwerty', 'qwe', 'asd', 'zxc', 'test', 'temp', 'school', 'student', 'teacher', 'taiwan', 'taipei'],
  ...['secret', 'changeme', 'master', 'dragon', 'monkey', 'shadow', 'michael', 'trustno', 'hello', 'user', 'guest', 'root', 'login'],
  ...['ji32k7au4a83', 'ji394su3', 'su3cl3', '1qaz', '2wsx', '3edc', '4rfv', '5tgb', '6yhn', '1q2w', '3e4r', '5t6y', '7u8i', 'a123456789'],
];
const ANY_COMMON_WORD = new RegExp(COMMON_WORDS.join('|'), 'g');

const SIGNS_FOR_LETTERS: Readonly<Record<string, string>> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '@': 'a', $: 's' };

/** Whether a password is common words and nothing else but digits and signs at its ends; `p@ssw0rd` is a common word, too. */
function isCommon(lower: string): boolean {
  const inner = lower.replace(/[^a-z]+$/, '').replace(/^[^a-z]+/, '');
  const ways = [inner.replace(/[01345@$]/g, (sign) => SIGNS_FOR_LETTERS[sign] ?? sign), lettersOf(lower)];
  return ways.some((text) => {
    const rest = text.replace(ANY_COMMON_WORD, '');
    return rest !== text && !/[a-z]/.test(rest);
  });
}

const ROWS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop[]', "asdfghjkl;'", 'zxcvbnm,./', '!@#$%^&*()'].flatMap((row) => [
  row,
  [...row].reverse().join(''),
]);
/** From this length on, characters in a row are a run. */
const SHORTEST_RUN = 3;

/** How many characters a password has when `1234`, `dcba`, `qwerty` and `aaaa` count as one. */
function charactersWithoutRuns(text: string): number {
  let count = 0;
  for (let start = 0; start < text.length; count++) {
    const length = Math.max(sameFrom(text, start), ...ROWS.map((row) => rowFrom(text, start, row)));
    start += length < SHORTEST_RUN ? 1 : length;
  }
  return count;
}

function sameFrom(text: string, start: number): number {
  let end = start;
  while (text[end] === text[start] && end < text.length) end++;
  return end - start;
}

function rowFrom(text: string, start: number, row: string): number {
  const at = row.indexOf(text[start] ?? '');
  let length = 0;
  while (at >= 0 && start + length < text.length && text[start + length] === row[at + length]) length++;
  return length;
}

/** A day in Western and ROC years, with and without the century or a zero in front. */
function waysToWrite(birthDate: string): string[] {
  const western = birthDate.replace(/[^0-9]/g, '');
  const roc = rocDay(birthDate);
  return [western, roc, roc.replace(/^0/, ''), western.slice(2)].filter((day) => day.length >= SHORTEST_DAY);
}

const SHORTEST_DAY = 6;

/** How many characters a password has besides a word and, where the word stands in it, the signs between. */
function leftWithout(password: string, word: string): number {
  const plain = lettersOf(password);
  const rest = plain.replaceAll(lettersOf(word), '');
  return rest.length === plain.length ? password.length : rest.length;
}

const lettersOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
