/** Many hashes of 32 bytes, in little memory: half a million take 16 MB. */
const FIRST = 1024;
const SIZE = 32;

export class HashList {
  #bytes = Buffer.alloc(FIRST * SIZE);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @param hash 64 lower-case hex digits */
  push(hash: string): void {
    if (this.#bytes.length === this.#length * SIZE) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    this.#bytes.write(hash, this.#length++ * SIZE, 'hex');
  }

  at(index: number): string {
    return this.#bytes.toString('hex', index * SIZE, (index + 1) * SIZE);
  }

  /** Where a hash is in a list in ascending order; -1 where it is not, as of a text that is none. */
  indexOf(hash: string): number {
    const wanted = Buffer.from(hash, 'hex');
    if (wanted.length !== SIZE) return -1;
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = this.#bytes.compare(wanted, 0, SIZE, middle * SIZE, (middle + 1) * SIZE);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  *[Symbol.iterator](): Generator<string, void> {
    for (let i = 0; i < this.#length; i++) yield this.at(i);
  }

  equals(other: HashList): boolean {
    const size = this.#length * SIZE;
    return this.#length === other.#length && this.#bytes.subarray(0, size).equals(other.#bytes.subarray(0, size));
  }

  /** In ascending order, each once. */
  sorted(): HashList {
    const order = Uint32Array.from({ length: this.#length }, (_, i) => i);
    const compare = (a: number, b: number) => this.#bytes.compare(this.#bytes, b * SIZE, (b + 1) * SIZE, a * SIZE, (a + 1) * SIZE);
    order.sort(compare);
    const sorted = new HashList();
    let last = -1;
    for (const index of order) {
      if (last < 0 || compare(last, index) !== 0) sorted.push(this.at(index));
      last = index;
    }
    return sorted;
  }
}
