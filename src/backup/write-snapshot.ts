/** Takes a snapshot of a store while it is in use: rows of one moment first, then the files that they name and the repository does not have. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { LpxError } from '../errors.js';
import { hasItsSeal } from '../store/health/store-health.js';
import type { LogHead } from '../store/history/custody-log.js';
import type { Store } from '../store/store.js';
import { ROW_TABLES, type Row, type RowReader, type RowTable } from '../store/table-rows.js';
import { HashList } from './hash-list.js';
import { sha256Of } from './object-files.js';
import type { Repository } from './repository.js';
import { rowChunks } from './row-chunks.js';
import { type Chunk, type Manifest, type MissingFile, type SnapshotTable, snapshotFile } from './snapshots.js';

export interface WrittenSnapshot {
  readonly name: string;
  readonly at: Date;
  readonly manifest: Manifest;
  /** Rows that are not what was stored, and that it has as they are. */
  readonly damagedRows: number;
  /** Files that the store has lost or not whole, and that the repository has from before. */
  readonly kept: readonly MissingFile[];
  /** What was new, in bytes and files of the repository. */
  readonly bytesWritten: number;
  readonly filesWritten: number;
}

export interface BackupProgress {
  readonly done: number;
  readonly total: number;
}

export interface Writing {
  readonly now: Date;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

/** What the rows of a store say, once they are in the repository. */
interface RowsWritten {
  readonly schemaVersion: number;
  readonly head: LogHead;
  /** The hash of the first entry of the history: no other store has it. */
  readonly first: string;
  readonly records: number;
  readonly tables: readonly SnapshotTable[];
  /** The files that records have, in the order of their hashes; how many bytes each has. */
  readonly files: HashList;
  readonly sizes: readonly number[];
  /** Rows that are not as their seals say. */
  readonly damaged: number;
}

/** @throws LPX_BACKUP_UNWRITTEN, LPX_WRITE_FAILED, LPX_DISK_FULL, LPX_STORE_DAMAGED; then there is no snapshot */
export async function writeSnapshot(store: Store, repository: Repository, { now, onProgress }: Writing): Promise<WrittenSnapshot> {
  const rows = await store.readRows((reader) => writeRows(reader, repository));
  const { missing, kept } = await writeFiles(store, repository, rows, onProgress);
  const without = new Set(missing.map(({ sha256 }) => sha256));
  const manifest: Manifest = {
    school: store.school,
    schemaVersion: rows.schemaVersion,
    head: rows.head,
    records: rows.records,
    tables: rows.tables,
    files: {
      count: rows.files.length,
      bytes: rows.sizes.reduce((sum, size, i) => sum + (without.has(rows.files.at(i)) ? 0 : size), 0),
      missing,
    },
  };
  const lists = await writeLists(repository, rows.files, without);
  await repository.putErasures(await store.erasures.list());
  const { name, content } = await snapshotFile(repository, { at: now, store: storeId(store, rows.first), lists, manifest });
  await repository.putSnapshot(`${name}.json`, content);
  const { bytesWritten, filesWritten } = repository;
  return { name, at: now, manifest, kept, damagedRows: rows.damaged, bytesWritten, filesWritten };
}

/** By which the snapshots of one store are known, without saying whose it is. */
const storeId = ({ school }: Store, first: string): string => sha256Of(Buffer.from(`${school.code} ${first}`)).slice(0, 16);

/** As `storeId`, of a store as it is now. */
export async function storeIdOf(store: Store): Promise<string> {
  for await (const { position, hash } of store.log.entries()) return storeId(store, position === 1 ? hash : '');
  return storeId(store, '');
}

async function writeRows(reader: RowReader, repository: Repository): Promise<RowsWritten> {
  let head: LogHead = { position: 0, hash: '' };
  let [first, records, damaged] = ['', 0, 0];
  const [files, sizes] = [new HashList(), [] as number[]];
  const countRecord = ({ removed_by }: Row) => {
    if (removed_by === null) records++;
  };
  const seen: Partial<Record<RowTable, (row: Row) => void>> = {
    history: ({ position, hash }) => {
      if (position === 1) first = String(hash);
      if (typeof position === 'number' && position > head.position) head = { position, hash: String(hash) };
    },
    own_records: countRecord,
    received_records: countRecord,
    attachments: ({ sha256, bytes }) => {
      files.push(String(sha256));
      sizes.push(Number(bytes));
    },
  };
  const tables: SnapshotTable[] = [];
  for (const table of ROW_TABLES) {
    const chunks: Chunk[] = [];
    const cutting = rowChunks(table, reader.rows(table), (row) => {
      if (!hasItsSeal(table, row)) damaged++;
      seen[table]?.(row);
    });
    for (;;) {
      const { done, value } = await cutting.next();
      if (done) {
        tables.push({ table, ...value, chunks });
        break;
      }
      chunks.push([await repository.putText('rows', value.text), value.rows, Buffer.byteLength(value.text)]);
    }
  }
  return { schemaVersion: await reader.schemaVersion(), head, first, records, tables, files, sizes, damaged };
}

/**
 * Writes the files that the repository does not have. Those that it has are not read again, neither there nor in the store, unless the store
 * has lost them: then the repository's is read to its end, as far as it can be without an identity.
 * @returns the files that the store does not have whole: `kept` of them are in the repository, `missing` are not
 */
async function writeFiles(
  store: Store,
  repository: Repository,
  { files, sizes }: RowsWritten,
  onProgress: Writing['onProgress'],
): Promise<{ readonly missing: MissingFile[]; readonly kept: MissingFile[] }> {
  const [missing, kept] = [[] as MissingFile[], [] as MissingFile[]];
  const stateOf = await statesBySize(store, files, sizes);
  const work = repository.isEncrypted ? await store.attachments.workFolder() : undefined;
  const plainPath = () => join(work?.path ?? '', randomBytes(8).toString('hex'));
  try {
    for (let i = 0; i < files.length; i++) {
      const [sha256, bytes] = [files.at(i), sizes[i] as number];
      onProgress?.({ done: i, total: files.length });
      if (repository.hasFile(repository.nameOf(sha256), bytes)) {
        const state = await stateOf(i);
        if (state === 'sound') continue;
        (await repository.isWhole(sha256, bytes)) ? kept.push({ sha256, state }) : missing.push({ sha256, state });
        continue;
      }
      try {
        await repository.putFile(sha256, (to) => store.attachments.copyTo(sha256, to, sha256), plainPath);
      } catch (error) {
        const state = damageOf(error);
        if (!state) throw error;
        missing.push({ sha256, state });
      }
    }
  } finally {
    await work?.remove();
  }
  return { missing, kept };
}

/** Whether the store still has each file, as far as its size shows: by one listing, since a store may have its files far away. */
async function statesBySize(
  { attachments }: Store,
  files: HashList,
  sizes: readonly number[],
): Promise<(index: number) => Promise<'sound' | MissingFile['state']>> {
  const states = new Map<number, 'sound' | 'broken'>();
  for await (const { sha256, bytes } of attachments.list()) {
    const index = files.indexOf(sha256);
    if (index >= 0) states.set(index, bytes === sizes[index] ? 'sound' : 'broken');
  }
  // One that came while the vault was being listed is there.
  return async (index) => states.get(index) ?? (await attachments.check(files.at(index)));
}

function damageOf(error: unknown): MissingFile['state'] | undefined {
  if (!(error instanceof LpxError)) return undefined;
  return error.code === 'LPX_ATTACHMENT_LOST' ? 'lost' : error.code === 'LPX_ATTACHMENT_BROKEN' ? 'broken' : undefined;
}

/** Writes the names of the objects of files, in lists whose boundaries depend on the names alone. */
async function writeLists(repository: Repository, files: HashList, without: ReadonlySet<string>): Promise<string[]> {
  const names = new HashList();
  for (const sha256 of files) if (!without.has(sha256)) names.push(repository.nameOf(sha256));
  const lists: string[] = [];
  let text = '';
  for (const name of names.sorted()) {
    text += `${name}\n`;
    if (Number.parseInt(name.slice(-2), 16) % LIST_NAMES !== 0) continue;
    lists.push(await repository.putText('lists', text));
    text = '';
  }
  if (text !== '') lists.push(await repository.putText('lists', text));
  return lists;
}

/** How many names a list has on average. */
const LIST_NAMES = 64;
