/** Recognises files that are called a ZIP and are not one: each kind has an error of its own. */
import { type Code, LpxError } from '../errors.js';
import { SIGNATURE } from './format.js';

/** Enough of a file's start to tell its kind. Bytes. */
export const START_BYTES = 1024;

/** Archives of other formats, by their first bytes. */
const FORMATS: readonly (readonly [format: string, magic: string])[] = [
  ['RAR', 'Rar!\x1a\x07'],
  ['7z', '7z\xbc\xaf\x27\x1c'],
  ['gzip', '\x1f\x8b\x08'],
  ['xz', '\xfd7zXZ\x00'],
  ['bzip2', 'BZh'],
  ['Zstandard', '\x28\xb5\x2f\xfd'],
  ['CAB', 'MSCF\x00\x00'],
];
const TAR_MAGIC = { at: 257, magic: 'ustar' } as const;

/** Programs of Windows, Linux and macOS: a self-extracting archive is one. */
const PROGRAMS = ['MZ', '\x7fELF', '\xcf\xfa\xed\xfe', '\xca\xfe\xba\xbe', '#!'];

/** A web page, after blanks (a byte order mark among them), comments and an XML declaration. */
const WEB_PAGE = /^(?:\s|<!--(?:(?!-->)[\s\S])*-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html|head|body|script)\b/i;

/**
 * Tells by the first bytes what cannot be a whole ZIP.
 * @param start the first `START_BYTES` of the file, or all of it
 * @returns undefined for what may be one
 */
export function otherFile(start: Buffer): LpxError | undefined {
  if (start.length === 0) return new LpxError('LPX_FILE_EMPTY', { content: 'nothing' });
  const text = start.toString('latin1');
  if (PROGRAMS.some((magic) => text.startsWith(magic))) return new LpxError('LPX_FILE_PROGRAM');
  const format = FORMATS.find(([, magic]) => text.startsWith(magic))?.[0] ?? (isTar(text) ? 'tar' : undefined);
  if (format) return new LpxError('LPX_OTHER_ARCHIVE', { format });
  if (WEB_PAGE.test(decoded(start))) return new LpxError('LPX_WEB_PAGE');
  if (start.length >= 4 && start.readUInt32LE(0) === SIGNATURE.split) return new LpxError('LPX_ZIP_PART');
  return undefined;
}

const isTar = (text: string): boolean => text.startsWith(TAR_MAGIC.magic, TAR_MAGIC.at);

/** The start as text: markup is ASCII, whatever the encoding of the rest. */
function decoded(start: Buffer): string {
  const isWide = (start[0] === 0xff && start[1] === 0xfe) || start[1] === 0;
  return isWide ? new TextDecoder('utf-16le').decode(start) : new TextDecoder().decode(start);
}

/** Names that 7-Zip, WinZip and others give to the parts of a split archive. */
const PART_NAME = /\.(?:\d{3}|z\d{2})$/i;

/**
 * The error for a file without an end record.
 * @param onlyZeros whether every byte of it is zero
 */
export function fileWithoutEnd(file: string, start: Buffer, onlyZeros: boolean): LpxError {
  if (onlyZeros) return new LpxError('LPX_FILE_EMPTY', { content: 'zeros' });
  if (PART_NAME.test(file)) return new LpxError('LPX_ZIP_PART');
  const startsAsZip = start.length >= 4 && start.readUInt32LE(0) === SIGNATURE.localHeader;
  const code: Code = startsAsZip ? 'LPX_ZIP_CUT' : 'LPX_NOT_A_ZIP';
  return new LpxError(code);
}
