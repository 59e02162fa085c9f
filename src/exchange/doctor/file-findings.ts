/** Names the files that a store has lost or not whole, by the students and records that they are of. */
import { type Finding, findingOf } from '../../errors.js';
import type { FileOwner } from '../../store/records/needed-files.js';
import type { Store } from '../../store/store.js';

/** Every student whose file is lost or broken, also of records that were taken out; one of no record belongs to nobody here. */
export async function fileFindings(store: Store, damage: ReadonlyMap<string, 'lost' | 'broken'>): Promise<Finding[]> {
  if (damage.size === 0) return [];
  const { attachments } = store;
  const owners = await store.fileOwners(new Set(damage.keys()));
  const unused = without(damage, owners);
  const former = unused.size === 0 ? [] : await store.fileOwners(new Set(unused.keys()), 'removed');
  return [
    ...owners.map(({ sha256, place, name }) => fileFinding(store, { sha256, state: damage.get(sha256), place, entry: name })),
    ...former.map(({ sha256, place, name }) =>
      findingOf('LPX_TAKEN_OUT_FILE', 'error', place, {
        file: attachments.locationOf(sha256),
        entry: name,
        damage: damage.get(sha256) ?? 'lost',
      }),
    ),
    ...[...without(unused, former)].map(([sha256, state]) =>
      findingOf('LPX_FILE_UNOWNED', 'error', {}, { file: attachments.locationOf(sha256), damage: state }),
    ),
  ];
}

function without(damage: ReadonlyMap<string, 'lost' | 'broken'>, owners: readonly FileOwner[]): Map<string, 'lost' | 'broken'> {
  const owned = new Set(owners.map(({ sha256 }) => sha256));
  return new Map([...damage].filter(([sha256]) => !owned.has(sha256)));
}

/** Files by their hashes alone, where rows cannot be read that say whose they are. */
export const namelessFindings = (store: Store, damage: ReadonlyMap<string, 'lost' | 'broken'>): Finding[] =>
  [...damage].map(([sha256, state]) => fileFinding(store, { sha256, state, place: {}, entry: sha256 }));

interface DamagedFile {
  readonly sha256: string;
  readonly state: 'lost' | 'broken' | undefined;
  readonly place: Finding['place'];
  readonly entry: string;
}

const fileFinding = ({ attachments }: Store, { sha256, state, place, entry }: DamagedFile): Finding =>
  findingOf(state === 'lost' ? 'LPX_ATTACHMENT_LOST' : 'LPX_ATTACHMENT_BROKEN', 'error', place, {
    file: attachments.locationOf(sha256),
    entry,
  });
