/** Explains course codes: every part by name, and what a store adds from its course code files and its list of schools. */
import type { Lookup } from '../spec/course-code-file.js';
import { type CourseCodeExplanation, explainCourseCode, schoolOfCourseCode } from '../spec/identifiers/course-code.js';
import { lookupIn, schoolNames } from '../store/reference-data.js';
import type { Store } from '../store/store.js';

export interface ExplainedCode extends CourseCodeExplanation {
  /** The line of a course code file; `unlisted` where the file of its school and year lacks it, undefined without a file. */
  readonly listing: ReturnType<Lookup>;
  /** The name of its school; empty when it is not known. */
  readonly schoolName: string;
}

/** @param store undefined to explain by the code alone */
export async function explainCodes(codes: readonly string[], store?: Store): Promise<ExplainedCode[]> {
  const lookup: Lookup = store ? await lookupIn(store, codes) : () => undefined;
  const names: ReadonlyMap<string, string> = store ? await schoolNames(store, codes.map(schoolOfCourseCode)) : new Map();
  return codes.map((code) => ({
    ...explainCourseCode(code),
    listing: lookup(code),
    schoolName: names.get(schoolOfCourseCode(code)) ?? '',
  }));
}
