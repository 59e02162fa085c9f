/** What can be repaired in a store without inventing anything. */
import { lstatSync } from 'node:fs';
import { setMode } from '../../store/access.js';
import type { Store } from '../../store/store.js';
import type { DoctorRequest } from '../doctor.js';
import type { LooseMode } from './loose-modes.js';
import type { ExaminedFiles } from './rows-and-files.js';

/** What was repaired. */
export interface Repairs {
  readonly modes: number;
  readonly orphans: number;
  /** CRC-32s of files that were noted wrongly. */
  readonly checksums: number;
}

/** Repairs modes and checksums, and moves contents that no record names out of the vault. */
export async function repairStore(
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
