/**
 * What `kernels.as.ts` was compiled to, and its memory: room for the states of what is computed side by side, then for the
 * next bytes of sixteen streams, then for counter blocks and a keystream.
 */
import { KERNELS } from './generated/kernels.js';

export interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly BUFFERS: WebAssembly.Global;
  count(to: number, first: bigint, blocks: number): void;
  xor(target: number, key: number, bytes: number): void;
  md5(state: number, input: number, stride: number, blocks: number): void;
  sha1Block(state: number, block: number): void;
  pbkdf2(inner: number, outer: number, first: number, digest: number, out: number, rounds: number): void;
  encrypt(keys: number, input: number, stride: number, bytes: number): void;
  decrypt(keys: number, input: number, stride: number, bytes: number): void;
}

/** Lanes of a vector; the kernels work on two sets of them in turn. */
export const SET_LANES = 4;
export const SETS = 2;
/** Bytes of a block of MD5 and SHA-1. */
export const BLOCK = 64;
/** How many streams may have their next bytes in the memory. */
export const STREAMS = 16;
/** What a stream may have there at a time, in bytes; an unfinished block may go before. Less would cost more turns than the cache spares. */
export const FEED_BYTES = 256 * 1024;
/** Counter blocks encrypted at a time, in bytes: what malloc still gives from its heap. */
export const KEYSTREAM_BYTES = 64 * 1024;

/** Where in the memory, from `BUFFERS` on: a stream's bytes from `INPUT`, the next one's a stride on. */
export const INPUT = 2048;
export const STRIDE = FEED_BYTES + BLOCK;
const COUNTERS = INPUT + STREAMS * STRIDE;
const KEYSTREAM = COUNTERS + KEYSTREAM_BYTES;

let compiled: WebAssembly.Module | undefined;
let shared: Kernels | undefined;
const unused: Kernels[] = [];
const owners = new WeakMap<ArrayBufferLike, Kernels>();

/** Kernels for what begins and ends in one call: nothing stays in their memory for the next. */
export function kernels(): Kernels {
  shared ??= newKernels();
  return shared;
}

/** Kernels with a memory that is the caller's until it gives them back. */
export const takeKernels = (): Kernels => unused.pop() ?? newKernels();

export function giveBack(taken: Kernels): void {
  unused.push(taken);
}

function newKernels(): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(KERNELS, 'base64'));
  const made = new WebAssembly.Instance(compiled).exports as Kernels;
  owners.set(made.memory.buffer, made);
  return made;
}

/** Where the next bytes of a stream may be put, `FEED_BYTES` of them. */
export const placeIn = ({ memory, BUFFERS }: Kernels, stream: number): Buffer =>
  Buffer.from(memory.buffer as ArrayBuffer, BUFFERS.value + INPUT + stream * STRIDE, FEED_BYTES);

/** Blocks of sixteen bytes that count from `first`, little-endian, `KEYSTREAM_BYTES` at most. Valid until the next call. */
export function counterBlocks(first: number, blocks: number): Uint8Array {
  const { memory, BUFFERS, count } = kernels();
  const at = BUFFERS.value + COUNTERS;
  count(at, BigInt(first), blocks);
  return new Uint8Array(memory.buffer, at, 16 * blocks);
}

/** XORs as many bytes of `key` into `target`, `KEYSTREAM_BYTES` at most: where it lies, if that is in the memory of kernels. */
export function xorInto(target: Uint8Array, key: Uint8Array): void {
  const owner = owners.get(target.buffer);
  const { memory, BUFFERS, xor } = owner ?? kernels();
  const base = BUFFERS.value;
  const bytes = new Uint8Array(memory.buffer, base);
  bytes.set(key, KEYSTREAM);
  if (owner) {
    xor(target.byteOffset, base + KEYSTREAM, target.length);
  } else {
    bytes.set(target, INPUT);
    xor(base + INPUT, base + KEYSTREAM, target.length);
    target.set(bytes.subarray(INPUT, INPUT + target.length));
  }
}
