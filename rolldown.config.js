/** What `bin/lpx.js` starts: the modules and their libraries in a file for each command and for what they share, and their code compiled. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { compiledFormOf, start } from './bin/start.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(at('dist/bundle'), { recursive: true, force: true });
mkdirSync(at('dist/bundle'), { recursive: true });
writeFileSync(at('dist/bundle/package.json'), '{ "type": "commonjs" }\n');

/** ASCII alone can be read as Latin-1 and kept at a byte a character, which halves the time to read it. */
const ascii = {
  name: 'ascii',
  generateBundle: (_options, files) => {
    for (const file of Object.values(files)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: everything but ASCII
      file.code = file.code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    }
  },
};

const bundle = (input, codeSplitting, plugins = []) => ({
  input,
  plugins: [ascii, ...plugins],
  platform: 'node',
  // A native addon, which finds its binary from where it lies, and a cloud's client that unzipper does without.
  external: ['libsql', '@aws-sdk/client-s3'],
  output: { dir: 'dist/bundle', format: 'cjs', codeSplitting, minify: true },
});

/** Runs the demonstration, so that what commands run is compiled, and keeps that. */
const compile = {
  name: 'compile',
  async writeBundle() {
    const { scripts, program } = start();
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const code = await program.main(['demo'], {
      stdin: process.stdin,
      stdout: silent,
      stderr: silent,
      env: {},
      cwd: at('.'),
      home: at('.'),
      version: '',
      copySample: (folder) => cp(at('samples/transfer'), folder, { recursive: true }),
      now: () => new Date(),
      operator: () => '',
    });
    if (code !== 0) throw new Error(`the demonstration ended with ${code}`);
    for (const [file, script] of scripts) writeFileSync(compiledFormOf(file), script.createCachedData());
  },
};

/** The library: what is imported, the thread it runs use cases in, and that one's helper. */
const library = {
  input: { index: 'src/index.ts', 'use-case-worker': 'src/library/use-case-worker.ts', worker: 'src/zip/threads/worker.ts' },
  platform: 'node',
  external: ['libsql', '@aws-sdk/client-s3'],
  output: { dir: 'dist/lib', format: 'esm', cleanDir: true, minify: true },
};

export default [bundle('src/zip/threads/worker.ts', false), bundle('src/cli/main.ts', true, [compile]), library];
