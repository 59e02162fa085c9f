import { resolve } from 'node:path';
import { errorOfReport, verifyPackage } from '../../exchange/verify.js';
import type { Context, Outcome } from '../context.js';
import { type PasswordOptions, passwordFor } from '../passwords.js';
import { startProgress } from '../progress.js';
import { reportLines, reportOutput } from '../render/report.js';

export interface VerifyOptions extends PasswordOptions {
  readonly signature?: string;
}

/** `lpx verify`: checks a package, imports nothing. */
export async function verify(context: Context, zip: string, options: VerifyOptions): Promise<Outcome> {
  const progress = startProgress(context, context.messages.progress.reading);
  const password = await passwordFor(context, options);
  const report = await verifyPackage({ ...packageRequest(context, zip, options), password, onProgress: progress.update }).finally(
    progress.stop,
  );
  const { ok: _, ...json } = reportOutput(context.messages, report);
  return { json, text: reportLines(context.messages, context.paint, report), error: errorOfReport(report) };
}

/** The paths of a package and its signature, from the caller's folder. */
export const packageRequest = ({ cwd }: Context, zip: string, { signature }: VerifyOptions) => ({
  zipFile: resolve(cwd, zip),
  signatureFile: signature === undefined ? undefined : resolve(cwd, signature),
});
