import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { BLOCK_BYTES, newRing, RingFiller } from '#lpx/zip/threads/block-ring.js';
import { WorkPool } from '#lpx/zip/threads/helper.js';
import { tempFolder } from '../../support/temp.js';

function openFile(flags = 'wx'): { readonly fd: number; readonly file: string } {
  const file = join(tempFolder(), 'a');
  if (flags === 'r') writeFileSync(file, '');
  const fd = openSync(file, flags);
  onTestFinished(() => closeSync(fd));
  return { fd, file };
}

const writesTo = (fd: number) => (block: Buffer, position: number) => {
  writeSync(fd, block, 0, block.length, position);
};

describe('a pool of work', () => {
  it.each([0, 1, 2])('gives the same results on %i threads beside its own', async (threads) => {
    const folder = tempFolder();
    const files = Array.from({ length: 9 }, (_, i) => join(folder, String(i)));
    const contents = files.map(() => randomBytes(300_000));
    files.forEach((file, i) => {
      writeFileSync(file, contents[i] as Buffer);
    });
    const pool = new WorkPool(threads);
    const digests = await Promise.all(files.map((file) => pool.run({ kind: 'digest', file })));
    await pool.close();
    const hash = (kind: string, bytes: Buffer) => createHash(kind).update(bytes).digest('hex');
    expect(digests).toEqual(contents.map((bytes) => ({ md5: hash('md5', bytes), sha256: hash('sha256', bytes), bytes: bytes.length })));
  });

  it.each([0, 1])('brings an error back with its code and facts (%i threads)', async (threads) => {
    const pool = new WorkPool(threads);
    const file = join(tempFolder(), 'none');
    const error = await pool.run({ kind: 'digest', file }).catch((reason) => reason);
    await pool.close();
    expect(error).toBeInstanceOf(LpxError);
    expect(error).toMatchObject({ code: 'LPX_FILE_NOT_FOUND', facts: { file } });
  });

  it('calls off what has not ended when it is closed', async () => {
    const pool = new WorkPool(1);
    const waiting = pool.run({ kind: 'write-ring', ring: newRing(16), ...openFile() });
    const outcome = expect(waiting).rejects.toThrow('called off');
    await pool.close();
    await outcome;
  });
});

describe('a ring of blocks', () => {
  it('hands every byte over in order, whatever the blocks hold, and waits when it is full', async () => {
    const pool = new WorkPool(1);
    const ring = newRing(16);
    const { fd, file } = openFile();
    const writing = pool.run({ kind: 'write-ring', ring, fd, file });
    const filler = new RingFiller(ring, writing, writesTo(fd));
    const expected = createHash('md5');
    let bytes = 0;
    for (let i = 0; i < 100; i++) {
      const length = i % 3 === 0 ? BLOCK_BYTES : 1 + ((i * 7919) % BLOCK_BYTES);
      const block = await filler.block();
      randomBytes(length).copy(block);
      expected.update(block.subarray(0, length));
      filler.put(length);
      bytes += length;
    }
    filler.end();
    const md5 = expected.digest('hex');
    expect(await writing).toMatchObject({ md5, bytes });
    expect(createHash('md5').update(readFileSync(file)).digest('hex')).toBe(md5);
    await pool.close();
  });

  it('is written by its filler, too, while the draining thread is behind, each block to its place', async () => {
    const ring = newRing(16);
    const { fd, file } = openFile();
    let started: (() => void) | undefined;
    const draining = new Promise<void>((resolve) => {
      started = resolve;
    });
    const written: number[] = [];
    const filler = new RingFiller(ring, draining, (block, position) => {
      written.push(position);
      writesTo(fd)(block, position);
    });
    const blocks = Array.from({ length: 12 }, (_, i) => Buffer.alloc(1000 + i, i));
    for (const bytes of blocks) {
      bytes.copy(await filler.block());
      filler.put(bytes.length);
    }
    filler.end();
    expect(written.length).toBeGreaterThan(0);
    expect(written.length).toBeLessThan(blocks.length);
    const pool = new WorkPool(1);
    const { md5 } = await pool.run({ kind: 'write-ring', ring, fd, file });
    started?.();
    await pool.close();
    expect(readFileSync(file).equals(Buffer.concat(blocks))).toBe(true);
    expect(md5).toBe(createHash('md5').update(Buffer.concat(blocks)).digest('hex'));
  });

  it('does not keep its filler waiting when what it goes to fails', async () => {
    const pool = new WorkPool(1);
    const ring = newRing(16);
    const filler = new RingFiller(ring, pool.run({ kind: 'write-ring', ring, ...openFile('r') }), () => {});
    const fillForever = async () => {
      for (;;) {
        await filler.block();
        filler.put(BLOCK_BYTES);
      }
    };
    await expect(fillForever()).rejects.toThrow('EBADF');
    await pool.close();
  });
});
