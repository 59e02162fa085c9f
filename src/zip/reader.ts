/**
 * The ZIP reader: names the records of the directory, and checks each against the limits, its local header and the
 * others. The bytes are moved by `entry.ts`.
 */
import { closeSync } from 'node:fs';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { openFile } from '../io/read.js';
import { aesOverheadBytes } from './crypto/winzip-aes.js';
import { ZIPCRYPTO_HEADER_BYTES } from './crypto/zipcrypto.js';
import { type Directory, type DirectoryRecord, type Padding, readAt, readDirectoryOf } from './directory.js';
import { entryName, type NameEncoding, type NameSource } from './entry-name.js';
import {
  decodeAesExtra,
  EXTRA_AES,
  EXTRA_UNICODE_PATH,
  EXTRA_ZIP64,
  FLAG,
  LOCAL_HEADER_BYTES,
  METHOD,
  readExtraFields,
  SIGNATURE,
  sealHolds,
  UINT32_MAX,
  widened,
} from './format.js';
import { DEFAULT_LIMITS, overLimit, type ZipLimits } from './limits.js';

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
  /**
   * The bytes ZipCrypto may check a password with: the CRC's highest, or with a data descriptor the time's, since the
   * CRC was not known yet (Info-ZIP's convention; APPNOTE 6.1.6 knows only the CRC's).
   */
  readonly checkBytes: readonly number[];
  /** Where the entry's data start in the file. */
  readonly dataOffset: number;
}

/** The record with its name, in the form all names are compared in. */
type NamedRecord = DirectoryRecord & Pick<ZipEntry, 'name' | 'nameEncoding'> & { readonly isFolder: boolean };

/** An archive's directory, checked. */
export interface ZipArchive {
  /** The files, in the order of the archive; entries for folders are left out. */
  readonly entries: readonly ZipEntry[];
  readonly padding: Padding | undefined;
}

/**
 * Reads and checks the directory of a ZIP file.
 * @throws LPX_NOT_A_ZIP, or what it is instead: LPX_FILE_EMPTY, LPX_FILE_PROGRAM, LPX_OTHER_ARCHIVE, LPX_WEB_PAGE,
 *   LPX_ZIP_PART, LPX_ZIP_CUT; LPX_ZIP_TRAILING, LPX_DIRECTORY_DAMAGED, LPX_LIMIT_EXCEEDED, LPX_ENTRY_NAME_UNSAFE,
 *   LPX_ENTRY_DUPLICATE, LPX_ENTRY_UNSUPPORTED, LPX_ENTRY_DAMAGED, LPX_FILE_NOT_FOUND
 */
export async function readArchive(file: string, limits: ZipLimits = DEFAULT_LIMITS): Promise<ZipArchive> {
  const fd = openFile(file, 'r');
  try {
    const directory = await readDirectoryOf(fd, file, limits);
    const named = withNames(directory.records, limits);
    checkSizes(named, limits);
    return { entries: readLocalHeaders(fd, named, directory), padding: directory.padding };
  } catch (error) {
    throw fileError(error, file, 'reading');
  } finally {
    closeSync(fd);
  }
}

/** The entries of a ZIP file. @throws as `readArchive` */
export const readZip = async (file: string, limits: ZipLimits = DEFAULT_LIMITS): Promise<ZipEntry[]> => [
  ...(await readArchive(file, limits)).entries,
];

/** Names the records, no two files the same to any system, and none of them a folder of another entry. */
function withNames(records: readonly DirectoryRecord[], limits: ZipLimits): NamedRecord[] {
  const named = records.map((record) => {
    if (record.rawName.length > limits.nameBytes) throw overLimit('name', record.rawName.length, limits.nameBytes);
    const { name, isFolder, encoding } = entryName(record);
    const depth = name.split('/').length;
    if (depth > limits.depth) throw overLimit('depth', depth, limits.depth);
    if (isLinkOrDevice(record)) throw new LpxError('LPX_ENTRY_UNSUPPORTED', { feature: 'link' }, { place: { entry: name } });
    return { ...record, name, nameEncoding: encoding, isFolder };
  });
  const folders = new Set(named.flatMap(({ name, isFolder }) => [...foldersAbove(name), ...(isFolder ? [sameName(name)] : [])]));
  const files = new Set<string>();
  return named.map((record) => {
    const key = sameName(record.name);
    const isFolder = record.isFolder || (record.size === 0 && (folders.has(key) || saysFolder(record)));
    if (isFolder) return { ...record, isFolder };
    if (files.has(key) || folders.has(key)) throw new LpxError('LPX_ENTRY_DUPLICATE', {}, { place: { entry: record.name } });
    files.add(key);
    return record;
  });
}

/** Equal for names that some file system takes for one. */
const sameName = (name: string): string => name.normalize('NFC').toLowerCase();

const foldersAbove = (name: string): string[] => {
  const segments = sameName(name).split('/');
  return segments.slice(1).map((_, i) => segments.slice(0, i + 1).join('/'));
};

const UNIX = 3;
const DARWIN = 19;
const MODE = {
  type: 0o170000,
  folder: 0o040000,
  link: 0o120000,
  characterDevice: 0o020000,
  blockDevice: 0o060000,
  socket: 0o140000,
} as const;
const DOS_FOLDER = 0x10;

const isUnix = ({ madeBy }: DirectoryRecord): boolean => madeBy >>> 8 === UNIX || madeBy >>> 8 === DARWIN;
const modeOf = ({ externalAttributes }: DirectoryRecord): number => (externalAttributes >>> 16) & MODE.type;

/** A pipe is what `zip -FI` writes for a plain file that came from one. */
const isLinkOrDevice = (record: DirectoryRecord): boolean =>
  isUnix(record) && [MODE.link, MODE.characterDevice, MODE.blockDevice, MODE.socket].some((mode) => mode === modeOf(record));

const saysFolder = (record: DirectoryRecord): boolean =>
  (record.externalAttributes & DOS_FOLDER) !== 0 || (isUnix(record) && modeOf(record) === MODE.folder);

function checkSizes(records: readonly NamedRecord[], limits: ZipLimits): void {
  for (const { size, compressedSize } of records) {
    if (size > limits.entryBytes) throw overLimit('entry', size, limits.entryBytes);
    checkRatio(size, compressedSize, limits.ratio, limits.ratioFromBytes);
  }
  const total = records.reduce((sum, { size }) => sum + size, 0);
  const totalCompressed = records.reduce((sum, { compressedSize }) => sum + compressedSize, 0);
  if (total > limits.totalBytes) throw overLimit('total', total, limits.totalBytes);
  checkRatio(total, totalCompressed, limits.totalRatio, limits.totalRatioFromBytes);
}

function checkRatio(size: number, compressedSize: number, ratio: number, fromBytes: number): void {
  if (size > fromBytes && size > compressedSize * ratio) throw overLimit('ratio', Math.round(size / Math.max(1, compressedSize)), ratio);
}

/** Checks each directory record against its local header, and all of them against each other. */
function readLocalHeaders(fd: number, records: readonly NamedRecord[], { offset: directoryOffset }: Directory): ZipEntry[] {
  const entries: ZipEntry[] = [];
  const byOffset = [...records].sort((a, b) => a.offset - b.offset);
  let previousEnd = 0;
  for (const record of byOffset) {
    const { name, offset } = record;
    if (offset < previousEnd || offset + LOCAL_HEADER_BYTES > directoryOffset) throw damagedEntry(name, 'overlap');
    checkGap(fd, previousEnd, offset);
    const dataOffset = checkLocalHeader(fd, record, directoryOffset);
    if (record.isFolder) {
      // Some writers announce the bytes of an encryption header for a folder, and write none. Nobody reads them.
      if (record.size > 0 || record.compressedSize > FOLDER_BYTES) throw damagedEntry(name, 'size');
      previousEnd = dataOffset;
    } else {
      previousEnd = dataOffset + record.compressedSize;
      entries.push(describe(record, dataOffset));
    }
    if (previousEnd > directoryOffset) throw damagedEntry(name, 'overlap');
  }
  checkGap(fd, previousEnd, directoryOffset);
  return entries;
}

/** The largest size of an empty content, deflated and with AES around it. */
const FOLDER_BYTES = 64;
const LOCAL_SIGNATURE = Buffer.alloc(4);
LOCAL_SIGNATURE.writeUInt32LE(SIGNATURE.localHeader);
const GAP_STEP_BYTES = 64 * 1024;

/** Bytes between entries are data descriptors, or nobody's: an entry in them is one for whoever reads without a directory. */
function checkGap(fd: number, start: number, end: number): void {
  if (start === 0 && end > 0) throw new LpxError('LPX_DIRECTORY_DAMAGED', { part: 'front' });
  for (let at = start; at < end; at += GAP_STEP_BYTES) {
    const bytes = readAt(fd, at, Math.min(end - at, GAP_STEP_BYTES + LOCAL_SIGNATURE.length - 1));
    if (bytes.includes(LOCAL_SIGNATURE)) throw new LpxError('LPX_DIRECTORY_DAMAGED', { part: 'unlisted' });
  }
}

/** @returns where the entry's data start */
function checkLocalHeader(fd: number, record: NamedRecord, directoryOffset: number): number {
  const damaged = () => damagedEntry(record.name, 'header');
  const fixed = readAt(fd, record.offset, LOCAL_HEADER_BYTES);
  if (fixed.readUInt32LE(0) !== SIGNATURE.localHeader) throw damaged();
  const nameBytes = fixed.readUInt16LE(26);
  const extraBytes = fixed.readUInt16LE(28);
  const dataOffset = record.offset + LOCAL_HEADER_BYTES + nameBytes + extraBytes;
  if (dataOffset > directoryOffset) throw damagedEntry(record.name, 'overlap');
  const header = Buffer.concat([fixed, readAt(fd, record.offset + LOCAL_HEADER_BYTES, nameBytes + extraBytes)]);
  const extra = readExtraFields(header.subarray(LOCAL_HEADER_BYTES + nameBytes));
  if (!extra) throw damaged();
  const local = { rawName: header.subarray(LOCAL_HEADER_BYTES, LOCAL_HEADER_BYTES + nameBytes), flags: fixed.readUInt16LE(6), extra };
  const agrees =
    fixed.readUInt16LE(8) === record.method &&
    ((local.flags ^ record.flags) & DECISIVE_FLAGS) === 0 &&
    nameAgrees(local, record) &&
    numbersAgree(fixed, local, record) &&
    sameBytes(extra.get(EXTRA_AES), record.extra.get(EXTRA_AES)) &&
    sealHolds(header, record.bytes);
  if (!agrees) throw damaged();
  return dataOffset;
}

/** All that change what is read, but the flag for UTF-8: see `nameAgrees`. */
const DECISIVE_FLAGS = FLAG.encrypted | FLAG.descriptor | FLAG.patch | FLAG.strongEncryption | FLAG.maskedHeaders;

/** The same bytes, however they are flagged, or the same name once decoded. */
function nameAgrees(local: NameSource, record: NamedRecord): boolean {
  if (local.rawName.equals(record.rawName) && !local.extra.has(EXTRA_UNICODE_PATH)) return true;
  const { name, isFolder } = entryName(local);
  return name === record.name && isFolder === entryName(record).isFolder;
}

/**
 * CRC and sizes. With a data descriptor, or in a ZIP64 field, a writer that did not know the sizes yet left zeros, and
 * for the CRC zero or, as Info-ZIP does, the time. Under AE-2 the CRC is not used, and some writers keep it in one header.
 */
function numbersAgree(fixed: Buffer, { extra }: NameSource, record: NamedRecord): boolean {
  const narrow = [fixed.readUInt32LE(22), fixed.readUInt32LE(18)];
  const wide = widened(narrow, extra.get(EXTRA_ZIP64));
  const isLater = (record.flags & FLAG.descriptor) !== 0;
  const sameSize = (i: number, size: number) => wide?.[i] === size || (wide?.[i] === 0 && (isLater || narrow[i] === UINT32_MAX));
  const crc = fixed.readUInt32LE(14);
  const crcIsUnused = decodeAesExtra(record.extra.get(EXTRA_AES))?.version === 2;
  const sameCrc = isLater || crc === record.crc32 || (crcIsUnused && (crc === 0 || record.crc32 === 0));
  return sameCrc && sameSize(0, record.size) && sameSize(1, record.compressedSize);
}

const sameBytes = (a: Buffer | undefined, b: Buffer | undefined): boolean => (a && b ? a.equals(b) : a === b);

function describe(record: NamedRecord, dataOffset: number): ZipEntry {
  const { name, nameEncoding } = record;
  const unsupported = (feature: string) => new LpxError('LPX_ENTRY_UNSUPPORTED', { feature }, { place: { entry: name } });
  if (record.flags & (FLAG.strongEncryption | FLAG.maskedHeaders)) throw unsupported('strongEncryption');
  if (record.flags & FLAG.patch) throw unsupported('patch');
  const encrypted = (record.flags & FLAG.encrypted) !== 0;
  const aes = record.method === METHOD.aes ? decodeAesExtra(record.extra.get(EXTRA_AES)) : undefined;
  if (record.method === METHOD.aes && (!aes || !encrypted)) throw damagedEntry(name, 'header');
  const method = aes ? aes.method : record.method;
  if (method !== METHOD.stored && method !== METHOD.deflated) throw unsupported('method');
  const overhead = aes ? aesOverheadBytes(aes.strength) : encrypted ? ZIPCRYPTO_HEADER_BYTES : 0;
  const payload = record.compressedSize - overhead;
  if (payload < 0) throw damagedEntry(name, 'noEncryption');
  if (method === METHOD.stored && payload !== record.size) throw damagedEntry(name, 'size');
  return {
    name,
    nameEncoding,
    encryption: aes ? ((['aes128', 'aes192', 'aes256'] as const)[aes.strength - 1] as EntryEncryption) : encrypted ? 'zipcrypto' : 'none',
    compression: method === METHOD.stored ? 'stored' : 'deflated',
    size: record.size,
    compressedSize: record.compressedSize,
    crc32: record.crc32,
    hasCrc: aes?.version !== 2,
    checkBytes: [...(record.flags & FLAG.descriptor ? [record.modifiedTime >>> 8] : []), record.crc32 >>> 24],
    dataOffset,
  };
}

const damagedEntry = (entry: string, part: string) => new LpxError('LPX_ENTRY_DAMAGED', { part }, { place: { entry } });
