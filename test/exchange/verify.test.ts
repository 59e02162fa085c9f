import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyPackage } from '#lpx/exchange/verify.js';
import { contentOf, exportFrom, PASSWORD, sign, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { put, rawZip, type TestEntry, written } from '../support/zips.js';

const MD5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
async function sample(encryption: 'aes256' | 'zipcrypto' = 'aes256') {
  const folder = tempFolder();
  return (await exportFrom(await transferSchool(folder), join(folder, 'mail'), { encryption })).zipFile;
}
const verified = (zipFile: string, password = PASSWORD) => verifyPackage({ zipFile, password });
const statuses = (report: Awaited<ReturnType<typeof verified>>) => report.checks.map(({ status }) => status[0]).join('');
const failing = (report: Awaited<ReturnType<typeof verified>>) =>
  report.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);

/** A signed archive of these entries, under a package's name. */
async function made(entries: readonly TestEntry[]): Promise<string> {
  const zipFile = put(join(tempFolder(), '990001_2021_01_21_09_00_00.zip'), await written(entries, 'aes256', PASSWORD));
  sign(zipFile);
  return zipFile;
}
const json = (name: string, value: unknown): TestEntry => ({ name, content: Buffer.from(JSON.stringify(value)), deflate: true });

describe('a verification', () => {
  it('of an intact package passes every check and says what is in it', async () => {
    const zipFile = await sample();
    const report = await verified(zipFile);
    const bytes = readFileSync(zipFile);
    expect(statuses(report)).toBe('ppppppp');
    expect(report).toMatchObject({
      ok: true,
      package: {
        file: basename(zipFile),
        bytes: bytes.length,
        md5: MD5(bytes),
        contentsDigest: '',
        encryption: 'aes256',
        school: '990001',
        createdAt: '2021-01-21 09:00:00',
      },
      students: [{ nationalId: TRANSFER_STUDENT }],
    });
    expect(failing(report)).toEqual([]);
  });

  it('stops at the signature when it does not match, and says both hashes', async () => {
    const zipFile = await sample();
    writeFileSync(`${zipFile}.md5`, `${'0'.repeat(32)}  ${basename(zipFile)}\n`);
    const report = await verified(zipFile);
    expect(statuses(report)).toBe('fssssss');
    expect(report.findings).toMatchObject([
      { code: 'LPX_SIGNATURE_MISMATCH', facts: { expected: '0'.repeat(32), actual: MD5(readFileSync(zipFile)) } },
    ]);
  });

  it('stops at the signature when there is none', async () => {
    const zipFile = await sample();
    rmSync(`${zipFile}.md5`);
    expect(failing(await verified(zipFile))).toEqual(['LPX_SIGNATURE_MISSING']);
  });

  it.each([
    ['is missing', undefined, 'LPX_SIGNATURE_MISSING'],
    ['cannot be read', 'no hash', 'LPX_SIGNATURE_UNREADABLE'],
  ])('of a package that is read by two threads stops at the signature when it %s', async (_, signature, code) => {
    const large = { name: 'x/b.pdf', content: Buffer.alloc(20 * 1024 * 1024) };
    const zipFile = put(join(tempFolder(), '990001_2021_01_21_09_00_00.zip'), await written([large], 'aes256', PASSWORD));
    if (signature) writeFileSync(`${zipFile}.md5`, signature);
    const report = await verified(zipFile);
    expect([statuses(report), failing(report)]).toEqual(['fssssss', [code]]);
    expect(report.package.md5).toBe(MD5(readFileSync(zipFile)));
  });

  it('opens a large package that was zipped once more with its signature', async () => {
    const zipFile = await sample();
    const filler = { name: 'x/filler.bin', content: Buffer.alloc(6 * 1024 * 1024, 7) };
    const content = await written([...(await contentOf(zipFile)), filler], 'aes256', PASSWORD);
    const plain = (name: string, content: Buffer) => ({ name, content, plain: true });
    const outer = rawZip([plain(basename(zipFile), content), plain(`${basename(zipFile)}.md5`, Buffer.from(MD5(content)))], PASSWORD);
    const report = await verified(put(join(tempFolder(), 'mail.zip'), outer));
    expect([report.ok, failing(report)]).toEqual([true, []]);
  });

  it.each([
    ['zeros', Buffer.alloc(10_240), 'note'],
    ['blanks', Buffer.from('\r\n'), 'warning'],
  ])('reads a package that %s follow, and says so', async (content, padding, severity) => {
    const zipFile = await sample();
    writeFileSync(zipFile, Buffer.concat([readFileSync(zipFile), padding]));
    sign(zipFile);
    const report = await verified(zipFile);
    expect(report.ok).toBe(true);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'LPX_ZIP_PADDED', severity, facts: { bytes: padding.length, content } }),
    );
  });

  it('names a second document, also next to one under the package’s name', async () => {
    const content = Buffer.from(JSON.stringify([{ 基本資料: {} }]));
    const report = await verified(
      await made([
        { name: '990001_2021_01_21_09_00_00.json', content },
        { name: 'another.json', content },
      ]),
    );
    expect(report.findings).toMatchObject([
      { code: 'LPX_NOT_A_PACKAGE', place: { entry: 'another.json' }, facts: { reason: 'severalDocuments' } },
    ]);
  });

  it.each(['aes256', 'zipcrypto'] as const)('distinguishes a wrong password from damage under %s', async (encryption) => {
    const zipFile = await sample(encryption);
    const wrong = await verified(zipFile, Buffer.from('wrong'));
    expect([statuses(wrong), failing(wrong)]).toEqual(['ppfssss', ['LPX_PASSWORD_WRONG']]);
    const bytes = readFileSync(zipFile);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    writeFileSync(zipFile, bytes);
    sign(zipFile);
    const damaged = await verified(zipFile);
    expect([statuses(damaged), failing(damaged)]).toEqual(['ppppppf', ['LPX_ENTRY_DAMAGED']]);
  });

  it('says which form of the password opened the package, and never the password', async () => {
    const report = await verified(await sample(), Buffer.from(`"${PASSWORD}" `));
    expect(report.ok).toBe(true);
    expect(report.findings.filter(({ code }) => code === 'LPX_PASSWORD_FORM')).toMatchObject([
      { severity: 'note', facts: { passwordChange: 'trimmed' } },
      { severity: 'note', facts: { passwordChange: 'unquoted' } },
    ]);
    expect(JSON.stringify(report)).not.toContain(PASSWORD.toString());
  });

  it('says what is odd about a password that does not open', async () => {
    const report = await verified(await sample(), Buffer.from('another '));
    expect(report.findings).toMatchObject([{ code: 'LPX_PASSWORD_WRONG', facts: { passwordOddity: 'blank' } }]);
  });

  it('says which file was taken for the signature, unless it has the usual name', async () => {
    const zipFile = await sample();
    const taken = async () => (await verified(zipFile)).findings.filter(({ code }) => code === 'LPX_SIGNATURE_TAKEN');
    expect(await taken()).toEqual([]);
    const other = zipFile.replace(/\.zip$/, '.md5.txt');
    renameSync(`${zipFile}.md5`, other);
    expect(await taken()).toMatchObject([{ severity: 'note', place: { file: basename(other) } }]);
    expect((await verifyPackage({ zipFile, password: PASSWORD, signature: { file: other } })).findings).toEqual([]);
  });

  it('asks for no password before the signature holds', async () => {
    const zipFile = await sample();
    writeFileSync(`${zipFile}.md5`, '0'.repeat(32));
    const password = async () => {
      throw new Error('asked');
    };
    expect(failing(await verifyPackage({ zipFile, password }))).toEqual(['LPX_SIGNATURE_MISMATCH']);
  });

  it('stops at the structure when there is no document, or two', async () => {
    expect(failing(await verified(await made([json('A/x.json', [])])))).toEqual(['LPX_NOT_A_PACKAGE']);
    expect(failing(await verified(await made([json('a.json', []), json('b.json', [])])))).toEqual(['LPX_NOT_A_PACKAGE']);
  });

  it('stops at the structure when the JSON cannot be read', async () => {
    const report = await verified(await made([{ name: 'a.json', content: Buffer.from('['), deflate: true }]));
    expect([statuses(report), failing(report)]).toEqual(['pppfsss', ['LPX_JSON_UNREADABLE']]);
  });

  it('stops at the schema, with every violation', async () => {
    const report = await verified(await made([json('a.json', [{}])]));
    expect(statuses(report)).toBe('ppppfss');
    expect(failing(report).length).toBeGreaterThan(1);
  });

  it('stops at the directory when an entry is not encrypted', async () => {
    const content = Buffer.from('open');
    const archive = rawZip([{ name: 'a.json', content, record: { flags: 0x800, size: 16 } }], PASSWORD);
    const zipFile = put(join(tempFolder(), 'a.zip'), archive);
    sign(zipFile);
    const report = await verified(zipFile);
    expect([statuses(report), failing(report)]).toEqual(['pfsssss', ['LPX_ENTRY_NOT_ENCRYPTED']]);
  });

  it('stops at the directory when nothing is encrypted, were it empty', async () => {
    const archive = rawZip([{ name: 'a.json', content: Buffer.alloc(0), record: { flags: 0x800, size: 12 } }], PASSWORD);
    const zipFile = put(join(tempFolder(), 'a.zip'), archive);
    sign(zipFile);
    expect(failing(await verified(zipFile))).toEqual(['LPX_ENTRY_NOT_ENCRYPTED']);
  });

  it('of something that is not there, or a folder, is an error of the call', async () => {
    await expect(verified(join(tempFolder(), 'none.zip'))).rejects.toMatchObject({ code: 'LPX_FILE_NOT_FOUND' });
    await expect(verified(tempFolder())).rejects.toMatchObject({ code: 'LPX_FILE_UNREADABLE' });
  });

  it('says what a file is that is not a ZIP at all, before it asks for a signature', async () => {
    const zipFile = put(join(tempFolder(), 'page.zip'), Buffer.from('<!DOCTYPE html><html></html>'));
    const report = await verified(zipFile);
    expect(report.findings.map(({ code }) => code)).toEqual(['LPX_WEB_PAGE']);
  });
});
