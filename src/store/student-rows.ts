/** Students, records and lists of reference as rows, read with the certainty that they are what was stored. */
import type { Kysely, Selectable, Transaction } from 'kysely';
import { canonicalCode } from '../plain-text.js';
import { HISTORY_KINDS } from '../spec/history.js';
import { identityOf } from '../spec/identity.js';
import { type PortfolioRecord, SLOTS, type Slot, titleOf, wireListOf } from '../spec/portfolio.js';
import { asStored, sealOf } from './seal.js';
import { inParts } from './statements.js';
import {
  PROVENANCES,
  type Provenance,
  type RemovedStudent,
  type RollStudent,
  type StoredAttachment,
  type StoredRecord,
  type StoredStudent,
} from './store.js';
import { basicDataOf, damaged, leavingOf, listIn, objectIn, orDamaged, rollEntryOf, type StudentRef, storedTime } from './stored-rows.js';
import type { RecordTable, Tables } from './tables.js';

export const TABLE_OF = { own: 'own_records', received: 'received_records' } as const;

export type Db = Kysely<Tables> | Transaction<Tables>;

export async function knownFilesIn(db: Db, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const some of inParts([...new Set(hashes)])) {
    const rows = await db.selectFrom('attachments').select('sha256').where('sha256', 'in', some).execute();
    for (const { sha256 } of rows) known.add(sha256);
  }
  return known;
}

/** The students who are on the roll. */
export const onRoll = (db: Db) => db.selectFrom('students').selectAll().where('removed_by', 'is', null);

const studentRow = (db: Db, nationalId: string) => onRoll(db).where('national_id', '=', nationalId).executeTakeFirst();

/** Finds a student by an id in any letters. @throws LPX_STORE_DAMAGED when a record is not what was stored */
export async function readStudent(db: Db, nationalId: string, folder: string): Promise<StoredStudent | undefined> {
  const row = (await studentRow(db, canonicalCode(nationalId))) ?? (await studentRow(db, nationalId));
  if (!row) return undefined;
  const student = { id: row.id, nationalId: row.national_id, folder };
  const records: StoredRecord[] = [];
  for (const provenance of PROVENANCES) records.push(...(await readRecords(db, student, provenance)));
  return { ...rollStudentOf(row, folder), extendedYears: row.extended_years, records };
}

/** @throws LPX_STORE_DAMAGED */
export async function readRoll(db: Db, nationalIds: readonly string[], folder: string): Promise<Map<string, RollStudent>> {
  const roll = new Map<string, RollStudent>();
  for (const some of inParts(nationalIds))
    for (const row of await onRoll(db).where('national_id', 'in', some).execute()) roll.set(row.national_id, rollStudentOf(row, folder));
  return roll;
}

/** The students who are off the roll, of all or of these, each with the newest entry that did it. @throws LPX_STORE_DAMAGED */
export async function readRemoved(db: Db, folder: string, nationalIds?: readonly string[]): Promise<RemovedStudent[]> {
  const removed: RemovedStudent[] = [];
  const days = new Map<number, string>();
  for (const some of nationalIds ? inParts([...new Set(nationalIds)]) : [undefined]) {
    const rows = await db
      .selectFrom('students')
      .selectAll()
      // Where an undo put the row back as it was, that names an older entry.
      .select((eb) =>
        eb
          .selectFrom('entry_changes')
          .select(({ fn }) => fn.max<number>('history_id').as('id'))
          .whereRef('entry_changes.student_id', '=', 'students.id')
          .where('table_name', '=', 'students')
          .where('before', 'like', '%"removed_by":null%')
          .as('taken_off_by'),
      )
      .where('removed_by', 'is not', null)
      .$call((query) => (some ? query.where('national_id', 'in', some) : query))
      .orderBy('national_id')
      .execute();
    for (const ids of inParts([...new Set(rows.map(({ removed_by, taken_off_by }) => Number(taken_off_by ?? removed_by)))]))
      for (const { id, at } of await db.selectFrom('history').select(['id', 'at']).where('id', 'in', ids).execute()) days.set(id, at);
    for (const row of rows) {
      const removedBy = Number(row.taken_off_by ?? row.removed_by);
      const { nationalId, name } = basicDataOf(row, folder);
      removed.push({ nationalId, name, removedBy, removedAt: storedTime(days.get(removedBy) ?? '', { folder }) });
    }
  }
  return removed;
}

/** @throws LPX_STORE_DAMAGED */
function rollStudentOf(row: Selectable<Tables['students']>, folder: string): RollStudent {
  return {
    id: row.id,
    basicData: basicDataOf(row, folder),
    extras: orDamaged({ nationalId: row.national_id, folder }, () => objectIn(row.extras)),
    roll: rollEntryOf(row),
    listed: row.listed === 1,
    left: leavingOf(row),
  };
}

/** The records of a student that a load took out. @throws LPX_STORE_DAMAGED */
export async function readTakenOut(db: Db, id: number, folder: string): Promise<StoredRecord[]> {
  const { national_id: nationalId } = await db.selectFrom('students').select('national_id').where('id', '=', id).executeTakeFirstOrThrow();
  const records: StoredRecord[] = [];
  for (const provenance of PROVENANCES) records.push(...(await readRecords(db, { id, nationalId, folder }, provenance, 'removed')));
  return records;
}

async function readRecords(
  db: Db,
  student: StudentRef,
  provenance: Provenance,
  which: 'present' | 'removed' = 'present',
): Promise<StoredRecord[]> {
  const table = TABLE_OF[provenance];
  const rows = await db
    .selectFrom(`${table} as records`)
    .leftJoin('history', 'history.id', 'records.history_id')
    .leftJoin('attachments as document', 'document.sha256', 'records.document_sha256')
    .leftJoin('attachments as media', 'media.sha256', 'records.media_sha256')
    .leftJoin('picks', (join) => join.onRef('picks.record_id', '=', 'records.id').on('picks.provenance', '=', provenance))
    .selectAll('records')
    .select((eb) =>
      eb
        .selectFrom('former_records as former')
        .innerJoin('history as earlier', 'earlier.id', 'former.history_id')
        .select('former.history_id')
        .where('former.student_id', '=', student.id)
        .where('former.provenance', '=', provenance)
        .whereRef('former.record_id', '=', 'records.id')
        .where('earlier.bytes', '>', 0)
        .limit(1)
        .as('former_of_platform'),
    )
    .select([
      // An entry of a register has no bytes.
      'history.bytes as came_bytes',
      'history.at as came_at',
      'history.kind as came_by',
      'history.file as came_with',
      'document.md5 as document_md5',
      'document.bytes as document_bytes',
      'document.crc32 as document_crc32',
      'document.seal as document_seal',
      'media.md5 as media_md5',
      'media.bytes as media_bytes',
      'media.crc32 as media_crc32',
      'media.seal as media_seal',
      'picks.at as picked_at',
    ])
    .where('records.student_id', '=', student.id)
    .$call((query) =>
      which === 'present'
        ? query.where('records.removed_by', 'is', null)
        : query.where('records.removed_by', 'in', (eb) => eb.selectFrom('history').select('id').where('kind', '=', 'load')),
    )
    .orderBy('records.id')
    .execute();
  return rows.map((row) => {
    const record = orDamaged(student, () => recordOf(row));
    const { key, content } = orDamaged(student, () => identityOf(record));
    const sound =
      row.seal === sealOf(table, row) &&
      content === row.content &&
      key === row.record_key &&
      (row.came_by === null || HISTORY_KINDS.includes(row.came_by)) &&
      asStored(record.fields.originSchoolCode) === row.origin_school_code &&
      SLOTS.every((slot) => isSealed(row, slot));
    if (!sound) throw damaged(student, { list: wireListOf(record.list).wire, title: titleOf(record) });
    return {
      id: row.id,
      provenance,
      key,
      content,
      historyId: row.history_id,
      cameAt: storedTime(row.came_at ?? '', student),
      cameBy: row.came_by ?? 'load',
      ofPlatform: row.came_bytes !== 0 || row.former_of_platform !== null,
      cameWith: row.came_with ?? '',
      picked: row.picked_at !== null,
      record,
    };
  });
}

const recordOf = (row: Pick<Selectable<RecordTable>, 'list' | 'fields' | 'extras' | 'owed' | 'repairs'> & AttachmentColumns) =>
  ({
    list: wireListOf(row.list).name,
    fields: objectIn(row.fields),
    extras: objectIn(row.extras),
    document: attachmentIn(row, 'document'),
    media: attachmentIn(row, 'media'),
    ...(row.owed !== '' && { owed: listIn(row.owed) }),
    ...(row.repairs !== '' && { repairs: listIn(row.repairs) }),
  }) as unknown as PortfolioRecord<StoredAttachment>;

/** Whether a record's file is none, or described as it was when it came. */
function isSealed(row: AttachmentColumns, slot: Slot): boolean {
  const [sha256, md5, bytes] = [row[`${slot}_sha256`], row[`${slot}_md5`], Number(row[`${slot}_bytes`])];
  return sha256 === null || row[`${slot}_seal`] === sealOf('attachments', { sha256, md5, bytes });
}

/** A record's file; none when the record has none, or the table of files has lost it. */
function attachmentIn(row: AttachmentColumns, slot: Slot): StoredAttachment | null {
  const [sha256, md5, crc32] = [row[`${slot}_sha256`], row[`${slot}_md5`], row[`${slot}_crc32`]];
  if (sha256 === null || md5 === null) return null;
  const attachment = { sha256, md5, bytes: Number(row[`${slot}_bytes`]), type: row[`${slot}_type`], name: row[`${slot}_name`] };
  return crc32 === null ? attachment : { ...attachment, crc32: Number(crc32) };
}

/** The files of a record, by its row and theirs. */
type AttachmentColumns = Readonly<Record<`${Slot}_${'sha256' | 'md5' | 'seal'}`, string | null>> &
  Readonly<Record<`${Slot}_bytes` | `${Slot}_crc32`, number | null>> &
  Readonly<Record<`${Slot}_type` | `${Slot}_name`, string>>;
