/** Shows a report what the store has of a student: the records, and the small pictures among their files. */
import { type Portfolio, SLOTS } from '../../spec/portfolio.js';
import type { SeenContents } from '../../spec/seen-contents.js';
import { schoolNames } from '../reference-data.js';
import type { Store, StoredAttachment } from '../store.js';

/** A file that cannot be read has no picture; whether it is sound, other commands say. */
export async function showTo(seen: SeenContents | undefined, store: Store, portfolio: Portfolio<StoredAttachment>): Promise<void> {
  if (!seen || seen.isFull) return;
  seen.add(portfolio);
  await nameSchools(seen, store, [portfolio]);
  for (const record of portfolio.records)
    for (const slot of SLOTS) {
      const file = record[slot];
      if (!file || !seen.pictures.wants(file)) continue;
      const content = await store.attachments.read(file.sha256);
      if (content?.length === file.bytes) seen.pictures.add(file.md5, content);
    }
}

/** Names the schools of students, as far as the store has a list of schools. */
export async function nameSchools(seen: SeenContents, store: Store, portfolios: readonly Portfolio<unknown>[]): Promise<void> {
  const codes = portfolios.flatMap(({ basicData, records }) => [
    basicData.schoolCode,
    ...records.map(({ fields }) => fields.originSchoolCode),
  ]);
  const unnamed = [...new Set(codes)].filter((code) => !seen.schools.has(code));
  for (const [code, name] of await schoolNames(store, unnamed)) seen.schools.set(code, name);
}
