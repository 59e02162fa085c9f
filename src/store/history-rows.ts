/** The history as the database keeps it: reading, filtering, and what an entry's row is made of. */
import type { Insertable, Kysely, Selectable } from 'kysely';
import { LpxError } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { basicDataWire } from '../spec/portfolio.js';
import { isIntact } from './chain.js';
import { refOf } from './pickable-items.js';
import { SEALED, STUDENT_SEALED_LATER } from './seal.js';
import { inParts } from './statements.js';
import type { BasicDataChange, HistoryEntry, HistoryFilter, HistoryRecord, HistoryStudent, NewHistoryEntry, SentAs } from './store.js';
import { basicDataOf, type StudentRow, storedTime } from './stored-rows.js';
import { type Tables, UNSAID } from './tables.js';

type EntryRow = Selectable<Tables['history']>;
type StudentOfEntryRow = Selectable<Tables['history_students']> & StudentRow;

/** Entries that are settled, newest first. @throws LPX_STORE_DAMAGED */
export async function readHistory(db: Kysely<Tables>, folder: string, filter: HistoryFilter): Promise<HistoryEntry[]> {
  const entries = await settledEntries(db, filter)
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom('history as before')
        .select('before.hash')
        .where('before.position', '=', eb('history.position', '-', 1))
        .as('hash_before'),
    )
    .orderBy('id', 'desc')
    .execute();
  const students = new Map<number, StudentOfEntryRow[]>();
  for (const ids of inParts(entries.map(({ id }) => id)))
    for (const student of await studentsOf(db, ids)) {
      const ofEntry = students.get(student.history_id) ?? [];
      ofEntry.push(student);
      students.set(student.history_id, ofEntry);
    }
  const records = await recordsOfLoads(db, entries);
  return entries.map(({ hash_before, ...entry }) => {
    const ofEntry = students.get(entry.id) ?? [];
    if (!isIntact(entry, ofEntry, hash_before) || !isReceiving(entry)) throw unreadable(folder);
    return entryOf(
      entry,
      ofEntry.map((student) => historyStudentOf(student, records.get(`${entry.id} ${student.student_id}`) ?? [], folder)),
      folder,
    );
  });
}

/** What loads did with records, by the numbers of entry and student. */
async function recordsOfLoads(db: Kysely<Tables>, entries: readonly EntryRow[]): Promise<Map<string, HistoryRecord[]>> {
  const records = new Map<string, HistoryRecord[]>();
  for (const ids of inParts(entries.filter(({ kind }) => kind === 'load').map(({ id }) => id))) {
    const rows = await db.selectFrom('history_records').selectAll().where('history_id', 'in', ids).orderBy('id').execute();
    for (const { history_id, student_id, provenance, record_id, list, title, outcome } of rows) {
      const key = `${history_id} ${student_id}`;
      const ofStudent = records.get(key) ?? [];
      ofStudent.push({ ref: provenance && record_id !== null ? refOf({ provenance, id: record_id }) : '', list, title, outcome });
      records.set(key, ofStudent);
    }
  }
  return records;
}

function settledEntries(db: Kysely<Tables>, { student, school, kinds = [], since, before }: HistoryFilter) {
  let query = db.selectFrom('history').where('state', 'in', ['done', 'unchanged', 'failed']);
  if (kinds.length > 0) query = query.where('kind', 'in', kinds);
  if (school !== undefined) query = query.where('school', '=', school);
  if (since) query = query.where('at', '>=', since.toISOString());
  if (before) query = query.where('at', '<', before.toISOString());
  if (student === undefined) return query;
  const ids = [...new Set([student, canonicalCode(student)])];
  return query.where('id', 'in', (eb) =>
    eb
      .selectFrom('history_students')
      .innerJoin('students', 'students.id', 'history_students.student_id')
      .select('history_id')
      .where((or) => or.or([or('national_id', 'in', ids), or('sent_national_id', 'in', ids)])),
  );
}

const studentsOf = (db: Kysely<Tables>, historyIds: readonly number[]): Promise<StudentOfEntryRow[]> =>
  db
    .selectFrom('history_students')
    .innerJoin('students', 'students.id', 'history_students.student_id')
    .selectAll('history_students')
    .select([...SEALED.students, ...STUDENT_SEALED_LATER, 'students.seal'])
    .where('history_id', 'in', historyIds)
    .orderBy('national_id')
    .execute();

/** What an entry learns later is not under its hash: whether it is at least what lpx writes. */
const isReceiving = ({ received_at, received_by, undone_by }: EntryRow): boolean =>
  typeof received_at === 'string' && typeof received_by === 'string' && (undone_by === null || Number.isSafeInteger(undone_by));

/** The row of a new entry. */
export function historyColumns({ at, ...entry }: NewHistoryEntry): Insertable<Tables['history']> {
  const row = { ...UNSAID, at: at.toISOString() };
  switch (entry.kind) {
    case 'import': {
      const { contentsDigest, ...rest } = entry;
      return { ...row, ...rest, contents_digest: contentsDigest };
    }
    case 'receipt': {
      const { refersTo, ...rest } = entry;
      return { ...row, ...rest, refers_to: refersTo };
    }
    case 'init':
    case 'pick':
    case 'load':
      return { ...row, ...entry };
    default: {
      const { details, ...rest } = entry;
      return { ...row, ...rest, details: JSON.stringify(details) };
    }
  }
}

/** @throws LPX_STORE_DAMAGED */
function entryOf(row: EntryRow, students: readonly HistoryStudent[], folder: string): HistoryEntry {
  const { id, kind, file, operator, md5, sha256, school } = row;
  const happening = {
    id,
    at: storedTime(row.at, { folder }),
    file,
    bytes: Number(row.bytes),
    operator,
    students,
    undoneBy: row.undone_by ?? undefined,
  };
  const sent = { ...happening, md5, sha256, contentsDigest: row.contents_digest, school, overridden: row.overridden };
  switch (kind) {
    case 'export': {
      const received = row.received_at === '' ? undefined : { at: storedTime(row.received_at, { folder }), by: row.received_by };
      return { ...sent, kind, reason: row.reason, terms: row.terms, left: row.left_on, folder: row.folder, received };
    }
    case 'import': {
      const state = row.state === 'unchanged' || row.state === 'failed' ? row.state : 'done';
      return { ...sent, kind, reason: row.reason === 'unsigned' ? row.reason : '', state, code: row.code };
    }
    case 'receipt':
      return { ...happening, kind, folder: row.folder, school, md5, refersTo: row.refers_to ?? 0 };
    case 'load':
      return { ...happening, kind, overridden: row.overridden };
    case 'init':
    case 'pick':
      return { ...happening, kind };
    default:
      return { ...happening, kind, ...(row.folder && { folder: row.folder }), details: parsed(row.details, folder) };
  }
}

function historyStudentOf(student: StudentOfEntryRow, records: readonly HistoryRecord[], folder: string): HistoryStudent {
  return {
    nationalId: student.national_id,
    name: basicDataOf(student, folder).name,
    courseResults: student.course_results,
    multiPerformances: student.multi_performances,
    attachments: student.attachments,
    created: student.created === 1,
    changes: changesOf(student, folder),
    sentAs: sentAsOf(student, folder),
    records,
  };
}

/** @throws LPX_STORE_DAMAGED */
function changesOf({ changes }: StudentOfEntryRow, folder: string): BasicDataChange[] {
  const list = parsed(changes, folder);
  if (!Array.isArray(list) || !list.every(isChange)) throw unreadable(folder);
  return list;
}

const isChange = (change: Partial<BasicDataChange> | null): boolean =>
  typeof change === 'object' &&
  change?.property !== undefined &&
  basicDataWire(change.property) !== undefined &&
  [change.from, change.to].every((value) => typeof value === 'string' || typeof value === 'number');

/** @throws LPX_STORE_DAMAGED */
function sentAsOf(student: StudentOfEntryRow, folder: string): SentAs | undefined {
  const sentAs = { nationalId: student.sent_national_id, name: student.sent_name, birthDate: student.sent_birth_date };
  if (Object.values(sentAs).some((value) => typeof value !== 'string')) throw unreadable(folder);
  return Object.values(sentAs).some((value) => value !== '') ? sentAs : undefined;
}

/** @throws LPX_STORE_DAMAGED */
function parsed(json: string, folder: string) {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

const unreadable = (folder: string, cause?: unknown): LpxError => new LpxError('LPX_STORE_DAMAGED', { folder, part: 'history' }, { cause });
