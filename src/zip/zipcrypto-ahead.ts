/**
 * Encrypts stored entries under ZipCrypto before their turn comes, side by side: a byte waits for the one before it
 * only, and sixteen such chains go in the time of one.
 */
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { LpxError } from '../errors.js';
import { ZIPCRYPTO_STREAMS } from './simd.js';
import type { ByteSource, RandomSource, StoredEntry } from './writer.js';
import { encryptionHeader, TOGETHER_PAYS_FROM, turnStreams, ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from './zipcrypto.js';

/** A stored entry to come. */
export interface AnnouncedEntry extends Omit<StoredEntry, 'modified'> {
  readonly open: () => ByteSource;
}

/** What is encrypted ahead at most, in bytes: it is kept in memory. */
const AHEAD_BYTES = 32 * 1024 * 1024;
/** What is read of every entry at a time, and encrypted while it is in the cache. */
const CHUNK_BYTES = 32 * 1024;
/** Chunks of all entries between two turns of the event loop, so that signals and progress get through. */
const CHUNKS_PER_TURN = 8;

/** An entry under way: its encryption header, then its content. */
interface Underway {
  readonly entry: AnnouncedEntry;
  readonly keys: ZipCryptoKeys;
  readonly encrypted: Buffer;
  readonly source: ByteSource;
  crc32: number;
  /** Bytes of `encrypted` that are. */
  done: number;
}

export class ZipCryptoAhead {
  readonly #password: Buffer;
  readonly #random: RandomSource;
  readonly #announced: AnnouncedEntry[] = [];
  #ready: Buffer[] = [];
  /** Used again and again: fresh memory would have to be cleared by the system first. */
  #memory = Buffer.alloc(0);

  constructor(password: Buffer, random: RandomSource) {
    this.#password = password;
    this.#random = random;
  }

  announce(entry: AnnouncedEntry): void {
    this.#announced.push(entry);
  }

  /**
   * The encryption header and content of the next announced entry, valid until the next is asked for; or nothing, when
   * it is to be encrypted in its turn. @throws LPX_FILE_CHANGED for this entry or one to come, and what sources throw
   */
  async next(): Promise<Buffer | undefined> {
    if (this.#ready.length === 0) this.#ready = await this.#encryptSome();
    return this.#ready.shift();
  }

  async #encryptSome(): Promise<Buffer[]> {
    const entries = this.#group();
    if (entries.length < TOGETHER_PAYS_FROM.encrypt) {
      this.#announced.shift();
      return [];
    }
    this.#announced.splice(0, entries.length);
    const underway: Underway[] = [];
    try {
      for (const [i, encrypted] of this.#shares(entries).entries()) underway.push(this.#begin(entries[i] as AnnouncedEntry, encrypted));
      for (let turn = 1; underway.some((one) => one.done < one.encrypted.length); turn++) {
        const chunks = underway.map(readChunk);
        turnStreams(
          'encrypt',
          underway.map(({ keys }, i) => keys.streamOf(chunks[i] as Buffer)),
        );
        if (turn % CHUNKS_PER_TURN === 0) await setImmediate();
      }
      for (const one of underway) hold(one);
      return underway.map(({ encrypted }) => encrypted);
    } finally {
      for (const { source } of underway) source.close();
    }
  }

  /** The next entries, as many as go together and into memory. */
  #group(): AnnouncedEntry[] {
    const entries: AnnouncedEntry[] = [];
    let bytes = 0;
    for (const entry of this.#announced.slice(0, ZIPCRYPTO_STREAMS)) {
      bytes += encryptedBytes(entry);
      if (bytes > AHEAD_BYTES) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Memory for the header and content of each entry. */
  #shares(entries: readonly AnnouncedEntry[]): Buffer[] {
    const total = entries.reduce((sum, entry) => sum + encryptedBytes(entry), 0);
    if (this.#memory.length < total) this.#memory = Buffer.allocUnsafeSlow(total);
    let left = this.#memory;
    return entries.map((entry) => {
      const share = left.subarray(0, encryptedBytes(entry));
      left = left.subarray(share.length);
      return share;
    });
  }

  #begin(entry: AnnouncedEntry, encrypted: Buffer): Underway {
    const keys = new ZipCryptoKeys(this.#password);
    const done = encryptionHeader(keys, entry.crc32, this.#random).copy(encrypted);
    return { entry, keys, encrypted, source: entry.open(), crc32: 0, done };
  }
}

const encryptedBytes = ({ bytes }: AnnouncedEntry): number => ZIPCRYPTO_HEADER_BYTES + bytes;

/** Reads the next bytes of an entry to where they will be encrypted; none at its end. */
function readChunk(one: Underway): Buffer {
  const chunk = one.encrypted.subarray(one.done, one.done + CHUNK_BYTES);
  const count = chunk.length === 0 ? 0 : one.source.read(chunk);
  if (chunk.length > 0 && count === 0) throw changed(one);
  one.crc32 = crc32(chunk.subarray(0, count), one.crc32);
  one.done += count;
  return chunk.subarray(0, count);
}

/** Holds an entry that has been read against what was announced: no byte more, and the same. */
function hold(one: Underway): void {
  if (one.source.read(Buffer.alloc(1)) > 0 || one.crc32 !== one.entry.crc32) throw changed(one);
}

const changed = ({ entry }: Underway) => new LpxError('LPX_FILE_CHANGED', { file: entry.name });
