/** Values of options and arguments, read. */
import { availableParallelism } from 'node:os';
import { LpxError } from '../errors.js';
import { fill } from '../messages/messages.js';
import { canonicalCode, plainCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { readDay, readSchoolYear, readTerm } from '../spec/identifiers/written-terms.js';
import { type Day, dayOf } from '../spec/terms.js';
import type { Context } from './context.js';
import { inWords } from './render/help.js';

/** A day as an option gives it, in any form that is written here; else today in Taiwan. @throws LPX_DAY */
export function dayFrom({ now }: Context, option: string | undefined): Day {
  if (option === undefined) return dayOf(now());
  const day = readDay(option);
  if (day === undefined) throw new LpxError('LPX_DAY', { value: option });
  return day;
}

/** Terms, each as `1081`, in any form that is written here. @throws LPX_TERM */
export const termsFrom = (options: readonly string[]): string[] =>
  options.map((option) => {
    const term = readTerm(option);
    if (term === undefined) throw new LpxError('LPX_TERM', { value: option });
    return term;
  });

/** National ids as arguments give them; a name is none, and is refused with how to find its id. @throws LPX_USAGE */
export function nationalIdsFrom({ messages }: Context, words: readonly string[]): readonly string[] {
  const name = words.find((word) => /\p{Script=Han}/u.test(word));
  if (name !== undefined) throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.idWanted, { words: name }) });
  return words;
}

/** A school year, in years of the Republic. @throws LPX_USAGE */
export function schoolYearFrom({ messages }: Context, option: string): number {
  const year = readSchoolYear(option);
  if (year === undefined) throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.schoolYear, { value: option }) });
  return year;
}

/** A school code; the empty text when the option was not given. @throws LPX_SCHOOL_CODE */
export function schoolCodeFrom(option: string | undefined): string {
  if (option === undefined) return '';
  const code = canonicalCode(option);
  if (!isSchoolCode(code)) throw new LpxError('LPX_SCHOOL_CODE', { value: option });
  return code;
}

/** More than any school's name has. */
const SCHOOL_NAME_CHARACTERS = 100;

/** A school's name. @throws LPX_USAGE for a longer one than any school has */
export function schoolNameFrom({ messages }: Context, option: string): string {
  if ([...option.trim()].length > SCHOOL_NAME_CHARACTERS)
    throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.schoolName, { limit: SCHOOL_NAME_CHARACTERS }) });
  return option;
}

/** A whole number that an option or argument gives. @throws LPX_USAGE */
export function wholeNumber(
  { messages }: Context,
  option: string,
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  const plain = plainCode(text);
  const value = /^[0-9]{1,9}$/.test(plain) ? Number(plain) : Number.NaN;
  if (!(value >= from && value <= to))
    throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.wholeNumber, { option: inWords(messages, option), from, to }) });
  return value;
}

/** More than any store has. */
const LARGEST_ENTRY = 999_999_999;

/** The number of an entry of the history, which an argument gives as it is or as lists show it (`#3`). @throws LPX_USAGE */
export const entryNumber = (context: Context, argument: string, text: string): number =>
  wholeNumber(context, argument, plainCode(text).replace(/^#/, ''), { from: 1, to: LARGEST_ENTRY });

/** More threads than any machine of a school has cores. */
const MOST_JOBS = 64;

/** How many jobs run at a time: as many as an option says, else as the computer has cores. @throws LPX_USAGE */
export const jobsFrom = (context: Context, option: string | undefined): number =>
  option === undefined ? availableParallelism() : wholeNumber(context, '--jobs', option, { from: 1, to: MOST_JOBS });
