/** The history as the database keeps it: reading, filtering, and what an entry's row is made of. */
import type { ExpressionBuilder, Insertable, Kysely, Selectable } from 'kysely';
import { LpxError } from '../../errors.js';
import { canonicalCode } from '../../plain-text.js';
import { basicDataWire } from '../../spec/portfolio.js';
import { refOf } from '../records/pickable-items.js';
import { SEALED, STUDENT_SEALED_LATER } from '../seal.js';
import { inParts } from '../statements.js';
import { basicDataOf, listIn, objectIn, type StudentRow, storedTime } from '../stored-rows.js';
import { type Tables, UNSAID } from '../tables.js';
import { areStudentsIntact, byHash, chainedStudents, erasuresIn, isEntryIntact, isSaidIntact, recordsOf } from './chain.js';
import type {
  BasicDataChange,
  HistoryEntry,
  HistoryFilter,
  HistoryRecord,
  HistoryStudent,
  NewHistoryEntry,
  Queued,
  SentAs,
} from './entries.js';

type EntryRow = Selectable<Tables['history']>;
type StudentOfEntryRow = Selectable<Tables['history_students']> & StudentRow & { readonly id_key: string };

/** Of an entry with more students, a short reading has as many. */
const FEW_STUDENTS = 20;

/** Entries that are settled, newest first. @throws LPX_STORE_DAMAGED */
export async function readHistory(db: Kysely<Tables>, folder: string, filter: HistoryFilter): Promise<HistoryEntry[]> {
  let query = settledEntries(db, filter)
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom('history as before')
        .select('before.hash')
        .where('before.position', '=', eb('history.position', '-', 1))
        .as('hash_before'),
    )
    .orderBy('id', 'desc');
  if (filter.limit !== undefined) query = query.limit(filter.limit);
  const entries = await query.execute();
  const erasures = await erasuresIn(db);
  const read: HistoryEntry[] = [];
  for (const some of inParts(entries)) {
    const counts = await countsOf(
      db,
      some.map(({ id }) => id),
    );
    const students = await studentsOfEntries(db, counts, filter);
    const records = await recordsOfEntries(db, some, counts, students);
    for (const { hash_before, ...entry } of some) {
      const ofEntry = students.get(entry.id) ?? [];
      const { total, erased, outcomes } = counts.get(entry.id) ?? NOTHING_COUNTED;
      const hasAll = ofEntry.length === total;
      const chained = hasAll && erased === 0 ? [[...ofEntry].sort(byHash)] : chainedStudents(db, entry.id);
      const sound =
        entry.previous_hash === (entry.position === 1 ? '' : hash_before) &&
        isReceiving(entry) &&
        isEntryIntact(entry, erasures) &&
        ((entry.salt !== '' && !hasAll) || (await areStudentsIntact(entry, chained, erasures))) &&
        ofEntry.every((student) => isSaidIntact(student, records.get(keyOf(student)) ?? []));
      if (!sound) throw unreadable(folder);
      read.push(
        entryOf(
          entry,
          {
            students: ofEntry.map((student) =>
              historyStudentOf(student, entry.kind === 'load' ? (records.get(keyOf(student)) ?? []) : [], folder),
            ),
            studentCount: total + erased,
            erased,
            outcomes,
          },
          folder,
        ),
      );
    }
  }
  return read;
}

/** How many entries are settled. */
export async function countHistory(db: Kysely<Tables>): Promise<number> {
  const { count } = await settledEntries(db, {})
    .select((eb) => eb.fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

interface Counts {
  /** Students who are known. */
  readonly total: number;
  readonly erased: number;
  /** Of a load: how many records it removed, brought back, and so on. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const NOTHING_COUNTED: Counts = { total: 0, erased: 0, outcomes: {} };

async function countsOf(db: Kysely<Tables>, ids: readonly number[]): Promise<Map<number, Counts>> {
  const perEntry = async (table: 'history_students' | 'history_erased') => {
    const rows = await db
      .selectFrom(table)
      .select('history_id')
      .select((eb) => eb.fn.countAll().as('count'))
      .where('history_id', 'in', ids)
      .groupBy('history_id')
      .execute();
    return new Map(rows.map(({ history_id, count }) => [history_id, Number(count)]));
  };
  const [known, erased] = [await perEntry('history_students'), await perEntry('history_erased')];
  const rows = await db
    .selectFrom('history_records')
    .innerJoin('history', 'history.id', 'history_records.history_id')
    .select(['history_id', 'outcome'])
    .select((eb) => eb.fn.countAll().as('count'))
    .where('history_id', 'in', ids)
    .where('kind', '=', 'load')
    .groupBy(['history_id', 'outcome'])
    .execute();
  const outcomes = new Map<number, Record<string, number>>();
  for (const { history_id, outcome, count } of rows) outcomes.set(history_id, { ...outcomes.get(history_id), [outcome]: Number(count) });
  return new Map(ids.map((id) => [id, { total: known.get(id) ?? 0, erased: erased.get(id) ?? 0, outcomes: outcomes.get(id) ?? {} }]));
}

/** The students of entries: the one who is asked for, or all; of entries with many, a short reading has a few. */
async function studentsOfEntries(
  db: Kysely<Tables>,
  counts: ReadonlyMap<number, Counts>,
  { student, students: wanted = 'all' }: HistoryFilter,
): Promise<Map<number, StudentOfEntryRow[]>> {
  const large = student === undefined && wanted === 'few' ? [...counts].filter(([, { total }]) => total > FEW_STUDENTS) : [];
  const whole = [...counts.keys()].filter((id) => !large.some(([largeId]) => largeId === id));
  const rows: StudentOfEntryRow[] = [];
  let ofWhole = studentsOf(db, whole);
  if (student !== undefined) ofWhole = ofWhole.where((eb) => isStudent(eb, student));
  rows.push(...(await ofWhole.orderBy('national_id').execute()));
  for (const [id] of large) rows.push(...(await studentsOf(db, [id]).orderBy('student_id').limit(FEW_STUDENTS).execute()));
  const students = new Map<number, StudentOfEntryRow[]>();
  for (const row of rows) {
    const ofEntry = students.get(row.history_id) ?? [];
    ofEntry.push(row);
    students.set(row.history_id, ofEntry);
  }
  return students;
}

const keyOf = ({ history_id, student_id }: { readonly history_id: number; readonly student_id: number }): string =>
  `${history_id} ${student_id}`;

type RecordRow = Selectable<Tables['history_records']>;

/** What entries did with records, by the numbers of entry and student. */
async function recordsOfEntries(
  db: Kysely<Tables>,
  entries: readonly EntryRow[],
  counts: ReadonlyMap<number, Counts>,
  students: ReadonlyMap<number, readonly StudentOfEntryRow[]>,
): Promise<Map<string, RecordRow[]>> {
  const records = new Map<string, RecordRow[]>();
  const add = (row: RecordRow) => records.set(keyOf(row), [...(records.get(keyOf(row)) ?? []), row]);
  const isWhole = ({ id }: EntryRow) => students.get(id)?.length === counts.get(id)?.total;
  const whole = entries.filter(isWhole).map(({ id }) => id);
  if (whole.length > 0)
    for (const row of await db.selectFrom('history_records').selectAll().where('history_id', 'in', whole).orderBy('id').execute()) add(row);
  for (const { id } of entries.filter((entry) => !isWhole(entry))) {
    const ids = (students.get(id) ?? []).map(({ student_id }) => student_id);
    for (const rows of (await recordsOf(db, id, ids)).values()) rows.forEach(add);
  }
  return records;
}

const historyRecordOf = ({ provenance, record_id, list, title, outcome }: RecordRow): HistoryRecord => ({
  ref: provenance && record_id !== null ? refOf({ provenance, id: record_id }) : '',
  list,
  title,
  outcome,
});

function settledEntries(db: Kysely<Tables>, { ids, student, school, md5, kinds = [], since, before, olderThan }: HistoryFilter) {
  let query = db.selectFrom('history').where('state', 'in', ['done', 'unchanged', 'failed']);
  if (kinds.length > 0) query = query.where('kind', 'in', kinds);
  if (ids) query = query.where('id', 'in', ids);
  if (md5 !== undefined) query = query.where('md5', '=', md5);
  if (school !== undefined) query = query.where('school', '=', school);
  if (since) query = query.where('at', '>=', since.toISOString());
  if (before) query = query.where('at', '<', before.toISOString());
  if (olderThan !== undefined) query = query.where('id', '<', olderThan);
  if (student === undefined) return query;
  return query.where('id', 'in', (eb) =>
    eb
      .selectFrom('history_students')
      .innerJoin('students', 'students.id', 'history_students.student_id')
      .select('history_id')
      .where((eb) => isStudent(eb, student)),
  );
}

/** Whether a row is of the student with an id, on the roll or in the package. */
function isStudent(eb: ExpressionBuilder<Tables, 'history_students' | 'students'>, student: string) {
  const ids = [...new Set([student, canonicalCode(student)])];
  return eb.or([eb('national_id', 'in', ids), eb('sent_national_id', 'in', ids)]);
}

const studentsOf = (db: Kysely<Tables>, historyIds: readonly number[]) =>
  db
    .selectFrom('history_students')
    .innerJoin('students', 'students.id', 'history_students.student_id')
    .selectAll('history_students')
    .select([...SEALED.students, ...STUDENT_SEALED_LATER, 'students.seal', 'students.id_key'])
    .where('history_id', 'in', historyIds);

/** What an entry learns later is not under its hash: whether it is at least what lpx writes. */
const isReceiving = ({ received_at, received_by, undone_by }: EntryRow): boolean =>
  typeof received_at === 'string' && typeof received_by === 'string' && (undone_by === null || Number.isSafeInteger(undone_by));

/** The row of a new entry. */
export function historyColumns({ at, ...entry }: NewHistoryEntry): Insertable<Tables['history']> {
  const row = { ...UNSAID, at: at.toISOString() };
  switch (entry.kind) {
    case 'import': {
      const { contentsDigest, request, ...rest } = entry;
      return { ...row, ...rest, contents_digest: contentsDigest, details: requestDetails(request) };
    }
    case 'receipt': {
      const { refersTo, receiving, ...rest } = entry;
      const details = receiving && { receivedAt: receiving.at.toISOString(), receivedBy: receiving.by };
      return { ...row, ...rest, refers_to: refersTo, ...(details && { details: JSON.stringify(details) }) };
    }
    case 'undo': {
      const { refersTo, details, ...rest } = entry;
      return { ...row, ...rest, refers_to: refersTo, details: JSON.stringify(details) };
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

/** What the entry of a package keeps of the request that a worker did it for. */
export const requestDetails = (request: string | undefined): string => (request === undefined ? '' : JSON.stringify({ request }));

/** @throws LPX_STORE_DAMAGED */
function entryOf(row: EntryRow, of: Pick<HistoryEntry, 'students' | 'studentCount' | 'erased' | 'outcomes'>, folder: string): HistoryEntry {
  const { id, kind, file, operator, md5, sha256, school } = row;
  const happening = {
    id,
    at: storedTime(row.at, { folder }),
    file,
    bytes: Number(row.bytes),
    operator,
    ...of,
    undoneBy: row.undone_by ?? undefined,
  };
  const ofPackage = { ...happening, md5, sha256, contentsDigest: row.contents_digest, school, overridden: row.overridden };
  const requested = (): Queued => (row.details === '' ? {} : parsed(() => objectIn<Queued>(row.details), folder));
  switch (kind) {
    case 'export': {
      const received = row.received_at === '' ? undefined : { at: storedTime(row.received_at, { folder }), by: row.received_by };
      return { ...ofPackage, ...requested(), kind, reason: row.reason, terms: row.terms, left: row.left_on, folder: row.folder, received };
    }
    case 'import': {
      const state = row.state === 'unchanged' || row.state === 'failed' ? row.state : 'done';
      return { ...ofPackage, ...requested(), kind, reason: row.reason === 'unsigned' ? row.reason : '', state, code: row.code };
    }
    case 'receipt':
      return { ...happening, kind, folder: row.folder, school, md5, refersTo: row.refers_to ?? 0 };
    case 'undo':
      return { ...happening, kind, refersTo: row.refers_to ?? 0, details: parsed(() => objectIn<never>(row.details), folder) };
    case 'load':
      return { ...happening, kind, overridden: row.overridden };
    case 'init':
    case 'pick':
      return { ...happening, kind };
    default:
      return { ...happening, kind, ...(row.folder && { folder: row.folder }), details: parsed(() => objectIn<never>(row.details), folder) };
  }
}

function historyStudentOf(student: StudentOfEntryRow, records: readonly RecordRow[], folder: string): HistoryStudent {
  return {
    nationalId: student.national_id,
    name: basicDataOf(student, folder).name,
    courseResults: student.course_results,
    multiPerformances: student.multi_performances,
    attachments: student.attachments,
    created: student.created === 1,
    changes: changesOf(student, folder),
    sentAs: sentAsOf(student, folder),
    records: records.map(historyRecordOf),
  };
}

/** @throws LPX_STORE_DAMAGED */
function changesOf({ changes }: StudentOfEntryRow, folder: string): BasicDataChange[] {
  const list = parsed(() => listIn<BasicDataChange>(changes), folder);
  if (!list.every(isChange)) throw unreadable(folder);
  return list;
}

const isChange = (change: Partial<BasicDataChange>): boolean =>
  change.property !== undefined &&
  basicDataWire(change.property) !== undefined &&
  [change.from, change.to].every((value) => typeof value === 'string' || typeof value === 'number');

/** @throws LPX_STORE_DAMAGED */
function sentAsOf(student: StudentOfEntryRow, folder: string): SentAs | undefined {
  const sentAs = { nationalId: student.sent_national_id, name: student.sent_name, birthDate: student.sent_birth_date };
  if (Object.values(sentAs).some((value) => typeof value !== 'string')) throw unreadable(folder);
  return Object.values(sentAs).some((value) => value !== '') ? sentAs : undefined;
}

/** @throws LPX_STORE_DAMAGED */
function parsed<T>(read: () => T, folder: string): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

const unreadable = (folder: string, cause?: unknown): LpxError => new LpxError('LPX_STORE_DAMAGED', { folder, part: 'history' }, { cause });
