/** A package that is refused: what says so, and what the history keeps of it. */
import { basename } from 'node:path';
import { EXIT, type LpxError } from '../../errors.js';
import { statPlain } from '../../io/read.js';
import type { Store } from '../../store/store.js';
import { DEFAULT_LIMITS } from '../../zip/limits.js';
import { digestFile } from '../../zip/threads/digest.js';
import type { ImportRequest } from '../import.js';
import type { VerificationReport } from '../verify.js';

/** Whether a refusal gets into the history. */
export const isKept = ({ code }: LpxError, { dryRun, retried }: ImportRequest): boolean => !dryRun && !retried?.has(code);

/** Whether an error says something of the package, and not of how lpx was called, of the system or of the store. */
export const isRefusal = ({ exitCode }: Pick<LpxError, 'exitCode'>): boolean =>
  exitCode === EXIT.signature || exitCode === EXIT.password || exitCode === EXIT.damaged || exitCode === EXIT.invalidData;

/** Notes a refused package: its name, size and MD5, and why. A refusal that cannot be noted is still one. */
export async function recordRefusal(
  store: Store,
  { zipFile, now, operator, request }: ImportRequest,
  { code }: LpxError,
  facts: Pick<VerificationReport['package'], 'file' | 'bytes' | 'md5'> | undefined,
): Promise<void> {
  try {
    const { file, bytes, md5 } = facts ?? (await factsOfFile(zipFile));
    await store.change(async (change) => {
      await change.addHistory({
        kind: 'import',
        state: 'failed',
        at: now,
        operator,
        request,
        file,
        bytes,
        md5,
        code,
        contentsDigest: '',
        school: '',
        reason: '',
        overridden: '',
      });
      return { keep: true, result: undefined };
    });
  } catch {
    // Said by the refusal: nothing was imported.
  }
}

/** Name, size and MD5 of a file that could not be read as a package; of one that is larger than packages are, no MD5. */
export async function factsOfFile(zipFile: string): Promise<Pick<VerificationReport['package'], 'file' | 'bytes' | 'md5'>> {
  const { size } = await statPlain(zipFile);
  const md5 = size > DEFAULT_LIMITS.archiveBytes ? '' : (await digestFile(zipFile)).md5;
  return { file: basename(zipFile), bytes: size, md5 };
}
