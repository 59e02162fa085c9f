/** Erases files of students who were erased. Storage that does not answer is not waited for: the next command on the store tries again. */
import type { Kysely } from 'kysely';
import { LpxError } from '../../errors.js';
import type { Tables } from '../tables.js';
import type { AttachmentVault } from '../vault/attachments.js';

/** Files that are erased at once. Others who write wait for no more than these. */
const AT_ONCE = 8;

/**
 * Erases those files that no record names, and takes them off the list of what is to be overwritten. A file that cannot be removed stays on
 * it; where the storage does not answer, the others do as well.
 * @param files by their SHA-256
 * @param mostMs after which no more are begun, in ms
 */
export async function eraseFiles(db: Kysely<Tables>, vault: AttachmentVault, files: readonly string[], mostMs: number): Promise<void> {
  const end = performance.now() + mostMs;
  for (let from = 0; from < files.length; from += AT_ONCE) {
    const isAnswered = await eraseTogether(db, vault, files.slice(from, from + AT_ONCE));
    if (!isAnswered || performance.now() >= end) return;
  }
}

/** @returns whether the storage answered */
const eraseTogether = (db: Kysely<Tables>, vault: AttachmentVault, files: readonly string[]): Promise<boolean> =>
  db.transaction().execute(async (transaction) => {
    const rows = await transaction.selectFrom('attachments').select('sha256').where('sha256', 'in', files).execute();
    const named = new Set(rows.map(({ sha256 }) => sha256));
    const erasures = await Promise.allSettled(files.map((sha256) => (named.has(sha256) ? undefined : vault.erase(sha256))));
    const gone = files.filter((_, i) => erasures[i]?.status === 'fulfilled');
    if (gone.length > 0) await transaction.deleteFrom('remnants').where('sha256', 'in', gone).execute();
    return !erasures.some((erasure) => erasure.status === 'rejected' && isUnanswered(erasure.reason));
  });

/** Whether an error is of the storage as a whole, and not of one file. */
const isUnanswered = (error: unknown): boolean =>
  error instanceof LpxError && ['LPX_S3_UNREACHABLE', 'LPX_S3_CREDENTIALS', 'LPX_S3_BUCKET'].includes(error.code);
