/** The row that says whose store it is. */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { LpxError } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { DatabaseChange } from './database-change.js';
import { sealed, sealOf } from './seal.js';
import type { School } from './store.js';
import type { Tables } from './tables.js';

/** Who makes a store, and when. */
export interface Making {
  readonly at: Date;
  readonly operator: string;
}

export interface NewSchoolRow {
  readonly school: School;
  /** The group of users that shares the store; empty when it is its owner's alone. */
  readonly group: string;
  /** Its first entry in the history. */
  readonly made?: Making | undefined;
}

/** Within a transaction, which one process at a time has: the first one in is the school's. @throws LPX_STORE_EXISTS */
export async function addSchool(transaction: Transaction<Tables>, folder: string, { school, group, made }: NewSchoolRow): Promise<void> {
  const held = await transaction.selectFrom('school').select('code').executeTakeFirst();
  if (held) throw new LpxError('LPX_STORE_EXISTS', { folder });
  await transaction
    .insertInto('school')
    .values(sealed('school', { ...school, shared_group: group }))
    .execute();
  const change = new DatabaseChange(transaction, folder);
  if (made) await change.addHistory({ kind: 'init', ...made, file: '', bytes: 0 });
  await change.chainEntries();
}

/** The school of a store; undefined when it has none yet. @throws LPX_STORE_DAMAGED */
export async function schoolIn(db: Kysely<Tables>, folder: string): Promise<Selectable<Tables['school']> | undefined> {
  const row = await db.selectFrom('school').selectAll().executeTakeFirst();
  if (row && (row.seal !== sealOf('school', row) || !isSchool(row))) throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'ownSchool' });
  return row;
}

/** Whether a row that an earlier version left says of what school and group the store is. */
const isSchool = ({ code, name, shared_group }: Selectable<Tables['school']>): boolean =>
  [code, name, shared_group].every((value) => typeof value === 'string') && isSchoolCode(canonicalCode(code));
