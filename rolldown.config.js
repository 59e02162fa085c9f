/** What `bin/lpx.js` starts: the compiled modules and their libraries in one file, and its code compiled. */
import { rmSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { COMPILED, start } from './bin/start.js';

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

const bundle = (input, file, format, plugins = []) => ({
  input,
  plugins: [ascii, ...plugins],
  platform: 'node',
  // A native addon, which finds its binary from where it lies, and a cloud's client that unzipper does without.
  external: ['better-sqlite3', '@aws-sdk/client-s3'],
  output: { file, format, codeSplitting: false, minify: true },
});

/** Runs the demonstration, so that what a command runs is compiled, and keeps that. */
const compile = {
  name: 'compile',
  async writeBundle() {
    rmSync(COMPILED, { force: true });
    const { script, program } = start();
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const home = fileURLToPath(new URL('.', import.meta.url));
    const code = await program.main(['demo'], {
      stdin: process.stdin,
      stdout: silent,
      stderr: silent,
      env: {},
      cwd: home,
      home,
      now: () => new Date(),
      operator: () => '',
    });
    if (code !== 0) throw new Error(`the demonstration ended with ${code}`);
    writeFileSync(COMPILED, script.createCachedData());
  },
};

export default [
  bundle('dist/zip/worker.js', 'dist/bundle/worker.js', 'esm'),
  bundle('dist/cli/main.js', 'dist/bundle/main.cjs', 'cjs', [compile]),
];
