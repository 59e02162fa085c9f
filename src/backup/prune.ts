/** Drops old snapshots, and then the objects that none of the others names. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LpxError } from '../errors.js';
import { writeError } from '../io/file-error.js';
import { syncFolder } from '../io/publish.js';
import { HashList } from './hash-list.js';
import { RepositoryLock } from './locks.js';
import { rowsOf } from './read-snapshot.js';
import type { Repository } from './repository.js';
import { type Chunk, namesInList, readProven, type SnapshotTable, snapshotNames, snapshotPath } from './snapshots.js';

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
 * @throws LPX_BACKUP_DAMAGED when a snapshot cannot be read, or one that is to be kept needs other files than it says: nothing is
 *   removed, since nobody can say what it needs
 */
export async function prune(repository: Repository, keep: number): Promise<Pruned | undefined> {
  const lock = await RepositoryLock.take(repository.folder, 'exclusive');
  if (!lock) return undefined;
  try {
    const names = await snapshotNames(repository);
    const snapshots: Proven[] = [];
    for (const name of names) snapshots.push(await readProven(repository, name));
    const counts = new Map<string, number>();
    const [kept, dropped]: [Proven[], Proven[]] = [[], []];
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

type Proven = Awaited<ReturnType<typeof readProven>>;

const prefixOf = (name: string): number => Number.parseInt(name.slice(0, PREFIX), 16);

/**
 * What snapshots need. The lists of an encrypted one are of who has the key; those of an open one may be anybody's, and have to name the
 * files that its rows do.
 */
async function neededBy(repository: Repository, snapshots: readonly Proven[]): Promise<ReadonlySet<number>> {
  const needed = new Set<number>();
  const listed = remembered((list) => namesIn(repository, list));
  const held = remembered((_, table: SnapshotTable, chunk: Chunk) => filesIn(repository, { ...table, chunks: [chunk] }));
  for (const { name, rows, lists, manifest } of snapshots) {
    const named = new HashList();
    for (const list of lists) for (const object of await listed(list)) named.push(object);
    for (const object of [...rows, ...lists, ...named]) needed.add(prefixOf(object));
    if (!manifest) continue;
    const files = new HashList();
    const missing = new Set(manifest.files.missing.map(({ sha256 }) => sha256));
    for (const table of manifest.tables.filter(({ table: name }) => name === 'attachments'))
      for (const chunk of table.chunks)
        for (const sha256 of await held(chunk[0], table, chunk)) if (!missing.has(sha256)) files.push(sha256);
    const isWhole = files.length + missing.size === manifest.files.count && named.sorted().equals(files.sorted());
    if (!isWhole) throw new LpxError('LPX_BACKUP_DAMAGED', { file: snapshotPath(repository, name) });
  }
  return needed;
}

/** Snapshots have most lists and chunks in common: each is read once. */
function remembered<A extends unknown[]>(
  read: (name: string, ...how: A) => Promise<HashList>,
): (name: string, ...how: A) => Promise<HashList> {
  const known = new Map<string, HashList>();
  return async (name, ...how) => {
    const names = known.get(name) ?? (await read(name, ...how));
    known.set(name, names);
    return names;
  };
}

async function namesIn(repository: Repository, list: string): Promise<HashList> {
  const names = new HashList();
  for (const name of await namesInList(repository, list)) names.push(name);
  return names;
}

async function filesIn(repository: Repository, table: SnapshotTable): Promise<HashList> {
  const files = new HashList();
  for await (const rows of rowsOf(repository, table)) for (const { sha256 } of rows) files.push(String(sha256));
  return files;
}

const remove = (path: string): Promise<void> =>
  rm(path, { force: true }).catch((error) => {
    throw writeError(error, path);
  });
