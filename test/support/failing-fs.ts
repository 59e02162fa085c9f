/**
 * Fails the n-th operation on the file system, after the idea of yauzl's tests. Import this first: it puts itself before
 * Node's functions, and code that has them already would go past it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';

const SYNC =
  'openSync readSync writeSync fsyncSync renameSync linkSync mkdirSync statSync fstatSync lstatSync chmodSync fchmodSync rmSync unlinkSync rmdirSync readdirSync readFileSync writeFileSync'.split(
    ' ',
  );
const CALLBACK = ['fsync', 'open', 'read'];
const PROMISES = 'open mkdir mkdtemp stat lstat access readFile writeFile rename link rm unlink rmdir readdir copyFile chmod'.split(' ');
const HANDLE = ['sync', 'datasync', 'writeFile', 'readFile', 'read', 'write', 'stat', 'truncate'];

interface Plan {
  /** Fails the operation of this number, from 1. 0 fails none. */
  readonly at: number;
  readonly code: string;
  count: number;
  failed: string | undefined;
}
let plan: Plan | undefined;
/** Files of the program itself are not the disk's that fails. */
const PROGRAM = fileURLToPath(new URL('../..', import.meta.url));

/** Counts an operation. @throws when its turn has come */
function step(name: string, subject: unknown): void {
  if (!plan || (typeof subject === 'string' && subject.startsWith(PROGRAM))) return;
  plan.count++;
  if (plan.count !== plan.at) return;
  plan.failed = name;
  const path = typeof subject === 'string' ? { path: subject } : {};
  throw Object.assign(new Error(`${plan.code}: made to fail, ${name}`), { code: plan.code, errno: -1, syscall: syscallOf(name), ...path });
}
const syscallOf = (name: string): string =>
  ({ sync: 'fsync', datasync: 'fdatasync', readFile: 'open', writeFile: 'write' })[name] ?? name.replace(/Sync$/, '');

type Any = Record<string, (...args: unknown[]) => unknown>;
function wrap(target: object, names: readonly string[], kind: 'sync' | 'callback' | 'promise'): void {
  for (const name of names) {
    const original = (target as Any)[name];
    if (!original) continue;
    const wrapped = function (this: unknown, ...args: unknown[]) {
      try {
        step(name, args[0]);
      } catch (error) {
        if (kind === 'sync') throw error;
        if (kind === 'promise') return Promise.reject(error);
        return queueMicrotask(() => (args.at(-1) as (error: unknown) => void)(error));
      }
      return original.apply(this, args);
    };
    Object.assign(target, { [name]: Object.assign(wrapped, original) });
  }
}

wrap(fs, SYNC, 'sync');
wrap(fs, CALLBACK, 'callback');
wrap(fs.promises, PROMISES, 'promise');
const handle = await fs.promises.open(fileURLToPath(import.meta.url));
wrap(Object.getPrototypeOf(handle), HANDLE, 'promise');
await handle.close();
syncBuiltinESMExports();

/** What became of work during which one operation failed. */
export interface FailedRun {
  /** The operation that failed; undefined when there were fewer. */
  readonly failed: string | undefined;
  readonly operations: number;
  readonly error: unknown;
}

/** Does work while its operation number `at` fails with `code`; 0 for none. */
export async function failing(at: number, code: string, work: () => Promise<unknown>): Promise<FailedRun> {
  const current: Plan = { at, code, count: 0, failed: undefined };
  plan = current;
  const error = await work().then(
    () => undefined,
    (reason) => reason ?? 'nothing',
  );
  plan = undefined;
  return { failed: current.failed, operations: current.count, error };
}
