/** Drops old snapshots, and then the objects that none of the others names. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../io/file-error.js';
import { syncFolder } from '../io/publish.js';
import { RepositoryLock } from './locks.js';
import type { Repository } from './repository.js';
import { namesInList, readSnapshot, type Snapshot, snapshotNames, snapshotPath } from './snapshots.js';

export interface Pruned {
  readonly snapshots: number;
  readonly objects: number;
  readonly bytes: number;
}

/** As many hex digits of a name as a number holds exactly. Two names that begin alike are both kept. */
const PREFIX = 13;

/**
 * Keeps the newest snapshots of each store.
 * @returns undefined when another process works with the repository: the next backup does it
 * @throws LPX_BACKUP_DAMAGED when a snapshot that is to be kept cannot be read: nothing is removed, since nobody can say what it needs
 */
export async function prune(repository: Repository, keep: number): Promise<Pruned | undefined> {
  const lock = await RepositoryLock.take(repository.folder, 'exclusive');
  if (!lock) return undefined;
  try {
    const names = await snapshotNames(repository);
    const snapshots: Snapshot[] = [];
    for (const name of names) snapshots.push(await readSnapshot(repository, name));
    const counts = new Map<string, number>();
    const [kept, dropped]: [Snapshot[], Snapshot[]] = [[], []];
    for (const snapshot of snapshots) {
      const count = (counts.get(snapshot.store) ?? 0) + 1;
      counts.set(snapshot.store, count);
      (count <= keep ? kept : dropped).push(snapshot);
    }
    if (dropped.length === 0) return { snapshots: 0, objects: 0, bytes: 0 };
    // Known before anything is removed.
    const needed = await neededBy(repository, kept);
    for (const { name } of dropped) await remove(snapshotPath(repository, name));
    await syncFolder(join(repository.folder, 'snapshots'));
    let [objects, bytes] = [0, 0];
    for (const kind of ['lists', 'rows', 'objects'] as const)
      for await (const object of repository.list(kind)) {
        if (needed.has(prefixOf(object.name))) continue;
        await remove(object.path);
        objects++;
        bytes += object.bytes;
      }
    await repository.sweep();
    return { snapshots: dropped.length, objects, bytes };
  } finally {
    await lock.release();
  }
}

const prefixOf = (name: string): number => Number.parseInt(name.slice(0, PREFIX), 16);

async function neededBy(repository: Repository, snapshots: readonly Snapshot[]): Promise<ReadonlySet<number>> {
  const needed = new Set<number>();
  const lists = new Set(snapshots.flatMap((snapshot) => snapshot.lists));
  for (const { rows } of snapshots) for (const name of rows) needed.add(prefixOf(name));
  for (const list of lists) {
    needed.add(prefixOf(list));
    for (const name of await namesInList(repository, list)) needed.add(prefixOf(name));
  }
  return needed;
}

const remove = (path: string): Promise<void> =>
  rm(path, { force: true }).catch((error) => {
    throw writeError(error, path);
  });
