/**
 * Days, terms and school years as people and systems in Taiwan write them: in years of the Republic or Western ones, with
 * signs between their parts or without. The only place that reads them: repairs and the command line both ask here.
 */

import { plainCode } from '../../plain-text.js';
import { type Day, isRealDate, ROC_EPOCH, termOf } from '../terms.js';

/** A day at the start of a text, its year Western; it may be one that no calendar has. */
export interface WrittenDay {
  /** `yyyy`, `MM`, `dd` */
  readonly parts: readonly [string, string, string];
  /** How many digits its year was written with; years of up to three are of the Republic. */
  readonly yearDigits: number;
  /** Whether it says that it lies before the Republic, as the zero of another calendar does. */
  readonly beforeRepublic: boolean;
  /** What follows the day, such as a time. */
  readonly rest: string;
}

/** Years of so many digits are of the Republic of China; those of four are not, however odd. */
const ROC_DIGITS = 3;

const DAYS: readonly RegExp[] = [
  /^(?:中華)?(?:民國)?(?:前)?\s*(-?\d{1,4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?/,
  /^(\d{4})(\d\d)(\d\d)(?!\d)/,
  /^(\d{2,3})(\d\d)(\d\d)(?!\d)/,
];

const two = (value = '0'): string => String(Number(value)).padStart(2, '0');
const western = (year: string): string => (year.length <= ROC_DIGITS ? String(Number(year) + ROC_EPOCH) : year).padStart(4, '0');

/** The day that a text starts with. @param plain the text, trimmed and narrowed, of bounded length */
export function writtenDay(plain: string): WrittenDay | undefined {
  const match = DAYS.map((pattern) => pattern.exec(plain)).find((found) => found !== null);
  if (!match) return undefined;
  const [whole, year = '', month, day] = match;
  return {
    parts: [western(year), two(month), two(day)],
    yearDigits: year.length,
    beforeRepublic: year.startsWith('-') || whole.includes('前'),
    rest: plain.slice(whole.length).trim(),
  };
}

/** Longer than any day or term that a person writes. */
const WRITTEN_CHARACTERS = 40;
const FIRST_WESTERN_YEAR = ROC_EPOCH + 1;

/**
 * A day that a person typed: `2021-01-22`, `2021/1/22`, `110/01/22`, `1100122`, `民國110年1月22日`. A year of two digits could be
 * of either calendar: it is no day here.
 */
export function readDay(text: string): Day | undefined {
  if (text.length > WRITTEN_CHARACTERS) return undefined;
  const written = writtenDay(plainCode(text));
  if (written?.rest !== '' || written.beforeRepublic || written.yearDigits < ROC_DIGITS) return undefined;
  const [year, month, day] = written.parts;
  const exists = isRealDate([Number(year), Number(month), Number(day)]);
  return exists && Number(year) >= FIRST_WESTERN_YEAR ? `${year}-${month}-${day}` : undefined;
}

const SEMESTERS: Readonly<Record<string, number>> = { 一: 1, 二: 2, 三: 3, 四: 4, 上: 1, 下: 2 };
const TERMS: readonly RegExp[] = [
  /^(\d{3})0?([1-4])$/,
  /^(\d{2,3})\s*[-/.]\s*0?([1-4])$/,
  /^(\d{2,3})\s*(?:學年度?)?\s*(?:第\s*)?([1-4一二三四上下])\s*(?:學期)?$/,
];

/** A term, as `1081`, out of `1081`, `108-1`, `108/1`, `10801`, `108學年度第1學期`, `108上`; undefined for anything else. */
export function readTerm(text: string): string | undefined {
  if (text.length > WRITTEN_CHARACTERS) return undefined;
  const plain = plainCode(text);
  const match = TERMS.map((pattern) => pattern.exec(plain)).find((found) => found !== null);
  const semester = match?.[2] ?? '';
  return match ? termOf(Number(match[1]), SEMESTERS[semester] ?? Number(semester)) : undefined;
}

/** A school year in years of the Republic, out of `109`, `109學年度`; undefined for anything else. */
export function readSchoolYear(text: string): number | undefined {
  if (text.length > WRITTEN_CHARACTERS) return undefined;
  const match = /^(?:民國)?\s*(\d{1,3})\s*(?:學年度?)?$/.exec(plainCode(text));
  const year = Number(match?.[1] ?? 0);
  return year > 0 ? year : undefined;
}

/** A semester or a year of study, 1-4, out of `1`, `01`, `一`, `第1學期`, `上`, `高一`, `一年級`; undefined for anything else. */
export function readOrdinal(text: string): number | undefined {
  if (text.length > WRITTEN_CHARACTERS) return undefined;
  const match = /^(?:第|高)?\s*0?([1-4一二三四上下])\s*(?:學期|年級|年)?$/.exec(plainCode(text));
  const ordinal = match?.[1] ?? '';
  return match ? (SEMESTERS[ordinal] ?? Number(ordinal)) : undefined;
}
