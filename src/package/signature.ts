/** The companion signature file: the MD5 of the ZIP (docs/spec.md#q6). */
import { basename } from 'node:path';
import { LpxError } from '../errors.js';
import { readSmall } from '../files.js';

/** Beyond this many bytes it is not a signature file. */
export const SIGNATURE_BYTES = 64 * 1024;

export const signaturePathOf = (zipFile: string): string => `${zipFile}.md5`;

/** The line that `md5sum -c` takes. */
export const signatureLine = (md5: string, zipFile: string): string => `${md5}  ${basename(zipFile)}\n`;

/** A signature file that was found. */
export interface Signature {
  readonly file: string;
  /** 32 lower-case hex digits. */
  readonly md5: string;
}

/**
 * Reads the signature of a package: the file given, or the first of `<zip>.md5`, `<base>.md5`, `<base>.txt`.
 * @throws LPX_SIGNATURE_MISSING, LPX_SIGNATURE_UNREADABLE, LPX_FILE_NOT_FOUND for a file named by the caller
 */
export async function readSignature(zipFile: string, given?: string): Promise<Signature> {
  const base = zipFile.replace(/\.zip$/i, '');
  const candidates = given === undefined ? [signaturePathOf(zipFile), `${base}.md5`, `${base}.txt`] : [given];
  for (const file of candidates) {
    const bytes = await readSmall(file, SIGNATURE_BYTES, 'file').catch((error) => {
      if (given === undefined && error instanceof LpxError && error.code === 'LPX_FILE_NOT_FOUND') return undefined;
      throw error;
    });
    if (!bytes) continue;
    const md5 = md5In(decode(bytes), basename(zipFile));
    if (!md5) throw new LpxError('LPX_SIGNATURE_UNREADABLE', { file });
    return { file, md5 };
  }
  throw new LpxError('LPX_SIGNATURE_MISSING', { file: signaturePathOf(zipFile) });
}

function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)))
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** A line has a hash and a path. */
const LINE_CHARACTERS = 1024;

/**
 * Takes `md5sum` lines, bare hex in either case and the BSD form, among comments. Where several files are
 * listed the one of our name counts; one alone counts whatever it is called, since mail renames files.
 */
function md5In(text: string, zipName: string): string | undefined {
  const found = text.split(/\r\n|\r|\n/).flatMap((line) => {
    if (line.length > LINE_CHARACTERS) return [];
    const bsd = /^\s*MD5\s*\((.*)\)\s*=\s*([0-9a-f]{32})\s*$/i.exec(line);
    if (bsd) return [{ name: bsd[1] ?? '', md5: (bsd[2] ?? '').toLowerCase() }];
    const line2 = /^\s*\\?([0-9a-f]{32})(?:\s+\*?(.*?))?\s*$/i.exec(line);
    return line2 ? [{ name: line2[2] ?? '', md5: (line2[1] ?? '').toLowerCase() }] : [];
  });
  return (found.find((one) => basename(one.name.replaceAll('\\', '/')) === zipName) ?? (found.length === 1 ? found[0] : undefined))?.md5;
}
