import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { withStore } from '../../exchange/school-store.js';
import { type ExportSlip, packageOf, provenPassword, type Slip, slipOf } from '../../exchange/slip.js';
import { type Existing, type NewFile, nextVersion, writeFiles } from '../../io/publish.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { coverLetter, paperReceipt, passwordSlip, type SlipFrame } from '../../report/slip.js';
import { entryNumber } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { noteFile } from '../noting.js';
import { type PasswordOptions, passwordFor } from '../passwords.js';
import { frameOf, receiptOnPaper } from '../render/html.js';
import { storeFolder } from '../store-folder.js';

export interface SlipOptions extends PasswordOptions {
  readonly out: string;
  readonly passwordSlip?: string;
  readonly blank?: boolean;
  readonly by?: string;
  readonly overwrite?: boolean;
}

type ImportSlip = Extract<Slip, { kind: 'import' }>;

/** `lpx slip`: writes a package's cover letter, and its password on a sheet of its own; or the receipt of an import, to print. */
export async function slip(context: Context, number: string, options: SlipOptions): Promise<Outcome> {
  const { usage } = context.messages;
  const hasPassword = options.passwordFile !== undefined || options.passwordStdin === true;
  if (options.passwordSlip === undefined && (options.blank || hasPassword))
    throw new LpxError('LPX_USAGE', { problem: options.blank ? usage.blankAlone : usage.passwordForSlip });
  if (options.blank && hasPassword) throw new LpxError('LPX_USAGE', { problem: usage.blankOrPassword });
  const id = entryNumber(context, '<number>', number);
  const issued = { now: context.now(), by: options.by ?? context.operator() };
  const found = await withStore(storeFolder(context), (store) => slipOf(store, id, issued));
  return found.kind === 'export' ? ofExport(context, found, options) : ofImport(context, found, options);
}

async function ofExport(context: Context, slip: ExportSlip, options: SlipOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const { slip: words } = messages;
  // The password first: a slip that cannot be filled in leaves no letter behind.
  const password = options.passwordSlip === undefined ? undefined : await passwordPage(context, slip, options.passwordSlip, options);
  const cover = { name: `${baseOf(slip)}.cover.html`, html: coverPage(frameOf(context), slip, options.by) };
  const file = await write(context, options, { slip, ...cover }, async () => {
    if (password) await writeFiles(dirname(password.file), [newFile(basename(password.file), password.html)], existingOf(options));
  });
  const written = password && { file: password.file, filledIn: password.filledIn };
  return {
    json: { kind: 'export', number: slip.entry.id, file, ...(written && { passwordSlip: written }) },
    text: [
      `${paint.green('✔')} ${fill(words.done, { file })}`,
      ...(written ? [`${paint.green('✔')} ${fill(words.passwordDone, { file: written.file })}`] : []),
    ],
    notes: [
      ...(written && !written.filledIn && !options.blank ? [fill(words.passwordBlank, { folder: slip.entry.folder })] : []),
      ...(written ? [words.keepApart] : []),
    ],
  };
}

async function ofImport(context: Context, slip: ImportSlip, options: SlipOptions): Promise<Outcome> {
  const { messages, paint } = context;
  if (options.passwordSlip !== undefined) throw new LpxError('LPX_USAGE', { problem: messages.usage.passwordSlipOfImport });
  const html = paperReceipt(frameOf(context), receiptOnPaper(slip));
  const file = await write(context, options, { slip, name: `${baseOf(slip)}.receipt.html`, html });
  return {
    json: { kind: 'import', number: slip.entry.id, file },
    text: [`${paint.green('✔')} ${fill(messages.slip.receiptDone, { file })}`],
  };
}

/** How a slip's name begins. */
export const baseOf = ({ entry }: Slip): string => basename(entry.file).replace(/\.zip$/i, '');

/** The cover letter of an export's package. */
export function coverPage(frame: SlipFrame, { entry, from, to }: ExportSlip, by = entry.operator): string {
  const { id, file, bytes, md5, contentsDigest, at, reason, left, students } = entry;
  return coverLetter(frame, {
    number: id,
    from,
    to,
    package: { file, bytes, md5, contentsDigest },
    exportedAt: at,
    operator: by,
    reason: reason as Parameters<typeof coverLetter>[1]['reason'],
    left,
    students: students.map(({ nationalId, ...student }) => ({ ...student, nationalIdMasked: maskId(nationalId) })),
  });
}

/** The sheet with the password, proven where the package is still there. @throws LPX_USAGE for a folder that the package is in */
async function passwordPage(context: Context, slip: ExportSlip, given: string, options: SlipOptions) {
  const { entry, from, to } = slip;
  const file = resolve(context.cwd, given);
  const folder = dirname(file);
  if (!options.blank && existsSync(join(folder, entry.file)))
    throw new LpxError('LPX_USAGE', { problem: fill(context.messages.usage.passwordSlipBeside, { folder }) });
  const zipFile = options.blank ? undefined : packageOf(entry);
  const password = zipFile === undefined ? undefined : await provenPassword(zipFile, entry, await passwordFor(context, options));
  const { id: number, bytes, md5, contentsDigest } = entry;
  const html = passwordSlip(frameOf(context), {
    ...{ number, from, to, exportedAt: entry.at },
    package: { file: entry.file, bytes, md5, contentsDigest },
    password: password?.toString(),
  });
  password?.fill(0);
  return { file, html, filledIn: password !== undefined };
}

/**
 * Writes a slip under its name, or that of its next version; the history says so.
 * @param also is done with it: where it fails, there is no slip
 * @returns its path
 */
async function write(
  context: Context,
  options: SlipOptions,
  { slip: { entry }, name, html }: { readonly slip: Slip; readonly name: string; readonly html: string },
  also: () => Promise<void> = async () => {},
): Promise<string> {
  const folder = resolve(context.cwd, options.out);
  const page = newFile(name, html);
  const [named = page] = options.overwrite ? [page] : await nextVersion(folder, [page]);
  const output = { command: 'slip', of: entry.id, nationalIds: entry.students.map(({ nationalId }) => nationalId) } as const;
  const within = (publish: () => Promise<void>) =>
    noteFile(context, output, join(folder, named.name), async () => {
      await publish();
      await also();
    });
  const [path = ''] = await writeFiles(folder, [named], existingOf(options), { within });
  return path;
}

const newFile = (name: string, html: string): NewFile => ({ name, content: Buffer.from(html) });

const existingOf = ({ overwrite }: SlipOptions): Existing => (overwrite ? 'replace' : 'keep');
