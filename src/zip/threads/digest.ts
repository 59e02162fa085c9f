/** The digests of a file: of one that is complete, or of one that another thread is still writing, close behind it. */
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { LpxError } from '../../errors.js';
import { openFile, readFrom } from '../../io/read.js';
import { type KeyMemory, KeyTable } from '../crypto/aes-keys.js';
import type { Arenas } from '../simd/arena.js';

/** The MD5 of a file, in lower-case hex, and its length. */
export interface Digests {
  readonly md5: string;
  readonly bytes: number;
}

const CHUNK_BYTES = 64 * 1024;
/** Chunks between two turns of the event loop, so that signals, progress and other jobs get through. */
const CHUNKS_PER_TURN = 16;

/** The digests of bytes that come one chunk after the other. */
export class RunningDigest {
  readonly #md5 = createHash('md5');
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  update(chunk: Buffer): void {
    this.#md5.update(chunk);
    this.#bytes += chunk.length;
  }

  end(): Digests {
    return { md5: this.#md5.digest('hex'), bytes: this.#bytes };
  }
}

/** @throws LPX_FILE_NOT_FOUND and others as `fileError` says */
export async function digestFile(file: string): Promise<Digests> {
  const fd = openFile(file, 'r');
  try {
    const digest = new RunningDigest();
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let turn = 1; ; turn++) {
      const count = readFrom(fd, buffer, file);
      if (count === 0) return digest.end();
      digest.update(buffer.subarray(0, count));
      if (turn % CHUNKS_PER_TURN === 0) await setImmediate();
    }
  } finally {
    closeSync(fd);
  }
}

const STATES = ['growing', 'ended', 'failed'] as const;
export type GrowthState = (typeof STATES)[number];

/**
 * How far a file has been written: all that its writer and its follower share. One number, the bytes times four plus the
 * state, so that a waiting follower wakes up whichever of them changes. It travels in a message as it is.
 */
export type Growth = BigInt64Array<SharedArrayBuffer>;

export const newGrowth = (): Growth => new BigInt64Array(new SharedArrayBuffer(8));

/** Says how many bytes are in the file, and whether there will be more. For the writer alone. */
export function setGrowth(growth: Growth, bytes: number, state: GrowthState = 'growing'): void {
  Atomics.store(growth, 0, BigInt(bytes) * 4n + BigInt(STATES.indexOf(state)));
  Atomics.notify(growth, 0);
}

const growthOf = (value: bigint): { readonly bytes: number; readonly state: GrowthState } => ({
  bytes: Number(value >> 2n),
  state: STATES[Number(value & 3n)] as GrowthState,
});

/** A file to follow, and the keys to derive while there is nothing to read. */
export interface Followed {
  readonly file: string;
  readonly growth: Growth;
  readonly ahead?: { readonly keys: KeyMemory; readonly password: Uint8Array } | undefined;
}

/**
 * The digests of a file that is being written, read out of the page cache close behind its writer. Waits by blocking: for
 * the helper. @throws when the writing fails; LPX_FILE_CHANGED when the file is shorter than its writer says
 */
export function followFile({ file, growth, ahead }: Followed, arenas: Arenas): Digests {
  const keys = ahead && new KeyTable(ahead.keys, Buffer.from(ahead.password), arenas);
  const fd = openFile(file, 'r');
  try {
    const digest = new RunningDigest();
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const seen = Atomics.load(growth, 0);
      const { bytes, state } = growthOf(seen);
      if (state === 'failed') throw new Error('aborted');
      if (digest.bytes < bytes) {
        const count = readFrom(fd, buffer.subarray(0, bytes - digest.bytes), file);
        if (count === 0) throw new LpxError('LPX_FILE_CHANGED', { file });
        digest.update(buffer.subarray(0, count));
      } else if (state === 'ended') {
        return digest.end();
      } else if (!keys?.deriveAhead()) {
        Atomics.wait(growth, 0, seen);
      }
    }
  } finally {
    closeSync(fd);
  }
}
