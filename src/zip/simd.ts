/** What `kernels.as.ts` computes four at a time, for the rest of lpx: MD5 of several streams, and key derivation. */
import { createHash } from 'node:crypto';
import { KERNELS } from './generated/kernels.js';

interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly BUFFERS: WebAssembly.Global;
  md5(state: number, p0: number, p1: number, p2: number, p3: number, blocks: number): void;
  sha1Block(state: number, block: number): void;
  pbkdf2(inner: number, outer: number, first: number, digest: number, out: number, rounds: number): void;
}

const LANES = 4;
const BLOCK = 64;
const SHA1_WORDS = 5;
const NOTHING = Buffer.alloc(0);
const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

let loaded: Kernels | undefined;

function kernels(): Kernels {
  loaded ??= new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(KERNELS, 'base64'))).exports as Kernels;
  return loaded;
}

/**
 * PBKDF2-HMAC-SHA1 (RFC 8018) of up to 80 bytes, its blocks side by side.
 * @param salt at most 51 bytes
 */
export function pbkdf2Sha1(password: Buffer, salt: Buffer, rounds: number, bytes: number): Buffer {
  const { memory, BUFFERS, sha1Block, pbkdf2 } = kernels();
  const base = BUFFERS.value;
  const words = new Uint32Array(memory.buffer);
  const [inner, outer, digest, out, block] = [0, 80, 160, 240, 320].map((offset) => base + offset) as [
    number,
    number,
    number,
    number,
    number,
  ];

  const key = hashedKey(password);
  for (const [state, pad] of [
    [inner, 0x36],
    [outer, 0x5c],
  ] as const) {
    SHA1_START.forEach((word, i) => {
      words.fill(word, state / 4 + LANES * i, state / 4 + LANES * (i + 1));
    });
    const padded = Buffer.from(key.map((byte) => byte ^ pad));
    putBlock(words, block, () => padded);
    sha1Block(state, block);
  }
  putBlock(words, block, (lane) => {
    const first = Buffer.alloc(BLOCK);
    salt.copy(first);
    first.writeUInt32BE(lane + 1, salt.length);
    first.writeUInt8(0x80, salt.length + 4);
    first.writeUInt32BE((BLOCK + salt.length + 4) * 8, 60);
    return first;
  });
  pbkdf2(inner, outer, block, digest, out, rounds);
  const derived = Buffer.alloc(LANES * SHA1_WORDS * 4);
  for (let lane = 0; lane < LANES; lane++) {
    for (let i = 0; i < SHA1_WORDS; i++) derived.writeUInt32BE(words[out / 4 + LANES * i + lane] as number, 4 * (SHA1_WORDS * lane + i));
  }
  return derived.subarray(0, bytes);
}

/** The key as HMAC takes it: filled up to a block, or hashed first. */
function hashedKey(password: Buffer): Buffer {
  const key = Buffer.alloc(BLOCK);
  (password.length > BLOCK ? createHash('sha1').update(password).digest() : password).copy(key);
  return key;
}

/** Puts a block of big-endian words into each lane. */
function putBlock(words: Uint32Array, at: number, block: (lane: number) => Buffer): void {
  for (let lane = 0; lane < LANES; lane++) {
    const bytes = block(lane);
    for (let i = 0; i < BLOCK / 4; i++) words[at / 4 + LANES * i + lane] = bytes.readUInt32BE(4 * i);
  }
}

const MD5_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
/** What a stream may be fed at a time, in bytes. */
const FEED_BYTES = 64 * 1024;

/** Where a stream's bytes lie in the kernels' memory, behind the states. */
const inputAt = (lane: number): number => BLOCK + lane * (FEED_BYTES + BLOCK);

/** The MD5 of up to four streams that are fed together, which takes little longer than one. */
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
    this.#words = new Uint32Array(memory.buffer, this.#base, LANES * MD5_START.length);
    this.#input = new Uint8Array(memory.buffer, this.#base);
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
    const digest = Buffer.alloc(4 * MD5_START.length);
    this.#states[lane]?.forEach((word, i) => {
      digest.writeUInt32LE(word, 4 * i);
    });
    return digest.toString('hex');
  }

  #feed(chunks: readonly (Buffer | undefined)[]): void {
    const left: number[] = [];
    const done: number[] = [];
    for (let lane = 0; lane < LANES; lane++) {
      left.push(this.#take(lane, chunks[lane] ?? NOTHING));
      done.push(0);
    }
    for (;;) {
      const blocks = Math.min(...left.filter((count) => count > 0));
      if (blocks === Number.POSITIVE_INFINITY) return;
      this.#advance(left, done, blocks);
    }
  }

  /** Puts a stream's pending and new bytes into the kernels' memory. @returns the full blocks that makes */
  #take(lane: number, chunk: Buffer): number {
    const pending = this.#pending[lane] as Buffer;
    const at = inputAt(lane);
    this.#input.set(pending, at);
    this.#input.set(chunk, at + pending.length);
    this.#bytes[lane] = (this.#bytes[lane] as number) + chunk.length;
    const length = pending.length + chunk.length;
    const rest = length % BLOCK;
    this.#pending[lane] = rest === 0 ? NOTHING : Buffer.from(this.#input.slice(at + length - rest, at + length));
    return (length - rest) / BLOCK;
  }

  /** Hashes `blocks` blocks of every stream that has them. One that has none goes along, and its state stays. */
  #advance(left: number[], done: number[], blocks: number): void {
    const words = this.#words;
    for (let lane = 0; lane < LANES; lane++) {
      const state = this.#states[lane] as Uint32Array;
      for (let i = 0; i < state.length; i++) words[LANES * i + lane] = state[i] as number;
    }
    const at = (lane: number) => this.#base + inputAt(lane) + BLOCK * (done[lane] as number);
    this.#md5(this.#base, at(0), at(1), at(2), at(3), blocks);
    for (let lane = 0; lane < LANES; lane++) {
      if ((left[lane] as number) === 0) continue;
      left[lane] = (left[lane] as number) - blocks;
      done[lane] = (done[lane] as number) + blocks;
      const state = this.#states[lane] as Uint32Array;
      for (let i = 0; i < state.length; i++) state[i] = words[LANES * i + lane] as number;
    }
  }
}
