/** Which passwords are easily guessed: short ones, and those made of what everyone who has the package knows. */
import { rocDay } from '../spec/terms.js';

/** What those who have a package know, or can read in the names of its entries. */
export interface PersonalWords {
  readonly nationalIds: readonly string[];
  /** `2005/03/09`; may be empty. */
  readonly birthDates: readonly string[];
  readonly schoolCodes: readonly string[];
}

export type Weakness = 'short' | 'nationalId' | 'birthDate' | 'schoolCode';

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
  return words.find(([, known]) => known.some((word) => leftWithout(password, word) < PASSWORD_CHARACTERS))?.[0];
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
