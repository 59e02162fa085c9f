/** Puts course code files and lists of schools into the store. */
import type { Transaction } from 'kysely';
import type { CourseListing } from '../spec/course-code-file.js';
import { planOfCourseCode } from '../spec/identifiers/course-code.js';
import { inParts } from './statements.js';
import type { School } from './store.js';
import type { Row } from './table-rows.js';
import type { Tables } from './tables.js';

/** Where listings are put in; `noted` gets each row that becomes another, as it was, and the columns. */
export interface Listing {
  readonly db: Transaction<Tables>;
  /** The entry that they are of. */
  readonly entry: number | undefined;
  readonly noted: (table: 'course_codes' | 'known_schools', row: Row, columns: Row) => Promise<void>;
}

/** Over those of the same code. @returns how many are new or other than before */
export function putCourses(listing: Listing, courses: readonly CourseListing[]): Promise<number> {
  const rows = courses.map(({ code, subjectName, credits }) => ({
    code,
    subject_name: subjectName,
    credits,
    plan: planOfCourseCode(code),
  }));
  return putChanged(listing, 'course_codes', rows);
}

/** As `putCourses`. */
export function putSchools(listing: Listing, schools: readonly School[]): Promise<number> {
  const rows = schools.map(({ code, name }) => ({ code, name }));
  return putChanged(listing, 'known_schools', rows);
}

/** Puts in what is new, or says something else than what is held under its code. @returns how many those are */
async function putChanged(
  { db, entry, noted }: Listing,
  table: 'course_codes' | 'known_schools',
  rows: readonly (Row & { readonly code: string })[],
): Promise<number> {
  let count = 0;
  for (const some of inParts([...new Map(rows.map((row) => [row.code, row])).values()])) {
    const codes = some.map(({ code }) => code);
    const found = await db
      .selectFrom(table as 'known_schools')
      .selectAll()
      .where('code', 'in', codes)
      .execute();
    const held = new Map<string, Row & { readonly code: string }>(found.map((row) => [row.code, row]));
    const fresh = some
      .filter((row) => Object.entries(row).some(([name, value]) => held.get(row.code)?.[name] !== value))
      .map((row) => ({ ...row, history_id: entry ?? null }));
    count += fresh.length;
    for (const row of fresh) {
      const before = held.get(row.code);
      if (!before) continue;
      await noted(table, before, row);
      await db
        .updateTable(table as 'known_schools')
        .set(row)
        .where('code', '=', row.code)
        .execute();
    }
    const added = fresh.filter(({ code }) => !held.has(code));
    if (added.length > 0)
      await db
        .insertInto(table as 'known_schools')
        .values(added as never)
        .execute();
  }
  return count;
}
