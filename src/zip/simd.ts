/** What `kernels.as.ts` computes several at a time, for the rest of lpx: MD5, key derivation, ZipCrypto. */
import { createHash } from 'node:crypto';
import { KERNELS } from './generated/kernels.js';

interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly BUFFERS: WebAssembly.Global;
  md5(state: number, input: number, stride: number, blocks: number): void;
  sha1Block(state: number, block: number): void;
  pbkdf2(inner: number, outer: number, first: number, digest: number, out: number, rounds: number): void;
  encrypt(keys: number, input: number, stride: number, bytes: number): void;
  decrypt(keys: number, input: number, stride: number, bytes: number): void;
}

/** Lanes of a vector; the kernels work on two sets of them in turn. */
const SET_LANES = 4;
const SETS = 2;
const LANES = SETS * SET_LANES;
/** How many streams MD5 hashes in little more than the time of one. */
export const MD5_LANES = LANES;
const BLOCK = 64;
const BLOCK_WORDS = BLOCK / 4;
const SHA1_WORDS = 5;
const NOTHING = Buffer.alloc(0);
const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

let loaded: Kernels | undefined;

function kernels(): Kernels {
  loaded ??= new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(KERNELS, 'base64'))).exports as Kernels;
  return loaded;
}

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
const INPUT = 256;
const STRIDE = FEED_BYTES + BLOCK;

/** Where a word of a stream's state lies among the states. */
const stateIndex = (lane: number, word: number): number =>
  Math.floor(lane / SET_LANES) * SET_LANES * MD5_WORDS + SET_LANES * word + (lane % SET_LANES);

/** The MD5 of up to eight streams that are fed together, which takes little longer than one. */
class Md5Lanes {
  readonly #md5: Kernels['md5'];
  /** The kernels' memory from where it is ours: states first, one vector a word, then the input of each stream. */
  readonly #base: number;
  readonly #words: Uint32Array;
  readonly #input: Uint8Array;
  /** The streams' states as the kernels have them: a vector of four streams for each word, a set after the other. */
  readonly #states = Uint32Array.from({ length: LANES * MD5_WORDS }, (_, i) => MD5_START[(i >> 2) % MD5_WORDS] as number);
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
    for (let i = 0; i < MD5_WORDS; i++) digest.writeUInt32LE(this.#states[stateIndex(lane, i)] as number, 4 * i);
    return digest.toString('hex');
  }

  #feed(chunks: readonly (Buffer | undefined)[]): void {
    const left = this.#pending.map((_, lane) => this.#take(lane, chunks[lane] ?? NOTHING));
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
    const [states, words] = [this.#states, this.#words];
    words.set(states);
    this.#md5(this.#base, this.#base + INPUT + BLOCK * done, STRIDE, blocks);
    left.forEach((count, lane) => {
      if (count <= done) putState(words, lane, states);
    });
    states.set(words);
  }
}

/** Puts a stream's state among `into` as it is among `from`. */
function putState(into: Uint32Array, lane: number, from: Uint32Array): void {
  for (let i = 0; i < MD5_WORDS; i++) into[stateIndex(lane, i)] = from[stateIndex(lane, i)] as number;
}

/** The MD5 of any number of streams that are fed together. */
export class Md5Streams {
  readonly #sets: readonly Md5Lanes[];

  constructor(streams: number) {
    this.#sets = Array.from({ length: Math.ceil(streams / LANES) }, () => new Md5Lanes());
  }

  /** Feeds each stream its next bytes; none where there are none. */
  update(chunks: readonly (Buffer | undefined)[]): void {
    for (const [i, set] of this.#sets.entries()) set.update(chunks.slice(i * LANES, (i + 1) * LANES));
  }

  /** Ends a stream. @returns its MD5 in lower-case hex */
  digest(stream: number): string {
    return this.#sets[Math.floor(stream / LANES)]?.digest(stream % LANES) ?? '';
  }
}

/** How many streams of ZipCrypto go side by side. */
export const ZIPCRYPTO_STREAMS = 16;
/** What the kernels take of each at a time: this many bytes, or a multiple. */
export const ZIPCRYPTO_BYTES = 16;

/** A stream of ZipCrypto: its three keys, which advance, and its next bytes. */
export interface ZipCryptoStream {
  readonly keys: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Turns up to `ZIPCRYPTO_STREAMS` streams in place, a multiple of `ZIPCRYPTO_BYTES` of each, in the time of one. */
export function zipCryptoTogether(turn: 'encrypt' | 'decrypt', streams: readonly ZipCryptoStream[]): void {
  const { memory, BUFFERS, [turn]: kernel } = kernels();
  const base = BUFFERS.value;
  const input = new Uint8Array(memory.buffer, base + INPUT);
  const keys = new KeysInMemory(memory, base);
  const longest = Math.max(...streams.map(({ bytes }) => bytes.length));
  for (let start = 0; start < longest; start += FEED_BYTES) {
    const parts = streams.map(({ bytes }) => bytes.subarray(start, start + FEED_BYTES));
    for (const [i, part] of parts.entries()) input.set(part, i * STRIDE);
    for (let done = 0; ; ) {
      const end = Math.min(...parts.map((part) => part.length).filter((length) => length > done));
      if (end === Number.POSITIVE_INFINITY) break;
      for (const [i, stream] of streams.entries()) keys.put(i, stream.keys);
      kernel(base, base + INPUT + done, STRIDE, end - done);
      // A stream that has ended went along; its keys stay.
      for (const [i, stream] of streams.entries()) if ((parts[i] as Uint8Array).length > done) keys.take(i, stream.keys);
      done = end;
    }
    for (const [i, part] of parts.entries()) part.set(input.subarray(i * STRIDE, i * STRIDE + part.length));
  }
}

/** The keys of the streams as the kernels have them: the bytes of the first and third keys apart, the second as words. */
class KeysInMemory {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#bytes = new Uint8Array(memory.buffer, base, 8 * ZIPCRYPTO_STREAMS);
    this.#words = new Uint32Array(memory.buffer, base + 8 * ZIPCRYPTO_STREAMS, ZIPCRYPTO_STREAMS);
  }

  put(stream: number, [key0, key1, key2]: Uint32Array): void {
    for (let i = 0; i < 4; i++) {
      this.#bytes[ZIPCRYPTO_STREAMS * i + stream] = (key0 as number) >>> (8 * i);
      this.#bytes[ZIPCRYPTO_STREAMS * (4 + i) + stream] = (key2 as number) >>> (8 * i);
    }
    this.#words[stream] = key1 as number;
  }

  take(stream: number, keys: Uint32Array): void {
    keys.fill(0);
    for (let i = 0; i < 4; i++) {
      keys[0] = (keys[0] as number) | ((this.#bytes[ZIPCRYPTO_STREAMS * i + stream] as number) << (8 * i));
      keys[2] = (keys[2] as number) | ((this.#bytes[ZIPCRYPTO_STREAMS * (4 + i) + stream] as number) << (8 * i));
    }
    keys[1] = this.#words[stream] as number;
  }
}
