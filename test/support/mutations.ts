/** Damage to packages, by chance that can be repeated: the same seed, the same damage. */

/** A small generator of numbers that look random (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

const NUMBERS = [
  0, 1, 2, 8, 99, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
];
const SIGNATURES = ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07'];

/** An archive with one thing or a few wrong: bits, fields of its headers, pieces missing, doubled or moved. */
export function mutated(archive: Buffer, chance: Chance): Buffer {
  let bytes: Buffer = Buffer.from(archive);
  for (let i = 1 + chance.below(3); i > 0; i--) bytes = mutation(bytes, chance);
  return bytes;
}

function mutation(bytes: Buffer, chance: Chance): Buffer {
  if (bytes.length < 8) return Buffer.concat([bytes, Buffer.from([chance.below(256)])]);
  const at = chance.below(bytes.length);
  const length = 1 + chance.below(chance.of([2, 16, 200, bytes.length]));
  switch (chance.below(8)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << chance.below(8));
      return bytes;
    case 1:
    case 2:
    case 3:
      return fieldChanged(bytes, chance);
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length))]);
    case 6: {
      const from = chance.below(bytes.length);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + length), bytes.subarray(at)]);
    }
    default:
      bytes.fill(chance.below(256), at, Math.min(bytes.length, at + length));
      return bytes;
  }
}

/** Writes an odd number over a field of some header: what a fuzzer that knows ZIP would do. */
function fieldChanged(bytes: Buffer, chance: Chance): Buffer {
  const places: number[] = [];
  for (const signature of SIGNATURES)
    for (let at = bytes.indexOf(signature, 0, 'latin1'); at >= 0; at = bytes.indexOf(signature, at + 1, 'latin1')) places.push(at);
  if (places.length === 0) return bytes;
  const at = chance.of(places) + chance.below(60);
  const value = chance.below(4) === 0 ? chance.below(0x1_0000_0000) : chance.of(NUMBERS);
  if (chance.below(2) === 0 && at + 2 <= bytes.length) bytes.writeUInt16LE(value & 0xffff, at);
  else if (at + 4 <= bytes.length) bytes.writeUInt32LE(value, at);
  return bytes;
}

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  0.1,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e\u001b[31m',
  '=cmd|calc',
  '<script>',
  '../../../../etc/passwd',
  'C:\\x',
  'A800000014/課程學習成果/C01.pdf',
  'd41d8cd98f00b204e9800998ecf8427e',
  '9'.repeat(400),
  '長'.repeat(5000),
  [],
  {},
  [[[[]]]],
  { __proto__: null, constructor: 1 },
];

/** A document with one thing or a few wrong somewhere inside. */
export function mutatedJson(document: unknown, chance: Chance): string {
  const copy = structuredClone(document);
  for (let i = 1 + chance.below(3); i > 0; i--) spoil(copy, chance);
  let text = JSON.stringify(copy);
  if (chance.below(10) === 0)
    text = `${text.slice(0, chance.below(text.length))}${chance.of(['', ']', '{', '"', '\u0000', '/*'])}${text.slice(chance.below(text.length))}`;
  if (chance.below(40) === 0) text = '['.repeat(20_000) + text + ']'.repeat(20_000);
  if (chance.below(20) === 0) text = text.replace('{', '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},');
  return text;
}

function spoil(value: unknown, chance: Chance): void {
  const containers: (Record<string, unknown> | unknown[])[] = [];
  const walk = (inner: unknown) => {
    if (inner === null || typeof inner !== 'object') return;
    containers.push(inner as Record<string, unknown>);
    Object.values(inner).forEach(walk);
  };
  walk(value);
  if (containers.length === 0) return;
  const container = chance.of(containers) as Record<string, unknown>;
  const keys = Object.keys(container);
  const key = chance.of(keys);
  if (key === undefined) return;
  const action = chance.below(5);
  if (action === 0) delete container[key];
  else if (action === 1) container[chance.of(['__proto__x', '附註', key])] = chance.of(ODD);
  else if (action === 2 && Array.isArray(container)) container.push(...container.slice(0, 3));
  else container[key] = structuredClone(chance.of(ODD));
}
