/** Versions of a record: packages and loads bring the same record again in another form, and both may have been kept. */
import type { StoredRecord } from '../store.js';

export interface RecordVersion {
  /** From 1, in the order they came. */
  readonly number: number;
  /** How many versions there are. */
  readonly of: number;
  readonly cameAt: Date;
  /** The package or document that brought it, by base name. */
  readonly file: string;
}

/** The versions among the records of one student; nothing of a record that is there in one form only. */
export function versionsIn(records: readonly StoredRecord[]): ReadonlyMap<StoredRecord, RecordVersion> {
  const versions = new Map<StoredRecord, RecordVersion>();
  const byKey = new Map<string, StoredRecord[]>();
  for (const stored of records) byKey.set(stored.key, [...(byKey.get(stored.key) ?? []), stored]);
  for (const same of byKey.values()) {
    // Equal records of one package are records of their own.
    if (new Set(same.map(({ historyId }) => historyId)).size < 2) continue;
    const inOrder = [...same].sort((a, b) => a.historyId - b.historyId || a.id - b.id);
    for (const [i, stored] of inOrder.entries())
      versions.set(stored, { number: i + 1, of: same.length, cameAt: stored.cameAt, file: stored.cameWith });
  }
  return versions;
}
