/**
 * Encrypts stored entries under ZipCrypto before their turn comes, sixteen together: within an entry each byte depends on
 * the one before it, and sixteen such chains take the time of one.
 */
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { LpxError } from '../../errors.js';
import type { ByteSource, RandomSource, StoredEntry } from '../content.js';
import type { Arenas } from '../simd/arena.js';
import { ZIPCRYPTO_STREAMS } from '../simd/zipcryptox16.js';
import { cryptStreams, encryptionHeader, ZIPCRYPTO_HEADER_BYTES, ZipCryptoKeys } from './zipcrypto.js';

/** A stored entry to come. */
export interface AnnouncedEntry extends Omit<StoredEntry, 'modified'> {
  readonly open: () => ByteSource;
}

/** How many bytes are encrypted ahead at most: they are kept in memory. */
const AHEAD_BYTES = 32 * 1024 * 1024;
/** How many bytes of each entry are read, and encrypted, at a time: those of all stay in the cache. */
const CHUNK_BYTES = 32 * 1024;
/** Chunks of all entries between two turns of the event loop, so that signals and progress get through. */
const CHUNKS_PER_TURN = 8;
const READS_PER_TURN = 128;

/** An entry that has been encrypted. */
export interface EncryptedEntry {
  readonly crc32: number;
  /** The encryption header, then the content; valid until the next entry is asked for. */
  readonly encrypted: Buffer;
}

/** An entry under way: room for its encryption header, then its content. */
interface Underway extends EncryptedEntry {
  readonly keys: ZipCryptoKeys;
}

export class ZipCryptoAhead {
  readonly #password: Buffer;
  readonly #random: RandomSource;
  readonly #arenas: Arenas;
  readonly #announced: AnnouncedEntry[] = [];
  #ready: EncryptedEntry[] = [];
  /** Used again and again: fresh memory would have to be cleared by the system first. */
  #memory = Buffer.alloc(0);

  constructor(password: Buffer, random: RandomSource, arenas: Arenas) {
    this.#password = password;
    this.#random = random;
    this.#arenas = arenas;
  }

  announce(entry: AnnouncedEntry): void {
    this.#announced.push(entry);
  }

  /**
   * The next announced entry; or nothing, when it is too big to be kept in memory.
   * @throws LPX_FILE_CHANGED for this entry or one to come, and what sources throw
   */
  async next(): Promise<EncryptedEntry | undefined> {
    if (this.#ready.length === 0) this.#ready = await this.#encryptSome();
    return this.#ready.shift();
  }

  async #encryptSome(): Promise<EncryptedEntry[]> {
    const entries = this.#group();
    if (entries.length === 0) {
      this.#announced.shift();
      return [];
    }
    this.#announced.splice(0, entries.length);
    // An encryption header is made of the CRC-32 of all that follows, and is encrypted before it.
    const underway: Underway[] = [];
    for (const [i, encrypted] of this.#shares(entries).entries()) underway.push(await this.#begin(entries[i] as AnnouncedEntry, encrypted));
    const longest = Math.max(...underway.map(({ encrypted }) => encrypted.length));
    for (let done = ZIPCRYPTO_HEADER_BYTES, turn = 1; done < longest; done += CHUNK_BYTES, turn++) {
      cryptStreams(
        this.#arenas,
        'encrypt',
        underway.map(({ keys, encrypted }) => keys.streamOf(encrypted.subarray(done, done + CHUNK_BYTES))),
      );
      if (turn % CHUNKS_PER_TURN === 0) await setImmediate();
    }
    return underway;
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

  /** Reads an entry to where it will be encrypted, and lays out its header before it. */
  async #begin(entry: AnnouncedEntry, encrypted: Buffer): Promise<Underway> {
    const crc = await readWhole(entry, encrypted.subarray(ZIPCRYPTO_HEADER_BYTES));
    const keys = new ZipCryptoKeys(this.#password);
    encryptionHeader(keys, crc, this.#random).copy(encrypted);
    return { keys, crc32: crc, encrypted };
  }
}

const encryptedBytes = ({ bytes }: AnnouncedEntry): number => ZIPCRYPTO_HEADER_BYTES + bytes;

/** Reads an entry, which has to be as long as announced. @returns its CRC-32 */
async function readWhole({ name, open }: AnnouncedEntry, into: Buffer): Promise<number> {
  const source = open();
  try {
    let crc = 0;
    for (let done = 0, turn = 1; done < into.length; turn++) {
      const chunk = into.subarray(done, done + CHUNK_BYTES);
      const count = source.read(chunk);
      if (count === 0) throw changed(name);
      crc = crc32(chunk.subarray(0, count), crc);
      done += count;
      if (turn % READS_PER_TURN === 0) await setImmediate();
    }
    if (source.read(Buffer.alloc(1)) > 0) throw changed(name);
    return crc;
  } finally {
    source.close();
  }
}

const changed = (file: string) => new LpxError('LPX_FILE_CHANGED', { file });
