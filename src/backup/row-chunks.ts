/**
 * Rows in chunks whose boundaries depend on the rows' keys alone: a row that comes, goes or changes makes another chunk of its own, and leaves
 * the others as they are, so that the next backup finds them there.
 */
import { crc32 } from 'node:zlib';
import { keyOfRow, lineOfRow, type Row, type RowTable, TableCount, type TableDigest } from '../store/table-rows.js';

/** How many rows a chunk has on average. The files' rows are small and their order is by chance: news is all over the table. */
const AVERAGE_ROWS: Readonly<Partial<Record<RowTable, number>>> & { readonly default: number } = { default: 256, attachments: 32 };
/** A chunk ends here at the latest, in characters. */
const LONGEST = 4 * 1024 * 1024;

export interface RowChunk {
  /** A line of JSON for each row, each ended by a line feed. */
  readonly text: string;
  readonly rows: number;
}

/** Cuts the rows of a table into chunks; `onRow` sees each of them. @returns the count and the hash of the table, at the end */
export async function* rowChunks(
  table: RowTable,
  pages: AsyncIterable<readonly Row[]>,
  onRow: (row: Row) => void,
): AsyncGenerator<RowChunk, TableDigest> {
  const average = AVERAGE_ROWS[table] ?? AVERAGE_ROWS.default;
  const count = new TableCount();
  let lines: string[] = [];
  let length = 0;
  for await (const rows of pages)
    for (const row of rows) {
      const line = lineOfRow(row);
      count.add(line);
      onRow(row);
      lines.push(line);
      length += line.length;
      if ((crc32(keyOfRow(table, row)) >>> 4) % average !== 0 && length < LONGEST) continue;
      yield { text: `${lines.join('\n')}\n`, rows: lines.length };
      lines = [];
      length = 0;
    }
  if (lines.length > 0) yield { text: `${lines.join('\n')}\n`, rows: lines.length };
  return count.digest();
}
