/**
 * The memory of the kernels, and the kernels themselves: one WebAssembly instance. The only file that knows where in the
 * memory anything lies. See the memory map in ../README.md.
 */
import { KERNELS } from './generated/kernels.js';
import { Releaser } from './release.js';

/** Pointers and lengths in bytes, into the arena's memory. */
interface Kernels {
  find(at: number, end: number, classes: number): number;
  xor(target: number, key: number, bytes: number): void;
  md5(scratch: number, states: number, input: number, stride: number, blocks: number): void;
  sha1Block(scratch: number, state: number, block: number): void;
  pbkdf2(scratch: number, inner: number, outer: number, first: number, digest: number, out: number, rounds: number): void;
  encrypt(scratch: number, keys: number, input: number, stride: number, bytes: number): void;
  decrypt(scratch: number, keys: number, input: number, stride: number, bytes: number): void;
}

/** Lanes of a vector; the hashes work on two sets of them in turn. */
export const SET_LANES = 4;
export const SETS = 2;
/** Bytes of a block of MD5 and SHA-1. */
export const BLOCK_BYTES = 64;
/** How many streams may have their next bytes in the memory. */
export const STREAMS = 16;
/** How many bytes of a stream may be there at a time. Fewer would cost more turns than the cache saves. */
export const PLACE_BYTES = 256 * 1024;
/** How many bytes `xor` takes at a time. */
export const XOR_BYTES = 64 * 1024;

const VECTOR_BYTES = 16;
const PAGE_BYTES = 64 * 1024;
/** From one stream's bytes to the next one's: an unfinished block of a hash may go before the new bytes. */
const STRIDE = PLACE_BYTES + BLOCK_BYTES;
/** A vector for each word of a SHA-1 state, for each set. */
const SHA1_STATES_BYTES = SETS * 5 * VECTOR_BYTES;

/** The regions of the memory, in their order, and the bytes of each. */
const REGIONS = {
  /** Room the kernels use within one call; see kernels.as.ts. */
  scratch: 162 * VECTOR_BYTES,
  /** A vector for each word of an MD5 state, for each set. */
  md5States: SETS * 4 * VECTOR_BYTES,
  /** PBKDF2: the states after the key's inner and outer block, the digests of a round, and their sum. */
  hmacInner: SHA1_STATES_BYTES,
  hmacOuter: SHA1_STATES_BYTES,
  hmacDigest: SHA1_STATES_BYTES,
  derived: SHA1_STATES_BYTES,
  /** A block of each lane, word by word. */
  sha1Blocks: SETS * SET_LANES * BLOCK_BYTES,
  /** The first and third key of sixteen streams byte by byte, four vectors each, then the second as words. */
  zipCryptoKeys: 12 * VECTOR_BYTES,
  /** The classes of a byte by its low and by its high half, for a search. */
  classes: 2 * VECTOR_BYTES,
  /** What `xor` XORs with. */
  xorKey: XOR_BYTES,
  /** The next bytes of each stream. */
  streams: STREAMS * STRIDE,
} as const;
type Region = keyof typeof REGIONS;

const { offsets: AT, pages: PAGES } = layOut(REGIONS);

/** Each region begins at a cache line. */
function layOut(regions: Readonly<Record<Region, number>>) {
  const offsets = {} as Record<Region, number>;
  let end = 0;
  for (const [region, bytes] of Object.entries(regions) as [Region, number][]) {
    offsets[region] = end;
    end = Math.ceil((end + bytes) / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return { offsets: offsets as Readonly<Record<Region, number>>, pages: Math.ceil(end / PAGE_BYTES) };
}

/** One instance of the kernels and its memory. Nothing else reads or writes that. */
export class Arena {
  readonly #kernels: Kernels;
  readonly #memory: ArrayBuffer;
  readonly #releaser = new Releaser();
  /** The layout of `classes`. */
  #classes: Uint8Array | undefined;

  constructor(compiled: WebAssembly.Module) {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    this.#kernels = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Kernels;
    this.#memory = memory.buffer;
  }

  /** A region as 32-bit words. */
  words(region: Region): Uint32Array {
    return new Uint32Array(this.#memory, AT[region], REGIONS[region] / 4);
  }

  bytes(region: Region): Uint8Array {
    return new Uint8Array(this.#memory, AT[region], REGIONS[region]);
  }

  /** Where the next bytes of a stream may be put, `PLACE_BYTES` of them. */
  place(stream: number): Buffer {
    return Buffer.from(this.#memory, AT.streams + stream * STRIDE, PLACE_BYTES);
  }

  /** Puts bytes of a stream `offset` bytes into its place; they may already be there. `offset` and bytes take a stride at most. */
  put(stream: number, bytes: Uint8Array, offset = 0): void {
    const to = AT.streams + stream * STRIDE + offset;
    if (this.has(bytes) && bytes.byteOffset === to) return;
    new Uint8Array(this.#memory, to, bytes.length).set(bytes);
  }

  /** The bytes of a stream, from `start` to `end` of its place; they share the arena's memory. */
  stream(stream: number, start: number, end: number): Uint8Array {
    return new Uint8Array(this.#memory, AT.streams + stream * STRIDE + start, end - start);
  }

  /** Whether bytes lie in this arena. */
  has(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#memory;
  }

  /** Frees a keystream that has been used up, which lies outside. */
  release(key: Buffer): void {
    if (key.length > 0) this.#releaser.release(key);
  }

  /**
   * A place, from one on, where bytes that lie in this arena may have one of the pairs looked for: see `pairClasses`. Not
   * less than their length where there is none.
   */
  find(bytes: Uint8Array, from: number, classes: Uint8Array): number {
    if (this.#classes !== classes) this.bytes('classes').set(classes);
    this.#classes = classes;
    const { byteOffset, length } = bytes;
    return this.#kernels.find(byteOffset + from, byteOffset + length, AT.classes) - byteOffset;
  }

  /** XORs `key`, of at most `XOR_BYTES`, into as many bytes at `target`, which lies in this arena. */
  xor(target: Uint8Array, key: Uint8Array): void {
    this.bytes('xorKey').set(key);
    this.#kernels.xor(target.byteOffset, AT.xorKey, key.length);
  }

  /** Advances the MD5 states of eight streams from `first` on by `blocks` blocks, `done` blocks into their places. */
  md5(first: number, done: number, blocks: number): void {
    const input = AT.streams + first * STRIDE + BLOCK_BYTES * done;
    this.#kernels.md5(AT.scratch, AT.md5States, input, STRIDE, blocks);
  }

  /** Hashes the block in each lane, from the states in a region to the states there. */
  sha1Block(states: 'hmacInner' | 'hmacOuter'): void {
    this.#kernels.sha1Block(AT.scratch, AT[states], AT.sha1Blocks);
  }

  /** Derives from the first blocks in `sha1Blocks`, under the key whose states are there, to `derived`. */
  pbkdf2(rounds: number): void {
    this.#kernels.pbkdf2(AT.scratch, AT.hmacInner, AT.hmacOuter, AT.sha1Blocks, AT.hmacDigest, AT.derived, rounds);
  }

  /** Encrypts or decrypts `bytes` bytes of all sixteen streams, a multiple of sixteen, `done` bytes into their places. */
  zipCrypto(direction: 'encrypt' | 'decrypt', done: number, bytes: number): void {
    this.#kernels[direction](AT.scratch, AT.zipCryptoKeys, AT.streams + done, STRIDE, bytes);
  }
}

/** At most so many first bytes are searched for at a time. */
const MOST_FIRSTS = 4;

/**
 * What `Arena.find` needs to look for pairs of bytes; where two of them begin with the same byte, it may also find pairs
 * that are like both. @returns undefined when they begin with more than four bytes
 */
export function pairClasses(pairs: readonly (readonly [first: number, second: number])[]): Uint8Array | undefined {
  const firsts = [...new Set(pairs.map(([first]) => first))];
  if (firsts.length > MOST_FIRSTS) return undefined;
  const classes = new Uint8Array(REGIONS.classes);
  const add = (byte: number, bit: number) => {
    for (const at of [byte & 15, VECTOR_BYTES + (byte >> 4)]) classes[at] = (classes[at] as number) | (1 << bit);
  };
  for (const [first, second] of pairs) {
    add(first, firsts.indexOf(first));
    add(second, MOST_FIRSTS + firsts.indexOf(first));
  }
  return classes;
}

/** The arenas of one thread. */
export class Arenas {
  readonly #unused: Arena[] = [];
  #compiled: WebAssembly.Module | undefined;
  #shared: Arena | undefined;

  /** For what begins and ends in one call: nothing that is left in it stays. */
  get shared(): Arena {
    this.#shared ??= this.#newArena();
    return this.#shared;
  }

  /** An arena that is the caller's until it is given back. */
  take(): Arena {
    return this.#unused.pop() ?? this.#newArena();
  }

  giveBack(arena: Arena): void {
    this.#unused.push(arena);
  }

  #newArena(): Arena {
    this.#compiled ??= new WebAssembly.Module(Buffer.from(KERNELS, 'base64'));
    return new Arena(this.#compiled);
  }
}
