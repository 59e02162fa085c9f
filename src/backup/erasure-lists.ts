/** Writes a store's erasures into the backups that it knows, so that a restore obeys them before the next backup is made. */

import type { HistoryEntry, Store } from '../store/store.js';
import { Repository } from './repository.js';

/** The folders of backups that the erasures are in now, and those that could not be reached. */
export interface NotedErasures {
  readonly noted: readonly string[];
  readonly unreached: readonly string[];
}

/** Nothing is thrown for a backup that cannot be written to: the erasure has been done, and the folder is among the unreached ones. */
export async function noteErasuresInBackups(store: Store): Promise<NotedErasures> {
  const erasures = await store.erasures.list();
  const [noted, unreached] = [[] as string[], [] as string[]];
  if (erasures.length === 0) return { noted, unreached };
  for await (const { folder, repository, hasOthers } of backupsOf(store)) {
    const isNoted = await repository
      ?.writing(async () => {
        await repository.putErasures(erasures);
        await repository.settle();
        return true;
      })
      .catch(() => false);
    if (isNoted) noted.push(folder);
    if (!isNoted || hasOthers) unreached.push(folder);
  }
  return { noted, unreached };
}

/** The folders of backups that can be read, and would bring back somebody who was erased: an erasure was cut short, or could not reach them. */
export async function backupsWithoutErasures(store: Store): Promise<string[]> {
  const erasures = await store.erasures.list();
  if (erasures.length === 0) return [];
  const folders: string[] = [];
  for await (const { folder, repository } of backupsOf(store)) {
    const noted = await repository?.erasures().catch(() => undefined);
    // What is on no disk that is connected, the erasure has named.
    if (!noted) continue;
    const keyedIds = new Set(noted.map(({ keyedId }) => keyedId));
    if (erasures.some(({ keyedId }) => !keyedIds.has(keyedId))) folders.push(folder);
  }
  return folders;
}

/** A folder that had a backup of this store. */
interface BackupFolder {
  readonly folder: string;
  /** Undefined where none of this store can be opened. */
  readonly repository: Repository | undefined;
  /** Whether others were in the folder, too: disks may take turns in one place. */
  readonly hasOthers: boolean;
}

async function* backupsOf(store: Store): AsyncGenerator<BackupFolder> {
  for (const [folder, ids] of await knownAndBegun(store)) {
    const repository = await Repository.open({ folder }).catch(() => undefined);
    yield { folder, repository: repository && ids.has(repository.id) ? repository : undefined, hasOthers: ids.size > 1 };
  }
}

/** The folders of `knownBackups`, and of backups that were cut short before the history had them: they may have a snapshot all the same. */
async function knownAndBegun(store: Store): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const folders = new Map(await knownBackups(store));
  for (const [folder, id] of await store.begunBackups.all()) folders.set(folder, new Set([...(folders.get(folder) ?? []), id]));
  return folders;
}

/** Each folder that an erasure is noted in, where it can be reached. */
export const backupFolders = async (store: Store): Promise<string[]> => [...(await knownAndBegun(store)).keys()];

/** Each folder that had a backup of this store, with the ids of the backups that were in it. */
export async function knownBackups(store: Store): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const folders = new Map<string, Set<string>>();
  for (const entry of (await store.history({ kinds: ['backup', 'rehearsal', 'restore'], students: 'few' })).filter(isOfBackup)) {
    const { folder = '', details } = entry;
    folders.set(folder, (folders.get(folder) ?? new Set()).add(details.repository));
  }
  return folders;
}

type BackupEntry = Extract<HistoryEntry, { kind: 'backup' | 'rehearsal' | 'restore' }>;

const isOfBackup = (entry: HistoryEntry): entry is BackupEntry =>
  entry.kind === 'backup' || entry.kind === 'rehearsal' || entry.kind === 'restore';
