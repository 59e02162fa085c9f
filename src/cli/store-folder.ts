/** Which store a command means. */
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { LpxError } from '../errors.js';
import { isNetworkFolder, locationNamed, type StoreLocation } from '../exchange/school-store.js';
import { upward } from '../io/folders.js';
import { fill } from '../messages/messages.js';
import type { Context } from './context.js';
import { isStoreFolder } from './is-store-folder.js';

const FOLDER = '.lpx';

/** `--store`, `LPX_STORE`, the nearest `.lpx` upward, else the user's data folder. @throws LPX_STORE_FOREIGN, and as `locationNamed` */
export function storeFolder(context: Context): StoreLocation {
  const { storeOption, env, cwd } = context;
  const named = storeOption ?? (env.LPX_STORE || undefined);
  if (named !== undefined) return storeNamed(context, named);
  const found = nearest(cwd);
  return found === undefined ? dataFolder(env) : ownFolder(found, env);
}

/** The store that an argument names. @throws as `locationNamed` */
export const storeNamed = ({ cwd }: Context, named: string): StoreLocation =>
  within(locationNamed(named), (folder) => storeIn(resolve(cwd, folder)));

/** A location whose folder, where it is one, is made whole. */
const within = (location: StoreLocation, whole: (folder: string) => string): StoreLocation =>
  typeof location === 'string' ? whole(location) : location;

/** A named folder, or the `.lpx` in it when that is where the store is. */
function storeIn(folder: string): string {
  const inside = join(folder, FOLDER);
  return !isStoreFolder(folder) && isStoreFolder(inside) ? inside : folder;
}

/** The nearest `.lpx` in a folder or above it. */
function nearest(start: string): string | undefined {
  for (const folder of upward(start)) {
    const found = join(folder, FOLDER);
    if (existsSync(found)) return found;
  }
  return undefined;
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
export const newStoreFolder = ({ storeOption, env, cwd }: Context): StoreLocation =>
  within(locationNamed(storeOption ?? (env.LPX_STORE || FOLDER)), (folder) => resolve(cwd, folder));

/** The store that commands here use by now and would not use any more, once one is made in the current folder. */
export function storeAbove({ storeOption, env, cwd }: Context): string | undefined {
  if (storeOption !== undefined || env.LPX_STORE) return undefined;
  const above = dirname(cwd) === cwd ? undefined : nearest(dirname(cwd));
  return above !== undefined && isStoreFolder(above) ? above : undefined;
}

function dataFolder(env: Context['env']): string {
  const home = env.HOME ?? homedir();
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'lpx');
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'lpx');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'lpx');
}

/** A warning for a store on a network drive. */
export const networkNotes = ({ messages, paint }: Context, folder: StoreLocation): string[] =>
  typeof folder === 'string' && isNetworkFolder(folder) ? [paint.yellow(`! ${fill(messages.init.network, { folder })}`)] : [];
