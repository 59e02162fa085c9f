/** Looks for runs of bytes in a content that comes chunk by chunk, such as an archive that hides in a picture. */

import { type Arena, pairClasses } from '../simd/arena.js';

/** A run of bytes to look for. */
export interface Mark {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Looked for only in contents that have these bytes among their first `START_BYTES`. */
  readonly start?: Uint8Array;
}

/** What of a content is its start, in bytes: PDF readers accept as much before `%PDF`. */
const START_BYTES = 1024 + 8;
/** Node looks for needles of up to 7 bytes eight times as fast as for longer ones. */
const PROBE_BYTES = 7;

interface Search {
  readonly name: string;
  readonly bytes: Buffer;
  readonly probe: Buffer;
}

/** Bounded memory: the start of the content, and the end of each chunk until the next one comes. */
export class MarkFinder {
  readonly #marks: readonly Mark[];
  readonly #arena: Arena | undefined;
  readonly #found: string[] = [];
  #searches: readonly Search[] | undefined;
  #longest = 0;
  /** Finds what may be the start of any mark in one pass. */
  #classes: Uint8Array | undefined;
  /** Bytes seen and not yet searched; once the start is known, the end of the last chunk. */
  #kept: Buffer = Buffer.alloc(0);

  /** @param arena where the chunks may lie, which makes it faster */
  constructor(marks: readonly Mark[], arena?: Arena) {
    this.#marks = marks;
    this.#arena = arena;
  }

  /** The chunk may be overwritten afterwards. */
  update(chunk: Buffer): void {
    if (this.#marks.length === 0) return;
    if (!this.#searches) {
      const start = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
      if (start.length < START_BYTES) this.#kept = Buffer.from(start);
      else this.#begin(start);
      return;
    }
    if (this.#searches.length === 0) return;
    this.#search(Buffer.concat([this.#kept, chunk.subarray(0, this.#longest)]));
    this.#search(chunk);
    this.#keepEnd(chunk);
  }

  /** The names of the marks found, in the order they came. */
  end(): readonly string[] {
    if (!this.#searches && this.#kept.length > 0) this.#begin(this.#kept);
    return this.#found;
  }

  #begin(start: Buffer): void {
    const head = start.subarray(0, START_BYTES);
    this.#searches = this.#marks
      .filter((mark) => !mark.start || head.includes(Buffer.from(mark.start)))
      .map(({ name, bytes }) => {
        const needle = Buffer.from(bytes);
        return { name, bytes: needle, probe: needle.subarray(0, PROBE_BYTES) };
      });
    this.#classes = pairClasses(this.#searches.map(({ bytes: [first = 0, second = 0] }) => [first, second]));
    this.#longest = Math.max(0, ...this.#searches.map(({ bytes }) => bytes.length - 1));
    this.#search(start);
    this.#keepEnd(start);
  }

  #search(bytes: Buffer): void {
    if (this.#searchByPairs(bytes)) return;
    for (const search of this.#searches ?? []) if (isIn(bytes, search)) this.#foundOne(search);
  }

  /** Goes over the bytes once for all marks. @returns whether that can be done with these */
  #searchByPairs(bytes: Buffer): boolean {
    if (!this.#searches || !this.#classes || !this.#arena?.has(bytes)) return false;
    for (let from = 0; from < bytes.length && this.#searches.length > 0; ) {
      const at = this.#arena.find(bytes, from, this.#classes);
      for (const search of this.#searches) if (isAt(bytes, at, search)) this.#foundOne(search);
      from = at + 1;
    }
    return true;
  }

  #foundOne({ name }: Search): void {
    this.#found.push(name);
    this.#searches = this.#searches?.filter((search) => search.name !== name);
  }

  #keepEnd(bytes: Buffer): void {
    const chunk = bytes.length < this.#longest ? Buffer.concat([this.#kept, bytes]) : bytes;
    this.#kept = Buffer.from(chunk.subarray(Math.max(0, chunk.length - this.#longest)));
  }
}

function isAt(content: Buffer, at: number, { bytes }: Search): boolean {
  if (at + bytes.length > content.length) return false;
  for (let i = 0; i < bytes.length; i++) if (content[at + i] !== bytes[i]) return false;
  return true;
}

function isIn(content: Buffer, { bytes, probe }: Search): boolean {
  for (let at = content.indexOf(probe); at >= 0; at = content.indexOf(probe, at + 1)) {
    if (content.subarray(at, at + bytes.length).equals(bytes)) return true;
  }
  return false;
}
