/** Opens the embedded store: SQLite under WAL with `synchronous=FULL`, and the attachments next to it. */
import { accessSync, closeSync, constants, fchmodSync, openSync, type Stats, statSync } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Kysely } from 'kysely';
import { LpxError } from '../../errors.js';
import { fileError, writeError } from '../../io/file-error.js';
import { nearestThere } from '../../io/read.js';
import { type Access, accessFor, makeStoreFolder, setMode } from '../access.js';
import { databaseError } from '../database-error.js';
import { DatabaseStore } from '../database-store.js';
import { type Losses, salvage } from '../health/salvage.js';
import { createVersionTable, migrate, SCHEMA_VERSION } from '../migrations.js';
import { makerOf, markUnpublished, type Opening, requireSettled } from '../moving.js';
import type { NewStore, StoreOfRows } from '../open.js';
import { SWEEP_MS, sweepLeftovers } from '../processes/sweep.js';
import { RESTORED_PREFIX, sweepWorkFolders } from '../processes/work-folder.js';
import { addSchool, schoolIn } from '../school-row.js';
import type { School, Store } from '../store.js';
import { RowWriter } from '../table-rows.js';
import type { Tables } from '../tables.js';
import { isS3Url } from '../vault/s3-location.js';
import { newPlace, placeIn, removeUnfinished, setPlace, tryPlace, vaultAt } from '../vault/vault.js';
import { SharedSqliteDialect, whenFree } from './dialect.js';
import { openSqlite, type SqliteFile } from './driver.js';
import { FolderPresence } from './folder-presence.js';

const DATABASE_NAME = 'lpx.sqlite';

/** Whether a folder holds a store. @throws LPX_FILE_UNREADABLE when the system does not let it be seen */
async function holdsStore(folder: string): Promise<boolean> {
  try {
    await access(join(folder, DATABASE_NAME));
    return true;
  } catch (error) {
    const known = fileError(error, folder);
    if (known instanceof LpxError && known.code === 'LPX_FILE_NOT_FOUND') return false;
    throw known;
  }
}

/** Whether a folder has attachments of a store: without a database, that is no place for a new one. */
async function holdsAttachments(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'attachments')).catch(() => []);
  return names.some((name) => /^[0-9a-f]{2}$/.test(name));
}

/** What a making that was cut short leaves, and what systems put into folders by themselves. */
const OF_NOBODY_ELSE = /^(?:\.|lpx\.|attachments$|lost\+found$|desktop\.ini$|Thumbs\.db$|System Volume Information$|\$RECYCLE\.BIN$)/i;

/** A folder of mail or documents is nowhere to put a store: it would be moved, cleared out or shared with them. @throws LPX_STORE_PLACE */
async function requireOwn(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const other = names.find((name) => !OF_NOBODY_ELSE.test(name));
  if (other !== undefined) throw new LpxError('LPX_STORE_PLACE', { folder, file: other });
}

/** The database is gone, or empty, and attachments are there. */
const databaseLost = (folder: string): LpxError => new LpxError('LPX_STORE_DAMAGED', { folder, part: 'databaseLost' });

/** Whether the system lets nothing be written to a store, such as a backup on a disk that is mounted to be read. */
function isReadOnly(folder: string): boolean {
  try {
    for (const path of [folder, join(folder, DATABASE_NAME)]) accessSync(path, constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

/**
 * Makes a new store for a school, or completes one whose making was cut short. Of several processes that try at once, one
 * wins.
 * @throws LPX_STORE_EXISTS, LPX_STORE_PLACE for a folder with other files, LPX_STORE_DAMAGED where attachments without a database are, LPX_STORE_BUSY, LPX_GROUP_REFUSED, LPX_WRITE_FAILED, LPX_DISK_FULL;
 *   the LPX_S3 errors of a bucket for the attachments
 */
export async function createStore(
  folder: string,
  school: School,
  { group = '', attachments = '', made }: Omit<NewStore, 'school'> = {},
): Promise<Store> {
  requireFolder(folder);
  const existed = await holdsStore(folder);
  const orphaned = await holdsAttachments(folder);
  if (orphaned && isEmpty(join(folder, DATABASE_NAME))) throw databaseLost(folder);
  if (!existed) await requireOwn(folder);
  const modes = accessFor(group);
  const place = attachments === '' ? '' : newPlace(attachments, school.code);
  await tryPlace(place, { folder, access: modes });
  try {
    if (!existed) await makeStoreFolder(folder, group);
    await makeStoreFolder(join(folder, 'attachments'), existed ? '' : group);
    if (!existed) makeDatabaseFile(join(folder, DATABASE_NAME), modes);
  } catch (error) {
    throw writeError(error, folder);
  }
  const { db } = await openDatabase(folder).catch((error) => {
    const kept = existed && error instanceof LpxError && (error.code === 'LPX_STORE_NEWER' || error.code === 'LPX_STORE_DAMAGED');
    throw kept ? new LpxError('LPX_STORE_EXISTS', { folder }, { cause: error }) : error;
  });
  try {
    await db.transaction().execute(async (transaction) => {
      await addSchool(transaction, folder, { school, group, made });
      if (place !== '') await setPlace(transaction, place);
      // Undone with the transaction.
      if (orphaned) throw databaseLost(folder);
    });
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return new DatabaseStore(db, {
    folder,
    school,
    attachments: vaultAt(place, { folder, access: modes }),
    presence: new FolderPresence(folder, modes),
  });
}

/**
 * Makes a store out of the rows of another, in a folder that has none. What is left of it when that fails is the caller's to remove.
 * The tables are those of the version that the rows come from, and are brought up to date after it.
 * @throws LPX_STORE_EXISTS, LPX_STORE_NEWER, LPX_WRITE_FAILED, LPX_DISK_FULL, the LPX_S3 errors of a bucket, and what `fill` throws
 */
export async function createStoreOfRows(
  folder: string,
  { school, schemaVersion, attachments = '', madeBy }: Omit<StoreOfRows, 'madeBy'> & Partial<StoreOfRows>,
  fill: (rows: RowWriter) => Promise<void>,
): Promise<void> {
  requireFolder(folder);
  if (schemaVersion > SCHEMA_VERSION) throw new LpxError('LPX_STORE_NEWER', { version: schemaVersion, supported: SCHEMA_VERSION });
  if (await holdsStore(folder)) throw new LpxError('LPX_STORE_EXISTS', { folder });
  const modes = accessFor('');
  const place = attachments === '' ? '' : newPlace(attachments, school.code, madeBy);
  await tryPlace(place, { folder, access: modes });
  try {
    await makeStoreFolder(folder, '');
    await makeStoreFolder(join(folder, 'attachments'), '');
    makeDatabaseFile(join(folder, DATABASE_NAME), modes);
  } catch (error) {
    throw writeError(error, folder);
  }
  const { db } = await openDatabase(folder, 'shared', schemaVersion);
  try {
    await db.transaction().execute(async (transaction) => {
      if (madeBy !== undefined) await markUnpublished(transaction, madeBy);
      if (place !== '') await setPlace(transaction, place);
      const rows = new RowWriter(transaction);
      await fill(rows);
      await rows.finish();
    });
    await migrate(db, folder);
  } finally {
    await db.destroy();
  }
  if (place === '' || madeBy !== undefined) return;
  const vault = vaultAt(place, { folder, access: modes });
  await vault.markUnfinished().finally(() => vault.close());
}

/**
 * Removes what restores that were killed left in a folder, and what they sent to buckets.
 * @param mostMs after which no more of that is removed, in ms @throws as `removeSent`; then the next call does the rest
 */
export const sweepRestored = (parent: string, mostMs?: number): Promise<void> =>
  sweepWorkFolders(parent, RESTORED_PREFIX, (path) => removeSent(join(path, 'store'), mostMs));

/** Where a store's attachments are, and the code of its school. */
interface Sent {
  readonly place: string;
  readonly code: string;
}

/**
 * Removes what a restore that did not come to its end sent to a bucket.
 * @param folder of its store, if there is one @param mostMs after which no more is removed, in ms
 * @throws LPX_S3_UNREACHABLE where something is left, and the other LPX_S3 errors
 */
export async function removeSent(folder: string, mostMs?: number): Promise<void> {
  const { code = '', place = '' } = await sentFrom(folder).catch((): Partial<Sent> => ({}));
  if (!isS3Url(place) || (await removeUnfinished(place, code, { folder, access: accessFor('') }, mostMs))) return;
  throw new LpxError('LPX_S3_UNREACHABLE', { address: place, reason: 'noAnswer' });
}

/** Notes that what a restore sent to a bucket is of a store that has its name now. @throws the LPX_S3 errors */
export async function keepSent(folder: string): Promise<void> {
  const { place } = await sentFrom(folder);
  const vault = vaultAt(place, { folder, access: accessFor('') });
  await vault.markFinished().finally(() => vault.close());
}

/** What a restore's are: a move finds its place again by its key. @throws for a folder without a store, and one that cannot be read */
async function sentFrom(folder: string): Promise<Sent> {
  const { db } = await openDatabase(folder);
  try {
    const { code } = await db.selectFrom('school').select('code').executeTakeFirstOrThrow();
    return { code, place: (await makerOf(db)) === undefined ? await placeIn(db, folder) : '' };
  } finally {
    await db.destroy();
  }
}

/** @throws LPX_STORE_NOT_FOLDER when a file is in the place of the store, or of a folder around it */
function requireFolder(folder: string): void {
  const there = nearestThere(folder);
  if (statsOf(there)?.isDirectory() === false) throw new LpxError('LPX_STORE_NOT_FOLDER', { file: there });
}

/**
 * Opens a store, and sweeps what dead processes left in it.
 * @throws LPX_STORE_NOT_FOUND, LPX_STORE_NEWER, LPX_STORE_DAMAGED, LPX_STORE_BUSY, and as `requireSettled`
 */
export async function openStore(folder: string, opening: Opening = {}): Promise<Store> {
  requireFolder(folder);
  const lost = async () => ((await holdsAttachments(folder)) ? databaseLost(folder) : new LpxError('LPX_STORE_NOT_FOUND', { folder }));
  if (!(await holdsStore(folder)) || isEmpty(join(folder, DATABASE_NAME))) throw await lost();
  const readOnly = isReadOnly(folder);
  const { db, database } = await openDatabase(folder, readOnly ? 'readOnly' : 'shared').catch((error) => {
    if (!(opening.toRead && error instanceof LpxError && error.code === 'LPX_DISK_FULL')) throw error;
    return openDatabase(folder, 'alone');
  });
  try {
    const row = await schoolIn(db, folder);
    if (!row) throw await lost();
    await requireSettled(db, folder, opening);
    const modes = accessFor(row.shared_group);
    if (!readOnly) protectDatabase(folder, modes);
    const attachments = vaultAt(await placeIn(db, folder), { folder, access: modes });
    const presence = new FolderPresence(folder, modes);
    // Without waiting for another writer. What cannot be put back now, in a store that is busy, a later command does.
    const impatient = new Kysely<Tables>({ dialect: new SharedSqliteDialect(database, folder, 0) });
    if (!readOnly) {
      await sweepLeftovers(impatient, folder, attachments, presence).catch(() => {});
      // A restore that was killed knew of no store that would look for what it left.
      await sweepRestored(dirname(resolve(folder)), SWEEP_MS).catch(() => {});
    }
    return new DatabaseStore(db, { folder, school: { code: row.code, name: row.name }, attachments, presence });
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/**
 * Opens a store whose database cannot be read as a whole, as far as it can be read: only to be examined.
 * @returns undefined where nothing can be read
 */
export async function openWhatIsLeft(folder: string): Promise<{ readonly store: Store; readonly losses: Losses } | undefined> {
  const database = openFile(folder, true);
  try {
    const losses = salvage(database);
    if (losses) {
      const db = new Kysely<Tables>({ dialect: new SharedSqliteDialect(database, folder) });
      const row = await db.selectFrom('school').selectAll().executeTakeFirst();
      const modes = accessFor(row?.shared_group ?? '');
      const parts = {
        attachments: vaultAt(await placeIn(db, folder), { folder, access: modes }),
        presence: new FolderPresence(folder, modes),
      };
      return { store: new DatabaseStore(db, { folder, school: { code: row?.code ?? '', name: row?.name ?? '' }, ...parts }), losses };
    }
  } catch (error) {
    database.close();
    throw error;
  }
  database.close();
  return undefined;
}

/** Whether a file is empty, or not there. @throws as `statsOf` */
const isEmpty = (file: string): boolean => !((statsOf(file)?.size ?? 0) > 0);

/** Undefined when nothing is there. @throws LPX_FILE_UNREADABLE and others as `fileError` says, when the system does not let it be seen */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, path);
  }
}

/** SQLite gives its journals the mode of the database: so that is set before SQLite sees the file. */
function makeDatabaseFile(file: string, { file: mode }: Access): void {
  const fd = openSync(file, 'a', mode);
  try {
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

/** A store of an earlier version let others read its database. @throws LPX_FILE_UNREADABLE, LPX_WRITE_FAILED */
function protectDatabase(folder: string, { file: mode }: Access): void {
  try {
    for (const suffix of ['', '-wal', '-shm']) {
      const file = join(folder, `${DATABASE_NAME}${suffix}`);
      const stats = statSync(file, { throwIfNoEntry: false });
      if (stats && (stats.mode & 0o777 & ~mode) !== 0) setMode(file, mode);
    }
  } catch (error) {
    throw fileError(error, folder);
  }
}

function openFile(folder: string, readOnly: boolean): SqliteFile {
  const file = join(folder, DATABASE_NAME);
  return openSqlite(file, readOnly ? { readOnly: isEmpty(`${file}-wal`) ? 'immutable' : 'shared' } : {});
}

/** Of two that try at once each would keep the other out: who does not get it closes the file before the next attempt. */
const openAlone = (folder: string): Promise<SqliteFile> =>
  whenFree(() => {
    const database = openFile(folder, false);
    try {
      database.exec('pragma locking_mode = exclusive; pragma schema_version');
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });

/**
 * Who else may have a database open. That several may takes a file in shared memory next to it (`-shm`, 32 KiB), for which a disk may
 * have no room: who is alone needs none, and others wait meanwhile.
 */
type Sharing = 'shared' | 'alone' | 'readOnly';

async function openDatabase(
  folder: string,
  sharing: Sharing = 'shared',
  version = SCHEMA_VERSION,
): Promise<{ readonly db: Kysely<Tables>; readonly database: SqliteFile }> {
  const file = join(folder, DATABASE_NAME);
  let database: SqliteFile | undefined;
  try {
    accessSync(file, constants.R_OK);
    const opened = sharing === 'alone' ? await openAlone(folder) : openFile(folder, sharing === 'readOnly');
    database = opened;
    if (sharing !== 'readOnly') {
      await whenFree(() => opened.exec('pragma journal_mode = WAL'));
      // What is deleted may name students who were erased, or will be: it is overwritten at once.
      opened.exec('pragma synchronous = FULL; pragma foreign_keys = ON; pragma secure_delete = ON');
    }
    const db = new Kysely<Tables>({ dialect: new SharedSqliteDialect(opened, folder) });
    await createVersionTable(db);
    await migrate(db, folder, version);
    return { db, database: opened };
  } catch (error) {
    database?.close();
    throw databaseError(fileError(error, folder), folder);
  }
}
