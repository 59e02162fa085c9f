/** Chooses the vault of a store, by what its settings say of where the attachments are. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Kysely, Transaction } from 'kysely';
import { LpxError } from '../../errors.js';
import { type Access, accessFor } from '../access.js';
import type { Presence } from '../processes/presence.js';
import { WorkArea } from '../processes/work-area.js';
import type { Tables } from '../tables.js';
import type { AttachmentVault } from './attachments.js';
import { FolderVault } from './folder-vault.js';
import { S3Bucket } from './s3-bucket.js';
import { isS3Url, s3Location, s3Url } from './s3-location.js';
import { S3Vault } from './s3-vault.js';

const SETTING = 'attachments';

/** Where a store is kept, as far as its vault has to know. */
export interface Surroundings {
  /** The folder of the store; undefined of one in a database. */
  readonly folder?: string | undefined;
  readonly access: Access;
  /** Says who lives, of a store in a database. */
  readonly presence?: Presence | undefined;
}

/**
 * A place for the attachments of a new store, of its own below what was named: schools that name the same folder or bucket, and two
 * stores of one school, do not come upon each other's files.
 * @param named an absolute folder, or the URL of a bucket
 * @param madeBy the key of a move: one that is tried again finds the place of before. Empty for none
 */
export function newPlace(named: string, schoolCode: string, madeBy = ''): string {
  const own = `${schoolCode}-${(madeBy === '' ? randomBytes(4) : createHash('sha256').update(madeBy).digest().subarray(0, 4)).toString('hex')}`;
  if (!isS3Url(named)) return join(named, own);
  const location = s3Location(named);
  return s3Url({ ...location, prefix: location.prefix === '' ? own : `${location.prefix}/${own}` });
}

/**
 * Removes what a restore that was cut short left at a place for attachments. A place that another store has come to be at stays as it is,
 * and what is not such a place of the school's.
 * @param mostMs after which no more is removed, in ms
 * @returns whether nothing is left of it @throws LPX_WRITE_FAILED, the LPX_S3 errors
 */
export async function removeUnfinished(place: string, schoolCode: string, surroundings: Surroundings, mostMs?: number): Promise<boolean> {
  const own = basename(isS3Url(place) ? s3Location(place).prefix : place);
  if (!OWN_PLACE.test(own) || !own.startsWith(`${schoolCode}-`)) return true;
  const vault = vaultAt(place, surroundings);
  return vault.removeUnfinished(mostMs).finally(() => vault.close());
}

/** Whether a folder is such a place, with attachments in it. */
export const isAttachmentsPlace = (folder: string): boolean => OWN_PLACE.test(basename(folder)) && existsSync(join(folder, 'attachments'));
const OWN_PLACE = /^[0-9A-Za-z]{6}-[0-9a-f]{8}$/;

/** The vault at a place. @param place empty for the folder of the store itself */
export function vaultAt(place: string, { folder = '', access, presence }: Surroundings): AttachmentVault {
  if (!isS3Url(place)) return new FolderVault(place === '' ? folder : place, access, presence);
  const location = s3Location(place);
  const area =
    folder === ''
      ? new WorkArea(tmpdir(), `lpx-work-${basename(location.prefix)}-`, { access: accessFor(''), presence })
      : new WorkArea(join(folder, 'attachments'), 'staging-', { access });
  return new S3Vault(new S3Bucket(location), area);
}

/** Tries what a new store needs of its place, before anything of it is made. @throws the LPX_S3 errors */
export async function tryPlace(place: string, surroundings: Surroundings): Promise<void> {
  if (!isS3Url(place)) return;
  const vault = vaultAt(place, surroundings) as S3Vault;
  try {
    await vault.probe();
  } finally {
    vault.close();
  }
}

export async function setPlace(transaction: Transaction<Tables>, place: string): Promise<void> {
  await transaction.insertInto('settings').values({ name: SETTING, value: place }).execute();
}

/** @returns empty for the folder of the store itself @throws LPX_TABLES_DAMAGED where somebody edited it */
export async function placeIn(db: Kysely<Tables>, folder: string): Promise<string> {
  const place = (await db.selectFrom('settings').select('value').where('name', '=', SETTING).executeTakeFirst())?.value ?? '';
  const edited = (cause?: unknown) => new LpxError('LPX_TABLES_DAMAGED', { folder, detail: `settings: ${SETTING}` }, { cause });
  // SQLite takes bytes where a text belongs.
  if (typeof place !== 'string') throw edited();
  try {
    if (isS3Url(place)) s3Location(place);
  } catch (error) {
    throw edited(error);
  }
  return place;
}
