/** Which backups a store has, and what they do not protect. */
import { hasSnapshot, missingIn } from '../../backup/snapshots.js';
import { type Finding, findingOf } from '../../errors.js';
import { dayOf } from '../../spec/terms.js';
import { NO_PROTECTION, type Protection, type ProtectionGap } from '../../store/health/store-health.js';
import type { HistoryEntry, Store } from '../../store/store.js';

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

const DAY_MS = 86_400_000;
/** A backup is old after so many days, and a rehearsal after so many. */
const BACKUP_DAYS = 2;
const REHEARSAL_DAYS = 35;

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
export async function protectionOf(store: Store): Promise<Protection> {
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

export function backupFindings(backup: BackupState | undefined, now: Date): Finding[] {
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

export const gapFindings = ({ records, since }: ProtectionGap = { records: 0, takenOut: 0, since: undefined }): Finding[] =>
  records === 0 ? [] : [findingOf('LPX_UNPROTECTED', 'warning', {}, { count: records, at: since ? dayOf(since) : '' })];
