/**
 * The AES keys of the entries of an archive, derived by two threads: the one that encrypts takes them in order, and the
 * one that hashes, whenever it waits for bytes, derives from the end towards it. With thousands of small files this is a
 * third of all work.
 *
 * A group of keys is OPEN, then BEGUN by one thread, then DERIVED. Both threads may derive one group: the encrypting one
 * does not wait for a group the other has begun, since deriving it takes no longer than waiting. Both write the same bytes.
 */
import type { Arenas } from '../simd/arena.js';
import { DERIVED_TOGETHER } from '../simd/pbkdf2x2.js';
import { type AesKeys, aesKeysOf, deriveKeyMaterial, keyMaterialBytes, saltBytes } from './winzip-aes.js';

/** What is written is always AES-256. */
export const AES_256 = 3;
const SALT_BYTES = saltBytes(AES_256);
const KEYS_BYTES = keyMaterialBytes(AES_256);

/** The states of a group, whose keys are derived together. */
const OPEN = 0;
const BEGUN = 1;
const DERIVED = 2;

/** The memory that the threads share; it is passed in a message as it is. */
export interface KeyMemory {
  /** `SALT_BYTES` an entry. */
  readonly salts: Uint8Array<SharedArrayBuffer>;
  /** `KEYS_BYTES` an entry. */
  readonly keys: Uint8Array<SharedArrayBuffer>;
  /** A slot a group. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

/** Memory for the keys of `count` entries, with random salts. */
export function newKeyMemory(count: number, random: (bytes: number) => Buffer): KeyMemory {
  const salts = new Uint8Array(new SharedArrayBuffer(count * SALT_BYTES));
  for (let i = 0; i < count; i++) salts.set(random(SALT_BYTES), i * SALT_BYTES);
  return {
    salts,
    keys: new Uint8Array(new SharedArrayBuffer(count * KEYS_BYTES)),
    state: new Int32Array(new SharedArrayBuffer(4 * Math.ceil(count / DERIVED_TOGETHER))),
  };
}

/** One thread's view of the keys. */
export class KeyTable {
  readonly #memory: KeyMemory;
  readonly #password: Buffer;
  readonly #arenas: Arenas;
  readonly #count: number;
  #taken = 0;
  /** `deriveAhead` has not looked at the groups below this one. */
  #below: number;

  constructor(memory: KeyMemory, password: Buffer, arenas: Arenas) {
    this.#memory = memory;
    this.#password = password;
    this.#arenas = arenas;
    this.#count = memory.salts.length / SALT_BYTES;
    this.#below = memory.state.length;
  }

  /** How many entries' keys are left to take. */
  get left(): number {
    return this.#count - this.#taken;
  }

  /** Takes the next entry's salt and keys, derived here unless they already are. */
  take(): { readonly salt: Buffer; readonly keys: AesKeys } {
    const entry = this.#taken++;
    const group = Math.floor(entry / DERIVED_TOGETHER);
    // Also when the other thread has begun it: see above.
    if (this.#begin(group) !== DERIVED) this.#derive(group);
    const material = Buffer.from(this.#memory.keys.slice(entry * KEYS_BYTES, (entry + 1) * KEYS_BYTES));
    return { salt: this.#salt(entry), keys: aesKeysOf(material, AES_256) };
  }

  /** Derives the keys of the last group that no thread has begun. @returns false when there is none */
  deriveAhead(): boolean {
    while (this.#below > 0) {
      const group = --this.#below;
      if (this.#begin(group) !== OPEN) continue;
      this.#derive(group);
      return true;
    }
    return false;
  }

  /** Marks an open group as begun. @returns what it was */
  #begin(group: number): number {
    return Atomics.compareExchange(this.#memory.state, group, OPEN, BEGUN);
  }

  #derive(group: number): void {
    const { keys, state } = this.#memory;
    const first = group * DERIVED_TOGETHER;
    const salts = Array.from({ length: Math.min(DERIVED_TOGETHER, this.#count - first) }, (_, i) => this.#salt(first + i));
    for (const [i, material] of deriveKeyMaterial(this.#arenas, this.#password, salts, AES_256).entries())
      keys.set(material, (first + i) * KEYS_BYTES);
    Atomics.store(state, group, DERIVED);
  }

  #salt(entry: number): Buffer {
    return Buffer.from(this.#memory.salts.slice(entry * SALT_BYTES, (entry + 1) * SALT_BYTES));
  }
}
