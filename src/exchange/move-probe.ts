/**
 * A sealed probe for a move or a restart: what the store was before it, as a file in the vault, a row that names it, and an entry of the log
 * with its hash. After the move all three have to be there, and what they say has to be true.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileError } from '../io/file-error.js';
import type { LogHead } from '../store/history/custody-log.js';
import type { HistoryEntry, Store } from '../store/store.js';
import { lineOfRow, ROW_TABLES, type RowReader, type RowTable, TableCount, type TableDigest } from '../store/table-rows.js';

/** The contents of a probe. */
export interface Probe {
  readonly format: 'lpx-probe';
  readonly version: 1;
  /** ISO 8601, UTC */
  readonly at: string;
  readonly school: string;
  /** The computer on which it was written. */
  readonly host: string;
  readonly head: LogHead;
  /** Without probes. */
  readonly files: { readonly count: number; readonly bytes: number };
  /** Without the history, which its own hashes prove, and without the probe's own row. */
  readonly tables: Readonly<Partial<Record<RowTable, TableDigest>>>;
}

/** Where the store differs from what it was before. */
export type ProbeFault =
  | { readonly what: 'noProbe' | 'fileLost' | 'fileChanged' | 'headGone' }
  | { readonly what: 'attachments'; readonly count: number }
  | { readonly what: 'rows'; readonly table: RowTable; readonly before: number; readonly after: number }
  | { readonly what: 'content'; readonly table: RowTable };

export interface ProbeCheck {
  readonly probe: Probe | undefined;
  /** Entries of the log since the probe was written. With some, rows may have changed: only what must not change is compared. */
  readonly since: number;
  readonly faults: readonly ProbeFault[];
}

/** Tables that each probe, and each entry, changes. */
const BY_ITS_OWN_HASHES: ReadonlySet<RowTable> = new Set(['history', 'history_students', 'history_records']);

/** Writes a probe. @returns it, and the SHA-256 of its file */
export async function writeProbe(
  store: Store,
  { now, operator }: { readonly now: Date; readonly operator: string },
): Promise<{ readonly probe: Probe; readonly sha256: string }> {
  const probes = await probeFiles(store);
  const state = await store.readRows((rows) => stateOf(rows, { probes }));
  const probe: Probe = {
    format: 'lpx-probe',
    version: 1,
    at: now.toISOString(),
    school: store.school.code,
    host: hostname(),
    head: await store.log.head(),
    ...state,
  };
  const content = Buffer.from(`${JSON.stringify(probe)}\n`);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const staging = await store.attachments.stage();
  try {
    const stagedAt = staging.nextPath();
    try {
      writeFileSync(stagedAt, content, { mode: 0o600 });
    } catch (error) {
      throw fileError(error, stagedAt, 'writing');
    }
    staging.secure(stagedAt);
    const files = [{ sha256, bytes: content.length, stagedAt }];
    await staging.secured(files);
    await store.change(async (change) => {
      await change.addFile({ sha256, md5: createHash('md5').update(content).digest('hex'), bytes: content.length });
      await change.addHistory({ kind: 'probe', at: now, operator, file: '', bytes: 0, details: { sha256, host: probe.host } });
      await staging.keepAll(files);
      return { keep: true, result: undefined };
    });
    staging.committed();
  } finally {
    await staging.discard();
  }
  return { probe, sha256 };
}

/**
 * Looks for the newest probe, and says what differs from what it says.
 * @param damagedFiles how many files of records were found lost or broken
 */
export async function checkProbe(store: Store, damagedFiles: number): Promise<ProbeCheck> {
  const entry = (await store.history({ kinds: ['probe'] })).find(isProbe);
  if (!entry) return { probe: undefined, since: 0, faults: [{ what: 'noProbe' }] };
  const { sha256 } = entry.details;
  const content = await store.attachments.read(sha256);
  if (!content) return { probe: undefined, since: 0, faults: [{ what: 'fileLost' }] };
  if (createHash('sha256').update(content).digest('hex') !== sha256)
    return { probe: undefined, since: 0, faults: [{ what: 'fileChanged' }] };
  const probe: Probe = JSON.parse(content.toString('utf8'));
  const faults: ProbeFault[] = [];
  if (damagedFiles > 0) faults.push({ what: 'attachments', count: damagedFiles });
  const positions = await positionsIn(store);
  const head = await store.log.head();
  if (probe.head.position > 0 && positions.get(probe.head.position) !== probe.head.hash) faults.push({ what: 'headGone' });
  const since = head.position - probe.head.position - 1;
  const probes = await probeFiles(store);
  const after = await store.readRows((rows) => stateOf(rows, { probes, without: sha256 }));
  for (const table of ROW_TABLES) {
    const [before, now] = [probe.tables[table], after.tables[table]];
    if (!before || !now) continue;
    if (since === 0 && before.rows !== now.rows) faults.push({ what: 'rows', table, before: before.rows, after: now.rows });
    else if (since === 0 && before.sha256 !== now.sha256) faults.push({ what: 'content', table });
  }
  return { probe, since, faults };
}

const isProbe = (entry: HistoryEntry): entry is Extract<HistoryEntry, { kind: 'probe' }> => entry.kind === 'probe';

/** The hashes of the log by their places. */
async function positionsIn(store: Store): Promise<ReadonlyMap<number, string>> {
  const positions = new Map<number, string>();
  for await (const { position, hash } of store.log.entries()) positions.set(position, hash);
  return positions;
}

/** The files of all probes, by their SHA-256. */
export async function probeFiles(store: Store): Promise<ReadonlySet<string>> {
  return new Set((await store.history({ kinds: ['probe'] })).filter(isProbe).map(({ details }) => details.sha256));
}

/** Counts and hashes of all tables, without the row of one file; how many files there are but for probes. */
async function stateOf(
  rows: RowReader,
  { probes, without = '' }: { readonly probes: ReadonlySet<string>; readonly without?: string },
): Promise<Pick<Probe, 'files' | 'tables'>> {
  const tables: Partial<Record<RowTable, TableDigest>> = {};
  let [files, bytes] = [0, 0];
  for (const table of ROW_TABLES) {
    if (BY_ITS_OWN_HASHES.has(table)) continue;
    const count = new TableCount();
    for await (const page of rows.rows(table))
      for (const row of page) {
        if (table === 'attachments' && row.sha256 === without) continue;
        if (table === 'attachments' && !probes.has(String(row.sha256))) {
          files++;
          bytes += Number(row.bytes);
        }
        count.add(lineOfRow(row));
      }
    tables[table] = count.digest();
  }
  return { files: { count: files, bytes }, tables };
}
