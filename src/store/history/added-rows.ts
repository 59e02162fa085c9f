/** The rows that an entry of the history added. */
import type { Kysely, Transaction } from 'kysely';
import { PART } from '../statements.js';
import type { Row } from '../table-rows.js';
import type { Tables } from '../tables.js';
import type { ChangedTable } from './entry-changes.js';

export const RECORD_TABLES = ['own_records', 'received_records'] as const;
export const LISTING_TABLES = ['course_codes', 'known_schools'] as const;

/**
 * Some at a time: also while each part is taken away.
 * @param which those that are there, or also those that a later entry took out; not records that a later entry replaced
 */
export async function* addedRows(
  db: Kysely<Tables> | Transaction<Tables>,
  id: number,
  which: 'present' | 'all',
): AsyncGenerator<{ readonly table: ChangedTable; readonly rows: readonly Row[] }> {
  const removed = which === 'present' ? [false] : [false, true];
  for (const table of RECORD_TABLES)
    for (const isRemoved of removed)
      for (let after = 0; ; ) {
        const rows = await db
          .selectFrom(table)
          .selectAll()
          .where('history_id', '=', id)
          .where('removed_by', isRemoved ? 'is not' : 'is', null)
          .where('id', '>', after)
          .orderBy('id')
          .limit(PART)
          .execute();
        if (rows.length === 0) break;
        after = rows.at(-1)?.id ?? 0;
        yield { table, rows: rows as unknown as Row[] };
      }
  for (const isRemoved of removed)
    for (let after = 0; ; ) {
      const rows = await db
        .selectFrom('history_students')
        .innerJoin('students', 'students.id', 'history_students.student_id')
        .selectAll('students')
        .where('history_students.history_id', '=', id)
        .where('created', '=', 1)
        .where('students.removed_by', isRemoved ? 'is not' : 'is', null)
        .where('students.id', '>', after)
        .orderBy('students.id')
        .limit(PART)
        .execute();
      if (rows.length === 0) break;
      after = rows.at(-1)?.id ?? 0;
      yield { table: 'students', rows };
    }
  for (const table of LISTING_TABLES)
    for (let after = ''; ; ) {
      const rows = await db
        .selectFrom(table as 'known_schools')
        .selectAll()
        .where('history_id', '=', id)
        .where('code', '>', after)
        .orderBy('code')
        .limit(PART)
        .execute();
      if (rows.length === 0) break;
      after = rows.at(-1)?.code ?? '';
      yield { table, rows };
    }
}
