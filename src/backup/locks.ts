/**
 * Locks of a repository, which may lie on another machine's disk: files that say who works there, as restic has them. Backups share; whoever
 * removes objects wants to be alone. A lock that its process does not renew is nobody's after half an hour, and at once when its process was
 * of this machine and is gone.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LpxError } from '../errors.js';
import { writeError } from '../io/file-error.js';
import { whenInterrupted } from '../io/interruption.js';
import { isUnpublished, replaceFile } from '../io/publish.js';

const FOLDER = 'locks';
/** After this time without a sign of life a lock is nobody's, in ms. */
const STALE_MS = 30 * 60_000;
const RENEW_MS = 60_000;
/** How long a backup waits for whoever removes old ones, in ms. */
const PATIENCE_MS = 15_000;
const POLL_MS = 100;

export type LockKind = 'shared' | 'exclusive';

interface Holder {
  readonly kind: LockKind;
  /** The machine, and on Linux which processes are to be seen there. */
  readonly host: string;
  readonly pid: number;
  /** When the process started, as its system counts; undefined where that does not say. Its number may be another's by now. */
  readonly started?: string | undefined;
}

/** Where a process's number means something: a container has numbers of its own. */
function thisHost(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** What Linux says of a process: when it started, in ticks since the system did, and whether it has ended, which only its parent does not know yet. */
function processOf(pid: number): { readonly started: string | undefined; readonly hasEnded: boolean } | undefined {
  try {
    // The name of the program, in parentheses, may contain anything.
    const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { started: fields[18], hasEnded: state === 'Z' || state === 'X' };
  } catch {
    return undefined;
  }
}

export class RepositoryLock {
  /** What files under way begin with, so that others see whose they are. */
  readonly token: string;
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;
  readonly #finished: () => void;

  private constructor(token: string, file: string) {
    this.token = token;
    this.#file = file;
    this.#timer = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), RENEW_MS);
    this.#timer.unref();
    this.#finished = whenInterrupted(() => rmSync(file, { force: true }));
  }

  /**
   * @returns undefined when it cannot be had: an exclusive one is not waited for
   * @throws LPX_BACKUP_BUSY when a shared one cannot be had in time; LPX_WRITE_FAILED, LPX_DISK_FULL
   */
  static async take(repository: string, kind: LockKind): Promise<RepositoryLock | undefined> {
    const token = randomBytes(8).toString('hex');
    const file = join(repository, FOLDER, `${token}.json`);
    const holder: Holder = { kind, host: thisHost(), pid: process.pid, started: processOf(process.pid)?.started };
    const lock = new RepositoryLock(token, file);
    try {
      // Under its name once it is whole: of an empty one, as a killed process would leave it, nobody could say whose it was.
      await replaceFile(file, Buffer.from(`${JSON.stringify(holder)}\n`));
    } catch (error) {
      await lock.release().catch(() => {});
      throw error;
    }
    // Each writes its own first and looks then: of two, at least one sees the other.
    const until = performance.now() + PATIENCE_MS;
    while ((await livingLocks(repository)).some((other) => other.token !== token && (kind === 'exclusive' || other.kind === 'exclusive'))) {
      if (kind === 'shared' && performance.now() < until) await sleep(POLL_MS);
      else {
        await lock.release();
        if (kind === 'shared') throw new LpxError('LPX_BACKUP_BUSY', { folder: repository });
        return undefined;
      }
    }
    return lock;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    this.#finished();
    await rm(this.#file, { force: true }).catch((error) => {
      throw writeError(error, this.#file);
    });
  }
}

/** The locks of living processes. Those of dead ones are removed, and so are those that dead ones were about to take. */
export async function livingLocks(repository: string): Promise<{ readonly token: string; readonly kind: LockKind }[]> {
  const folder = join(repository, FOLDER);
  const names = (await readdir(folder).catch(() => [])).filter((name) => isLock(name) || isBeingTaken(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const [stats, text] = await Promise.all([stat(file).catch(() => undefined), readFile(file, 'utf8').catch(() => '')]);
      return stats && { name, file, renewed: stats.mtimeMs, holder: holderIn(text) };
    }),
  );
  const locks = found.filter((lock) => lock !== undefined);
  // By the clock of the disk's machine, which may differ from this one's.
  const now = Math.max(...locks.map(({ renewed }) => renewed));
  const living = [];
  for (const { name, file, renewed, holder } of locks) {
    if (renewed < now - STALE_MS || (holder && isGone(holder))) await rm(file, { force: true }).catch(() => {});
    // One that cannot be read may be either.
    else if (isLock(name)) living.push({ token: name.slice(0, -'.json'.length), kind: holder?.kind ?? 'exclusive' });
  }
  return living;
}

const isLock = (name: string): boolean => /^[0-9a-f]{16}\.json$/.test(name);
const isBeingTaken = (name: string): boolean => {
  const file = name.replace(/(?<=\.json)\..*$/, '');
  return isLock(file) && isUnpublished({ part: name, file });
};

function holderIn(text: string): Holder | undefined {
  try {
    const { kind, host, pid, started } = JSON.parse(text);
    return (kind === 'shared' || kind === 'exclusive') && typeof host === 'string' && Number.isSafeInteger(pid)
      ? { kind, host, pid, started: typeof started === 'string' ? started : undefined }
      : undefined;
  } catch {
    return undefined;
  }
}

function isGone({ host, pid, started }: Holder): boolean {
  if (host !== thisHost()) return false;
  const found = started === undefined ? undefined : processOf(pid);
  if (found) return found.hasEnded || found.started !== started;
  // Not found also where users do not see each other's processes.
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
