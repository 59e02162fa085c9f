import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { verifyNoted } from '../../exchange/note-verification.js';
import { errorOfReport, type PasswordSource, type SignatureSource, type VerificationReport } from '../../exchange/verify.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { type HtmlOptions, htmlFile, withReport } from '../html-file.js';
import { type Note, withNoting } from '../noting.js';
import { type PasswordOptions, passwordFor } from '../passwords.js';
import { startProgress } from '../progress.js';
import { errorLines, failureOutput, findingLines } from '../render/findings.js';
import { verificationReport } from '../render/html.js';
import { reportLines, reportOutput } from '../render/report.js';

export interface VerifyOptions extends PasswordOptions, HtmlOptions {
  /** A file, or false for none at all. */
  readonly signature?: string | false;
  readonly md5?: string;
  readonly strict?: boolean;
  readonly acceptForeignMd5?: boolean;
  readonly acceptPartial?: boolean;
}

/** `lpx verify`: checks a package, imports nothing; the history of a store has that it was checked. */
export async function verify(context: Context, zip: string, options: VerifyOptions): Promise<Outcome> {
  const { messages } = context;
  refuseOtherThanPackage(context, 'verify', zip);
  const html = htmlFile(context, options);
  const progress = startProgress(context, messages.progress.reading);
  const password = await passwordFor(context, options);
  const request = { ...packageRequest(context, zip, options), password, onProgress: progress.update, seen: html?.seen };
  const report = await withNoting(context, (note) => verifyNoted(request, note)).finally(progress.stop);
  const { ok: _, ...json } = reportOutput(messages, report);
  const outcome = { json, text: reportLines(context, report), error: errorOfReport(report) };
  return withReport(context, outcome, html, ({ seen }) => verificationReport(context, report, seen));
}

/** People pick the signature for the package, whose name it has, or the folder that it is in. @throws LPX_USAGE */
export function refuseOtherThanPackage({ messages, cwd }: Context, command: 'verify' | 'import', file: string): void {
  if (statSync(resolve(cwd, file), { throwIfNoEntry: false })?.isDirectory())
    throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.folderGiven, { folder: file, command }) });
  if (!/\.md5$/i.test(file)) return;
  const zip = `${basename(file).replace(/(?:\.zip)?\.md5$/i, '')}.zip`;
  throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.signatureGiven, { file: basename(file), zip }) });
}

/** A package of several, as it was found. */
interface Verified {
  readonly zip: string;
  /** Undefined when the file could not be read as a package at all. */
  readonly report?: VerificationReport;
  readonly error?: LpxError | undefined;
}

/** `lpx verify` of several packages, under one password: each is named, and one that is refused does not keep the others from being checked. */
export async function verifySeveral(context: Context, zips: readonly string[], options: VerifyOptions): Promise<Outcome> {
  const { messages } = context;
  if (options.md5 !== undefined || typeof options.signature === 'string')
    throw new LpxError('LPX_USAGE', { problem: messages.usage.signatureOfSeveral });
  if (options.html !== undefined) throw new LpxError('LPX_USAGE', { problem: messages.usage.htmlOfSeveral });
  const progress = startProgress(context, messages.progress.reading);
  const password = askedOnce(await passwordFor(context, options));
  const verified: Verified[] = [];
  const verifyAll = async (note: Note) => {
    for (const zip of zips) {
      const request = { ...packageRequest(context, zip, options), password, onProgress: progress.update };
      verified.push(
        await verifyNoted(request, note).then(
          (report) => ({ zip, report, error: errorOfReport(report) }),
          (error) => ({ zip, error: refusalOf(error) }),
        ),
      );
    }
  };
  await withNoting(context, verifyAll).finally(progress.stop);
  const refused = verified.filter(({ error }) => error !== undefined);
  return {
    json: { packages: verified.map((checked) => verifiedOutput(context, checked)) },
    text: verified.flatMap((checked) => verifiedLines(context, checked)),
    error:
      refused.length === 0
        ? undefined
        : new LpxError('LPX_PACKAGES_REFUSED', {
            count: refused.length,
            total: zips.length,
            files: refused.map(({ zip }) => basename(zip)).join(messages.usage.and),
          }),
  };
}

/** The same password opens all of the packages: it is asked for once. */
function askedOnce(password: PasswordSource): PasswordSource {
  if (typeof password !== 'function') return password;
  let asked: ReturnType<typeof password> | undefined;
  return () => {
    asked ??= password();
    return asked;
  };
}

/** An error that is a package's own. Without a password, and when somebody interrupts, nothing else can be checked either. */
function refusalOf(error: unknown): LpxError {
  if (error instanceof LpxError && !['LPX_PASSWORD_MISSING', 'LPX_INTERRUPTED', 'LPX_INTERNAL'].includes(error.code)) return error;
  throw error;
}

function verifiedOutput({ messages }: Context, { zip, report, error }: Verified) {
  const failure = error && { error: failureOutput(messages, 'verify', error) };
  return report ? { file: zip, ...reportOutput(messages, report), ...failure } : { file: zip, ok: false, ...failure };
}

function verifiedLines({ messages, paint }: Context, { zip, report, error }: Verified): string[] {
  const lines = report
    ? findingLines(
        messages,
        paint,
        report.findings.filter(({ severity }) => severity !== 'error'),
      )
    : [];
  const verdict = error ? paint.red(messages.verify.bad) : paint.green(messages.verify.good);
  const of = error?.findings.filter(({ severity }) => severity === 'error') ?? [];
  const why = error === undefined ? [] : of.length > 1 ? findingLines(messages, paint, of) : errorLines(messages, paint, 'verify', error);
  return [`${error ? paint.red('✘') : paint.green('✔')} ${paint.bold(zip)}  ${verdict}`, ...[...why, ...lines].map((line) => `  ${line}`)];
}

/** What to verify and how, from the words of the caller. @throws LPX_USAGE */
export const packageRequest = (context: Context, zip: string, options: VerifyOptions) => ({
  zipFile: resolve(context.cwd, zip),
  helper: context.helper,
  signature: signatureSource(context, options),
  ...verifyTerms(options),
});

/** What a package is held to, whether it is one or one of many. */
export const verifyTerms = ({
  strict,
  acceptPartial,
  acceptForeignMd5,
}: Pick<VerifyOptions, 'strict' | 'acceptPartial' | 'acceptForeignMd5'>) => ({
  strict: strict === true,
  accept: { partial: acceptPartial === true ? ('owe' as const) : (false as const), foreignMd5: acceptForeignMd5 === true },
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
