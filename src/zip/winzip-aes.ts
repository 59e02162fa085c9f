/**
 * WinZip AES encryption (winzip.com/aes_info, versions AE-1 and AE-2): PBKDF2-HMAC-SHA1 with 1000
 * rounds, AES in CTR mode with a little-endian counter that starts at 1, HMAC-SHA1 over the
 * ciphertext cut to 80 bits. Node's CTR counts big-endian, so the keystream is AES-ECB over counter
 * blocks that we lay out ourselves, many at a time.
 */
import { createCipheriv, createHmac, type Hmac } from 'node:crypto';
import { release } from './release.js';
import { pbkdf2Sha1 } from './simd.js';

/** AES key strength as the 0x9901 extra field writes it. */
export type AesStrength = 1 | 2 | 3;

/** Bytes of the password verifier that follows the salt. */
export const AES_VERIFIER_BYTES = 2;
/** Bytes of the authentication code that follows the ciphertext. */
export const AES_MAC_BYTES = 10;
const BLOCK = 16;
const ROUNDS = 1000;
const UINT32_MAX = 0xffff_ffff;
/** Counter blocks encrypted at a time: what malloc still gives from its heap, and the cache holds. */
const BATCH_BYTES = 64 * 1024;

/** The counter blocks at hand, of whichever entry; but for the first word of each, they are 0 in between. */
const COUNTERS = new Uint32Array(BATCH_BYTES / 4);

/** Salt length in bytes: 8, 12 or 16. */
export const saltBytes = (strength: AesStrength): number => 4 + 4 * strength;
/** AES key length in bytes: 16, 24 or 32. */
export const keyBytes = (strength: AesStrength): number => 8 + 8 * strength;
/** What encryption adds to an entry, in bytes: salt, verifier and authentication code. */
export const aesOverheadBytes = (strength: AesStrength): number => saltBytes(strength) + AES_VERIFIER_BYTES + AES_MAC_BYTES;

/** The keys of one entry. */
export interface AesKeys {
  readonly encryptionKey: Buffer;
  readonly macKey: Buffer;
  /** Two bytes that tell a wrong password, once in 65,536 wrongly. */
  readonly verifier: Buffer;
}

/** Derives the keys of entries from their salts: `DERIVED_TOGETHER` of them take little longer than one. */
export function deriveAesKeys(password: Buffer, salts: readonly Buffer[], strength: AesStrength): AesKeys[] {
  return deriveKeyMaterial(password, salts, strength).map((material) => aesKeysOf(material, strength));
}

/** Derives what the keys of entries are cut from, `keyMaterialBytes` each. */
export const deriveKeyMaterial = (password: Buffer, salts: readonly Buffer[], strength: AesStrength): Buffer[] =>
  pbkdf2Sha1(password, salts, ROUNDS, keyMaterialBytes(strength));

export const keyMaterialBytes = (strength: AesStrength): number => 2 * keyBytes(strength) + AES_VERIFIER_BYTES;

export function aesKeysOf(material: Buffer, strength: AesStrength): AesKeys {
  const length = keyBytes(strength);
  return {
    encryptionKey: material.subarray(0, length),
    macKey: material.subarray(length, 2 * length),
    verifier: material.subarray(2 * length),
  };
}

/** The stream cipher and authentication of one entry. Feed chunks in order, then take `mac()`. */
export class WinZipAes {
  readonly #ecb: ReturnType<typeof createCipheriv>;
  readonly #hmac: Hmac;
  #nextBlock = 1;
  #keystream: Buffer = Buffer.alloc(0);
  #used = 0;

  constructor(keys: AesKeys) {
    this.#ecb = createCipheriv(`aes-${keys.encryptionKey.length * 8}-ecb`, keys.encryptionKey, null);
    this.#ecb.setAutoPadding(false);
    this.#hmac = createHmac('sha1', keys.macKey);
  }

  /** Encrypts `bytes` in place and authenticates the result. */
  encrypt(bytes: Uint8Array): void {
    this.#crypt(bytes);
    this.#hmac.update(bytes);
  }

  /** Authenticates `bytes`, then decrypts them in place. */
  decrypt(bytes: Uint8Array): void {
    this.#hmac.update(bytes);
    this.#crypt(bytes);
  }

  /** The ten bytes of authentication code over everything fed so far. Ends the entry. */
  mac(): Buffer {
    return this.#hmac.digest().subarray(0, AES_MAC_BYTES);
  }

  #crypt(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      if (this.#used === this.#keystream.length) this.#refill(bytes.length - done);
      const count = Math.min(bytes.length - done, this.#keystream.length - this.#used);
      xorInto(bytes, done, this.#keystream, this.#used, count);
      this.#used += count;
      done += count;
    }
  }

  #refill(wanted: number): void {
    const blocks = Math.min(BATCH_BYTES / BLOCK, Math.ceil(wanted / BLOCK));
    const last = this.#nextBlock + blocks - 1;
    for (let i = 0, block = this.#nextBlock | 0; i < blocks; i++) COUNTERS[4 * i] = block + i;
    // Above 64 GiB the counter's second word counts.
    if (last > UINT32_MAX) for (let i = 0; i < blocks; i++) COUNTERS[4 * i + 1] = (this.#nextBlock + i) / 0x1_0000_0000;
    this.#nextBlock += blocks;
    if (this.#keystream.length > 0) release(this.#keystream);
    this.#keystream = this.#ecb.update(new Uint8Array(COUNTERS.buffer, 0, blocks * BLOCK));
    if (last > UINT32_MAX) COUNTERS.fill(0);
    this.#used = 0;
  }
}

/** XORs `count` bytes of `key` into `target`, 64 bits at a time where both are aligned. */
function xorInto(target: Uint8Array, targetAt: number, key: Uint8Array, keyAt: number, count: number): void {
  const [targetOffset, keyOffset] = [target.byteOffset + targetAt, key.byteOffset + keyAt];
  const words = targetOffset % 8 === 0 && keyOffset % 8 === 0 ? 4 * Math.floor(count / 32) : 0;
  if (words > 0) xorWords(new BigUint64Array(target.buffer, targetOffset, words), new BigUint64Array(key.buffer, keyOffset, words));
  for (let i = 8 * words; i < count; i++) target[targetAt + i] = (target[targetAt + i] as number) ^ (key[keyAt + i] as number);
}

/** A multiple of four words, and nothing after the loop: V8 would leave its optimized code there, each time anew. */
function xorWords(a: BigUint64Array, b: BigUint64Array): void {
  for (let w = 0; w < a.length; w += 4) {
    a[w] = (a[w] as bigint) ^ (b[w] as bigint);
    a[w + 1] = (a[w + 1] as bigint) ^ (b[w + 1] as bigint);
    a[w + 2] = (a[w + 2] as bigint) ^ (b[w + 2] as bigint);
    a[w + 3] = (a[w + 3] as bigint) ^ (b[w + 3] as bigint);
  }
}
