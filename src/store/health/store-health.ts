/** What the database can say of its own health, what records are in no backup, and which rows are not what was stored. Changes nothing. */
import { type Kysely, sql } from 'kysely';
import { LpxError } from '../../errors.js';
import { identityOf } from '../../spec/identity.js';
import type { PortfolioRecord } from '../../spec/portfolio.js';
import { titleOf, wireListOf } from '../../spec/portfolio.js';
import { isOfDatabase } from '../erasure/overwriting.js';
import { incompleteStudents } from '../holdings.js';
import { isOfPackage } from '../processes/dead-packages.js';
import { type NeededFile, unneededFiles } from '../records/needed-files.js';
import { refOf } from '../records/pickable-items.js';
import { SEALED, type SealedTable, sealOf } from '../seal.js';
import { inParts } from '../statements.js';
import { PROVENANCES } from '../store.js';
import { objectIn } from '../stored-rows.js';
import { inOneState, isPostgres, keyOfRow, type Row, type RowReader, type RowTable } from '../table-rows.js';
import type { Tables } from '../tables.js';
import { isContentName } from '../vault/attachments.js';
import { type Misfits, misfitsOf } from './table-layout.js';

/** What checked the database's own structure; `none` where the server has nothing that this user may run. */
export type EngineCheck = 'integrity_check' | 'quick_check' | 'amcheck' | 'none';

/** What the database found in itself, in its own words. */
export interface EngineFaults {
  readonly by: EngineCheck;
  readonly faults: readonly string[];
  /** How many rows of a table name rows of another that are not there. */
  readonly strays: readonly { readonly table: string; readonly parent: string; readonly count: number }[];
}

/** What backups have. */
export interface Protection {
  /** The newest entry that a backup has, by its place; 0 for no backup. */
  readonly position: number;
  /** Files that it does not have, by SHA-256. */
  readonly missing: readonly string[];
  /** The newest entry of a backup that has all files; 0 for none. */
  readonly wholeUntil: number;
}

export const NO_PROTECTION: Protection = { position: 0, missing: [], wholeUntil: 0 };

/** Records that came after the newest backup and that are on no receipt of another school. */
export interface ProtectionGap {
  /** Also those that were taken out: `lpx undo` brings them back. */
  readonly records: number;
  readonly takenOut: number;
  /** When the first of them came; undefined for none. */
  readonly since: Date | undefined;
}

/** A row that is not what was stored. */
export interface DamagedRow {
  readonly table: ProvedTable;
  readonly studentId: number | undefined;
  /** Of a record. */
  readonly ref?: string;
  readonly list?: string;
  readonly title?: string;
}

/** The tables whose rows say by a seal what they were. Of records that were replaced, it is the seal that they had. */
const PROVED = [...(Object.keys(SEALED) as SealedTable[]), 'former_records'] as const;
export type ProvedTable = (typeof PROVED)[number];

const TABLE_OF = { own: 'own_records', received: 'received_records' } as const;
/** Faults of the database that are named. */
const FAULTS_NAMED = 20;

export class StoreHealth {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Has the database check itself. */
  async engine(quick: boolean): Promise<EngineFaults> {
    if (isPostgres(this.#db)) return this.#amcheck();
    const pragma = quick ? 'quick_check' : 'integrity_check';
    const { rows } = await sql<Record<string, string>>`${sql.raw(`pragma ${pragma}(${FAULTS_NAMED})`)}`.execute(this.#db);
    const faults = rows.map((row) => String(Object.values(row)[0])).filter((text) => text !== 'ok');
    // It reads on where the pages are not broken.
    if (faults.length > 0) return { by: pragma, faults, strays: [] };
    const { rows: strays } = await sql<{ table: string; parent: string; count: number }>`
      select "table", parent, count(*) as count from pragma_foreign_key_check group by "table", parent`.execute(this.#db);
    return { by: pragma, faults, strays };
  }

  /** By the extension that a server may have, and may let this user run. */
  async #amcheck(): Promise<EngineFaults> {
    const { rows: extension } = await sql<{ schema: string }>`select extnamespace::regnamespace::text as schema from pg_extension
      where extname = 'amcheck'`.execute(this.#db);
    const [at] = extension;
    if (!at) return { by: 'none', faults: [], strays: [] };
    const { rows: indexes } = await sql<{ id: string; name: string }>`select i.indexrelid::text as id, c.relname as name from pg_index i
      join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
      where a.amname = 'btree' and i.indisvalid and c.relnamespace = current_schema()::regnamespace`.execute(this.#db);
    const faults: string[] = [];
    for (const { id, name } of indexes)
      try {
        await sql`select ${sql.raw(at.schema)}.bt_index_check(${id}::oid::regclass, true)`.execute(this.#db);
      } catch (error) {
        if (!(error instanceof LpxError) || error.code !== 'LPX_STORE_DAMAGED') return { by: 'none', faults, strays: [] };
        faults.push(name);
      }
    return { by: 'amcheck', faults, strays: [] };
  }

  /** What of the tables is missing, or is not of lpx. */
  misfits(): Promise<Misfits> {
    return misfitsOf(this.#db);
  }

  async schemaVersion(): Promise<number> {
    return Number((await this.#db.selectFrom('schema_version').select('version').executeTakeFirstOrThrow()).version);
  }

  /** When the newest entry of the log was made; undefined for an empty log. */
  async newestEntryAt(): Promise<Date | undefined> {
    const query = this.#db.selectFrom('history').select('at').where('position', 'is not', null);
    const newest = await query.orderBy('position', 'desc').limit(1).executeTakeFirst();
    return newest && new Date(newest.at);
  }

  /** Packages that are being made, or that wait for a folder that is not there, by name. */
  async pendingPackages(): Promise<{ readonly file: string; readonly at: Date }[]> {
    const rows = await this.#db
      .selectFrom('history')
      .select(['file', 'at'])
      .where('state', 'in', ['pending', 'written'])
      .orderBy('id')
      .execute();
    return rows.map(({ file, at }) => ({ file, at: new Date(at) }));
  }

  /** How many students are on the roll, with how many records; how many of those are owed a file; how many picks are of no record. */
  async counts(): Promise<{ readonly students: number; readonly records: number; readonly owed: number; readonly strayPicks: number }> {
    const countOf = (rows: readonly { readonly count: unknown }[]) => Number(rows[0]?.count ?? 0);
    let [records, owed, strayPicks] = [0, 0, 0];
    const { rows: students } = await sql<{ count: unknown }>`select count(*) as count from students where removed_by is null`.execute(
      this.#db,
    );
    for (const provenance of PROVENANCES) {
      const table = sql.table(TABLE_OF[provenance]);
      const { rows } = await sql<{ count: unknown }>`select count(*) as count from ${table} where removed_by is null`.execute(this.#db);
      const { rows: owing } = await sql<{ count: unknown }>`select count(*) as count from ${table}
        where removed_by is null and owed <> ''`.execute(this.#db);
      const { rows: picks } = await sql<{ count: unknown }>`select count(*) as count from picks where provenance = ${provenance}
        and record_id not in (select id from ${table})`.execute(this.#db);
      records += countOf(rows);
      owed += countOf(owing);
      strayPicks += countOf(picks);
    }
    return { students: countOf(students), records, owed, strayPicks };
  }

  /** How many rows name files that lpx may remove otherwise than lpx does, by table. */
  async strayNames(): Promise<string[]> {
    const remnants = await this.#db.selectFrom('remnants').select('sha256').execute();
    const unpublished = await this.#db
      .selectFrom('unpublished')
      .leftJoin('history', 'history.id', 'unpublished.history_id')
      .select(['part', 'unpublished.file', 'folder', 'history.file as zip'])
      .execute();
    return Object.entries({
      remnants: remnants.filter(({ sha256 }) => !isContentName(sha256) && !isOfDatabase(sha256)).length,
      unpublished: unpublished.filter(({ zip, folder, ...row }) => !isOfPackage({ file: zip ?? '', folder: folder ?? '' }, row)).length,
    }).flatMap(([table, count]) => (count > 0 ? [`${table}: ${count}`] : []));
  }

  /**
   * The records that came with entries after a place in the log, and that no other school has acknowledged: they were in no whole export
   * since for which a receipt came, made before they were taken out where they were. A receipt that this school wrote for an import says that the data came here, not that anybody keeps them.
   */
  async unprotected({ position, missing, wholeUntil }: Protection): Promise<ProtectionGap> {
    let [records, takenOut, since] = [0, 0, ''];
    const add = (count: number, removed: number, first: string) => {
      records += count;
      takenOut += removed;
      if (first !== '' && (since === '' || first < since)) since = first;
    };
    for (const table of Object.values(TABLE_OF)) {
      const on = sql`from ${sql.table(table)} r join history h on h.id = r.history_id left join history o on o.id = r.removed_by
        where not exists (select 1 from history e join history_students s on s.history_id = e.id
          where e.kind = 'export' and e.received_at <> '' and e.terms = '' and e.undone_by is null and e.position > h.position
          and (o.position is null or e.position < o.position) and s.student_id = r.student_id)`;
      const { rows } = await sql<{ count: unknown; removed: unknown; since: string | null }>`select count(*) as count,
        count(r.removed_by) as removed, min(h.at) as since ${on} and (h.position is null or h.position > ${position})`.execute(this.#db);
      add(Number(rows[0]?.count ?? 0), Number(rows[0]?.removed ?? 0), rows[0]?.since ?? '');
      // A record may have two files, in two of the parts.
      const without = new Map<number, { readonly removed: number; readonly at: string }>();
      for (const some of inParts(missing)) {
        const found = await sql<{ id: number; removed: unknown; at: string }>`select r.id as id,
          case when r.removed_by is null then 0 else 1 end as removed, h.at as at ${on}
          and h.position <= ${position} and h.position > ${wholeUntil}
          and (r.document_sha256 in (${sql.join(some)}) or r.media_sha256 in (${sql.join(some)}))`.execute(this.#db);
        for (const { id, removed, at } of found.rows) without.set(id, { removed: Number(removed), at });
      }
      for (const { removed, at } of without.values()) add(1, removed, at);
    }
    return { records, takenOut, since: since === '' ? undefined : new Date(since) };
  }

  /** Files that no record has or had: whose they were, nobody can tell. */
  unneededFiles(): Promise<Pick<NeededFile, 'sha256' | 'bytes'>[]> {
    return unneededFiles(this.#db);
  }

  /** The students whose records and picks are not those that were stored, by number. `inPart` says which students are looked at. */
  incomplete(inPart: (studentId: number) => boolean): Promise<readonly number[]> {
    return inOneState(this.#db, (db) => incompleteStudents(db, inPart));
  }

  /** Students as their rows name them, whether or not these are intact. */
  async studentsById(ids: readonly number[]): Promise<ReadonlyMap<number, { readonly nationalId: string; readonly name: string }>> {
    const students = new Map<number, { nationalId: string; name: string }>();
    for (const some of inParts([...new Set(ids)]))
      for (const { id, national_id, basic_data } of await this.#db
        .selectFrom('students')
        .select(['id', 'national_id', 'basic_data'])
        .where('id', 'in', some)
        .execute())
        students.set(id, { nationalId: national_id, name: nameIn(basic_data) });
    return students;
  }
}

function nameIn(basicData: string): string {
  try {
    return String(JSON.parse(basicData).name ?? '');
  } catch {
    return '';
  }
}

/**
 * Reads every row that has a seal, and a record's identity too.
 * @param inPart which are looked at
 * @param fits gets every row: whether it goes with those before it
 */
export async function* damagedRows(
  reader: RowReader,
  inPart: (table: RowTable, key: string) => boolean,
  fits: (table: ProvedTable, row: Row) => boolean,
): AsyncGenerator<DamagedRow, void> {
  for (const table of PROVED)
    for await (const rows of reader.rows(table))
      for (const row of rows) {
        const isFitting = fits(table, row);
        if (!inPart(table, keyOfRow(table, row)) || (isFitting && isAsStored(table, row))) continue;
        yield { table, studentId: studentOf(table, row), ...(isRecordTable(table) && naming(table, row)) };
      }
}

const isAsStored = (table: ProvedTable, row: Row): boolean => hasItsSeal(table, row) && (!isRecordTable(table) || isIdentical(row));

/** Whether a row is as its seal says; true of tables whose rows have none. */
export const hasItsSeal = (table: RowTable, row: Row): boolean =>
  !isProved(table) || row.seal === sealOf(table === 'former_records' ? 'own_records' : table, row as never);

const isProved = (table: RowTable): table is ProvedTable => (PROVED as readonly RowTable[]).includes(table);

type TableOfRecords = 'own_records' | 'received_records' | 'former_records';

const isRecordTable = (table: ProvedTable): table is TableOfRecords =>
  table === 'own_records' || table === 'received_records' || table === 'former_records';

function studentOf(table: ProvedTable, row: Row): number | undefined {
  const id = table === 'students' ? row.id : row.student_id;
  return typeof id === 'number' ? id : undefined;
}

/** Whether a record says what its key and its content hash stand for. */
function isIdentical(row: Row): boolean {
  try {
    const { key, content } = identityOf(recordOf(row));
    return key === row.record_key && content === row.content;
  } catch {
    return false;
  }
}

function recordOf(row: Row): PortfolioRecord<{ readonly sha256: string }> {
  const file = (sha256: unknown) => (typeof sha256 === 'string' ? { sha256 } : null);
  return {
    list: wireListOf(row.list as never).name,
    fields: objectIn(String(row.fields)),
    extras: objectIn(String(row.extras)),
    document: file(row.document_sha256),
    media: file(row.media_sha256),
  } as unknown as PortfolioRecord<{ readonly sha256: string }>;
}

function naming(table: TableOfRecords, row: Row): Pick<DamagedRow, 'ref' | 'list' | 'title'> {
  const isReceived = table === 'received_records' || row.provenance === 'received';
  const ref = refOf({ provenance: isReceived ? 'received' : 'own', id: Number(row.id ?? row.record_id) });
  try {
    const record = recordOf(row);
    return { ref, list: wireListOf(record.list).wire, title: titleOf(record) };
  } catch {
    return { ref };
  }
}
