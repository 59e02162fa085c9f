/**
 * ZipCrypto, the traditional PKWARE encryption (APPNOTE.TXT 6.1). It is weak: a known plaintext of a
 * few bytes breaks it. We read it because the field writes it, and write it only when asked to.
 */

/** Bytes of random header in front of every encrypted entry; the last one is the check byte. */
export const ZIPCRYPTO_HEADER_BYTES = 12;

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The three 32-bit keys, advanced by every plaintext byte. One instance per entry and direction. */
export class ZipCryptoKeys {
  #key0 = 0x12345678;
  #key1 = 0x23456789;
  #key2 = 0x34567890;

  constructor(password: Uint8Array) {
    const start = Uint8Array.from(password);
    // Encrypting a copy of the password advances the keys by its bytes, which is the key schedule.
    this.encrypt(start);
  }

  /** Encrypts `bytes` in place. */
  encrypt(bytes: Uint8Array): void {
    const table = CRC_TABLE;
    let key0 = this.#key0 | 0;
    let key1 = this.#key1 | 0;
    let key2 = this.#key2 | 0;
    for (let i = 0; i < bytes.length; i++) {
      const plain = bytes[i] as number;
      const t = (key2 & 0xffff) | 2;
      bytes[i] = plain ^ (Math.imul(t, t ^ 1) >>> 8);
      key0 = (table[(key0 ^ plain) & 0xff] as number) ^ (key0 >>> 8);
      key1 = (Math.imul((key1 + (key0 & 0xff)) | 0, 134775813) + 1) | 0;
      key2 = (table[(key2 ^ (key1 >>> 24)) & 0xff] as number) ^ (key2 >>> 8);
    }
    this.#key0 = key0;
    this.#key1 = key1;
    this.#key2 = key2;
  }

  /** Decrypts `bytes` in place. */
  decrypt(bytes: Uint8Array): void {
    const table = CRC_TABLE;
    let key0 = this.#key0 | 0;
    let key1 = this.#key1 | 0;
    let key2 = this.#key2 | 0;
    for (let i = 0; i < bytes.length; i++) {
      const t = (key2 & 0xffff) | 2;
      const plain = ((bytes[i] as number) ^ (Math.imul(t, t ^ 1) >>> 8)) & 0xff;
      bytes[i] = plain;
      key0 = (table[(key0 ^ plain) & 0xff] as number) ^ (key0 >>> 8);
      key1 = (Math.imul((key1 + (key0 & 0xff)) | 0, 134775813) + 1) | 0;
      key2 = (table[(key2 ^ (key1 >>> 24)) & 0xff] as number) ^ (key2 >>> 8);
    }
    this.#key0 = key0;
    this.#key1 = key1;
    this.#key2 = key2;
  }
}
