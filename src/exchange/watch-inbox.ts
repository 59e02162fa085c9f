/**
 * Imports packages as they arrive in an inbox, until it is stopped. The inbox is listed again and again, which also works on network
 * drives, where the system reports no changes. All it remembers is what lies in the inbox.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LpxError } from '../errors.js';
import { knownError } from '../io/file-error.js';
import { completeMoves, type InboxPackage, listInbox, openMovingInbox } from '../package/inbox.js';
import { takeTurn } from '../store/processes/turns.js';
import type { Store } from '../store/store.js';
import { ARRIVING_MS, type ImportInboxRequest, type InboxResult, importAll, isPassing, passwordsFor } from './batch-import.js';

export interface WatchRequest extends ImportInboxRequest {
  /** How often to look, in ms. */
  readonly everyMs: number;
  /** Called when the inbox, the passwords or the store cannot be had, once for each kind of trouble; and with undefined when all is well again. */
  readonly onTrouble: (error: LpxError | undefined) => void;
}

/** What is known of a package that lies in the inbox. */
interface Sighting {
  /** Changes whenever something of it does: its files, the passwords. */
  readonly stamp: string;
  /** The stamp with which it was worked on last. */
  readonly tried: string;
  /** What came of that, as it was reported. */
  readonly said: string;
}

/**
 * Watches an inbox. A package is worked on once two looks in a row find it, its signature and the passwords unchanged, and again
 * when one of them has changed. Whatever goes wrong later is reported and tried again; an inbox that goes away may come back.
 * @throws what `importInbox` throws, on the first look alone
 */
export async function watchInbox(store: Pick<Store, 'presence'>, request: WatchRequest): Promise<void> {
  let sightings: ReadonlyMap<string, Sighting> = new Map();
  let trouble = '';
  await begin(store, request);
  while (!request.isStopping()) {
    try {
      sightings = await look(store, request, sightings);
      if (trouble !== '') request.onTrouble(undefined);
      trouble = '';
    } catch (error) {
      const known = knownError(error);
      if (trouble !== known.code) request.onTrouble(known);
      trouble = known.code;
    }
    await rest(request);
  }
}

/** Completes what was cut short, and sees whether all is there. */
async function begin(store: Pick<Store, 'presence'>, request: WatchRequest): Promise<void> {
  const inbox = await openMovingInbox(request.folder);
  await passwordsFor(request);
  await inTurn(store, inbox, request, async () => {
    await completeMoves(inbox, await listInbox(inbox));
  });
}

/** Works in the turn of this process; not at all when it is stopped while it waits for that. */
async function inTurn(
  store: Pick<Store, 'presence'>,
  inbox: string,
  { onWaiting, isStopping }: WatchRequest,
  work: () => Promise<void>,
): Promise<void> {
  const turn = await takeTurn(store, inbox, { onWaiting, isGivenUp: isStopping });
  try {
    if (turn) await work();
  } finally {
    turn?.end();
  }
}

/** How soon a stop is noticed, in ms. */
const STOP_MS = 100;

async function rest({ everyMs, isStopping }: WatchRequest): Promise<void> {
  const until = performance.now() + everyMs;
  for (let left = everyMs; left > 0 && !isStopping(); left = until - performance.now()) await sleep(Math.min(STOP_MS, left));
}

/** Looks once, and works on what is ready. @returns what lies in the inbox now */
async function look(
  store: Pick<Store, 'presence'>,
  request: WatchRequest,
  before: ReadonlyMap<string, Sighting>,
): Promise<ReadonlyMap<string, Sighting>> {
  const inbox = await openMovingInbox(request.folder);
  const { packages } = await listInbox(inbox);
  const ofPasswords = await stampOfPasswords(request.passwordTable);
  const sightings = new Map<string, Sighting>();
  for (const found of packages) {
    const stamp = `${await stampOfPackage(found)} ${ofPasswords}`;
    sightings.set(found.name, { tried: '', said: '', ...before.get(found.name), stamp });
  }
  const ready = packages.filter(({ name }) => {
    const { stamp, tried } = sightings.get(name) as Sighting;
    return stamp === before.get(name)?.stamp && stamp !== tried;
  });
  if (ready.length === 0) return sightings;
  await inTurn(store, inbox, request, () => workOn(ready, inbox, sightings, request));
  return sightings;
}

async function workOn(
  ready: readonly InboxPackage[],
  inbox: string,
  sightings: Map<string, Sighting>,
  request: WatchRequest,
): Promise<void> {
  const passwords = await passwordsFor(request);
  const onResult = (result: InboxResult) => {
    const sighting = sightings.get(result.file) as Sighting;
    const said = `${result.outcome} ${result.error?.code ?? ''}`;
    // A store that is busy, or a disk that is full, is none of the package's: it is tried again as it is.
    const isLasting = result.outcome !== 'waiting' || result.error === undefined || !maySucceedLater(result.error);
    sightings.set(result.file, { ...sighting, said, tried: isLasting ? sighting.stamp : '' });
    if (result.outcome !== 'elsewhere' && (result.outcome !== 'waiting' || said !== sighting.said)) request.onResult(result);
  };
  await importAll({ inbox, packages: ready, passwords }, { ...request, onResult });
}

const maySucceedLater = (error: LpxError): boolean => isPassing(error) || error.code.startsWith('LPX_FILE_');

/** The sizes and times of a package and of its signatures, and whether it is too old to be arriving still. */
async function stampOfPackage({ path, signatures }: InboxPackage): Promise<string> {
  const stamps = await Promise.all([path, ...signatures].map(stampOf));
  const arrived = await lstat(path).catch(() => undefined);
  const isOld = arrived !== undefined && Date.now() - arrived.mtimeMs >= ARRIVING_MS;
  return `${stamps.join(' ')} ${isOld}`;
}

/** The same of the table of passwords, or of all that is in their folder. */
async function stampOfPasswords(path: string | undefined): Promise<string> {
  if (path === undefined) return '';
  const names = await readdir(path).catch(() => []);
  return (await Promise.all([path, ...names.map((name) => join(path, name))].map(stampOf))).join(' ');
}

const stampOf = (path: string): Promise<string> =>
  lstat(path).then(
    ({ ino, size, mtimeMs }) => `${ino}/${size}/${mtimeMs}`,
    () => 'gone',
  );
