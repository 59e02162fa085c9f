/** Archives in memory and on disk, made by the writer under test or byte by byte. */
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type AesKeys, type AesStrength, deriveAesKeys, saltBytes, WinZipAes } from '#lpx/zip/crypto/winzip-aes.js';
import { ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from '#lpx/zip/crypto/zipcrypto.js';
import { type EntryRecord, encodeEnd, encodeHeaders, FLAG, METHOD } from '#lpx/zip/format.js';
import { BLOCK_BYTES, type BlockSink } from '#lpx/zip/threads/block-ring.js';
import { type ByteSource, EncryptedZip, type Encryption, type RandomSource } from '#lpx/zip/writer.js';

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
  const sink = new MemorySink();
  const zip = new EncryptedZip(sink, encryption, password, random);
  for (const { name, content, deflate } of entries) {
    if (deflate) zip.addDeflated(content, name, MODIFIED);
    else zip.addStored(() => sourceOf(content), { name, modified: MODIFIED, bytes: content.length });
  }
  await zip.complete();
  return sink.bytes();
}

export class MemorySink implements BlockSink {
  readonly #blocks: Buffer[] = [];
  readonly #block = Buffer.alloc(BLOCK_BYTES);

  async block(): Promise<Buffer> {
    return this.#block;
  }

  put(bytes: number): void {
    this.#blocks.push(Buffer.from(this.#block.subarray(0, bytes)));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#blocks);
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

/** One entry of a hand-made archive: a sound ZipCrypto entry, changed as a test needs it. */
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
    const local = unsealed(encodeHeaders({ ...record, ...entry.local }).local, 28);
    const central = unsealed(encodeHeaders(record).central, 30);
    entry.central?.(central);
    parts.push(local, data, between);
    directory.push(central);
    offset += local.length + data.length + between.length;
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
    const [keys] = deriveAesKeys(password, [salt], strength) as [AesKeys];
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
