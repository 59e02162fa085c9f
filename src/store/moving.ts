/**
 * What a move leaves in the settings of two stores: the new one cannot be opened while it says that it is being made, and the old one no
 * longer once it says where it went.
 */
import type { Kysely, Transaction } from 'kysely';
import { LpxError } from '../errors.js';
import { objectIn } from './stored-rows.js';
import type { Tables } from './tables.js';

/** Where a store went. */
export interface Moved {
  /** As messages call the new store. */
  readonly to: string;
  /** By which the new one knows its move. */
  readonly key: string;
}

/** Which stores may be opened that otherwise may not. */
export interface Opening {
  /** Also one whose disk is full, since nothing is to be written to it; others wait until it is closed. */
  readonly toRead?: boolean | undefined;
  /** Also one that has moved; nothing is written to it. */
  readonly evenMoved?: boolean | undefined;
  /** Also one that the move of this key is still making. */
  readonly madeBy?: string | undefined;
}

type Db = Kysely<Tables> | Transaction<Tables>;

const MOVED = 'moved';
/** Its value is the key of a move; empty for a restore. */
const UNPUBLISHED = 'unpublished';

const settingIn = async (db: Db, name: string): Promise<string | undefined> =>
  (await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst())?.value;

/** @throws LPX_STORE_MOVED, LPX_TABLES_DAMAGED; LPX_MOVE_UNFINISHED, LPX_STORE_NOT_FOUND for one that a move, or a restore, has not finished */
export async function requireSettled(db: Db, folder: string, { evenMoved = false, madeBy }: Opening = {}): Promise<void> {
  const moved = await movedIn(db, folder);
  if (moved && !evenMoved) throw new LpxError('LPX_STORE_MOVED', { folder, to: moved.to });
  const maker = await makerOf(db);
  if (maker === undefined || maker === madeBy) return;
  throw new LpxError(maker === '' ? 'LPX_STORE_NOT_FOUND' : 'LPX_MOVE_UNFINISHED', { folder });
}

/** Undefined for a store that is where it was. @throws as `movedFrom` */
export async function movedIn(db: Db, folder: string): Promise<Moved | undefined> {
  const value = await settingIn(db, MOVED);
  return value === undefined ? undefined : movedFrom(value, folder);
}

/** What the setting says. @throws LPX_TABLES_DAMAGED where somebody edited it */
export function movedFrom(value: string, folder: string): Moved {
  const edited = (cause?: unknown) => new LpxError('LPX_TABLES_DAMAGED', { folder, detail: `settings: ${MOVED}` }, { cause });
  try {
    const { to, key } = objectIn<Partial<Moved>>(value);
    if (typeof to === 'string' && typeof key === 'string') return { to, key };
  } catch (error) {
    throw edited(error);
  }
  throw edited();
}

export const markMoved = async (db: Transaction<Tables>, moved: Moved): Promise<void> =>
  void (await db
    .insertInto('settings')
    .values({ name: MOVED, value: JSON.stringify(moved) })
    .execute());

/** The key of the move that is making a store, empty for a restore; undefined for a store that is finished. */
export const makerOf = (db: Db): Promise<string | undefined> => settingIn(db, UNPUBLISHED);

export const markUnpublished = async (db: Transaction<Tables>, madeBy: string): Promise<void> =>
  void (await db.insertInto('settings').values({ name: UNPUBLISHED, value: madeBy }).execute());

export const publish = async (db: Kysely<Tables>): Promise<void> =>
  void (await db.deleteFrom('settings').where('name', '=', UNPUBLISHED).execute());
