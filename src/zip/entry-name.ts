/** The name of an entry: decoded, brought to one form, and found harmless. */
import { crc32 } from 'node:zlib';
import { decodeCp950, decodeUtf8 } from '../encoding.js';
import { LpxError } from '../errors.js';
import { isReservedOnWindows } from '../io/windows-names.js';
import { EXTRA_UNICODE_PATH, type ExtraFields, FLAG } from './format.js';

export type NameEncoding = 'utf8' | 'utf8-unflagged' | 'unicode-path' | 'cp950';

export interface EntryName {
  /** Forward slashes, never absolute, no segment empty, `.` or `..`; empty for the archive's root. */
  readonly name: string;
  /** Written as a folder: with a slash at its end. */
  readonly isFolder: boolean;
  readonly encoding: NameEncoding;
}

/** The name fields of a header, of the directory or local. */
export interface NameSource {
  readonly rawName: Buffer;
  readonly flags: number;
  readonly extra: ExtraFields;
}

/**
 * Decodes a name. Empty and `.` segments are dropped, as every tool does on unpacking.
 * @throws LPX_ENTRY_NAME_UNSAFE for one that points outside, is ambiguous, or hides characters
 */
export function entryName(source: NameSource): EntryName {
  const { name: written, encoding } = decodeName(source);
  const name = written.replaceAll('\\', '/');
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  const outside = name === '' || name.startsWith('/') || segments.includes('..') || /^[A-Za-z]:/.test(name);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const hidden = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/.test(name);
  const reserved = segments.some(isReservedOnWindows);
  if (outside || hidden || reserved || /^[A-Za-z]:/.test(segments[0] ?? ''))
    throw new LpxError('LPX_ENTRY_NAME_UNSAFE', {}, { place: { entry: JSON.stringify(name) } });
  return { name: segments.join('/'), isFolder: /(?:^|\/)\.?$/.test(name), encoding };
}

/** UTF-8 with or without its flag, Info-ZIP's Unicode path (APPNOTE 4.6.9) when it belongs to the name, else CP950. */
function decodeName({ rawName, flags, extra }: NameSource): { readonly name: string; readonly encoding: NameEncoding } {
  const utf8 = decodeUtf8(rawName);
  const isFlagged = (flags & FLAG.utf8) !== 0;
  const unicodePath = unicodePathOf(rawName, extra);
  if (unicodePath !== undefined) {
    // Where the name is flagged as UTF-8, some readers take it and others the path.
    if (isFlagged && utf8 !== unicodePath)
      throw new LpxError('LPX_ENTRY_NAME_UNSAFE', {}, { place: { entry: JSON.stringify(unicodePath) } });
    return { name: unicodePath, encoding: 'unicode-path' };
  }
  if (utf8 !== undefined) return { name: utf8, encoding: isFlagged || /^[\x20-\x7e]*$/.test(utf8) ? 'utf8' : 'utf8-unflagged' };
  const cp950 = decodeCp950(rawName);
  if (cp950 === undefined)
    throw new LpxError('LPX_ENTRY_NAME_UNSAFE', {}, { place: { entry: JSON.stringify(rawName.toString('latin1')) } });
  return { name: cp950, encoding: 'cp950' };
}

function unicodePathOf(rawName: Buffer, extra: ExtraFields): string | undefined {
  const path = extra.get(EXTRA_UNICODE_PATH);
  if (!path || path.length < 5 || path[0] !== 1 || path.readUInt32LE(1) !== crc32(rawName)) return undefined;
  return decodeUtf8(path.subarray(5));
}
