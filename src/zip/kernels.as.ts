/**
 * The inner loops that OpenSSL does not do for us, four streams at a time: one SIMD lane each. Compiled by
 * AssemblyScript (whose dialect of TypeScript this is) to WebAssembly when lpx is built.
 *
 * All pointers are offsets into the module's memory. A vector of lanes is four 32-bit words, lane 0 first.
 */

/** Free memory for the callers' buffers starts here. */
export const BUFFERS: usize = 4096;
/** Up to eighty vectors: the message schedule of the block at hand. */
const WORDS: usize = 1024;

@inline function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

@inline function word(i: usize): v128 {
  return v128.load(WORDS + (i << 4));
}

// MD5 (RFC 1321)

@inline function f(a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(a, b, v128.xor(d, v128.and(b, v128.xor(c, d))), i, k, s);
}

@inline function g(a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(a, b, v128.xor(c, v128.and(d, v128.xor(b, c))), i, k, s);
}

@inline function h(a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(a, b, v128.xor(v128.xor(b, c), d), i, k, s);
}

@inline function i(a: v128, b: v128, c: v128, d: v128, i: usize, k: u32, s: i32): v128 {
  return step(a, b, v128.xor(c, v128.or(b, v128.not(d))), i, k, s);
}

@inline function step(a: v128, b: v128, mixed: v128, i: usize, k: u32, s: i32): v128 {
  const sum = i32x4.add(i32x4.add(a, i32x4.add(word(i), i32x4.splat(k))), mixed);
  return i32x4.add(b, rotated(sum, s));
}

/** Turns four times four words of four streams into four vectors of lanes. */
@inline function transpose(p0: usize, p1: usize, p2: usize, p3: usize, at: usize): void {
  const x0 = v128.load(p0 + at), x1 = v128.load(p1 + at), x2 = v128.load(p2 + at), x3 = v128.load(p3 + at);
  const a = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  const to = WORDS + (at << 2);
  v128.store(to, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(to, v128.shuffle<i64>(a, b, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(c, d, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(c, d, 1, 3), 48);
}

/** Advances four MD5 states (four vectors at `state`) by `blocks` blocks of 64 bytes of each stream. */
export function md5(state: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32): void {
  let a = v128.load(state), b = v128.load(state, 16), c = v128.load(state, 32), d = v128.load(state, 48);
  for (let n = 0; n < blocks; n++) {
    for (let at: usize = 0; at < 64; at += 16) transpose(p0, p1, p2, p3, at);
    p0 += 64;
    p1 += 64;
    p2 += 64;
    p3 += 64;
    const a0 = a, b0 = b, c0 = c, d0 = d;
    a = f(a, b, c, d, 0, 0xd76aa478, 7);
    d = f(d, a, b, c, 1, 0xe8c7b756, 12);
    c = f(c, d, a, b, 2, 0x242070db, 17);
    b = f(b, c, d, a, 3, 0xc1bdceee, 22);
    a = f(a, b, c, d, 4, 0xf57c0faf, 7);
    d = f(d, a, b, c, 5, 0x4787c62a, 12);
    c = f(c, d, a, b, 6, 0xa8304613, 17);
    b = f(b, c, d, a, 7, 0xfd469501, 22);
    a = f(a, b, c, d, 8, 0x698098d8, 7);
    d = f(d, a, b, c, 9, 0x8b44f7af, 12);
    c = f(c, d, a, b, 10, 0xffff5bb1, 17);
    b = f(b, c, d, a, 11, 0x895cd7be, 22);
    a = f(a, b, c, d, 12, 0x6b901122, 7);
    d = f(d, a, b, c, 13, 0xfd987193, 12);
    c = f(c, d, a, b, 14, 0xa679438e, 17);
    b = f(b, c, d, a, 15, 0x49b40821, 22);
    a = g(a, b, c, d, 1, 0xf61e2562, 5);
    d = g(d, a, b, c, 6, 0xc040b340, 9);
    c = g(c, d, a, b, 11, 0x265e5a51, 14);
    b = g(b, c, d, a, 0, 0xe9b6c7aa, 20);
    a = g(a, b, c, d, 5, 0xd62f105d, 5);
    d = g(d, a, b, c, 10, 0x2441453, 9);
    c = g(c, d, a, b, 15, 0xd8a1e681, 14);
    b = g(b, c, d, a, 4, 0xe7d3fbc8, 20);
    a = g(a, b, c, d, 9, 0x21e1cde6, 5);
    d = g(d, a, b, c, 14, 0xc33707d6, 9);
    c = g(c, d, a, b, 3, 0xf4d50d87, 14);
    b = g(b, c, d, a, 8, 0x455a14ed, 20);
    a = g(a, b, c, d, 13, 0xa9e3e905, 5);
    d = g(d, a, b, c, 2, 0xfcefa3f8, 9);
    c = g(c, d, a, b, 7, 0x676f02d9, 14);
    b = g(b, c, d, a, 12, 0x8d2a4c8a, 20);
    a = h(a, b, c, d, 5, 0xfffa3942, 4);
    d = h(d, a, b, c, 8, 0x8771f681, 11);
    c = h(c, d, a, b, 11, 0x6d9d6122, 16);
    b = h(b, c, d, a, 14, 0xfde5380c, 23);
    a = h(a, b, c, d, 1, 0xa4beea44, 4);
    d = h(d, a, b, c, 4, 0x4bdecfa9, 11);
    c = h(c, d, a, b, 7, 0xf6bb4b60, 16);
    b = h(b, c, d, a, 10, 0xbebfbc70, 23);
    a = h(a, b, c, d, 13, 0x289b7ec6, 4);
    d = h(d, a, b, c, 0, 0xeaa127fa, 11);
    c = h(c, d, a, b, 3, 0xd4ef3085, 16);
    b = h(b, c, d, a, 6, 0x4881d05, 23);
    a = h(a, b, c, d, 9, 0xd9d4d039, 4);
    d = h(d, a, b, c, 12, 0xe6db99e5, 11);
    c = h(c, d, a, b, 15, 0x1fa27cf8, 16);
    b = h(b, c, d, a, 2, 0xc4ac5665, 23);
    a = i(a, b, c, d, 0, 0xf4292244, 6);
    d = i(d, a, b, c, 7, 0x432aff97, 10);
    c = i(c, d, a, b, 14, 0xab9423a7, 15);
    b = i(b, c, d, a, 5, 0xfc93a039, 21);
    a = i(a, b, c, d, 12, 0x655b59c3, 6);
    d = i(d, a, b, c, 3, 0x8f0ccc92, 10);
    c = i(c, d, a, b, 10, 0xffeff47d, 15);
    b = i(b, c, d, a, 1, 0x85845dd1, 21);
    a = i(a, b, c, d, 8, 0x6fa87e4f, 6);
    d = i(d, a, b, c, 15, 0xfe2ce6e0, 10);
    c = i(c, d, a, b, 6, 0xa3014314, 15);
    b = i(b, c, d, a, 13, 0x4e0811a1, 21);
    a = i(a, b, c, d, 4, 0xf7537e82, 6);
    d = i(d, a, b, c, 11, 0xbd3af235, 10);
    c = i(c, d, a, b, 2, 0x2ad7d2bb, 15);
    b = i(b, c, d, a, 9, 0xeb86d391, 21);
    a = i32x4.add(a, a0);
    b = i32x4.add(b, b0);
    c = i32x4.add(c, c0);
    d = i32x4.add(d, d0);
  }
  v128.store(state, a);
  v128.store(state, b, 16);
  v128.store(state, c, 32);
  v128.store(state, d, 48);
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

@inline function round(a: v128, mixed: v128, e: v128, t: usize, k: u32): v128 {
  return i32x4.add(i32x4.add(i32x4.add(rotated(a, 5), mixed), i32x4.add(e, i32x4.splat(k))), word(t));
}

/** Advances four SHA-1 states (five vectors at `from`) by the block of each in `WORDS`; the result goes to `to`. */
function sha1(from: usize, to: usize): void {
  for (let t: usize = 16; t < 80; t++) {
    const mixed = v128.xor(v128.xor(word(t - 3), word(t - 8)), v128.xor(word(t - 14), word(t - 16)));
    v128.store(WORDS + (t << 4), rotated(mixed, 1));
  }
  let a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48), e = v128.load(from, 64);
  for (let t: usize = 0; t < 20; t += 5) {
    e = round(a, choose(b, c, d), e, t, 0x5a827999);
    b = rotated(b, 30);
    d = round(e, choose(a, b, c), d, t + 1, 0x5a827999);
    a = rotated(a, 30);
    c = round(d, choose(e, a, b), c, t + 2, 0x5a827999);
    e = rotated(e, 30);
    b = round(c, choose(d, e, a), b, t + 3, 0x5a827999);
    d = rotated(d, 30);
    a = round(b, choose(c, d, e), a, t + 4, 0x5a827999);
    c = rotated(c, 30);
  }
  for (let t: usize = 20; t < 40; t += 5) {
    e = round(a, parity(b, c, d), e, t, 0x6ed9eba1);
    b = rotated(b, 30);
    d = round(e, parity(a, b, c), d, t + 1, 0x6ed9eba1);
    a = rotated(a, 30);
    c = round(d, parity(e, a, b), c, t + 2, 0x6ed9eba1);
    e = rotated(e, 30);
    b = round(c, parity(d, e, a), b, t + 3, 0x6ed9eba1);
    d = rotated(d, 30);
    a = round(b, parity(c, d, e), a, t + 4, 0x6ed9eba1);
    c = rotated(c, 30);
  }
  for (let t: usize = 40; t < 60; t += 5) {
    e = round(a, majority(b, c, d), e, t, 0x8f1bbcdc);
    b = rotated(b, 30);
    d = round(e, majority(a, b, c), d, t + 1, 0x8f1bbcdc);
    a = rotated(a, 30);
    c = round(d, majority(e, a, b), c, t + 2, 0x8f1bbcdc);
    e = rotated(e, 30);
    b = round(c, majority(d, e, a), b, t + 3, 0x8f1bbcdc);
    d = rotated(d, 30);
    a = round(b, majority(c, d, e), a, t + 4, 0x8f1bbcdc);
    c = rotated(c, 30);
  }
  for (let t: usize = 60; t < 80; t += 5) {
    e = round(a, parity(b, c, d), e, t, 0xca62c1d6);
    b = rotated(b, 30);
    d = round(e, parity(a, b, c), d, t + 1, 0xca62c1d6);
    a = rotated(a, 30);
    c = round(d, parity(e, a, b), c, t + 2, 0xca62c1d6);
    e = rotated(e, 30);
    b = round(c, parity(d, e, a), b, t + 3, 0xca62c1d6);
    d = rotated(d, 30);
    a = round(b, parity(c, d, e), a, t + 4, 0xca62c1d6);
    c = rotated(c, 30);
  }
  v128.store(to, i32x4.add(a, v128.load(from)));
  v128.store(to, i32x4.add(b, v128.load(from, 16)), 16);
  v128.store(to, i32x4.add(c, v128.load(from, 32)), 32);
  v128.store(to, i32x4.add(d, v128.load(from, 48)), 48);
  v128.store(to, i32x4.add(e, v128.load(from, 64)), 64);
}

/** HMAC-SHA1 of the block in `WORDS`, its padding in place, from the states after the key's inner and outer block. */
@inline function hmac(inner: usize, outer: usize, out: usize): void {
  sha1(inner, out);
  pad(out);
  sha1(outer, out);
}

/** Lays out the digests at `digest` as the second and last block of a message of 64 + 20 bytes. */
@inline function pad(digest: usize): void {
  for (let at: usize = 0; at < 80; at += 16) v128.store(WORDS + at, v128.load(digest + at));
  v128.store(WORDS, i32x4.splat(0x80000000), 80);
  for (let at: usize = 96; at < 240; at += 16) v128.store(WORDS + at, i32x4.splat(0));
  v128.store(WORDS, i32x4.splat(84 * 8), 240);
}

/** Hashes one block of each stream: sixteen vectors at `block`, five at `state`. */
export function sha1Block(state: usize, block: usize): void {
  memory.copy(WORDS, block, 256);
  sha1(state, state);
}

/**
 * Four blocks of PBKDF2-HMAC-SHA1. `first` holds the block of salt and number with its padding (sixteen
 * vectors); `digest` and `out` take five vectors each, and the derived words are in `out`.
 */
export function pbkdf2(inner: usize, outer: usize, first: usize, digest: usize, out: usize, rounds: i32): void {
  memory.copy(WORDS, first, 256);
  hmac(inner, outer, digest);
  memory.copy(out, digest, 80);
  for (let n = 1; n < rounds; n++) {
    pad(digest);
    hmac(inner, outer, digest);
    for (let at: usize = 0; at < 80; at += 16) v128.store(out + at, v128.xor(v128.load(out + at), v128.load(digest + at)));
  }
}
