/** Archives in memory and on disk, made by the writer under test or byte by byte. */
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { ByteSource, RandomSource } from '#lpx/zip/content.js';
import { type AesStrength, deriveAesKey, saltBytes, WinZipAes } from '#lpx/zip/crypto/winzip-aes.js';
import { ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from '#lpx/zip/crypto/zipcrypto.js';
import {
  END_RECORD_BYTES,
  type EntryRecord,
  EXTRA_UNICODE_PATH,
  EXTRA_ZIP64,
  encodeEnd,
  encodeHeaders,
  FLAG,
  METHOD,
  SIGNATURE,
  ZIP64_END_BYTES,
  ZIP64_LOCATOR_BYTES,
} from '#lpx/zip/format.js';
import type { ZipOutput } from '#lpx/zip/output.js';
import { EncryptedZip, type Encryption } from '#lpx/zip/writer.js';

export const MODIFIED = new Date(2021, 0, 21, 9, 0, 0);

export interface TestEntry {
  readonly name: string;
  readonly content: Buffer;
  readonly deflate?: boolean;
}

/** The archive that the writer makes of entries. */
export async function written(
  entries: readonly TestEntry[],
  encryption: Encryption,
  password: Buffer,
  random?: RandomSource,
): Promise<Buffer> {
  const output = new MemoryOutput();
  const zip = new EncryptedZip(output, { encryption, password, random });
  for (const { name, content, deflate } of entries) {
    if (deflate) zip.addDeflated(content, name, MODIFIED);
    else zip.addStored(() => sourceOf(content), { name, modified: MODIFIED, bytes: content.length });
  }
  await zip.complete();
  return output.bytes();
}

export class MemoryOutput implements ZipOutput {
  readonly #parts: Buffer[] = [];

  write(bytes: Buffer): void {
    this.#parts.push(Buffer.from(bytes));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

export function sourceOf(content: Buffer): ByteSource {
  let at = 0;
  return {
    read: (into) => {
      const count = content.copy(into, 0, at);
      at += count;
      return count;
    },
    close: () => {},
  };
}

/** One entry of a hand-made archive: a valid ZipCrypto entry, changed as a test needs it. */
export interface RawEntry {
  readonly name: string | Buffer;
  readonly content?: Buffer;
  readonly record?: Partial<EntryRecord>;
  /** Neither encrypted nor flagged so. */
  readonly plain?: boolean;
  /** What the local header says where it differs from the directory. */
  readonly local?: Partial<EntryRecord>;
  /** Changes the directory's header; the seal is left out. */
  readonly central?: (header: Buffer) => void;
  /** More extra fields, behind those that there are. */
  readonly extra?: { readonly local?: Buffer; readonly central?: Buffer };
  /** Bytes behind the entry's data, such as a data descriptor. */
  readonly behind?: Buffer;
}

/** Puts an archive together without the writer's care. Headers carry no seal. */
export function rawZip(entries: readonly RawEntry[], password: Buffer, between = Buffer.alloc(0)): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = entry.content ?? Buffer.from('content');
    const data = entry.plain ? content : zipCrypted(content, password);
    const record: EntryRecord = {
      name: Buffer.from(entry.name as string),
      modified: MODIFIED,
      flags: entry.plain ? FLAG.utf8 : FLAG.encrypted | FLAG.utf8,
      method: METHOD.stored,
      crc32: crc32(content),
      compressedSize: data.length,
      size: content.length,
      offset,
      ...entry.record,
    };
    const local = withExtra(unsealed(encodeHeaders({ ...record, ...entry.local }).local, 28), 28, entry.extra?.local);
    const central = withExtra(unsealed(encodeHeaders(record).central, 30), 30, entry.extra?.central);
    entry.central?.(central);
    const behind = entry.behind ?? between;
    parts.push(local, data, behind);
    directory.push(central);
    offset += local.length + data.length + behind.length;
  }
  const bytes = Buffer.concat(directory);
  return Buffer.concat([...parts, bytes, encodeEnd(entries.length, offset, bytes.length)]);
}

function zipCrypted(content: Buffer, password: Buffer): Buffer {
  const data = Buffer.concat([Buffer.alloc(ZIPCRYPTO_HEADER_BYTES), content]);
  data[ZIPCRYPTO_HEADER_BYTES - 1] = crc32(content) >>> 24;
  new ZipCryptoKeys(password).encrypt(data);
  return data;
}

/** An archive of AES entries as WinZip's older version AE-1 writes them: with the CRC in the headers. */
export function rawAe1(
  entries: readonly { readonly name: string; readonly content: Buffer }[],
  password: Buffer,
  strength: AesStrength,
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const salt = Buffer.alloc(saltBytes(strength), offset);
    const keys = deriveAesKey(password, salt, strength);
    const aes = new WinZipAes(keys);
    const encrypted = Buffer.from(content);
    aes.encrypt(encrypted);
    const data = Buffer.concat([salt, keys.verifier, encrypted, aes.mac()]);
    const record: EntryRecord = {
      name: Buffer.from(name),
      modified: MODIFIED,
      flags: FLAG.encrypted | FLAG.utf8,
      method: METHOD.aes,
      crc32: crc32(content),
      compressedSize: data.length,
      size: content.length,
      offset,
      aes: { version: 1, strength, method: METHOD.stored },
    };
    const headers = encodeHeaders(record);
    const local = unsealed(headers.local, 28);
    parts.push(local, data);
    directory.push(unsealed(headers.central, 30));
    offset += local.length + data.length;
  }
  const bytes = Buffer.concat(directory);
  return Buffer.concat([...parts, bytes, encodeEnd(entries.length, offset, bytes.length)]);
}

function withExtra(header: Buffer, extraLengthAt: number, extra: Buffer = Buffer.alloc(0)): Buffer {
  const longer = Buffer.concat([header, extra]);
  longer.writeUInt16LE(longer.readUInt16LE(extraLengthAt) + extra.length, extraLengthAt);
  return longer;
}

/** An extra field: its tag, its length, its data. */
export function extraField(tag: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(tag, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** A ZIP64 extra field of these numbers. */
export function zip64Field(...numbers: number[]): Buffer {
  const data = Buffer.alloc(8 * numbers.length);
  for (const [i, number] of numbers.entries()) data.writeBigUInt64LE(BigInt(number), 8 * i);
  return extraField(EXTRA_ZIP64, data);
}

/** Info-ZIP's extra field for a name in UTF-8, for a header that says `name`. */
export function unicodePathField(name: Buffer, path: string): Buffer {
  const head = Buffer.alloc(5, 1);
  head.writeUInt32LE(crc32(name), 1);
  return extraField(EXTRA_UNICODE_PATH, Buffer.concat([head, Buffer.from(path)]));
}

/** The records behind a directory. */
export interface EndRecords {
  readonly zip64: Buffer;
  readonly locator: Buffer;
  readonly end: Buffer;
}

/** The archive with ZIP64 end records that say what its end record says, as `change` leaves them all. */
export function withZip64End(archive: Buffer, change: (records: EndRecords) => void = () => {}): Buffer {
  const at = archive.length - END_RECORD_BYTES;
  const end = Buffer.from(archive.subarray(at));
  const zip64 = Buffer.alloc(ZIP64_END_BYTES);
  zip64.writeUInt32LE(SIGNATURE.zip64End, 0);
  zip64.writeBigUInt64LE(BigInt(ZIP64_END_BYTES - 12), 4);
  zip64.writeUInt16LE(45, 12);
  zip64.writeUInt16LE(45, 14);
  zip64.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 24);
  zip64.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 32);
  zip64.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  zip64.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  const locator = Buffer.alloc(ZIP64_LOCATOR_BYTES);
  locator.writeUInt32LE(SIGNATURE.zip64Locator, 0);
  locator.writeBigUInt64LE(BigInt(at), 8);
  locator.writeUInt32LE(1, 16);
  change({ zip64, locator, end });
  return Buffer.concat([archive.subarray(0, at), zip64, locator, end]);
}

/** A header without its last extra field, which is the seal. */
function unsealed(header: Buffer, extraLengthAt: number): Buffer {
  const cut = Buffer.from(header.subarray(0, header.length - 8));
  cut.writeUInt16LE(cut.readUInt16LE(extraLengthAt) - 8, extraLengthAt);
  return cut;
}

export function put(file: string, bytes: Buffer): string {
  writeFileSync(file, bytes);
  return file;
}

export const bytesOf = (file: string): Buffer => readFileSync(file);
