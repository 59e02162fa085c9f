/**
 * The course code file (課程代碼檔) that the national course plan platform gives each school (guide part THREE): code,
 * subject name, and the credits of six terms, a character a term.
 */
import type { Finding, Place } from '../errors.js';
import { COURSE_CODE_CHARACTERS } from './identifiers/course-code.js';
import { dataRows, rowFinding } from './text.js';

/** Terms of three years of two semesters each. */
const TERMS = 6;

/** One course of the file, as it stands there. */
export interface CourseListing {
  readonly code: string;
  readonly subjectName: string;
  /** Six characters, one a term: see `CREDITS`. */
  readonly credits: string;
}

/** The credits (in some divisions: periods) of one term. */
export interface TermCredits {
  /** 1-6: the first semester of the first year to the second of the third. */
  readonly term: number;
  readonly credits: number;
  /** Offered in one of two terms by turns (對開). */
  readonly alternating: boolean;
}

/** The meaning of a character of the credits: none, 1-9, 1-9 by turns (A-I), 10-12 (R-T). */
const CREDITS: ReadonlyMap<string, { readonly credits: number; readonly alternating: boolean }> = new Map<
  string,
  { readonly credits: number; readonly alternating: boolean }
>([
  ...[...'0123456789'].map((character, credits) => [character, { credits, alternating: false }] as const),
  ...[...'ABCDEFGHI'].map((character, i) => [character, { credits: i + 1, alternating: true }] as const),
  ...[...'RST'].map((character, i) => [character, { credits: i + 10, alternating: false }] as const),
]);

/** Takes `220000` apart: the terms in which the course is taught; undefined for a text of another form. */
export function parseCredits(text: string): TermCredits[] | undefined {
  const characters = [...text.slice(0, 2 * TERMS + 1)];
  if (characters.length !== TERMS || characters.some((character) => !CREDITS.has(character))) return undefined;
  return characters.flatMap((character, i) => {
    const credit = CREDITS.get(character);
    return credit && credit.credits > 0 ? [{ term: i + 1, ...credit }] : [];
  });
}

/** Puts credits back into six characters. */
export function formatCredits(terms: readonly TermCredits[]): string {
  return Array.from({ length: TERMS }, (_, i) => {
    const credit = terms.find(({ term }) => term === i + 1) ?? { credits: 0, alternating: false };
    return [...CREDITS].find(([, value]) => value.credits === credit.credits && value.alternating === credit.alternating)?.[0] ?? '0';
  }).join('');
}

/** The file's term of a grade (1-3) and its semester (1-2); undefined for others. */
export const termOfGrade = (grade: number, semester: number): number | undefined =>
  [1, 2, 3].includes(grade) && [1, 2].includes(semester) ? 2 * (grade - 1) + semester : undefined;

/** A table's rows as listings: a row of titles and empty rows are skipped; a row of another form is an error with its place. */
export function listingsOf(rows: readonly (readonly string[])[]): {
  readonly listings: readonly CourseListing[];
  readonly findings: readonly Finding[];
} {
  const listings = new Map<string, CourseListing>();
  const findings: Finding[] = [];
  for (const [i, [code = '', subjectName = '', credits = '']] of dataRows(rows)) {
    const report = (column: string, value: string) => findings.push(rowFinding(i, column, value));
    if ([...code.slice(0, 2 * COURSE_CODE_CHARACTERS + 1)].length !== COURSE_CODE_CHARACTERS) report('courseCode', code);
    else if (subjectName === '') report('subjectName', subjectName);
    else if (parseCredits(credits) === undefined) report('credits', credits);
    else if (listings.has(code)) report('twice', code);
    else listings.set(code, { code, subjectName, credits });
  }
  return { listings: [...listings.values()], findings };
}

/** The fields of a course result that have to agree with its listing. */
export interface ListedCourse {
  readonly courseCode: string;
  readonly subjectName: string;
  readonly grade: number;
  readonly gradeSemester: number;
}

/** How a listing is looked up: `unlisted` when the file of the code's school and year is here and does not have it. */
export type Lookup = (code: string) => CourseListing | 'unlisted' | undefined;

/** Where a course result and its school's course code file do not agree; all of it warnings, since a code is kept as it is. */
export function listingFindings(course: ListedCourse, lookup: Lookup, place: (field: keyof ListedCourse) => Place): Finding[] {
  const listing = lookup(course.courseCode);
  if (listing === undefined) return [];
  if (listing === 'unlisted')
    return [{ code: 'LPX_COURSE_UNLISTED', severity: 'warning', place: place('courseCode'), facts: { value: course.courseCode } }];
  const findings: Finding[] = [];
  if (plain(course.subjectName) !== plain(listing.subjectName))
    findings.push({
      code: 'LPX_COURSE_NAME_DIFFERS',
      severity: 'warning',
      place: place('subjectName'),
      facts: { value: course.subjectName, listed: listing.subjectName },
    });
  const term = termOfGrade(course.grade, course.gradeSemester);
  const taught = parseCredits(listing.credits) ?? [];
  if (term !== undefined && !taught.some((lesson) => lesson.term === term))
    findings.push({
      code: 'LPX_COURSE_TERM_DIFFERS',
      severity: 'warning',
      place: place('gradeSemester'),
      facts: { grade: course.grade, semester: course.gradeSemester, listed: listing.credits },
    });
  return findings;
}

/** A subject's name without what writing it down changes: width, spaces, case. */
const plain = (name: string): string => name.normalize('NFKC').replaceAll(/\s/g, '').toLowerCase();
