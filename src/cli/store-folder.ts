/** Which store a command means. */
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { LpxError } from '../errors.js';
import type { Context } from './context.js';

const FOLDER = '.lpx';

/** `--store`, `LPX_STORE`, the nearest `.lpx` upward, else the user's data folder. @throws LPX_STORE_FOREIGN */
export function storeFolder({ storeOption, env, cwd }: Context): string {
  const named = storeOption ?? (env.LPX_STORE || undefined);
  if (named !== undefined) return resolve(cwd, named);
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = join(folder, FOLDER);
    if (existsSync(found)) return ownFolder(found, env);
    if (dirname(folder) === folder) return dataFolder(env);
  }
}

/**
 * As git does: a store of somebody else, left in a folder that others may write to, would take in a clerk's data unseen.
 * Whoever means it names it.
 */
function ownFolder(folder: string, env: Context['env']): string {
  const user = process.geteuid?.();
  if (user === undefined) return folder;
  const { uid: owner } = statSync(folder);
  const behindSudo = user === 0 && env.SUDO_UID === String(owner);
  if (owner !== user && !behindSudo) throw new LpxError('LPX_STORE_FOREIGN', { folder });
  return folder;
}

/** Where `init` makes a store: as named, else `.lpx` in the current folder. */
export const newStoreFolder = ({ storeOption, env, cwd }: Context): string => resolve(cwd, storeOption ?? (env.LPX_STORE || FOLDER));

function dataFolder(env: Context['env']): string {
  const home = env.HOME ?? homedir();
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'lpx');
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'lpx');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'lpx');
}
