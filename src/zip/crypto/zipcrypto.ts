/**
 * ZipCrypto, the traditional PKWARE encryption (APPNOTE.TXT 6.1). It is weak: a known plaintext of a
 * few bytes breaks it. We read it because the field writes it, and write it only when asked to.
 */
import { crc32 } from 'node:zlib';
import type { Arenas } from '../simd/arena.js';
import { ZIPCRYPTO_BYTES, ZIPCRYPTO_STREAMS, type ZipCryptoStream, zipCryptoTogether } from '../simd/zipcryptox16.js';

/** Bytes of random header in front of every encrypted entry; the last one is the check byte. */
export const ZIPCRYPTO_HEADER_BYTES = 12;

/** CRC-32, a byte at a time; zlib's inverts before and after. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => ~crc32(Buffer.of(byte), 0xffff_ffff));

/** The three 32-bit keys, advanced by every plaintext byte. One instance per entry and direction. */
export class ZipCryptoKeys {
  readonly #keys = Uint32Array.of(0x12345678, 0x23456789, 0x34567890);

  constructor(password: Uint8Array) {
    const start = Uint8Array.from(password);
    // Encrypting a copy of the password advances the keys by its bytes, which is the key schedule.
    this.encrypt(start);
  }

  /** Encrypts `bytes` in place. */
  encrypt(bytes: Uint8Array): void {
    cryptAlone('encrypt', this.streamOf(bytes));
  }

  /** Decrypts `bytes` in place. */
  decrypt(bytes: Uint8Array): void {
    cryptAlone('decrypt', this.streamOf(bytes));
  }

  /** These keys and the bytes that come next, to be encrypted or decrypted together with other streams. */
  streamOf(bytes: Uint8Array): ZipCryptoStream {
    return { keys: this.#keys, bytes };
  }
}

/** The header of an entry, encrypted. Without a data descriptor, its last byte is the CRC's highest (APPNOTE 6.1.6). */
export function encryptionHeader(keys: ZipCryptoKeys, crc: number, random: (bytes: number) => Buffer): Buffer {
  const header = random(ZIPCRYPTO_HEADER_BYTES);
  header[ZIPCRYPTO_HEADER_BYTES - 1] = crc >>> 24;
  keys.encrypt(header);
  return header;
}

type Direction = 'encrypt' | 'decrypt';

/** From how many streams on the kernel, which takes the time of sixteen, is faster than one stream after the other. */
const KERNEL_PAYS_FROM = { encrypt: 5, decrypt: 3 };

/** Encrypts or decrypts the bytes of several streams in place. */
export function cryptStreams(arenas: Arenas, direction: Direction, streams: readonly ZipCryptoStream[]): void {
  for (let i = 0; i < streams.length; i += ZIPCRYPTO_STREAMS) cryptSome(arenas, direction, streams.slice(i, i + ZIPCRYPTO_STREAMS));
}

function cryptSome(arenas: Arenas, direction: Direction, streams: readonly ZipCryptoStream[]): void {
  const lengths = streams.map(({ bytes }) => bytes.length).sort((a, b) => b - a);
  const worthwhile = lengths[KERNEL_PAYS_FROM[direction] - 1] ?? 0;
  const cut = ({ bytes }: ZipCryptoStream) => {
    const length = Math.min(bytes.length, worthwhile);
    return length - (length % ZIPCRYPTO_BYTES);
  };
  if (worthwhile >= ZIPCRYPTO_BYTES)
    zipCryptoTogether(
      arenas.shared,
      direction,
      streams.map((stream) => ({ keys: stream.keys, bytes: stream.bytes.subarray(0, cut(stream)) })),
    );
  for (const stream of streams) cryptAlone(direction, { keys: stream.keys, bytes: stream.bytes.subarray(cut(stream)) });
}

function cryptAlone(direction: Direction, { keys, bytes }: ZipCryptoStream): void {
  const table = CRC_TABLE;
  const encrypting = direction === 'encrypt';
  let [key0, key1, key2] = Int32Array.from(keys) as unknown as [number, number, number];
  for (let i = 0; i < bytes.length; i++) {
    const from = bytes[i] as number;
    const t = (key2 & 0xffff) | 2;
    const to = from ^ ((Math.imul(t, t ^ 1) >>> 8) & 0xff);
    bytes[i] = to;
    key0 = (table[(key0 ^ (encrypting ? from : to)) & 0xff] as number) ^ (key0 >>> 8);
    key1 = (Math.imul((key1 + (key0 & 0xff)) | 0, 134775813) + 1) | 0;
    key2 = (table[(key2 ^ (key1 >>> 24)) & 0xff] as number) ^ (key2 >>> 8);
  }
  keys.set([key0, key1, key2]);
}

/** Decrypts chunks of several entries together: those that are asked for in the same turn of the event loop. */
export class ZipCryptoDecryption {
  readonly #arenas: Arenas;
  #waiting: { readonly stream: ZipCryptoStream; readonly done: () => void }[] = [];

  constructor(arenas: Arenas) {
    this.#arenas = arenas;
  }

  /** Decrypts `bytes` in place, at the end of this turn at the latest. */
  decrypt(keys: ZipCryptoKeys, bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      if (this.#waiting.push({ stream: keys.streamOf(bytes), done }) === 1) queueMicrotask(() => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    cryptStreams(
      this.#arenas,
      'decrypt',
      waiting.map(({ stream }) => stream),
    );
    for (const { done } of waiting) done();
  }
}
