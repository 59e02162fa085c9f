/**
 * Compiles the kernels to WebAssembly, before tsc runs. Writes generated/kernels.as.ts, which is kernels.as.ts with the
 * rounds of rounds.js, whole, so that a compiler error names a line to look at; and generated/kernels.ts, the module as
 * a constant. The memory is imported: arena.ts knows how much it takes. What was made from the same sources stays: the
 * compiler takes longer than all else that unit tests wait for.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { md5, sha1, zipCrypto } from './rounds.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = 'generated/kernels.as.ts';
const binary = at('generated/kernels.wasm');

const sources = createHash('sha256');
for (const name of ['build.js', 'kernels.as.ts', 'rounds.js']) sources.update(readFileSync(at(name)));
const made = `// Made from ${source} by build.js, sources ${sources.digest('hex').slice(0, 16)}. Do not edit.\n`;
if (contentOf(at('generated/kernels.ts')).startsWith(made)) process.exit();

function contentOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const { main } = await import('assemblyscript/asc');
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
  `${made}/** A WebAssembly module, in base64. */\nexport const KERNELS =\n  '${readFileSync(binary).toString('base64')}';\n`,
);
