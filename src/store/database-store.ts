/** The store over a query builder. Nothing here is SQLite's own. */
import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import { LpxError } from '../errors.js';
import { markCommitted } from '../io/interruption.js';
import type { CourseListing } from '../spec/course-code-file.js';
import { planOfCourseCode } from '../spec/identifiers/course-code.js';
import { canonicalCode } from '../spec/identifiers/plain.js';
import { identityOf } from '../spec/identity.js';
import { type BasicData, type JsonObject, LISTS, type PortfolioRecord, type Slot, titleOf, wireListOf } from '../spec/portfolio.js';
import type { AttachmentVault } from './attachments.js';
import { PackageClaims } from './package-claims.js';
import { inParts } from './statements.js';
import {
  type HistoryCounts,
  type HistoryEntry,
  type HistoryKind,
  type HistoryStudent,
  type ImportOutcome,
  type NewHistoryEntry,
  type NewRecord,
  PROVENANCES,
  type Provenance,
  type Receiving,
  type RecordRef,
  type School,
  type SentAs,
  type Store,
  type StoreChange,
  type StoredAttachment,
  type StoredRecord,
  type StoredStudent,
  type StudentSummary,
} from './store.js';
import { type RecordTable, type Tables, UNSAID } from './tables.js';

const TABLE_OF = { own: 'own_records', received: 'received_records' } as const;
const MULTI_PERFORMANCE_LISTS = new Set(LISTS.filter((list) => list.owner === 'multiPerformances').map((list) => list.name));

type Db = Kysely<Tables> | Transaction<Tables>;

export class DatabaseStore implements Store {
  readonly #db: Kysely<Tables>;
  readonly folder: string;
  readonly school: School;
  readonly attachments: AttachmentVault;
  readonly claims: PackageClaims;

  constructor(db: Kysely<Tables>, folder: string, school: School, attachments: AttachmentVault) {
    this.#db = db;
    this.folder = folder;
    this.school = { ...school, code: canonicalCode(school.code) };
    this.attachments = attachments;
    this.claims = new PackageClaims(db, folder);
  }

  async students(): Promise<StudentSummary[]> {
    const students = await this.#db.selectFrom('students').select(['id', 'national_id', 'basic_data']).orderBy('national_id').execute();
    const counts = new Map<number, { courseResults: number; multiPerformances: number; received: number; attachments: number }>();
    for (const provenance of PROVENANCES) {
      const rows = await this.#db
        .selectFrom(TABLE_OF[provenance])
        .select(['student_id', 'list'])
        .select((eb) => [
          eb.fn.countAll<number>().as('records'),
          eb.fn.count<number>('document_sha256').as('documents'),
          eb.fn.count<number>('media_sha256').as('media'),
        ])
        .groupBy(['student_id', 'list'])
        .execute();
      for (const row of rows) {
        const count = counts.get(row.student_id) ?? { courseResults: 0, multiPerformances: 0, received: 0, attachments: 0 };
        counts.set(row.student_id, count);
        const records = Number(row.records);
        const exchanged = row.list === 'courseResults' || MULTI_PERFORMANCE_LISTS.has(row.list);
        if (row.list === 'courseResults') count.courseResults += records;
        else if (exchanged) count.multiPerformances += records;
        if (exchanged && provenance === 'received') count.received += records;
        count.attachments += Number(row.documents) + Number(row.media);
      }
    }
    const none = { courseResults: 0, multiPerformances: 0, received: 0, attachments: 0 };
    return students.map((student) => ({
      nationalId: student.national_id,
      name: basicDataOf(student, this.folder).name,
      ...(counts.get(student.id) ?? none),
    }));
  }

  student(nationalId: string): Promise<StoredStudent | undefined> {
    return readStudent(this.#db, nationalId, this.folder);
  }

  async knownFiles(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    const known = new Set<string>();
    for (const some of inParts([...new Set(hashes)])) {
      const rows = await this.#db.selectFrom('attachments').select('sha256').where('sha256', 'in', some).execute();
      for (const { sha256 } of rows) known.add(sha256);
    }
    return known;
  }

  async history(): Promise<HistoryEntry[]> {
    const entries = await this.#db.selectFrom('history').selectAll().where('state', '=', 'done').orderBy('id', 'desc').execute();
    const students = await this.#db
      .selectFrom('history_students')
      .innerJoin('students', 'students.id', 'history_students.student_id')
      .selectAll('history_students')
      .select(['national_id', 'basic_data'])
      .orderBy('national_id')
      .execute();
    const byEntry = new Map<number, typeof students>();
    for (const student of students) byEntry.set(student.history_id, [...(byEntry.get(student.history_id) ?? []), student]);
    return entries.map((entry) =>
      entryOf(
        entry,
        (byEntry.get(entry.id) ?? []).map((student) => historyStudentOf(student, this.folder)),
      ),
    );
  }

  async importOutcomes(historyId: number): Promise<ImportOutcome[]> {
    return this.#db
      .selectFrom('import_outcomes')
      .innerJoin('students', 'students.id', 'import_outcomes.student_id')
      .select(['national_id as nationalId', 'list', 'title', 'outcome'])
      .where('history_id', '=', historyId)
      .orderBy('import_outcomes.id')
      .execute();
  }

  async courses(codes: readonly string[]): Promise<{ readonly listings: readonly CourseListing[]; readonly plans: ReadonlySet<string> }> {
    const listings = await listingsIn(this.#db, codes);
    const plans = new Set<string>();
    for (const plan of new Set(codes.map(planOfCourseCode)))
      if (await this.#db.selectFrom('course_codes').select('code').where('plan', '=', plan).executeTakeFirst()) plans.add(plan);
    return { listings, plans };
  }

  async schools(codes: readonly string[]): Promise<{ readonly schools: readonly School[]; readonly listed: boolean }> {
    const schools = await schoolsIn(this.#db, codes);
    const listed = schools.length > 0 || (await this.#db.selectFrom('known_schools').select('code').executeTakeFirst()) !== undefined;
    return { schools, listed };
  }

  async change<T>(work: (change: StoreChange) => Promise<{ readonly keep: boolean; readonly result: T }>): Promise<T> {
    const outcome: { result?: T } = {};
    try {
      await this.#db.transaction().execute(async (transaction) => {
        const { keep, result } = await work(new DatabaseChange(transaction, this.folder));
        outcome.result = result;
        if (!keep) throw NOTHING_TO_KEEP;
      });
      // A signal does not come between: the driver commits at once, and what awaits it runs before the next event.
      markCommitted();
    } catch (error) {
      if (error !== NOTHING_TO_KEEP) throw error;
    }
    return outcome.result as T;
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}

/** Thrown to roll a transaction back without an error. */
const NOTHING_TO_KEEP = new Error('rolled back');

class DatabaseChange implements StoreChange {
  readonly #db: Transaction<Tables>;
  readonly #folder: string;

  constructor(db: Transaction<Tables>, folder: string) {
    this.#db = db;
    this.#folder = folder;
  }

  student(nationalId: string): Promise<StoredStudent | undefined> {
    return readStudent(this.#db, nationalId, this.#folder);
  }

  async historyKind(id: number): Promise<HistoryKind> {
    return (await this.#db.selectFrom('history').select('kind').where('id', '=', id).executeTakeFirstOrThrow()).kind;
  }

  async addHistory(entry: NewHistoryEntry): Promise<number> {
    const { id } = await this.#db.insertInto('history').values(historyColumns(entry)).returning('id').executeTakeFirstOrThrow();
    return id;
  }

  async addHistoryStudent(historyId: number, studentId: number, counts: HistoryCounts, sentAs?: SentAs): Promise<void> {
    await this.#db
      .insertInto('history_students')
      .values({
        history_id: historyId,
        student_id: studentId,
        course_results: counts.courseResults,
        multi_performances: counts.multiPerformances,
        attachments: counts.attachments,
        sent_national_id: sentAs?.nationalId ?? '',
        sent_name: sentAs?.name ?? '',
        sent_birth_date: sentAs?.birthDate ?? '',
      })
      .execute();
  }

  async addImportOutcomes(historyId: number, studentId: number, outcomes: readonly Omit<ImportOutcome, 'nationalId'>[]): Promise<void> {
    for (const some of inParts(outcomes))
      await this.#db
        .insertInto('import_outcomes')
        .values(some.map(({ list, title, outcome }) => ({ history_id: historyId, student_id: studentId, list, title, outcome })))
        .execute();
  }

  async markReceived(historyId: number, { at, by }: Receiving): Promise<void> {
    await this.#db.updateTable('history').set({ received_at: at.toISOString(), received_by: by }).where('id', '=', historyId).execute();
  }

  async setCrc32s(crc32s: ReadonlyMap<string, number>): Promise<void> {
    for (const [sha256, crc32] of crc32s) await this.#db.updateTable('attachments').set({ crc32 }).where('sha256', '=', sha256).execute();
  }

  async addPick(studentId: number, { provenance, id }: RecordRef, at: Date): Promise<void> {
    await this.#db
      .insertInto('picks')
      .values({ provenance, record_id: id, student_id: studentId, at: at.toISOString() })
      .onConflict((conflict) => conflict.columns(['provenance', 'record_id']).doNothing())
      .execute();
  }

  async removePick({ provenance, id }: RecordRef): Promise<void> {
    await this.#db.deleteFrom('picks').where('provenance', '=', provenance).where('record_id', '=', id).execute();
  }

  async setExtendedYears(studentId: number, years: number): Promise<void> {
    await this.#db.updateTable('students').set({ extended_years: years }).where('id', '=', studentId).execute();
  }

  putCourses(listings: readonly CourseListing[]): Promise<number> {
    return putChanged(
      listings,
      (codes) => listingsIn(this.#db, codes),
      (fresh) =>
        this.#db
          .insertInto('course_codes')
          .values(
            fresh.map(({ code, subjectName, credits }) => ({ code, plan: planOfCourseCode(code), subject_name: subjectName, credits })),
          )
          .onConflict((conflict) =>
            conflict
              .column('code')
              .doUpdateSet((eb) => ({ subject_name: eb.ref('excluded.subject_name'), credits: eb.ref('excluded.credits') })),
          )
          .execute(),
    );
  }

  putSchools(schools: readonly School[]): Promise<number> {
    return putChanged(
      schools,
      (codes) => schoolsIn(this.#db, codes),
      (fresh) =>
        this.#db
          .insertInto('known_schools')
          .values(fresh.map(({ code, name }) => ({ code, name })))
          .onConflict((conflict) => conflict.column('code').doUpdateSet((eb) => ({ name: eb.ref('excluded.name') })))
          .execute(),
    );
  }

  async addStudent(basicData: BasicData, extras: JsonObject): Promise<StoredStudent> {
    const { id } = await this.#db
      .insertInto('students')
      .values({ national_id: basicData.nationalId, basic_data: JSON.stringify(basicData), extras: JSON.stringify(extras) })
      .returning('id')
      .executeTakeFirstOrThrow();
    return { id, basicData, extras, extendedYears: 0, records: [] };
  }

  async updateStudent(id: number, basicData: BasicData, extras: JsonObject): Promise<void> {
    await this.#db
      .updateTable('students')
      .set({ basic_data: JSON.stringify(basicData), extras: JSON.stringify(extras) })
      .where('id', '=', id)
      .execute();
  }

  async addRecords(studentId: number, provenance: Provenance, historyId: number, records: readonly NewRecord[]): Promise<void> {
    await this.#addAttachments(records);
    for (const some of inParts(records))
      await this.#db
        .insertInto(TABLE_OF[provenance])
        .values(some.map((record) => ({ student_id: studentId, history_id: historyId, ...columnsOf(record) })))
        .execute();
  }

  async replaceRecord(stored: StoredRecord, record: NewRecord, historyId: number): Promise<void> {
    await this.#addAttachments([record]);
    await this.#db
      .updateTable(TABLE_OF[stored.provenance])
      .set({ history_id: historyId, ...columnsOf(record) })
      .where('id', '=', stored.id)
      .execute();
  }

  async #addAttachments(records: readonly NewRecord[]): Promise<void> {
    const attachments = records.flatMap(({ record: { document, media } }) => [document, media].filter((one) => one !== null));
    for (const some of inParts(attachments))
      await this.#db
        .insertInto('attachments')
        .values(some.map(({ sha256, md5, bytes, crc32 = null }) => ({ sha256, md5, bytes, crc32 })))
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .execute();
  }
}

function historyColumns({ at, ...entry }: NewHistoryEntry): Insertable<Tables['history']> {
  const time = at.toISOString();
  if (entry.kind === 'load') return { ...UNSAID, ...entry, at: time };
  const { contentsDigest, ...rest } = entry;
  return { ...UNSAID, ...rest, at: time, contents_digest: contentsDigest };
}

function entryOf(row: Selectable<Tables['history']>, students: readonly HistoryStudent[]): HistoryEntry {
  const { kind, id, file, operator, md5, sha256, school, reason, terms, overridden } = row;
  const happening = { id, at: new Date(row.at), file, bytes: Number(row.bytes), operator, students };
  if (kind === 'load') return { ...happening, kind };
  const sent = { ...happening, md5, sha256, contentsDigest: row.contents_digest, school, overridden };
  if (kind === 'import') return { ...sent, kind, reason: reason === 'unsigned' ? reason : '' };
  const received = row.received_at === '' ? undefined : { at: new Date(row.received_at), by: row.received_by };
  return { ...sent, kind, reason, terms, received };
}

type StudentRow = Selectable<Tables['history_students']> & Pick<Selectable<Tables['students']>, 'national_id' | 'basic_data'>;

const historyStudentOf = (student: StudentRow, folder: string): HistoryStudent => ({
  nationalId: student.national_id,
  name: basicDataOf(student, folder).name,
  courseResults: student.course_results,
  multiPerformances: student.multi_performances,
  attachments: student.attachments,
  sentAs: sentAsOf(student),
});

function sentAsOf(
  student: Pick<Selectable<Tables['history_students']>, 'sent_national_id' | 'sent_name' | 'sent_birth_date'>,
): SentAs | undefined {
  const sentAs = { nationalId: student.sent_national_id, name: student.sent_name, birthDate: student.sent_birth_date };
  return Object.values(sentAs).some((value) => value !== '') ? sentAs : undefined;
}

async function listingsIn(db: Db, codes: readonly string[]): Promise<CourseListing[]> {
  const listings: CourseListing[] = [];
  for (const some of inParts([...new Set(codes)]))
    listings.push(
      ...(await db
        .selectFrom('course_codes')
        .select(['code', 'subject_name as subjectName', 'credits'])
        .where('code', 'in', some)
        .execute()),
    );
  return listings;
}

async function schoolsIn(db: Db, codes: readonly string[]): Promise<School[]> {
  const schools: School[] = [];
  for (const some of inParts([...new Set(codes)]))
    schools.push(...(await db.selectFrom('known_schools').select(['code', 'name']).where('code', 'in', some).execute()));
  return schools;
}

/** Puts in what is new, or says something else than what is held under its code. @returns how many those are */
async function putChanged<T extends { readonly code: string }>(
  items: readonly T[],
  heldOf: (codes: readonly string[]) => Promise<T[]>,
  put: (fresh: readonly T[]) => Promise<unknown>,
): Promise<number> {
  const held = new Map((await heldOf(items.map(({ code }) => code))).map((one) => [one.code, one]));
  const differs = (item: T) => Object.entries(item).some(([name, value]) => held.get(item.code)?.[name as keyof T] !== value);
  const fresh = items.filter(differs);
  for (const some of inParts(fresh)) await put(some);
  return fresh.length;
}

function columnsOf({ record, key, content }: NewRecord): Omit<RecordTable, 'id' | 'student_id' | 'history_id'> {
  return {
    list: record.list,
    record_key: key,
    content,
    origin_school_code: record.fields.originSchoolCode,
    course_code: record.list === 'courseResults' ? record.fields.courseCode : '',
    fields: JSON.stringify(record.fields),
    extras: JSON.stringify(record.extras),
    document_sha256: record.document?.sha256 ?? null,
    document_name: record.document?.name ?? '',
    document_type: record.document?.type ?? '',
    media_sha256: record.media?.sha256 ?? null,
    media_name: record.media?.name ?? '',
    media_type: record.media?.type ?? '',
  };
}

const studentRow = (db: Db, nationalId: string) =>
  db.selectFrom('students').selectAll().where('national_id', '=', nationalId).executeTakeFirst();

/** Finds a student by an id in any letters. @throws LPX_STORE_DAMAGED when a record is not what was stored */
async function readStudent(db: Db, nationalId: string, folder: string): Promise<StoredStudent | undefined> {
  const row = (await studentRow(db, canonicalCode(nationalId))) ?? (await studentRow(db, nationalId));
  if (!row) return undefined;
  const student = { id: row.id, nationalId: row.national_id, folder };
  const records: StoredRecord[] = [];
  for (const provenance of PROVENANCES) records.push(...(await readRecords(db, student, provenance)));
  return {
    id: row.id,
    basicData: basicDataOf(row, folder),
    extras: parsed(row.extras, student),
    extendedYears: row.extended_years,
    records,
  };
}

interface StudentRef {
  readonly id: number;
  readonly nationalId: string;
  readonly folder: string;
}

async function readRecords(db: Db, student: StudentRef, provenance: Provenance): Promise<StoredRecord[]> {
  const table = TABLE_OF[provenance];
  const rows = await db
    .selectFrom(`${table} as records`)
    .innerJoin('history', 'history.id', 'records.history_id')
    .leftJoin('attachments as document', 'document.sha256', 'records.document_sha256')
    .leftJoin('attachments as media', 'media.sha256', 'records.media_sha256')
    .leftJoin('picks', (join) => join.onRef('picks.record_id', '=', 'records.id').on('picks.provenance', '=', provenance))
    .selectAll('records')
    .select([
      'history.at as came_at',
      'document.md5 as document_md5',
      'document.bytes as document_bytes',
      'document.crc32 as document_crc32',
      'media.md5 as media_md5',
      'media.bytes as media_bytes',
      'media.crc32 as media_crc32',
      'picks.at as picked_at',
    ])
    .where('records.student_id', '=', student.id)
    .orderBy('records.id')
    .execute();
  return rows.map((row) => {
    const record = {
      list: wireListOf(row.list).name,
      fields: parsed(row.fields, student),
      extras: parsed(row.extras, student),
      document: attachmentIn(row, 'document'),
      media: attachmentIn(row, 'media'),
    } as PortfolioRecord<StoredAttachment>;
    const { key, content } = identityOf(record);
    if (content !== row.content) throw damaged(student, titleOf(record));
    return {
      id: row.id,
      provenance,
      key,
      content,
      historyId: row.history_id,
      cameAt: new Date(row.came_at),
      picked: row.picked_at !== null,
      record,
    };
  });
}

/** A record's file; none when the record has none, or the table of files has lost it. */
function attachmentIn(row: AttachmentColumns, slot: Slot): StoredAttachment | null {
  const [sha256, md5, crc32] = [row[`${slot}_sha256`], row[`${slot}_md5`], row[`${slot}_crc32`]];
  if (sha256 === null || md5 === null) return null;
  const attachment = { sha256, md5, bytes: Number(row[`${slot}_bytes`]), type: row[`${slot}_type`], name: row[`${slot}_name`] };
  return crc32 === null ? attachment : { ...attachment, crc32: Number(crc32) };
}

/** What a record's row and those of its files say of the files. */
type AttachmentColumns = Readonly<Record<`${Slot}_sha256` | `${Slot}_md5`, string | null>> &
  Readonly<Record<`${Slot}_bytes` | `${Slot}_crc32`, number | null>> &
  Readonly<Record<`${Slot}_type` | `${Slot}_name`, string>>;

const basicDataOf = (row: { readonly basic_data: string; readonly national_id: string }, folder: string): BasicData =>
  parsed(row.basic_data, { nationalId: row.national_id, folder });

/** JSON as it was stored. @throws LPX_STORE_DAMAGED */
function parsed<T>(json: string, student: Omit<StudentRef, 'id'>): T {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw damaged(student, '', error);
  }
}

const damaged = ({ nationalId, folder }: Omit<StudentRef, 'id'>, record: string, cause?: unknown): LpxError =>
  new LpxError('LPX_STORE_DAMAGED', { folder, part: 'stored', record }, { cause, place: { student: nationalId } });
