/** The ZIP records that lpx writes and reads, as APPNOTE.TXT 6.3.10 lays them out. */
import { crc32 } from 'node:zlib';

export const SIGNATURE = {
  localHeader: 0x04034b50,
  centralHeader: 0x02014b50,
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
  /** Starts the first part of a split archive; elsewhere, a data descriptor. */
  split: 0x08074b50,
} as const;

export const METHOD = { stored: 0, deflated: 8, aes: 99 } as const;
export const FLAG = {
  encrypted: 0x0001,
  descriptor: 0x0008,
  patch: 0x0020,
  strongEncryption: 0x0040,
  utf8: 0x0800,
  maskedHeaders: 0x2000,
} as const;

export const LOCAL_HEADER_BYTES = 30;
export const CENTRAL_HEADER_BYTES = 46;
export const END_RECORD_BYTES = 22;
export const ZIP64_LOCATOR_BYTES = 20;
export const ZIP64_END_BYTES = 56;
export const UINT32_MAX = 0xffff_ffff;
export const UINT16_MAX = 0xffff;
export const EXTRA_ZIP64 = 0x0001;
export const EXTRA_AES = 0x9901;
/** Info-ZIP's name in UTF-8 next to one in another encoding. */
export const EXTRA_UNICODE_PATH = 0x7075;
/**
 * Ours ("LX"): a checksum over both headers of the entry, in both. ZIP guards an entry's content but not
 * what the directory says of it; with this, any flipped bit in a header shows. Other tools skip it.
 */
const EXTRA_SEAL = 0x584c;
/** Made by: Unix, specification 6.3. */
const MADE_BY = (3 << 8) | 63;
/** A regular file that only its owner reads: the content is a minor's. */
const FILE_ATTRIBUTES = (0o100600 << 16) >>> 0;

/** Everything the two headers of an entry say. Sizes and offsets in bytes. */
export interface EntryRecord {
  /** Name as written: UTF-8 with the language flag. */
  readonly name: Buffer;
  readonly modified: Date;
  readonly flags: number;
  /** The header's method field; 99 under AES. */
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Offset of the local header. */
  readonly offset: number;
  /** The AES extra field, present exactly when `method` is 99. */
  readonly aes?: AesExtra;
}

/** The 0x9901 extra field. */
export interface AesExtra {
  /** 1 for AE-1 (CRC kept), 2 for AE-2 (CRC zero). */
  readonly version: 1 | 2;
  readonly strength: 1 | 2 | 3;
  /** The compression under the encryption. */
  readonly method: number;
}

/** An entry's two headers, sealed: see `EXTRA_SEAL`. */
export function encodeHeaders(entry: EntryRecord): { readonly local: Buffer; readonly central: Buffer } {
  const headers = { local: encodeLocalHeader(entry), central: encodeCentralHeader(entry) };
  const seal = sealOf(headers.local, headers.central);
  for (const header of [headers.local, headers.central]) header.writeUInt32LE(seal, header.length - 4);
  return headers;
}

/** A CRC-32 over both headers, their own seals taken as zero. */
function sealOf(local: Buffer, central: Buffer): number {
  const zero = Buffer.alloc(4);
  return [local.subarray(0, -4), zero, central.subarray(0, -4), zero].reduce((crc, part) => crc32(part, crc), 0);
}

/**
 * Whether both headers are as they were written. Archives of other tools carry no seal and pass; a seal
 * in one header alone does not.
 */
export function sealHolds(local: Buffer, central: Buffer): boolean {
  const sealed = [local, central].map(
    (header) => header.length > 8 && header.readUInt16LE(header.length - 8) === EXTRA_SEAL && header.readUInt16LE(header.length - 6) === 4,
  );
  if (!sealed[0] && !sealed[1]) return true;
  const seal = sealOf(local, central);
  return [local, central].every((header, i) => sealed[i] && header.readUInt32LE(header.length - 4) === seal);
}

const BLANK_SEAL = Buffer.from([EXTRA_SEAL & 0xff, EXTRA_SEAL >>> 8, 4, 0, 0, 0, 0, 0]);

function encodeLocalHeader(entry: EntryRecord): Buffer {
  const large = entry.size >= UINT32_MAX || entry.compressedSize >= UINT32_MAX;
  const extra = Buffer.concat([
    large ? zip64Extra([entry.size, entry.compressedSize]) : Buffer.alloc(0),
    entry.aes ? encodeAesExtra(entry.aes) : Buffer.alloc(0),
    BLANK_SEAL,
  ]);
  const header = Buffer.alloc(LOCAL_HEADER_BYTES);
  header.writeUInt32LE(SIGNATURE.localHeader, 0);
  const { compressedSize, size } = large ? { compressedSize: UINT32_MAX, size: UINT32_MAX } : entry;
  writeShared(header, 4, entry, { compressedSize, size, zip64: large });
  header.writeUInt16LE(entry.name.length, 26);
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, entry.name, extra]);
}

function encodeCentralHeader(entry: EntryRecord): Buffer {
  const values = [entry.size, entry.compressedSize, entry.offset];
  const large = values.filter((value) => value >= UINT32_MAX);
  const extra = Buffer.concat([
    large.length > 0 ? zip64Extra(large) : Buffer.alloc(0),
    entry.aes ? encodeAesExtra(entry.aes) : Buffer.alloc(0),
    BLANK_SEAL,
  ]);
  const [size = 0, compressedSize = 0, offset = 0] = values.map((value) => Math.min(value, UINT32_MAX));
  const header = Buffer.alloc(CENTRAL_HEADER_BYTES);
  header.writeUInt32LE(SIGNATURE.centralHeader, 0);
  header.writeUInt16LE(MADE_BY, 4);
  writeShared(header, 6, entry, { compressedSize, size, zip64: large.length > 0 });
  header.writeUInt16LE(entry.name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(FILE_ATTRIBUTES, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, entry.name, extra]);
}

/** Sizes as a header's own fields have them: the largest number stands for one in the ZIP64 extra field. */
interface HeaderSizes {
  readonly compressedSize: number;
  readonly size: number;
  readonly zip64: boolean;
}

/** The fields that both headers hold in the same order, from "version needed" to the sizes. */
function writeShared(header: Buffer, at: number, entry: EntryRecord, { compressedSize, size, zip64 }: HeaderSizes): void {
  header.writeUInt16LE(entry.aes ? 51 : zip64 ? 45 : 20, at);
  header.writeUInt16LE(entry.flags, at + 2);
  header.writeUInt16LE(entry.method, at + 4);
  header.writeUInt16LE(dosTime(entry.modified), at + 6);
  header.writeUInt16LE(dosDate(entry.modified), at + 8);
  header.writeUInt32LE(entry.crc32, at + 10);
  header.writeUInt32LE(compressedSize, at + 14);
  header.writeUInt32LE(size, at + 18);
}

/** The records behind the central directory; ZIP64 ones only when the numbers need them. */
export function encodeEnd(entries: number, directoryOffset: number, directoryBytes: number): Buffer {
  const end = Buffer.alloc(END_RECORD_BYTES);
  end.writeUInt32LE(SIGNATURE.end, 0);
  end.writeUInt16LE(Math.min(entries, UINT16_MAX), 8);
  end.writeUInt16LE(Math.min(entries, UINT16_MAX), 10);
  end.writeUInt32LE(Math.min(directoryBytes, UINT32_MAX), 12);
  end.writeUInt32LE(Math.min(directoryOffset, UINT32_MAX), 16);
  if (entries < UINT16_MAX && directoryOffset < UINT32_MAX && directoryBytes < UINT32_MAX) return end;

  const zip64 = Buffer.alloc(ZIP64_END_BYTES);
  zip64.writeUInt32LE(SIGNATURE.zip64End, 0);
  zip64.writeBigUInt64LE(BigInt(ZIP64_END_BYTES - 12), 4);
  zip64.writeUInt16LE(MADE_BY, 12);
  zip64.writeUInt16LE(45, 14);
  zip64.writeBigUInt64LE(BigInt(entries), 24);
  zip64.writeBigUInt64LE(BigInt(entries), 32);
  zip64.writeBigUInt64LE(BigInt(directoryBytes), 40);
  zip64.writeBigUInt64LE(BigInt(directoryOffset), 48);
  const locator = Buffer.alloc(ZIP64_LOCATOR_BYTES);
  locator.writeUInt32LE(SIGNATURE.zip64Locator, 0);
  locator.writeBigUInt64LE(BigInt(directoryOffset + directoryBytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([zip64, locator, end]);
}

function zip64Extra(values: number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(EXTRA_ZIP64, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, i) => {
    extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
  });
  return extra;
}

function encodeAesExtra(aes: AesExtra): Buffer {
  const extra = Buffer.alloc(11);
  extra.writeUInt16LE(EXTRA_AES, 0);
  extra.writeUInt16LE(7, 2);
  extra.writeUInt16LE(aes.version, 4);
  extra.write('AE', 6, 'latin1');
  extra.writeUInt8(aes.strength, 8);
  extra.writeUInt16LE(aes.method, 9);
  return extra;
}

/** The extra fields of a header: data by tag. */
export type ExtraFields = ReadonlyMap<number, Buffer>;

const NO_FIELDS: ExtraFields = new Map();

/** Fields that change what is read; two of a kind would be read differently by different readers. */
const DECISIVE_FIELDS: ReadonlySet<number> = new Set([EXTRA_ZIP64, EXTRA_AES, EXTRA_UNICODE_PATH]);

/**
 * Reads a header's extra fields; of several with one tag the first. Up to three bytes behind the last are padding.
 * @returns undefined when one reaches past the end, or a decisive one is there twice
 */
export function readExtraFields(extra: Buffer): ExtraFields | undefined {
  if (extra.length === 0) return NO_FIELDS;
  const fields = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= extra.length; ) {
    const tag = extra.readUInt16LE(at);
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (end > extra.length || (fields.has(tag) && DECISIVE_FIELDS.has(tag))) return undefined;
    if (!fields.has(tag)) fields.set(tag, extra.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/**
 * The numbers of a header with those that refer to ZIP64 taken from its field (APPNOTE 4.5.3).
 * @param numbers size, compressed size, and in the directory offset and disk, as the header has them
 * @returns undefined when the field is missing, too short, or holds more than is asked of it and other numbers there
 */
export function widened(numbers: readonly number[], field: Buffer | undefined): number[] | undefined {
  const refers = numbers.map((number, i) => number === (i === DISK_NUMBER ? UINT16_MAX : UINT32_MAX));
  // A field that nothing refers to is read by nobody.
  if (!refers.includes(true)) return [...numbers];
  if (!field) return undefined;
  const asked = wideNumbers(field, refers);
  if (!asked) return undefined;
  const wide = numbers.map((number, i) => (refers[i] ? (asked.numbers.shift() as number) : number));
  if (asked.bytes === field.length) return wide;
  // More than was asked for: fine when the field holds all numbers, or the first of them, and they are the same.
  const whole = [1, 2, 3, 4].map((count) => wideNumbers(field, new Array(count).fill(true))).find((all) => all?.bytes === field.length);
  return whole?.numbers.every((number, i) => number === wide[i]) ? wide : undefined;
}

const DISK_NUMBER = 3;

/** Those of the four numbers of a ZIP64 field that are asked for, one after the other; undefined when it is too short. */
function wideNumbers(field: Buffer, asked: readonly boolean[]): { readonly numbers: number[]; readonly bytes: number } | undefined {
  const numbers: number[] = [];
  let at = 0;
  for (const [i, isAsked] of asked.entries()) {
    if (!isAsked) continue;
    const bytes = i === DISK_NUMBER ? 4 : 8;
    if (at + bytes > field.length) return undefined;
    numbers.push(bytes === 4 ? field.readUInt32LE(at) : Number(field.readBigUInt64LE(at)));
    at += bytes;
  }
  return { numbers, bytes: at };
}

/** Decodes the data of an AES extra field; undefined when absent or malformed. */
export function decodeAesExtra(field: Buffer | undefined): AesExtra | undefined {
  if (field?.length !== 7 || field.toString('latin1', 2, 4) !== 'AE') return undefined;
  const version = field.readUInt16LE(0);
  const strength = field.readUInt8(4);
  if (version !== 1 && version !== 2) return undefined;
  if (strength !== 1 && strength !== 2 && strength !== 3) return undefined;
  return { version, strength, method: field.readUInt16LE(5) };
}

/** Local time of day in two-second steps, as DOS counts it. */
const dosTime = (date: Date): number => (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);

/** Local date since 1980, as DOS counts it. */
const dosDate = (date: Date): number => ((Math.max(date.getFullYear(), 1980) - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
