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
import { AES_256, KeyTable, newKeyMemory } from './crypto/aes-keys.js';
import { aesOverheadBytes, WinZipAes } from './crypto/winzip-aes.js';
import { encryptionHeader, ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from './crypto/zipcrypto.js';
import { type AnnouncedEntry, ZipCryptoAhead } from './crypto/zipcrypto-ahead.js';
import { type EntryRecord, encodeEnd, encodeHeaders, FLAG, METHOD } from './format.js';
import { giveBack, placeIn, takeKernels } from './simd/arena.js';
import { DERIVED_TOGETHER } from './simd/pbkdf2x2.js';
import type { BlockSink } from './threads/block-ring.js';

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
}

/** The bytes of a stored entry. Opened when its turn comes, or sooner. */
export interface ByteSource {
  /** Fills `into` as far as it can; 0 at the end. */
  read(into: Buffer): number;
  close(): void;
}

interface EngineEntry extends EntryData {
  readonly bytes: number;
  /** What is put in: bytes to deflate, or a way to open the source of a stored entry. */
  readonly content: Buffer | (() => ByteSource);
}

/** Bytes to hide an entry behind, and the cipher that hides them. */
interface EntryCipher {
  readonly prefix: Buffer;
  encrypt(bytes: Uint8Array): void;
  suffix(): Buffer;
}

const NOTHING = Buffer.alloc(0);
/** Blocks between two turns of the event loop, so that signals and progress get through. */
const BLOCKS_PER_TURN = 16;

/**
 * An encrypted ZIP that goes to a sink, block by block. Add entries, then `complete()`. The bytes do not
 * travel through Archiver's streams: they are read, encrypted and put where they lie.
 */
export class EncryptedZip extends Archiver {
  readonly #engine: EncryptingEngine;

  /** @param keys where the keys of entries under AES come from; without it they are derived in turn */
  constructor(sink: BlockSink, encryption: Encryption, password: Buffer, random: RandomSource = randomBytes, keys?: KeyTable) {
    super();
    this._format = 'zip';
    this.#engine = new EncryptingEngine(sink, encryption, password, random, keys);
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
  readonly #sink: BlockSink;
  readonly #encryption: Encryption;
  readonly #password: Buffer;
  readonly #random: RandomSource;
  readonly #directory: Buffer[] = [];
  /** The stored entries to come; undefined when each is encrypted in its turn. */
  readonly #ahead: ZipCryptoAhead | undefined;
  #keys: KeyTable | undefined;
  #offset = 0;
  #blocks = 0;

  constructor(sink: BlockSink, encryption: Encryption, password: Buffer, random: RandomSource, keys: KeyTable | undefined) {
    super({ read: () => {} });
    this.#sink = sink;
    this.#encryption = encryption;
    this.#password = password;
    this.#random = random;
    this.#keys = keys;
    if (encryption === 'zipcrypto') this.#ahead = new ZipCryptoAhead(password, random);
  }

  /** Tells of a stored entry that will be appended, after those told of before. */
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
    const end = encodeEnd(this.#directory.length, this.#offset, directory.length);
    this.#write(directory, end).then(
      () => this.push(null),
      (error: Error) => this.destroy(error),
    );
  }

  async #entry(data: EngineEntry): Promise<void> {
    const { content } = data;
    const deflated = Buffer.isBuffer(content) ? deflateRawSync(content) : undefined;
    const ahead = deflated ? undefined : await this.#ahead?.next();
    const record = this.#record(data, deflated?.length, ahead?.crc32 ?? (await this.#crcOf(content)));
    const headers = encodeHeaders(record);
    if (ahead) {
      await this.#write(headers.local, ahead.encrypted);
    } else if (deflated) {
      const cipher = this.#cipher(record);
      cipher.encrypt(deflated);
      await this.#write(headers.local, cipher.prefix, deflated, cipher.suffix());
    } else if (!Buffer.isBuffer(content)) {
      const cipher = this.#cipher(record);
      await this.#write(headers.local, cipher.prefix);
      await this.#pour(content, cipher, data, record.crc32);
      await this.#write(cipher.suffix());
    }
    this.#directory.push(headers.central);
  }

  /** The CRC-32 that goes before a content: none under AES, whose authentication code says more. */
  async #crcOf(content: EngineEntry['content']): Promise<number> {
    if (this.#encryption === 'aes256') return 0;
    if (Buffer.isBuffer(content)) return crc32(content);
    const source = content();
    try {
      for (let crc = 0; ; ) {
        const block = await this.#block();
        const count = source.read(block);
        if (count === 0) return crc;
        crc = crc32(block.subarray(0, count), crc);
      }
    } finally {
      source.close();
    }
  }

  /** Reads, encrypts and hands on a source, bit by bit in memory of the kernels. */
  async #pour(open: () => ByteSource, cipher: EntryCipher, { name, bytes }: EngineEntry, expectedCrc: number): Promise<void> {
    const source = open();
    const memory = takeKernels();
    const place = placeIn(memory, 0);
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
        await this.#write(chunk);
      }
      if (done !== bytes || crc !== expectedCrc) throw new LpxError('LPX_FILE_CHANGED', { file: name });
    } finally {
      giveBack(memory);
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

  #cipher({ crc32 }: EntryRecord): EntryCipher {
    return this.#encryption === 'aes256' ? this.#aes() : this.#zipCrypto(crc32);
  }

  #aes(): EntryCipher {
    if (!this.#keys || this.#keys.left === 0) this.#keys = new KeyTable(newKeyMemory(DERIVED_TOGETHER, this.#random), this.#password);
    const { salt, keys } = this.#keys.take();
    const aes = new WinZipAes(keys);
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

  async #write(...parts: Buffer[]): Promise<void> {
    let block: Buffer = NOTHING;
    let used = 0;
    for (const part of parts) {
      for (let done = 0; done < part.length; ) {
        if (used === 0) block = await this.#block();
        const count = Math.min(block.length - used, part.length - done);
        // As good as `copy`, which takes shared memory word by word.
        block.fill(part.subarray(done, done + count), used, used + count);
        done += count;
        used += count;
        if (used < block.length) continue;
        this.#put(used);
        used = 0;
      }
    }
    if (used > 0) this.#put(used);
  }

  async #block(): Promise<Buffer> {
    if (++this.#blocks % BLOCKS_PER_TURN === 0) await setImmediate();
    return this.#sink.block();
  }

  #put(bytes: number): void {
    this.#offset += bytes;
    this.#sink.put(bytes);
  }
}
