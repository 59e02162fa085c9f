/** Makes a store out of a backup, all of it or nothing; or does so for a trial, and says whether it is what was backed up. */
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { HashList } from '../backup/hash-list.js';
import { restoreRows } from '../backup/read-snapshot.js';
import { erasuresIn, Repository } from '../backup/repository.js';
import {
  type Manifest,
  namesInList,
  newestOfEachStore,
  readManifest,
  type Snapshot,
  snapshotNames,
  snapshotPath,
} from '../backup/snapshots.js';
import { storeIdOf } from '../backup/write-snapshot.js';
import { LpxError } from '../errors.js';
import type { Identities } from '../io/age.js';
import { writeError } from '../io/file-error.js';
import { isWithin, readSmall } from '../io/read.js';
import { taipeiTime } from '../spec/terms.js';
import type { Erasure } from '../store/erasure/erasure-list.js';
import type { PostgresLocation, StoreLocation } from '../store/location.js';
import { SCHEMA_VERSION } from '../store/migrations.js';
import { REHEARSED_PREFIX, sweepWorkFolders, WorkFolder } from '../store/processes/work-folder.js';
import { createStoreOfRows, openStore } from '../store/sqlite/open.js';
import type { Store } from '../store/store.js';
import type { RowWriter } from '../store/table-rows.js';
import { Files, intoFolder, type OnProgress, requireEmpty, writeFiles } from './new-store.js';

type Taken = Snapshot & { readonly manifest: Manifest };

export interface RestoreRequest {
  /** The repository. */
  readonly folder: string;
  /** The name of a snapshot, or how it begins; undefined for the newest. */
  readonly snapshot?: string | undefined;
  /** The new store: a folder that is missing or empty; or a database that has no store of the school. */
  readonly target: StoreLocation;
  /** Where the files go: the URL of a bucket; of a store in a database, else an absolute folder. Undefined for the store's own folder. */
  readonly attachments?: string | undefined;
  readonly identities?: Identities | undefined;
  /** Files with further erasures to obey, as lines of JSON: those since the newest backup. */
  readonly erasureFiles?: readonly string[];
  readonly now: Date;
  readonly operator: string;
  readonly onProgress?: OnProgress | undefined;
}

export interface RestoreResult {
  readonly snapshot: string;
  readonly at: Date;
  readonly manifest: Manifest;
  /** Students of the snapshot who have been erased for good since, and are not restored. */
  readonly erased: number;
}

/**
 * Restores a snapshot.
 * @throws LPX_RESTORE_TARGET, LPX_RESTORE_INSIDE; LPX_BACKUP_NOT_FOUND, LPX_SNAPSHOT_UNKNOWN, LPX_SNAPSHOT_AMBIGUOUS, LPX_SNAPSHOT_NONE, LPX_BACKUP_SCHOOLS, LPX_BACKUP_DAMAGED, LPX_BACKUP_IDENTITY, LPX_RECIPIENT_OTHER;
 *   LPX_STORE_NEWER; LPX_DISK_FULL, LPX_WRITE_FAILED; then there is no new store
 */
export async function restoreBackup(request: RestoreRequest): Promise<RestoreResult> {
  const { folder, target, identities, attachments = '' } = request;
  const repository = await Repository.open({ folder, identities });
  requireOutside(folder, typeof target === 'string' ? target : attachments);
  if (typeof target === 'string') await requireEmpty(target);
  const taken = await readManifest(repository, await nameMeant(repository, request.snapshot, () => newestOfOnlySchool(repository)));
  const erased = await (typeof target === 'string'
    ? intoFolder(target, (made) => intoNewFolder(repository, taken, made, request), attachments !== '')
    : intoDatabase(repository, taken, { ...request, target }));
  return { snapshot: taken.name, at: taken.at, manifest: taken.manifest, erased };
}

/** Makes a store in a folder that nobody knows yet. @returns how many students it erased again */
async function intoNewFolder(repository: Repository, taken: Taken, folder: string, request: RestoreRequest): Promise<number> {
  const store = await makeStore(repository, taken, folder, request);
  try {
    return await finish(repository, taken, store, request);
  } finally {
    await store.close();
  }
}

/** Makes a store that nobody can open before it is finished. @returns as `intoNewFolder` */
async function intoDatabase(
  repository: Repository,
  taken: Taken,
  request: RestoreRequest & { readonly target: PostgresLocation },
): Promise<number> {
  const { target, attachments = '', onProgress } = request;
  const { school, schemaVersion } = taken.manifest;
  const { createPostgresStoreOfRows } = await import('../store/postgres/open.js');
  const { store, publish } = await createPostgresStoreOfRows(target, { school, schemaVersion, attachments }, async (writer, vault) => {
    const files = await writeRows(repository, taken, writer);
    await writeFiles(files, { vault, copy: copyFrom(repository), within: (work) => work(), onProgress });
  });
  try {
    await compare(repository, taken, store);
    const erased = await finish(repository, taken, store, request);
    await publish();
    return erased;
  } finally {
    await store.close();
  }
}

/** Erases again whoever has been erased since, and notes in the history where the store comes from. */
async function finish(repository: Repository, taken: Taken, store: Store, request: RestoreRequest): Promise<number> {
  const { folder, now, operator } = request;
  const { erased, unvouched } = await store.erasures.obey(await erasuresFor(repository, request), { now, operator });
  const details = { ...refOf(repository, taken), erasures: unvouched };
  await store.change(async (change) => {
    await change.addHistory({ kind: 'restore', at: now, operator, file: '', bytes: 0, folder, details });
    return { keep: true, result: undefined };
  });
  return erased;
}

/** Everybody of whom the repository or a file that was given says that they were erased. */
async function erasuresFor(repository: Repository, { erasureFiles = [] }: RestoreRequest): Promise<Erasure[]> {
  const erasures = await repository.erasures();
  for (const file of erasureFiles) erasures.push(...erasuresIn((await readSmall(file, ERASURES_BYTES, 'file')).toString('utf8'), file));
  return erasures;
}

/** A list of erasures: a million of them are smaller. */
const ERASURES_BYTES = 256 * 1024 * 1024;

export interface RehearsalRequest extends Pick<RestoreRequest, 'folder' | 'snapshot' | 'identities' | 'now' | 'operator' | 'onProgress'> {
  /** Where the scratch folder is made; undefined for the system's folder for temporary files. */
  readonly scratch?: string | undefined;
}

/**
 * Restores a snapshot to a scratch folder, compares it with what the snapshot says, removes it, and records that in the store.
 * @throws as `restoreBackup`; LPX_BACKUP_DAMAGED also when something was restored as something else
 */
export async function rehearseRestore(store: Store, request: RehearsalRequest): Promise<RestoreResult> {
  const { folder, identities, now, operator, onProgress, scratch = tmpdir() } = request;
  const repository = await Repository.open({ folder, identities, keys: store.backupKeys });
  const taken = await readManifest(repository, await nameMeant(repository, request.snapshot, () => newestOf(repository, store)));
  await sweepWorkFolders(scratch, REHEARSED_PREFIX);
  const work = await WorkFolder.create(scratch, REHEARSED_PREFIX).catch((error) => {
    throw writeError(error, scratch);
  });
  const place = resolve(work.path);
  try {
    await store.rehearsals.keep(place, '');
    const restored = await makeStore(repository, taken, join(work.path, 'store'), { onProgress });
    await restored.close();
  } finally {
    await work.remove();
    await store.rehearsals.drop(place).catch(() => {});
  }
  await store.change(async (change) => {
    await change.addHistory({ kind: 'rehearsal', at: now, operator, file: '', bytes: 0, folder, details: refOf(repository, taken) });
    return { keep: true, result: undefined };
  });
  return { snapshot: taken.name, at: taken.at, manifest: taken.manifest, erased: 0 };
}

const refOf = ({ id }: Repository, { name, manifest }: Taken) => ({ repository: id, snapshot: name, position: manifest.head.position });

/** The newest snapshot of a store; the newest of all where it has none that can be read. */
async function newestOf(repository: Repository, store: Store): Promise<string | undefined> {
  const id = await storeIdOf(store);
  const snapshots = await newestOfEachStore(repository);
  const own = snapshots.find((snapshot) => snapshot.store === id);
  return own ? own.name : snapshots.length > 0 ? undefined : (await snapshotNames(repository))[0];
}

/** @throws LPX_BACKUP_SCHOOLS; LPX_BACKUP_IDENTITY */
async function newestOfOnlySchool(repository: Repository): Promise<string | undefined> {
  const snapshots = await newestOfEachStore(repository);
  const schools = new Map<string, string>();
  if (snapshots.length > 1)
    for (const { name } of snapshots) {
      const { school } = (await readManifest(repository, name)).manifest;
      if (!schools.has(school.code)) schools.set(school.code, `${school.code} ${school.name}`.trim());
    }
  if (schools.size > 1)
    throw new LpxError('LPX_BACKUP_SCHOOLS', { folder: repository.folder, schools: [...schools.values()].sort().join(' / ') });
  return (await snapshotNames(repository))[0];
}

/** @param newest the one that is meant without a name @throws LPX_SNAPSHOT_UNKNOWN, LPX_SNAPSHOT_AMBIGUOUS, LPX_SNAPSHOT_NONE */
async function nameMeant(
  repository: Repository,
  value: string | undefined,
  newestMeant: () => Promise<string | undefined>,
): Promise<string> {
  const names = await snapshotNames(repository);
  if (names.length === 0) throw new LpxError('LPX_SNAPSHOT_NONE', { folder: repository.folder });
  if (value === undefined || value === 'latest') {
    const newest = await newestMeant();
    if (newest === undefined) throw new LpxError('LPX_SNAPSHOT_UNKNOWN', { value: value ?? 'latest' });
    return newest;
  }
  const fitting = names.filter((name) => name.startsWith(value) || name.split('-')[1]?.startsWith(value));
  const [only] = fitting;
  if (only === undefined) throw new LpxError('LPX_SNAPSHOT_UNKNOWN', { value });
  if (fitting.length > 1) throw new LpxError('LPX_SNAPSHOT_AMBIGUOUS', { value, snapshots: fitting.map(withLocalTime).join(' / ') });
  return only;
}

/** `20261126T120305Z-…`, whose time is UTC, with the time in Taiwan. */
const withLocalTime = (name: string): string =>
  `${name} (${taipeiTime(new Date(name.slice(0, 16).replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')))})`;

/** Backups go on in the repository: a store does not belong in there. @param place of the store, or of its files @throws LPX_RESTORE_INSIDE */
function requireOutside(folder: string, place: string): void {
  if (isAbsolute(place) && isWithin(place, folder)) throw new LpxError('LPX_RESTORE_INSIDE', { folder: place });
}

/** Makes a store of a snapshot in a folder, and compares it with what the snapshot says. */
async function makeStore(
  repository: Repository,
  taken: Taken,
  folder: string,
  { attachments, onProgress }: Pick<RestoreRequest, 'attachments' | 'onProgress'>,
): Promise<Store> {
  const { school, schemaVersion } = taken.manifest;
  let files = new Files();
  await createStoreOfRows(folder, { school, schemaVersion, attachments }, async (writer) => {
    files = await writeRows(repository, taken, writer);
  });
  const store = await openStore(folder).catch((error) => {
    throw isOfStore(error) ? damagedSnapshot(repository, taken, error) : error;
  });
  try {
    const within = (work: () => Promise<void>) =>
      store.change(async () => {
        await work();
        return { keep: true, result: undefined };
      });
    await writeFiles(files, { vault: store.attachments, copy: copyFrom(repository), within, onProgress });
    await compare(repository, taken, store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Those that the snapshot does not have are left out. */
async function writeRows(repository: Repository, taken: Taken, writer: RowWriter): Promise<Files> {
  const files = new Files();
  const missing = new Set(taken.manifest.files.missing.map(({ sha256 }) => sha256));
  let [count, all, held] = [0, 0, 0];
  await restoreRows(repository, taken, writer, (sha256, bytes) => {
    count++;
    all += bytes;
    if (missing.has(sha256)) return;
    held += bytes;
    files.add(sha256, bytes);
  });
  const said = taken.manifest.files;
  // Snapshots of earlier versions count the bytes of missing files, too.
  if (said.count !== count || ![held, all].includes(said.bytes)) throw damagedSnapshot(repository, taken);
  if (!(await areListed(repository, taken, files.hashes))) throw damagedSnapshot(repository, taken);
  return files;
}

/** Whether the lists of a snapshot, by which old backups are dropped, name the files that its rows do. */
async function areListed(repository: Repository, { lists }: Taken, hashes: HashList): Promise<boolean> {
  const [named, needed] = [new HashList(), new HashList()];
  for (const list of lists) for (const name of await namesInList(repository, list)) named.push(name);
  for (const sha256 of hashes) needed.push(repository.nameOf(sha256));
  return named.sorted().equals(needed.sorted());
}

const copyFrom = (repository: Repository) => async (sha256: string, bytes: number, to: string) => {
  await repository.readFile(sha256, bytes, to);
  return true;
};

/** @throws LPX_BACKUP_DAMAGED where the store is not what the snapshot says */
async function compare(repository: Repository, taken: Taken, store: Store): Promise<void> {
  const { manifest } = taken;
  const digests = await store
    .readRows((rows) => rows.digests())
    .catch((error) => {
      throw isOfStore(error) ? damagedSnapshot(repository, taken, error) : error;
    });
  const isSame = manifest.tables.every(({ table, rows, sha256 }) => {
    const digest = digests[table];
    // An earlier version's rows have been brought up to date.
    return manifest.schemaVersion === SCHEMA_VERSION ? digest.sha256 === sha256 && digest.rows === rows : digest.rows === rows;
  });
  const { position, hash } = await store.log.head();
  const isAtHead = position === manifest.head.position && hash === manifest.head.hash;
  const { records } = await store.health.counts();
  if (!isSame || !isAtHead || records !== manifest.records) throw damagedSnapshot(repository, taken);
}

/** Whether the rows of a snapshot made a store that is none: it is the snapshot that is damaged. */
const isOfStore = (error: unknown): boolean =>
  error instanceof LpxError && (error.code === 'LPX_STORE_NOT_FOUND' || error.code === 'LPX_STORE_DAMAGED');

const damagedSnapshot = (repository: Repository, { name }: Taken, cause?: unknown): LpxError =>
  new LpxError('LPX_BACKUP_DAMAGED', { file: snapshotPath(repository, name) }, { cause });
