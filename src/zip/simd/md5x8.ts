/** MD5 (RFC 1321) of several streams at once, eight of them in little more than the time of one. */
import { type Arena, type Arenas, BLOCK_BYTES, PLACE_BYTES, SET_LANES, SETS } from './arena.js';

/** How many streams are hashed in little more than the time of one. */
export const MD5_LANES = SETS * SET_LANES;
const NOTHING = Buffer.alloc(0);
const MD5_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
const MD5_WORDS = MD5_START.length;

/** Where a word of a stream's state is among the states. */
const stateIndex = (lane: number, word: number): number =>
  Math.floor(lane / SET_LANES) * SET_LANES * MD5_WORDS + SET_LANES * word + (lane % SET_LANES);

/** The MD5 of up to eight streams that are fed together. */
class Md5Lanes {
  readonly #arena: Arena;
  /** The number of the first stream in the arena. */
  readonly #first: number;
  /** The streams' states as the kernel takes them: a vector of four streams for each word, one set after the other. */
  readonly #states = Uint32Array.from({ length: MD5_LANES * MD5_WORDS }, (_, i) => MD5_START[(i >> 2) % MD5_WORDS] as number);
  /** The bytes of each stream's last, unfinished block. */
  readonly #pending: Buffer[] = Array.from({ length: MD5_LANES }, () => NOTHING);
  readonly #bytes: number[] = Array.from({ length: MD5_LANES }, () => 0);

  constructor(arena: Arena, first: number) {
    this.#arena = arena;
    this.#first = first;
  }

  /** Feeds each stream its next bytes, if there are any. */
  update(chunks: readonly (Buffer | undefined)[]): void {
    const longest = Math.max(...chunks.map((chunk) => chunk?.length ?? 0));
    for (let at = 0; at < longest; at += PLACE_BYTES) this.#feed(chunks.map((chunk) => chunk?.subarray(at, at + PLACE_BYTES)));
  }

  /** Ends a stream. @returns its MD5 in lower-case hex */
  digest(lane: number): string {
    const bytes = this.#bytes[lane] as number;
    const padding = Buffer.alloc(BLOCK_BYTES - ((bytes + 8) % BLOCK_BYTES) + 8);
    padding[0] = 0x80;
    padding.writeBigUInt64LE(BigInt(bytes) * 8n, padding.length - 8);
    const chunks: Buffer[] = new Array(MD5_LANES);
    chunks[lane] = padding;
    this.#feed(chunks);
    const digest = Buffer.alloc(4 * MD5_WORDS);
    for (let i = 0; i < MD5_WORDS; i++) digest.writeUInt32LE(this.#states[stateIndex(lane, i)] as number, 4 * i);
    return digest.toString('hex');
  }

  #feed(chunks: readonly (Buffer | undefined)[]): void {
    const blocksOf = this.#pending.map((_, lane) => this.#put(lane, chunks[lane] ?? NOTHING));
    for (let done = 0; ; ) {
      const blocks = Math.min(...blocksOf.filter((count) => count > done)) - done;
      if (blocks === Number.POSITIVE_INFINITY) return;
      this.#advance(blocksOf, done, blocks);
      done += blocks;
    }
  }

  /** Puts a stream's pending and new bytes into its place. @returns the full blocks that makes */
  #put(lane: number, chunk: Buffer): number {
    const stream = this.#first + lane;
    const pending = this.#pending[lane] as Buffer;
    this.#arena.put(stream, chunk, pending.length);
    this.#arena.put(stream, pending);
    this.#bytes[lane] = (this.#bytes[lane] as number) + chunk.length;
    const length = pending.length + chunk.length;
    const rest = length % BLOCK_BYTES;
    this.#pending[lane] = rest === 0 ? NOTHING : Buffer.from(this.#arena.stream(stream, length - rest, length));
    return (length - rest) / BLOCK_BYTES;
  }

  /** Hashes the next `blocks` blocks of every stream that has them. The other lanes are computed too, and their states restored. */
  #advance(blocksOf: readonly number[], done: number, blocks: number): void {
    const [states, words] = [this.#states, this.#arena.words('md5States')];
    words.set(states);
    this.#arena.md5(this.#first, done, blocks);
    blocksOf.forEach((count, lane) => {
      if (count <= done) copyState(words, lane, states);
    });
    states.set(words);
  }
}

/** Copies a stream's state from `from` to `into`. */
function copyState(into: Uint32Array, lane: number, from: Uint32Array): void {
  for (let i = 0; i < MD5_WORDS; i++) into[stateIndex(lane, i)] = from[stateIndex(lane, i)] as number;
}

/** The MD5 of up to `STREAMS` streams that are fed together. To be closed. */
export class Md5Streams {
  readonly arena: Arena;
  /** For each stream, where its next bytes may be put. Feeding them from there saves a copy and overwrites them. */
  readonly places: readonly Buffer[];
  readonly #arenas: Arenas;
  readonly #sets: readonly Md5Lanes[];

  constructor(arenas: Arenas, streams: number) {
    this.#arenas = arenas;
    this.arena = arenas.take();
    this.places = Array.from({ length: streams }, (_, stream) => this.arena.place(stream));
    this.#sets = Array.from({ length: Math.ceil(streams / MD5_LANES) }, (_, set) => new Md5Lanes(this.arena, set * MD5_LANES));
  }

  /** Feeds each stream its next bytes, if there are any. */
  update(chunks: readonly (Buffer | undefined)[]): void {
    for (const [i, set] of this.#sets.entries()) set.update(chunks.slice(i * MD5_LANES, (i + 1) * MD5_LANES));
  }

  /** Ends a stream. @returns its MD5 in lower-case hex */
  digest(stream: number): string {
    return this.#sets[Math.floor(stream / MD5_LANES)]?.digest(stream % MD5_LANES) ?? '';
  }

  close(): void {
    this.#arenas.giveBack(this.arena);
  }
}
