/** Who may use the files of a store: its owner alone, or the members of a group. */
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { chmod, rmdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { LpxError } from '../errors.js';
import { makeFolders } from '../io/folders.js';
import { assertNameable } from '../io/windows-names.js';

/** The modes of the files and folders that lpx makes in a store, whatever the umask. */
export interface Access {
  readonly file: number;
  readonly folder: number;
}

const PRIVATE: Access = { file: 0o600, folder: 0o700 };
/** With the set-group-id bit, so that what is made in a folder belongs to the folder's group. */
const SHARED: Access = { file: 0o660, folder: 0o2770 };

/** @param group the name of the group that shares the store; empty when it is its owner's alone */
export const accessFor = (group: string): Access => (group === '' ? PRIVATE : SHARED);

/**
 * Sets the mode of a file or folder that another member of the group may own, and has set then. Windows has no modes: who
 * may use a file there is a matter of the folder it is in.
 */
export function setMode(path: string, mode: number): void {
  if (process.platform === 'win32') return;
  try {
    chmodSync(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/**
 * Makes the folder of a store and those around it that are missing. A folder that is there already keeps its mode, unless it
 * is to be shared with `group`. @throws LPX_GROUP_REFUSED, and the system's own errors
 */
export async function makeStoreFolder(folder: string, group: string): Promise<void> {
  const access = accessFor(group);
  assertNameable(folder);
  const made = makeFolders(folder, access.folder);
  const own = group !== '' && made.length === 0 ? [folder] : made;
  try {
    // From the outermost one inwards. The group first: changing it may drop the set-group-id bit.
    for (const path of own) {
      if (group !== '') await giveToGroup(path, group);
      await chmod(path, access.folder);
    }
  } catch (error) {
    for (const path of made.toReversed()) await rmdir(path).catch(() => {});
    throw error;
  }
}

/** By the system's own command: Node knows groups by number only. */
async function giveToGroup(path: string, group: string): Promise<void> {
  try {
    await promisify(execFile)('chgrp', ['--', group, path]);
  } catch (error) {
    throw new LpxError('LPX_GROUP_REFUSED', { group }, { cause: error });
  }
}
