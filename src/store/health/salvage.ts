/**
 * A store whose database cannot be read as a whole, by what of it can be read. Every table gets a copy that this connection alone has, in
 * memory, and that hides it: SQLite looks a name up among temporary tables first. So whoever examines the store examines what is left of
 * it, and finds by seals and hashes what is missing. The database itself stays as it is.
 */

import { SCHEMA_VERSION } from '../migrations.js';
import type { SqliteFile } from '../sqlite/driver.js';

/** What of a database cannot be read. */
export interface Losses {
  /** The tables of which some rows cannot be read. */
  readonly tables: readonly string[];
  /** Students whose own rows cannot be read, by national ids that an index has. */
  readonly students: readonly string[];
}

/** Rows that are copied at a time. */
const PAGE = 500;
/** The end of a gap is looked for in steps of so many rows: fewer rows than that between two gaps may be passed over. */
const STRIDE = 64;
/** No page has more rows. */
const ROWS_OF_PAGE = 512;

/**
 * Hides the tables of a database behind copies of the rows that can be read.
 * @returns what cannot be read; undefined where it is everything, or the tables are not of this version
 */
export function salvage(file: SqliteFile): Losses | undefined {
  file.exec('pragma foreign_keys = off; pragma temp_store = memory');
  const schema = rowsOf<{ type: string; name: string; sql: string }>(
    file,
    `select type, name, sql from main.sqlite_master where sql is not null and name not like 'sqlite_%' order by type = 'index'`,
  );
  if (!schema) return undefined;
  const names = schema.filter(({ type }) => type === 'table').map(({ name }) => name);
  for (const { sql } of schema)
    file.exec(sql.replace(/^create table /i, 'create temp table ').replace(/^(create (?:unique )?index) /i, '$1 temp.'));
  const end = lastPossibleRow(file);
  const tables = names.filter((table) => !copyTable(file, table, end));
  if (tables.includes('schema_version')) file.exec(`insert into temp.schema_version values (${SCHEMA_VERSION})`);
  const [version] = rowsOf<{ version: number }>(file, 'select version from temp.schema_version') ?? [];
  return version?.version === SCHEMA_VERSION ? { tables, students: studentsOfIndex(file) } : undefined;
}

/** Undefined where they cannot be read. */
function rowsOf<R>(file: SqliteFile, query: string, parameters: readonly unknown[] = []): R[] | undefined {
  try {
    return file.prepare(query).all(parameters) as R[];
  } catch {
    return undefined;
  }
}

function lastPossibleRow(file: SqliteFile): number {
  const [{ page_count: pages } = { page_count: 0 }] = rowsOf<{ page_count: number }>(file, 'pragma main.page_count') ?? [];
  const [{ last } = { last: 0 }] = rowsOf<{ last: number }>(file, 'select max(seq) as last from main.sqlite_sequence') ?? [];
  return Math.max(pages * ROWS_OF_PAGE, last);
}

/** Copies what can be read of a table, by the numbers of its rows. @returns whether that is all of it */
function copyTable(file: SqliteFile, table: string, end: number): boolean {
  const columns = rowsOf<Column>(file, `pragma temp.table_info("${table}")`) ?? [];
  const list = columns.map(({ name }) => `"${name}"`).join(', ');
  const copyFrom = (first: number, size: number): 'unreadable' | 'end' | { readonly last: number } => {
    if (first > end) return 'end';
    const query = `select min(id) as first, max(id) as last from (select rowid as id from main."${table}" not indexed where rowid >= ? order by rowid limit ?)`;
    const [found] = rowsOf<{ first: number | null; last: number | null }>(file, query, [first, size]) ?? [];
    if (!found) return 'unreadable';
    if (found.first === null || found.last === null) return 'end';
    if (found.first < first || found.last > end) return 'unreadable';
    try {
      file
        .prepare(
          `insert or ignore into temp."${table}" (rowid, ${list})
          select rowid, ${list} from main."${table}" not indexed where rowid between ? and ?`,
        )
        .run([first, found.last]);
      return { last: found.last };
    } catch {
      return 'unreadable';
    }
  };
  let isWhole = true;
  for (let [at, size] = [1, PAGE]; ; ) {
    const copied = copyFrom(at, size);
    if (copied === 'end') return dropUnfit(file, table, columns) === 0 && isWhole;
    if (copied !== 'unreadable') {
      [at, size] = [copied.last + 1, PAGE];
      continue;
    }
    isWhole = false;
    if (size > 1) {
      size = Math.max(1, size >> 3);
      continue;
    }
    [at, size] = [nextReadable(at, end, (row) => copyFrom(row, 1) !== 'unreadable'), PAGE];
  }
}

interface Column {
  readonly name: string;
  /** Of whole numbers: `integer` or `bigint`. */
  readonly type: string;
}

/** Takes out rows with values that lpx does not write. @returns how many there were */
function dropUnfit(file: SqliteFile, table: string, columns: readonly Column[]): number {
  const largest = Number.MAX_SAFE_INTEGER;
  const unfit = columns.map(
    ({ name, type }) =>
      `typeof("${name}") not in ('null', '${/^text$/i.test(type) ? 'text' : 'integer'}') or (typeof("${name}") = 'integer' and "${name}" not between -${largest} and ${largest})`,
  );
  return Number(file.prepare(`delete from temp."${table}" where ${unfit.join(' or ')}`).run([]).changes);
}

/** The first row after a gap that can be read: beyond `end` where none is found in steps that double. */
function nextReadable(gap: number, end: number, isReadable: (row: number) => boolean): number {
  let reach = 1;
  while (gap + reach <= end && !isReadable(gap + reach)) reach *= 2;
  if (gap + reach > end) return end + 1;
  let [low, high] = [gap, gap + Math.min(STRIDE, reach)];
  while (!isReadable(high)) [low, high] = [high, Math.min(high + STRIDE, gap + reach)];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isReadable(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The students whom the index of national ids has and the table has not, read from both ends. */
function studentsOfIndex(file: SqliteFile): string[] {
  const found = new Map<string, number>();
  for (const order of ['asc', 'desc'])
    try {
      const query = `select rowid as id, national_id from main.students indexed by sqlite_autoindex_students_1 order by national_id ${order}`;
      for (const { id, national_id } of file.prepare(query).iterate([]) as Iterable<{ id: number; national_id: unknown }>)
        if (typeof national_id === 'string') found.set(national_id, id);
    } catch {
      // As far as it can be read.
    }
  const named = new Set((rowsOf<{ id: number }>(file, 'select id from temp.students') ?? []).map(({ id }) => id));
  return [...found].filter(([, id]) => !named.has(id)).map(([nationalId]) => nationalId);
}
