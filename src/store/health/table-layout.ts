/** Whether the tables of a database are those that lpx made. */
import { type Kysely, sql } from 'kysely';
import { columnsOfTable, isPostgres, keyOfTable, LEFT_OUT_COLUMNS, ROW_TABLES } from '../table-rows.js';
import type { Tables } from '../tables.js';

/** What of the tables is missing or not of lpx, each in the words of a database. */
export interface Misfits {
  /** Tables, columns and keys, without which not everything can be read. */
  readonly missing: readonly string[];
  /** Columns and triggers, by which writing may fail. */
  readonly foreign: readonly string[];
}

/** Every table with its columns. */
const LAYOUT: ReadonlyMap<string, readonly string[]> = new Map([
  ...ROW_TABLES.map((table) => [table, columnsOfTable(table)] as const),
  ...Object.entries(LEFT_OUT_COLUMNS).map(([table, columns]) => [table, Object.keys(columns)] as const),
]);

/** Of each table, the columns of which no two rows have the same. */
const KEYS: readonly (readonly [string, readonly string[]])[] = [
  // One row.
  ...ROW_TABLES.filter((table) => table !== 'school').map((table) => [table, keyOfTable(table)] as const),
  ['students', ['national_id']],
  ['batches', ['token']],
  ['history', ['package']],
  ['history', ['position']],
  ['settings', ['name']],
  ['sessions', ['name', 'session']],
  ['remnants', ['sha256']],
];

/** The keys that a database has, each as `table (column, …)`. */
async function keysIn(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  const { rows } = await (isPostgres(db)
    ? sql<{ of: string; key: string; name: string }>`select c.relname as of, i.indexrelid::text as key, a.attname as name from pg_index i
        join pg_class c on c.oid = i.indrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
        where c.relnamespace = current_schema()::regnamespace and i.indisunique and i.indisvalid and i.indpred is null`
    : // The number of a row is a key without an index.
      sql<{ of: string; key: string; name: string }>`select t.name as "of", 'primary' as key, c.name as name
        from sqlite_master t, pragma_table_info(t.name) c where t.type = 'table' and c.pk > 0
        union all select t.name, i.name, c.name from sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
        where t.type = 'table' and i."unique" = 1 and i.partial = 0`
  ).execute(db);
  const columns = new Map<string, string[]>();
  for (const { of, key, name } of rows) columns.set(`${of} ${key}`, [...(columns.get(`${of} ${key}`) ?? []), name]);
  return new Set(rows.map(({ of, key }) => keyName(of, columns.get(`${of} ${key}`) ?? [])));
}

const keyName = (table: string, columns: readonly string[]): string => `${table} (${[...columns].sort().join(', ')})`;

export async function misfitsOf(db: Kysely<Tables>): Promise<Misfits> {
  const { rows: columns } = await (isPostgres(db)
    ? sql<{ of: string; name: string }>`select c.relname as of, a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped`
    : sql<{ of: string; name: string }>`select t.name as "of", c.name as name from sqlite_master t, pragma_table_info(t.name) c
        where t.type = 'table'`
  ).execute(db);
  const { rows: triggers } = await (isPostgres(db)
    ? sql<{ of: string; name: string }>`select c.relname as of, t.tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = current_schema()::regnamespace and not t.tgisinternal`
    : sql<{ of: string; name: string }>`select tbl_name as "of", name from sqlite_master where type = 'trigger'`
  ).execute(db);
  const found = new Map<string, Set<string>>();
  for (const { of, name } of columns) found.set(of, (found.get(of) ?? new Set()).add(name));
  const [missing, foreign]: [string[], string[]] = [[], []];
  for (const [table, expected] of LAYOUT) {
    const there = found.get(table);
    if (!there) missing.push(`no such table: ${table}`);
    else missing.push(...expected.filter((column) => !there.has(column)).map((column) => `no such column: ${table}.${column}`));
    for (const column of there ?? []) if (!expected.includes(column)) foreign.push(`column: ${table}.${column}`);
  }
  const keys = await keysIn(db);
  for (const [table, columns] of KEYS) {
    const name = keyName(table, columns);
    if (found.has(table) && !keys.has(name)) missing.push(`no such key: ${name}`);
  }
  foreign.push(...triggers.filter(({ of }) => LAYOUT.has(of)).map(({ of, name }) => `trigger: ${of}.${name}`));
  return { missing, foreign };
}
