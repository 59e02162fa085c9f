/**
 * Where the outputs of a command may go: never into a store, and never in the place of a file that the same command reads or
 * writes otherwise, whatever `--overwrite` says. Checked for every command before it reads or writes anything.
 */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { LpxError } from '../errors.js';
import { isAttachmentsPlace, isDatabaseUrl } from '../exchange/school-store.js';
import { writeError } from '../io/file-error.js';
import { upward } from '../io/folders.js';
import { fill } from '../messages/messages.js';
import type { Context } from './context.js';
import { isStoreFolder } from './is-store-folder.js';
import { inWords } from './render/help.js';

/**
 * What an option names: something that is read; a folder that is written into; or a file that is written, which gets the next
 * version's name, gives an error, or is replaced with `--overwrite`, when there is one already.
 */
type Role = 'input' | 'folder' | 'file: next version' | 'file: new' | 'file: replaceable';

/** Every option that takes a path, by its flags, but for the store. */
export const PATH_OPTIONS: Readonly<Record<string, Role>> = {
  '--html <file>': 'file: next version',
  '--results <file>': 'file: next version',
  '--password-out <file>': 'file: new',
  '--xlsx <file>': 'file: replaceable',
  '--template <file>': 'file: replaceable',
  '--password-slip <file>': 'file: replaceable',
  '--out <dir>': 'folder',
  '--passwords <dir>': 'folder',
  '--passwords <path>': 'input',
  '--list <file>': 'input',
  '--password-file <file>': 'input',
  '--signature <file>': 'input',
  '--check <file>': 'input',
  '--course-codes <file>': 'input',
  '--schools <file>': 'input',
  '--attachments <dir>': 'input',
  '--identity <file>': 'input',
  '--erasures <file>': 'input',
  '--scratch <dir>': 'folder',
};

/** Arguments that are, or may be, paths; by their names. */
const PATH_ARGUMENTS: Readonly<Record<string, Role>> = {
  path: 'input',
  zip: 'input',
  'zip|student': 'input',
  folder: 'input',
  list: 'input',
  backup: 'folder',
  'new-store': 'folder',
};

/** Names of files that lpx keeps together: a report under one of them would be taken for it, or take its place. */
const NAMES_OF_LPX = /\.(?:zip|md5|receipt\.json|cover\.html)$/i;

/** A path that a command was given. */
interface Given {
  /** The option or argument. */
  readonly by: string;
  readonly role: Role;
  /** As typed. */
  readonly file: string;
  readonly path: string;
}

/**
 * @throws LPX_STORE_EXISTS for a new store in the place of one; LPX_USAGE for an output in a store, in the place of something else of the command, or under a name that only lpx gives;
 *   LPX_WRITE_FAILED where something else than a file, or than a folder, is in its place, or a file that has to stay
 */
export function refuseOutputs(context: Context, command: Command): void {
  const { usage } = context.messages;
  const refuse = (problem: string, facts: Readonly<Record<string, string>>): never => {
    throw new LpxError('LPX_USAGE', { problem: fill(problem, facts) });
  };
  const given = pathsGiven(context, command);
  // Its own place too may be that of a cover letter that is written.
  const password = given.find(({ by, file }) => by === '--password-file' && NAMES_OF_LPX.test(file));
  if (password) refuse(usage.outputNamed, { option: password.by, file: password.file });
  const known = given
    .filter(({ role, path }) => role === 'input' && existsSync(path))
    .map(({ by, role, path }) => ({ by, role, identity: identityOf(path) }));
  const newStore = inWords(context.messages, '<new-store>');
  for (const output of given.filter(({ role }) => role !== 'input')) {
    const { by: option, role, file, path } = output;
    const [identity, folder] = asOutput(file, () => [identityOf(path), storeAround(path)]);
    if (option === newStore && isStoreFolder(path)) {
      // A move finishes what its last run has left there, and refuses any other store.
      if (command.name() === 'move') continue;
      throw new LpxError('LPX_STORE_EXISTS', { folder: file });
    }
    if (folder !== undefined) refuse(usage.outputInStore, { option, file, folder });
    if (role !== 'folder' && NAMES_OF_LPX.test(file)) refuse(usage.outputNamed, { option, file });
    const other = known.find((place) => place.identity === identity && (role !== 'folder' || place.role !== 'folder'));
    if (other) refuse(usage.outputTaken, { option, file, other: other.by });
    known.push({ by: option, role, identity });
    assertPlace(output, command.opts<{ overwrite?: boolean }>().overwrite === true);
  }
}

/** The paths among a command's words. */
function pathsGiven({ cwd, messages }: Context, command: Command): Given[] {
  const given = (by: string, role: Role, values: unknown): Given[] =>
    [values ?? []]
      .flat()
      .filter((file): file is string => typeof file === 'string' && !isDatabaseUrl(file))
      .map((file) => ({ by, role, file, path: resolve(cwd, file) }));
  const options = command.options.flatMap((option) => {
    const role = PATH_OPTIONS[option.flags];
    return role === undefined ? [] : given(option.long ?? option.flags, role, command.getOptionValue(option.attributeName()));
  });
  const args = command.registeredArguments.flatMap((argument, i) => {
    const role = PATH_ARGUMENTS[argument.name()];
    return role === undefined ? [] : given(inWords(messages, `<${argument.name()}>`), role, command.processedArgs[i]);
  });
  return [...args, ...options];
}

/**
 * What a path is known by: its file or folder on the disk; of what is not there yet, the nearest folder around it, and its name
 * within that, in which case does not count, as on the disks of Windows and macOS.
 */
function identityOf(path: string): string {
  const around = nearest(path);
  const { dev, ino } = statSync(around, { bigint: true });
  const name = relative(around, path);
  return [`${dev}:${ino}`, ...(name === '' ? [] : name.normalize('NFC').toLowerCase().split(/[\\/]/))].join('/');
}

/** As `nearestThere`, but where the system refuses to look, it is an error: nothing is known of such a place. */
function nearest(path: string): string {
  let there = path;
  for (there of upward(path)) if (statSync(there, { throwIfNoEntry: false })) break;
  return there;
}

/** The store that a path is in, or is; or the attachments of one in a database. */
function storeAround(path: string): string | undefined {
  for (const folder of upward(realpathSync(nearest(path)))) if (isStoreFolder(folder) || isAttachmentsPlace(folder)) return folder;
  return undefined;
}

/** @throws LPX_WRITE_FAILED, naming the output as typed, where the system refuses to look at it */
function asOutput<T>(file: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw writeError(error, file);
  }
}

/** @throws LPX_WRITE_FAILED */
function assertPlace({ role, file, path }: Given, overwrite: boolean): void {
  const refuse = (reason: string): never => {
    throw new LpxError('LPX_WRITE_FAILED', { file, reason });
  };
  if (role === 'folder' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === false) refuse('isFile');
  if (!statSync(role === 'folder' ? nearest(path) : nearest(dirname(path))).isDirectory()) refuse('ENOTDIR');
  const found = role === 'folder' ? undefined : asOutput(file, () => lstatSync(path, { throwIfNoEntry: false }));
  if (!found) return;
  if (found.isDirectory()) refuse('EISDIR');
  if (found.isSymbolicLink()) refuse('isLink');
  if (!found.isFile()) refuse('notPlain');
  if (role === 'file: replaceable' && !overwrite) refuse('replaceable');
}
