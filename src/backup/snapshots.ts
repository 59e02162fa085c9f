/** Snapshots: what a store was at one moment, by the names of objects. A snapshot's own name ends with the beginning of its SHA-256. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LpxError } from '../errors.js';
import { readSmall } from '../io/read.js';
import type { LogHead } from '../store/history/custody-log.js';
import { SCHEMA_VERSION } from '../store/migrations.js';
import { isRowTable, type RowTable, rowTablesOf, type TableDigest } from '../store/table-rows.js';
import { parsedJson } from './config.js';
import { plainSize, sha256Of } from './object-files.js';
import { CHUNK_LIMIT, Repository, requireName } from './repository.js';

const FORMAT_VERSION = 1;
/** `20261126T073000Z-` and 16 hex digits. */
const NAME = /^(\d{8}T\d{6}Z)-([0-9a-f]{16})\.json$/;
/** A snapshot of ten million records is a few megabytes. */
const LIMIT = 256 * 1024 * 1024;

/** A chunk of rows: its object, its rows, and its bytes unpacked. */
export type Chunk = readonly [name: string, rows: number, bytes: number];

export interface SnapshotTable extends TableDigest {
  readonly table: RowTable;
  readonly chunks: readonly Chunk[];
}

/** A file of a record that the store did not have when it was backed up, or not whole, and that the repository does not have either. */
export interface MissingFile {
  readonly sha256: string;
  readonly state: 'lost' | 'broken';
}

/** What a snapshot is of. Encrypted where the repository is. */
export interface Manifest {
  readonly school: { readonly code: string; readonly name: string };
  readonly schemaVersion: number;
  readonly head: LogHead;
  /** Records that are there, of both provenances. */
  readonly records: number;
  readonly tables: readonly SnapshotTable[];
  readonly files: { readonly count: number; readonly bytes: number; readonly missing: readonly MissingFile[] };
}

/** How many files a snapshot has, without those that were missing. */
export const heldFiles = ({ files }: Manifest): number => files.count - files.missing.length;

/** What anybody can read of a snapshot: when, and which objects it needs. */
export interface Snapshot {
  /** Its file's name, without `.json`. */
  readonly name: string;
  readonly at: Date;
  /** Which store it is of, as a hash: snapshots of one store have the same. */
  readonly store: string;
  readonly rows: readonly string[];
  readonly lists: readonly string[];
}

interface SnapshotFile {
  readonly format: 'lpx-snapshot';
  readonly version: number;
  readonly repository: string;
  readonly at: string;
  readonly store: string;
  readonly lists: readonly string[];
  /** In place of the manifest where the repository is encrypted: the objects of rows, and the manifest for who has an identity. */
  readonly rows?: readonly string[];
  readonly sealed?: string;
  readonly mac?: string;
  readonly manifest?: Manifest;
}

/** A snapshot as a file. */
export async function snapshotFile(
  repository: Repository,
  {
    at,
    store,
    lists,
    manifest,
  }: { readonly at: Date; readonly store: string; readonly lists: readonly string[]; readonly manifest: Manifest },
): Promise<{ readonly name: string; readonly content: string }> {
  const rows = manifest.tables.flatMap(({ chunks }) => chunks.map(([name]) => name));
  const open = { format: 'lpx-snapshot' as const, version: FORMAT_VERSION, repository: repository.id, at: at.toISOString(), store, lists };
  const file: SnapshotFile = repository.isEncrypted
    ? { ...open, rows, ...(await sealedManifest(repository, open, rows, manifest)) }
    : { ...open, manifest };
  const content = `${JSON.stringify(file)}\n`;
  return { name: `${stampOf(at)}-${sha256Of(Buffer.from(content)).slice(0, 16)}`, content };
}

/** `20261126T073000Z` */
const stampOf = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '');

async function sealedManifest(
  repository: Repository,
  open: Pick<SnapshotFile, 'repository' | 'at' | 'store' | 'lists'>,
  rows: readonly string[],
  manifest: Manifest,
) {
  const sealed = await repository.seal(JSON.stringify(manifest));
  return { sealed, mac: repository.macOf(macInput(open, rows, sealed)) };
}

const macInput = (
  { repository, at, store, lists }: Pick<SnapshotFile, 'repository' | 'at' | 'store' | 'lists'>,
  rows: readonly string[],
  sealed: string,
) => JSON.stringify([repository, at, store, lists, rows, sha256Of(Buffer.from(sealed))]);

/** The names of the snapshots, the newest first. */
export async function snapshotNames({ folder }: Repository): Promise<string[]> {
  const names = await readdir(join(folder, 'snapshots')).catch(() => []);
  return names
    .filter((name) => NAME.test(name))
    .map((name) => name.slice(0, -'.json'.length))
    .sort()
    .reverse();
}

/** The objects that a list names. @throws LPX_BACKUP_DAMAGED */
export async function namesInList(repository: Repository, list: string): Promise<string[]> {
  const lines = (await repository.readText('lists', list)).split('\n');
  return lines.filter((name) => name !== '').map((name) => requireName(name, repository.pathOf('lists', list)));
}

export const snapshotPath = ({ folder }: Repository, name: string): string => join(folder, 'snapshots', `${name}.json`);

/** Whether a snapshot is there, as far as a look into the folder shows; undefined where there is no repository to be seen. */
export function hasSnapshot(folder: string, name: string): boolean | undefined {
  const isThere = (path: string) => plainSize(path) !== undefined;
  try {
    if (!isThere(join(folder, 'lpx-backup.json'))) return undefined;
    return NAME.test(`${name}.json`) && isThere(join(folder, 'snapshots', `${name}.json`));
  } catch {
    return undefined;
  }
}

/** The files that a snapshot does not have, by SHA-256; undefined where it cannot be read, or not without an identity. */
export async function missingIn(folder: string, name: string): Promise<readonly string[] | undefined> {
  try {
    const { manifest } = await readManifest(await Repository.open({ folder }), name);
    return manifest.files.missing.map(({ sha256 }) => sha256);
  } catch (error) {
    if (error instanceof LpxError) return undefined;
    throw error;
  }
}

async function readSnapshotFile(repository: Repository, name: string): Promise<SnapshotFile> {
  const file = snapshotPath(repository, name);
  const damaged = () => new LpxError('LPX_BACKUP_DAMAGED', { file });
  const [, stamp, hash] = NAME.exec(`${name}.json`) ?? [];
  if (hash === undefined || plainSize(file) === undefined) throw damaged();
  const content = await readSmall(file, LIMIT, 'file');
  if (!sha256Of(content).startsWith(hash)) throw damaged();
  const parsed = parsedJson(content.toString('utf8'), file) as Partial<SnapshotFile>;
  if (parsed.format !== 'lpx-snapshot' || parsed.repository !== repository.id) throw damaged();
  if (typeof parsed.version !== 'number') throw damaged();
  if (parsed.version > FORMAT_VERSION) throw new LpxError('LPX_BACKUP_NEWER', { folder: repository.folder });
  const isSound =
    typeof parsed.at === 'string' &&
    !Number.isNaN(Date.parse(parsed.at)) &&
    stampOf(new Date(parsed.at)) === stamp &&
    typeof parsed.store === 'string' &&
    Array.isArray(parsed.lists) &&
    (repository.isEncrypted ? Array.isArray(parsed.rows) && typeof parsed.sealed === 'string' : isManifest(parsed.manifest));
  if (!isSound) throw damaged();
  return parsed as SnapshotFile;
}

/** The newest snapshot of each store, the newest first. Those that are damaged, or of a newer lpx, are passed over. */
export async function newestOfEachStore(repository: Repository): Promise<Snapshot[]> {
  const newest = new Map<string, Snapshot>();
  for (const name of await snapshotNames(repository))
    try {
      const snapshot = await readSnapshot(repository, name);
      if (!newest.has(snapshot.store)) newest.set(snapshot.store, snapshot);
    } catch (error) {
      if (!(error instanceof LpxError)) throw error;
    }
  return [...newest.values()];
}

/** What anybody can read of a snapshot. @throws LPX_BACKUP_DAMAGED, LPX_BACKUP_NEWER */
export async function readSnapshot(repository: Repository, name: string): Promise<Snapshot> {
  return snapshotOf(repository, name, await readSnapshotFile(repository, name));
}

function snapshotOf(repository: Repository, name: string, file: SnapshotFile): Snapshot {
  const names = (list: readonly unknown[]) => list.map((item) => requireName(item, snapshotPath(repository, name)));
  const rows = file.rows ?? file.manifest?.tables.flatMap(({ chunks }) => chunks.map(([chunk]) => chunk)) ?? [];
  return { name, at: new Date(file.at), store: file.store, rows: names(rows), lists: names(file.lists) };
}

/** A snapshot with what it is of. @throws LPX_BACKUP_DAMAGED, LPX_BACKUP_NEWER; LPX_BACKUP_IDENTITY, LPX_RECIPIENT_OTHER */
export async function readManifest(repository: Repository, name: string): Promise<Snapshot & { readonly manifest: Manifest }> {
  const file = await readSnapshotFile(repository, name);
  const path = snapshotPath(repository, name);
  const manifest = repository.isEncrypted ? parsedJson(await repository.unseal(file.sealed ?? '', path), path) : file.manifest;
  if (!isManifest(manifest)) throw new LpxError('LPX_BACKUP_DAMAGED', { file: path });
  return { ...provenSnapshot(repository, name, file), manifest };
}

/**
 * A snapshot of a repository of which the key is known, with its manifest where that can be read without an identity. Of an encrypted one,
 * it is certain that who made it had the key. @throws LPX_BACKUP_DAMAGED, LPX_BACKUP_NEWER; LPX_BACKUP_KEY
 */
export async function readProven(repository: Repository, name: string): Promise<Snapshot & { readonly manifest: Manifest | undefined }> {
  const file = await readSnapshotFile(repository, name);
  return { ...provenSnapshot(repository, name, file), manifest: repository.isEncrypted ? undefined : file.manifest };
}

function provenSnapshot(repository: Repository, name: string, file: SnapshotFile): Snapshot {
  const snapshot = snapshotOf(repository, name, file);
  const isProven = !repository.isEncrypted || file.mac === repository.macOf(macInput(file, snapshot.rows, file.sealed ?? ''));
  if (!isProven) throw new LpxError('LPX_BACKUP_DAMAGED', { file: snapshotPath(repository, name) });
  return snapshot;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether something that may be anybody's has the form of a manifest. */
function isManifest(value: unknown): value is Manifest {
  const manifest = value as Manifest | undefined;
  return (
    typeof manifest === 'object' &&
    manifest !== null &&
    typeof manifest.school?.code === 'string' &&
    typeof manifest.school.name === 'string' &&
    isCount(manifest.schemaVersion) &&
    isCount(manifest.head?.position) &&
    typeof manifest.head.hash === 'string' &&
    isCount(manifest.records) &&
    isCount(manifest.files?.count) &&
    isCount(manifest.files.bytes) &&
    Array.isArray(manifest.files.missing) &&
    manifest.files.missing.every(({ sha256, state }) => /^[0-9a-f]{64}$/.test(sha256) && (state === 'lost' || state === 'broken')) &&
    Array.isArray(manifest.tables) &&
    manifest.tables.every(isTable) &&
    (manifest.schemaVersion > SCHEMA_VERSION || areTablesOf(manifest))
  );
}

/** Whether a snapshot has every table of its version, in the order in which rows go into a store, and one school. */
function areTablesOf({ schemaVersion, tables }: Manifest): boolean {
  const expected = rowTablesOf(schemaVersion);
  return (
    tables.length === expected.length &&
    tables.every(({ table }, i) => table === expected[i]) &&
    tables.every(({ table, rows }) => table !== 'school' || rows === 1)
  );
}

const isTable = (table: SnapshotTable | null): boolean =>
  typeof table?.table === 'string' &&
  isRowTable(table.table) &&
  isCount(table.rows) &&
  typeof table.sha256 === 'string' &&
  Array.isArray(table.chunks) &&
  table.chunks.every(
    (chunk) =>
      Array.isArray(chunk) &&
      /^[0-9a-f]{64}$/.test(String(chunk[0])) &&
      isCount(chunk[1]) &&
      isCount(chunk[2]) &&
      (chunk[2] as number) <= CHUNK_LIMIT,
  );
