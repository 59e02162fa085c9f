/** The files that records of a store have, whether or not the vault holds them; and whose they are. Reads rows alone. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Place } from '../../errors.js';
import { filePlace, studentPlace } from '../../spec/place.js';
import { type BasicData, type OwedFile, type PortfolioRecord, SLOTS, type Slot, titleOf, wireListOf } from '../../spec/portfolio.js';
import { filesOfChanges } from '../history/entry-changes.js';
import { sealOf } from '../seal.js';
import { inParts } from '../statements.js';
import { PROVENANCES, type RecordRef } from '../store.js';
import { basicDataOf, damaged, listIn, objectIn, orDamaged } from '../stored-rows.js';
import type { RecordTable, Tables } from '../tables.js';
import { refOf } from './pickable-items.js';

type Db = Kysely<Tables> | Transaction<Tables>;

const TABLE_OF = { own: 'own_records', received: 'received_records' } as const;
const RECORD_TABLES = [...Object.values(TABLE_OF), 'former_records'] as const;

/** A content that records have as a file, or had before they were replaced or taken out: those may come back. */
export interface NeededFile {
  readonly sha256: string;
  readonly md5: string;
  readonly bytes: number;
  /** Undefined where it was never counted. */
  readonly crc32: number | undefined;
}

/** A record that has a content as a file. */
export interface FileOwner {
  readonly sha256: string;
  readonly studentId: number;
  readonly nationalId: string;
  /** The student's name. */
  readonly student: string;
  readonly record: RecordRef;
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  readonly slot: Slot;
  /** The name it was uploaded under. */
  readonly name: string;
  readonly place: Place;
}

/** Every content that a record has or had, once, in the order of the hashes. */
export async function neededFiles(db: Db): Promise<NeededFile[]> {
  const named = new Set<string>();
  for (const table of RECORD_TABLES)
    for (const slot of SLOTS) {
      const rows = await db
        .selectFrom(table)
        .select(`${slot}_sha256 as sha256`)
        .distinct()
        .where(`${slot}_sha256`, 'is not', null)
        .execute();
      for (const { sha256 } of rows) named.add(sha256 as string);
    }
  for await (const some of filesOfChanges(db)) for (const sha256 of some) named.add(sha256);
  const rows = await db.selectFrom('attachments').select(['sha256', 'md5', 'bytes', 'crc32']).orderBy('sha256').execute();
  return rows
    .filter(({ sha256 }) => named.has(sha256))
    .map(({ sha256, md5, bytes, crc32 }) => ({ sha256, md5, bytes: Number(bytes), crc32: crc32 === null ? undefined : Number(crc32) }));
}

/**
 * The contents in the table of files that no record has or had, by SHA-256: some were changed or deleted past lpx, or replaced by an
 * early version. Those of probes are not among them.
 */
export async function unneededFiles(db: Db): Promise<Pick<NeededFile, 'sha256' | 'bytes'>[]> {
  const named = RECORD_TABLES.flatMap((table) => SLOTS.map((slot) => sql`select ${sql.ref(`${slot}_sha256`)} from ${sql.table(table)}`));
  const { rows } = await sql<{ sha256: string }>`select sha256 from attachments except ${sql.join(named, sql` except `)}`.execute(db);
  const unneeded = new Set(rows.map(({ sha256 }) => sha256));
  if (unneeded.size === 0) return [];
  for await (const some of filesOfChanges(db)) for (const sha256 of some) unneeded.delete(sha256);
  for (const { details } of await db.selectFrom('history').select('details').where('kind', '=', 'probe').execute())
    for (const [sha256] of details.matchAll(SHA256)) unneeded.delete(sha256);
  const files: Pick<NeededFile, 'sha256' | 'bytes'>[] = [];
  for (const some of inParts([...unneeded]))
    for (const { sha256, bytes } of await db.selectFrom('attachments').select(['sha256', 'bytes']).where('sha256', 'in', some).execute())
      files.push({ sha256, bytes: Number(bytes) });
  return files;
}

const SHA256 = /[0-9a-f]{64}/g;

/** A file that a record of the store is owed. */
export interface OwedByRecord extends OwedFile {
  readonly studentId: number;
  readonly nationalId: string;
  /** The student's name. */
  readonly student: string;
  readonly record: RecordRef;
  /** The entry that brought the record. */
  readonly historyId: number;
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  readonly place: Place;
}

/** The files that records are owed, by student; without those of records that were taken out. @throws LPX_STORE_DAMAGED */
export async function owedFiles(db: Db, folder: string): Promise<OwedByRecord[]> {
  const owing: (OwingRecord & { readonly historyId: number; readonly owed: string; readonly isSound: boolean })[] = [];
  for (const provenance of PROVENANCES) {
    const table = TABLE_OF[provenance];
    const rows = await db.selectFrom(table).selectAll().where('owed', '!=', '').where('removed_by', 'is', null).orderBy('id').execute();
    for (const { seal, ...row } of rows) {
      const { id, student_id: studentId, history_id: historyId, owed } = row;
      owing.push({ provenance, id, studentId, historyId, owed, isSound: seal === sealOf(table, row) });
    }
  }
  const named = await namedRecords(db, folder, owing);
  return owing
    .flatMap((row) => {
      const name = named(row);
      if (!name) return [];
      const { nationalId, facts } = name;
      if (!row.isSound) throw damaged({ nationalId, folder }, { list: facts.list, title: facts.title });
      const owed = orDamaged({ nationalId, folder }, () => listIn<OwedFile>(row.owed));
      return owed.map((file) => ({ ...file, ...name.facts, historyId: row.historyId, place: name.placeOf(file.slot, file.name) }));
    })
    .sort(byStudent);
}

/** A record of a student. */
interface OwingRecord extends RecordRef {
  readonly studentId: number;
}

/** A row of a record that has a content as a file. */
interface OwningRow extends OwingRecord {
  readonly slot: Slot;
  readonly sha256: string;
}

/**
 * The records that have these contents as files, by student, list and record.
 * @param which those that are there, or those that were taken out
 * @throws LPX_STORE_DAMAGED
 */
export async function ownersOf(
  db: Db,
  folder: string,
  contents: ReadonlySet<string>,
  which: 'present' | 'removed' = 'present',
): Promise<FileOwner[]> {
  const owning: OwningRow[] = [];
  for (const provenance of PROVENANCES) {
    const rows = await db
      .selectFrom(TABLE_OF[provenance])
      .select(['id', 'student_id', 'document_sha256', 'media_sha256'])
      .where('removed_by', which === 'present' ? 'is' : 'is not', null)
      .orderBy('id')
      .execute();
    for (const { id, student_id: studentId, ...row } of rows)
      for (const slot of SLOTS) {
        const sha256 = row[`${slot}_sha256`];
        if (sha256 !== null && contents.has(sha256)) owning.push({ provenance, id, studentId, slot, sha256 });
      }
  }
  const named = await namedRecords(db, folder, owning);
  return owning
    .flatMap((row): FileOwner[] => {
      const name = named(row);
      if (!name) return [];
      const file = name.nameOf(row.slot);
      return [{ ...name.facts, sha256: row.sha256, slot: row.slot, name: file, place: name.placeOf(row.slot, file) }];
    })
    .sort(byStudent);
}

const byStudent = (a: { readonly nationalId: string }, b: { readonly nationalId: string }): number =>
  a.nationalId < b.nationalId ? -1 : a.nationalId > b.nationalId ? 1 : 0;

/** What a record is called, and whose it is. */
interface NamedRecord {
  readonly nationalId: string;
  readonly facts: Pick<FileOwner, 'studentId' | 'nationalId' | 'student' | 'record' | 'list' | 'title'>;
  nameOf(slot: Slot): string;
  placeOf(slot: Slot, file: string): Place;
}

async function namedRecords(
  db: Db,
  folder: string,
  refs: readonly OwingRecord[],
): Promise<(record: OwingRecord) => NamedRecord | undefined> {
  const students = await studentsIn(db, folder, new Set(refs.map(({ studentId }) => studentId)));
  const records = await recordsIn(db, refs);
  return ({ provenance, id, studentId }) => {
    const ref = refOf({ provenance, id });
    const [student, row] = [students.get(studentId), records.get(ref)];
    if (!student || !row) return undefined;
    const { nationalId, name } = student;
    const { title, list } = orDamaged({ nationalId, folder }, () => ({
      title: titleOf({ list: row.list, fields: objectIn(row.fields) } as unknown as PortfolioRecord<unknown>),
      list: wireListOf(row.list),
    }));
    const place = { ...studentPlace(student), list: list.wire, ref, ...(title !== '' && { title }) };
    return {
      nationalId,
      facts: { studentId, nationalId, student: name, record: { provenance, id }, list: list.wire, title },
      nameOf: (slot) => row[`${slot}_name`],
      placeOf: (slot, file) => filePlace(place, list, slot, file),
    };
  };
}

async function studentsIn(db: Db, folder: string, ids: ReadonlySet<number>): Promise<ReadonlyMap<number, BasicData>> {
  const students = new Map<number, BasicData>();
  for (const some of inParts([...ids]))
    for (const row of await db.selectFrom('students').selectAll().where('id', 'in', some).execute())
      students.set(row.id, basicDataOf(row, folder));
  return students;
}

/** What of a record names it and its files. */
type NamingRow = Pick<RecordTable, 'list' | 'fields' | 'document_name' | 'media_name'>;

/** By their references. */
async function recordsIn(db: Db, refs: readonly RecordRef[]): Promise<ReadonlyMap<string, NamingRow>> {
  const records = new Map<string, NamingRow>();
  for (const provenance of PROVENANCES) {
    const ids = [...new Set(refs.filter((ref) => ref.provenance === provenance).map(({ id }) => id))];
    for (const some of inParts(ids)) {
      const columns = ['id', 'list', 'fields', 'document_name', 'media_name'] as const;
      const rows = await db.selectFrom(TABLE_OF[provenance]).select(columns).where('id', 'in', some).execute();
      for (const { id, ...row } of rows) records.set(refOf({ provenance, id }), row);
    }
  }
  return records;
}
