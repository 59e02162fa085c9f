import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { readSignature, signatureLine, signaturesAmong } from '#lpx/package/signature.js';
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
    ['another file whose name ends in ours', `${OTHER}  ba.zip\n${MD5}  a.zip\n`],
    ['a SHA-256 before it', `SHA256: ${MD5}${OTHER}\nMD5: ${MD5}\n`],
    ['CertUtil’s bytes apart', `MD5 hash of file a.zip:\r\n${MD5.match(/../g)?.join(' ')}\r\nCertUtil: done.\r\n`],
    [
      'a table of Get-FileHash',
      `Algorithm       Hash         Path\n---------       ----         ----\nMD5             ${MD5.toUpperCase()}     C:\\mail\\a.zip\n`,
    ],
    [
      'a list of Get-FileHash of several files',
      `Algorithm : MD5\nHash      : ${OTHER}\nPath      : C:\\b.zip\n\nAlgorithm : MD5\nHash      : ${MD5}\nPath      : C:\\a.zip\n`,
    ],
    ['a CSV of Get-FileHash in UTF-16', Buffer.from(`\ufeff"Algorithm","Hash","Path"\r\n"MD5","${MD5}","C:\\a.zip"\r\n`, 'utf16le')],
    ['what 7z h prints', `${MD5}  25000  a.zip\n------  -----  -----\n${MD5}  25000\n`],
    ['what openssl md5 < prints', `(stdin)= ${MD5}\n`],
    ['a clerk’s note', `\u58d3\u7e2e\u6a94MD5\uff1a${MD5}`],
    ['the name first', `a.zip ${MD5}\n`],
    ['JSON', `{"file":"a.zip","md5":"${MD5}"}`],
    ['full-width digits', MD5.replace(/[0-9a-f]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))],
    ['UTF-16 without a mark', Buffer.from(`${MD5}  a.zip\r\n`, 'utf16le')],
  ])('with %s is read', async (_, content) => {
    expect((await read(content)).md5).toBe(MD5);
  });

  it.each(['a.zip.md5', 'a.md5', 'a.txt', 'a.zip.md5.txt', 'a.md5.txt', 'a.zip.txt', 'A.ZIP.MD5', 'a.zip (1).md5'])(
    'is found as %s',
    async (name) => {
      expect((await read(MD5, name)).md5).toBe(MD5);
    },
  );

  it.each(['a.zip.md5', 'a.zip (1).md5', 'a (1).zip.md5'])('of a package downloaded twice is found as %s', async (name) => {
    const folder = tempFolder();
    writeFileSync(join(folder, name), MD5);
    expect((await readSignature(join(folder, 'a (1).zip'))).md5).toBe(MD5);
  });

  it('under the usual name comes before others, and one of another package does not count', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'b.zip.md5'), OTHER);
    await expect(readSignature(join(folder, 'a.zip'))).rejects.toMatchObject({
      code: 'LPX_SIGNATURE_MISSING',
      facts: { others: 'b.zip.md5' },
    });
    writeFileSync(join(folder, 'a.txt'), OTHER);
    writeFileSync(join(folder, 'a.zip.md5'), MD5);
    expect((await readSignature(join(folder, 'a.zip'))).md5).toBe(MD5);
  });

  it('is read from where the caller says', async () => {
    expect((await read(MD5, 'elsewhere.txt', 'elsewhere.txt')).md5).toBe(MD5);
  });

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no hash', 'see the mail'],
    ['a hash too short', MD5.slice(1)],
    ['a SHA-256 alone', `${MD5}${OTHER}  a.zip`],
    ['a SHA-256 with its bytes apart', `${MD5}${OTHER}`.match(/../g)?.join(' ') ?? ''],
    ['several files, none of them ours', `${OTHER}  b.zip\n${MD5}  c.zip\n`],
  ])('with %s is unreadable', async (_, content) => {
    await expect(read(content)).rejects.toMatchObject({ code: 'LPX_SIGNATURE_UNREADABLE' });
  });

  it('of far too many bytes is not a signature file', async () => {
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

describe('the signatures in a folder', () => {
  it('belong each to the package whose name is nearest', () => {
    const packages = ['a.zip', 'a (1).zip', 'b.zip', 'c.zip'];
    const files = [...packages, 'a.zip.md5', 'a (1).zip.md5', 'B.MD5.txt', 'b.txt', 'd.zip.md5', 'ab.zip.md5', 'readme.txt'];
    expect([...signaturesAmong(packages, files)]).toEqual([
      ['a.zip', ['a.zip.md5']],
      ['a (1).zip', ['a (1).zip.md5']],
      ['b.zip', ['B.MD5.txt', 'b.txt']],
      ['c.zip', []],
    ]);
    expect([...signaturesAmong(['a (1).zip'], ['a.zip.md5'])]).toEqual([['a (1).zip', ['a.zip.md5']]]);
  });
});
