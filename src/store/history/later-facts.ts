/** What is learnt of an entry of the history later, and has to be what entries of its own say: that it arrived, that it was undone. */
import type { Kysely, Selectable } from 'kysely';
import { inParts } from '../statements.js';
import type { Tables } from '../tables.js';
import type { LogFault } from './custody-log.js';

type EntryRow = Selectable<Tables['history']>;

/** What is learnt of an entry later is not under its hash: it has to be what an entry of its own says. */
export async function laterFaults(db: Kysely<Tables>): Promise<LogFault[]> {
  const faults: LogFault[] = [];
  const later = await db
    .selectFrom('history as entry')
    .leftJoin('history as receipt', (join) =>
      join.onRef('receipt.refers_to', '=', 'entry.id').on('receipt.kind', '=', 'receipt').on('receipt.folder', '=', ''),
    )
    .select(['entry.id', 'entry.position', 'entry.received_at', 'entry.received_by'])
    .select(['receipt.id as receipt_id', 'receipt.details'])
    .where('entry.salt', '<>', '')
    .where((eb) => eb.or([eb('entry.received_at', '<>', ''), eb('entry.received_by', '<>', ''), eb('receipt.id', 'is not', null)]))
    .where((eb) => eb.or([eb('entry.kind', '=', 'export'), eb('entry.received_at', '<>', ''), eb('entry.received_by', '<>', '')]))
    .execute();
  for (const { id, position, received_at, received_by, receipt_id, details } of later) {
    const received = receipt_id === null ? { at: '', by: '' } : receivingIn(details ?? '');
    const isAsReceipt = received === undefined || (received.at === received_at && received.by === received_by);
    if (!isAsReceipt) faults.push({ what: 'later', position: Number(position), id });
  }
  return [...faults, ...(await undoneFaults(db))];
}

/** Which entries stand, and what took the others back, has to follow from the entries of undoing. */
async function undoneFaults(db: Kysely<Tables>): Promise<LogFault[]> {
  const faults: LogFault[] = [];
  const undone = await db.selectFrom('history').select(['id', 'undone_by']).where('undone_by', 'is not', null).execute();
  const noted = new Map(undone.map(({ id, undone_by }) => [id, undone_by]));
  const expected = undoneBy(
    await db
      .selectFrom('history')
      .select(['id', 'refers_to'])
      .where('kind', '=', 'undo')
      .where('position', 'is not', null)
      .orderBy('position')
      .execute(),
  );
  const ids = [...new Set([...noted.keys(), ...expected.keys()])].filter((id) => (noted.get(id) ?? null) !== (expected.get(id) ?? null));
  for (const some of inParts(ids))
    for (const { id, position } of await db.selectFrom('history').select(['id', 'position']).where('id', 'in', some).execute())
      faults.push({ what: 'later', position: Number(position ?? 0), id });
  return faults;
}

/** By which entry each one is taken back, if any, once these have undone what they refer to, in their order. See `markTakenBack`. */
function undoneBy(undos: readonly Pick<EntryRow, 'id' | 'refers_to'>[]): ReadonlyMap<number, number | null> {
  const refersTo = new Map(undos.map(({ id, refers_to }) => [id, refers_to]));
  const result = new Map<number, number | null>();
  for (const { id, refers_to } of undos) {
    let by: number | null = id;
    // Each refers to an earlier one, unless somebody changed that.
    for (let [entry, after] = [refers_to, id]; entry !== null && entry !== undefined && entry < after; ) {
      result.set(entry, by);
      by = by === null ? entry : null;
      after = entry;
      entry = refersTo.get(entry) ?? null;
    }
  }
  return result;
}

/** When and by whom a package was received, as the entry of its receipt says; undefined where that entry is from before they said it. */
function receivingIn(details: string): { readonly at: string; readonly by: string } | undefined {
  try {
    const { receivedAt, receivedBy } = JSON.parse(details);
    return receivedAt === undefined ? undefined : { at: receivedAt, by: receivedBy };
  } catch {
    return { at: '', by: '' };
  }
}
