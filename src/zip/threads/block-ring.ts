/**
 * Blocks of bytes handed from one thread to another through shared memory: in order, bounded, nothing
 * copied. The filling thread takes an empty block, fills it and puts it; the draining thread sees it, and
 * gives it back. When the draining thread is behind, the filling one writes blocks too, for which order does not matter.
 */

export const BLOCK_BYTES = 256 * 1024;
/** The part of the ring that is full when its draining thread counts as behind. */
const BEHIND = 1 / 4;

/** Slots of the shared state, 32 bits each; the lengths of the blocks follow, negative for those that are written. */
const FILLED = 0;
const DRAINED = 1;
/** 1 once the filler is done. */
const ENDED = 2;
const LENGTHS = 3;

/** What both threads share; it travels in a message as it is. */
export interface RingMemory {
  readonly blocks: SharedArrayBuffer;
  readonly state: Int32Array<SharedArrayBuffer>;
}

/** Where the bytes of an archive go, block by block. */
export interface BlockSink {
  /** An empty block of `BLOCK_BYTES`; the same one until it is put. */
  block(): Promise<Buffer>;
  /** Hands on the first `bytes` of the block. */
  put(bytes: number): void;
}

export const newRing = (blocks: number): RingMemory => ({
  blocks: new SharedArrayBuffer(blocks * BLOCK_BYTES),
  state: new Int32Array(new SharedArrayBuffer(4 * (LENGTHS + blocks))),
});

const blocksOf = ({ blocks }: RingMemory): number => blocks.byteLength / BLOCK_BYTES;

export class RingFiller implements BlockSink {
  readonly #memory: RingMemory;
  readonly #draining: Promise<unknown>;
  readonly #write: (block: Buffer, position: number) => void;
  #position = 0;

  /**
   * @param draining what drains the ring: when it fails, nobody waits for it any more
   * @param write writes a block to its place, in place of a draining thread that is behind
   */
  constructor(memory: RingMemory, draining: Promise<unknown>, write: (block: Buffer, position: number) => void) {
    this.#memory = memory;
    this.#draining = draining;
    this.#write = write;
    draining.catch(() => {});
  }

  /** @throws what the draining fails with */
  async block(): Promise<Buffer> {
    const { state } = this.#memory;
    for (;;) {
      const drained = Atomics.load(state, DRAINED);
      const filled = Atomics.load(state, FILLED);
      if (filled - drained < blocksOf(this.#memory)) return blockAt(this.#memory, filled);
      await Promise.race([Atomics.waitAsync(state, DRAINED, drained).value, this.#draining]);
    }
  }

  put(bytes: number): void {
    const { state } = this.#memory;
    const filled = Atomics.load(state, FILLED);
    const blocks = blocksOf(this.#memory);
    const behind = filled - Atomics.load(state, DRAINED) > BEHIND * blocks;
    if (behind) this.#write(blockAt(this.#memory, filled).subarray(0, bytes), this.#position);
    this.#position += bytes;
    Atomics.store(state, LENGTHS + (filled % blocks), behind ? -bytes : bytes);
    Atomics.store(state, FILLED, filled + 1);
    Atomics.notify(state, FILLED);
  }

  end(): void {
    const { state } = this.#memory;
    Atomics.store(state, ENDED, 1);
    Atomics.notify(state, FILLED);
  }
}

/** A block that comes out of a ring. */
export interface Drained {
  readonly block: Buffer;
  /** Whether the filling thread has written it. */
  readonly written: boolean;
}

/**
 * The blocks of a ring, each valid until the next is asked for. Waits by blocking: for a worker thread.
 * @param meanwhile does something else for a little while, if there is anything left to do
 */
export function* drainRing(memory: RingMemory, meanwhile: () => boolean): Generator<Drained> {
  const { state } = memory;
  for (let drained = 0; ; ) {
    const ended = Atomics.load(state, ENDED) === 1;
    const filled = Atomics.load(state, FILLED);
    if (filled > drained) {
      const length = Atomics.load(state, LENGTHS + (drained % blocksOf(memory)));
      yield { block: blockAt(memory, drained).subarray(0, Math.abs(length)), written: length < 0 };
      drained++;
      Atomics.store(state, DRAINED, drained);
      Atomics.notify(state, DRAINED);
    } else if (ended) {
      return;
    } else if (!meanwhile()) {
      // Woken by the next block, or by the end, which changes nothing here: hence the time limit.
      Atomics.wait(state, FILLED, filled, 20);
    }
  }
}

const blockAt = (memory: RingMemory, index: number): Buffer =>
  Buffer.from(memory.blocks as unknown as ArrayBuffer, (index % blocksOf(memory)) * BLOCK_BYTES, BLOCK_BYTES);
