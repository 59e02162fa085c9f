/** Backs a store up while it is in use: what is new goes into a repository, as one snapshot a run. */
import { basename } from 'node:path';
import { type Pruned, prune } from '../backup/prune.js';
import { Repository } from '../backup/repository.js';
import { newestOfEachStore, readManifest, readSnapshot, type Snapshot, snapshotNames } from '../backup/snapshots.js';
import { type BackupProgress, type WrittenSnapshot, writeSnapshot } from '../backup/write-snapshot.js';
import { type Finding, findingOf, LpxError } from '../errors.js';
import type { Identities } from '../io/age.js';
import type { Store } from '../store/store.js';

export interface BackupRequest {
  /** The repository, which is made when it is missing. */
  readonly folder: string;
  /** To whom a new repository encrypts. */
  readonly recipients: readonly string[];
  readonly identities?: Identities | undefined;
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
  /** A warning where backups of other stores are in the same folder. */
  readonly findings: readonly Finding[];
  /** Set when files of records are in no backup: the rest is. */
  readonly error: LpxError | undefined;
}

/**
 * Backs up, and removes old snapshots.
 * @throws LPX_BACKUP_FOLDER, LPX_BACKUP_KEY, LPX_BACKUP_RECIPIENT, LPX_RECIPIENT_WRONG, LPX_BACKUP_BUSY, LPX_BACKUP_UNWRITTEN, LPX_BACKUP_DAMAGED;
 *   LPX_STORE_DAMAGED; LPX_DISK_FULL, LPX_WRITE_FAILED; the snapshots from before stay as they are
 */
export async function backupStore(store: Store, request: BackupRequest): Promise<BackupResult> {
  const { folder, recipients, identities, keep, now, operator, onProgress } = request;
  const repository = await Repository.openOrMake({ folder, recipients, identities, keys: store.backupKeys });
  const written = await repository.writing(() => writeSnapshot(store, repository, { now, onProgress }));
  const { records, files, head } = written.manifest;
  await store.change(async (change) => {
    const details = {
      repository: repository.id,
      snapshot: written.name,
      position: head.position,
      records,
      files: files.count,
      missing: files.missing.length,
    };
    await change.addHistory({ kind: 'backup', at: now, operator, file: basename(folder), bytes: 0, folder, details });
    return { keep: true, result: undefined };
  });
  const pruned = keep === undefined ? undefined : await prune(repository, keep);
  const count = files.missing.length;
  const isShared = (await newestOfEachStore(repository)).length > 1;
  return {
    ...written,
    encrypted: repository.isEncrypted,
    pruned,
    findings: isShared ? [findingOf('LPX_BACKUP_SHARED', 'warning', {}, { folder })] : [],
    error: count > 0 ? new LpxError('LPX_BACKUP_INCOMPLETE', { count }) : undefined,
  };
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
      files: manifest.files.count,
      missing: manifest.files.missing.length,
    };
    listed.push({ name, at, about });
  }
  return listed;
}
