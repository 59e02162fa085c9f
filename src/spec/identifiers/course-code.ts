/**
 * The course code of the national course plan platform, 23 characters (guide part THREE; spec 10, C12).
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

export interface CourseCodeExplanation {
  readonly code: string;
  readonly wellFormed: boolean;
  readonly parts: readonly CourseCodePartValue[];
}

const SHAPE: Readonly<Record<CourseCodePart, RegExp>> = {
  entryYear: /^[0-9]{3}$/,
  school: /^[0-9A-Za-z]{6}$/,
  courseType: /^[A-Z]$/,
  group: /^[0-9]{2}$/,
  department: /^[0-9A-Z]{3}$/,
  classGroup: /^[0-9A-Z]$/,
  category: /^[0-9A-Z]$/,
  delivery: /^[0-9A-Z]$/,
  attribute: /^[0-9A-Z]$/,
  domain: /^[0-9A-Z]{2}$/,
  subject: /^[0-9A-Z]{2}$/,
};

/** Parts that any school or year fills in freely. */
const FREE: ReadonlySet<CourseCodePart> = new Set(['entryYear', 'school']);

/** Takes a code apart. Any text is explained; what is short or odd is said to be malformed. */
export function explainCourseCode(code: string): CourseCodeExplanation {
  const characters = [...code];
  const parts = COURSE_CODE_PARTS.map(({ part, offset, length }) => {
    const text = characters.slice(offset, offset + length).join('');
    if (!SHAPE[part].test(text)) return { part, offset, text, kind: 'malformed', name: '' } as const;
    if (FREE.has(part)) return { part, offset, text, kind: 'value', name: '' } as const;
    const name = nameOf(part, text, characters);
    return name === undefined
      ? ({ part, offset, text, kind: schoolDefined(part, text) ? 'value' : 'unknown', name: '' } as const)
      : ({ part, offset, text, kind: 'named', name } as const);
  });
  const wellFormed = characters.length === COURSE_CODE_CHARACTERS && parts.every((part) => part.kind !== 'malformed');
  return { code, wellFormed, parts };
}

/** A subject's fixed codes are the ministry's only for compulsory courses it defines itself. */
function nameOf(part: CourseCodePart, text: string, characters: readonly string[]): string | undefined {
  if (part === 'subject' && characters[16] !== '1') return undefined;
  return COURSE_CODE_TABLES[part]?.[text];
}

/** Class groups, and subjects from `11` on, are numbered by each school. */
const schoolDefined = (part: CourseCodePart, text: string): boolean => part === 'classGroup' || (part === 'subject' && text >= '11');

/** The school whose plan a code belongs to; empty when the code is too short to say. */
export const schoolOfCourseCode = (code: string): string => code.slice(3, 9);
