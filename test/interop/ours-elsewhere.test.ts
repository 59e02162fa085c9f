import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { exportFrom, PASSWORD, SAMPLES, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

const password = PASSWORD.toString();
const env = { LC_ALL: 'C.UTF-8' };
const MADE: Record<'aes256' | 'zipcrypto', string> = { aes256: '', zipcrypto: '' };
const COURSE_FILE = 'A800000014/課程學習成果/C01.pdf';
const ORIGINAL = readFileSync(join(SAMPLES, 'transfer', COURSE_FILE));

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-interop-'));
  const store = await transferSchool(folder);
  for (const encryption of ['aes256', 'zipcrypto'] as const)
    MADE[encryption] = (await exportFrom(store, join(folder, encryption), { encryption })).zipFile;
  return () => rmSync(folder, { recursive: true });
});

for (const encryption of ['aes256', 'zipcrypto'] as const) {
  describeWith(['7zz'], `7-Zip and our ${encryption} package`, () => {
    it('tests it without a complaint and unpacks it under the right Chinese names', async () => {
      const folder = tempFolder();
      const tested = await execa('7zz', ['t', `-p${password}`, MADE[encryption]], { env });
      expect(tested.stdout).toContain('Everything is Ok');
      expect(tested.stdout).not.toMatch(/warning/i);
      await execa('7zz', ['x', `-p${password}`, `-o${folder}`, MADE[encryption]], { env });
      expect(readFileSync(join(folder, COURSE_FILE))).toEqual(ORIGINAL);
    });

    it('refuses it under another password', async () => {
      expect((await execa('7zz', ['t', '-pwrong', MADE[encryption]], { env, reject: false })).exitCode).not.toBe(0);
    });
  });

  describeWith(['bsdtar'], `bsdtar and our ${encryption} package`, () => {
    it('unpacks it under the right Chinese names', async () => {
      const folder = tempFolder();
      await execa('bsdtar', ['--passphrase', password, '-C', folder, '-xf', MADE[encryption]], { env });
      expect(readFileSync(join(folder, COURSE_FILE))).toEqual(ORIGINAL);
    });
  });
}

describeWith(['unzip'], 'Info-ZIP unzip and our zipcrypto package', () => {
  it('tests it without a complaint and unpacks it under the right Chinese names', async () => {
    const folder = tempFolder();
    expect((await execa('unzip', ['-t', '-P', password, MADE.zipcrypto], { env })).stdout).toContain('No errors detected');
    await execa('unzip', ['-q', '-P', password, MADE.zipcrypto, '-d', folder], { env });
    expect(readFileSync(join(folder, COURSE_FILE))).toEqual(ORIGINAL);
  });
});

describeWith(['python3'], 'Python’s zipfile and our zipcrypto package', () => {
  it('tests and unpacks it under the right Chinese names', async () => {
    const folder = tempFolder();
    const script =
      'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1]);z.setpassword(sys.argv[2].encode())\nassert z.testzip() is None\nz.extractall(sys.argv[3])';
    mkdirSync(join(folder, 'out'));
    await execa('python3', ['-c', script, MADE.zipcrypto, password, join(folder, 'out')], { env });
    expect(readFileSync(join(folder, 'out', COURSE_FILE))).toEqual(ORIGINAL);
  });
});
