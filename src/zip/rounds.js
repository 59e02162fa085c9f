/**
 * Writes out what the kernels do for several streams, for build.js: the rounds of MD5 and SHA-1 for two sets of four
 * lanes, a byte of ZipCrypto for four streams. All go step by step in turn, so that one's step is worked on while
 * another's waits for its operands. V8 puts an operation where its result is first
 * needed, which would be one set after the other; a store after each step keeps the turns.
 */

export const SETS = [0, 1];
const LANES = 4;
const VECTOR = 16;

const names = (registers, set) => registers.map((register) => `${register}${set}`);
const load = (register, from) => `let ${register} = v128.load(${from});`;
const keep = (register, set) => `v128.store(TURNS + ${VECTOR * set}, ${register});`;

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
      return `${a} = ${mixes[round]}(${a}, ${others.join(', ')}, ${rest}); ${keep(a, set)}`;
    }).join('\n');
  }).join('\n');
}

/** `md5(state, input, stride, blocks)`: advances eight states by blocks that lie `stride` bytes from lane to lane. */
export function md5() {
  const registers = ['a', 'b', 'c', 'd'];
  const each = (write) =>
    SETS.flatMap((set) => registers.map((register, i) => write(`${register}${set}`, VECTOR * (4 * set + i)))).join('\n');
  const lanes = (set) => Array.from({ length: LANES }, (_, lane) => `input + ${LANES * set + lane} * stride + at`).join(', ');
  const transposes = SETS.flatMap((set) =>
    [0, 1, 2, 3].map((quarter) => `transpose(${lanes(set)}, ${VECTOR * quarter}, WORDS + ${256 * set + 64 * quarter});`),
  );
  return `
export function md5(state: usize, input: usize, stride: usize, blocks: i32): void {
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

/** `sha1(from, to)`: hashes the blocks in WORDS, both sets from the same states (five vectors), to states of their own. */
export function sha1() {
  const registers = ['a', 'b', 'c', 'd', 'e'];
  const each = (write) => SETS.flatMap((set) => registers.map((register, i) => write(`${register}${set}`, VECTOR * i, set))).join('\n');
  const steps = Array.from({ length: 80 }, (_, n) => {
    const [mix, constant] = SHA1_ROUNDS[Math.floor(n / 20)];
    return SETS.map((set) => {
      const [a, b, c, d, e] = names(turned(registers, n), set);
      return `${e} = round(${a}, ${mix}(${b}, ${c}, ${d}), ${e}, ${80 * set + n}, ${constant}); ${b} = rotated(${b}, 30); ${keep(e, set)}`;
    }).join('\n');
  });
  return `
function sha1(from: usize, to: usize): void {
  for (let t: usize = 16; t < 80; t++) {
    ${SETS.map((set) => `scheduled(t + ${80 * set});`).join(' ')}
  }
  ${each((register, at) => load(register, `from + ${at}`))}
  ${steps.join('\n')}
  ${each((register, at) => `${register} = i32x4.add(${register}, v128.load(from + ${at}));`)}
  ${each((register, at, set) => `v128.store(to + ${80 * set + at}, ${register});`)}
}`;
}

const STREAMS = [0, 1, 2, 3];

/**
 * `zipCrypto(keys, input, stride, bytes)`: decrypts four streams in place, `stride` bytes from one to the next; three
 * keys a stream at `keys`. See zipcrypto.ts for what a byte does.
 */
export function zipCrypto() {
  const each = (write) => STREAMS.map(write).join('\n');
  return `
export function zipCrypto(keys: usize, input: usize, stride: usize, bytes: usize): void {
  ${each((n) => `let a${n} = load<u32>(keys, ${12 * n}), b${n} = load<u32>(keys, ${12 * n + 4}), c${n} = load<u32>(keys, ${12 * n + 8});`)}
  ${each((n) => `const from${n} = input + ${n} * stride;`)}
  for (let at: usize = 0; at < bytes; at++) {
    ${each(
      (n) => `const t${n} = (c${n} & 0xffff) | 2;
    const plain${n} = (<u32>load<u8>(from${n} + at) ^ (t${n} * (t${n} ^ 1) >> 8)) & 255;
    store<u8>(from${n} + at, plain${n});
    a${n} = crc(a${n}, plain${n});
    b${n} = (b${n} + (a${n} & 255)) * 134775813 + 1;
    c${n} = crc(c${n}, b${n} >> 24);`,
    )}
  }
  ${each((n) => `store<u32>(keys, a${n}, ${12 * n}); store<u32>(keys, b${n}, ${12 * n + 4}); store<u32>(keys, c${n}, ${12 * n + 8});`)}
}`;
}
