/** The packages that other vendors try their readers on, read by lpx. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOSTILE_ARCHIVES, hostilePackages } from './fixtures/hostile.js';
import { LARGEST_VECTOR, VECTORS, type VectorFile, vectors, verdictOn } from './fixtures/vectors.js';

const files = readdirSync(VECTORS, { recursive: true }).map(String);
const paths = files.filter((file) => file.endsWith('.zip')).map((file) => file.slice(0, -'.zip'.length));
const expectedOf = (path: string): VectorFile => JSON.parse(readFileSync(join(VECTORS, `${path}.json`), 'utf8'));

describe('a vector', () => {
  it.each(paths)('has the verdict that its file says: %s', async (path) => {
    const { name, password, ...verdict } = expectedOf(path);
    expect(await verdictOn(join(VECTORS, `${path}.zip`), Buffer.from(password)), name).toEqual(verdict);
  });
});

describe('the vectors', () => {
  it('are all the hostile and odd packages but those too large for a file, and nothing else', async () => {
    const all = vectors();
    expect(new Set(all.map(({ path }) => path)).size).toBe(all.length);
    const missing = all.filter(({ path }) => !paths.includes(path));
    for (const { name, make } of missing) expect((await make()).length, name).toBeGreaterThan(LARGEST_VECTOR);
    const known = new Set(all.flatMap(({ path }) => ['.zip', '.zip.md5', '.json'].map((extension) => path + extension)));
    expect(files.filter((file) => statSync(join(VECTORS, file)).isFile() && !known.has(file))).toEqual(['README.md']);
  });

  it('that are hostile are refused with the code of their fault, and those that are odd are read', () => {
    const codes = new Map([...HOSTILE_ARCHIVES, ...hostilePackages([])].map(({ fault, code }) => [fault, code]));
    for (const vector of paths.map(expectedOf)) {
      const code = codes.get(vector.name);
      expect(vector, vector.name).toMatchObject(code ? { verdict: 'refused', code } : { verdict: 'read', exit: 0 });
    }
  });

  it('are signed and take less than 4 MiB', () => {
    expect(paths.filter((path) => !existsSync(join(VECTORS, `${path}.zip.md5`)))).toEqual([]);
    const sizes = files.map((file) => statSync(join(VECTORS, file))).filter((stats) => stats.isFile());
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(4 * 1024 * 1024);
  });
});
