/** The folders of a store that are links: what is written or moved there would be outside of the store. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LpxError } from '../../errors.js';

/** Folders of lpx's own making that links stand for. @param folder the store, or the place of its files */
export function linkedFolders(folder: string): string[] {
  const attachments = join(folder, 'attachments');
  return [attachments, join(folder, 'quarantine'), ...shelvesIn(attachments)].filter(isLink);
}

/** @throws LPX_STORE_LINK for the first of them */
export function requireOwnFolders(folder: string): void {
  const [file] = linkedFolders(folder);
  if (file !== undefined) throw new LpxError('LPX_STORE_LINK', { file });
}

/** Whoever reads or writes there says what cannot be read. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    return false;
  }
}

function shelvesIn(attachments: string): string[] {
  try {
    return readdirSync(attachments, { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink() && /^[0-9a-f]{2}$/.test(entry.name))
      .map(({ name }) => join(attachments, name));
  } catch {
    return [];
  }
}
