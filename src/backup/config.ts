/** What a repository of backups is known by: its id, its format, and to whom it is encrypted. */
import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LpxError } from '../errors.js';
import { encryptTo, requireRecipients } from '../io/age.js';
import { writeError } from '../io/file-error.js';
import { makeFolders } from '../io/folders.js';
import { makeFolder, publishFiles, removeParts, unpublished, writePart } from '../io/publish.js';
import { readSmall } from '../io/read.js';

export const CONFIG = 'lpx-backup.json';
export const CONFIG_BYTES = 64 * 1024;
const FORMAT_VERSION = 1;
export const SUBFOLDERS = ['objects', 'rows', 'lists', 'snapshots', 'erasures', 'locks', 'tmp'] as const;

export interface Config {
  readonly id: string;
  /** Undefined where nothing is encrypted. `key`: under which objects are named, encrypted to the recipients, base64. */
  readonly encryption?: { readonly recipients: readonly string[]; readonly key: string };
}

/** @returns its id, and its key, which is of no use where nothing is encrypted */
export async function makeConfig(folder: string, recipients: readonly string[]): Promise<{ readonly id: string; readonly key: string }> {
  if (recipients.length > 0) await requireRecipients(recipients);
  await makeFolder(folder);
  const others = (await readdir(folder)).filter(
    (name) => !(SUBFOLDERS as readonly string[]).includes(name) && !name.startsWith(`${CONFIG}.`),
  );
  if (others.length > 0) throw new LpxError('LPX_BACKUP_FOLDER', { folder });
  const [id, key] = [randomBytes(16).toString('hex'), randomBytes(32).toString('hex')];
  const config = {
    format: 'lpx-backup',
    version: FORMAT_VERSION,
    id,
    ...(recipients.length > 0 && {
      encryption: { recipients: [...recipients], key: (await encryptTo(recipients, Buffer.from(key))).toString('base64') },
    }),
  };
  const file = unpublished()(join(folder, CONFIG));
  writePart(file, `${JSON.stringify(config, undefined, 2)}\n`);
  try {
    await publishFiles([file]);
  } catch (error) {
    await removeParts([file]);
    // Of two that make it at once, the first one's stays.
    if (!(error instanceof LpxError && error.facts.reason === 'EEXIST')) throw error;
  }
  return { id, key };
}

/** Makes a folder where there is none. @returns whether it did @throws LPX_BACKUP_DAMAGED for anything else in its place; LPX_WRITE_FAILED, LPX_DISK_FULL */
export function makeSubfolder(folder: string, name: string): boolean {
  const path = join(folder, name);
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    // A link would have backups written who knows where.
    if (found && !found.isDirectory()) throw new LpxError('LPX_BACKUP_DAMAGED', { file: path });
    return !found && makeFolders(path, 0o700).length > 0;
  } catch (error) {
    throw writeError(error, path);
  }
}

export async function configIn(folder: string): Promise<Config> {
  const file = join(folder, CONFIG);
  const content = await readSmall(file, CONFIG_BYTES, 'file').catch((error) => {
    throw error instanceof LpxError && error.code === 'LPX_FILE_NOT_FOUND'
      ? new LpxError('LPX_BACKUP_NOT_FOUND', { folder }, { cause: error })
      : error;
  });
  const config = parsedJson(content.toString('utf8'), file) as Record<string, unknown>;
  if (config.format !== 'lpx-backup' || !Number.isSafeInteger(config.version) || (config.version as number) < 1)
    throw new LpxError('LPX_BACKUP_DAMAGED', { file });
  if ((config.version as number) > FORMAT_VERSION) throw new LpxError('LPX_BACKUP_NEWER', { folder });
  const { id, encryption } = config as unknown as Config;
  const isSound =
    typeof id === 'string' &&
    /^[0-9a-f]{32}$/.test(id) &&
    (encryption === undefined ||
      (typeof encryption?.key === 'string' &&
        Array.isArray(encryption.recipients) &&
        encryption.recipients.every((recipient: unknown) => typeof recipient === 'string')));
  if (!isSound) throw new LpxError('LPX_BACKUP_DAMAGED', { file });
  return encryption ? { id, encryption } : { id };
}

/** @throws LPX_BACKUP_DAMAGED for anything but an object */
export function parsedJson(text: string, file: string): object {
  try {
    const value = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new LpxError('LPX_BACKUP_DAMAGED', { file }, { cause });
  }
  throw new LpxError('LPX_BACKUP_DAMAGED', { file });
}
