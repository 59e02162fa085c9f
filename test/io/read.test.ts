import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyPackage } from '#lpx/exchange/verify.js';
import { openFile, readSmall } from '#lpx/io/read.js';
import { PASSWORD } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const fileOf = (content: string): string => {
  const file = join(tempFolder(), 'file');
  writeFileSync(file, content);
  return file;
};

function pipe(): string {
  const file = join(tempFolder(), 'pipe');
  execFileSync('mkfifo', [file]);
  return file;
}

describe('a small file', () => {
  it('is read whole up to its limit, and refused beyond', async () => {
    const file = fileOf('12345');
    expect((await readSmall(file, 5, 'file')).toString()).toBe('12345');
    await expect(readSmall(file, 4, 'file')).rejects.toMatchObject({ code: 'LPX_FILE_UNREADABLE', facts: { reason: 'tooLarge' } });
  });

  it('is refused by its size alone, without being read', async () => {
    const file = fileOf('');
    truncateSync(file, 3 * 1024 ** 3);
    await expect(readSmall(file, 65536, 'file')).rejects.toMatchObject({ facts: { reason: 'tooLarge' } });
  });

  it('is a folder, a device or a pipe: refused as what it is', async () => {
    const refusal = (file: string) => readSmall(file, 10, 'file').catch((error) => [error.code, error.facts.reason]);
    expect(await refusal(tempFolder())).toEqual(['LPX_FILE_UNREADABLE', 'EISDIR']);
    expect(await refusal('/dev/zero')).toEqual(['LPX_FILE_UNREADABLE', 'notPlain']);
    expect(await refusal(pipe())).toEqual(['LPX_FILE_UNREADABLE', 'notPlain']);
    await expect(readSmall('/dev/zero', 10, 'file-or-pipe')).rejects.toMatchObject({ facts: { reason: 'notPlain' } });
  });
});

describe('a file that is opened', () => {
  it('is plain: a pipe is refused without waiting for its writer', () => {
    expect(() => openFile(pipe(), 'r')).toThrow(
      expect.objectContaining({ code: 'LPX_FILE_UNREADABLE', facts: expect.objectContaining({ reason: 'notPlain' }) }),
    );
  });
});

describe('a package of 100 GB', () => {
  it('is refused by its size', async () => {
    const zipFile = `${fileOf('')}.zip`;
    writeFileSync(zipFile, '');
    truncateSync(zipFile, 100 * 1024 ** 3);
    await expect(verifyPackage({ zipFile, password: PASSWORD })).rejects.toMatchObject({
      code: 'LPX_LIMIT_EXCEEDED',
      facts: { what: 'archive' },
    });
  });
});
