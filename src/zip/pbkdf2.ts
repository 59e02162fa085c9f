/** PBKDF2-HMAC-SHA1 (RFC 8018), the derivations of two salts side by side. */
import { createHash, pbkdf2Sync } from 'node:crypto';
import { BLOCK, kernels, SET_LANES, SETS } from './kernels.js';

const BLOCK_WORDS = BLOCK / 4;
const SHA1_WORDS = 5;
const NOTHING = Buffer.alloc(0);
const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** How many derivations go side by side, taking little longer than one. */
export const DERIVED_TOGETHER = SETS;

/**
 * PBKDF2-HMAC-SHA1 (RFC 8018) of up to 80 bytes for each of several salts, its blocks side by side.
 * @param salts each of at most 51 bytes
 */
export function pbkdf2Sha1(password: Buffer, salts: readonly Buffer[], rounds: number, bytes: number): Buffer[] {
  const derived: Buffer[] = [];
  for (let i = 0; i < salts.length; i += DERIVED_TOGETHER) {
    const [salt, ...others] = salts.slice(i, i + DERIVED_TOGETHER) as [Buffer, ...Buffer[]];
    // OpenSSL takes as long for one as the kernels for two.
    if (others.length === 0) derived.push(pbkdf2Sync(password, salt, rounds, bytes, 'sha1'));
    else derived.push(...deriveTogether(password, [salt, ...others], rounds, bytes));
  }
  return derived;
}

function deriveTogether(password: Buffer, salts: readonly Buffer[], rounds: number, bytes: number): Buffer[] {
  const { memory, BUFFERS, sha1Block, pbkdf2 } = kernels();
  const base = BUFFERS.value;
  const words = new Uint32Array(memory.buffer);
  const states = 4 * SETS * SET_LANES * SHA1_WORDS;
  const [inner, outer, digest, out, block] = [0, 1, 2, 3, 4].map((i) => base + i * states) as [number, number, number, number, number];

  const key = hashedKey(password);
  for (const [state, pad] of [
    [inner, 0x36],
    [outer, 0x5c],
  ] as const) {
    SHA1_START.forEach((word, i) => {
      words.fill(word, state / 4 + SET_LANES * i, state / 4 + SET_LANES * (i + 1));
    });
    const padded = Buffer.from(key.map((byte) => byte ^ pad));
    putBlocks(words, block, () => padded);
    sha1Block(state, block);
  }
  putBlocks(words, block, (set, lane) => {
    const salt = salts[set] ?? NOTHING;
    const first = Buffer.alloc(BLOCK);
    salt.copy(first);
    first.writeUInt32BE(lane + 1, salt.length);
    first.writeUInt8(0x80, salt.length + 4);
    first.writeUInt32BE((BLOCK + salt.length + 4) * 8, 60);
    return first;
  });
  pbkdf2(inner, outer, block, digest, out, rounds);
  return salts.map((_, set) => {
    const derived = Buffer.alloc(SET_LANES * SHA1_WORDS * 4);
    const at = out / 4 + set * SET_LANES * SHA1_WORDS;
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
function putBlocks(words: Uint32Array, at: number, block: (set: number, lane: number) => Buffer): void {
  for (let set = 0; set < SETS; set++) {
    for (let lane = 0; lane < SET_LANES; lane++) {
      const bytes = block(set, lane);
      for (let i = 0; i < BLOCK_WORDS; i++) words[at / 4 + SET_LANES * (set * BLOCK_WORDS + i) + lane] = bytes.readUInt32BE(4 * i);
    }
  }
}
