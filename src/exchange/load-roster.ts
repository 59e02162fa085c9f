/** Loads lists of students into the roll. Lists add and update; they take nothing out. */
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Finding, LpxError } from '../errors.js';
import type { BasicData } from '../spec/portfolio.js';
import { dayOf } from '../spec/terms.js';
import type { BasicDataChange, RollEntry, Store, StoreChange } from '../store/store.js';
import { comingAgain } from '../store/students.js';
import { differingIn, inChunks, type List, placeOf, readList, repeated, unpack } from './load-roster/list.js';
import { applyRoll, NO_BASIC_DATA, planRoll, Tally } from './load-roster/plan.js';

export interface LoadRosterRequest {
  readonly path: string;
  readonly now: Date;
  /** Who loads, for the history. */
  readonly operator: string;
  /** Work everything out, and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Load the sound rows although others are not. */
  readonly skipBadRows?: boolean | undefined;
  /** The students of lists that the same command loaded before, by national id; this list's are added. */
  readonly earlier?: EarlierStudents | undefined;
}

/** Students of lists by national id: the list's path, and what it says of them, packed. */
export type EarlierStudents = Map<string, { readonly path: string; readonly packed: string }>;

/** A student whom a list put on the roll, or of whom it changed something. */
export interface ListedStudent extends RollEntry {
  readonly nationalId: string;
  readonly name: string;
  readonly created: boolean;
  /** Of name and birth date. */
  readonly changes: readonly BasicDataChange[];
  /** Of what only the roll has: class, seat and student number. */
  readonly rollChanges: readonly RollChange[];
}

/** What a list changed of a student's place on the roll; empty texts for what it did not have. */
export interface RollChange {
  readonly property: keyof RollEntry;
  readonly from: string;
  readonly to: string;
}

export interface LoadedRoster {
  /** Base name. */
  readonly file: string;
  readonly dryRun: boolean;
  /** Rows with data, bad ones too. */
  readonly rows: number;
  /** Students who are new, of whom something changed, and who are as they were. */
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** The new ones and those of whom something changed, up to a thousand. */
  readonly students: readonly ListedStudent[];
  /** Rows that were left out. */
  readonly skippedRows: number;
  /** Also the errors of the rows that were left out. */
  readonly findings: readonly Finding[];
}

/** The lists of a table, read. */
export interface ReadRoster {
  /** The students whom they would put on the roll, by national id, as the roll would have them. */
  readonly enrolling: ReadonlyMap<string, BasicData>;
  /**
   * Puts them on the roll as part of a change, once.
   * @returns whether anything was written
   * @throws the first error of their rows with all of them
   */
  readonly load: (change: StoreChange) => Promise<{ readonly changed: boolean; readonly result: LoadedRoster }>;
}

/**
 * Loads one table, whole or not at all, or without its bad rows. A student who is new to the store has basic data from the list, and
 * is not exported before the platform's come. Rows of registers are not looked at.
 * @returns undefined for a table of registers alone
 * @throws as `readRoster`; LPX_TABLE_EMPTY, LPX_TABLE_LARGE, and the first error of its rows with all of them
 */
export async function loadRoster(store: Store, request: LoadRosterRequest): Promise<LoadedRoster | undefined> {
  const roster = await readLists(store, request);
  return (
    roster &&
    store.change(async (change) => {
      const { changed, result } = await roster.load(change);
      return { keep: changed, result };
    })
  );
}

/** Reads the lists of a table. @returns undefined for a table of registers alone @throws as `loadRoster` */
export async function readLists(store: Store, request: LoadRosterRequest): Promise<ReadRoster | undefined> {
  const { path, now } = request;
  const file = basename(path);
  const list = await readList(path, Number(dayOf(now).slice(0, 4)));
  if (list.rows === 0 && list.otherRows > 0) return undefined;
  if (list.rows === 0) throw new LpxError('LPX_TABLE_EMPTY', { file });
  refuseOtherThanEarlier(list, request.earlier, path);
  const { code } = store.school;
  return {
    get enrolling() {
      const basicData = ([nationalId, text]: readonly [string, string]) => {
        const { name, birthDate } = unpack(nationalId, text).entry;
        return [nationalId, { ...NO_BASIC_DATA, schoolCode: code, nationalId, name, birthDate }] as const;
      };
      return new Map([...list.packed].map(basicData));
    },
    load: (change) => loadList(change, list, code, request),
  };
}

/** Rows that cannot be read are reported with those that do not go with the roll. */
async function loadList(change: StoreChange, list: List, schoolCode: string, request: LoadRosterRequest) {
  const { path, now, operator, dryRun = false, skipBadRows = false } = request;
  const file = basename(path);
  const tally = new Tally(list);
  let historyId: number | undefined;
  for (const entries of inChunks(list, file)) {
    // The database's statements of the last chunk are only freed when the event loop gets its turn; so is an interrupt heard.
    await setImmediate();
    const roll = await change.rollOf(entries.map(({ entry }) => entry.nationalId));
    const newcomers = entries.filter(({ entry }) => !roll.has(entry.nationalId)).map((at) => ({ nationalId: at.entry.nationalId, at }));
    for (const finding of (await comingAgain(change, newcomers, ({ at }) => placeOf(at, file))).values()) tally.note(finding);
    const planned = planRoll(roll, schoolCode, entries, { tally, file });
    if (planned.length === 0 || dryRun || (tally.refusal && !skipBadRows)) continue;
    historyId ??= await change.addHistory({ kind: 'load', at: now, file, bytes: 0, operator });
    await applyRoll(change, planned, historyId);
  }
  const result = tally.result(file, dryRun);
  const { refusal } = tally;
  if (refusal && (!skipBadRows || result.created + result.updated + result.unchanged === 0)) throw refusal;
  for (const [nationalId, packed] of list.packed) request.earlier?.set(nationalId, { path, packed });
  return { changed: historyId !== undefined, result };
}

/** Takes students out of a list of whom an earlier one says otherwise: which of the two is right nobody can say. */
function refuseOtherThanEarlier(list: List, earlier: EarlierStudents | undefined, path: string): void {
  for (const [nationalId, packed] of list.packed) {
    const before = earlier?.get(nationalId);
    if (!before || before.path === path) continue;
    const [first, at] = [unpack(nationalId, before.packed), unpack(nationalId, packed)];
    if (differingIn(first.entry, at.entry) === undefined) continue;
    list.findings.push(repeated(first, at, basename(path), basename(before.path)));
    list.packed.delete(nationalId);
    list.badRows++;
  }
}
