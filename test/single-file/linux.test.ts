import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lpx } from '../support/cli.js';
import { areMade, largeSample, PACKAGE, RELEASE, received, runOnLinux } from '../support/single-file.js';
import { tempFolder } from '../support/temp.js';

describe.skipIf(!areMade)('lpx for Linux as a single file, without Node.js on the PATH', () => {
  it('says its version and its help as the other form does', async () => {
    for (const words of [['--version'], ['--help'], ['export', '--help']])
      expect(runOnLinux(words, tempFolder())).toEqual(await lpx(words));
  });

  it('verifies a package, imports it, and shows it, as the other form does', async () => {
    const [folder, other] = [received(tempFolder()), received(tempFolder())];
    for (const words of [
      ['verify', PACKAGE, '--password-file', 'pw.txt'],
      ['--store', 'store', 'init', '--school', '990002'],
      ['--store', 'store', 'import', PACKAGE, '--password-file', 'pw.txt', '--create-students'],
      ['--store', 'store', 'show', 'A800000014'],
    ]) {
      const { code, out, err } = await lpx(words, { cwd: other });
      expect(code).toBe(0);
      expect(runOnLinux(words, folder)).toEqual({ code, out: out.replaceAll(other, folder), err });
    }
  });

  it('has the sample of the demonstration within it', () => {
    const folder = tempFolder();
    const { code, out, err } = runOnLinux(['demo'], folder, { LANG: 'zh_TW.UTF-8' });
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/109990001\S+ +109990001/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('starts a helper thread for a large package', () => {
    const folder = received(largeSample(tempFolder()));
    const steps = [
      ['--store', 'old', 'init', '--school', '990001'],
      ['--store', 'old', 'load', 'transfer'],
      [
        '--store',
        'old',
        'export',
        'A800000014',
        '--reason',
        'transfer',
        '--left',
        '2021-01-22',
        '--out',
        'mail',
        '--password-file',
        'pw.txt',
      ],
    ];
    for (const words of steps) expect(runOnLinux(words, folder)).toMatchObject({ code: 0 });
    const [zip = ''] = readdirSync(join(folder, 'mail'));
    expect(runOnLinux(['verify', join('mail', zip), '--password-file', 'pw.txt'], folder)).toMatchObject({ code: 0, err: '' });
  });

  it('runs a batch in threads', () => {
    const folder = received(largeSample(tempFolder()));
    writeFileSync(join(folder, 'list.csv'), '身分證號,事由,離校日,收件學校\nA800000014,轉學,2021-01-22,990002\n');
    for (const words of [
      ['--store', 'old', 'init', '--school', '990001'],
      ['--store', 'old', 'load', 'transfer'],
      ['--store', 'old', 'batch', 'export', 'list.csv', '--out', 'mail', '--passwords', 'secret', '--jobs', '2'],
    ])
      expect(runOnLinux(words, folder)).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'mail', '990002')).filter((name) => name.endsWith('.zip'))).toHaveLength(1);
  });

  it('ends with the exit code of an error, and its three lines', () => {
    const folder = received(tempFolder());
    writeFileSync(join(folder, 'wrong.txt'), 'wrong\n');
    const { code, err } = runOnLinux(['verify', PACKAGE, '--password-file', 'wrong.txt'], folder);
    expect([code, err.split('\n').length]).toEqual([4, 3]);
  });

  it('is what SHA256SUMS says, as is the file for Windows', () => {
    const line = (file: string) =>
      `${createHash('sha256')
        .update(readFileSync(join(RELEASE, file)))
        .digest('hex')}  ${file}\n`;
    expect(readFileSync(join(RELEASE, 'SHA256SUMS'), 'utf8')).toBe(line('lpx') + line('lpx.exe'));
  });
});
