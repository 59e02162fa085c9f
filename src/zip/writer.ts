/**
 * The encrypting ZIP writer. `Archiver` queues, orders, reports and aborts; the engine below it
 * turns each entry into encrypted bytes. Sizes are known beforehand, so every header is complete and
 * no data descriptor is needed, which is what the pickiest readers want.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32, deflateRawSync } from 'node:zlib';
import { Archiver, type EntryData } from 'archiver';
import { LpxError } from '../errors.js';
import { type EntryRecord, encodeEnd, encodeHeaders, FLAG, METHOD } from './format.js';
import { aesOverheadBytes, deriveAesKeys, saltBytes, WinZipAes } from './winzip-aes.js';
import { ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from './zipcrypto.js';

/** `aes256` is WinZip AE-2; `zipcrypto` is for receivers that cannot read it. */
export type Encryption = 'aes256' | 'zipcrypto';

/** Salts and headers come from here; tests pass their own to get the same archive twice. */
export type RandomSource = (bytes: number) => Buffer;

/** What is known of a stored entry before its bytes are read. */
export interface StoredEntry {
  /** Path inside the archive, forward slashes. */
  readonly name: string;
  readonly modified: Date;
  readonly bytes: number;
  readonly crc32: number;
}

interface EngineEntry extends EntryData {
  readonly deflate: boolean;
  readonly bytes: number;
  readonly crc32: number;
}

/** Bytes to hide an entry behind, and the cipher that hides them. */
interface EntryCipher {
  readonly prefix: Buffer;
  encrypt(bytes: Uint8Array): void;
  suffix(): Buffer;
}

const AES_256 = 3;

/**
 * A readable stream of an encrypted ZIP. Add entries, call `finalize()`, read to the end.
 * Emits `error` with `LPX_FILE_CHANGED` when a stored entry's bytes are not those announced.
 */
export class EncryptedZip extends Archiver {
  constructor(encryption: Encryption, password: Buffer, random: RandomSource = randomBytes) {
    super();
    this._format = 'zip';
    this._module = new EncryptingEngine(encryption, password, random);
    this._modulePipe();
  }

  /** Queues bytes that do not shrink (pdf, jpg, png, mp3, mp4): stored as they are. */
  addStored(source: Readable, entry: StoredEntry): void {
    const data: EngineEntry = { ...entry, date: entry.modified, deflate: false };
    this.append(source, data);
  }

  /** Queues a small text, deflated. */
  addDeflated(content: Buffer, name: string, modified: Date): void {
    const data: EngineEntry = { name, date: modified, deflate: true, bytes: content.length, crc32: crc32(content) };
    this.append(content, data);
  }
}

class EncryptingEngine extends Readable {
  readonly #encryption: Encryption;
  readonly #password: Buffer;
  readonly #random: RandomSource;
  readonly #directory: Buffer[] = [];
  #offset = 0;
  #resume: (() => void) | undefined;

  constructor(encryption: Encryption, password: Buffer, random: RandomSource) {
    super({ highWaterMark: 2 * 1024 * 1024 });
    this.#encryption = encryption;
    this.#password = password;
    this.#random = random;
  }

  append(source: Buffer | Readable, data: EngineEntry, callback: (error?: Error | null) => void): void {
    this.#entry(source, data).then(
      () => callback(),
      (error: Error) => callback(error),
    );
  }

  finalize(): void {
    const directoryOffset = this.#offset;
    const directory = Buffer.concat(this.#directory);
    this.push(directory);
    this.push(encodeEnd(this.#directory.length, directoryOffset, directory.length));
    this.push(null);
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  async #entry(source: Buffer | Readable, data: EngineEntry): Promise<void> {
    const content = Buffer.isBuffer(source) && data.deflate ? deflateRawSync(source) : source;
    const storedBytes = Buffer.isBuffer(content) ? content.length : data.bytes;
    const record = this.#record(data, storedBytes);
    const cipher = this.#encryption === 'aes256' ? await this.#aes() : this.#zipCrypto(record.crc32);

    const headers = encodeHeaders(record);
    await this.#emit(headers.local);
    await this.#emit(cipher.prefix);
    let bytes = 0;
    let crc = 0;
    for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
      bytes += chunk.length;
      if (bytes > storedBytes) break;
      if (this.#encryption === 'zipcrypto' && !data.deflate) crc = crc32(chunk, crc);
      cipher.encrypt(chunk);
      await this.#emit(chunk);
    }
    const sameContent = this.#encryption === 'aes256' || data.deflate || crc === data.crc32;
    if (bytes !== storedBytes || !sameContent) throw new LpxError('LPX_FILE_CHANGED', { file: data.name });
    await this.#emit(cipher.suffix());
    this.#directory.push(headers.central);
  }

  #record(data: EngineEntry, storedBytes: number): EntryRecord {
    const method = data.deflate ? METHOD.deflated : METHOD.stored;
    const shared = {
      name: Buffer.from(data.name),
      modified: data.date,
      flags: FLAG.encrypted | FLAG.utf8,
      size: data.bytes,
      offset: this.#offset,
    };
    if (this.#encryption === 'zipcrypto') {
      return { ...shared, method, crc32: data.crc32, compressedSize: storedBytes + ZIPCRYPTO_HEADER_BYTES };
    }
    return {
      ...shared,
      method: METHOD.aes,
      crc32: 0,
      compressedSize: storedBytes + aesOverheadBytes(AES_256),
      aes: { version: 2, strength: AES_256, method },
    };
  }

  async #aes(): Promise<EntryCipher> {
    const salt = this.#random(saltBytes(AES_256));
    const keys = await deriveAesKeys(this.#password, salt, AES_256);
    const aes = new WinZipAes(keys);
    return {
      prefix: Buffer.concat([salt, keys.verifier]),
      encrypt: (bytes) => aes.encrypt(bytes),
      suffix: () => aes.mac(),
    };
  }

  /** Without a data descriptor, the header's last byte is the CRC's highest (APPNOTE 6.1.6). */
  #zipCrypto(crc: number): EntryCipher {
    const keys = new ZipCryptoKeys(this.#password);
    const prefix = this.#random(ZIPCRYPTO_HEADER_BYTES);
    prefix[ZIPCRYPTO_HEADER_BYTES - 1] = crc >>> 24;
    keys.encrypt(prefix);
    return { prefix, encrypt: (bytes) => keys.encrypt(bytes), suffix: () => Buffer.alloc(0) };
  }

  async #emit(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    this.#offset += bytes.length;
    if (!this.push(bytes)) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
  }
}
