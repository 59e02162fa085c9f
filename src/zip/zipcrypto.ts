/**
 * ZipCrypto, the traditional PKWARE encryption (APPNOTE.TXT 6.1). It is weak: a known plaintext of a
 * few bytes breaks it. We read it because the field writes it, and write it only when asked to.
 */
import { CRC_TABLE, decryptZipCrypto, ZIPCRYPTO_STREAMS, type ZipCryptoStream } from './simd.js';

/** Bytes of random header in front of every encrypted entry; the last one is the check byte. */
export const ZIPCRYPTO_HEADER_BYTES = 12;

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
    const table = CRC_TABLE;
    let [key0, key1, key2] = Int32Array.from(this.#keys) as unknown as [number, number, number];
    for (let i = 0; i < bytes.length; i++) {
      const plain = bytes[i] as number;
      const t = (key2 & 0xffff) | 2;
      bytes[i] = plain ^ (Math.imul(t, t ^ 1) >>> 8);
      key0 = (table[(key0 ^ plain) & 0xff] as number) ^ (key0 >>> 8);
      key1 = (Math.imul((key1 + (key0 & 0xff)) | 0, 134775813) + 1) | 0;
      key2 = (table[(key2 ^ (key1 >>> 24)) & 0xff] as number) ^ (key2 >>> 8);
    }
    this.#keys.set([key0, key1, key2]);
  }

  /** Decrypts `bytes` in place. */
  decrypt(bytes: Uint8Array): void {
    decryptZipCrypto([this.streamOf(bytes)]);
  }

  /** These keys and bytes that come next, for decryption beside other streams. */
  streamOf(bytes: Uint8Array): ZipCryptoStream {
    return { keys: this.#keys, bytes };
  }
}

/** Decrypts chunks of several entries side by side: those that are asked for in the same turn go together. */
export class ZipCryptoDecryption {
  #waiting: { readonly stream: ZipCryptoStream; readonly done: () => void }[] = [];

  /** Decrypts `bytes` in place, at the end of this turn at the latest. */
  decrypt(keys: ZipCryptoKeys, bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      if (this.#waiting.push({ stream: keys.streamOf(bytes), done }) === 1) queueMicrotask(() => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let i = 0; i < waiting.length; i += ZIPCRYPTO_STREAMS)
      decryptZipCrypto(waiting.slice(i, i + ZIPCRYPTO_STREAMS).map(({ stream }) => stream));
    for (const { done } of waiting) done();
  }
}
