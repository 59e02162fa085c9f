/** Puts a snapshot back: rows into an empty store, files into its vault, every one of them checked on the way. */
import { LpxError } from '../errors.js';
import { isRefusedRow } from '../store/database-error.js';
import { columnsOfTable, lineOfRow, type Row, type RowTable, type RowWriter, TableCount } from '../store/table-rows.js';
import type { Repository } from './repository.js';
import { type Manifest, type SnapshotTable, snapshotPath } from './snapshots.js';

/** Writes the rows of a snapshot. `onFile` gets each file that records have. @throws LPX_BACKUP_DAMAGED and others as `readText` says */
export async function restoreRows(
  repository: Repository,
  { name, manifest }: { readonly name: string; readonly manifest: Manifest },
  writer: RowWriter,
  onFile: (sha256: string, bytes: number) => void,
): Promise<void> {
  for (const table of manifest.tables) {
    const count = new TableCount();
    for await (const rows of rowsOf(repository, table, count)) {
      if (table.table === 'attachments') for (const { sha256, bytes } of rows) onFile(String(sha256), Number(bytes));
      await writer.insert(table.table, rows).catch((error) => {
        throw isRefusedRow(error) ? new LpxError('LPX_BACKUP_DAMAGED', { file: snapshotPath(repository, name) }, { cause: error }) : error;
      });
    }
    const { rows, sha256 } = count.digest();
    if (rows !== table.rows || sha256 !== table.sha256) throw new LpxError('LPX_BACKUP_DAMAGED', { file: snapshotPath(repository, name) });
  }
}

/** The rows of a table, a chunk at a time. */
export async function* rowsOf(
  repository: Repository,
  { table, chunks }: SnapshotTable,
  count = new TableCount(),
): AsyncGenerator<Row[], void> {
  const known = new Set(columnsOfTable(table));
  for (const [name, expected, bytes] of chunks) {
    const text = await repository.readText('rows', name, bytes);
    const lines = text.split('\n');
    if (lines.pop() !== '' || lines.length !== expected) throw damagedChunk(repository, name);
    const rows = lines.map((line) => rowIn(line, table, known) ?? refuse(repository, name));
    for (const line of lines) count.add(line);
    yield rows;
  }
}

const damagedChunk = (repository: Repository, name: string, cause?: unknown) =>
  new LpxError('LPX_BACKUP_DAMAGED', { file: repository.pathOf('rows', name) }, { cause });

function refuse(repository: Repository, name: string): never {
  throw damagedChunk(repository, name);
}

/** A row of a table, as it was written; undefined for anything else. */
function rowIn(line: string, _table: RowTable, columns: ReadonlySet<string>): Row | undefined {
  try {
    const row: Row = JSON.parse(line);
    const isRow =
      Object.entries(row).length > 0 &&
      Object.entries(row).every(
        ([column, value]) => columns.has(column) && (value === null || typeof value === 'string' || Number.isSafeInteger(value)),
      );
    return isRow && lineOfRow(row) === line ? row : undefined;
  } catch {
    return undefined;
  }
}
