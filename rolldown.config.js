/** What `bin/lpx.js` starts: the modules and their libraries in a file for each command and for what they share; the library; the manual. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

for (const folder of ['dist/bundle', 'dist/compiled']) rmSync(at(folder), { recursive: true, force: true });
mkdirSync(at('dist/bundle'), { recursive: true });
writeFileSync(at('dist/bundle/package.json'), '{ "type": "commonjs" }\n');

/** A stack needs files and lines, not the sources again. */
const linesOnly = {
  name: 'lines-only',
  generateBundle: (_options, files) => {
    for (const [name, file] of Object.entries(files)) {
      if (!name.endsWith('.map')) continue;
      const { sourcesContent: _, ...map } = JSON.parse(file.source);
      file.source = JSON.stringify(map);
    }
  },
};

// Names stay: a stack is read by people.
const output = { sourcemap: true, minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } } };
// An add-on, which finds its binary from where it lies, and a cloud's client that unzipper does without.
const external = ['libsql', '@aws-sdk/client-s3'];

/** Writes the manual pages, from the text of the help. */
const manual = {
  name: 'manual',
  writeBundle() {
    for (const [language, folder] of Object.entries({ en: 'man1', 'zh-TW': 'zh_TW/man1' })) {
      mkdirSync(at(`dist/man/${folder}`), { recursive: true });
      const page = execFileSync(process.execPath, [at('bin/lpx.js'), '--lang', language, 'help', '--man']);
      writeFileSync(at(`dist/man/${folder}/lpx.1`), page);
    }
  },
};

const bundle = (input, codeSplitting, plugins = []) => ({
  input,
  plugins: [linesOnly, ...plugins],
  platform: 'node',
  external,
  output: { ...output, dir: 'dist/bundle', format: 'cjs', codeSplitting },
});

/** The library: what is imported, the thread it runs use cases in, and that one's helper. */
const library = {
  input: { index: 'src/index.ts', 'use-case-worker': 'src/library/use-case-worker.ts', worker: 'src/zip/threads/worker.ts' },
  plugins: [linesOnly],
  platform: 'node',
  external,
  output: { ...output, dir: 'dist/lib', format: 'esm', cleanDir: true },
};

export default [bundle('src/zip/threads/worker.ts', false), bundle('src/cli/main.ts', true, [manual]), library];
