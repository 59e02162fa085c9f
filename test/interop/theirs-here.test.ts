import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { errorOfReport } from '#lpx/exchange/verify.js';
import { exportFrom, importTo, PASSWORD, school, sign, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { describeWith, type Tool } from '../support/tools.js';

const password = PASSWORD.toString();
/** The content of a package, unpacked, to be packed again by others. */
let content = '';
let name = '';

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-interop-'));
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'), { encryption: 'zipcrypto' });
  content = join(folder, 'content');
  name = basename(zipFile);
  await execa('7zz', ['x', `-p${password}`, `-o${content}`, zipFile], { reject: false });
  return () => rmSync(folder, { recursive: true });
});

/** Packs the current folder into `zip`. */
const PACKERS: { tool: Tool; says: string; words: (zip: string) => readonly string[] }[] = [
  { tool: '7zz', says: '7-Zip, AES-256', words: (zip) => ['a', '-tzip', '-mem=AES256', `-p${password}`, zip, '.'] },
  { tool: '7zz', says: '7-Zip, AES-128, stored', words: (zip) => ['a', '-tzip', '-mem=AES128', '-mx0', `-p${password}`, zip, '.'] },
  { tool: '7zz', says: '7-Zip, AES-192', words: (zip) => ['a', '-tzip', '-mem=AES192', `-p${password}`, zip, '.'] },
  { tool: '7zz', says: '7-Zip, ZipCrypto', words: (zip) => ['a', '-tzip', '-mem=ZipCrypto', `-p${password}`, zip, '.'] },
  { tool: 'zip', says: 'Info-ZIP, ZipCrypto', words: (zip) => ['-q', '-r', '-P', password, zip, '.'] },
  {
    tool: 'zip',
    says: 'Info-ZIP, ZipCrypto, no folder entries, stored',
    words: (zip) => ['-q', '-r', '-D', '-0', '-P', password, zip, '.'],
  },
  { tool: 'zip', says: 'Info-ZIP, ZIP64 by force', words: (zip) => ['-q', '-r', '-fz', '-P', password, zip, '.'] },
  { tool: 'zip', says: 'Info-ZIP, data descriptors by force', words: (zip) => ['-q', '-r', '-fd', '-P', password, zip, '.'] },
  {
    tool: 'bsdtar',
    says: 'bsdtar, AES-128',
    words: (zip) => ['--format', 'zip', '--options', 'zip:encryption=aes128', '--passphrase', password, '-cf', zip, '*'],
  },
  {
    tool: 'bsdtar',
    says: 'bsdtar, AES-256',
    words: (zip) => ['--format', 'zip', '--options', 'zip:encryption=aes256', '--passphrase', password, '-cf', zip, '*'],
  },
  {
    tool: 'bsdtar',
    says: 'bsdtar, ZipCrypto, a dot before its names',
    words: (zip) => ['--format', 'zip', '--options', 'zip:encryption=zipcrypt', '--passphrase', password, '-cf', zip, '.'],
  },
  {
    tool: 'bsdtar',
    says: 'bsdtar, AES-256, padded as a tape',
    words: (zip) => ['--format', 'zip', '--options', 'zip:encryption=aes256', '--passphrase', password, '-cf', '-', '.', '>', zip],
  },
  {
    tool: 'bsdtar',
    says: 'bsdtar, AES-256, ZIP64 by force',
    words: (zip) => ['--format', 'zip', '--options', 'zip:encryption=aes256,zip:zip64', '--passphrase', password, '-cf', zip, '*'],
  },
  {
    tool: 'bsdtar',
    says: 'bsdtar, ZipCrypto',
    words: (zip) => ['--format', 'zip', '--options', 'zip:encryption=zipcrypt', '--passphrase', password, '-cf', zip, '*'],
  },
];

for (const { tool, says, words } of PACKERS) {
  describeWith([tool, '7zz'], `a package made by ${says}`, () => {
    async function made(): Promise<{ folder: string; zipFile: string }> {
      const folder = tempFolder();
      mkdirSync(join(folder, 'mail'));
      const zipFile = join(folder, 'mail', name);
      await execa([tool, ...words(zipFile)].map((word) => (word === '*' || word === '>' ? word : `'${word}'`)).join(' '), {
        shell: true,
        cwd: content,
        env: { LC_ALL: 'C.UTF-8' },
      });
      sign(zipFile);
      return { folder, zipFile };
    }

    it('verifies and imports, records and files', async () => {
      const { folder, zipFile } = await made();
      const store = await school(folder, '990002');

      const result = await importTo(store, zipFile);

      expect(result.outcome, JSON.stringify(result.report.findings)).toBe('imported');
      const { records } = await studentIn(store, TRANSFER_STUDENT);
      expect(records.map(({ record }) => record.document?.name ?? record.media?.name)).toContain('讀一條河.pdf');
    });

    it('tells a wrong password from damage', async () => {
      const { folder, zipFile } = await made();
      const { report } = await importTo(await school(folder, '990002'), zipFile, { password: Buffer.from('wrong') });
      expect(errorOfReport(report)?.code).toBe('LPX_PASSWORD_WRONG');
    });
  });
}
