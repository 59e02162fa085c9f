/** Loads a table: its lists of students, and its registers, of which nothing is loaded unless all of it is sound. */
import { kindsIn } from '../roster/roster-rows.js';
import type { Store } from '../store/store.js';
import { type LoadedRegisters, type LoadRegistersRequest, loadRegisters } from './load-registers.js';
import { type LoadedRoster, loadRoster, studentsToEnrol } from './load-roster.js';

export { isTable } from '../roster/exchange-folder.js';

export interface LoadedTableOf {
  /** Undefined for a table without lists of students. */
  readonly list: LoadedRoster | undefined;
  /** Undefined for a table without registers. */
  readonly registers: LoadedRegisters | undefined;
}

/** @throws as `loadRoster` and `loadRegisters` */
export async function loadTable(store: Store, request: LoadRegistersRequest): Promise<LoadedTableOf> {
  const kinds = await kindsIn(request.path);
  const isMixed = kinds.has('students') && kinds.has('register');
  if (!isMixed && kinds.has('register')) return { list: undefined, registers: await loadRegisters(store, request) };
  if (!isMixed) return { list: await loadRoster(store, request), registers: undefined };
  // The registers may be of students whom the list has yet to put on the roll: both are gone through before either is loaded.
  const enrolling = await studentsToEnrol(store, request);
  const [planned, checked] = [
    await loadRoster(store, { ...request, dryRun: true }),
    await loadRegisters(store, { ...request, dryRun: true, notesGiven: true, enrolling }),
  ];
  if (request.dryRun) return { list: planned, registers: checked };
  const list = await loadRoster(store, request);
  return { list, registers: await loadRegisters(store, { ...request, notesGiven: true }) };
}
