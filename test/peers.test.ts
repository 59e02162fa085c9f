import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

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
