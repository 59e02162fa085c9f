/**
 * The ZIP reader. unzipper reads the central directory, within bounds that we set; everything it says
 * is then held against the local headers and the limits. The bytes are moved by `entry.ts`.
 */
import { closeSync, fstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { Open } from 'unzipper';
import { decodeCp950, decodeUtf8 } from '../encoding.js';
import { LpxError } from '../errors.js';
import { fillFrom, openFile } from '../files.js';
import { aesOverheadBytes } from './crypto/winzip-aes.js';
import { ZIPCRYPTO_HEADER_BYTES } from './crypto/zipcrypto.js';
import {
  CENTRAL_HEADER_BYTES,
  decodeAesExtra,
  END_RECORD_BYTES,
  EXTRA_UNICODE_PATH,
  extraField,
  FLAG,
  LOCAL_HEADER_BYTES,
  METHOD,
  SIGNATURE,
  sealHolds,
  ZIP64_END_BYTES,
  ZIP64_LOCATOR_BYTES,
} from './format.js';
import { DEFAULT_LIMITS, type ZipLimits } from './limits.js';

const UINT32_MAX = 0xffff_ffff;
const END_SIGNATURE = Buffer.alloc(4);
END_SIGNATURE.writeUInt32LE(SIGNATURE.end);

export type NameEncoding = 'utf8' | 'utf8-unflagged' | 'unicode-path' | 'cp950';
export type EntryEncryption = 'none' | 'zipcrypto' | 'aes128' | 'aes192' | 'aes256';

/** One file in the archive. A plain object: it travels to worker threads as it is. */
export interface ZipEntry {
  /** Path inside the archive, forward slashes, never absolute, never with `..`. */
  readonly name: string;
  /** How the name was written. `utf8` without its flag, and CP950, are against APPNOTE, and common. */
  readonly nameEncoding: NameEncoding;
  readonly encryption: EntryEncryption;
  /** Compression under the encryption. */
  readonly compression: 'stored' | 'deflated';
  readonly size: number;
  /** Bytes in the archive, with what encryption added. */
  readonly compressedSize: number;
  readonly crc32: number;
  /** AE-2 keeps no CRC; its authentication code stands in. */
  readonly hasCrc: boolean;
  /** The byte ZipCrypto checks a password with. */
  readonly checkByte: number;
  /** Where the entry's data start in the file. */
  readonly dataOffset: number;
}

/** An entry as unzipper reports it; its types lack the fields that matter here. */
interface DirectoryRecord {
  readonly pathBuffer: Buffer;
  readonly flags: number;
  readonly compressionMethod: number;
  readonly lastModifiedTime: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly offsetToLocalFileHeader: number;
  readonly externalFileAttributes: number;
  readonly versionMadeBy: number;
}

/** The record with its bytes as they stand in the directory. */
type RawRecord = DirectoryRecord & { readonly bytes: Buffer };

/** The record with its name decoded and found harmless. */
type NamedRecord = RawRecord & Pick<ZipEntry, 'name' | 'nameEncoding'>;

/** `Open.custom` as it is; its published types leave the options out. */
type OpenCustom = (
  source: { size(): Promise<number>; stream(offset: number): Readable },
  options: { tailSize: number },
) => Promise<{ files: DirectoryRecord[] }>;

/** Where the end records say the directory is. Bytes from the start of the file. */
interface DirectoryBounds {
  readonly entries: number;
  readonly offset: number;
  readonly bytes: number;
  /** Offset of the end record itself. */
  readonly endOffset: number;
}

/**
 * Reads and checks the directory of a ZIP file. Directory entries are left out.
 * @throws LPX_NOT_A_ZIP, LPX_DIRECTORY_DAMAGED, LPX_LIMIT_EXCEEDED, LPX_ENTRY_NAME_UNSAFE,
 *   LPX_ENTRY_DUPLICATE, LPX_ENTRY_UNSUPPORTED, LPX_FILE_NOT_FOUND
 */
export async function readZip(file: string, limits: ZipLimits = DEFAULT_LIMITS): Promise<ZipEntry[]> {
  const fd = openFile(file, 'r');
  try {
    const fileBytes = fstatSync(fd).size;
    const bounds = findDirectory(fd, fileBytes, limits);
    const records = await readRecords(fd, fileBytes, bounds);
    const named = withNames(records);
    checkSizes(named, limits);
    return readLocalHeaders(fd, named, bounds);
  } finally {
    closeSync(fd);
  }
}

function findDirectory(fd: number, fileBytes: number, limits: ZipLimits): DirectoryBounds {
  const tailBytes = Math.min(fileBytes, END_RECORD_BYTES + 0xffff);
  const tailOffset = fileBytes - tailBytes;
  const tail = readAt(fd, tailOffset, tailBytes);
  const ends: number[] = [];
  const isEnd = (one: number) =>
    one + END_RECORD_BYTES <= tail.length && one + END_RECORD_BYTES + tail.readUInt16LE(one + 20) === tail.length;
  for (let one = tail.indexOf(END_SIGNATURE); one >= 0; one = tail.indexOf(END_SIGNATURE, one + 1)) if (isEnd(one)) ends.push(one);
  // With two ends an archive is two archives, and every reader takes its own.
  if (ends.length > 1) throw damaged('end');
  const [at] = ends;
  if (at === undefined) {
    const start = readAt(fd, 0, Math.min(4, fileBytes));
    const looksLikeZip = start.length === 4 && start.readUInt32LE(0) === SIGNATURE.localHeader;
    throw looksLikeZip ? damaged('end') : new LpxError('LPX_NOT_A_ZIP');
  }
  const endOffset = tailOffset + at;
  const end = tail.subarray(at);
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0 || end.readUInt16LE(8) !== end.readUInt16LE(10)) throw damaged('volumes');
  let bounds = { entries: end.readUInt16LE(10), bytes: end.readUInt32LE(12), offset: end.readUInt32LE(16), endOffset };
  let directoryEnd = endOffset;
  if (bounds.entries === 0xffff || bounds.bytes === 0xffff_ffff || bounds.offset === 0xffff_ffff) {
    const zip64 = findZip64(fd, endOffset);
    bounds = { ...zip64, endOffset };
    directoryEnd = zip64.recordOffset;
  }
  if (bounds.entries > limits.entries) throw overLimit('entries', bounds.entries, limits.entries);
  if (bounds.bytes > limits.directoryBytes) throw overLimit('directory', bounds.bytes, limits.directoryBytes);
  if (bounds.offset + bounds.bytes !== directoryEnd) throw damaged('directory');
  return bounds;
}

function findZip64(fd: number, endOffset: number) {
  const locatorOffset = endOffset - ZIP64_LOCATOR_BYTES;
  if (locatorOffset < 0) throw damaged('zip64');
  const locator = readAt(fd, locatorOffset, ZIP64_LOCATOR_BYTES);
  if (locator.readUInt32LE(0) !== SIGNATURE.zip64Locator) throw damaged('zip64');
  const recordOffset = Number(locator.readBigUInt64LE(8));
  if (recordOffset + ZIP64_END_BYTES > locatorOffset) throw damaged('zip64');
  const record = readAt(fd, recordOffset, ZIP64_END_BYTES);
  if (record.readUInt32LE(0) !== SIGNATURE.zip64End) throw damaged('zip64');
  return {
    recordOffset,
    entries: Number(record.readBigUInt64LE(32)),
    bytes: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

/** Lets unzipper read the directory, and nothing of the file but the directory and what follows. */
async function readRecords(fd: number, fileBytes: number, bounds: DirectoryBounds): Promise<RawRecord[]> {
  const tail = readAt(fd, bounds.offset, fileBytes - bounds.offset);
  const source = {
    size: async () => fileBytes,
    stream: (offset: number) => {
      const from = offset - bounds.offset;
      return Readable.from(from < 0 || from >= tail.length ? [] : [tail.subarray(from)], { objectMode: false });
    },
  };
  try {
    const directory = await (Open.custom as unknown as OpenCustom)(source, { tailSize: fileBytes - bounds.endOffset });
    const records = await directory.files;
    if (records.length !== bounds.entries) throw damaged('directory');
    return withBytes(records, tail.subarray(0, bounds.bytes));
  } catch (error) {
    throw error instanceof LpxError ? error : damaged('directory', error);
  }
}

/** Cuts the directory at its own lengths, and holds that against what unzipper made of it. */
function withBytes(records: readonly DirectoryRecord[], directory: Buffer): RawRecord[] {
  let at = 0;
  const cut = records.map((record) => {
    if (at + CENTRAL_HEADER_BYTES > directory.length || directory.readUInt32LE(at) !== SIGNATURE.centralHeader) throw damaged('directory');
    const length =
      CENTRAL_HEADER_BYTES + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    const bytes = directory.subarray(at, at + length);
    at += length;
    return { ...record, bytes };
  });
  if (at !== directory.length) throw damaged('directory');
  return cut;
}

/** Names the records, no two of them the same to any system. */
function withNames(records: readonly RawRecord[]): NamedRecord[] {
  const seen = new Set<string>();
  return records.map((record) => {
    const { name, encoding } = entryName(record);
    const key = name.normalize('NFC').toLowerCase();
    if (seen.has(key)) throw new LpxError('LPX_ENTRY_DUPLICATE', { entry: name });
    seen.add(key);
    if (isSpecial(record)) throw new LpxError('LPX_ENTRY_UNSUPPORTED', { entry: name, feature: 'link or device' });
    return { ...record, name, nameEncoding: encoding };
  });
}

function checkSizes(records: readonly NamedRecord[], limits: ZipLimits): void {
  let total = 0;
  for (const record of records) {
    const { uncompressedSize: size, compressedSize } = record;
    total += size;
    if (record.pathBuffer.length > limits.nameBytes) throw overLimit('name', record.pathBuffer.length, limits.nameBytes);
    const depth = record.name.split('/').length;
    if (depth > limits.depth) throw overLimit('depth', depth, limits.depth);
    if (size > limits.entryBytes) throw overLimit('entry', size, limits.entryBytes);
    if (size > limits.ratioFromBytes && size > compressedSize * limits.ratio) {
      throw overLimit('ratio', Math.round(size / Math.max(1, compressedSize)), limits.ratio);
    }
  }
  if (total > limits.totalBytes) throw overLimit('total', total, limits.totalBytes);
}

/** Holds each directory record against its local header, and all of them against each other. */
function readLocalHeaders(fd: number, records: readonly NamedRecord[], bounds: DirectoryBounds): ZipEntry[] {
  const entries: ZipEntry[] = [];
  const byOffset = [...records].sort((a, b) => a.offsetToLocalFileHeader - b.offsetToLocalFileHeader);
  let previousEnd = 0;
  for (const record of byOffset) {
    const { name } = record;
    const offset = record.offsetToLocalFileHeader;
    if (offset < previousEnd || offset + LOCAL_HEADER_BYTES > bounds.offset) throw damagedEntry(name, 'overlap');
    const header = readAt(fd, offset, LOCAL_HEADER_BYTES);
    if (header.readUInt32LE(0) !== SIGNATURE.localHeader) throw damagedEntry(name, 'header');
    const nameBytes = header.readUInt16LE(26);
    const extraBytes = header.readUInt16LE(28);
    const variable = readAt(fd, offset + LOCAL_HEADER_BYTES, nameBytes + extraBytes);
    const sameName = variable.subarray(0, nameBytes).equals(record.pathBuffer);
    const sameKind =
      header.readUInt16LE(8) === record.compressionMethod &&
      ((header.readUInt16LE(6) ^ record.flags) & (FLAG.encrypted | FLAG.strongEncryption | FLAG.utf8)) === 0;
    if (!sameName || !sameKind || !sameNumbers(header, record) || !sealHolds(Buffer.concat([header, variable]), record.bytes))
      throw damagedEntry(name, 'header');
    const dataOffset = offset + LOCAL_HEADER_BYTES + nameBytes + extraBytes;
    previousEnd = dataOffset + record.compressedSize;
    if (previousEnd > bounds.offset) throw damagedEntry(name, 'overlap');
    if (!name.endsWith('/')) entries.push(describe(record, dataOffset, variable.subarray(nameBytes)));
    else if (record.uncompressedSize > 0) throw damagedEntry(name, 'header');
  }
  return entries;
}

/** CRC and sizes, where the local header has them: with a data descriptor it need not, with ZIP64 they stand elsewhere. */
function sameNumbers(header: Buffer, record: DirectoryRecord): boolean {
  if (record.flags & FLAG.descriptor) return true;
  const same = (value: number, expected: number) => value === expected || value === UINT32_MAX;
  return (
    header.readUInt32LE(14) === record.crc32 &&
    same(header.readUInt32LE(18), record.compressedSize) &&
    same(header.readUInt32LE(22), record.uncompressedSize)
  );
}

function describe(record: NamedRecord, dataOffset: number, localExtra: Buffer): ZipEntry {
  const { name, nameEncoding } = record;
  const unsupported = (feature: string) => new LpxError('LPX_ENTRY_UNSUPPORTED', { entry: name, feature });
  if (record.flags & FLAG.strongEncryption) throw unsupported('PKWARE strong encryption');
  const encrypted = (record.flags & FLAG.encrypted) !== 0;
  const aes = record.compressionMethod === METHOD.aes ? decodeAesExtra(localExtra) : undefined;
  if (record.compressionMethod === METHOD.aes && (!aes || !encrypted)) throw damagedEntry(name, 'header');
  const method = aes ? aes.method : record.compressionMethod;
  if (method !== METHOD.stored && method !== METHOD.deflated) throw unsupported(`method ${method}`);
  const overhead = aes ? aesOverheadBytes(aes.strength) : encrypted ? ZIPCRYPTO_HEADER_BYTES : 0;
  const payload = record.compressedSize - overhead;
  if (payload < 0 || (method === METHOD.stored && payload !== record.uncompressedSize)) throw damagedEntry(name, 'size');
  return {
    name,
    nameEncoding,
    encryption: aes ? ((['aes128', 'aes192', 'aes256'] as const)[aes.strength - 1] as EntryEncryption) : encrypted ? 'zipcrypto' : 'none',
    compression: method === METHOD.stored ? 'stored' : 'deflated',
    size: record.uncompressedSize,
    compressedSize: record.compressedSize,
    crc32: record.crc32,
    hasCrc: aes?.version !== 2,
    // With a data descriptor the CRC was not known yet, and the time stands in (Info-ZIP's convention).
    checkByte: record.flags & FLAG.descriptor ? record.lastModifiedTime >>> 8 : record.crc32 >>> 24,
    dataOffset,
  };
}

/** An entry's path, or a refusal: no name may point outside, be ambiguous, or hide characters. */
function entryName(record: RawRecord): { readonly name: string; readonly encoding: NameEncoding } {
  const decoded = decodeName(record);
  const name = decoded.name.replaceAll('\\', '/');
  const segments = name.replace(/\/$/, '').split('/');
  const outside = segments.some((segment) => segment === '' || segment === '.' || segment === '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const hidden = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]/.test(name);
  // Windows takes such a name for a device, or for the name without its end.
  const reserved = segments.some((segment) => /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(segment) || /[. ]$/.test(segment));
  if (outside || hidden || reserved || /^[A-Za-z]:/.test(name))
    throw new LpxError('LPX_ENTRY_NAME_UNSAFE', { entry: JSON.stringify(name) });
  return { name, encoding: decoded.encoding };
}

/** UTF-8 with or without its flag, Info-ZIP's Unicode path (APPNOTE 4.6.9) when it belongs to the name, else CP950. */
function decodeName(record: RawRecord): { readonly name: string; readonly encoding: NameEncoding } {
  const raw = record.pathBuffer;
  const unicodePath = unicodePathOf(record);
  if (unicodePath !== undefined) return { name: unicodePath, encoding: 'unicode-path' };
  const utf8 = decodeUtf8(raw);
  const flagged = (record.flags & FLAG.utf8) !== 0;
  if (utf8 !== undefined) return { name: utf8, encoding: flagged || /^[\x20-\x7e]*$/.test(utf8) ? 'utf8' : 'utf8-unflagged' };
  const cp950 = flagged ? undefined : decodeCp950(raw);
  if (cp950 === undefined) throw new LpxError('LPX_ENTRY_NAME_UNSAFE', { entry: JSON.stringify(raw.toString('latin1')) });
  return { name: cp950, encoding: 'cp950' };
}

function unicodePathOf({ pathBuffer, bytes }: RawRecord): string | undefined {
  const nameEnd = CENTRAL_HEADER_BYTES + bytes.readUInt16LE(28);
  const path = extraField(bytes.subarray(nameEnd, nameEnd + bytes.readUInt16LE(30)), EXTRA_UNICODE_PATH);
  if (!path || path.length < 5 || path[0] !== 1 || path.readUInt32LE(1) !== crc32(pathBuffer)) return undefined;
  return decodeUtf8(path.subarray(5));
}

/** What a Unix mode says of a plain file and of a folder; 0 says nothing. */
const PLAIN_MODES: readonly number[] = [0, 0o100000, 0o040000];

/** Unix made it, and its mode says symbolic link, device, socket or pipe. */
const isSpecial = (record: DirectoryRecord): boolean =>
  record.versionMadeBy >>> 8 === 3 && !PLAIN_MODES.includes((record.externalFileAttributes >>> 16) & 0o170000);

const damaged = (part: string, cause?: unknown) => new LpxError('LPX_DIRECTORY_DAMAGED', { part }, { cause });
const damagedEntry = (entry: string, part: string) => new LpxError('LPX_ENTRY_DAMAGED', { entry, part });
const overLimit = (what: string, value: number, limit: number) => new LpxError('LPX_LIMIT_EXCEEDED', { what, value, limit });

/** Reads at once: a hop to another thread and back for every header would take longer than reading it. */
function readAt(fd: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (!fillFrom(fd, buffer, offset)) throw damaged('short');
  return buffer;
}
