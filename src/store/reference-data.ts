/** What the store knows of other schools: their names and their course code files. */
import type { CourseListing, Lookup } from '../spec/course-code-file.js';
import { planOfCourseCode } from '../spec/identifiers/course-code.js';
import { isCourseResult, type Portfolio } from '../spec/portfolio.js';
import type { ReferenceData } from '../spec/rules/record-rules.js';
import type { School, Store } from './store.js';

/** All that the store knows of the schools and courses in portfolios, for the rules to check against. */
export async function referenceDataFor(store: Store, portfolios: readonly Portfolio<unknown>[]): Promise<ReferenceData> {
  const records = portfolios.flatMap((portfolio) => portfolio.records);
  const schoolCodes = [
    ...records.map((record) => record.fields.originSchoolCode),
    ...portfolios.map((portfolio) => portfolio.basicData.schoolCode),
  ];
  const courseCodes = records.filter(isCourseResult).map((record) => record.fields.courseCode);
  const course = await lookupIn(store, courseCodes);
  const { schools, listed } = await store.schools(schoolCodes);
  const known = new Set(schools.map((school) => school.code));
  return { course, school: (code) => (listed ? known.has(code) : undefined) };
}

/** A lookup of these course codes in the files that the store has. */
export async function lookupIn(store: Store, codes: readonly string[]): Promise<Lookup> {
  const { listings, plans } = await store.courses(codes);
  const byCode = new Map<string, CourseListing>(listings.map((listing) => [listing.code, listing]));
  return (code) => byCode.get(code) ?? (plans.has(planOfCourseCode(code)) ? 'unlisted' : undefined);
}

/** The names of schools by their codes, the store's own school among them; codes without a name are left out. */
export async function schoolNames(store: Store, codes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { schools } = await store.schools(codes);
  const named = [...schools, ...(codes.includes(store.school.code) ? [store.school] : [])];
  return new Map(named.filter(({ name }) => name !== '').map(({ code, name }) => [code, name]));
}

/** A school of a code that may be empty, with its name where that is known. */
export async function schoolOf(store: Store, code: string): Promise<School> {
  const names = code === '' ? new Map<string, string>() : await schoolNames(store, [code]);
  return { code, name: names.get(code) ?? '' };
}
