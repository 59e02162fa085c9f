import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { newGrowth } from '#lpx/zip/threads/digest.js';
import { Helper } from '#lpx/zip/threads/helper.js';
import { tempFolder } from '../../support/temp.js';
import { put } from '../../support/zips.js';

const BIG = 1024 ** 3;

describe('a helper', () => {
  it('is not worth its start for a student of ordinary size', async () => {
    expect(Helper.forBytes(20 * 200_000)).toBeUndefined();
    const helper = Helper.forBytes(BIG);
    expect(helper?.idle).toBe(true);
    await helper?.close();
  });

  it('brings an error back whole, with its place and its cause, and runs the next job', async () => {
    const helper = new Helper();
    const file = join(tempFolder(), 'none');
    const error = await helper.run({ kind: 'digest', file }).catch((reason) => reason);
    expect(error).toBeInstanceOf(LpxError);
    expect(error).toMatchObject({ code: 'LPX_FILE_NOT_FOUND', facts: { file }, place: { file } });
    expect(error.cause).toMatchObject({ code: 'ENOENT', syscall: 'open', path: file });
    expect(error.cause.stack).toContain('ENOENT');
    const next = await helper.run({ kind: 'digest', file: put(join(tempFolder(), 'empty'), Buffer.alloc(0)) });
    expect(next).toMatchObject({ bytes: 0, md5: 'd41d8cd98f00b204e9800998ecf8427e' });
    await helper.close();
  });

  it('rejects the job that has not ended when it is closed, and every job after', async () => {
    const helper = new Helper();
    const file = put(join(tempFolder(), 'a'), Buffer.from('some'));
    const waiting = helper.run({ kind: 'follow', file, growth: newGrowth() });
    expect(helper.idle).toBe(false);
    const outcome = expect(waiting).rejects.toThrow('aborted');
    await helper.close();
    await outcome;
    expect(helper.idle).toBe(false);
    await expect(helper.run({ kind: 'digest', file })).rejects.toThrow('aborted');
  });

  it('keeps the process alive only while it has a job', async () => {
    const ports = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
    const before = ports();
    const helper = new Helper();
    expect(ports()).toBe(before);
    const running = helper.run({ kind: 'digest', file: put(join(tempFolder(), 'a'), Buffer.from('some')) });
    expect(ports()).toBe(before + 1);
    await running;
    expect(ports()).toBe(before);
    await helper.close();
  });
});
