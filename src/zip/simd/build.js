/** Turns `kernels.as.ts`, with the rounds of `rounds.js`, into WebAssembly, before tsc runs, and that into a constant. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import { md5, sha1, zipCrypto } from './rounds.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
/** In 64 KiB pages: room for 256 KiB of each of sixteen streams, and three more. */
const PAGES = 67;
const source = `${readFileSync(at('kernels.as.ts'), 'utf8')}${md5()}\n${sha1()}\n${zipCrypto()}\n`;

let binary;
const { error, stderr } = await main(
  [
    'kernels.as.ts',
    '-O3',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--initialMemory',
    String(PAGES),
    '--outFile',
    'kernels.wasm',
    '--baseDir',
    at('.'),
  ],
  {
    readFile: (name) => (name === 'kernels.as.ts' ? source : null),
    writeFile: (_name, contents) => {
      binary = contents;
    },
  },
);
if (error) throw new Error(stderr.toString(), { cause: error });

const generated = at('generated/kernels.ts');
mkdirSync(dirname(generated), { recursive: true });
writeFileSync(
  generated,
  `// Made from kernels.as.ts by build.js. Do not edit.\n/** A WebAssembly module, in base64. */\nexport const KERNELS =\n  '${Buffer.from(binary).toString('base64')}';\n`,
);
