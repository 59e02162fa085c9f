/**
 * The AES keys of entries to come, derived by whichever thread has time: one takes them in order, and another, whenever
 * it waits for something, works from the end towards it.
 */
import { DERIVED_TOGETHER } from '../simd/pbkdf2x2.js';
import { type AesKeys, aesKeysOf, deriveKeyMaterial, keyMaterialBytes, saltBytes } from './winzip-aes.js';

/** What is written is always AES-256. */
export const AES_256 = 3;
const SALT_BYTES = saltBytes(AES_256);
const KEYS_BYTES = keyMaterialBytes(AES_256);

/** States of a group, which is what is derived together. */
const OPEN = 0;
const BEGUN = 1;
const DERIVED = 2;

/** What the threads share; it travels in a message as it is. */
export interface KeyMemory {
  /** `SALT_BYTES` an entry. */
  readonly salts: Uint8Array<SharedArrayBuffer>;
  /** `KEYS_BYTES` an entry. */
  readonly keys: Uint8Array<SharedArrayBuffer>;
  /** A slot a group. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

/** Memory for the keys of `count` entries, under salts of chance. */
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
  readonly #count: number;
  #taken = 0;
  /** The groups below are not looked at yet by `deriveAhead`. */
  #below: number;

  constructor(memory: KeyMemory, password: Buffer) {
    this.#memory = memory;
    this.#password = password;
    this.#count = memory.salts.length / SALT_BYTES;
    this.#below = memory.state.length;
  }

  /** How many entries' keys are left to take. */
  get left(): number {
    return this.#count - this.#taken;
  }

  /** Takes the next entry's salt and keys, derived here when nobody has. */
  take(): { readonly salt: Buffer; readonly keys: AesKeys } {
    const entry = this.#taken++;
    const group = Math.floor(entry / DERIVED_TOGETHER);
    // One that another thread is at would take as long to wait for.
    if (this.#begin(group) !== DERIVED) this.#derive(group);
    const material = Buffer.from(this.#memory.keys.slice(entry * KEYS_BYTES, (entry + 1) * KEYS_BYTES));
    return { salt: this.#salt(entry), keys: aesKeysOf(material, AES_256) };
  }

  /** Derives the keys of some entries that nobody has begun, the last ones first. @returns false when there are none */
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
    for (const [i, material] of deriveKeyMaterial(this.#password, salts, AES_256).entries()) keys.set(material, (first + i) * KEYS_BYTES);
    Atomics.store(state, group, DERIVED);
  }

  #salt(entry: number): Buffer {
    return Buffer.from(this.#memory.salts.slice(entry * SALT_BYTES, (entry + 1) * SALT_BYTES));
  }
}
