/**
 * The central directory: where it is, and what its records say. Every number is taken from the bytes here and checked
 * against the file; unzipper reads the directory as well, and has to come to the same records. Where readers of ZIP
 * files differ in what they take (APPNOTE 4.3.14 to 4.3.16, 4.5.3), an archive that they would read differently is
 * refused.
 */
import { fstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Open } from 'unzipper';
import { LpxError } from '../errors.js';
import { fillFrom } from '../io/read.js';
import {
  CENTRAL_HEADER_BYTES,
  END_RECORD_BYTES,
  EXTRA_ZIP64,
  type ExtraFields,
  encodeEnd,
  readExtraFields,
  SIGNATURE,
  UINT16_MAX,
  UINT32_MAX,
  widened,
  ZIP64_END_BYTES,
  ZIP64_LOCATOR_BYTES,
} from './format.js';
import { overLimit, type ZipLimits } from './limits.js';
import { fileWithoutEnd, otherFile, START_BYTES } from './other-files.js';

/** One record of the directory. Sizes and offsets in bytes, ZIP64 already taken into account. */
export interface DirectoryRecord {
  /** The record as it stands in the file, with name, extra fields and comment. */
  readonly bytes: Buffer;
  readonly rawName: Buffer;
  readonly extra: ExtraFields;
  readonly madeBy: number;
  readonly flags: number;
  readonly method: number;
  /** As DOS counts it. */
  readonly modifiedTime: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly externalAttributes: number;
  /** Offset of the local header from the start of the file. */
  readonly offset: number;
}

export interface Directory {
  readonly records: readonly DirectoryRecord[];
  /** Where the directory starts, and the entries end. */
  readonly offset: number;
  readonly padding: Padding | undefined;
}

/** Bytes behind the archive that are nothing: a tape's padding, or line ends that mail added. */
export interface Padding {
  readonly bytes: number;
  readonly content: 'zeros' | 'blanks';
}

/** Where the end records say the directory is. */
interface DirectoryBounds {
  readonly entries: number;
  readonly offset: number;
  readonly bytes: number;
}

const COMMENT_BYTES = UINT16_MAX;
/** As much as may follow an archive and be looked at; bsdtar pads to 10,240. */
const PADDING_BYTES = 64 * 1024;
const END_SIGNATURE = Buffer.alloc(4);
END_SIGNATURE.writeUInt32LE(SIGNATURE.end);

/**
 * @param file the name of the file that is open as `fd`
 * @throws LPX_NOT_A_ZIP, or what it is instead: see `other-files.ts`; LPX_ZIP_TRAILING, LPX_DIRECTORY_DAMAGED, LPX_LIMIT_EXCEEDED
 */
export async function readDirectoryOf(fd: number, file: string, limits: ZipLimits): Promise<Directory> {
  const fileBytes = fstatSync(fd).size;
  const start = readAt(fd, 0, Math.min(fileBytes, START_BYTES));
  const other = otherFile(start);
  if (other) throw other;
  const end = findEnd(fd, fileBytes);
  if (!end) throw fileWithoutEnd(file, start, hasOnlyZeros(fd, fileBytes));
  const bounds = findDirectory(fd, end);
  if (bounds.entries > limits.entries) throw overLimit('entries', bounds.entries, limits.entries);
  if (bounds.bytes > limits.directoryBytes) throw overLimit('directory', bounds.bytes, limits.directoryBytes);
  const bytes = readAt(fd, bounds.offset, bounds.bytes);
  const records = cutRecords(bytes, bounds.entries);
  await compareWithUnzipper(records);
  return { records, offset: bounds.offset, padding: end.padding };
}

function findDirectory(fd: number, { record: end, offset: endOffset }: EndRecord): DirectoryBounds {
  const narrow = { entries: end.readUInt16LE(10), bytes: end.readUInt32LE(12), offset: end.readUInt32LE(16) };
  const disks = [end.readUInt16LE(4), end.readUInt16LE(6)];
  const entriesHere = end.readUInt16LE(8);
  const zip64 = findZip64(fd, endOffset);
  const agrees = (value: number, wide: number | undefined, masked: number) => value === wide || (zip64 !== undefined && value === masked);
  if (!disks.every((disk) => agrees(disk, 0, UINT16_MAX))) throw new LpxError('LPX_ZIP_PART');
  const bounds = zip64 ?? narrow;
  // Readers disagree about whose numbers count when both are there: they have to be the same.
  const same =
    agrees(narrow.entries, bounds.entries, UINT16_MAX) &&
    agrees(entriesHere, bounds.entries, UINT16_MAX) &&
    agrees(narrow.bytes, bounds.bytes, UINT32_MAX) &&
    agrees(narrow.offset, bounds.offset, UINT32_MAX);
  if (!same) throw damaged(zip64 ? 'zip64' : 'volumes');
  if (bounds.offset + bounds.bytes !== (zip64?.recordOffset ?? endOffset)) throw damaged('directory');
  return bounds;
}

interface EndRecord {
  readonly record: Buffer;
  readonly offset: number;
  readonly padding: Padding | undefined;
}

/**
 * The end record: the last that there is, as Python, 7-Zip, Info-ZIP and libarchive look for it. An earlier one whose
 * comment reaches over it is what a reader would take that looks from the front.
 * @returns undefined when there is none, or the file ends within it
 */
function findEnd(fd: number, fileBytes: number): EndRecord | undefined {
  const tailBytes = Math.min(fileBytes, END_RECORD_BYTES + COMMENT_BYTES + PADDING_BYTES);
  const tailOffset = fileBytes - tailBytes;
  const tail = readAt(fd, tailOffset, tailBytes);
  const at = tail.lastIndexOf(END_SIGNATURE);
  const endOf = (start: number) => start + END_RECORD_BYTES + tail.readUInt16LE(start + 20);
  if (at < 0 || at + END_RECORD_BYTES > tail.length || endOf(at) > tail.length) return undefined;
  for (let earlier = tail.indexOf(END_SIGNATURE); earlier < at; earlier = tail.indexOf(END_SIGNATURE, earlier + 1)) {
    const reachesOver = earlier + END_RECORD_BYTES <= at && endOf(earlier) > at;
    const isWhole = endOf(earlier) === endOf(at) || endOf(earlier) === tail.length;
    const closesDirectory = tail.readUInt32LE(earlier + 12) + tail.readUInt32LE(earlier + 16) === tailOffset + earlier;
    if (reachesOver && (isWhole || closesDirectory)) throw damaged('twoEnds');
  }
  return { record: tail.subarray(at), offset: tailOffset + at, padding: paddingIn(tail.subarray(endOf(at))) };
}

/** Zero, tab, line feed, carriage return, Ctrl-Z (the end of a text in DOS), space. */
const BLANKS: ReadonlySet<number> = new Set([0, 9, 10, 13, 26, 32]);

/** @throws LPX_ZIP_TRAILING for bytes that are something */
function paddingIn(rest: Buffer): Padding | undefined {
  if (rest.length === 0) return undefined;
  if (rest.every((byte) => byte === 0)) return { bytes: rest.length, content: 'zeros' };
  if (rest.every((byte) => BLANKS.has(byte))) return { bytes: rest.length, content: 'blanks' };
  throw new LpxError('LPX_ZIP_TRAILING', { bytes: rest.length });
}

function hasOnlyZeros(fd: number, fileBytes: number): boolean {
  for (let at = 0; at < fileBytes; at += PADDING_BYTES)
    if (readAt(fd, at, Math.min(fileBytes - at, PADDING_BYTES)).some((byte) => byte !== 0)) return false;
  return true;
}

/** The ZIP64 end record, found through its locator; undefined when there is no locator. Both have one place to be in. */
function findZip64(fd: number, endOffset: number): (DirectoryBounds & { readonly recordOffset: number }) | undefined {
  const locatorOffset = endOffset - ZIP64_LOCATOR_BYTES;
  if (locatorOffset < 0) return undefined;
  const locator = readAt(fd, locatorOffset, ZIP64_LOCATOR_BYTES);
  if (locator.readUInt32LE(0) !== SIGNATURE.zip64Locator) return undefined;
  const recordOffset = locatorOffset - ZIP64_END_BYTES;
  if (recordOffset < 0 || Number(locator.readBigUInt64LE(8)) !== recordOffset) throw damaged('zip64');
  const record = readAt(fd, recordOffset, ZIP64_END_BYTES);
  const recordBytes = Number(record.readBigUInt64LE(4)) + 12;
  if (record.readUInt32LE(0) !== SIGNATURE.zip64End || recordBytes !== ZIP64_END_BYTES) throw damaged('zip64');
  // Some writers count no volume, most of them one.
  const firstDisks = [locator.readUInt32LE(4), record.readUInt32LE(16), record.readUInt32LE(20)];
  if (firstDisks.some((disk) => disk !== 0) || locator.readUInt32LE(16) > 1) throw damaged('volumes');
  const [entriesHere, entries, bytes, offset] = [24, 32, 40, 48].map((at) => Number(record.readBigUInt64LE(at))) as [
    number,
    number,
    number,
    number,
  ];
  if (entriesHere !== entries) throw damaged('volumes');
  return { recordOffset, entries, bytes, offset };
}

/** Cuts the directory at its own lengths; it has to hold as many records as it says, and nothing else. */
function cutRecords(directory: Buffer, entries: number): DirectoryRecord[] {
  const records: DirectoryRecord[] = [];
  let at = 0;
  for (let i = 0; i < entries; i++) {
    const rest = directory.subarray(at);
    if (rest.length < CENTRAL_HEADER_BYTES || rest.readUInt32LE(0) !== SIGNATURE.centralHeader) throw damaged('directory');
    const nameEnd = CENTRAL_HEADER_BYTES + rest.readUInt16LE(28);
    const extraEnd = nameEnd + rest.readUInt16LE(30);
    const length = extraEnd + rest.readUInt16LE(32);
    if (length > rest.length) throw damaged('directory');
    records.push(decodeRecord(rest.subarray(0, length), nameEnd, extraEnd));
    at += length;
  }
  if (at !== directory.length) throw damaged('directory');
  return records;
}

function decodeRecord(bytes: Buffer, nameEnd: number, extraEnd: number): DirectoryRecord {
  const extra = readExtraFields(bytes.subarray(nameEnd, extraEnd));
  if (!extra) throw damaged('directory');
  const narrow = [bytes.readUInt32LE(24), bytes.readUInt32LE(20), bytes.readUInt32LE(42), bytes.readUInt16LE(34)];
  const wide = widened(narrow, extra.get(EXTRA_ZIP64));
  if (!wide) throw damaged('zip64');
  const [size, compressedSize, offset, disk] = wide as [number, number, number, number];
  if (disk !== 0) throw damaged('volumes');
  return {
    bytes,
    rawName: bytes.subarray(CENTRAL_HEADER_BYTES, nameEnd),
    extra,
    madeBy: bytes.readUInt16LE(4),
    flags: bytes.readUInt16LE(8),
    method: bytes.readUInt16LE(10),
    modifiedTime: bytes.readUInt16LE(12),
    crc32: bytes.readUInt32LE(16),
    compressedSize,
    size,
    externalAttributes: bytes.readUInt32LE(38),
    offset,
  };
}

/** A record as unzipper reports it; its published types lack most of this. */
interface UnzipperRecord {
  /** A text when it is empty. */
  readonly pathBuffer: Buffer | '';
  readonly flags: number;
  readonly compressionMethod: number;
  readonly lastModifiedTime: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly offsetToLocalFileHeader: number;
}

/** `Open.custom` as it is; its published types leave the options out. */
type OpenCustom = (
  source: { size(): Promise<number>; stream(offset: number): Readable },
  options: { tailSize: number },
) => Promise<{ files: UnzipperRecord[] }>;

/** Records that unzipper reads at a time: it keeps some kilobytes for each. */
const COMPARED_TOGETHER = 1000;

/**
 * Lets unzipper read the directory too, with a plain end record behind it, and refuses what it reads otherwise: a
 * second opinion on the bytes, of which no number is used.
 */
async function compareWithUnzipper(records: readonly DirectoryRecord[]): Promise<void> {
  for (let first = 0; first < records.length; first += COMPARED_TOGETHER) {
    const some = records.slice(first, first + COMPARED_TOGETHER);
    const second = await readByUnzipper(some);
    if (second.length !== some.length || !some.every((record, i) => isSame(record, second[i] as UnzipperRecord)))
      throw damaged('directory');
  }
}

async function readByUnzipper(records: readonly DirectoryRecord[]): Promise<UnzipperRecord[]> {
  const directory = Buffer.concat(records.map(({ bytes }) => bytes));
  const file = Buffer.concat([directory, encodeEnd(records.length, 0, directory.length)]);
  const source = {
    size: async () => file.length,
    stream: (offset: number) => Readable.from([file.subarray(offset)], { objectMode: false }),
  };
  try {
    return (await (Open.custom as unknown as OpenCustom)(source, { tailSize: END_RECORD_BYTES })).files;
  } catch (error) {
    throw damaged('directory', error);
  }
}

const isSame = (record: DirectoryRecord, other: UnzipperRecord): boolean =>
  record.rawName.equals(Buffer.from(other.pathBuffer)) &&
  other.flags === record.flags &&
  other.compressionMethod === record.method &&
  other.lastModifiedTime === record.modifiedTime &&
  other.crc32 === record.crc32 &&
  other.compressedSize === record.compressedSize &&
  other.uncompressedSize === record.size &&
  other.offsetToLocalFileHeader === record.offset;

const damaged = (part: string, cause?: unknown) => new LpxError('LPX_DIRECTORY_DAMAGED', { part }, { cause });

/** Reads at once: a hop to another thread and back for every header would take longer than reading it. @throws LPX_DIRECTORY_DAMAGED */
export function readAt(fd: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  if (!fillFrom(fd, buffer, offset)) throw damaged('short');
  return buffer;
}
