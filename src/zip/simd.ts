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
    putBlock(words, block, () => Buffer.from(key.map((byte) => byte ^ pad)));
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

const MD5_WORDS = 4;
const MD5_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
/** What a stream may be fed at a time, in bytes. */
const FEED_BYTES = 64 * 1024;

/** The MD5 of up to four streams that are fed together, which takes little longer than one. */
export class Md5Lanes {
  static readonly lanes = LANES;
  readonly #kernels = kernels();
  readonly #state = new Uint32Array(LANES * MD5_WORDS);
  readonly #pending = Array.from({ length: LANES }, () => Buffer.alloc(0));
  readonly #bytes = new Array<number>(LANES).fill(0);

  constructor() {
    MD5_START.forEach((word, i) => {
      this.#state.fill(word, LANES * i, LANES * (i + 1));
    });
  }

  /** Feeds each stream its next bytes; none where there are none. */
  update(chunks: readonly (Buffer | undefined)[]): void {
    for (let at = 0; chunks.some((chunk) => chunk && chunk.length > at); at += FEED_BYTES)
      this.#feed(Array.from({ length: LANES }, (_, lane) => chunks[lane]?.subarray(at, at + FEED_BYTES)));
  }

  /** Ends a stream. @returns its MD5 in lower-case hex */
  digest(lane: number): string {
    const bytes = this.#bytes[lane] as number;
    const padding = Buffer.alloc(BLOCK - ((bytes + 8) % BLOCK) + 8);
    padding[0] = 0x80;
    padding.writeBigUInt64LE(BigInt(bytes) * 8n, padding.length - 8);
    const chunks: Buffer[] = [];
    chunks[lane] = padding;
    this.#feed(chunks);
    const digest = Buffer.alloc(MD5_WORDS * 4);
    for (let i = 0; i < MD5_WORDS; i++) digest.writeUInt32LE(this.#state[LANES * i + lane] as number, 4 * i);
    return digest.toString('hex');
  }

  #feed(chunks: readonly (Buffer | undefined)[]): void {
    const { memory, BUFFERS, md5 } = this.#kernels;
    const state = BUFFERS.value;
    const bytes = new Uint8Array(memory.buffer);
    const lanes = Array.from({ length: LANES }, (_, lane) => {
      const at = state + BLOCK + lane * (FEED_BYTES + BLOCK);
      const [pending, chunk] = [this.#pending[lane] as Buffer, chunks[lane] ?? Buffer.alloc(0)];
      bytes.set(pending, at);
      bytes.set(chunk, at + pending.length);
      this.#bytes[lane] = (this.#bytes[lane] as number) + chunk.length;
      const length = pending.length + chunk.length;
      return { at, blocks: Math.floor(length / BLOCK), end: at + length };
    });
    const words = new Uint32Array(memory.buffer, state, LANES * MD5_WORDS);
    for (;;) {
      const busy = lanes.filter((lane) => lane.blocks > 0);
      if (busy.length === 0) break;
      const blocks = Math.min(...busy.map((lane) => lane.blocks));
      words.set(this.#state);
      // A stream without a block is led over bytes of another; its state is left as it was.
      const [p0, p1, p2, p3] = lanes.map((lane) => (lane.blocks > 0 ? lane : (busy[0] as typeof lane)).at) as [
        number,
        number,
        number,
        number,
      ];
      md5(state, p0, p1, p2, p3, blocks);
      for (const [lane, { blocks: left }] of lanes.entries()) {
        if (left > 0) for (let i = lane; i < words.length; i += LANES) this.#state[i] = words[i] as number;
      }
      for (const lane of busy) {
        lane.blocks -= blocks;
        lane.at += blocks * BLOCK;
      }
    }
    lanes.forEach(({ at, end }, lane) => {
      this.#pending[lane] = Buffer.from(bytes.slice(at, end));
    });
  }
}
