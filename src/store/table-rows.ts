/**
 * Every row of every table, out of a store and into an empty one, the same on both engines: for backups and for moves. Rows come in
 * the order of their keys, and each has one form as a line of JSON, so that two stores with the same rows have the same hashes.
 */
import { createHash, type Hash } from 'node:crypto';
import { type Kysely, PostgresAdapter, type RawBuilder, sql, type Transaction } from 'kysely';
import { LpxError } from '../errors.js';
import { inParts } from './statements.js';
import type { Tables } from './tables.js';

/** A row by the names of its columns, in the order of its table's `columns`. */
export type Row = Readonly<Record<string, string | number | null>>;

/** Left out: the version is a number of its own, settings are of one store alone, sessions of its connections; files without a name yet belong to a living process, remnants to one disk. */
type LeftOut = 'schema_version' | 'settings' | 'sessions' | 'unpublished' | 'remnants';
export type RowTable = Exclude<keyof Tables, LeftOut>;
/** Their columns. One that is missing here does not compile. */
export const LEFT_OUT_COLUMNS: { readonly [T in LeftOut]: Readonly<Record<keyof Tables[T], true>> } = {
  schema_version: { version: true },
  settings: { name: true, value: true },
  sessions: { name: true, session: true },
  unpublished: { history_id: true, part: true, file: true },
  remnants: { sha256: true },
};
export const LEFT_OUT = Object.keys(LEFT_OUT_COLUMNS) as readonly LeftOut[];

type Shape<T> = {
  /** The columns by which rows are ordered, and of which no two rows have the same. */
  readonly key: readonly (keyof T & string)[];
  readonly columns: Readonly<Record<keyof T, 'text' | 'integer'>>;
  /** Whether the row belongs to an entry of the history: those of packages that are still being made are not settled, and are left out. */
  readonly ofEntry?: 'id' | 'history_id';
};

const RECORD = {
  id: 'integer',
  student_id: 'integer',
  history_id: 'integer',
  list: 'text',
  record_key: 'text',
  content: 'text',
  origin_school_code: 'text',
  course_code: 'text',
  fields: 'text',
  extras: 'text',
  document_sha256: 'text',
  document_name: 'text',
  document_type: 'text',
  media_sha256: 'text',
  media_name: 'text',
  media_type: 'text',
  removed_by: 'integer',
  owed: 'text',
  repairs: 'text',
  seal: 'text',
} as const;
const { id: _, removed_by: __, ...FORMER } = RECORD;

/** The tables, each after those that its rows refer to. A column that is missing here does not compile. */
const SHAPES: { readonly [T in RowTable]: Shape<Tables[T]> } = {
  school: { key: ['code'], columns: { code: 'text', name: 'text', shared_group: 'text', seal: 'text' } },
  students: {
    key: ['id'],
    columns: {
      id: 'integer',
      national_id: 'text',
      basic_data: 'text',
      extras: 'text',
      extended_years: 'integer',
      left_as: 'text',
      left_on: 'text',
      listed: 'integer',
      student_number: 'text',
      class_name: 'text',
      seat: 'text',
      removed_by: 'integer',
      holds: 'text',
      id_key: 'text',
      seal: 'text',
    },
  },
  attachments: { key: ['sha256'], columns: { sha256: 'text', md5: 'text', bytes: 'integer', crc32: 'integer', seal: 'text' } },
  history: {
    key: ['id'],
    ofEntry: 'id',
    columns: {
      id: 'integer',
      kind: 'text',
      at: 'text',
      file: 'text',
      bytes: 'integer',
      md5: 'text',
      sha256: 'text',
      contents_digest: 'text',
      school: 'text',
      reason: 'text',
      terms: 'text',
      left_on: 'text',
      folder: 'text',
      code: 'text',
      details: 'text',
      refers_to: 'integer',
      undone_by: 'integer',
      keeps_changes: 'integer',
      overridden: 'text',
      operator: 'text',
      received_at: 'text',
      received_by: 'text',
      package: 'text',
      state: 'text',
      work: 'text',
      batch_job: 'text',
      position: 'integer',
      previous_hash: 'text',
      hash: 'text',
      salt: 'text',
      students_hash: 'text',
      changes_hash: 'text',
      rows_hash: 'text',
    },
  },
  history_students: {
    key: ['history_id', 'student_id'],
    ofEntry: 'history_id',
    columns: {
      history_id: 'integer',
      student_id: 'integer',
      course_results: 'integer',
      multi_performances: 'integer',
      attachments: 'integer',
      keyed_id: 'text',
      contents_digest: 'text',
      created: 'integer',
      changes: 'text',
      sent_national_id: 'text',
      sent_name: 'text',
      sent_birth_date: 'text',
      said_hash: 'text',
    },
  },
  history_erased: {
    key: ['history_id', 'keyed_id'],
    ofEntry: 'history_id',
    columns: {
      history_id: 'integer',
      keyed_id: 'text',
      course_results: 'integer',
      multi_performances: 'integer',
      attachments: 'integer',
      created: 'integer',
      said_hash: 'text',
    },
  },
  erasures: { key: ['keyed_id'], columns: { keyed_id: 'text', at: 'text' } },
  own_records: { key: ['id'], columns: RECORD },
  received_records: { key: ['id'], columns: RECORD },
  former_records: {
    key: ['provenance', 'record_id', 'replaced_by'],
    columns: { provenance: 'text', record_id: 'integer', replaced_by: 'integer', ...FORMER },
  },
  history_records: {
    key: ['id'],
    ofEntry: 'history_id',
    columns: {
      id: 'integer',
      history_id: 'integer',
      student_id: 'integer',
      list: 'text',
      title: 'text',
      outcome: 'text',
      provenance: 'text',
      record_id: 'integer',
    },
  },
  picks: { key: ['provenance', 'record_id'], columns: { provenance: 'text', record_id: 'integer', student_id: 'integer', at: 'text' } },
  batches: { key: ['id'], columns: { id: 'integer', token: 'text', kind: 'text', key: 'text', at: 'text', work: 'text' } },
  course_codes: { key: ['code'], columns: { code: 'text', plan: 'text', subject_name: 'text', credits: 'text', history_id: 'integer' } },
  known_schools: { key: ['code'], columns: { code: 'text', name: 'text', history_id: 'integer' } },
  entry_changes: {
    key: ['id'],
    ofEntry: 'history_id',
    columns: {
      id: 'integer',
      history_id: 'integer',
      table_name: 'text',
      row_key: 'text',
      student_id: 'integer',
      before: 'text',
      seal: 'text',
    },
  },
  entry_matches: { key: ['history_id', 'matched_id'], ofEntry: 'history_id', columns: { history_id: 'integer', matched_id: 'integer' } },
  receipt_files: { key: ['history_id', 'sha256'], columns: { history_id: 'integer', sha256: 'text' } },
};

/** The tables in the order in which their rows go into an empty store. */
export const ROW_TABLES = Object.keys(SHAPES) as RowTable[];

/** The tables that came later than rows were first read as a whole, by the version of the tables that has them. */
const SINCE: Partial<Record<RowTable, number>> = {
  history_erased: 14,
  erasures: 14,
  entry_changes: 17,
  entry_matches: 17,
  receipt_files: 17,
};

/** The tables of a version, in their order. */
export const rowTablesOf = (schemaVersion: number): RowTable[] => ROW_TABLES.filter((table) => (SINCE[table] ?? 0) <= schemaVersion);

export const isRowTable = (name: string): name is RowTable => Object.hasOwn(SHAPES, name);

/** The tables whose rows belong to students, those that refer to others first. */
export const tablesOfStudents = (): RowTable[] => ROW_TABLES.filter((table) => 'student_id' in SHAPES[table].columns).reverse();

/** The columns by which rows are ordered, and of which no two rows have the same. */
export const keyOfTable = (table: RowTable): readonly string[] => SHAPES[table].key;

/** The columns of a table, in the order of its lines. */
export const columnsOfTable = (table: RowTable): string[] => Object.keys(SHAPES[table].columns);

/** The key of a row, as text: what says which row it is, whatever else becomes of it. */
export const keyOfRow = (table: RowTable, row: Row): string =>
  JSON.stringify((SHAPES[table].key as readonly string[]).map((name) => row[name]));

/** The one form of a row: a line of JSON, without its end. */
export const lineOfRow = (row: Row): string => JSON.stringify(row);

/** How many rows a table has, and the SHA-256 over their lines, each ended by a line feed: 64 hex digits. */
export interface TableDigest {
  readonly rows: number;
  readonly sha256: string;
}
export type TableDigests = Readonly<Record<RowTable, TableDigest>>;

/** Counts and hashes the lines of a table as they come. */
export class TableCount {
  readonly #hash: Hash = createHash('sha256');
  #rows = 0;

  add(line: string): void {
    this.#hash.update(line).update('\n');
    this.#rows++;
  }

  digest(): TableDigest {
    return { rows: this.#rows, sha256: this.#hash.digest('hex') };
  }
}

type Db = Kysely<Tables> | Transaction<Tables>;

/** Rows that are in memory at a time. */
const PAGE = 500;

export const isPostgres = (db: Db): boolean => db.getExecutor().adapter instanceof PostgresAdapter;

/** The rows of a store as they were at one moment. */
export class RowReader {
  readonly #db: Transaction<Tables>;
  readonly #folder: string;

  /** @param db a transaction that sees one state of the database to its end */
  constructor(db: Transaction<Tables>, folder: string) {
    this.#db = db;
    this.#folder = folder;
  }

  async schemaVersion(): Promise<number> {
    return Number((await this.#db.selectFrom('schema_version').select('version').executeTakeFirstOrThrow()).version);
  }

  /** The rows of a table in the order of their keys, some at a time; texts by their UTF-8 bytes. @throws LPX_STORE_DAMAGED */
  async *rows(table: RowTable): AsyncGenerator<readonly Row[], void> {
    const pages = isPostgres(this.#db) ? this.#fetched(table) : this.#sought(table);
    for await (const page of pages) yield page.map((row) => canonicalRow(table, row, this.#folder));
  }

  async digestOf(table: RowTable): Promise<TableDigest> {
    const count = new TableCount();
    for await (const rows of this.rows(table)) for (const row of rows) count.add(lineOfRow(row));
    return count.digest();
  }

  async digests(): Promise<TableDigests> {
    const digests: Partial<Record<RowTable, TableDigest>> = {};
    for (const table of ROW_TABLES) digests[table] = await this.digestOf(table);
    return digests as TableDigests;
  }

  /** SQLite: each page starts after the last key of the one before. */
  async *#sought(table: RowTable): AsyncGenerator<readonly Row[], void> {
    const key: readonly string[] = SHAPES[table].key;
    for (let last: Row | undefined; ; ) {
      const after = last && sql`(${references(key)}) > (${sql.join(key.map((name) => (last as Row)[name]))})`;
      const { rows } = await sql<Row>`${selection(table, after)} order by ${references(key)} limit ${PAGE}`.execute(this.#db);
      if (rows.length > 0) yield rows;
      if (rows.length < PAGE) return;
      last = rows.at(-1);
    }
  }

  /** PostgreSQL: by a cursor, since an index of its own collation does not have the order of bytes. */
  async *#fetched(table: RowTable): AsyncGenerator<readonly Row[], void> {
    const { key, columns } = SHAPES[table] as Shape<Record<string, unknown>>;
    const order = sql.join(key.map((name) => (columns[name] === 'text' ? sql`${sql.ref(name)} collate "C"` : sql.ref(name))));
    await sql`declare lpx_rows no scroll cursor for ${selection(table)} order by ${order}`.execute(this.#db);
    try {
      for (;;) {
        const { rows } = await sql<Row>`fetch ${sql.lit(PAGE)} from lpx_rows`.execute(this.#db);
        if (rows.length > 0) yield rows;
        if (rows.length < PAGE) return;
      }
    } finally {
      await sql`close lpx_rows`.execute(this.#db);
    }
  }
}

const references = (names: readonly string[]) => sql.join(names.map((name) => sql.ref(name)));

/** The rows of a table that are settled. */
function selection(table: RowTable, also?: RawBuilder<unknown>): RawBuilder<unknown> {
  const { ofEntry } = SHAPES[table];
  const settled = ofEntry && sql`${sql.ref(ofEntry)} not in (select id from history where state in ('pending', 'written'))`;
  const conditions = [settled, also].filter((condition) => condition !== undefined);
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  return sql`select ${references(columnsOfTable(table))} from ${sql.table(table)} ${where}`;
}

const WHOLE_NUMBER = /^-?\d+$/;

/** A row in its one form: PostgreSQL gives large numbers as text. @throws LPX_STORE_DAMAGED for a value that lpx does not write */
function canonicalRow(table: RowTable, row: Row, folder: string): Row {
  const { columns } = SHAPES[table] as Shape<Record<string, unknown>>;
  const canonical: Record<string, string | number | null> = {};
  for (const [name, kind] of Object.entries(columns)) {
    const value: unknown = row[name];
    const fitting = kind === 'integer' && typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : value;
    const isFitting = fitting === null || (kind === 'text' ? typeof fitting === 'string' : Number.isSafeInteger(fitting));
    if (!isFitting) throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'database' });
    canonical[name] = fitting as string | number | null;
  }
  return canonical;
}

/** Reads within one transaction that nothing is written by, and that sees one state of the database. */
export const inOneState = <T>(db: Kysely<Tables>, work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T> =>
  db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);

/** Reads all rows as they were at one moment. */
export const readRows = <T>(db: Kysely<Tables>, folder: string, work: (rows: RowReader) => Promise<T>): Promise<T> =>
  inOneState(db, (transaction) => work(new RowReader(transaction, folder)));

/** Puts rows into the empty tables of the version that they come from. */
export class RowWriter {
  readonly #db: Transaction<Tables>;

  constructor(db: Transaction<Tables>) {
    this.#db = db;
  }

  /** In the order of `ROW_TABLES`. @throws errors of the database where a row does not go with its table */
  async insert(table: RowTable, rows: readonly Row[]): Promise<void> {
    for (const some of inParts(rows))
      await this.#db
        .insertInto(table)
        .values(some as never)
        .execute();
  }

  /** Has the numbers of new rows begin after those that were put in: PostgreSQL does not count rows that bring a number along. */
  async finish(): Promise<void> {
    if (!isPostgres(this.#db)) return;
    for (const table of ROW_TABLES.filter((table) => SHAPES[table].key.join() === 'id'))
      await sql`select setval(pg_get_serial_sequence(${table}, 'id'), coalesce(max(id), 0) + 1, false) from ${sql.table(table)}`.execute(
        this.#db,
      );
  }
}
