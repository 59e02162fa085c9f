/** Reads the rows of a store, and the files that they name, to their ends. */
import { crc32 } from 'node:zlib';
import { HashList } from '../../backup/hash-list.js';
import { type DamagedRow, damagedRows } from '../../store/health/store-health.js';
import type { Store } from '../../store/store.js';
import type { DoctorRequest } from '../doctor.js';

/** Orphans that are named. */
const ORPHANS_NAMED = 1000;

/** The contents that the table of files has, in the order of their hashes; of each, how many bytes it has, and its CRC-32. */
export interface Files {
  readonly hashes: HashList;
  readonly sizes: number[];
  readonly crc32s: number[];
}

/** In place of a CRC-32 that nobody has counted yet. */
const UNKNOWN = -1;

export async function examineRows(store: Store, inPart: (table: string, key: string) => boolean) {
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

export interface ExaminedFiles {
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
export async function examineFiles(
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
