/**
 * The rows of an entry that no hash of its own covers otherwise: the entries that it matched; and of the receipt of an export, the
 * files that the other school says it has. An entry has one hash of all of them.
 */
import { createHash } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { inParts, PART } from '../statements.js';
import type { Tables } from '../tables.js';
import type { LogFault } from './custody-log.js';

type Db = Kysely<Tables> | Transaction<Tables>;
type Entry = Pick<Selectable<Tables['history']>, 'id' | 'kind' | 'folder' | 'refers_to'>;

/** SHA-256 over the rows of an entry, 64 hex digits. */
export async function rowsHash(db: Db, entry: Entry): Promise<string> {
  const hash = createHash('sha256');
  const matches = await db.selectFrom('entry_matches').select('matched_id').where('history_id', '=', entry.id).execute();
  for (const id of matches.map(({ matched_id }) => Number(matched_id)).sort((a, b) => a - b)) hash.update(`match ${id}\n`);
  if (isCheckedReceipt(entry)) {
    const files = await db.selectFrom('receipt_files').select('sha256').where('history_id', '=', entry.refers_to).execute();
    for (const sha256 of files.map((file) => file.sha256).sort()) hash.update(`file ${sha256}\n`);
  }
  return hash.digest('hex');
}

const NO_ROWS = createHash('sha256').digest('hex');

/** One that came from the other school; what was written here has a folder. */
const isCheckedReceipt = (entry: Entry): entry is Entry & { refers_to: number } =>
  entry.kind === 'receipt' && entry.folder === '' && entry.refers_to !== null;

/** The receipts of those files, which change with them. */
export async function receiptsOf(db: Db, files: readonly string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const some of inParts(files)) {
    const receipts = await db
      .selectFrom('history')
      .innerJoin('receipt_files', 'receipt_files.history_id', 'history.refers_to')
      .select('history.id')
      .distinct()
      .where('kind', '=', 'receipt')
      .where('folder', '=', '')
      .where('receipt_files.sha256', 'in', some)
      .execute();
    ids.push(...receipts.map(({ id }) => id));
  }
  return ids;
}

/** Whether files that the other schools say they have are those of their receipts. @param exportIds the exports that have such files */
export async function areAcknowledged(db: Db, exportIds: readonly number[]): Promise<boolean> {
  for (const some of inParts([...new Set(exportIds)])) {
    const receipts = await db
      .selectFrom('history')
      .select(['id', 'kind', 'folder', 'refers_to', 'rows_hash'])
      .where('kind', '=', 'receipt')
      .where('folder', '=', '')
      .where('refers_to', 'in', some)
      .execute();
    if (new Set(receipts.map(({ refers_to }) => refers_to)).size < some.length) return false;
    for (const { rows_hash, ...entry } of receipts) if (rows_hash !== '' && rows_hash !== (await rowsHash(db, entry))) return false;
  }
  return true;
}

/** The entries whose rows are not those that they had, and exports with files of a receipt that never came. */
export async function rowFaults(db: Db): Promise<LogFault[]> {
  const faults: LogFault[] = [];
  for (let after = 0; ; ) {
    const entries = await db
      .selectFrom('history')
      .select(['id', 'position', 'kind', 'folder', 'refers_to', 'rows_hash'])
      .where('position', '>', after)
      .orderBy('position')
      .limit(PART)
      .execute();
    if (entries.length === 0) break;
    after = Number(entries.at(-1)?.position);
    const ids = entries.map(({ id }) => id);
    const matching = await db.selectFrom('entry_matches').select('history_id').distinct().where('history_id', 'in', ids).execute();
    const withMatches = new Set(matching.map(({ history_id }) => history_id));
    for (const { position, rows_hash, ...entry } of entries) {
      // Entries of earlier versions have no hash of their rows.
      if (rows_hash === '') continue;
      const found = withMatches.has(entry.id) || isCheckedReceipt(entry) ? await rowsHash(db, entry) : NO_ROWS;
      if (found !== rows_hash) faults.push({ what: 'rows', position: Number(position), id: entry.id });
    }
  }
  const strays = await db
    .selectFrom('receipt_files')
    .leftJoin('history as receipt', (join) =>
      join.onRef('receipt.refers_to', '=', 'receipt_files.history_id').on('receipt.kind', '=', 'receipt').on('receipt.folder', '=', ''),
    )
    .leftJoin('history as export', 'export.id', 'receipt_files.history_id')
    .select(['receipt_files.history_id', 'export.position'])
    .distinct()
    .where('receipt.id', 'is', null)
    .execute();
  return [
    ...faults,
    ...strays.map(
      ({ history_id: id, position }): LogFault =>
        position === null ? { what: 'stray', position: 0, id } : { what: 'rows', position: Number(position), id },
    ),
  ];
}
