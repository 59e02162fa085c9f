/** What `kernels.as.ts` computes several at a time, for the rest of lpx: MD5, key derivation, ZipCrypto. */
import { createHash } from 'node:crypto';
import { KERNELS } from './generated/kernels.js';

interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly BUFFERS: WebAssembly.Global;
  readonly CRC_TABLE: WebAssembly.Global;
  md5(state: number, input: number, stride: number, blocks: number): void;
  sha1Block(state: number, block: number): void;
  pbkdf2(inner: number, outer: number, first: number, digest: number, out: number, rounds: number): void;
  zipCrypto(keys: number, input: number, stride: number, bytes: number): void;
}

/** Lanes of a vector; the kernels work on two sets of them in turn. */
const SET_LANES = 4;
const SETS = 2;
const LANES = SETS * SET_LANES;
const BLOCK = 64;
const BLOCK_WORDS = BLOCK / 4;
const SHA1_WORDS = 5;
const NOTHING = Buffer.alloc(0);
const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

let loaded: Kernels | undefined;

function kernels(): Kernels {
  if (!loaded) {
    loaded = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(KERNELS, 'base64'))).exports as Kernels;
    new Int32Array(loaded.memory.buffer, loaded.CRC_TABLE.value, CRC_TABLE.length).set(CRC_TABLE);
  }
  return loaded;
}

/** CRC-32, a byte at a time. */
export const CRC_TABLE = Int32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** How many derivations go side by side, taking little longer than one. */
export const DERIVED_TOGETHER = SETS;

/**
 * PBKDF2-HMAC-SHA1 (RFC 8018) of up to 80 bytes for each of several salts, its blocks side by side.
 * @param salts each of at most 51 bytes
 */
export function pbkdf2Sha1(password: Buffer, salts: readonly Buffer[], rounds: number, bytes: number): Buffer[] {
  const derived: Buffer[] = [];
  for (let i = 0; i < salts.length; i += DERIVED_TOGETHER)
    derived.push(...deriveTogether(password, salts.slice(i, i + DERIVED_TOGETHER), rounds, bytes));
  return derived;
}

function deriveTogether(password: Buffer, salts: readonly Buffer[], rounds: number, bytes: number): Buffer[] {
  const { memory, BUFFERS, sha1Block, pbkdf2 } = kernels();
  const base = BUFFERS.value;
  const words = new Uint32Array(memory.buffer);
  const states = 4 * LANES * SHA1_WORDS;
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

const MD5_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
const MD5_WORDS = MD5_START.length;
/** What a stream may be fed at a time, in bytes. */
const FEED_BYTES = 64 * 1024;
/** Where the streams' bytes lie in the kernels' memory, behind the states: a stream's from here, the next a stride on. */
const INPUT = 4 * LANES * MD5_WORDS;
const STRIDE = FEED_BYTES + BLOCK;

/** Where a word of a stream's state lies among the states. */
const stateIndex = (lane: number, word: number): number =>
  Math.floor(lane / SET_LANES) * SET_LANES * MD5_WORDS + SET_LANES * word + (lane % SET_LANES);

/** The MD5 of up to eight streams that are fed together, which takes little longer than one. */
export class Md5Lanes {
  static readonly lanes = LANES;
  readonly #md5: Kernels['md5'];
  /** The kernels' memory from where it is ours: states first, one vector a word, then the input of each stream. */
  readonly #base: number;
  readonly #words: Uint32Array;
  readonly #input: Uint8Array;
  readonly #states: Uint32Array[];
  /** The bytes of each stream's last, unfinished block. */
  readonly #pending: Buffer[];
  readonly #bytes: number[];

  constructor() {
    const { memory, BUFFERS, md5 } = kernels();
    this.#md5 = md5;
    this.#base = BUFFERS.value;
    this.#words = new Uint32Array(memory.buffer, this.#base, LANES * MD5_WORDS);
    this.#input = new Uint8Array(memory.buffer, this.#base + INPUT);
    const lanes = Array.from({ length: LANES });
    this.#states = lanes.map(() => Uint32Array.from(MD5_START));
    this.#pending = lanes.map(() => NOTHING);
    this.#bytes = lanes.map(() => 0);
  }

  /** Feeds each stream its next bytes; none where there are none. */
  update(chunks: readonly (Buffer | undefined)[]): void {
    const longest = Math.max(...chunks.map((chunk) => chunk?.length ?? 0));
    for (let at = 0; at < longest; at += FEED_BYTES) this.#feed(chunks.map((chunk) => chunk?.subarray(at, at + FEED_BYTES)));
  }

  /** Ends a stream. @returns its MD5 in lower-case hex */
  digest(lane: number): string {
    const bytes = this.#bytes[lane] as number;
    const padding = Buffer.alloc(BLOCK - ((bytes + 8) % BLOCK) + 8);
    padding[0] = 0x80;
    padding.writeBigUInt64LE(BigInt(bytes) * 8n, padding.length - 8);
    const chunks: Buffer[] = new Array(LANES);
    chunks[lane] = padding;
    this.#feed(chunks);
    const digest = Buffer.alloc(4 * MD5_WORDS);
    this.#states[lane]?.forEach((word, i) => {
      digest.writeUInt32LE(word, 4 * i);
    });
    return digest.toString('hex');
  }

  #feed(chunks: readonly (Buffer | undefined)[]): void {
    const left = this.#states.map((_, lane) => this.#take(lane, chunks[lane] ?? NOTHING));
    for (let done = 0; ; ) {
      const blocks = Math.min(...left.filter((count) => count > done)) - done;
      if (blocks === Number.POSITIVE_INFINITY) return;
      this.#advance(left, done, blocks);
      done += blocks;
    }
  }

  /** Puts a stream's pending and new bytes into the kernels' memory. @returns the full blocks that makes */
  #take(lane: number, chunk: Buffer): number {
    const pending = this.#pending[lane] as Buffer;
    const at = lane * STRIDE;
    this.#input.set(pending, at);
    this.#input.set(chunk, at + pending.length);
    this.#bytes[lane] = (this.#bytes[lane] as number) + chunk.length;
    const length = pending.length + chunk.length;
    const rest = length % BLOCK;
    this.#pending[lane] = rest === 0 ? NOTHING : Buffer.from(this.#input.slice(at + length - rest, at + length));
    return (length - rest) / BLOCK;
  }

  /** Hashes the next `blocks` blocks of every stream that has them. One that has none goes along, and its state stays. */
  #advance(left: readonly number[], done: number, blocks: number): void {
    const words = this.#words;
    for (const [lane, state] of this.#states.entries()) for (let i = 0; i < MD5_WORDS; i++) words[stateIndex(lane, i)] = state[i] as number;
    this.#md5(this.#base, this.#base + INPUT + BLOCK * done, STRIDE, blocks);
    for (const [lane, state] of this.#states.entries())
      if ((left[lane] as number) > done) for (let i = 0; i < MD5_WORDS; i++) state[i] = words[stateIndex(lane, i)] as number;
  }
}

/** How many streams `decryptZipCrypto` takes at once. */
export const ZIPCRYPTO_STREAMS = 4;

/** A stream of ZipCrypto: its three keys, which advance, and the bytes to decrypt in place. */
export interface ZipCryptoStream {
  readonly keys: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Decrypts up to `ZIPCRYPTO_STREAMS` streams side by side, of up to `FEED_BYTES` each: a byte waits for the one before it only. */
export function decryptZipCrypto(streams: readonly ZipCryptoStream[]): void {
  const { memory, BUFFERS, zipCrypto } = kernels();
  const base = BUFFERS.value;
  const keys = new Uint32Array(memory.buffer, base, 3 * ZIPCRYPTO_STREAMS);
  const input = new Uint8Array(memory.buffer, base + INPUT);
  const longest = Math.max(...streams.map(({ bytes }) => bytes.length));
  for (let start = 0; start < longest; start += FEED_BYTES) {
    const parts = streams.map((stream) => ({ ...stream, part: stream.bytes.subarray(start, start + FEED_BYTES) }));
    for (const [i, { part }] of parts.entries()) input.set(part, i * STRIDE);
    for (let done = 0; ; ) {
      const end = Math.min(...parts.map(({ part }) => part.length).filter((length) => length > done));
      if (end === Number.POSITIVE_INFINITY) break;
      for (const [i, stream] of parts.entries()) keys.set(stream.keys, 3 * i);
      zipCrypto(base, base + INPUT + done, STRIDE, end - done);
      // A stream that has ended went along; its keys stay.
      for (const [i, stream] of parts.entries()) if (stream.part.length > done) stream.keys.set(keys.subarray(3 * i, 3 * i + 3));
      done = end;
    }
    for (const [i, { part }] of parts.entries()) part.set(input.subarray(i * STRIDE, i * STRIDE + part.length));
  }
}
