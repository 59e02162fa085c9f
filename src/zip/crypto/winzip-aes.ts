/**
 * WinZip AES encryption (winzip.com/aes_info, versions AE-1 and AE-2): PBKDF2-HMAC-SHA1 with 1000
 * rounds, AES in CTR mode with a little-endian counter that starts at 1, HMAC-SHA1 over the
 * ciphertext cut to 80 bits. Node's CTR counts big-endian, so the keystream is AES-ECB over counter
 * blocks that we lay out ourselves, many at a time.
 */
import { createCipheriv, createHmac, type Hmac, pbkdf2Sync } from 'node:crypto';
import { type Arena, type Arenas, XOR_BYTES } from '../simd/arena.js';
import { pbkdf2Sha1 } from '../simd/pbkdf2x2.js';

/** AES key strength as the 0x9901 extra field writes it. */
export type AesStrength = 1 | 2 | 3;

/** Bytes of the password verifier that follows the salt. */
export const AES_VERIFIER_BYTES = 2;
/** Bytes of the authentication code that follows the ciphertext. */
export const AES_MAC_BYTES = 10;
const BLOCK = 16;
/** Words of 32 bits in a block. */
const WORDS = BLOCK / 4;
const ROUNDS = 1000;

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
  /** Two bytes that detect a wrong password, except once in 65,536 times. */
  readonly verifier: Buffer;
}

/** Derives the keys of one entry. */
export const deriveAesKey = (password: Buffer, salt: Buffer, strength: AesStrength): AesKeys =>
  aesKeysOf(pbkdf2Sync(password, salt, ROUNDS, keyMaterialBytes(strength), 'sha1'), strength);

/** Derives the keys of several entries, `DERIVED_TOGETHER` of them in little more than the time of one. */
export const deriveAesKeys = (arenas: Arenas, password: Buffer, salts: readonly Buffer[], strength: AesStrength): AesKeys[] =>
  deriveKeyMaterial(arenas, password, salts, strength).map((material) => aesKeysOf(material, strength));

/** Derives the bytes that entries' keys are cut from, `keyMaterialBytes` each. */
export const deriveKeyMaterial = (arenas: Arenas, password: Buffer, salts: readonly Buffer[], strength: AesStrength): Buffer[] =>
  pbkdf2Sha1(arenas, password, salts, { rounds: ROUNDS, bytes: keyMaterialBytes(strength) });

export const keyMaterialBytes = (strength: AesStrength): number => 2 * keyBytes(strength) + AES_VERIFIER_BYTES;

export function aesKeysOf(material: Buffer, strength: AesStrength): AesKeys {
  const length = keyBytes(strength);
  return {
    encryptionKey: material.subarray(0, length),
    macKey: material.subarray(length, 2 * length),
    verifier: material.subarray(2 * length),
  };
}

/**
 * The stream cipher and authentication of one entry. Feed chunks in order, then take `mac()`. Chunks that lie in the
 * given arena are XORed by its kernel, which for big entries saves a fifth of an export.
 */
export class WinZipAes {
  readonly #ecb: ReturnType<typeof createCipheriv>;
  readonly #hmac: Hmac;
  readonly #arena: Arena | undefined;
  #nextBlock = 1;
  #keystream: Buffer = Buffer.alloc(0);
  #used = 0;
  /** Kept for the next blocks: new memory would have to be cleared for each chunk. Of each block only the first word is set. */
  #counters = new Uint32Array(0);

  constructor(keys: AesKeys, arena?: Arena) {
    this.#ecb = createCipheriv(`aes-${keys.encryptionKey.length * 8}-ecb`, keys.encryptionKey, null);
    this.#ecb.setAutoPadding(false);
    this.#hmac = createHmac('sha1', keys.macKey);
    this.#arena = arena;
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
    for (let done = 0; done < bytes.length; ) {
      if (this.#used === this.#keystream.length) this.#refill(bytes.length - done);
      const key = this.#keystream.subarray(this.#used, this.#used + bytes.length - done);
      const target = bytes.subarray(done, done + key.length);
      if (this.#arena?.has(bytes)) this.#arena.xor(target, key);
      else for (let i = 0; i < key.length; i++) target[i] = (target[i] as number) ^ (key[i] as number);
      this.#used += key.length;
      done += key.length;
    }
  }

  #refill(wanted: number): void {
    const blocks = Math.min(XOR_BYTES / BLOCK, Math.ceil(wanted / BLOCK));
    this.#arena?.release(this.#keystream);
    this.#keystream = this.#ecb.update(this.#counterBlocks(blocks));
    this.#nextBlock += blocks;
    this.#used = 0;
  }

  /** The next blocks to encrypt, which count, little-endian. Whole archives have fewer than 2^32, so the first word is enough. */
  #counterBlocks(blocks: number): Uint8Array {
    const words = WORDS * blocks;
    if (this.#counters.length < words) this.#counters = new Uint32Array(words);
    for (let i = 0, block = this.#nextBlock; i < words; i += WORDS) this.#counters[i] = block++;
    return new Uint8Array(this.#counters.buffer, 0, BLOCK * blocks);
  }
}
