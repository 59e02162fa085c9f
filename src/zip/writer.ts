/**
 * The encrypting ZIP writer. `Archiver` queues, orders, reports and aborts; the engine below it
 * turns each entry into encrypted bytes. Sizes are known beforehand, so every header is complete and
 * no data descriptor is needed, which is what the pickiest readers want.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { crc32, deflateRawSync } from 'node:zlib';
import { Archiver, type EntryData } from 'archiver';
import { LpxError } from '../errors.js';
import type { ByteSource, RandomSource, StoredEntry } from './content.js';
import { AES_256, KeyTable, newKeyMemory } from './crypto/aes-keys.js';
import { aesOverheadBytes, WinZipAes } from './crypto/winzip-aes.js';
import { encryptionHeader, ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from './crypto/zipcrypto.js';
import { type AnnouncedEntry, ZipCryptoAhead } from './crypto/zipcrypto-ahead.js';
import { type EntryRecord, encodeEnd, encodeHeaders, FLAG, METHOD } from './format.js';
import type { ZipOutput } from './output.js';
import { type Arena, Arenas } from './simd/arena.js';
import { DERIVED_TOGETHER } from './simd/pbkdf2x2.js';

/** `aes256` is WinZip AE-2; `zipcrypto` is for receivers that cannot read it. */
export type Encryption = 'aes256' | 'zipcrypto';

export interface ZipOptions {
  readonly encryption: Encryption;
  readonly password: Buffer;
  readonly random?: RandomSource | undefined;
  /** Where the keys of entries under AES come from; without it they are derived as they are needed. */
  readonly keys?: KeyTable | undefined;
  /** The arenas of the thread. */
  readonly arenas?: Arenas | undefined;
}

interface EngineEntry extends EntryData {
  readonly bytes: number;
  /** Bytes to deflate, or a function that opens the source of a stored entry. */
  readonly content: Buffer | (() => ByteSource);
}

/** The cipher of one entry, and the bytes that go before and after the entry's own. */
interface EntryCipher {
  readonly prefix: Buffer;
  encrypt(bytes: Uint8Array): void;
  suffix(): Buffer;
}

const NOTHING = Buffer.alloc(0);
/** Bytes between two turns of the event loop, so that signals and progress get through. */
const BYTES_PER_TURN = 4 * 1024 * 1024;
/** Small parts wait for each other up to this many bytes, and are written at once. */
const KEPT_BYTES = 256 * 1024;

/**
 * An encrypted ZIP that is written to an output. Add entries, then `complete()`. The bytes do not pass through
 * Archiver's streams: they are read, encrypted and written in one place.
 */
export class EncryptedZip extends Archiver {
  readonly #engine: EncryptingEngine;

  constructor(output: ZipOutput, options: ZipOptions) {
    super();
    this._format = 'zip';
    this.#engine = new EncryptingEngine(output, options);
    this._module = this.#engine;
    this._modulePipe();
  }

  /** Queues bytes that do not shrink (pdf, jpg, png, mp3, mp4): stored as they are. */
  addStored(open: () => ByteSource, entry: StoredEntry): void {
    this.#engine.announce({ ...entry, open });
    this.#add({ ...entry, date: entry.modified, content: open });
  }

  /** Queues a small text, deflated. */
  addDeflated(content: Buffer, name: string, modified: Date): void {
    this.#add({ name, date: modified, content, bytes: content.length });
  }

  /** Writes all that was added, then the directory. @throws LPX_FILE_CHANGED, and what sources and the sink throw */
  async complete(): Promise<void> {
    const done = finished(this.resume());
    this.finalize().catch(() => {});
    try {
      await done;
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  #add(data: EngineEntry): void {
    this.append(NOTHING, data);
  }
}

class EncryptingEngine extends Readable {
  readonly #output: ZipOutput;
  readonly #encryption: Encryption;
  readonly #password: Buffer;
  readonly #random: RandomSource;
  readonly #arenas: Arenas;
  readonly #directory: Buffer[] = [];
  /** The stored entries to come; undefined when each is encrypted in its turn. */
  readonly #ahead: ZipCryptoAhead | undefined;
  #keys: KeyTable | undefined;
  /** Bytes put so far, written or kept. */
  #offset = 0;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #bytesThisTurn = 0;

  constructor(output: ZipOutput, { encryption, password, random = randomBytes, keys, arenas = new Arenas() }: ZipOptions) {
    super({ read: () => {} });
    this.#output = output;
    this.#encryption = encryption;
    this.#password = password;
    this.#random = random;
    this.#keys = keys;
    this.#arenas = arenas;
    if (encryption === 'zipcrypto') this.#ahead = new ZipCryptoAhead(password, random, arenas);
  }

  /** Announces a stored entry that will be appended, in the order of the announcements. */
  announce(entry: AnnouncedEntry): void {
    this.#ahead?.announce(entry);
  }

  append(_: Buffer | Readable, data: EngineEntry, callback: (error?: Error | null) => void): void {
    this.#entry(data).then(
      () => callback(),
      (error: Error) => callback(error),
    );
  }

  finalize(): void {
    const directory = Buffer.concat(this.#directory);
    try {
      this.#write(directory, encodeEnd(this.#directory.length, this.#offset, directory.length));
      this.#flush();
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  async #entry(data: EngineEntry): Promise<void> {
    const { content } = data;
    const deflated = Buffer.isBuffer(content) ? deflateRawSync(content) : undefined;
    const ahead = deflated ? undefined : await this.#ahead?.next();
    const record = this.#record(data, deflated?.length, ahead?.crc32 ?? (await this.#crcOf(content)));
    const headers = encodeHeaders(record);
    if (ahead) {
      this.#write(headers.local, ahead.encrypted);
      this.#flush();
    } else if (deflated) {
      const cipher = this.#cipher(record);
      cipher.encrypt(deflated);
      this.#write(headers.local, cipher.prefix, deflated, cipher.suffix());
    } else if (!Buffer.isBuffer(content)) {
      const arena = this.#arenas.take();
      try {
        const cipher = this.#cipher(record, arena);
        this.#write(headers.local, cipher.prefix);
        await this.#pour(content, cipher, data, { arena, crc: record.crc32 });
        this.#write(cipher.suffix());
      } finally {
        this.#arenas.giveBack(arena);
      }
    }
    this.#directory.push(headers.central);
    await this.#turn(record.compressedSize);
  }

  /** The CRC-32 that goes before a content: none under AES, whose authentication code says more. */
  async #crcOf(content: EngineEntry['content']): Promise<number> {
    if (this.#encryption === 'aes256') return 0;
    if (Buffer.isBuffer(content)) return crc32(content);
    const source = content();
    const block = Buffer.allocUnsafe(KEPT_BYTES);
    try {
      for (let crc = 0; ; ) {
        const count = source.read(block);
        if (count === 0) return crc;
        crc = crc32(block.subarray(0, count), crc);
        await this.#turn(count);
      }
    } finally {
      source.close();
    }
  }

  /** Reads a source into the arena, chunk by chunk, encrypts it there and writes it from there. */
  async #pour(
    open: () => ByteSource,
    cipher: EntryCipher,
    { name, bytes }: EngineEntry,
    { arena, crc: expectedCrc }: { readonly arena: Arena; readonly crc: number },
  ): Promise<void> {
    const source = open();
    const place = arena.place(0);
    try {
      let done = 0;
      let crc = 0;
      for (;;) {
        const count = source.read(place);
        done += count;
        if (count === 0 || done > bytes) break;
        const chunk = place.subarray(0, count);
        if (this.#encryption === 'zipcrypto') crc = crc32(chunk, crc);
        cipher.encrypt(chunk);
        this.#write(chunk);
        this.#flush();
        await this.#turn(count);
      }
      if (done !== bytes || crc !== expectedCrc) throw new LpxError('LPX_FILE_CHANGED', { file: name });
    } finally {
      source.close();
    }
  }

  #record(data: EngineEntry, deflatedBytes: number | undefined, crc: number): EntryRecord {
    const method = deflatedBytes === undefined ? METHOD.stored : METHOD.deflated;
    const storedBytes = deflatedBytes ?? data.bytes;
    const shared = {
      name: Buffer.from(data.name),
      modified: data.date,
      flags: FLAG.encrypted | FLAG.utf8,
      size: data.bytes,
      offset: this.#offset,
    };
    if (this.#encryption === 'zipcrypto') {
      return { ...shared, method, crc32: crc, compressedSize: storedBytes + ZIPCRYPTO_HEADER_BYTES };
    }
    return {
      ...shared,
      method: METHOD.aes,
      crc32: 0,
      compressedSize: storedBytes + aesOverheadBytes(AES_256),
      aes: { version: 2, strength: AES_256, method },
    };
  }

  #cipher({ crc32 }: EntryRecord, arena?: Arena): EntryCipher {
    return this.#encryption === 'aes256' ? this.#aes(arena) : this.#zipCrypto(crc32);
  }

  #aes(arena?: Arena): EntryCipher {
    if (!this.#keys || this.#keys.left === 0)
      this.#keys = new KeyTable(newKeyMemory(DERIVED_TOGETHER, this.#random), this.#password, this.#arenas);
    const { salt, keys } = this.#keys.take();
    const aes = new WinZipAes(keys, arena);
    return {
      prefix: Buffer.concat([salt, keys.verifier]),
      encrypt: (bytes) => aes.encrypt(bytes),
      suffix: () => aes.mac(),
    };
  }

  #zipCrypto(crc: number): EntryCipher {
    const keys = new ZipCryptoKeys(this.#password);
    return { prefix: encryptionHeader(keys, crc, this.#random), encrypt: (bytes) => keys.encrypt(bytes), suffix: () => NOTHING };
  }

  /** Puts parts after those before. They are kept, and must not be overwritten before the next `#flush`. */
  #write(...parts: Buffer[]): void {
    for (const part of parts) {
      this.#kept.push(part);
      this.#keptBytes += part.length;
      this.#offset += part.length;
    }
    if (this.#keptBytes >= KEPT_BYTES) this.#flush();
  }

  /** Writes the buffered data. */
  #flush(): void {
    const parts = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    // The last part is the big one: a chunk in the arena, or a whole entry.
    const last = parts.pop();
    if (parts.length > 0) this.#output.write(Buffer.concat(parts));
    if (last && last.length > 0) this.#output.write(last);
  }

  /** Lets the event loop have a turn after every few megabytes. */
  async #turn(bytes: number): Promise<void> {
    this.#bytesThisTurn += bytes;
    if (this.#bytesThisTurn < BYTES_PER_TURN) return;
    this.#bytesThisTurn = 0;
    await setImmediate();
  }
}
