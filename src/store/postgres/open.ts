/**
 * Opens a school's store in a PostgreSQL database: a schema for each school, which the roles of other schools cannot look into
 * (docs/postgres.md). Where the attachments are, its settings say.
 */
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { LpxError } from '../../errors.js';
import { writeError } from '../../io/file-error.js';
import { canonicalCode } from '../../plain-text.js';
import { type Access, accessFor, makeStoreFolder } from '../access.js';
import { codeOf } from '../database-error.js';
import { DatabaseStore } from '../database-store.js';
import type { PostgresLocation } from '../location.js';
import { createVersionTable, migrate, SCHEMA_VERSION } from '../migrations.js';
import { makerOf, markUnpublished, type Opening, publish, requireSettled } from '../moving.js';
import { unfinishedPlacesIn } from '../named-values.js';
import type { NewStore, StoreOfRows } from '../open.js';
import { sweepLeftovers } from '../processes/sweep.js';
import { addSchool, schoolIn } from '../school-row.js';
import type { Store } from '../store.js';
import { RowWriter } from '../table-rows.js';
import type { Tables } from '../tables.js';
import type { AttachmentVault } from '../vault/attachments.js';
import { isS3Url } from '../vault/s3-location.js';
import { newPlace, placeIn, removeUnfinished, setPlace, tryPlace, vaultAt } from '../vault/vault.js';
import { PostgresDialect } from './dialect.js';
import { PostgresSession } from './session.js';

const schemaOf = (school: string): string => `lpx_${school.toLowerCase()}`;

/** The code of the school whose schema it is. */
const schoolOf = (schema: string): string => schema.slice('lpx_'.length).toUpperCase();

/**
 * The schools' schemas that this role may use; `rank` says how: its own, that of a role which it is a member of, or by a grant, which any other school
 * can make without being asked. An administrator owns none more than others.
 */
const SCHEMAS = `select nspname as schema,
    case when (select rolsuper from pg_roles where rolname = current_user) then 0
      when nspowner = (select oid from pg_roles where rolname = current_user) then 0
      when pg_has_role(nspowner, 'member') then 1 else 2 end as rank
  from pg_namespace where nspname ~ '^lpx_[0-9a-z]{6}$' and has_schema_privilege(oid, 'usage')`;

/**
 * Makes a school's store. Of several processes that try at once, one wins.
 * @throws as `PostgresSession.connect`; LPX_STORE_EXISTS, LPX_STORE_BUSY, LPX_DATABASE_REFUSED, LPX_STORE_SCHOOL where the address names another
 *   school; LPX_GROUP_REFUSED, LPX_WRITE_FAILED, LPX_DISK_FULL for the folder of attachments; the LPX_S3 errors of
 *   a bucket for them
 */
export async function createPostgresStore(
  location: PostgresLocation,
  { school, group = '', attachments = '', made }: NewStore,
): Promise<Store> {
  const code = canonicalCode(school.code);
  const session = await PostgresSession.connect({ ...location, school: code });
  try {
    await createSchema(session, schemaOf(code), async () => {
      await createVersionTable(new Kysely<Tables>({ dialect: new PostgresDialect(session) }));
    });
    const db = new Kysely<Tables>({ dialect: new PostgresDialect(session) });
    await migrate(db, session.shown);
    const access = accessFor(group);
    const place = newPlace(attachments, code);
    await tryPlace(place, { access, presence: session });
    await db.transaction().execute(async (transaction) => {
      await addSchool(transaction, session.shown, { school, group, made });
      await setPlace(transaction, place);
      if (isS3Url(place)) return;
      // Within the transaction: where the folder cannot be made, there is no store.
      await makeStoreFolder(attachments, group)
        .then(() => makeStoreFolder(join(place, 'attachments'), group))
        .catch((error) => {
          throw writeError(error, attachments);
        });
    });
    return new DatabaseStore(db, {
      folder: session.shown,
      school,
      attachments: vaultAt(place, { access, presence: session }),
      presence: session,
    });
  } catch (error) {
    await session.end();
    throw error;
  }
}

/** A store that is being made out of the rows of another. Nobody can open it before it is published. */
export interface UnpublishedStore {
  readonly store: Store;
  publish(): Promise<void>;
}

/**
 * Makes a school's store out of the rows of another, in one transaction; what an earlier attempt left is removed. Of several that try at
 * once, the others wait for one, and then find its store.
 * @param attachments below which the files get a place of their own: an absolute folder, or the URL of a bucket
 * @param fill writes the rows, and puts the files that they name into the vault
 * @throws as `createPostgresStore`, LPX_STORE_NEWER, and what `fill` throws; then there is no store
 */
export async function createPostgresStoreOfRows(
  location: PostgresLocation,
  { school, schemaVersion, attachments = '', madeBy = '' }: Omit<StoreOfRows, 'madeBy'> & Partial<StoreOfRows>,
  fill: (rows: RowWriter, vault: AttachmentVault) => Promise<void>,
): Promise<UnpublishedStore> {
  if (schemaVersion > SCHEMA_VERSION) throw new LpxError('LPX_STORE_NEWER', { version: schemaVersion, supported: SCHEMA_VERSION });
  const code = canonicalCode(school.code);
  const session = await PostgresSession.connect({ ...location, school: code });
  try {
    await createSchema(session, schemaOf(code));
    await makeAlone(session, { ...location, school: code }, schemaOf(code));
    const db = new Kysely<Tables>({ dialect: new PostgresDialect(session) });
    const access = accessFor('');
    const left = await dropUnpublished(session, db, { madeBy, code, access });
    await createVersionTable(db);
    await migrate(db, session.shown, schemaVersion);
    if (await db.selectFrom('school').select('code').executeTakeFirst()) throw new LpxError('LPX_STORE_EXISTS', { folder: session.shown });
    const unfinished = unfinishedPlacesIn(db);
    for (const place of left) await unfinished.keep(place, '');
    const place = newPlace(attachments, code, madeBy);
    await tryPlace(place, { access });
    // First of all: whatever ends a restore, the next one finds the place. A move finds it by its key.
    if (madeBy === '') await unfinished.keep(place, '');
    if (!isS3Url(place))
      await makeStoreFolder(join(place, 'attachments'), '').catch((error) => {
        throw writeError(error, attachments);
      });
    // Nobody else uses it yet, and within a transaction the database cannot be asked who lives.
    const vault = vaultAt(place, { access });
    if (madeBy === '') await vault.markUnfinished();
    await db.transaction().execute(async (transaction) => {
      await markUnpublished(transaction, madeBy);
      await setPlace(transaction, place);
      const rows = new RowWriter(transaction);
      await fill(rows, vault);
      await rows.finish();
    });
    await migrate(db, session.shown);
    return {
      store: new DatabaseStore(db, {
        folder: session.shown,
        school,
        attachments: vaultAt(place, { access, presence: session }),
        presence: session,
      }),
      publish: async () => {
        await vault.markFinished();
        vault.close();
        await publish(db);
        await unfinished.drop(place);
      },
    };
  } catch (error) {
    await session.end();
    throw error;
  }
}

/**
 * Waits until no other session makes a store in a schema out of rows, and keeps others waiting until this session ends: each would remove
 * what the other has made so far. A connection of its own begins a table, and never commits it: whoever begins one of the same name waits,
 * and no role but the school's can. @throws LPX_STORE_BUSY, and as `PostgresSession.connect`
 */
async function makeAlone(session: PostgresSession, location: PostgresLocation, schema: string): Promise<void> {
  const holder = await PostgresSession.connect(location);
  session.endWith(holder);
  await holder.use(schema);
  await holder.rows('begin');
  await holder.rows('create table being_made ()');
}

const isThere = async (session: PostgresSession, table: string): Promise<boolean> =>
  (await session.rows<{ there: boolean }>('select to_regclass($1) is not null as there', [table]))[0]?.there === true;

/**
 * Removes the tables of a store whose making by the same was cut short, and those that have no rows of any school yet; and what restores
 * that were cut short left of attachments.
 * @returns the places where that could not be removed
 * @throws LPX_MOVE_UNFINISHED where the move of another store is making one
 */
async function dropUnpublished(
  session: PostgresSession,
  db: Kysely<Tables>,
  { madeBy, code, access }: { readonly madeBy: string; readonly code: string; readonly access: Access },
): Promise<string[]> {
  const isEmpty = !(await isThere(session, 'school')) || (await session.rows('select from school limit 1')).length === 0;
  const hasSettings = await isThere(session, 'settings');
  const maker = hasSettings ? await makerOf(db) : undefined;
  if (!isEmpty && maker !== madeBy) {
    if (maker) throw new LpxError('LPX_MOVE_UNFINISHED', { folder: session.shown });
    return [];
  }
  const left: string[] = [];
  for (const place of hasSettings ? (await unfinishedPlacesIn(db).all()).keys() : [])
    await removeUnfinished(place, code, { access }).catch(() => left.push(place));
  for (const { name } of await session.rows<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = current_schema()',
  ))
    await session.rows(`drop table if exists "${name}" cascade`);
  return left;
}

/**
 * A schema of its own, to which nobody else has any right. One that an administrator made for this role is taken.
 * @param begin what else belongs to the same transaction
 */
async function createSchema(session: PostgresSession, schema: string, begin: () => Promise<void> = async () => {}): Promise<void> {
  const [known] = await session.rows<{ mine: boolean }>(
    `select has_schema_privilege(oid, 'usage, create') as mine from pg_namespace where nspname = $1`,
    [schema],
  );
  if (known?.mine === false) throw new LpxError('LPX_DATABASE_REFUSED', { folder: session.shown });
  for (let tries = 1; ; tries++) {
    await session.rows('begin');
    try {
      const [there] = await session.rows('select from pg_namespace where nspname = $1', [schema]);
      if (!there) await session.rows(`create schema "${schema}"`);
      if (!there) await session.rows(`revoke all on schema "${schema}" from public`);
      await session.use(schema);
      await begin();
      await session.rows('commit');
      return;
    } catch (error) {
      await session.rows('rollback').catch(() => {});
      // Of several that begin at once, the others wait for one to make it, and then find it there.
      if (tries === 3 || !/^(?:42P0[67]|23505)$/.test(codeOf(error))) throw error;
    }
  }
}

/**
 * Opens a school's store, and settles what dead processes left in it.
 * @throws as `PostgresSession.connect`; LPX_STORE_NOT_FOUND, LPX_STORE_SCHOOL when several schools could be meant, LPX_STORE_NEWER,
 *   LPX_STORE_DAMAGED, LPX_STORE_BUSY, LPX_DATABASE_REFUSED, and as `requireSettled`
 */
export async function openPostgresStore(location: PostgresLocation, opening: Opening = {}): Promise<Store> {
  const session = await PostgresSession.connect(location);
  const { shown } = session;
  try {
    await session.use(await schemaMeant(session, location));
    const db = new Kysely<Tables>({ dialect: new PostgresDialect(session) });
    await migrate(db, shown);
    const school = await schoolIn(db, shown);
    if (!school) throw new LpxError('LPX_STORE_NOT_FOUND', { folder: shown });
    await requireSettled(db, shown, opening);
    const { code, name, shared_group } = school;
    const vault = vaultAt(await placeIn(db, shown), { access: accessFor(shared_group), presence: session });
    const impatient = new Kysely<Tables>({ dialect: new PostgresDialect(session, 0) });
    await sweepLeftovers(impatient, shown, vault, session).catch(() => {});
    await session.forgetDead().catch(() => {});
    return new DatabaseStore(db, { folder: shown, school: { code, name }, attachments: vault, presence: session });
  } catch (error) {
    await session.end();
    throw error;
  }
}

/** A connection of its own to a school's part of a database, for what is not its store: the queue of jobs. @throws as `openPostgresStore` */
export async function openSchoolSession(
  location: PostgresLocation,
): Promise<{ readonly session: PostgresSession; readonly schema: string }> {
  const session = await PostgresSession.connect(location);
  try {
    const schema = await schemaMeant(session, location);
    await session.use(schema);
    return { session, schema };
  } catch (error) {
    await session.end();
    throw error;
  }
}

/** The schema of the school that is named, else the only one of the first rank that there is. Of others nothing is said. */
async function schemaMeant(session: PostgresSession, { school }: PostgresLocation): Promise<string> {
  const usable = await session.rows<{ schema: string; rank: number }>(SCHEMAS);
  const first = Math.min(...usable.map(({ rank }) => rank));
  const schemas = usable.filter(({ schema, rank }) => (school === '' ? rank === first : schema === schemaOf(school)));
  const meant = schemas.map(({ schema }) => schema);
  const [only] = meant;
  if (meant.length > 1) throw new LpxError('LPX_STORE_SCHOOL', { folder: session.shown, schools: meant.map(schoolOf).sort().join(' ') });
  const [tables] =
    only === undefined ? [] : await session.rows<{ there: boolean }>(`select to_regclass($1) is not null as there`, [`"${only}".school`]);
  if (only === undefined || !tables?.there) throw new LpxError('LPX_STORE_NOT_FOUND', { folder: session.shown });
  return only;
}
