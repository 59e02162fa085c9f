/** Files and folders of a store that others on the computer may read or write. */
import { lstatSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { type Finding, findingOf } from '../../errors.js';
import type { Store } from '../../store/store.js';

export interface LooseMode {
  readonly path: string;
  readonly mode: number;
  /** What it should be at most. */
  readonly allowed: number;
}

/** What others may read or write, of a store on this computer. Windows has no modes. */
export function looseModes(store: Store, present: readonly string[]): LooseMode[] {
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

export function looseFindings(loose: readonly LooseMode[]): Finding[] {
  const [first] = loose;
  if (!first) return [];
  const finding = findingOf('LPX_MODE_LOOSE', 'warning', {}, { file: first.path, mode: first.mode.toString(8) });
  return [loose.length === 1 ? finding : ({ ...finding, more: loose.length - 1 } as Finding)];
}
