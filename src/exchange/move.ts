/**
 * Takes a living store to another place: rows and files are copied while nobody else can write, counted and hashed on both sides. The
 * new store stays closed until the old one says that it has moved; the old one keeps everything, and is closed from then on. Whatever
 * ends the process meanwhile, one of the two is the store, and the same command does the rest.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { type Finding, LpxError } from '../errors.js';
import { knownError } from '../io/file-error.js';
import type { LogHead } from '../store/history/custody-log.js';
import { type StoreLocation, shownLocation } from '../store/location.js';
import type { Moved } from '../store/moving.js';
import { createStoreOfRows, openStore } from '../store/open.js';
import type { HistoryEntry, School, Store, StoreChange } from '../store/store.js';
import {
  lineOfRow,
  ROW_TABLES,
  type Row,
  type RowReader,
  type RowTable,
  type RowWriter,
  TableCount,
  type TableDigest,
} from '../store/table-rows.js';
import { Files, intoFolder, type OnProgress, removeStore, requireEmpty, writeFiles } from './new-store.js';
import { withStore } from './school-store.js';

export interface MoveRequest {
  readonly from: StoreLocation;
  /** A folder that is missing or empty; or a database that has no store of the school. */
  readonly to: StoreLocation;
  /** Where the files go, as for a new store. */
  readonly attachments?: string | undefined;
  /** Count only, and look whether it could be moved. */
  readonly dryRun: boolean;
  readonly now: Date;
  readonly operator: string;
  readonly onProgress?: OnProgress | undefined;
}

export interface MovedTable extends TableDigest {
  readonly table: RowTable;
}

export interface MoveResult {
  readonly school: School;
  readonly dryRun: boolean;
  /** Whether an earlier run had done all but the last step. */
  readonly resumed: boolean;
  /** Empty of a dry run, and where an earlier run compared them. */
  readonly tables: readonly MovedTable[];
  readonly records: number;
  readonly files: number;
  /** Of these files; undefined where an earlier run copied them. */
  readonly bytes: number | undefined;
  /** Files that the old store did not have whole, by SHA-256. */
  readonly missing: readonly string[];
  /** How many those are. */
  readonly missingCount: number;
  /** Where the files are now; empty of a dry run. */
  readonly attachments: string;
}

/**
 * Moves a store.
 * @throws LPX_STORE_MOVED when it was moved before; LPX_MOVE_UNOPENED when only the last step is left, for the same call to do;
 *   LPX_MOVE_OPEN while packages or batches are under way; LPX_RESTORE_TARGET, LPX_STORE_EXISTS; LPX_MOVE_UNFINISHED where
 *   another store, or a copy of this one, has begun to move to the new place; LPX_MOVE_SCHOOL where the new address names another school; LPX_MOVE_DIFFERS; what `openStore` and `createStore` throw. Then the old store is as it was.
 */
export function moveStore(request: MoveRequest): Promise<MoveResult> {
  return withStore(request.from, (source) => moveFrom(source, request), { evenMoved: true });
}

async function moveFrom(source: Store, request: MoveRequest): Promise<MoveResult> {
  const moved = await source.moved();
  if (moved) return await openUp(source, moved, request);
  // Before others have to wait.
  if (typeof request.to === 'string') await isBegun(request.to, await source.moveKeys.of(source.folder));
  if (request.dryRun) return await source.change(async (change) => ({ keep: false, result: await countOnly(source, change) }));
  const [key, backupKeys, begunBackups] = [await keyOf(source), await source.backupKeys.all(), await source.begunBackups.all()];
  const opened: Store[] = [];
  try {
    const result = await source.change(async (change) => {
      await requireQuiet(source, change);
      const { store, copied, missing } = await makeTarget({ source, change, key, backupKeys, begunBackups }, request);
      opened.push(store);
      const summary = summaryOf(source, copied, missing);
      // Written where the last step is: where that has no room, the old store is not marked.
      await noteMove(store, { ...summary, position: copied.head.position }, request);
      await change.markMoved({ to: shownLocation(request.to), key });
      return { keep: true, result: { ...summary, attachments: store.attachments.location } };
    });
    for (const store of opened) await publish(store, source.folder);
    return result;
  } finally {
    for (const store of opened) await store.close();
  }
}

const noteMove = (
  store: Store,
  { records, files, missingCount, position }: Pick<MoveResult, 'records' | 'files' | 'missingCount'> & { readonly position: number },
  { now, operator, from }: MoveRequest,
): Promise<void> =>
  store.change(async (change) => {
    const details = { records, files, missing: missingCount, position };
    await change.addHistory({ kind: 'move', at: now, operator, file: '', bytes: 0, folder: shownLocation(from), details });
    return { keep: true, result: undefined };
  });

/** The last step: the old store is closed already. @throws LPX_MOVE_UNOPENED */
const publish = (store: Store, from: string): Promise<void> =>
  store.publish().catch((error) => {
    throw unopened(error, from, store.folder);
  });

function unopened(error: unknown, folder: string, to: string): LpxError {
  const { code, place, facts } = knownError(error);
  const why = { code, severity: 'warning', place, facts } as Finding;
  return new LpxError('LPX_MOVE_UNOPENED', { folder, to }, { cause: error, findings: [why] });
}

/**
 * By which an unfinished new store knows the one that it is made of. A copy of that one has another key: it may lack what the new store
 * alone has by now. No backup has the key in it; a copy of the folder does, under the name of the folder that it was copied from.
 */
async function keyOf({ folder, moveKeys }: Store): Promise<string> {
  const known = await moveKeys.of(folder);
  if (known !== undefined) return known;
  const key = randomUUID();
  await moveKeys.keep(folder, key);
  return key;
}

/**
 * Does the last step of a move that was cut short after the old store was marked.
 * @throws LPX_STORE_MOVED when nothing is left to do; LPX_MOVE_UNOPENED
 */
async function openUp(source: Store, { to, key }: Moved, { to: named, dryRun }: MoveRequest): Promise<MoveResult> {
  const finished = new LpxError('LPX_STORE_MOVED', { folder: source.folder, to });
  if (shownLocation(named) !== to || dryRun) throw finished;
  const target = await openStore(named, { madeBy: key, evenMoved: true }).catch((error) => {
    throw unopened(error, source.folder, to);
  });
  try {
    if (!(await target.isUnpublished())) throw finished;
    const entry = (await target.history({ kinds: ['move'], limit: 1 })).find(isMove);
    await publish(target, source.folder);
    const { records = 0, files = 0, missing = 0 } = entry?.details ?? {};
    const { school, attachments } = target;
    return {
      ...{ school, dryRun, resumed: true, tables: [], records, files, bytes: undefined, missing: [], missingCount: missing },
      attachments: attachments.location,
    };
  } finally {
    await target.close();
  }
}

const isMove = (entry: HistoryEntry): entry is Extract<HistoryEntry, { kind: 'move' }> => entry.kind === 'move';

/** @throws LPX_MOVE_OPEN */
async function requireQuiet({ presence, folder }: Store, change: StoreChange): Promise<void> {
  const [name] = await change.openPackages();
  if (name !== undefined) throw new LpxError('LPX_MOVE_OPEN', { folder, what: name });
  const jobs = await change.openJobs();
  if (jobs > 0) throw new LpxError('LPX_MOVE_OPEN', { folder, what: `--queue (${jobs})` });
  // A batch whose process has died moves too, and can be resumed in the new store.
  for (const { at, work } of await change.openBatches())
    if (await presence.isAlive(work)) throw new LpxError('LPX_MOVE_OPEN', { folder, what: `batch ${at}` });
}

async function countOnly(source: Store, change: StoreChange): Promise<MoveResult> {
  await requireQuiet(source, change);
  const copied = await copyRows(change.rows, undefined);
  return { ...summaryOf(source, copied, []), dryRun: true, tables: [], attachments: '' };
}

/** What is moved. Within the change, the old store itself cannot be asked: on PostgreSQL both would wait for the same connection. */
interface Moving {
  readonly source: Store;
  readonly change: StoreChange;
  readonly key: string;
  readonly backupKeys: ReadonlyMap<string, string>;
  readonly begunBackups: ReadonlyMap<string, string>;
}

interface Made {
  readonly store: Store;
  readonly copied: Copied;
  /** Files that the old store does not have whole, by SHA-256. */
  readonly missing: readonly string[];
}

/** Makes the new store, which nobody can open yet. */
async function makeTarget(moving: Moving, request: MoveRequest): Promise<Made> {
  const { to } = request;
  const { key } = moving;
  if (typeof to !== 'string') {
    const { code } = moving.source.school;
    if (to.school !== '' && to.school !== code) throw new LpxError('LPX_MOVE_SCHOOL', { code, other: to.school });
    return makeAt({ ...to, school: code }, moving, request);
  }
  if (await isBegun(to, key)) await removeStore(to);
  const made = await intoFolder(to, async (folder) => {
    const { store, ...rest } = await makeAt(folder, moving, request);
    await store.close();
    return rest;
  });
  return { ...made, store: await openStore(to, { madeBy: key }) };
}

/**
 * Whether a folder has what an earlier run of the same move left: the old store says that it did not move.
 * @param key undefined for a store that never began to move
 * @throws LPX_MOVE_UNFINISHED where another store has begun to move there, a copy of this one too; LPX_RESTORE_TARGET, LPX_STORE_EXISTS for
 *   anything else in it; as `openStore`
 */
async function isBegun(folder: string, key: string | undefined): Promise<boolean> {
  const left = await openStore(folder, { madeBy: key, evenMoved: true, toRead: true }).catch((error) => {
    if (error instanceof LpxError && error.code === 'LPX_STORE_NOT_FOUND') return undefined;
    throw error;
  });
  if (!left) await requireEmpty(folder);
  const isOwn = await left?.isUnpublished();
  await left?.close();
  if (isOwn === false) throw new LpxError('LPX_STORE_EXISTS', { folder });
  return isOwn === true;
}

async function makeAt(location: StoreLocation, moving: Moving, request: MoveRequest): Promise<Made> {
  const { source, change, key, backupKeys, begunBackups } = moving;
  const { attachments, onProgress } = request;
  const [school, schemaVersion] = [source.school, await change.rows.schemaVersion()];
  let copied: Copied | undefined;
  const store = await createStoreOfRows(location, { school, schemaVersion, attachments, madeBy: key }, async (writer) => {
    copied = await copyRows(change.rows, writer);
  });
  try {
    const rows = copied as Copied;
    await compareRows(store, rows.tables);
    const missing = await copyFiles(source, store, rows.files, onProgress);
    for (const [repository, value] of backupKeys) await store.backupKeys.keep(repository, value);
    for (const [place, repository] of begunBackups) await store.begunBackups.keep(place, repository);
    return { store, copied: rows, missing };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What the rows of the old store are, and say. */
interface Copied {
  readonly tables: readonly MovedTable[];
  readonly head: LogHead;
  readonly records: number;
  readonly files: Files;
}

const summaryOf = ({ school }: Store, { tables, records, files }: Copied, missing: readonly string[]): Omit<MoveResult, 'attachments'> => ({
  ...{ school, dryRun: false, resumed: false, tables, records, missing, missingCount: missing.length },
  files: files.hashes.length - missing.length,
  bytes: files.bytes,
});

/** @param writer undefined to count them alone */
async function copyRows(reader: RowReader, writer: RowWriter | undefined): Promise<Copied> {
  const files = new Files();
  let [records, head] = [0, { position: 0, hash: '' }];
  const countRecord = ({ removed_by }: Row) => {
    if (removed_by === null) records++;
  };
  const seen: Partial<Record<RowTable, (row: Row) => void>> = {
    history: ({ position, hash }) => {
      if (typeof position === 'number' && position > head.position) head = { position, hash: String(hash) };
    },
    own_records: countRecord,
    received_records: countRecord,
    attachments: ({ sha256, bytes }) => files.add(String(sha256), Number(bytes)),
  };
  const tables: MovedTable[] = [];
  for (const table of ROW_TABLES) {
    const count = new TableCount();
    for await (const page of reader.rows(table)) {
      for (const row of page) {
        count.add(lineOfRow(row));
        seen[table]?.(row);
      }
      await writer?.insert(table, page);
    }
    tables.push({ table, ...count.digest() });
  }
  return { tables, head, records, files };
}

/** @throws LPX_MOVE_DIFFERS */
async function compareRows(store: Store, tables: readonly MovedTable[]): Promise<void> {
  const digests = await store.readRows((rows) => rows.digests());
  for (const { table, rows, sha256 } of tables)
    if (digests[table].rows !== rows || digests[table].sha256 !== sha256)
      throw new LpxError('LPX_MOVE_DIFFERS', { folder: store.folder, what: table });
}

/**
 * Copies the files, and reads each where it is then. @returns the SHA-256 of those that the old store does not have whole
 * @throws LPX_MOVE_DIFFERS
 */
async function copyFiles(source: Store, store: Store, files: Files, onProgress?: OnProgress): Promise<string[]> {
  const missing: string[] = [];
  await writeFiles(files, {
    vault: store.attachments,
    copy: async (sha256, _bytes, to) => {
      try {
        await source.attachments.copyTo(sha256, to, sha256);
        return true;
      } catch (error) {
        if (!isDamage(error)) throw error;
        await rm(to, { force: true });
        missing.push(sha256);
        return false;
      }
    },
    within: (work) =>
      store.change(async () => {
        await work();
        return { keep: true, result: undefined };
      }),
    onProgress,
  });
  const without = new Set(missing);
  for (const sha256 of files.hashes)
    if (!without.has(sha256) && (await store.attachments.check(sha256)) !== 'sound')
      throw new LpxError('LPX_MOVE_DIFFERS', { folder: store.folder, what: store.attachments.locationOf(sha256) });
  return missing;
}

const isDamage = (error: unknown): boolean =>
  error instanceof LpxError && (error.code === 'LPX_ATTACHMENT_LOST' || error.code === 'LPX_ATTACHMENT_BROKEN');
