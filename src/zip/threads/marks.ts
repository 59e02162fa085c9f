/** Looks for runs of bytes in a content that comes chunk by chunk, such as an archive that hides in a picture. */

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
  readonly #found: string[] = [];
  #searches: readonly Search[] | undefined;
  #longest = 0;
  /** Bytes seen and not yet searched; once the start is known, the end of the last chunk. */
  #kept: Buffer = Buffer.alloc(0);

  constructor(marks: readonly Mark[]) {
    this.#marks = marks;
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
    this.#longest = Math.max(0, ...this.#searches.map(({ bytes }) => bytes.length - 1));
    this.#search(start);
    this.#keepEnd(start);
  }

  #search(bytes: Buffer): void {
    for (const search of this.#searches ?? []) {
      if (!isIn(bytes, search)) continue;
      this.#found.push(search.name);
      this.#searches = this.#searches?.filter(({ name }) => name !== search.name);
    }
  }

  #keepEnd(bytes: Buffer): void {
    const chunk = bytes.length < this.#longest ? Buffer.concat([this.#kept, bytes]) : bytes;
    this.#kept = Buffer.from(chunk.subarray(Math.max(0, chunk.length - this.#longest)));
  }
}

function isIn(content: Buffer, { bytes, probe }: Search): boolean {
  for (let at = content.indexOf(probe); at >= 0; at = content.indexOf(probe, at + 1)) {
    if (content.subarray(at, at + bytes.length).equals(bytes)) return true;
  }
  return false;
}
