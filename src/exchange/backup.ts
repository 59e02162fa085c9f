/** Backs a store up while it is in use: what is new goes into a repository, as one snapshot a run. */
import { statSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { knownBackups } from '../backup/erasure-lists.js';
import { type Pruned, prune } from '../backup/prune.js';
import { Repository } from '../backup/repository.js';
import {
  heldFiles,
  type MissingFile,
  newestOfEachStore,
  readManifest,
  readSnapshot,
  type Snapshot,
  snapshotNames,
} from '../backup/snapshots.js';
import { type BackupProgress, storeIdOf, type WrittenSnapshot, writeSnapshot } from '../backup/write-snapshot.js';
import { type Finding, findingOf, LpxError } from '../errors.js';
import type { Identities } from '../io/age.js';
import type { Store } from '../store/store.js';
import { fileFindings } from './doctor/file-findings.js';

export { heldFiles } from '../backup/snapshots.js';

export interface BackupRequest {
  /** The repository, which is made when it is missing. */
  readonly folder: string;
  /** To whom a new repository encrypts. */
  readonly recipients: readonly string[];
  readonly identities?: Identities | undefined;
  /** Whether to begin again in a folder that had a backup of this store and has none now. */
  readonly beginAgain?: boolean | undefined;
  /** Whether to use a repository that has other stores' snapshots, and none of this one. */
  readonly shared?: boolean | undefined;
  /** How many snapshots stay; undefined for all. */
  readonly keep?: number | undefined;
  readonly now: Date;
  readonly operator: string;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

export interface BackupResult extends WrittenSnapshot {
  readonly encrypted: boolean;
  /** Undefined when nothing was to be removed, or somebody else works with the repository. */
  readonly pruned: Pruned | undefined;
  /** Each file that the store has lost or not whole, by student and record; a warning where backups of other stores are in the same folder; a note where the store is on the same disk. */
  readonly findings: readonly Finding[];
  /** Set when the store has lost files, whether they are in this backup or not, or rows of it are damaged: the rest is in the backup. */
  readonly error: LpxError | undefined;
}

/**
 * Backs up, and removes old snapshots.
 * @throws LPX_BACKUP_VANISHED, LPX_BACKUP_OTHERS; LPX_BACKUP_FOLDER, LPX_BACKUP_KEY, LPX_BACKUP_RECIPIENT, LPX_RECIPIENT_WRONG, LPX_BACKUP_BUSY, LPX_BACKUP_UNWRITTEN, LPX_BACKUP_DAMAGED;
 *   LPX_STORE_DAMAGED; LPX_DISK_FULL, LPX_WRITE_FAILED; the snapshots from before stay as they are
 */
export async function backupStore(store: Store, request: BackupRequest): Promise<BackupResult> {
  const { folder, recipients, identities, keep, now, operator, onProgress } = request;
  if (!request.beginAgain) await requireNotVanished(store, folder);
  const repository = await Repository.openOrMake({ folder, recipients, identities, keys: store.backupKeys });
  const isShared = await sharesWithOthers(store, repository, request.shared);
  // Before there is a snapshot: an erasure reaches it also when this process ends before the history has it.
  await store.begunBackups.keep(folder, repository.id);
  const written = await repository.writing(() => writeSnapshot(store, repository, { now, onProgress }));
  const { manifest, kept } = written;
  const { records, files, head } = manifest;
  const noting = store.change(async (change) => {
    const details = {
      repository: repository.id,
      snapshot: written.name,
      position: head.position,
      records,
      files: heldFiles(manifest),
      missing: files.missing.length,
    };
    await change.addHistory({ kind: 'backup', at: now, operator, file: basename(folder), bytes: 0, folder, details });
    return { keep: true, result: undefined };
  });
  await noting.catch(async (error) => {
    await repository.dropSnapshot(written.name).catch(() => {});
    throw error;
  });
  // One that stays is no more than another place that an erasure looks into.
  await store.begunBackups.drop(folder).catch(() => {});
  const { pruned, unprunable } = await pruneTo(repository, keep);
  const lost = { missing: await stillHad(store, files.missing), kept: await stillHad(store, kept) };
  const losses = lossError(folder, lost);
  const damage = written.damagedRows > 0 ? new LpxError('LPX_BACKUP_ROWS', { count: written.damagedRows }) : undefined;
  return {
    ...written,
    encrypted: repository.isEncrypted,
    pruned,
    findings: [
      ...(await lossFindings(store, folder, lost)),
      ...(losses && damage ? [findingOf('LPX_BACKUP_ROWS', 'warning', {}, { count: written.damagedRows })] : []),
      ...((losses ?? damage) && unprunable ? [findingOf('LPX_BACKUP_UNPRUNED', 'warning', {}, { folder, file: unprunable })] : []),
      ...(isShared ? [findingOf('LPX_BACKUP_SHARED', 'warning', {}, { folder })] : []),
      ...(isOnSameDisk(store, folder) ? [findingOf('LPX_BACKUP_SAME_DISK', 'note', {}, { folder })] : []),
    ],
    error: losses ?? damage ?? (unprunable === undefined ? undefined : new LpxError('LPX_BACKUP_UNPRUNED', { folder, file: unprunable })),
  };
}

/**
 * Removes old snapshots. The backup is made: what stands against it does not undo that.
 * @returns also the file that stands against it, if any
 */
async function pruneTo(
  repository: Repository,
  keep: number | undefined,
): Promise<{ readonly pruned?: Pruned | undefined; readonly unprunable?: string }> {
  if (keep === undefined) return {};
  try {
    return { pruned: await prune(repository, keep) };
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    return { unprunable: String(error.facts.file ?? repository.folder) };
  }
}

/** A disk that is not connected leaves an empty folder, or none: a second backup there would look like the first. @throws LPX_BACKUP_VANISHED */
async function requireNotVanished(store: Store, folder: string): Promise<void> {
  if (Repository.isIn(folder)) return;
  const known = await knownBackups(store).catch((error) => {
    // What cannot be read of a damaged store must not keep the rest from being backed up.
    if (error instanceof LpxError && error.code === 'LPX_STORE_DAMAGED') return new Map();
    throw error;
  });
  if (known.has(folder)) throw new LpxError('LPX_BACKUP_VANISHED', { folder });
}

/** Whether a repository has snapshots of other stores. @throws LPX_BACKUP_OTHERS where it has none of this one, and was not asked to be shared */
async function sharesWithOthers(store: Store, repository: Repository, isAskedFor = false): Promise<boolean> {
  const snapshots = await newestOfEachStore(repository);
  if (snapshots.length === 0) return false;
  const id = await storeIdOf(store);
  const isAmongThem = snapshots.some((snapshot) => snapshot.store === id);
  if (!isAmongThem && !isAskedFor) throw new LpxError('LPX_BACKUP_OTHERS', { folder: repository.folder });
  return !isAmongThem || snapshots.length > 1;
}

/** Whether a store has its database or its files on the disk of a folder, as far as the system shows. */
function isOnSameDisk({ folder, attachments }: Store, repository: string): boolean {
  try {
    const { dev } = statSync(repository);
    return [folder, attachments.location].filter(isAbsolute).some((place) => statSync(place).dev === dev);
  } catch {
    return false;
  }
}

/** The files that a store did not have whole: those that the backup does not have either, and those that it has from before. */
interface Losses {
  readonly missing: readonly MissingFile[];
  readonly kept: readonly MissingFile[];
}

/** Those of files that the store still knows: it has not lost those of a student who was erased meanwhile. */
async function stillHad(store: Store, files: readonly MissingFile[]): Promise<MissingFile[]> {
  const known = await store.knownFiles(files.map(({ sha256 }) => sha256));
  return files.filter(({ sha256 }) => known.has(sha256));
}

async function lossFindings(store: Store, folder: string, { missing, kept }: Losses): Promise<Finding[]> {
  const states = (files: readonly MissingFile[]) => new Map(files.map(({ sha256, state }) => [sha256, state]));
  const owners = await store.fileOwners(new Set(kept.map(({ sha256 }) => sha256)));
  const safe = owners.map(({ place, name }) => findingOf('LPX_FILE_IN_BACKUP', 'warning', place, { entry: name, folder }));
  return [...(await fileFindings(store, states(missing))), ...safe];
}

function lossError(folder: string, { missing, kept }: Losses): LpxError | undefined {
  if (missing.length > 0) return new LpxError('LPX_BACKUP_INCOMPLETE', { count: missing.length });
  return kept.length > 0 ? new LpxError('LPX_BACKUP_KEPT', { count: kept.length, folder }) : undefined;
}

/** A snapshot as a list shows it. */
export interface ListedSnapshot extends Pick<Snapshot, 'name' | 'at'> {
  /** Undefined of an encrypted one without an identity. */
  readonly about: { readonly school: string; readonly records: number; readonly files: number; readonly missing: number } | undefined;
}

/** The snapshots of a repository, the newest first. @throws LPX_BACKUP_NOT_FOUND, LPX_BACKUP_DAMAGED, LPX_RECIPIENT_OTHER */
export async function listSnapshots(folder: string, identities: Identities | undefined): Promise<ListedSnapshot[]> {
  const repository = await Repository.open({ folder, identities });
  const isReadable = !repository.isEncrypted || identities !== undefined;
  const listed: ListedSnapshot[] = [];
  for (const name of await snapshotNames(repository)) {
    const { at, manifest } = isReadable
      ? await readManifest(repository, name)
      : { ...(await readSnapshot(repository, name)), manifest: undefined };
    const about = manifest && {
      school: manifest.school.code,
      records: manifest.records,
      files: heldFiles(manifest),
      missing: manifest.files.missing.length,
    };
    listed.push({ name, at, about });
  }
  return listed;
}
