/** PBKDF2-HMAC-SHA1 (RFC 8018), the derivations of two salts side by side. */
import { createHash, pbkdf2Sync } from 'node:crypto';
import { BLOCK, kernels, SET_LANES, SETS } from './arena.js';

const BLOCK_WORDS = BLOCK / 4;
const SHA1_WORDS = 5;
const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** Where in the kernels' memory states of all lanes lie, and their next blocks: bytes from `BUFFERS` on. */
const STATES = 4 * SETS * SET_LANES * SHA1_WORDS;
const [INNER, OUTER, DIGEST, OUT, BLOCKS] = [0, STATES, 2 * STATES, 3 * STATES, 4 * STATES] as const;

/** How many derivations go side by side, taking little longer than one. */
export const DERIVED_TOGETHER = SETS;

/**
 * PBKDF2-HMAC-SHA1 (RFC 8018) of up to 80 bytes for each of several salts, its blocks side by side.
 * @param salts each of at most 51 bytes
 */
export function pbkdf2Sha1(password: Buffer, salts: readonly Buffer[], rounds: number, bytes: number): Buffer[] {
  if (salts.length >= DERIVED_TOGETHER) putKey(password);
  const derived: Buffer[] = [];
  for (let i = 0; i < salts.length; i += DERIVED_TOGETHER) {
    const some = salts.slice(i, i + DERIVED_TOGETHER);
    // OpenSSL takes as long for one as the kernels for two.
    if (some.length < DERIVED_TOGETHER) derived.push(...some.map((salt) => pbkdf2Sync(password, salt, rounds, bytes, 'sha1')));
    else derived.push(...deriveTogether(some, rounds, bytes));
  }
  return derived;
}

/** Puts the states that follow the key's inner and outer block into the kernels' memory. */
function putKey(password: Buffer): void {
  const { memory, BUFFERS, sha1Block } = kernels();
  const words = new Uint32Array(memory.buffer, BUFFERS.value);
  const key = hashedKey(password);
  for (const [state, pad] of [
    [INNER, 0x36],
    [OUTER, 0x5c],
  ] as const) {
    SHA1_START.forEach((word, i) => {
      words.fill(word, state / 4 + SET_LANES * i, state / 4 + SET_LANES * (i + 1));
    });
    const padded = Buffer.from(key.map((byte) => byte ^ pad));
    putBlocks(words, () => padded);
    sha1Block(BUFFERS.value + state, BUFFERS.value + BLOCKS);
  }
}

/** Derives from salts, as many as there are sets of lanes, under the key that was put. */
function deriveTogether(salts: readonly Buffer[], rounds: number, bytes: number): Buffer[] {
  const { memory, BUFFERS, pbkdf2 } = kernels();
  const base = BUFFERS.value;
  const words = new Uint32Array(memory.buffer, base);
  putBlocks(words, (set, lane) => {
    const salt = salts[set] as Buffer;
    const first = Buffer.alloc(BLOCK);
    salt.copy(first);
    first.writeUInt32BE(lane + 1, salt.length);
    first.writeUInt8(0x80, salt.length + 4);
    first.writeUInt32BE((BLOCK + salt.length + 4) * 8, 60);
    return first;
  });
  pbkdf2(base + INNER, base + OUTER, base + BLOCKS, base + DIGEST, base + OUT, rounds);
  return salts.map((_, set) => {
    const derived = Buffer.alloc(SET_LANES * SHA1_WORDS * 4);
    const at = OUT / 4 + set * SET_LANES * SHA1_WORDS;
    for (let lane = 0; lane < SET_LANES; lane++) {
      for (let i = 0; i < SHA1_WORDS; i++) derived.writeUInt32BE(words[at + SET_LANES * i + lane] as number, 4 * (SHA1_WORDS * lane + i));
    }
    return derived.subarray(0, bytes);
  });
}

/** The key as HMAC takes it: filled up to a block, or hashed first. */
function hashedKey(password: Buffer): Buffer {
  const key = Buffer.alloc(BLOCK);
  (password.length > BLOCK ? createHash('sha1').update(password).digest() : password).copy(key);
  return key;
}

/** Puts a block of big-endian words into each lane of each set. */
function putBlocks(words: Uint32Array, block: (set: number, lane: number) => Buffer): void {
  for (let set = 0; set < SETS; set++) {
    for (let lane = 0; lane < SET_LANES; lane++) {
      const bytes = block(set, lane);
      for (let i = 0; i < BLOCK_WORDS; i++) words[BLOCKS / 4 + SET_LANES * (set * BLOCK_WORDS + i) + lane] = bytes.readUInt32BE(4 * i);
    }
  }
}
