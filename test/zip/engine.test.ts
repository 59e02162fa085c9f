import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ZipEngine } from '#lpx/zip/engine.js';
import { madeBytes } from '../support/made-bytes.js';
import { tempFolder } from '../support/temp.js';

const BIG = 1024 ** 3;
const hash = (kind: string, bytes: Buffer) => createHash(kind).update(bytes).digest('hex');

function filesOf(contents: readonly Buffer[]): string[] {
  const folder = tempFolder();
  return contents.map((content, i) => {
    writeFileSync(join(folder, String(i)), content);
    return join(folder, String(i));
  });
}

describe('an engine', () => {
  it.each([
    [1, 0],
    [2, BIG],
  ])('gives the same results on %i threads', async (threads, bytes) => {
    const contents = Array.from({ length: 9 }, () => madeBytes(300_000));
    const engine = new ZipEngine();
    engine.expect(bytes);
    expect(engine.threads).toBe(threads);
    const digests = await Promise.all(filesOf(contents).map((file) => engine.run({ kind: 'digest', file })));
    await engine.close();
    expect(digests).toMatchObject(contents.map((content) => ({ md5: hash('md5', content), bytes: content.length })));
  });

  it.each([0, BIG])('goes on with the next job after one that fails', async (bytes) => {
    const engine = new ZipEngine();
    engine.expect(bytes);
    const [file] = filesOf([Buffer.from('some')]) as [string];
    const jobs = [`${file}.none`, file, `${file}.none`, file].map((name) => engine.run({ kind: 'digest', file: name }));
    const ended = await Promise.allSettled(jobs);
    await engine.close();
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(ended[0]).toMatchObject({ reason: { code: 'LPX_FILE_NOT_FOUND' } });
  });

  it('rejects the jobs that have not begun when it is closed', async () => {
    const engine = new ZipEngine();
    const [file] = filesOf([Buffer.from('some')]) as [string];
    const jobs = [file, file, file].map((name) => engine.run({ kind: 'digest', file: name }));
    const ended = Promise.allSettled(jobs);
    await engine.close();
    expect((await ended).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  });
});
