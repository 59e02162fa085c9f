/** What processes that died left behind: put back, removed, and nothing else. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Kysely } from 'kysely';
import { accessFor } from '../access.js';
import { overwriteRemnants } from '../erasure/overwriting.js';
import { rehearsalsIn, unfinishedPlacesIn } from '../named-values.js';
import { PackageClaims } from '../package-claims.js';
import type { Tables } from '../tables.js';
import type { AttachmentVault } from '../vault/attachments.js';
import { removeUnfinished } from '../vault/vault.js';
import type { Presence } from './presence.js';
import { REHEARSED_PREFIX, sweepWorkFolders, UNWRAPPED } from './work-folder.js';

/** Sweeps what dead processes left in the store and in the system's folder for temporary files. */
export async function sweepLeftovers(db: Kysely<Tables>, storeFolder: string, vault: AttachmentVault, presence: Presence): Promise<void> {
  await new PackageClaims(db, storeFolder, presence).sweep();
  await overwriteRemnants(db, vault, storeFolder, 1);
  await vault.sweep((moved) => removeUnnamed(db, vault, moved));
  await sweepWorkFolders(UNWRAPPED.parent(), UNWRAPPED.prefix);
  await sweepRehearsals(db);
  await sweepUnfinished(db);
}

/** How long what a dead restore left in a bucket is removed at a time, in ms. */
export const SWEEP_MS = 500;

/** Removes attachments of restores into this database that did not come to their end before it had a store. */
async function sweepUnfinished(db: Kysely<Tables>): Promise<void> {
  const unfinished = unfinishedPlacesIn(db);
  for (const place of (await unfinished.all()).keys()) {
    const { code } = await db.selectFrom('school').select('code').executeTakeFirstOrThrow();
    if (await removeUnfinished(place, code, { access: accessFor('') }, SWEEP_MS).catch(() => false)) await unfinished.drop(place);
  }
}

/** What is not there may be on a disk that is away, or on another computer. */
async function sweepRehearsals(db: Kysely<Tables>): Promise<void> {
  const rehearsals = rehearsalsIn(db);
  for (const path of (await rehearsals.all()).keys()) {
    if (!existsSync(path)) continue;
    await sweepWorkFolders(dirname(path), REHEARSED_PREFIX);
    if (!existsSync(path)) await rehearsals.drop(path);
  }
}

/**
 * Removes files that a dead process moved into the vault and that no record names. No living process is between
 * moving files and committing meanwhile: that, too, happens within a transaction that writes. Who writes waits for one file at a time.
 */
async function removeUnnamed(db: Kysely<Tables>, vault: AttachmentVault, moved: readonly string[]): Promise<void> {
  for (const sha256 of moved)
    await db.transaction().execute(async (transaction) => {
      const named = await transaction.selectFrom('attachments').select('sha256').where('sha256', '=', sha256).executeTakeFirst();
      if (!named) await vault.remove(sha256);
    });
}
