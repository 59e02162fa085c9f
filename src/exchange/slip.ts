/** What slips say: of an export for the letter with its package and for its password, of an import for its acknowledgement on paper. */
import { closeSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LpxError } from '../errors.js';
import { openFile } from '../io/read.js';
import { openingPassword, passwordOddity } from '../package/password-forms.js';
import { type PasswordSource, passwordFrom } from '../package/password-source.js';
import { readDirectory } from '../package/reader.js';
import { schoolOf } from '../store/reference-data.js';
import type { KeptExport, KeptImport, School, Store } from '../store/store.js';
import { digestFile } from '../zip/threads/digest.js';
import { type Acknowledgement, receiptOf } from './receipt.js';

/** An entry of the history that there is a slip for. The other school's code and name may be empty. */
export type Slip =
  | { readonly kind: 'export'; readonly entry: KeptExport; readonly from: School; readonly to: School }
  | ({ readonly kind: 'import'; readonly entry: KeptImport } & Acknowledgement);

/** The slip of an entry of the history. @throws LPX_SLIP_UNKNOWN when it is neither an export nor an import that was done */
export async function slipOf(store: Store, id: number, issued: { readonly now: Date; readonly by: string }): Promise<Slip> {
  const [entry] = await store.history({ kinds: ['export', 'import'], ids: [id] });
  if (entry?.kind === 'export') return { kind: 'export', entry, from: store.school, to: await schoolOf(store, entry.school) };
  if (entry?.kind !== 'import' || entry.state === 'failed') throw new LpxError('LPX_SLIP_UNKNOWN', { id });
  return { kind: 'import', entry, ...(await receiptOf(store, entry, issued)) };
}

export type ExportSlip = Extract<Slip, { kind: 'export' }>;

/** The slips of exports, by their numbers in the history. @param since when the first of them was made, or before */
export async function slipsOfExports(store: Store, ids: ReadonlySet<number>, since: Date): Promise<ExportSlip[]> {
  const entries = (await store.history({ kinds: ['export'], since })).filter(({ id }) => ids.has(id)) as KeptExport[];
  const schools = new Map<string, School>();
  const slips: ExportSlip[] = [];
  for (const entry of entries) {
    const to = schools.get(entry.school) ?? (await schoolOf(store, entry.school));
    schools.set(entry.school, to);
    slips.push({ kind: 'export', entry, from: store.school, to });
  }
  return slips;
}

/** Where the package of an export was written; undefined when nothing of its name is there any more. */
export function packageOf({ folder, file }: KeptExport): string | undefined {
  const path = folder === '' ? '' : join(folder, file);
  return path !== '' && existsSync(path) ? path : undefined;
}

/**
 * The password of an export's package, proven on it. The caller overwrites it.
 * @throws LPX_SLIP_PACKAGE when the file is another by now; LPX_PASSWORD_MISSING, LPX_PASSWORD_WRONG; as `readDirectory`
 */
export async function provenPassword(zipFile: string, { md5 }: KeptExport, source: PasswordSource): Promise<Buffer> {
  const { md5: actual } = await digestFile(zipFile);
  if (actual !== md5) throw new LpxError('LPX_SLIP_PACKAGE', { file: zipFile });
  const { entries } = await readDirectory(zipFile);
  const fd = openFile(zipFile, 'r');
  try {
    const given = await passwordFrom(source);
    const opening = await openingPassword(fd, entries, given);
    const oddity = opening ? '' : (passwordOddity(given) ?? '');
    if (opening?.password !== given) given.fill(0);
    if (!opening) throw new LpxError('LPX_PASSWORD_WRONG', { passwordOddity: oddity }, { place: { file: basename(zipFile) } });
    return opening.password;
  } finally {
    closeSync(fd);
  }
}

/** Whether a password opens a package as it is written. @throws as `readDirectory`, `openFile` */
export async function opensPackage(zipFile: string, password: string): Promise<boolean> {
  const { entries } = await readDirectory(zipFile);
  const fd = openFile(zipFile, 'r');
  try {
    return (await openingPassword(fd, entries, Buffer.from(password)))?.changes.length === 0;
  } finally {
    closeSync(fd);
  }
}
