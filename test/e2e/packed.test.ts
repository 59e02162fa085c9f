/** The package that `npm pack` makes, as a vendor has it: installed, typed, imported. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');

/** What a compiler that is strict about libraries too says of a program. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
  },
  files: ['vendor.ts'],
};

describe('the packed library', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-packed-'));
  let bytes = 0;
  const installed = join(folder, 'node_modules', 'lpx');

  beforeAll(async () => {
    await execa('npm', ['run', 'types'], { cwd: ROOT });
    await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
    const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    bytes = statSync(join(folder, tarball as string)).size;
    mkdirSync(join(installed), { recursive: true });
    await execa('tar', ['-xzf', tarball as string, '--strip-components=1', '-C', installed], { cwd: folder });
    for (const name of ['@types', 'undici-types', 'libsql']) symlinkSync(join(MODULES, name), join(folder, 'node_modules', name));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    cpSync(join(ROOT, 'examples', 'vendor.ts'), join(folder, 'vendor.ts'));
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds what runs, its schemas, the samples and the manual, and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed, join(entry.parentPath, entry.name)));
    const expected = [
      /^(LICENSE|README\.md|README\.zh-TW\.md|package\.json)$/,
      /^bin\/[\w-]+\.js$/,
      /^dist\/bundle\/(package\.json|[\w-]+\.js(\.map)?)$/,
      /^dist\/lib\/[\w-]+\.(js|js\.map|d\.ts)$/,
      /^dist\/(bundle|lib)\/THIRD-PARTY-LICENSES\.txt$/,
      /^dist\/man\/(zh_TW\/)?man1\/lpx\.1$/,
      /^samples\/(transfer|full|borrowed-study|package|rosters)\//,
      /^schemas\/(output\/)?[\w-]+\.schema\.json$/,
    ];
    expect(files.filter((file) => !expected.some((pattern) => pattern.test(file)))).toEqual([]);
    expect(expected.filter((pattern) => !files.some((file) => pattern.test(file)))).toEqual([]);
    const licenses = readFileSync(join(installed, 'dist/bundle/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['commander', 'kysely', 'unzipper']) expect(licenses).toMatch(new RegExp(`^${name} [\\d.]+ \\(MIT\\)$`, 'm'));
    expect(bytes).toBeLessThan(2_500_000);
  });

  it('needs no other package, but where Node.js has no SQLite', () => {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    expect([dependencies, Object.keys(optionalDependencies)]).toEqual([undefined, ['libsql']]);
  });

  it('is a package as registries and bundlers want it', async () => {
    expect((await publint({ pkgDir: installed, pack: false, strict: true })).messages).toEqual([]);
  });

  it('compiles and runs the example that vendors start from', async () => {
    await execa(process.execPath, [join(MODULES, 'typescript', 'bin', 'tsc')], { cwd: folder });
    const ran = await execa(process.execPath, ['vendor.js', join(installed, 'samples', 'transfer')], { cwd: folder });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/outbox\/990001_\S+\.zip imported$/);
    expect(readdirSync(join(folder, 'outbox')).map((name) => name.replace(/^[\d_]+/, ''))).toEqual(['.zip', '.zip.md5']);
  });

  it('keeps no process alive with a store that is open and idle, and is required by CommonJS too', async () => {
    const program = `
      const { createStore } = require('lpx');
      createStore('idle', { code: '990001' }).then((store) => console.log(store.school.code));
    `;
    const { stdout } = await execa(process.execPath, ['--no-warnings', '-e', program], { cwd: folder, timeout: 60_000 });
    expect(stdout).toBe('990001');
  });

  it('cannot be published by accident under a name that is somebody else’s', async () => {
    const { exitCode, stdout } = await execa('npm', ['run', 'prepublishOnly'], { cwd: installed, reject: false });
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('somebody else')]);
  });
});
