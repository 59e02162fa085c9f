/**
 * Writes out what the kernels do for several streams, for build.js: the rounds of MD5 and SHA-1 for two sets of four
 * lanes, a byte of ZipCrypto for sixteen streams. The two sets go step by step in turn, so that one's step is worked on
 * while the other's waits for its operands. V8 puts an operation where its result is first needed, which would be one
 * set after the other; a store after each step keeps the turns.
 */

import { crc32 } from 'node:zlib';

export const SETS = [0, 1];
const LANES = 4;
const VECTOR = 16;

const names = (registers, set) => registers.map((register) => `${register}${set}`);
const load = (register, from) => `let ${register} = v128.load(${from});`;
const keep = (register, set) => `v128.store(scratch + TURNS + ${VECTOR * set}, ${register});`;

/** The registers as a step sees them: turned round by one a step. */
const turned = (registers, step) =>
  registers.map((_, i) => registers[(i + registers.length - (step % registers.length)) % registers.length]);

function md5Steps() {
  const registers = ['a', 'b', 'c', 'd'];
  const mixes = ['f', 'g', 'h', 'i'];
  const words = [(n) => n, (n) => 5 * n + 1, (n) => 3 * n + 5, (n) => 7 * n];
  const shifts = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
  ];
  return Array.from({ length: 64 }, (_, n) => {
    const round = n >> 4;
    const word = words[round](n) % 16;
    const constant = Math.floor(2 ** 32 * Math.abs(Math.sin(n + 1)));
    return SETS.map((set) => {
      const [a, ...others] = names(turned(registers, n), set);
      const rest = `${16 * set + word}, ${constant}, ${shifts[round][n % 4]}`;
      return `${a} = ${mixes[round]}(scratch, ${a}, ${others.join(', ')}, ${rest}); ${keep(a, set)}`;
    }).join('\n');
  }).join('\n');
}

/** `md5(scratch, state, input, stride, blocks)`: advances eight states by blocks that lie `stride` bytes from lane to lane. */
export function md5() {
  const registers = ['a', 'b', 'c', 'd'];
  const each = (write) =>
    SETS.flatMap((set) => registers.map((register, i) => write(`${register}${set}`, VECTOR * (4 * set + i)))).join('\n');
  const lanes = (set) => Array.from({ length: LANES }, (_, lane) => `input + ${LANES * set + lane} * stride + at`).join(', ');
  const transposes = SETS.flatMap((set) =>
    [0, 1, 2, 3].map((quarter) => `transpose(${lanes(set)}, ${VECTOR * quarter}, scratch + ${256 * set + 64 * quarter});`),
  );
  return `
export function md5(scratch: usize, state: usize, input: usize, stride: usize, blocks: i32): void {
  ${each((register, at) => load(register, `state + ${at}`))}
  let at: usize = 0;
  for (let n = 0; n < blocks; n++) {
    ${transposes.join('\n')}
    at += 64;
    ${each((register) => `const ${register}_ = ${register};`)}
    ${md5Steps()}
    ${each((register) => `${register} = i32x4.add(${register}, ${register}_);`)}
  }
  ${each((register, at) => `v128.store(state + ${at}, ${register});`)}
}`;
}

const SHA1_ROUNDS = [
  ['choose', 0x5a827999],
  ['parity', 0x6ed9eba1],
  ['majority', 0x8f1bbcdc],
  ['parity', 0xca62c1d6],
];

/** `sha1(scratch, from, to)`: hashes the blocks in the scratch, both sets from the same states (five vectors), to states of their own. */
export function sha1() {
  const registers = ['a', 'b', 'c', 'd', 'e'];
  const each = (write) => SETS.flatMap((set) => registers.map((register, i) => write(`${register}${set}`, VECTOR * i, set))).join('\n');
  const steps = Array.from({ length: 80 }, (_, n) => {
    const [mix, constant] = SHA1_ROUNDS[Math.floor(n / 20)];
    return SETS.map((set) => {
      const [a, b, c, d, e] = names(turned(registers, n), set);
      return `${e} = round(scratch, ${a}, ${mix}(${b}, ${c}, ${d}), ${e}, ${80 * set + n}, ${constant}); ${b} = rotated(${b}, 30); ${keep(e, set)}`;
    }).join('\n');
  });
  return `
function sha1(scratch: usize, from: usize, to: usize): void {
  for (let t: usize = 16; t < 80; t++) {
    ${SETS.map((set) => `scheduled(scratch, t + ${80 * set});`).join(' ')}
  }
  ${each((register, at) => load(register, `from + ${at}`))}
  ${steps.join('\n')}
  ${each((register, at) => `${register} = i32x4.add(${register}, v128.load(from + ${at}));`)}
  ${each((register, at, set) => `v128.store(to + ${80 * set + at}, ${register});`)}
}`;
}

const STREAMS = Array.from({ length: 16 }, (_, n) => n);
const PLANES = [0, 1, 2, 3];
const KEYS = ['a', 'c'];

/** What CRC-32 makes of a byte; zlib's inverts before and after. */
const crcOf = (byte) => ~crc32(Buffer.of(byte), 0xffff_ffff);

/** What CRC-32 makes of the low or high four bits of a byte, as bytes: what the table says of a byte is that of its halves, XORed. */
const half = (name, shift) =>
  PLANES.map((plane) => {
    const bytes = STREAMS.map((bits) => (crcOf(bits << shift) << (24 - 8 * plane)) >> 24);
    return `const ${name}${plane} = i8x16(${bytes.join(', ')});`;
  }).join('\n');

/** Every stream's CRC-32 in `key`, a vector a byte, takes in a byte. */
const takeIn = (key, byte) => `{
  const at = v128.xor(${key}0, ${byte});
  const low = v128.and(at, i8x16.splat(15)), high = i8x16.shr_u(at, 4);
  ${PLANES.map((plane) => {
    const table = `v128.xor(v128.swizzle(low${plane}, low), v128.swizzle(high${plane}, high))`;
    return `${key}${plane} = ${plane === 3 ? table : `v128.xor(${key}${plane + 1}, ${table})`};`;
  }).join('\n')}
}`;

/** The bytes of two vectors in turn: of their first halves, of their second halves. */
const interleaved = (x, y) =>
  [0, 8].map((half) => `v128.shuffle<i8>(${x}, ${y}, ${STREAMS.map((n) => half + (n >> 1) + 16 * (n & 1)).join(', ')})`);

/** Sixteen vectors turned over their diagonal: bytes of a stream become bytes of a turn, and back. */
function turnedOver(from, to) {
  const stages = [1, 2, 3, 4].map((stage) =>
    PLANES.flatMap((n) => [2 * n, 2 * n + 1])
      .map((n) => {
        const [low, high] = interleaved(`x${stage - 1}_${n}`, `x${stage - 1}_${n + 8}`);
        return `const x${stage}_${2 * n} = ${low}, x${stage}_${2 * n + 1} = ${high};`;
      })
      .join('\n'),
  );
  return `{
    ${STREAMS.map((n) => `const x0_${n} = v128.load(${from(n)});`).join('\n')}
    ${stages.join('\n')}
    ${STREAMS.map((n) => `v128.store(${to(n)}, x4_${n});`).join('\n')}
  }`;
}

/**
 * `encrypt(scratch, keys, input, stride, bytes)` and `decrypt(…)`: turns sixteen streams in place, `stride` bytes from one to the
 * next, sixteen bytes of each at a time. See zipcrypto.ts for what a byte does. The first and third key of all streams
 * lie at `keys` byte by byte, four vectors each, then the second as words.
 */
export const zipCrypto = () => [turning('encrypt', 'from'), turning('decrypt', 'to')].join('\n');

function turning(name, plain) {
  const keys = [...KEYS.flatMap((key) => PLANES.map((plane) => `${key}${plane}`)), ...PLANES.map((n) => `b${n}`)];
  const mask = (t) => `i16x8.shr_u(i16x8.mul(${t}, v128.xor(${t}, i16x8.splat(1))), 8)`;
  const [low, high] = interleaved('c0', 'c1');
  const ofStream = (n) => `input + ${n} * stride + at`;
  const ofTurn = (n) => `scratch + ${VECTOR * n}`;
  return `
export function ${name}(scratch: usize, keys: usize, input: usize, stride: usize, bytes: usize): void {
  ${keys.map((key, i) => load(key, `keys + ${VECTOR * i}`)).join('\n')}
  ${half('low', 0)}
  ${half('high', 4)}
  for (let at: usize = 0; at < bytes; at += 16) {
    ${turnedOver(ofStream, ofTurn)}
    for (let turn: usize = scratch; turn < scratch + 256; turn += 16) {
      const t0 = v128.or(${low}, i16x8.splat(2)), t1 = v128.or(${high}, i16x8.splat(2));
      const from = v128.load(turn);
      const to = v128.xor(from, i8x16.narrow_i16x8_u(${mask('t0')}, ${mask('t1')}));
      v128.store(turn, to);
      ${takeIn('a', plain)}
      const a01 = i16x8.extend_low_i8x16_u(a0), a23 = i16x8.extend_high_i8x16_u(a0);
      b0 = advanced(b0, i32x4.extend_low_i16x8_u(a01));
      b1 = advanced(b1, i32x4.extend_high_i16x8_u(a01));
      b2 = advanced(b2, i32x4.extend_low_i16x8_u(a23));
      b3 = advanced(b3, i32x4.extend_high_i16x8_u(a23));
      const top = i8x16.narrow_i16x8_u(tops(b0, b1), tops(b2, b3));
      ${takeIn('c', 'top')}
    }
    ${turnedOver(ofTurn, ofStream)}
  }
  ${keys.map((key, i) => `v128.store(keys + ${VECTOR * i}, ${key});`).join('\n')}
}`;
}
