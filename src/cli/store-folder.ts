/** Which store a command means. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Context } from './context.js';

const FOLDER = '.lpx';

/** `--store`, `LPX_STORE`, the nearest `.lpx` upward, else the user's data folder. */
export function storeFolder({ storeOption, env, cwd }: Context): string {
  const named = storeOption ?? (env.LPX_STORE || undefined);
  if (named !== undefined) return resolve(cwd, named);
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, FOLDER))) return join(folder, FOLDER);
    if (dirname(folder) === folder) return dataFolder(env);
  }
}

/** Where `init` makes a store: as named, else `.lpx` in the current folder. */
export const newStoreFolder = ({ storeOption, env, cwd }: Context): string => resolve(cwd, storeOption ?? (env.LPX_STORE || FOLDER));

function dataFolder(env: Context['env']): string {
  const home = env.HOME ?? homedir();
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'lpx');
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'lpx');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'lpx');
}
