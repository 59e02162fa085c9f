/** Academic terms: a ROC year and a semester, written `1081` (spec 3). */

/** A term as a package writes it: three digits of ROC year, one of semester. */
const TERM = /^([0-9]{3})([1-4])$/;

export const isTerm = (text: string): boolean => TERM.test(text);

/** `1081` for year 108, semester 1. */
export const termOf = (academicYear: number, semester: number): string => `${String(academicYear).padStart(3, '0')}${semester}`;

/** Whether a stored term names one: `0000` and the empty text mean none. */
export const hasTerm = (term: string): boolean => term !== '' && term !== '0000';
