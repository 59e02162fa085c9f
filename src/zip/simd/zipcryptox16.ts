/** ZipCrypto of sixteen streams at once. */
import { type Arena, PLACE_BYTES, STREAMS } from './arena.js';

/** How many streams take the time of one. */
export const ZIPCRYPTO_STREAMS = STREAMS;
/** The kernel takes this many bytes of each stream at a time, or a multiple. */
export const ZIPCRYPTO_BYTES = 16;

/** A stream of ZipCrypto: its three keys, which advance, and its next bytes. */
export interface ZipCryptoStream {
  readonly keys: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Encrypts or decrypts up to `ZIPCRYPTO_STREAMS` streams in place, a multiple of `ZIPCRYPTO_BYTES` of each. */
export function zipCryptoTogether(arena: Arena, direction: 'encrypt' | 'decrypt', streams: readonly ZipCryptoStream[]): void {
  const keys = new KeysInArena(arena);
  const longest = Math.max(...streams.map(({ bytes }) => bytes.length));
  for (let start = 0; start < longest; start += PLACE_BYTES) {
    const parts = streams.map(({ bytes }) => bytes.subarray(start, start + PLACE_BYTES));
    for (const [i, part] of parts.entries()) arena.put(i, part);
    for (let done = 0; ; ) {
      const end = Math.min(...parts.map((part) => part.length).filter((length) => length > done));
      if (end === Number.POSITIVE_INFINITY) break;
      for (const [i, stream] of streams.entries()) keys.put(i, stream.keys);
      arena.zipCrypto(direction, done, end - done);
      // A stream that has ended was computed too; its keys stay as they were.
      for (const [i, stream] of streams.entries()) if ((parts[i] as Uint8Array).length > done) keys.take(i, stream.keys);
      done = end;
    }
    for (const [i, part] of parts.entries()) part.set(arena.stream(i, 0, part.length));
  }
}

/** The keys of the streams as the kernel takes them: the bytes of the first and third keys apart, the second as words. */
class KeysInArena {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(arena: Arena) {
    this.#bytes = arena.bytes('zipCryptoKeys');
    this.#words = arena.words('zipCryptoKeys').subarray(2 * ZIPCRYPTO_STREAMS);
  }

  put(stream: number, [key0, key1, key2]: Uint32Array): void {
    for (let i = 0; i < 4; i++) {
      this.#bytes[ZIPCRYPTO_STREAMS * i + stream] = (key0 as number) >>> (8 * i);
      this.#bytes[ZIPCRYPTO_STREAMS * (4 + i) + stream] = (key2 as number) >>> (8 * i);
    }
    this.#words[stream] = key1 as number;
  }

  take(stream: number, keys: Uint32Array): void {
    keys.fill(0);
    for (let i = 0; i < 4; i++) {
      keys[0] = (keys[0] as number) | ((this.#bytes[ZIPCRYPTO_STREAMS * i + stream] as number) << (8 * i));
      keys[2] = (keys[2] as number) | ((this.#bytes[ZIPCRYPTO_STREAMS * (4 + i) + stream] as number) << (8 * i));
    }
    keys[1] = this.#words[stream] as number;
  }
}
