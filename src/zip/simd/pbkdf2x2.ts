/** PBKDF2-HMAC-SHA1 (RFC 8018) of two salts at once: eight blocks of SHA-1, four for each. */
import { createHash, pbkdf2Sync } from 'node:crypto';
import { type Arena, type Arenas, BLOCK_BYTES, SET_LANES, SETS } from './arena.js';

const BLOCK_WORDS = BLOCK_BYTES / 4;
const SHA1_WORDS = 5;
const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** How many derivations take little longer than one. */
export const DERIVED_TOGETHER = SETS;

/**
 * PBKDF2-HMAC-SHA1 of up to 80 bytes for each of several salts.
 * @param salts each of at most 51 bytes
 * @param bytes of each derived key
 */
export function pbkdf2Sha1(
  arenas: Arenas,
  password: Buffer,
  salts: readonly Buffer[],
  { rounds, bytes }: { readonly rounds: number; readonly bytes: number },
): Buffer[] {
  const derived: Buffer[] = [];
  const pairs = salts.length - (salts.length % DERIVED_TOGETHER);
  if (pairs > 0) putKey(arenas.shared, password);
  for (let i = 0; i < pairs; i += DERIVED_TOGETHER)
    derived.push(...derive(arenas.shared, salts.slice(i, i + DERIVED_TOGETHER), rounds, bytes));
  // OpenSSL takes as long for one as the kernel for two.
  for (const salt of salts.slice(pairs)) derived.push(pbkdf2Sync(password, salt, rounds, bytes, 'sha1'));
  return derived;
}

/** Computes the states that follow the key's inner and outer block. */
function putKey(arena: Arena, password: Buffer): void {
  const key = hashedKey(password);
  for (const [region, pad] of [
    ['hmacInner', 0x36],
    ['hmacOuter', 0x5c],
  ] as const) {
    const states = arena.words(region);
    SHA1_START.forEach((word, i) => {
      states.fill(word, SET_LANES * i, SET_LANES * (i + 1));
    });
    const padded = Buffer.from(key.map((byte) => byte ^ pad));
    putBlocks(arena, () => padded);
    arena.sha1Block(region);
  }
}

/** Derives from two salts, under the key that was put. */
function derive(arena: Arena, salts: readonly Buffer[], rounds: number, bytes: number): Buffer[] {
  putBlocks(arena, (set, lane) => {
    const salt = salts[set] as Buffer;
    const first = Buffer.alloc(BLOCK_BYTES);
    salt.copy(first);
    first.writeUInt32BE(lane + 1, salt.length);
    first.writeUInt8(0x80, salt.length + 4);
    first.writeUInt32BE((BLOCK_BYTES + salt.length + 4) * 8, 60);
    return first;
  });
  arena.pbkdf2(rounds);
  const words = arena.words('derived');
  return salts.map((_, set) => {
    const derived = Buffer.alloc(SET_LANES * SHA1_WORDS * 4);
    const at = set * SET_LANES * SHA1_WORDS;
    for (let lane = 0; lane < SET_LANES; lane++) {
      for (let i = 0; i < SHA1_WORDS; i++) derived.writeUInt32BE(words[at + SET_LANES * i + lane] as number, 4 * (SHA1_WORDS * lane + i));
    }
    return derived.subarray(0, bytes);
  });
}

/** The key as HMAC takes it: filled up to a block, hashed first when it is longer. */
function hashedKey(password: Buffer): Buffer {
  const key = Buffer.alloc(BLOCK_BYTES);
  (password.length > BLOCK_BYTES ? createHash('sha1').update(password).digest() : password).copy(key);
  return key;
}

/** Puts a block of big-endian words into each lane of each set. */
function putBlocks(arena: Arena, block: (set: number, lane: number) => Buffer): void {
  const words = arena.words('sha1Blocks');
  for (let set = 0; set < SETS; set++) {
    for (let lane = 0; lane < SET_LANES; lane++) {
      const bytes = block(set, lane);
      for (let i = 0; i < BLOCK_WORDS; i++) words[SET_LANES * (set * BLOCK_WORDS + i) + lane] = bytes.readUInt32BE(4 * i);
    }
  }
}
