/**
 * What a student's row says of the other rows that are the student's: records, also those that were replaced or taken out, and picks.
 * It is under the seal of the row, so that a row that somebody deleted or put in past lpx is found.
 */
import { createHash } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import { sealed, sealOf } from './seal.js';
import { inParts, PART } from './statements.js';
import type { Tables } from './tables.js';

type Db = Kysely<Tables> | Transaction<Tables>;

const RECORD_TABLES = ['own_records', 'received_records'] as const;

/** SHA-256 over the rows of each student, 64 hex digits, by the student's number; none for a student without rows. */
async function holdingsOf(db: Db, studentIds: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const lines = new Map<number, string[]>();
  const add = (studentId: number, row: readonly unknown[]) => {
    const own = lines.get(studentId) ?? [];
    own.push(JSON.stringify(row));
    lines.set(studentId, own);
  };
  for (const table of RECORD_TABLES)
    for (const { id, student_id, seal } of await db
      .selectFrom(table)
      .select(['id', 'student_id', 'seal'])
      .where('student_id', 'in', studentIds)
      .execute())
      add(student_id, [table, id, seal]);
  for (const { student_id, provenance, record_id, replaced_by, seal } of await db
    .selectFrom('former_records')
    .select(['student_id', 'provenance', 'record_id', 'replaced_by', 'seal'])
    .where('student_id', 'in', studentIds)
    .execute())
    add(student_id, ['former_records', provenance, record_id, replaced_by, seal]);
  for (const { student_id, provenance, record_id, at } of await db
    .selectFrom('picks')
    .selectAll()
    .where('student_id', 'in', studentIds)
    .execute())
    add(student_id, ['picks', provenance, record_id, at]);
  const hashOf = (own: string[]) => createHash('sha256').update(own.sort().join('\n')).digest('hex');
  return new Map([...lines].map(([studentId, own]) => [studentId, hashOf(own)]));
}

/** Has the rows of students say what there is of them now. A row that is damaged stays as it is: it is found by its seal. */
export async function sealHoldings(db: Db, studentIds: Iterable<number>): Promise<void> {
  for (const some of inParts([...studentIds])) {
    const holdings = await holdingsOf(db, some);
    for (const { id, seal, ...row } of await db.selectFrom('students').selectAll().where('id', 'in', some).execute()) {
      const holds = holdings.get(id) ?? '';
      if (holds === row.holds || seal !== sealOf('students', row)) continue;
      await db
        .updateTable('students')
        .set(sealed('students', { ...row, holds }))
        .where('id', '=', id)
        .execute();
    }
  }
}

/** The numbers of all students, some at a time. */
export async function* studentIdsIn(db: Db): AsyncGenerator<number[]> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = await db.selectFrom('students').select('id').where('id', '>', after).orderBy('id').limit(PART).execute();
    if (rows.length > 0) yield rows.map(({ id }) => id);
    if (rows.length < PART) return;
    after = rows.at(-1)?.id ?? after;
  }
}

/** The students of whom there is not what their rows say, by number. Reads in several steps: within one state of the database. */
export async function incompleteStudents(db: Db, inPart: (studentId: number) => boolean): Promise<number[]> {
  const incomplete: number[] = [];
  for await (const ids of studentIdsIn(db)) {
    const some = ids.filter(inPart);
    if (some.length === 0) continue;
    const holdings = await holdingsOf(db, some);
    const rows = await db.selectFrom('students').select(['id', 'holds']).where('id', 'in', some).execute();
    incomplete.push(...rows.filter(({ id, holds }) => holds !== (holdings.get(id) ?? '')).map(({ id }) => id));
  }
  return incomplete;
}
