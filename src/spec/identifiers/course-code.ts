/**
 * The course code of the national course plan platform, 23 characters (the guide's part THREE; docs/spec.md#c12).
 * It is carried byte for byte; this module only explains it.
 */
import { COURSE_CODE_TABLES, type CourseCodePart } from '../codes.js';

export const COURSE_CODE_CHARACTERS = 23;

/** The parts in order: name, offset and length in characters. */
export const COURSE_CODE_PARTS: readonly { readonly part: CourseCodePart; readonly offset: number; readonly length: number }[] = [
  { part: 'entryYear', offset: 0, length: 3 },
  { part: 'school', offset: 3, length: 6 },
  { part: 'courseType', offset: 9, length: 1 },
  { part: 'group', offset: 10, length: 2 },
  { part: 'department', offset: 12, length: 3 },
  { part: 'classGroup', offset: 15, length: 1 },
  { part: 'category', offset: 16, length: 1 },
  { part: 'delivery', offset: 17, length: 1 },
  { part: 'attribute', offset: 18, length: 1 },
  { part: 'domain', offset: 19, length: 2 },
  { part: 'subject', offset: 21, length: 2 },
];

/** One part of a code: its characters, and its name in Chinese where a table knows it. */
export interface CourseCodePartValue {
  readonly part: CourseCodePart;
  readonly offset: number;
  readonly text: string;
  /** `value` is free to the school or the year; `unknown` is in no table of ours. */
  readonly kind: 'named' | 'value' | 'unknown' | 'malformed';
  readonly name: string;
}

/** A character that is wrong, missing, or one too many. */
export interface CourseCodeFault {
  /** Counted from 1. */
  readonly position: number;
  /** Empty when it is missing. */
  readonly character: string;
  readonly problem: 'form' | 'missing' | 'extra';
  /** The part it stands in; the last one for what is too many. */
  readonly part: CourseCodePart;
}

export interface CourseCodeExplanation {
  readonly code: string;
  readonly wellFormed: boolean;
  readonly parts: readonly CourseCodePartValue[];
  /** Every wrong character, in order; empty for a well-formed code. */
  readonly faults: readonly CourseCodeFault[];
}

const DIGIT = /^[0-9]$/;
const CAPITAL = /^[A-Z]$/;
const DIGIT_OR_CAPITAL = /^[0-9A-Z]$/;

/** What each character of a part may be. */
const CHARACTER: Readonly<Record<CourseCodePart, RegExp>> = {
  entryYear: DIGIT,
  school: /^[0-9A-Za-z]$/,
  courseType: CAPITAL,
  group: DIGIT,
  department: DIGIT_OR_CAPITAL,
  classGroup: DIGIT_OR_CAPITAL,
  category: DIGIT_OR_CAPITAL,
  delivery: DIGIT_OR_CAPITAL,
  attribute: DIGIT_OR_CAPITAL,
  domain: DIGIT_OR_CAPITAL,
  subject: DIGIT_OR_CAPITAL,
};

/** Parts that any school or year fills in freely. */
const FREE: ReadonlySet<CourseCodePart> = new Set(['entryYear', 'school']);

/** Takes a code apart. Any text is explained; what is short or odd is said to be malformed. */
export function explainCourseCode(code: string): CourseCodeExplanation {
  const characters = [...code];
  const faults: CourseCodeFault[] = [];
  const parts = COURSE_CODE_PARTS.map(({ part, offset, length }) => {
    const own = characters.slice(offset, offset + length);
    const text = own.join('');
    const wrong = Array.from({ length }, (_, i) => faultAt(part, offset + i + 1, own[i])).filter((fault) => fault !== undefined);
    faults.push(...wrong);
    if (wrong.length > 0) return { part, offset, text, kind: 'malformed', name: '' } as const;
    if (FREE.has(part)) return { part, offset, text, kind: 'value', name: '' } as const;
    const name = nameOf(part, text, characters);
    return name === undefined
      ? ({ part, offset, text, kind: schoolDefined(part, text) ? 'value' : 'unknown', name: '' } as const)
      : ({ part, offset, text, kind: 'named', name } as const);
  });
  for (const [i, character] of characters.slice(COURSE_CODE_CHARACTERS).entries())
    faults.push({ position: COURSE_CODE_CHARACTERS + i + 1, character, problem: 'extra', part: 'subject' });
  return { code, wellFormed: faults.length === 0, parts, faults };
}

function faultAt(part: CourseCodePart, position: number, character: string | undefined): CourseCodeFault | undefined {
  if (character === undefined) return { position, character: '', problem: 'missing', part };
  return CHARACTER[part].test(character) ? undefined : { position, character, problem: 'form', part };
}

/** A subject's fixed codes are the ministry's only for compulsory courses it defines itself. */
function nameOf(part: CourseCodePart, text: string, characters: readonly string[]): string | undefined {
  if (part === 'subject') return characters[16] === '1' ? COURSE_CODE_TABLES.subject?.[characters.slice(19, 23).join('')] : undefined;
  return COURSE_CODE_TABLES[part]?.[text];
}

/** Class groups, and subjects from `11` on, are numbered by each school. */
const schoolDefined = (part: CourseCodePart, text: string): boolean => part === 'classGroup' || (part === 'subject' && text >= '11');

/** The school whose plan a code belongs to; empty when the code is too short to say. */
export const schoolOfCourseCode = (code: string): string => code.slice(3, 9);

/** The entry year a code is for (適用學年度), a ROC year; undefined when it names none. */
export function entryYearOfCourseCode(code: string): number | undefined {
  const text = code.slice(0, 3);
  return /^[0-9]{3}$/.test(text) ? Number(text) : undefined;
}

/** The year and school whose course code file lists a code. */
export const planOfCourseCode = (code: string): string => code.slice(0, 9);

/** The delivery of comprehensive schools that crosses years (跨年級). */
const CROSSES_YEARS = '2';

/** When a course was taken, and by whom. */
export interface CourseTaken {
  /** The student's entry year as the basic data give it: by the spec the year of entry, in one platform's packages the current one. */
  readonly studentYear: number;
  /** The ROC year in which the course was due. */
  readonly academicYear: number;
  /** 1-3; anything else when it is not known. */
  readonly grade: number;
}

/**
 * Whether a code's entry year can be that of the student. It can when it lies between the student's own and the
 * year of the course (who repeats a year, or comes back, goes on with those who entered later), or when it is the
 * one that the grade implies (docs/spec.md#t10: the student's year may be the current one; and who transfers in goes on
 * with those who entered earlier elsewhere). A code without a year fits nothing and is malformed.
 */
export function entryYearFits(code: string, { studentYear, academicYear, grade }: CourseTaken): boolean {
  const year = entryYearOfCourseCode(code);
  if (year === undefined || year > academicYear) return false;
  const byGrade = grade >= 1 && grade <= 3 && year === academicYear - grade + 1;
  return year >= studentYear || byGrade || [...code][17] === CROSSES_YEARS;
}
