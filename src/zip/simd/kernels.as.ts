/**
 * The inner loops that OpenSSL does not run for several streams at once: MD5 and SHA-1 of eight streams (two sets of four
 * SIMD lanes) and ZipCrypto of sixteen. AssemblyScript, a dialect of TypeScript that compiles to WebAssembly; build.js
 * appends `md5`, `sha1`, `encrypt` and `decrypt`, which rounds.js writes out, and keeps the whole as
 * generated/kernels.as.ts, which is what the compiler's errors name.
 *
 * Every pointer is an offset into the memory that arena.ts lays out. `scratch` is room of SCRATCH_VECTORS vectors, used
 * within one call: twice eighty vectors of words (the message schedules of the blocks at hand, one set after the other;
 * or sixteen turns of ZipCrypto), then the two in which each step leaves a result that nobody reads (see rounds.js).
 * A vector of lanes is four 32-bit words, lane 0 first.
 */

/** Bytes of the message schedule of one set. */
const SCHEDULE: usize = 1280;
/** Where in the scratch the results that nobody reads go. */
const TURNS: usize = 2 * SCHEDULE;

@inline function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

@inline function word(scratch: usize, i: usize): v128 {
  return v128.load(scratch + (i << 4));
}

// Searching

/**
 * The first place from `at` on where two bytes may be one of the pairs that are looked for; `end`, or a place beyond it,
 * when there is none before. Up to fifteen bytes beyond `end` are read. `classes` has two vectors: for the low and for the
 * high half of a byte, in which classes it may be. Four classes are of first bytes, and the four bits above them of what
 * may follow each.
 */
export function find(at: usize, end: usize, classes: usize): usize {
  const low = v128.load(classes), high = v128.load(classes, 16);
  let before = i8x16.splat(0);
  for (; at + 64 <= end; at += 64) {
    const a = classesOf(v128.load(at), low, high), b = classesOf(v128.load(at, 16), low, high);
    const c = classesOf(v128.load(at, 32), low, high), d = classesOf(v128.load(at, 48), low, high);
    if (v128.any_true(v128.or(v128.or(pairsIn(before, a), pairsIn(a, b)), v128.or(pairsIn(b, c), pairsIn(c, d))))) break;
    before = d;
  }
  for (; at < end; at += 16) {
    const found = classesOf(v128.load(at), low, high);
    const pairs = pairsIn(before, found);
    if (v128.any_true(pairs)) return at + ctz(<i32>i8x16.bitmask(i8x16.ne(pairs, i8x16.splat(0)))) - 1;
    before = found;
  }
  return end;
}

@inline function classesOf(bytes: v128, low: v128, high: v128): v128 {
  return v128.and(i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15))), i8x16.swizzle(high, i8x16.shr_u(bytes, 4)));
}

/** Where a byte's class as a second one is that of the byte before it as a first one. */
@inline function pairsIn(before: v128, found: v128): v128 {
  const first = v128.shuffle<u8>(before, found, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  return v128.and(first, i8x16.shr_u(found, 4));
}

// Counter mode

/** XORs `bytes` bytes at `key` into those at `target`. */
export function xor(target: usize, key: usize, bytes: i32): void {
  const end = target + bytes;
  for (; target + 64 <= end; target += 64, key += 64) {
    v128.store(target, v128.xor(v128.load(target), v128.load(key)));
    v128.store(target, v128.xor(v128.load(target, 16), v128.load(key, 16)), 16);
    v128.store(target, v128.xor(v128.load(target, 32), v128.load(key, 32)), 32);
    v128.store(target, v128.xor(v128.load(target, 48), v128.load(key, 48)), 48);
  }
  for (; target < end; target++, key++) store<u8>(target, load<u8>(target) ^ load<u8>(key));
}

// ZipCrypto (APPNOTE.TXT 6.1)

/** The second key after the first one's lowest byte. */
@inline function advanced(b: v128, byte: v128): v128 {
  return i32x4.add(i32x4.mul(i32x4.add(b, byte), i32x4.splat(134775813)), i32x4.splat(1));
}

/** The highest byte of every word, as 16 bits. */
@inline function tops(x: v128, y: v128): v128 {
  return i16x8.narrow_i32x4_u(i32x4.shr_u(x, 24), i32x4.shr_u(y, 24));
}

// MD5 (RFC 1321)

@inline function f(scratch: usize, a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(scratch, a, b, v128.xor(d, v128.and(b, v128.xor(c, d))), i, k, s);
}

@inline function g(scratch: usize, a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(scratch, a, b, v128.xor(c, v128.and(d, v128.xor(b, c))), i, k, s);
}

@inline function h(scratch: usize, a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(scratch, a, b, v128.xor(v128.xor(b, c), d), i, k, s);
}

@inline function i(scratch: usize, a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(scratch, a, b, v128.xor(c, v128.or(b, v128.not(d))), i, k, s);
}

@inline function step(scratch: usize, a: v128, b: v128, mixed: v128, i: usize, k: u32, s: i32): v128 {
  const sum = i32x4.add(i32x4.add(a, i32x4.add(word(scratch, i), i32x4.splat(k))), mixed);
  return i32x4.add(b, rotated(sum, s));
}

/** Turns four times four words of four streams, from `at` on, into four vectors of lanes. */
@inline function transpose(p0: usize, p1: usize, p2: usize, p3: usize, at: usize, to: usize): void {
  const x0 = v128.load(p0 + at), x1 = v128.load(p1 + at), x2 = v128.load(p2 + at), x3 = v128.load(p3 + at);
  const a = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(to, v128.shuffle<i64>(a, b, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(c, d, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(c, d, 1, 3), 48);
}

// SHA-1 (FIPS 180-4) and the PBKDF2 over it (RFC 8018)

@inline function choose(b: v128, c: v128, d: v128): v128 {
  return v128.xor(d, v128.and(b, v128.xor(c, d)));
}

@inline function parity(b: v128, c: v128, d: v128): v128 {
  return v128.xor(v128.xor(b, c), d);
}

@inline function majority(b: v128, c: v128, d: v128): v128 {
  return v128.or(v128.and(b, c), v128.and(d, v128.or(b, c)));
}

@inline function round(scratch: usize, a: v128, mixed: v128, e: v128, t: usize, k: u32): v128 {
  return i32x4.add(i32x4.add(i32x4.add(rotated(a, 5), mixed), i32x4.add(e, i32x4.splat(k))), word(scratch, t));
}

/** One word of a message schedule, from those before it. */
@inline function scheduled(scratch: usize, i: usize): void {
  const mixed = v128.xor(v128.xor(word(scratch, i - 3), word(scratch, i - 8)), v128.xor(word(scratch, i - 14), word(scratch, i - 16)));
  v128.store(scratch + (i << 4), rotated(mixed, 1));
}

/** Copies both sets' words of a message's block at `from`, sixteen vectors a set, to where their schedules begin. */
@inline function takeWords(scratch: usize, from: usize): void {
  memory.copy(scratch, from, 256);
  memory.copy(scratch + SCHEDULE, from + 256, 256);
}

/** HMAC-SHA1 of the blocks in the scratch, their padding in place, from the states after the key's inner and outer block. */
@inline function hmac(scratch: usize, inner: usize, outer: usize, out: usize): void {
  sha1(scratch, inner, out);
  pad(scratch, out);
  sha1(scratch, outer, out);
}

/** Lays out the digests at `digest` as the second and last block of a message of 64 + 20 bytes. */
@inline function pad(scratch: usize, digest: usize): void {
  for (let set: usize = 0; set < 2; set++) {
    const words = scratch + SCHEDULE * set;
    for (let at: usize = 0; at < 80; at += 16) v128.store(words + at, v128.load(digest + 80 * set + at));
    v128.store(words, i32x4.splat(0x80000000), 80);
    for (let at: usize = 96; at < 240; at += 16) v128.store(words + at, i32x4.splat(0));
    v128.store(words, i32x4.splat(84 * 8), 240);
  }
}

/** Hashes one block of each stream: sixteen vectors a set at `block`, five at `state`; ten are stored at `state`. */
export function sha1Block(scratch: usize, state: usize, block: usize): void {
  takeWords(scratch, block);
  sha1(scratch, state, state);
}

/**
 * Eight blocks of PBKDF2-HMAC-SHA1. `first` has the blocks of salt and number with their padding (sixteen vectors a
 * set); `digest` and `out` take ten vectors each, and `out` has the derived words afterwards.
 */
export function pbkdf2(scratch: usize, inner: usize, outer: usize, first: usize, digest: usize, out: usize, rounds: i32): void {
  takeWords(scratch, first);
  hmac(scratch, inner, outer, digest);
  memory.copy(out, digest, 160);
  for (let n = 1; n < rounds; n++) {
    pad(scratch, digest);
    hmac(scratch, inner, outer, digest);
    for (let at: usize = 0; at < 160; at += 16) v128.store(out + at, v128.xor(v128.load(out + at), v128.load(digest + at)));
  }
}
