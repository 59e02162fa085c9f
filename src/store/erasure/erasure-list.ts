/**
 * The list of students who were erased for good, which backups carry and a restore obeys. The custody log vouches for it: every erasure
 * has an entry, and the entry of a restore has the erasures that it obeyed without one.
 */
import type { Kysely, Transaction } from 'kysely';
import type { LogFault } from '../history/custody-log.js';
import { inParts } from '../statements.js';
import type { Tables } from '../tables.js';

type Db = Kysely<Tables> | Transaction<Tables>;

/** That a student was erased, by the national id under a key that is destroyed: only a copy of the store from before has that key. */
export interface Erasure {
  /** 64 hex digits. */
  readonly keyedId: string;
  /** ISO 8601, UTC */
  readonly at: string;
}

/** The erasures that the log vouches for, in its order, whatever the table says; of each, its entry. */
interface Vouched {
  readonly erasures: ReadonlyMap<string, { readonly at: string; readonly position: number; readonly id: number }>;
  /** Restores of earlier versions obeyed erasures until this moment without naming them; empty without such a restore. */
  readonly until: string;
}

/** All erasures, also those that somebody took out of the table. */
export async function listErasures(db: Db): Promise<Erasure[]> {
  const vouched = await vouchedErasures(db);
  const unnamed = (await rowsOf(db)).filter((row) => isUnnamed(row, vouched));
  return [...[...vouched.erasures].map(([keyedId, { at }]) => ({ keyedId, at })), ...unnamed].sort((a, b) =>
    a.at < b.at || (a.at === b.at && a.keyedId < b.keyedId) ? -1 : 1,
  );
}

export async function addErasures(db: Db, list: readonly Erasure[]): Promise<void> {
  for (const some of inParts(list))
    await db
      .insertInto('erasures')
      .values(some.map((erasure) => ({ keyed_id: erasure.keyedId, at: erasure.at })))
      .onConflict((conflict) => conflict.column('keyed_id').doNothing())
      .execute();
}

/** Those of a list that the log has no entry of, as the table has them: what the entry of a restore is to name. */
export async function unvouched(db: Db, list: readonly Erasure[]): Promise<Erasure[]> {
  const { erasures } = await vouchedErasures(db);
  const wanted = new Set(list.map(({ keyedId }) => keyedId).filter((keyedId) => !erasures.has(keyedId)));
  return (await rowsOf(db)).filter(({ keyedId }) => wanted.has(keyedId));
}

/** Where the table is not what the log says. */
export async function erasureFaults(db: Db): Promise<LogFault[]> {
  const vouched = await vouchedErasures(db);
  const rows = await rowsOf(db);
  const listed = new Map(rows.map(({ keyedId, at }) => [keyedId, at]));
  const strays = rows.filter((row) => !vouched.erasures.has(row.keyedId) && !isUnnamed(row, vouched)).length;
  return [
    ...[...vouched.erasures].flatMap(([keyedId, { at, position, id }]): LogFault[] =>
      listed.get(keyedId) === at ? [] : [{ what: 'unlisted', position, id }],
    ),
    ...(strays > 0 ? [{ what: 'listed' as const, position: 0, id: 0, count: strays }] : []),
  ];
}

const isUnnamed = ({ keyedId, at }: Erasure, { erasures, until }: Vouched): boolean => !erasures.has(keyedId) && at <= until;

const rowsOf = async (db: Db): Promise<Erasure[]> =>
  (await db.selectFrom('erasures').selectAll().orderBy('at').orderBy('keyed_id').execute()).map(({ keyed_id, at }) => ({
    keyedId: keyed_id,
    at,
  }));

async function vouchedErasures(db: Db): Promise<Vouched> {
  const entries = await db
    .selectFrom('history')
    .select(['id', 'kind', 'at', 'position', 'details'])
    .where('kind', 'in', ['erase', 'restore'])
    .where('position', 'is not', null)
    .orderBy('position')
    .execute();
  const erasures = new Map<string, { at: string; position: number; id: number }>();
  let until = '';
  for (const { id, kind, at, position, details } of entries) {
    const said = detailsIn(details);
    if (kind === 'restore' && said.erasures === undefined && at > until) until = at;
    const named = kind === 'erase' ? [{ keyedId: said.keyedId, at }] : (said.erasures ?? []);
    for (const erasure of named)
      if (typeof erasure?.keyedId === 'string' && !erasures.has(erasure.keyedId))
        erasures.set(erasure.keyedId, { at: String(erasure.at), position: Number(position), id });
  }
  return { erasures, until };
}

interface Said {
  readonly keyedId?: unknown;
  readonly erasures?: readonly { readonly keyedId?: unknown; readonly at?: unknown }[];
}

/** Details that were tampered with vouch for nothing: then the entry itself is not intact. */
function detailsIn(details: string): Said {
  try {
    const { keyedId, erasures } = JSON.parse(details);
    return { keyedId, ...(erasures !== undefined && { erasures: Array.isArray(erasures) ? erasures : [] }) };
  } catch {
    return { erasures: [] };
  }
}
