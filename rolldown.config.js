/** What `bin/lpx.js` starts: the modules and their libraries in a file for each command and for what they share; the library. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
// An add-on, which finds its binary from where it lies; what is installed where a store is in a database; a cloud's client that unzipper does
// without.
const external = ['libsql', 'pg', 'pg-boss', 'pino', '@aws-sdk/client-s3'];

/** The licences of the libraries that are inside, which ask to go along with their code. */
const notices = {
  name: 'notices',
  generateBundle(_options, files) {
    const packages = new Map();
    for (const id of Object.values(files).flatMap(({ moduleIds = [] }) => moduleIds)) {
      const [, folder, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id.replaceAll('\\', '/')) ?? [];
      if (folder !== undefined) packages.set(name, folder);
    }
    const source = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, folder]) => noticeOf(name, folder));
    this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-LICENSES.txt', source: source.join('\n\n') });
  },
};

function noticeOf(name, folder) {
  const { version, license, author } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((entry) => /^(un)?licen[cs]e/i.test(entry));
  const text = file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : (author?.name ?? author ?? '');
  return `${name} ${version} (${license})\n\n${text}`;
}

const bundle = (input, codeSplitting, plugins = []) => ({
  input,
  plugins: [linesOnly, ...plugins],
  platform: 'node',
  external,
  // Compiled code that is kept (bin/node-20.js) cannot import: what is not inside is required.
  output: { ...output, dir: 'dist/bundle', format: 'cjs', codeSplitting, dynamicImportInCjs: false },
});

/** The library: what is imported, the thread it runs use cases in, and that one's helper. */
const library = {
  input: { index: 'src/index.ts', 'use-case-worker': 'src/library/use-case-worker.ts', worker: 'src/zip/threads/worker.ts' },
  plugins: [linesOnly, notices],
  platform: 'node',
  external,
  output: { ...output, dir: 'dist/lib', format: 'esm', cleanDir: true },
};

export default [
  bundle('src/zip/threads/worker.ts', false),
  bundle({ main: 'src/cli/main.ts', 'batch-worker': 'src/batch/batch-worker.ts' }, true, [notices]),
  library,
];
