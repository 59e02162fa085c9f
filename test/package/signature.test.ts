import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { readSignature, signatureLine } from '#lpx/package/signature.js';
import { tempFolder } from '../support/temp.js';

const MD5 = '0123456789abcdef0123456789abcdef';
const OTHER = 'f'.repeat(32);

function read(content: string | Buffer, signatureName = 'a.zip.md5', given?: string) {
  const folder = tempFolder();
  writeFileSync(join(folder, signatureName), content);
  return readSignature(join(folder, 'a.zip'), given && join(folder, given));
}

describe('a signature file', () => {
  it.each<[string, string | Buffer]>([
    ['a line of md5sum', `${MD5}  a.zip\n`],
    ['a line of md5sum in binary mode', `${MD5} *a.zip\n`],
    ['bare hex', MD5],
    ['hex in capitals', MD5.toUpperCase()],
    ['a BSD line', `MD5 (a.zip) = ${MD5}\n`],
    ['Windows line ends and a byte order mark', `\ufeff${MD5}  a.zip\r\n`],
    ['UTF-16, little end first', Buffer.from(`\ufeff${MD5}  a.zip\r\n`, 'utf16le')],
    ['UTF-16, big end first', Buffer.from(`\ufeff${MD5}  a.zip\r\n`, 'utf16le').swap16()],
    ['a comment before it', `; made by some tool\n# and another\n${MD5}  a.zip\n`],
    ['another name, since mail renames files', `${MD5}  b.zip\n`],
    ['several files, ours among them', `${OTHER}  b.zip\n${MD5}  a.zip\n`],
  ])('with %s is read', async (_, content) => {
    expect((await read(content)).md5).toBe(MD5);
  });

  it.each(['a.zip.md5', 'a.md5', 'a.txt'])('is found as %s', async (name) => {
    expect((await read(MD5, name)).md5).toBe(MD5);
  });

  it('is read from where the caller says', async () => {
    expect((await read(MD5, 'elsewhere.txt', 'elsewhere.txt')).md5).toBe(MD5);
  });

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no hash', 'see the mail'],
    ['a hash too short', MD5.slice(1)],
    ['several files, none of them ours', `${OTHER}  b.zip\n${MD5}  c.zip\n`],
  ])('with %s is unreadable', async (_, content) => {
    await expect(read(content)).rejects.toMatchObject({ code: 'LPX_SIGNATURE_UNREADABLE' });
  });

  it('of far too many bytes is no signature file', async () => {
    await expect(read(Buffer.alloc(100_000, 'a'))).rejects.toMatchObject({ code: 'LPX_FILE_UNREADABLE' });
  });

  it('that is not there is missing; one that was named is not found', async () => {
    await expect(readSignature(join(tempFolder(), 'a.zip'))).rejects.toMatchObject({ code: 'LPX_SIGNATURE_MISSING' });
    await expect(readSignature(join(tempFolder(), 'a.zip'), '/nowhere/a.md5')).rejects.toMatchObject({ code: 'LPX_FILE_NOT_FOUND' });
  });

  it('as we write it satisfies md5sum -c', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'a.zip'), 'content');
    const md5 = execaSync('md5sum', ['a.zip'], { cwd: folder }).stdout.slice(0, 32);
    writeFileSync(join(folder, 'a.zip.md5'), signatureLine(md5, join(folder, 'a.zip')));
    expect(execaSync('md5sum', ['-c', 'a.zip.md5'], { cwd: folder }).exitCode).toBe(0);
  });
});
