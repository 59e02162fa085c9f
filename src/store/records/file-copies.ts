/** Copies files out of the store, every byte checked on the way. */
import { errorOf, type Finding, LpxError, type Place } from '../../errors.js';
import type { CopiedFile } from '../../io/publish.js';
import type { Store } from '../store.js';

/** A file of the store that is copied out. */
export interface FileCopy {
  readonly sha256: string;
  /** Its new name, with `/` between folders. */
  readonly name: string;
  /** Whose it is, and of which record. */
  readonly place: Place;
}

/** The copies as files to write. Each throws LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN when the store has it no longer, or not whole. */
export const copiesOf = ({ attachments }: Store, copies: readonly FileCopy[]): CopiedFile[] =>
  copies.map(({ sha256, name }) => ({ name, copyTo: (to) => attachments.copyTo(sha256, to, name) }));

/**
 * Runs what writes copies. @throws what it throws; where that is a file that the store has lost or not whole, LPX_ATTACHMENT_LOST or
 * LPX_ATTACHMENT_BROKEN with every one of the copies that is: a clerk has to know all of them
 */
export async function namingAllDamage<T>(store: Store, copies: readonly FileCopy[], write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw (isDamage(error) && (await damageIn(store, copies))) || error;
  }
}

const isDamage = (error: unknown): boolean =>
  error instanceof LpxError && (error.code === 'LPX_ATTACHMENT_LOST' || error.code === 'LPX_ATTACHMENT_BROKEN');

async function damageIn({ attachments }: Store, copies: readonly FileCopy[]): Promise<LpxError | undefined> {
  const findings: Finding[] = [];
  for (const { sha256, name, place } of copies) {
    const state = await attachments.check(sha256);
    const code = state === 'lost' ? 'LPX_ATTACHMENT_LOST' : 'LPX_ATTACHMENT_BROKEN';
    if (state !== 'sound') findings.push({ code, severity: 'error', place, facts: { file: attachments.locationOf(sha256), entry: name } });
  }
  return errorOf(findings);
}
