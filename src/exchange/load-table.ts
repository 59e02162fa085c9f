/** Loads a table, its lists of students and its registers: all of it in one change of the store, or nothing. */
import { kindsIn } from '../roster/roster-rows.js';
import type { Store } from '../store/store.js';
import { type LoadedRegisters, type LoadRegistersRequest, loadRegisters } from './load-registers.js';
import { type LoadedRoster, loadRoster, readLists } from './load-roster.js';

export { isTable } from '../roster/exchange-folder.js';
export { unusedAttachments } from './load-registers.js';

export interface LoadedTableOf {
  /** Undefined for a table without lists of students. */
  readonly list: LoadedRoster | undefined;
  /** Undefined for a table without registers. */
  readonly registers: LoadedRegisters | undefined;
}

/** @throws as `loadRoster` and `loadRegisters` */
export async function loadTable(store: Store, request: LoadRegistersRequest): Promise<LoadedTableOf> {
  const kinds = await kindsIn(request.path);
  if (!kinds.has('register')) return { list: await loadRoster(store, request), registers: undefined };
  if (!kinds.has('students')) return { list: undefined, registers: await loadRegisters(store, request) };
  // What is wrong with the list is said before the registers, whose students it may put on the roll, are gone through.
  const planned = await loadRoster(store, { ...request, dryRun: true });
  const roster = planned && (await readLists(store, { ...request, dryRun: false }));
  if (!roster) return { list: undefined, registers: await loadRegisters(store, request) };
  let list = planned;
  const registers = await loadRegisters(store, {
    ...request,
    notesGiven: true,
    enrolling: roster.enrolling,
    before: async (change) => {
      const loaded = await roster.load(change);
      if (!request.dryRun) list = loaded.result;
      return loaded.changed;
    },
  });
  // A register of titles alone has nothing to load with the list.
  return registers ? { list, registers } : { list: await loadRoster(store, request), registers };
}
