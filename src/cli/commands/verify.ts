import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { errorOfReport, type SignatureSource, verifyPackage } from '../../exchange/verify.js';
import type { Context, Outcome } from '../context.js';
import { type PasswordOptions, passwordFor } from '../passwords.js';
import { startProgress } from '../progress.js';
import { reportLines, reportOutput } from '../render/report.js';

export interface VerifyOptions extends PasswordOptions {
  /** A file, or false for none at all. */
  readonly signature?: string | false;
  readonly md5?: string;
  readonly strict?: boolean;
  readonly acceptForeignMd5?: boolean;
  readonly acceptPartial?: boolean;
}

/** `lpx verify`: checks a package, imports nothing. */
export async function verify(context: Context, zip: string, options: VerifyOptions): Promise<Outcome> {
  const progress = startProgress(context, context.messages.progress.reading);
  const password = progress.holdFor(await passwordFor(context, options));
  const report = await verifyPackage({ ...packageRequest(context, zip, options), password, onProgress: progress.update }).finally(
    progress.stop,
  );
  const { ok: _, ...json } = reportOutput(context.messages, report);
  return { json, text: reportLines(context.messages, context.paint, report), error: errorOfReport(report) };
}

/** What to verify and how, from the words of the caller. @throws LPX_USAGE */
export const packageRequest = (context: Context, zip: string, options: VerifyOptions) => ({
  zipFile: resolve(context.cwd, zip),
  helper: context.helper,
  signature: signatureSource(context, options),
  strict: options.strict === true,
  accept: { partial: options.acceptPartial === true, foreignMd5: options.acceptForeignMd5 === true },
});

function signatureSource({ cwd, messages }: Context, { signature, md5 }: VerifyOptions): SignatureSource {
  if (md5 !== undefined) {
    if (signature !== undefined) throw new LpxError('LPX_USAGE', { problem: messages.usage.severalSignatures });
    const digits = md5.normalize('NFKC').replace(/\s/g, '').toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(digits)) throw new LpxError('LPX_USAGE', { problem: messages.usage.md5 });
    return { md5: digits };
  }
  if (signature === false) return 'none';
  return signature === undefined ? 'beside' : { file: resolve(cwd, signature) };
}
