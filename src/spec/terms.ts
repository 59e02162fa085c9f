/**
 * Academic terms: a ROC year and a semester, written `1081` (docs/spec.md#term); and the days they run over. A school
 * year starts on 1 August and ends on 31 July, its second semester starts on 1 February (各級學校學生學年學期
 * 假期辦法 2, 3). Experimental education may part a year into three or four semesters of its own (guide part
 * FOUR), whose days nobody prescribes.
 */

/** A day of the calendar, `yyyy-MM-dd`; two of them compare as texts. */
export type Day = string;

/** A term taken apart. */
export interface AcademicTerm {
  /** ROC year, 0-999. */
  readonly academicYear: number;
  /** 1-4. */
  readonly semester: number;
}

/** A term as a package writes it: three digits of ROC year, one of semester. */
const TERM = /^([0-9]{3})([1-4])$/;
/** The Western year in which ROC year 0 lies. */
export const ROC_EPOCH = 1911;
const YEAR_STARTS = '08-01';
const YEAR_ENDS = '07-31';
const SECOND_SEMESTER_STARTS = '02-01';
/** Holidays (the same regulation, 4): the winter's start before the second semester does, the summer's before the year ends. */
const WINTER_ENDS = '02-10';
const SUMMER_STARTS = '07-01';
const SUMMER_ENDS = '08-29';

export const isTerm = (text: string): boolean => TERM.test(text);

/** Takes `1081` apart; undefined for anything else. */
export function parseTerm(text: string): AcademicTerm | undefined {
  const match = TERM.exec(text);
  return match ? { academicYear: Number(match[1]), semester: Number(match[2]) } : undefined;
}

/** `1081` for year 108, semester 1. */
export const termOf = (academicYear: number, semester: number): string => `${String(academicYear).padStart(3, '0')}${semester}`;

/** Whether a stored term names one: `0000` and the empty text mean none. */
export const hasTerm = (term: string): boolean => term !== '' && term !== '0000';

/** The ROC school year of a stored term; 0 for none. */
export const schoolYearOf = (term: string): number => Number(term.slice(0, 3));

/** Whether a text is a day that exists. */
export function isDay(text: string): text is Day {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return match !== null && isRealDate([Number(match[1]), Number(match[2]), Number(match[3])]);
}

/** Year, month and day, and perhaps hour, minute and second. */
export type DateParts = readonly [number, number, number, number?, number?, number?];

/** Whether the calendar has this date, and the clock this time. */
export function isRealDate([year, month, day, hour = 0, minute = 0, second = 0]: DateParts): boolean {
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day);
  return (
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  );
}

/** Taiwan's offset from UTC in ms. There has been no daylight saving time since 1979. */
const TAIPEI_OFFSET_MS = 8 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A moment as clocks in Taiwan show it, whatever the computer's time zone: `2021-01-05 23:59:07`. */
export const taipeiTime = (moment: Date): string =>
  new Date(moment.getTime() + TAIPEI_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');

/** The day of a moment in Taiwan. */
export const dayOf = (moment: Date): Day => taipeiTime(moment).slice(0, 10);

/** When a day begins in Taiwan. */
export const startOfDay = (day: Day): Date => new Date(Date.parse(`${day}T00:00:00Z`) - TAIPEI_OFFSET_MS);

/** When the day after it does. */
export const startOfNextDay = (day: Day): Date => new Date(startOfDay(day).getTime() + DAY_MS);

/** The term that a day lies in, by the common calendar of two semesters. */
export function termOn(day: Day): AcademicTerm {
  const year = Number(day.slice(0, 4)) - ROC_EPOCH;
  const monthAndDay = day.slice(5);
  if (monthAndDay >= YEAR_STARTS) return { academicYear: year, semester: 1 };
  return { academicYear: year - 1, semester: monthAndDay < SECOND_SEMESTER_STARTS ? 1 : 2 };
}

/** The term of the last lessons up to a day: in the holidays, the one that has ended. */
export function termTaughtBy(day: Day): AcademicTerm {
  const term = termOn(day);
  const monthAndDay = day.slice(5);
  if (term.semester === 1 && monthAndDay >= YEAR_STARTS && monthAndDay <= SUMMER_ENDS)
    return { academicYear: term.academicYear - 1, semester: 2 };
  return term.semester === 2 && monthAndDay <= WINTER_ENDS ? { ...term, semester: 1 } : term;
}

/**
 * The first day of a term.
 * @param ownCalendar whether it may be a term of experimental education: then the first day of its school year
 */
export function firstDayOf(term: string, ownCalendar = false): Day {
  const [year, semester] = [schoolYearOf(term) + ROC_EPOCH, Number(term.at(-1))];
  const isSecond = semester === 2 && !ownCalendar;
  return `${String(isSecond ? year + 1 : year).padStart(4, '0')}-${isSecond ? SECOND_SEMESTER_STARTS : YEAR_STARTS}`;
}

/** The last day of a school year. */
export const lastDayOf = (academicYear: number): Day => `${String(academicYear + ROC_EPOCH + 1).padStart(4, '0')}-${YEAR_ENDS}`;

/** Whether a day lies between the last lessons of a school year and its last day. */
export const isInSummer = (day: Day): boolean => day.slice(5) >= SUMMER_STARTS && day.slice(5) <= YEAR_ENDS;

/** A day as registers write it, `yyyMMdd` in ROC years (docs/spec.md#registers); empty for anything that starts with no day. */
export function rocDay(text: string): string {
  const match = /^(\d{4})[-/](\d{2})[-/](\d{2})/.exec(text);
  return match ? `${String(Number(match[1]) - ROC_EPOCH).padStart(3, '0')}${match[2]}${match[3]}` : '';
}
