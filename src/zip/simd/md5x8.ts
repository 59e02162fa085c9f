/** MD5 of several streams side by side. */
import { BLOCK, FEED_BYTES, giveBack, INPUT, type Kernels, placeIn, SET_LANES, SETS, STRIDE, takeKernels } from './arena.js';

const LANES = SETS * SET_LANES;
/** How many streams are hashed in little more than the time of one. */
export const MD5_LANES = LANES;
const NOTHING = Buffer.alloc(0);
const MD5_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
const MD5_WORDS = MD5_START.length;

/** Where a word of a stream's state lies among the states. */
const stateIndex = (lane: number, word: number): number =>
  Math.floor(lane / SET_LANES) * SET_LANES * MD5_WORDS + SET_LANES * word + (lane % SET_LANES);

/** The MD5 of up to eight streams that are fed together, which takes little longer than one. */
class Md5Lanes {
  readonly #md5: Kernels['md5'];
  /** Where in the kernels' memory the states go: one vector a word. */
  readonly #base: number;
  /** Where the bytes of the first stream lie. */
  readonly #inputAt: number;
  readonly #words: Uint32Array;
  readonly #input: Uint8Array;
  /** The streams' states as the kernels have them: a vector of four streams for each word, a set after the other. */
  readonly #states = Uint32Array.from({ length: LANES * MD5_WORDS }, (_, i) => MD5_START[(i >> 2) % MD5_WORDS] as number);
  /** The bytes of each stream's last, unfinished block. */
  readonly #pending: Buffer[];
  readonly #bytes: number[];

  constructor({ memory, BUFFERS, md5 }: Kernels, first: number) {
    this.#md5 = md5;
    this.#base = BUFFERS.value;
    this.#inputAt = this.#base + INPUT + first * STRIDE;
    this.#words = new Uint32Array(memory.buffer, this.#base, LANES * MD5_WORDS);
    this.#input = new Uint8Array(memory.buffer, this.#inputAt, LANES * STRIDE);
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
    const to = at + pending.length;
    const inPlace = chunk.buffer === this.#input.buffer && chunk.byteOffset === this.#inputAt + to;
    if (!inPlace) this.#input.set(chunk, to);
    this.#input.set(pending, at);
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
    this.#md5(this.#base, this.#inputAt + BLOCK * done, STRIDE, blocks);
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

/** The MD5 of up to `STREAMS` streams that are fed together. To be closed. */
export class Md5Streams {
  /** For each stream, where its next bytes may be put; to feed them from there spares a copy, and uses them up. */
  readonly places: readonly Buffer[];
  readonly #kernels = takeKernels();
  readonly #sets: readonly Md5Lanes[];

  constructor(streams: number) {
    this.places = Array.from({ length: streams }, (_, stream) => placeIn(this.#kernels, stream));
    this.#sets = Array.from({ length: Math.ceil(streams / LANES) }, (_, set) => new Md5Lanes(this.#kernels, set * LANES));
  }

  /** Feeds each stream its next bytes; none where there are none. */
  update(chunks: readonly (Buffer | undefined)[]): void {
    for (const [i, set] of this.#sets.entries()) set.update(chunks.slice(i * LANES, (i + 1) * LANES));
  }

  /** Ends a stream. @returns its MD5 in lower-case hex */
  digest(stream: number): string {
    return this.#sets[Math.floor(stream / LANES)]?.digest(stream % LANES) ?? '';
  }

  close(): void {
    giveBack(this.#kernels);
  }
}
