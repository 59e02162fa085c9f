/**
 * Cuts the power at the n-th change of the file system: nothing changes after it, and what was not synced is lost. A file whose bytes were
 * not synced since is empty; a name that was given or taken since its folder was synced is as before. Import this first: it puts itself before
 * Node's functions.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, resolve } from 'node:path';

interface Cut {
  readonly at: number;
  count: number;
  /** Only what is below it is on the disk whose power goes. */
  readonly disk: string;
  readonly paths: Map<number, string>;
  readonly unsynced: Set<string>;
  /** Undoes names given in folders that have not been synced, the newest last. */
  readonly names: { readonly folder: string; readonly undo: () => void }[];
}
let cut: Cut | undefined;

/** Not one of lpx's errors: nobody is there to see it. */
class PowerIsGone extends Error {}

const real = { ...fs };

/** Counts a change. @throws once the power is gone */
function change(path: string | undefined): boolean {
  if (!cut || path === undefined || !resolve(path).startsWith(cut.disk)) return false;
  cut.count++;
  if (cut.count >= cut.at) throw new PowerIsGone();
  return true;
}

const pathOf = (target: unknown): string | undefined =>
  typeof target === 'number' ? cut?.paths.get(target) : typeof target === 'string' ? target : undefined;

function given(path: string, undo: () => void): void {
  cut?.names.push({ folder: dirname(resolve(path)), undo });
}

Object.assign(fs, {
  openSync(path: string, flags: string | number, mode?: number) {
    const isNew = typeof flags === 'string' && flags.includes('x');
    if (isNew) change(path);
    const fd = real.openSync(path, flags, mode);
    cut?.paths.set(fd, path);
    if (cut && isNew && resolve(path).startsWith(cut.disk)) {
      cut.unsynced.add(resolve(path));
      given(path, () => real.rmSync(path, { force: true }));
    }
    return fd;
  },
  writeSync(fd: number, ...rest: unknown[]) {
    const path = pathOf(fd);
    if (change(path)) cut?.unsynced.add(resolve(path as string));
    return (real.writeSync as (...args: unknown[]) => number)(fd, ...rest);
  },
  writeFileSync(target: number | string, ...rest: unknown[]) {
    const path = pathOf(target);
    if (change(path)) cut?.unsynced.add(resolve(path as string));
    return (real.writeFileSync as (...args: unknown[]) => void)(target, ...rest);
  },
  fsyncSync(fd: number) {
    const path = pathOf(fd);
    change(path);
    real.fsyncSync(fd);
    if (path !== undefined) cut?.unsynced.delete(resolve(path));
  },
  fsync(fd: number, done: (error: Error | null) => void) {
    try {
      fs.fsyncSync(fd);
    } catch (error) {
      return done(error as Error);
    }
    done(null);
  },
  rmSync(path: string, options?: fs.RmOptions) {
    change(path);
    real.rmSync(path, options);
  },
  renameSync(from: string, to: string) {
    const isOnDisk = change(to);
    const before = isOnDisk && real.existsSync(to) && real.statSync(to).isFile() ? real.readFileSync(to) : undefined;
    real.renameSync(from, to);
    if (!cut || !isOnDisk) return;
    if (cut.unsynced.delete(resolve(from))) cut.unsynced.add(resolve(to));
    given(to, () => (before === undefined ? real.rmSync(to, { recursive: true, force: true }) : real.writeFileSync(to, before)));
  },
  linkSync(from: string, to: string) {
    const isOnDisk = change(to);
    real.linkSync(from, to);
    if (isOnDisk) given(to, () => real.rmSync(to, { force: true }));
  },
});
const { open, rm } = fs.promises;
Object.assign(fs.promises, {
  async open(path: string, ...rest: unknown[]) {
    const handle = await (open as (...args: unknown[]) => ReturnType<typeof open>)(path, ...rest);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      change(path);
      await sync();
      const folder = resolve(path);
      if (cut) cut.names.splice(0, cut.names.length, ...cut.names.filter((name) => name.folder !== folder));
    };
    return handle;
  },
  async rm(path: string, ...rest: unknown[]) {
    change(path);
    return (rm as (...args: unknown[]) => Promise<void>)(path, ...rest);
  },
});
syncBuiltinESMExports();

/** Does work until the power of a disk goes at its change number `at`. @returns whether it went before the work was done, and how many changes there were */
export async function cutPower(
  disk: string,
  at: number,
  work: () => Promise<unknown>,
): Promise<{ readonly gone: boolean; readonly changes: number }> {
  const current: Cut = { at, count: 0, disk: resolve(disk), paths: new Map(), unsynced: new Set(), names: [] };
  cut = current;
  await work().catch(() => {});
  cut = undefined;
  const gone = current.count >= at;
  if (gone) {
    for (const { undo } of current.names.reverse()) undo();
    for (const path of current.unsynced) if (real.existsSync(path)) real.truncateSync(path, 0);
  }
  return { gone, changes: current.count };
}
