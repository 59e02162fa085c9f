/**
 * Compiles the kernels to WebAssembly, before tsc runs. Writes generated/kernels.as.ts, which is kernels.as.ts with the
 * rounds of rounds.js, whole, so that a compiler error names a line to look at; and generated/kernels.ts, the module as
 * a constant. The memory is imported: arena.ts knows how much it takes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import { md5, sha1, zipCrypto } from './rounds.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = 'generated/kernels.as.ts';
const binary = at('generated/kernels.wasm');

mkdirSync(at('generated'), { recursive: true });
writeFileSync(
  at(source),
  `// Made from kernels.as.ts and rounds.js by build.js. Do not edit.\n${readFileSync(at('kernels.as.ts'), 'utf8')}${md5()}\n${sha1()}\n${zipCrypto()}\n`,
);
const options = [
  '-O3',
  '--runtime',
  'stub',
  '--enable',
  'simd',
  '--importMemory',
  '--outFile',
  'generated/kernels.wasm',
  '--baseDir',
  at('.'),
];
const { error, stderr } = await main([source, ...options]);
if (error) throw new Error(stderr.toString(), { cause: error });
writeFileSync(
  at('generated/kernels.ts'),
  `// Made from ${source} by build.js. Do not edit.\n/** A WebAssembly module, in base64. */\nexport const KERNELS =\n  '${readFileSync(binary).toString('base64')}';\n`,
);
