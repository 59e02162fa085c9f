/** Proves that a store is what it should be: database, records, files, log, backups; and says what no backup protects. */
import { statfsSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { crc32 } from 'node:zlib';
import { backupsWithoutErasures } from '../backup/erasure-lists.js';
import { type Finding, findingOf, LpxError } from '../errors.js';
import { taipeiTime } from '../spec/terms.js';
import type { Losses } from '../store/health/salvage.js';
import { type DamagedRow, type EngineCheck, type EngineFaults, NO_PROTECTION, type ProtectionGap } from '../store/health/store-health.js';
import type { LogCheck, LogFault } from '../store/history/custody-log.js';
import type { Store } from '../store/store.js';
import { keyOfRow } from '../store/table-rows.js';
import { linkedFolders } from '../store/vault/linked-folders.js';
import { fileFindings, namelessFindings } from './doctor/file-findings.js';
import { looseFindings, looseModes } from './doctor/loose-modes.js';
import { type BackupState, backupFindings, gapFindings, newestBackup, protectionOf } from './doctor/protection.js';
import { type Repairs, repairStore } from './doctor/repairs.js';
import { type ExaminedFiles, examineFiles, examineRows } from './doctor/rows-and-files.js';
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

/** Less room than this on a disk is little, in bytes. */
const LITTLE_SPACE = 1024 ** 3;
/** A clock may be behind the newest entry by so much, in ms: two computers may share a store. */
const CLOCK_MS = 5 * 60_000;

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
    ...((await store.erasures.isOverwritten()) ? [] : [findingOf('LPX_ERASE_OPEN', 'warning', {})]),
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

const orphanFinding = ({ orphans, orphanBytes }: ExaminedFiles): Finding =>
  findingOf('LPX_ORPHANS', 'warning', {}, { count: orphans.length, bytes: orphanBytes });

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

async function clockFindings(store: Store, now: Date): Promise<Finding[]> {
  const newest = await store.health.newestEntryAt();
  if (!newest || newest.getTime() <= now.getTime() + CLOCK_MS) return [];
  return [findingOf('LPX_CLOCK_BEHIND', 'warning', {}, { at: taipeiTime(newest).slice(0, 16) })];
}
