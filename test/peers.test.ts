import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { keptFolder } from './support/temp.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PEERS = Object.keys(peerDependencies);

describe('an install for one school', () => {
  it('brings no database, queue, log or cloud along: they are optional peers, and nothing else is a dependency', () => {
    expect(PEERS).toEqual(expect.arrayContaining(['pg', 'pg-boss', 'pino']));
    expect(dependencies).toBeUndefined();
    expect(PEERS.filter((name) => peerDependenciesMeta[name]?.optional !== true)).toEqual([]);
  });

  it.each(['dist/bundle', 'dist/lib'])('has nothing of them in %s either', (folder) => {
    const notices = readFileSync(join(ROOT, folder, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    const inside = [...notices.matchAll(/^(\S+) \d+\.\d+\.\d+\S* \(/gm)].map(([, name]) => name);
    expect(inside).toContain('kysely');
    expect(PEERS.filter((name) => inside.includes(name))).toEqual([]);
    expect(readdirSync(join(ROOT, folder)).length).toBeGreaterThan(1);
  });
});

describe('an installed lpx without them', () => {
  const folder = keptFolder();
  for (const part of ['package.json', 'bin', 'dist/bundle']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const worker = ['--store', 'postgres://127.0.0.1:1/lpx', 'worker', '--passwords', 'passwords'];
  it.each([
    ['pg', 'LPX_DATABASE_CLIENT_MISSING', 'npm install pg', ['--store', 'postgres://127.0.0.1:1/lpx', 'students']],
    ['pg-boss', 'LPX_PACKAGE_MISSING', 'npm install pg-boss@10', worker],
    ['pino', 'LPX_PACKAGE_MISSING', 'npm install pino@10', [...worker, '--log', 'json']],
    [
      '@aws-sdk/client-s3',
      'LPX_S3_CLIENT_MISSING',
      'npm install @aws-sdk/client-s3',
      ['--store', 'store', 'init', '--school', '990001', '--attachments', 's3://files'],
    ],
  ])('says how to install %s where it is asked for, and does nothing', async (name, code, install, words) => {
    expect(PEERS).toContain(name);
    const env = { LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', LPX_PASSWORD: '', NODE_PATH: '' };
    const ran = await execa(process.execPath, [join(folder, 'bin', 'lpx.js'), ...words], { cwd: folder, reject: false, env });
    expect([ran.exitCode, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain(code);
    expect(ran.stderr).toContain(install);
    expect(existsSync(join(folder, 'store'))).toBe(false);
  });
});
