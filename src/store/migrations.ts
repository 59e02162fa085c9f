/**
 * The versions of the store's tables. A store is brought up to date when it is opened, one transaction
 * for each version; an older lpx refuses a newer store. Only types and clauses that SQLite and PostgreSQL
 * share are used.
 */
import { type ColumnDefinitionBuilder, type Kysely, sql } from 'kysely';
import { LpxError } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { extensionOf } from '../spec/rules/file-type.js';
import { codeOf } from './database-error.js';
import { byHash, entryHashUnsalted, keyedId, newIdKey } from './history/chain.js';
import { sealHoldings, studentIdsIn } from './holdings.js';
import { isPostgresMisfit } from './postgres/error.js';
import { SEALED, type SealedRow, type SealedTable, sealOf } from './seal.js';
import { PART } from './statements.js';
import type { Tables } from './tables.js';

type Migration = (db: Kysely<Tables>) => Promise<void>;

const id = (column: ColumnDefinitionBuilder) => column.primaryKey().autoIncrement();
const required = (column: ColumnDefinitionBuilder) => column.notNull();

async function firstVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema.createTable('school').addColumn('code', 'text', required).addColumn('name', 'text', required).execute();
  await db.schema
    .createTable('students')
    .addColumn('id', 'integer', id)
    .addColumn('national_id', 'text', (column) => column.notNull().unique())
    .addColumn('basic_data', 'text', required)
    .addColumn('extras', 'text', required)
    .execute();
  await db.schema
    .createTable('attachments')
    .addColumn('sha256', 'text', (column) => column.primaryKey())
    .addColumn('md5', 'text', required)
    .addColumn('crc32', 'bigint', required)
    .addColumn('bytes', 'bigint', required)
    .addColumn('type', 'text', required)
    .execute();
  await db.schema
    .createTable('history')
    .addColumn('id', 'integer', id)
    .addColumn('kind', 'text', required)
    .addColumn('at', 'text', required)
    .addColumn('file', 'text', required)
    .addColumn('bytes', 'bigint', required)
    .addColumn('md5', 'text', required)
    .addColumn('sha256', 'text', required)
    .addColumn('school', 'text', required)
    .addColumn('reason', 'text', required)
    .addColumn('terms', 'text', required)
    .execute();
  await db.schema
    .createTable('history_students')
    .addColumn('history_id', 'integer', (column) => column.notNull().references('history.id').onDelete('cascade'))
    .addColumn('student_id', 'integer', (column) => column.notNull().references('students.id'))
    .addColumn('course_results', 'integer', required)
    .addColumn('multi_performances', 'integer', required)
    .addColumn('attachments', 'integer', required)
    .addPrimaryKeyConstraint('history_students_key', ['history_id', 'student_id'])
    .execute();
  for (const table of ['own_records', 'received_records'] as const) {
    await db.schema
      .createTable(table)
      .addColumn('id', 'integer', id)
      .addColumn('student_id', 'integer', (column) => column.notNull().references('students.id'))
      .addColumn('history_id', 'integer', (column) => column.notNull().references('history.id'))
      .addColumn('list', 'text', required)
      .addColumn('record_key', 'text', required)
      .addColumn('content', 'text', required)
      .addColumn('origin_school_code', 'text', required)
      .addColumn('course_code', 'text', required)
      .addColumn('fields', 'text', required)
      .addColumn('extras', 'text', required)
      .addColumn('document_sha256', 'text', (column) => column.references('attachments.sha256'))
      .addColumn('document_name', 'text', required)
      .addColumn('media_sha256', 'text', (column) => column.references('attachments.sha256'))
      .addColumn('media_name', 'text', required)
      .execute();
    await db.schema.createIndex(`${table}_student`).on(table).column('student_id').execute();
    await db.schema.createIndex(`${table}_history`).on(table).column('history_id').execute();
  }
}

/** Rules of the domain: picks, course code files, schools, receipts. */
async function secondVersion(db: Kysely<Tables>): Promise<void> {
  for (const column of ['overridden', 'operator', 'received_at', 'received_by'])
    await db.schema
      .alterTable('history')
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
      .execute();
  await db.schema
    .alterTable('students')
    .addColumn('extended_years', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createTable('import_outcomes')
    .addColumn('id', 'integer', id)
    .addColumn('history_id', 'integer', (column) => column.notNull().references('history.id').onDelete('cascade'))
    .addColumn('student_id', 'integer', (column) => column.notNull().references('students.id'))
    .addColumn('list', 'text', required)
    .addColumn('title', 'text', required)
    .addColumn('outcome', 'text', required)
    .execute();
  await db.schema.createIndex('import_outcomes_history').on('import_outcomes').column('history_id').execute();
  await db.schema
    .createTable('picks')
    .addColumn('provenance', 'text', required)
    .addColumn('record_id', 'integer', required)
    .addColumn('student_id', 'integer', (column) => column.notNull().references('students.id'))
    .addColumn('at', 'text', required)
    .addPrimaryKeyConstraint('picks_key', ['provenance', 'record_id'])
    .execute();
  await db.schema.createIndex('picks_student').on('picks').column('student_id').execute();
  await db.schema
    .createTable('course_codes')
    .addColumn('code', 'text', (column) => column.primaryKey())
    .addColumn('plan', 'text', required)
    .addColumn('subject_name', 'text', required)
    .addColumn('credits', 'text', required)
    .execute();
  await db.schema.createIndex('course_codes_plan').on('course_codes').column('plan').execute();
  await db.schema
    .createTable('known_schools')
    .addColumn('code', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', required)
    .execute();
}

/** A CRC-32 is counted where a package needs one: no import has to count it for a later export. */
async function thirdVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema.alterTable('attachments').dropColumn('crc32').execute();
}

/**
 * What a file is called and its type belong to the record: two records may share a content under different names. A type
 * that the content does not show comes from the name, as it does in `takeAttachments`.
 */
async function fourthVersion(db: Kysely<Tables>): Promise<void> {
  const typesByContent = ['pdf', 'jpg', 'png', 'mp3', 'mp4'];
  for (const table of ['own_records', 'received_records'] as const) {
    for (const slot of ['document', 'media'] as const) {
      await db.schema
        .alterTable(table)
        .addColumn(`${slot}_type`, 'text', (column) => column.notNull().defaultTo(''))
        .execute();
      await sql`update ${sql.table(table)} set ${sql.ref(`${slot}_type`)} =
        (select type from attachments where sha256 = ${sql.ref(`${slot}_sha256`)})
        where ${sql.ref(`${slot}_sha256`)} is not null`.execute(db);
      const byName = await db
        .selectFrom(table)
        .select(['id', `${slot}_name as name`])
        .where(`${slot}_sha256`, 'is not', null)
        .where(`${slot}_type`, 'not in', typesByContent)
        .execute();
      for (const { id, name } of byName)
        await sql`update ${sql.table(table)} set ${sql.ref(`${slot}_type`)} = ${extensionOf(name)} where id = ${id}`.execute(db);
    }
  }
  await db.schema.alterTable('attachments').dropColumn('type').execute();
}

/** Imports keep what a package says of a student otherwise than the roll. */
async function fifthVersion(db: Kysely<Tables>): Promise<void> {
  for (const column of ['sent_national_id', 'sent_name', 'sent_birth_date'])
    await db.schema
      .alterTable('history_students')
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
      .execute();
}

/** A store may be shared by a group of users. */
async function sixthVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('school')
    .addColumn('shared_group', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}

/** Ids in capitals, but where the same student is there in capitals already: that one `lpx students` names. */
async function seventhVersion(db: Kysely<Tables>): Promise<void> {
  const students = await db.selectFrom('students').select(['id', 'national_id', 'basic_data']).execute();
  const taken = new Set(students.map((student) => student.national_id));
  for (const { id, national_id, basic_data } of students) {
    const nationalId = canonicalCode(national_id);
    if (taken.has(nationalId)) continue;
    taken.add(nationalId);
    const basicData = withId(basic_data, nationalId);
    // Reading the student says that the row is damaged.
    if (basicData === undefined) continue;
    await db.updateTable('students').set({ national_id: nationalId, basic_data: basicData }).where('id', '=', id).execute();
  }
}

function withId(basicData: string, nationalId: string): string | undefined {
  try {
    return JSON.stringify({ ...JSON.parse(basicData), nationalId });
  } catch {
    return undefined;
  }
}

/** Packages have their place in the history before they are written, and their names once. */
async function eighthVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema.alterTable('history').addColumn('package', 'text').execute();
  for (const [column, value] of [
    ['state', 'done'],
    ['work', ''],
  ] as const)
    await db.schema
      .alterTable('history')
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(value))
      .execute();
  // Of exports that an earlier version made under one name, the first has it.
  await sql`update history set package = replace(file, '.zip', '')
    where id in (select min(id) from history where kind = 'export' group by file)`.execute(db);
  await db.schema.createIndex('history_package').on('history').column('package').unique().execute();
  await db.schema
    .createTable('unpublished')
    .addColumn('history_id', 'integer', (column) => column.notNull().references('history.id').onDelete('cascade'))
    .addColumn('part', 'text', required)
    .addColumn('file', 'text', required)
    .execute();
}

/**
 * Packages are known by the digest of their contents; entries from before keep the SHA-256 of their ZIP. An export checks
 * its sources by CRC-32, which files from before get when they are first exported.
 */
async function ninthVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('history')
    .addColumn('contents_digest', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema.alterTable('attachments').addColumn('crc32', 'bigint').execute();
}

/** Rows that the database keeps carry a seal; those from before are sealed as they are. */
async function tenthVersion(db: Kysely<Tables>): Promise<void> {
  for (const table of Object.keys(SEALED) as SealedTable[])
    await db.schema
      .alterTable(table)
      .addColumn('seal', 'text', (column) => column.notNull().defaultTo(''))
      .execute();
  const school = await db.selectFrom('school').selectAll().executeTakeFirst();
  if (school)
    await db
      .updateTable('school')
      .set({ seal: sealOf('school', school) })
      .execute();
  for (const [table, key] of [
    ['students', 'id'],
    ['attachments', 'sha256'],
    ['own_records', 'id'],
    ['received_records', 'id'],
  ] as const)
    await sealRows(db, table, key);
}

/** A part of the rows at a time: together they may be more than memory takes. */
async function sealRows(db: Kysely<Tables>, table: Exclude<SealedTable, 'school'>, key: 'id' | 'sha256'): Promise<void> {
  const [from, by] = [sql.table(table), sql.ref(key)];
  for (let after: unknown; ; ) {
    const start = after === undefined ? sql`` : sql`where ${by} > ${after}`;
    const { rows } = await sql<SealedRow<typeof table> & Record<typeof key, unknown>>`
      select * from ${from} ${start} order by ${by} limit ${PART}`.execute(db);
    for (const row of rows) await sql`update ${from} set seal = ${sealOf(table, row)} where ${by} = ${row[key]}`.execute(db);
    if (rows.length < PART) return;
    after = rows.at(-1)?.[key];
  }
}

/**
 * The history becomes one table of everything that happens to a store, chained by hashes; records are taken out and
 * replaced without being lost; students may have left. Entries from before are chained as they are.
 */
async function eleventhVersion(db: Kysely<Tables>): Promise<void> {
  const text = (value: string) => (column: ColumnDefinitionBuilder) => column.notNull().defaultTo(value);
  for (const [table, column, value] of [
    ['history', 'left_on', ''],
    ['history', 'folder', ''],
    ['history', 'code', ''],
    ['history', 'details', '{}'],
    ['history', 'previous_hash', ''],
    ['history', 'hash', ''],
    ['history_students', 'keyed_id', ''],
    ['history_students', 'changes', '[]'],
    ['students', 'left_as', ''],
    ['students', 'left_on', ''],
    ['students', 'id_key', ''],
  ] as const)
    await db.schema.alterTable(table).addColumn(column, 'text', text(value)).execute();
  for (const [table, column] of [
    ['history', 'refers_to'],
    ['history', 'undone_by'],
    ['history', 'position'],
    ['own_records', 'removed_by'],
    ['received_records', 'removed_by'],
  ] as const)
    await db.schema.alterTable(table).addColumn(column, 'integer').execute();
  await db.schema
    .alterTable('history_students')
    .addColumn('created', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.createIndex('history_position').on('history').column('position').unique().execute();
  await sql`alter table import_outcomes rename to history_records`.execute(db);
  await db.schema.alterTable('history_records').addColumn('provenance', 'text').execute();
  await db.schema.alterTable('history_records').addColumn('record_id', 'integer').execute();
  await createFormerRecords(db);
  for (const { id } of await db.selectFrom('students').select('id').execute())
    await db.updateTable('students').set({ id_key: newIdKey() }).where('id', '=', id).execute();
  for (const { id } of await db.selectFrom('history').select('id').where('state', '=', 'done').orderBy('id').execute())
    await chainUnsalted(db, id);
}

/** Puts an entry at the end of the chain, as the eleventh version did. */
async function chainUnsalted(db: Kysely<Tables>, id: number): Promise<void> {
  const students = await db
    .selectFrom('history_students')
    .innerJoin('students', 'students.id', 'history_students.student_id')
    .select(['student_id', 'national_id', 'id_key', 'created', 'course_results', 'multi_performances', 'attachments'])
    .where('history_id', '=', id)
    .execute();
  const keyed = students
    .map((student) => ({ ...student, keyed_id: keyedId(student.id_key, student.national_id), said_hash: '' }))
    .sort(byHash);
  for (const { student_id, keyed_id } of keyed)
    await db.updateTable('history_students').set({ keyed_id }).where('history_id', '=', id).where('student_id', '=', student_id).execute();
  const last = await db
    .selectFrom('history')
    .select(['position', 'hash'])
    .where('position', 'is not', null)
    .orderBy('position', 'desc')
    .executeTakeFirst();
  const place = { position: (last?.position ?? 0) + 1, previous_hash: last?.hash ?? '' };
  const entry = await db.selectFrom('history').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  await db
    .updateTable('history')
    .set({ ...place, hash: await entryHashUnsalted({ ...entry, ...place }, [keyed]) })
    .where('id', '=', id)
    .execute();
}

async function createFormerRecords(db: Kysely<Tables>): Promise<void> {
  let table = db.schema
    .createTable('former_records')
    .addColumn('provenance', 'text', required)
    .addColumn('record_id', 'integer', required)
    .addColumn('replaced_by', 'integer', (column) => column.notNull().references('history.id'))
    .addColumn('student_id', 'integer', (column) => column.notNull().references('students.id'))
    .addColumn('history_id', 'integer', required);
  for (const column of ['list', 'record_key', 'content', 'origin_school_code', 'course_code', 'fields', 'extras'] as const)
    table = table.addColumn(column, 'text', required);
  for (const slot of ['document', 'media'] as const)
    table = table
      .addColumn(`${slot}_sha256`, 'text', (column) => column.references('attachments.sha256'))
      .addColumn(`${slot}_name`, 'text', required)
      .addColumn(`${slot}_type`, 'text', required);
  await table
    .addColumn('seal', 'text', required)
    .addPrimaryKeyConstraint('former_records_key', ['provenance', 'record_id', 'replaced_by'])
    .execute();
  await db.schema.createIndex('former_records_student').on('former_records').column('student_id').execute();
}

/** Batches, and what the history has to know for them: by which job a package was made, and what was sent of a student. */
async function twelfthVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('batches')
    .addColumn('id', 'integer', id)
    .addColumn('token', 'text', (column) => column.notNull().unique())
    .addColumn('kind', 'text', required)
    .addColumn('key', 'text', required)
    .addColumn('at', 'text', required)
    .addColumn('work', 'text', required)
    .execute();
  for (const [table, column] of [
    ['history', 'batch_job'],
    ['history_students', 'contents_digest'],
  ] as const)
    await db.schema
      .alterTable(table)
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
      .execute();
  await db.schema.createIndex('history_batch_job').on('history').column('batch_job').execute();
  await db.schema.createIndex('history_students_student').on('history_students').column('student_id').execute();
}

/** Lists put students on the roll before their basic data come, with what schools call them by. */
async function thirteenthVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('students')
    .addColumn('listed', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  for (const column of ['student_number', 'class_name', 'seat'])
    await db.schema
      .alterTable('students')
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
      .execute();
}

/** The chain covers all that an entry says of a student, under a key that goes with the student; who was erased stays in it by hashes. */
async function fourteenthVersion(db: Kysely<Tables>): Promise<void> {
  for (const [table, column] of [
    ['history', 'salt'],
    ['history', 'students_hash'],
    ['history_students', 'said_hash'],
  ] as const)
    await db.schema
      .alterTable(table)
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
      .execute();
  await db.schema.createIndex('history_students_keyed').on('history_students').columns(['history_id', 'keyed_id']).execute();
  let erased = db.schema
    .createTable('history_erased')
    .addColumn('history_id', 'integer', (column) => column.notNull().references('history.id').onDelete('cascade'))
    .addColumn('keyed_id', 'text', required);
  for (const column of ['course_results', 'multi_performances', 'attachments', 'created'] as const)
    erased = erased.addColumn(column, 'integer', required);
  await erased.addColumn('said_hash', 'text', required).addPrimaryKeyConstraint('history_erased_key', ['history_id', 'keyed_id']).execute();
  await db.schema
    .createTable('erasures')
    .addColumn('keyed_id', 'text', (column) => column.primaryKey())
    .addColumn('at', 'text', required)
    .execute();
  await db.schema
    .createTable('remnants')
    .addColumn('sha256', 'text', (column) => column.primaryKey())
    .execute();
}

/** What only this store is set to, such as where its attachments are; no part of its rows. */
async function fifteenthVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('settings')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', required)
    .execute();
}

/** Records keep what was repaired of them when they came, and which files they are owed. */
async function sixteenthVersion(db: Kysely<Tables>): Promise<void> {
  for (const table of ['own_records', 'received_records', 'former_records'] as const)
    for (const column of ['owed', 'repairs'])
      await db.schema
        .alterTable(table)
        .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
        .execute();
}

/** Entries can be undone: what they changed is kept, and students are taken off the roll without being lost. */
async function seventeenthVersion(db: Kysely<Tables>): Promise<void> {
  for (const table of ['students', 'course_codes', 'known_schools'] as const)
    await db.schema
      .alterTable(table)
      .addColumn(table === 'students' ? 'removed_by' : 'history_id', 'integer')
      .execute();
  await db.schema
    .alterTable('history')
    .addColumn('keeps_changes', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  const ofEntry = (column: ColumnDefinitionBuilder) => column.notNull().references('history.id').onDelete('cascade');
  await db.schema
    .createTable('entry_changes')
    .addColumn('id', 'integer', id)
    .addColumn('history_id', 'integer', ofEntry)
    .addColumn('table_name', 'text', required)
    .addColumn('row_key', 'text', required)
    .addColumn('student_id', 'integer', (column) => column.references('students.id'))
    .addColumn('before', 'text')
    .addColumn('seal', 'text', required)
    .execute();
  await db.schema.createIndex('entry_changes_history').on('entry_changes').columns(['history_id', 'id']).execute();
  await db.schema.createIndex('entry_changes_student').on('entry_changes').column('student_id').execute();
  await db.schema
    .createTable('entry_matches')
    .addColumn('history_id', 'integer', ofEntry)
    .addColumn('matched_id', 'integer', required)
    .addPrimaryKeyConstraint('entry_matches_key', ['history_id', 'matched_id'])
    .execute();
  await db.schema
    .createTable('receipt_files')
    .addColumn('history_id', 'integer', ofEntry)
    .addColumn('sha256', 'text', required)
    .addPrimaryKeyConstraint('receipt_files_key', ['history_id', 'sha256'])
    .execute();
}

/** Students' rows say which records and picks they have, and entries which changes they keep: what is missing is found. */
async function eighteenthVersion(db: Kysely<Tables>): Promise<void> {
  for (const [table, column] of [
    ['students', 'holds'],
    ['history', 'changes_hash'],
  ] as const)
    await db.schema
      .alterTable(table)
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
      .execute();
  for await (const ids of studentIdsIn(db)) await sealHoldings(db, ids);
}

/** In PostgreSQL, connections say in a table what they have under way. */
async function nineteenthVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('name', 'text', required)
    .addColumn('session', 'text', required)
    .addPrimaryKeyConstraint('sessions_key', ['name', 'session'])
    .execute();
}

/** Entries have a hash of the rows that no other hash of theirs covers. */
async function twentiethVersion(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .alterTable('history')
    .addColumn('rows_hash', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}

const MIGRATIONS: readonly Migration[] = [
  firstVersion,
  secondVersion,
  thirdVersion,
  fourthVersion,
  fifthVersion,
  sixthVersion,
  seventhVersion,
  eighthVersion,
  ninthVersion,
  tenthVersion,
  eleventhVersion,
  twelfthVersion,
  thirteenthVersion,
  fourteenthVersion,
  fifteenthVersion,
  sixteenthVersion,
  seventeenthVersion,
  eighteenthVersion,
  nineteenthVersion,
  twentiethVersion,
];

/** The version of the tables that this program has. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Makes the table that all others begin with, where it is not there. */
export async function createVersionTable(db: Kysely<Tables>): Promise<void> {
  await db.schema.createTable('schema_version').ifNotExists().addColumn('version', 'integer', required).execute();
}

/**
 * Brings the tables to this program's version, or makes those of an earlier one. @throws LPX_STORE_NEWER, LPX_STORE_DAMAGED when they are not those of their version
 */
export async function migrate(db: Kysely<Tables>, folder: string, to = SCHEMA_VERSION): Promise<void> {
  const found = await versionOf(db);
  if (!Number.isSafeInteger(found) || found < 0) throw new LpxError('LPX_STORE_DAMAGED', { folder, part: 'database' });
  if (found === to) return;
  if (found > SCHEMA_VERSION) throw new LpxError('LPX_STORE_NEWER', { version: found, supported: SCHEMA_VERSION });
  await db.transaction().execute(async (transaction) => {
    // A write first, so that two processes that open a store at once migrate one after the other.
    await sql`delete from schema_version where version < 0`.execute(transaction);
    const version = await versionOf(transaction);
    if (version > SCHEMA_VERSION) throw new LpxError('LPX_STORE_NEWER', { version, supported: SCHEMA_VERSION });
    for (const migration of MIGRATIONS.slice(version, to))
      await migration(transaction).catch((cause) => {
        throw isMisfit(cause) ? new LpxError('LPX_STORE_DAMAGED', { folder, part: 'database' }, { cause }) : cause;
      });
    await transaction.deleteFrom('schema_version').execute();
    await transaction.insertInto('schema_version').values({ version: to }).execute();
  });
}

/** Whether a statement does not go with the tables: they are not as the version before left them. */
const isMisfit = (error: unknown): boolean => codeOf(error) === 'SQLITE_ERROR' || isPostgresMisfit(codeOf(error));

const versionOf = async (db: Kysely<Tables>): Promise<number> =>
  (await db.selectFrom('schema_version').select('version').executeTakeFirst())?.version ?? 0;
