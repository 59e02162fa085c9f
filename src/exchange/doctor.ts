/** Proves that a store is what it should be: database, records, files, log, backups; and says what no backup protects. */
import { lstatSync, statfsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { backupsWithoutErasures } from '../backup/erasure-lists.js';
import { HashList } from '../backup/hash-list.js';
import { hasSnapshot, missingIn } from '../backup/snapshots.js';
import { type Finding, findingOf, LpxError } from '../errors.js';
import { setMode } from '../store/access.js';
import type { Losses } from '../store/health/salvage.js';
import {
  type DamagedRow,
  damagedRows,
  type EngineCheck,
  type EngineFaults,
  NO_PROTECTION,
  type Protection,
  type ProtectionGap,
} from '../store/health/store-health.js';
import type { LogCheck, LogFault } from '../store/history/custody-log.js';
import type { HistoryEntry, Store } from '../store/store.js';
import { keyOfRow } from '../store/table-rows.js';
import { linkedFolders } from '../store/vault/linked-folders.js';
import { fileFindings, namelessFindings } from './doctor/file-findings.js';
import { probeFiles } from './move-probe.js';

export interface DoctorRequest {
  /** A part of all rows and files, such as the first of seven: together the parts are everything. Undefined for all. */
  readonly part?: { readonly number: number; readonly of: number } | undefined;
  /** Whether files are looked for, with their sizes, and not read. */
  readonly quick: boolean;
  /** Whether to repair what can be repaired without inventing anything. */
  readonly repair: boolean;
  readonly now: Date;
  readonly operator: string;
  /** Of a store that cannot be read as a whole: what cannot. Then nothing is repaired. */
  readonly losses?: Losses | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The newest backup that is known to be complete, and when a restore was last tried. */
export interface BackupState {
  readonly at: Date;
  readonly folder: string;
  readonly snapshot: string;
  readonly position: number;
  /** Whether its snapshot is there; undefined where its folder cannot be seen from here. */
  readonly there: boolean | undefined;
  /** When a restore of the repository was last tried. */
  readonly rehearsedAt: Date | undefined;
}

/** What was repaired. */
export interface Repairs {
  readonly modes: number;
  readonly orphans: number;
  /** CRC-32s of files that were noted wrongly. */
  readonly checksums: number;
}

export interface DoctorReport {
  readonly students: number;
  readonly records: number;
  /** Contents that records have or had as files; how many of them were read or looked for in this part. Probes are not among them. */
  readonly files: number;
  readonly bytes: number;
  readonly filesChecked: number;
  /** Files that are lost or broken. */
  readonly filesDamaged: number;
  readonly rowsChecked: number;
  readonly engine: EngineCheck;
  readonly schemaVersion: number;
  readonly log: LogCheck;
  readonly backup: BackupState | undefined;
  /** Undefined where the database is damaged and none of the records that can be read is without protection. */
  readonly gap: ProtectionGap | undefined;
  /** Records that are owed a file. */
  readonly owed: number;
  /** On the disk of the store, in bytes; undefined where it cannot be known. */
  readonly freeBytes: number | undefined;
  readonly findings: readonly Finding[];
  readonly repairs: Repairs | undefined;
  /** The students whose data are damaged or lost, by national id. */
  readonly hurt: readonly string[];
  /** Set when something is damaged or lost. */
  readonly error: LpxError | undefined;
}

const DAY_MS = 86_400_000;
/** A backup is old after so many days, and a rehearsal after so many. */
const BACKUP_DAYS = 2;
const REHEARSAL_DAYS = 35;
/** Less room than this on a disk is little, in bytes. */
const LITTLE_SPACE = 1024 ** 3;
/** A clock may be behind the newest entry by so much, in ms: two computers may share a store. */
const CLOCK_MS = 5 * 60_000;
/** Orphans that are named. */
const ORPHANS_NAMED = 1000;

/** @throws LPX_STORE_DAMAGED where the database cannot be read at all; LPX_TABLES_DAMAGED; LPX_FILE_UNREADABLE */
export async function examineStore(store: Store, request: DoctorRequest): Promise<DoctorReport> {
  const { part, quick, losses, now, onProgress } = request;
  const links = linksOf(store);
  const repair = request.repair && losses === undefined && links.length === 0;
  const inPart = (table: string, key: string) => part === undefined || (crc32(`${table} ${key}`) >>> 0) % part.of === part.number - 1;
  const findings = [...lossFindings(losses), ...links.map((file) => findingOf('LPX_STORE_LINK', 'error', {}, { file }))];
  if (losses === undefined) findings.push(...(await layoutFindings(store)));
  const checkEngine = () => store.health.engine(quick || (part !== undefined && part.number !== 1));
  const engine = losses
    ? await unlessDamaged<EngineFaults>(findings, { by: 'none', faults: [], strays: [] }, checkEngine)
    : await checkEngine();
  for (const detail of engine.faults) findings.push(findingOf('LPX_DATABASE_FAULT', 'error', {}, { detail }));
  for (const { table, parent, count } of engine.strays)
    findings.push(findingOf('LPX_ROWS_STRAY', 'error', {}, { table, lostRows: parent, count }));
  const isUnread = losses !== undefined || engine.faults.length > 0;
  const rows = await examineRows(store, inPart);
  const incomplete = await store.health.incomplete((id) => inPart('students', keyOfRow('students', { id })));
  const known = new Set(rows.damaged.map(({ studentId }) => studentId));
  const gaps = incomplete.filter((studentId) => !known.has(studentId));
  const log = await store.log.verify();
  const places = new Set(log.faults.filter((fault) => !isOfErasures(fault)).map(({ position }) => position));
  // A file that no record names may be of a row that is damaged, or of an entry that an undo would bring back.
  const isWhole = !isUnread && part === undefined && engine.strays.length + rows.damaged.length + gaps.length + places.size === 0;
  const unneeded = isWhole ? (await store.health.unneededFiles()).map(({ sha256 }) => sha256) : [];
  const files = await examineFiles(store, rows.files, { quick, unneeded, inPart: (sha256) => inPart('attachments', sha256), onProgress });
  const loose = looseModes(store, files.present);
  const repairs = repair ? await repairStore(store, request, { ...files, orphans: isWhole ? files.orphans : [], loose }) : undefined;
  const hurt = new Set<string>();
  findings.push(...(await rowFindings(store, [...rows.damaged, ...gaps.map((studentId) => ({ table: 'students' as const, studentId }))])));
  findings.push(...(await unlessDamaged(findings, namelessFindings(store, files.damage), () => fileFindings(store, files.damage))));
  if (!repairs) findings.push(...(await unlessDamaged(findings, [], () => checksumFindings(store, files.crc32s))));
  for (const position of places) findings.push(findingOf('LPX_LOG_FAULT', 'error', {}, { position }));
  findings.push(...erasureFindings(log));
  const probes = await unlessDamaged(findings, new Set<string>(), () => probeFiles(store));
  const probeSizes = [...probes]
    .map((sha256) => rows.files.sizes[rows.files.hashes.indexOf(sha256)])
    .filter((bytes) => bytes !== undefined);
  const counts = await store.health.counts();
  const owed = await unlessDamaged(findings, [], () => owedFindings(store));
  const backup = await unlessDamaged(findings, undefined, () => newestBackup(store));
  const counted = await store.health.unprotected(await unlessDamaged(findings, NO_PROTECTION, () => protectionOf(store)));
  // Those that cannot be read may be in no backup.
  const gap = counted.records === 0 && (isUnread || engine.strays.length > 0) ? undefined : counted;
  const freeBytes = freeSpace(store);
  findings.push(
    ...(repair ? [] : looseFindings(loose)),
    // A file may be of a row that cannot be read.
    ...(losses === undefined && files.orphans.length > (repairs?.orphans ?? 0) ? [orphanFinding(files)] : []),
    ...(await store.health.pendingPackages()).map(({ file }) => findingOf('LPX_PACKAGE_PENDING', 'note', {}, { file })),
    ...(counts.strayPicks > 0 ? [findingOf('LPX_DATABASE_FAULT', 'error', {}, { detail: `picks: ${counts.strayPicks}` })] : []),
    ...(await store.health.strayNames()).map((detail) => findingOf('LPX_DATABASE_FAULT', 'error', {}, { detail })),
    ...owed,
    ...(freeBytes !== undefined && freeBytes < LITTLE_SPACE ? [findingOf('LPX_SPACE_LOW', 'warning', {}, { bytes: freeBytes })] : []),
    ...(await clockFindings(store, now)),
    ...backupFindings(backup, now),
    ...(await unlessDamaged(findings, [], () => backupsWithoutErasures(store))).map((folder) =>
      findingOf('LPX_BACKUP_UNERASED', 'warning', {}, { folder }),
    ),
    ...gapFindings(gap),
  );
  for (const { place, severity } of findings) if (severity === 'error' && place.student) hurt.add(place.student);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return {
    ...counts,
    files: rows.files.hashes.length - probeSizes.length,
    bytes: sumOf(rows.files.sizes) - sumOf(probeSizes),
    filesChecked: files.present.filter((sha256) => !probes.has(sha256)).length,
    filesDamaged: files.damage.size,
    rowsChecked: rows.checked,
    engine: engine.by,
    schemaVersion: await store.health.schemaVersion(),
    log,
    backup,
    gap,
    freeBytes,
    findings,
    repairs,
    hurt: [...hurt].sort(),
    error: errors === 0 ? undefined : unsound(errors, { hurt: hurt.size, isUnread, backup: backup?.folder ?? '' }),
  };
}

interface Extent {
  readonly hurt: number;
  /** Whether something cannot be read that may be a student's. */
  readonly isUnread: boolean;
  /** The folder of the newest backup; empty where none is known. */
  readonly backup: string;
}

function unsound(count: number, { hurt, isUnread, backup }: Extent): LpxError {
  if (hurt > 0) return new LpxError('LPX_STORE_UNSOUND', { count, total: hurt, backup });
  return isUnread ? new LpxError('LPX_STORE_UNSOUND_UNREAD', { count, backup }) : new LpxError('LPX_STORE_UNSOUND_NOBODY', { count });
}

/** @throws LPX_TABLES_DAMAGED where tables or columns are missing: then nothing else can be examined */
async function layoutFindings({ health, folder }: Store): Promise<Finding[]> {
  const { missing, foreign } = await health.misfits();
  if (missing.length > 0) throw new LpxError('LPX_TABLES_DAMAGED', { folder, detail: missing.join('; ') });
  return foreign.map((detail) => findingOf('LPX_DATABASE_FAULT', 'error', {}, { detail }));
}

const isOfErasures = ({ what }: LogFault): boolean => what === 'unlisted' || what === 'listed';

function erasureFindings({ faults }: LogCheck): Finding[] {
  const count = sumOf(faults.filter(isOfErasures).map((fault) => fault.count ?? 1));
  return count === 0 ? [] : [findingOf('LPX_ERASURES_DIFFER', 'error', {}, { count })];
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

const lossFindings = ({ tables, students }: Losses = { tables: [], students: [] }): Finding[] => [
  ...tables.map((table) => findingOf('LPX_TABLE_UNREADABLE', 'error', {}, { table })),
  ...students.map((student) => findingOf('LPX_STUDENT_UNREADABLE', 'error', { student })),
];

/** The contents that the table of files has, in the order of their hashes; of each, how many bytes it has, and its CRC-32. */
interface Files {
  readonly hashes: HashList;
  readonly sizes: number[];
  readonly crc32s: number[];
}

/** In place of a CRC-32 that nobody has counted yet. */
const UNKNOWN = -1;

async function examineRows(store: Store, inPart: (table: string, key: string) => boolean) {
  const files: Files = { hashes: new HashList(), sizes: [], crc32s: [] };
  const damaged: DamagedRow[] = [];
  let checked = 0;
  await store.readRows(async (reader) => {
    const counting = (table: string, key: string) => {
      const isOwn = inPart(table, key);
      if (isOwn) checked++;
      return isOwn;
    };
    const found = damagedRows(reader, counting, (table, { sha256, bytes, crc32, document_sha256, media_sha256 }) => {
      if (table === 'attachments') {
        files.hashes.push(String(sha256));
        files.sizes.push(Number(bytes));
        files.crc32s.push(Number(crc32 ?? UNKNOWN));
      }
      // The files come before the records that name them.
      return [document_sha256, media_sha256].every((named) => typeof named !== 'string' || files.hashes.indexOf(named) >= 0);
    });
    for await (const row of found) damaged.push(row);
  });
  return { files, damaged, checked };
}

interface ExaminedFiles {
  readonly damage: ReadonlyMap<string, 'lost' | 'broken'>;
  /** The right CRC-32 of contents that are whole and of which another one is noted: an export would take them for broken. */
  readonly crc32s: ReadonlyMap<string, number>;
  /** Contents of the vault that no record names: the table of files does not have them, or no record has or had them. */
  readonly orphans: readonly string[];
  readonly orphanBytes: number;
  /** The contents of this part that are there: those that were looked at. */
  readonly present: readonly string[];
}

/** Looks for every file, with its size; reads those of this part to their ends, unless it is to be quick. */
async function examineFiles(
  store: Store,
  { hashes, sizes, crc32s: noted }: Files,
  {
    quick,
    unneeded,
    inPart,
    onProgress,
  }: Pick<DoctorRequest, 'quick' | 'onProgress'> & {
    readonly unneeded: readonly string[];
    readonly inPart: (sha256: string) => boolean;
  },
): Promise<ExaminedFiles> {
  const damage = new Map<string, 'lost' | 'broken'>();
  const crc32s = new Map<string, number>();
  const seen = new Uint8Array(hashes.length);
  const [strangers, strangerSizes] = [[] as string[], new Map<string, number>()];
  for await (const { sha256, bytes } of store.attachments.list()) {
    const at = hashes.indexOf(sha256);
    if (at >= 0) seen[at] = bytes === sizes[at] ? 1 : 2;
    else if (strangers.length < ORPHANS_NAMED) {
      strangers.push(sha256);
      strangerSizes.set(sha256, bytes);
    }
  }
  const present: string[] = [];
  for (let at = 0; at < hashes.length; at++) {
    const sha256 = hashes.at(at);
    onProgress?.(at, hashes.length);
    if (seen[at] === 0) {
      // One that came while the vault was being listed is there.
      const state = await store.attachments.check(sha256);
      if (state !== 'sound') damage.set(sha256, state);
      continue;
    }
    if (seen[at] === 2) damage.set(sha256, 'broken');
    if (!inPart(sha256)) continue;
    present.push(sha256);
    if (quick || damage.has(sha256)) continue;
    let crc = 0;
    const state = await store.attachments.check(sha256, () => {
      crc = 0;
      return (bytes) => {
        crc = crc32(bytes, crc);
      };
    });
    if (state !== 'sound') damage.set(sha256, state);
    else if (noted[at] !== UNKNOWN && noted[at] !== crc) crc32s.set(sha256, crc);
  }
  // What an import has just brought is named by now.
  const named = await store.knownFiles(strangers);
  const orphans = [...strangers.filter((sha256) => !named.has(sha256)), ...unneeded.filter((sha256) => !damage.has(sha256))];
  const orphanBytes = orphans.reduce((sum, sha256) => sum + (strangerSizes.get(sha256) ?? sizes[hashes.indexOf(sha256)] ?? 0), 0);
  return { damage, crc32s, orphans, orphanBytes, present };
}

async function rowFindings(store: Store, damaged: readonly DamagedRow[]): Promise<Finding[]> {
  const ids = damaged.flatMap(({ studentId }) => studentId ?? []);
  const students = await store.health.studentsById(ids);
  return damaged.map(({ table, studentId, ref, list, title }) => {
    const student = studentId === undefined ? undefined : students.get(studentId);
    const place = {
      ...(student && { student: student.nationalId, name: student.name }),
      ...(ref !== undefined && { ref }),
      ...(list !== undefined && { list }),
      ...(title !== undefined && { title }),
    };
    return findingOf('LPX_STORE_DAMAGED', 'error', place, { folder: store.folder, part: table === 'school' ? 'ownSchool' : 'stored' });
  });
}

/** Every student of whose file another CRC-32 is noted than it has. */
const checksumFindings = async (store: Store, crc32s: ReadonlyMap<string, number>): Promise<Finding[]> =>
  crc32s.size === 0
    ? []
    : (await store.fileOwners(new Set(crc32s.keys()))).map(({ place, name }) =>
        findingOf('LPX_CHECKSUM_WRONG', 'error', place, { entry: name }),
      );

const owedFindings = async (store: Store): Promise<Finding[]> =>
  (await store.owedFiles()).map(({ place, name, why }) =>
    findingOf('LPX_FILE_OWED', 'warning', place, { file: name, owedWhy: why, owedNext: 'none' }),
  );

/** What `look` finds. Where a row is damaged that it has to read, that is a finding, unless it is known already. */
async function unlessDamaged<T>(findings: Finding[], otherwise: T, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof LpxError) || error.code !== 'LPX_STORE_DAMAGED') throw error;
    const { place, facts } = error;
    const isKnown = findings.some(({ code }) => code === 'LPX_STORE_DAMAGED' || code === 'LPX_LOG_FAULT');
    if (!isKnown) findings.push(findingOf('LPX_STORE_DAMAGED', 'error', place, facts as { folder: string; part: string }));
    return otherwise;
  }
}

interface LooseMode {
  readonly path: string;
  readonly mode: number;
  /** What it should be at most. */
  readonly allowed: number;
}

/** What others may read or write, of a store on this computer. Windows has no modes. */
function looseModes(store: Store, present: readonly string[]): LooseMode[] {
  if (process.platform === 'win32') return [];
  const { access } = store.attachments;
  const files = present.map((sha256) => store.attachments.locationOf(sha256)).filter((path) => isAbsolute(path));
  const shelves = [...new Set(files.flatMap((file) => [dirname(file), dirname(dirname(file))]))];
  const own = isAbsolute(store.folder) ? ['lpx.sqlite', 'lpx.sqlite-wal', 'lpx.sqlite-shm'].map((name) => join(store.folder, name)) : [];
  const places = [
    ...(isAbsolute(store.folder) ? [{ path: store.folder, allowed: access.folder }] : []),
    ...shelves.map((path) => ({ path, allowed: access.folder })),
    ...[...own, ...files].map((path) => ({ path, allowed: access.file })),
  ];
  return places.flatMap(({ path, allowed }) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found && !found.isSymbolicLink() && (found.mode & 0o777 & ~allowed) !== 0 ? [{ path, mode: found.mode & 0o777, allowed }] : [];
  });
}

function looseFindings(loose: readonly LooseMode[]): Finding[] {
  const [first] = loose;
  if (!first) return [];
  const finding = findingOf('LPX_MODE_LOOSE', 'warning', {}, { file: first.path, mode: first.mode.toString(8) });
  return [loose.length === 1 ? finding : ({ ...finding, more: loose.length - 1 } as Finding)];
}

const orphanFinding = ({ orphans, orphanBytes }: ExaminedFiles): Finding =>
  findingOf('LPX_ORPHANS', 'warning', {}, { count: orphans.length, bytes: orphanBytes });

/** Repairs modes and checksums, and moves contents that no record names out of the vault. */
async function repairStore(
  store: Store,
  { now, operator }: DoctorRequest,
  { loose, orphans, crc32s }: Pick<ExaminedFiles, 'orphans' | 'crc32s'> & { readonly loose: readonly LooseMode[] },
): Promise<Repairs> {
  for (const { path, allowed } of loose) setMode(path, allowed);
  const modes = loose.filter(({ path, allowed }) => (lstatSync(path).mode & 0o777 & ~allowed) === 0).length;
  let moved = 0;
  const checksums = crc32s.size;
  if (modes + checksums + orphans.length === 0) return { modes, orphans: moved, checksums };
  // Their rows first: a file without a row is found again where this is cut short, and a row without its file would be called a loss.
  await store.change(async (change) => ({ keep: true, result: await change.dropUnneeded(orphans) }));
  await store.change(async (change) => {
    // Nobody else writes meanwhile: what is not named now is nobody's.
    const named = await change.knownFiles(orphans);
    for (const sha256 of orphans.filter((hash) => !named.has(hash))) if (await store.attachments.setAside(sha256)) moved++;
    await change.setCrc32s(crc32s);
    if (modes + moved + checksums > 0)
      await change.addHistory({ kind: 'repair', at: now, operator, file: '', bytes: 0, details: { modes, orphans: moved, checksums } });
    return { keep: modes + moved + checksums > 0, result: undefined };
  });
  return { modes, orphans: moved, checksums };
}

/** Folders on this computer that links stand for. */
function linksOf({ folder, attachments: { location } }: Store): string[] {
  const places = new Set([folder, dirname(location)].filter((place) => isAbsolute(place)));
  return [...places].flatMap(linkedFolders);
}

function freeSpace(store: Store): number | undefined {
  const place = isAbsolute(store.folder) ? store.folder : dirname(dirname(store.attachments.locationOf('0'.repeat(64))));
  if (!isAbsolute(place)) return undefined;
  try {
    const { bavail, bsize } = statfsSync(place);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** In Taiwan's time: `2021-01-22 10:30`. */
const localMinute = (time: Date): string => new Date(time.getTime() + TAIWAN_MS).toISOString().slice(0, 16).replace('T', ' ');
const TAIWAN_MS = 8 * 3_600_000;

async function clockFindings(store: Store, now: Date): Promise<Finding[]> {
  const newest = await store.health.newestEntryAt();
  if (!newest || newest.getTime() <= now.getTime() + CLOCK_MS) return [];
  return [findingOf('LPX_CLOCK_BEHIND', 'warning', {}, { at: localMinute(newest) })];
}

/** The newest complete backup: one whose snapshot is there, as far as that can be seen. */
export async function newestBackup(store: Store): Promise<BackupState | undefined> {
  const entries = await store.history({ kinds: ['backup', 'rehearsal', 'restore'] });
  const rehearsals = new Map<string, Date>();
  for (const entry of entries)
    if (entry.kind === 'rehearsal' && !rehearsals.has(entry.details.repository)) rehearsals.set(entry.details.repository, entry.at);
  const states = entries.filter(isBackup).map(({ kind, at, folder = '', details }): BackupState => {
    const { snapshot, position, repository } = details;
    return {
      at,
      folder,
      snapshot,
      position,
      there: hasSnapshot(folder, snapshot),
      rehearsedAt: kind === 'restore' ? undefined : rehearsals.get(repository),
    };
  });
  return states.find(({ there }) => there !== false) ?? states[0];
}

/** The newest backup of which it can be known, as far as can be seen, which files it does not have. */
async function protectionOf(store: Store): Promise<Protection> {
  let newest: Omit<Protection, 'wholeUntil'> | undefined;
  for (const entry of (await store.history({ kinds: ['backup', 'restore'] })).filter(isBackup)) {
    const { kind, folder = '', details } = entry;
    const { snapshot, position } = details;
    if (hasSnapshot(folder, snapshot) === false) continue;
    if (kind === 'backup' && details.missing === 0) return { ...(newest ?? { position, missing: [] }), wholeUntil: position };
    if (newest) continue;
    // What a restored store lacks, its own examination says.
    const missing = (await missingIn(folder, snapshot)) ?? (kind === 'restore' ? [] : undefined);
    if (missing) newest = { position, missing };
  }
  return { ...(newest ?? NO_PROTECTION), wholeUntil: 0 };
}

type BackupEntry = Extract<HistoryEntry, { kind: 'backup' | 'restore' }>;

const isBackup = (entry: HistoryEntry): entry is BackupEntry => entry.kind === 'backup' || entry.kind === 'restore';

function backupFindings(backup: BackupState | undefined, now: Date): Finding[] {
  if (!backup) return [findingOf('LPX_BACKUP_NONE', 'warning', {})];
  const { at, folder, there, rehearsedAt } = backup;
  const daysSince = (then: Date) => Math.floor((now.getTime() - then.getTime()) / DAY_MS);
  return [
    ...(there === false ? [findingOf('LPX_BACKUP_GONE', 'warning', {}, { folder })] : []),
    ...(there === undefined ? [findingOf('LPX_BACKUP_AWAY', 'note', {}, { folder })] : []),
    ...(daysSince(at) > BACKUP_DAYS ? [findingOf('LPX_BACKUP_OLD', 'warning', {}, { count: daysSince(at) })] : []),
    ...(rehearsedAt === undefined ? [findingOf('LPX_REHEARSAL_NONE', 'note', {}, { folder })] : []),
    ...(rehearsedAt && daysSince(rehearsedAt) > REHEARSAL_DAYS ? [findingOf('LPX_REHEARSAL_DUE', 'note', {}, { folder })] : []),
  ];
}

const gapFindings = ({ records, since }: ProtectionGap = { records: 0, takenOut: 0, since: undefined }): Finding[] =>
  records === 0 ? [] : [findingOf('LPX_UNPROTECTED', 'warning', {}, { count: records, at: since ? localMinute(since).slice(0, 10) : '' })];
