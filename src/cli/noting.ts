/** Notes in the history of the store that packages were checked, and that data of students leave it. */
import { basename, dirname } from 'node:path';
import { noteOutput, type StudentOutput } from '../exchange/note-output.js';
import { type CheckedPackage, noteVerifications } from '../exchange/note-verification.js';
import { openStore, type Store, withStore } from '../exchange/school-store.js';
import { knownError } from '../io/file-error.js';
import { fill } from '../messages/messages.js';
import type { Context } from './context.js';
import { isStoreFolder } from './is-store-folder.js';
import { failureOutput } from './render/findings.js';
import { storeFolder } from './store-folder.js';

export type Note = (...checked: readonly CheckedPackage[]) => Promise<void>;

/**
 * Runs `work` with what appends an entry for each package that was checked. A check is as good without: what stands against an entry is
 * said in a note, once. The store is opened for the first entry.
 */
export async function withNoting<T>(context: Context, work: (note: Note) => Promise<T>): Promise<T> {
  const { messages, paint } = context;
  let opening: Promise<Store | undefined> | undefined;
  let isSaid = false;
  const note: Note = async (...checked) => {
    try {
      opening ??= openMeant(context);
      const store = await opening;
      if (store) await noteVerifications(store, checked, { now: context.now(), operator: context.operator() });
    } catch (error) {
      const known = knownError(error);
      if (known.code === 'LPX_INTERRUPTED') throw known;
      if (!isSaid)
        context.note(paint.yellow(`! ${fill(messages.verify.notNoted, { why: failureOutput(messages, 'verify', known).message })}`));
      isSaid = true;
    }
  };
  try {
    return await work(note);
  } finally {
    const store = await opening?.catch(() => undefined);
    await store?.close();
  }
}

/** The store that is named, or the one that is here; undefined for none. */
async function openMeant(context: Context): Promise<Store | undefined> {
  const location = storeFolder(context);
  const isNamed = context.storeOption !== undefined || Boolean(context.env.LPX_STORE);
  return isNamed || typeof location !== 'string' || isStoreFolder(location) ? openStore(location) : undefined;
}

/**
 * Appends to the history that data of students leave the store in a file, and gives the file its name: both or neither.
 * @param path of the file; undefined for a table that is printed
 */
export const noteFile = (
  context: Context,
  output: StudentOutput,
  path: string | undefined,
  publish: () => Promise<void>,
): Promise<void> => {
  const place = path === undefined ? { file: '', folder: '' } : { file: basename(path), folder: dirname(path) };
  return withStore(storeFolder(context), (store) =>
    noteOutput(store, output, { ...place, now: context.now(), operator: context.operator() }, publish),
  );
};
