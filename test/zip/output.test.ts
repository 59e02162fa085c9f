import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newKeyMemory } from '#lpx/zip/crypto/aes-keys.js';
import { FileOutput } from '#lpx/zip/output.js';
import { newGrowth, setGrowth } from '#lpx/zip/threads/digest.js';
import { Helper } from '#lpx/zip/threads/helper.js';
import { madeBytes } from '../support/made-bytes.js';
import { tempFolder } from '../support/temp.js';

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
const password = Buffer.from('p');

function helperFor(keys?: ReturnType<typeof newKeyMemory>) {
  const helper = new Helper();
  onTestFinished(() => helper.close());
  return { helper, ahead: keys && { keys, password } };
}

describe('the file of an archive', () => {
  it.each([
    ['here', () => undefined],
    ['behind by a helper', () => helperFor()],
    ['behind by a helper that also derives keys', () => helperFor(newKeyMemory(40, madeBytes))],
  ])('has its digests when it is complete, hashed %s, whatever is written and however fast', async (_, help) => {
    const file = join(tempFolder(), 'a');
    const output = new FileOutput(file, help());
    const parts = Array.from({ length: 60 }, (_, i) => madeBytes(1 + ((i * 7919) % 300_000)));
    for (const [i, part] of parts.entries()) {
      const reused = Buffer.from(part);
      output.write(reused);
      reused.fill(0);
      if (i % 20 === 0) await setTimeout(5);
    }
    const digests = await output.finish();
    await output.close();
    const whole = Buffer.concat(parts);
    expect(digests).toMatchObject({ md5: md5(whole), bytes: whole.length });
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  it('of nothing has the digests of nothing', async () => {
    const output = new FileOutput(join(tempFolder(), 'a'), helperFor());
    expect(await output.finish()).toMatchObject({ md5: md5(Buffer.alloc(0)), bytes: 0 });
    await output.close();
  });

  it('can be given up at any time, and leaves the helper idle', async () => {
    for (const bytes of [0, 1000]) {
      const help = helperFor();
      const output = new FileOutput(join(tempFolder(), 'a'), help);
      output.write(Buffer.alloc(bytes));
      await output.close();
      expect(help.helper.idle).toBe(true);
    }
  });

  it('does not end well when it is shorter than what was written', async () => {
    const file = join(tempFolder(), 'a');
    writeFileSync(file, Buffer.alloc(100));
    const growth = newGrowth();
    setGrowth(growth, 110, 'ended');
    const { helper } = helperFor();
    await expect(helper.run({ kind: 'follow', file, growth, ahead: undefined })).rejects.toMatchObject({ code: 'LPX_FILE_CHANGED' });
  });

  it('is not written over one that is there', async () => {
    const file = join(tempFolder(), 'a');
    await new FileOutput(file).close();
    expect(() => new FileOutput(file)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(existsSync(file)).toBe(true);
  });
});
