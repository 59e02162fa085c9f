/** ZipCrypto of sixteen streams side by side. */
import { FEED_BYTES, INPUT, kernels, STREAMS, STRIDE } from './arena.js';

/** How many streams of ZipCrypto go side by side. */
export const ZIPCRYPTO_STREAMS = STREAMS;
/** What the kernels take of each at a time: this many bytes, or a multiple. */
export const ZIPCRYPTO_BYTES = 16;

/** A stream of ZipCrypto: its three keys, which advance, and its next bytes. */
export interface ZipCryptoStream {
  readonly keys: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Turns up to `ZIPCRYPTO_STREAMS` streams in place, a multiple of `ZIPCRYPTO_BYTES` of each, in the time of one. */
export function zipCryptoTogether(turn: 'encrypt' | 'decrypt', streams: readonly ZipCryptoStream[]): void {
  const { memory, BUFFERS, [turn]: kernel } = kernels();
  const base = BUFFERS.value;
  const input = new Uint8Array(memory.buffer, base + INPUT);
  const keys = new KeysInMemory(memory, base);
  const longest = Math.max(...streams.map(({ bytes }) => bytes.length));
  for (let start = 0; start < longest; start += FEED_BYTES) {
    const parts = streams.map(({ bytes }) => bytes.subarray(start, start + FEED_BYTES));
    for (const [i, part] of parts.entries()) input.set(part, i * STRIDE);
    for (let done = 0; ; ) {
      const end = Math.min(...parts.map((part) => part.length).filter((length) => length > done));
      if (end === Number.POSITIVE_INFINITY) break;
      for (const [i, stream] of streams.entries()) keys.put(i, stream.keys);
      kernel(base, base + INPUT + done, STRIDE, end - done);
      // A stream that has ended went along; its keys stay.
      for (const [i, stream] of streams.entries()) if ((parts[i] as Uint8Array).length > done) keys.take(i, stream.keys);
      done = end;
    }
    for (const [i, part] of parts.entries()) part.set(input.subarray(i * STRIDE, i * STRIDE + part.length));
  }
}

/** The keys of the streams as the kernels have them: the bytes of the first and third keys apart, the second as words. */
class KeysInMemory {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#bytes = new Uint8Array(memory.buffer, base, 8 * ZIPCRYPTO_STREAMS);
    this.#words = new Uint32Array(memory.buffer, base + 8 * ZIPCRYPTO_STREAMS, ZIPCRYPTO_STREAMS);
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
