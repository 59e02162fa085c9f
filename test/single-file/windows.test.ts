import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { areMade, largeSample, PACKAGE, received, Windows } from '../support/single-file.js';

const HOME = 'C:\\文件\\學習 歷程';

describe.skipIf(!areMade)('lpx for Windows as a single file', () => {
  let windows: Windows;
  const run = (...words: string[]) => windows.lpx(words, HOME);
  const done = (...words: string[]) => {
    const { code, out, err } = run(...words);
    expect(code, err).toBe(0);
    return out;
  };
  const exportTo = (out: string) => [
    ...['--store', 'old', 'export', 'A800000014', '--reason', 'transfer', '--left', '2021-01-22'],
    ...['--out', out, '--password-file', 'pw.txt'],
  ];

  beforeAll(() => {
    windows = new Windows();
    mkdirSync(windows.outside(HOME), { recursive: true });
    received(largeSample(windows.outside(HOME)));
    done('--store', 'old', 'init', '--school', '990001', '--name', '示範高中');
    done('--store', 'old', 'load', 'transfer');
  }, 600_000);
  afterAll(() => windows.close());

  it('shows the whole exchange', () => {
    expect(done('--lang', 'zh-TW', 'demo')).toMatch(/國語文 +109990001\S+ +109990001/);
  });

  it('prints UTF-8 into a file, in either language', () => {
    expect(done('--store', 'old', 'students')).toContain('林小禾');
    expect(done('--lang', 'zh-TW', '--help')).toMatch(/^使用|^用法/m);
  });

  it('exports, verifies, imports and shows under Chinese names with blanks, with a store on another drive', () => {
    done(...exportTo('郵件'));
    const [zip = ''] = readdirSync(windows.outside(`${HOME}\\郵件`));
    done('verify', `${HOME}\\郵件\\${zip}`, '--password-file', 'pw.txt');
    done('--store', 'D:\\資料\\庫', 'init', '--school', '990002');
    done('--store', 'D:\\資料\\庫', 'import', `郵件\\${zip}`, '--password-file', 'pw.txt', '--create-students');
    expect(done('--store', 'D:\\資料\\庫', 'show', 'A800000014')).toContain('109990001H11101A1010101');
    expect(existsSync(windows.outside('D:\\資料\\庫\\lpx.sqlite'))).toBe(true);
  });

  it('changes nothing when a package comes twice, and says in which file what is wrong', () => {
    done('--store', 'twice', 'init', '--school', '990002');
    const again = ['--store', 'twice', 'import', PACKAGE, '--password-file', 'pw.txt', '--create-students'];
    done(...again);
    const students = done('--store', 'twice', 'show', 'A800000014');
    done(...again);
    expect(done('--store', 'twice', 'show', 'A800000014')).toBe(students);
    writeFileSync(join(windows.outside(HOME), 'wrong.txt'), 'wrong\r\n');
    expect(run('verify', PACKAGE, '--password-file', 'wrong.txt').code).toBe(4);
    expect(run('verify', 'C:\\nowhere\\x.zip', '--password-file', 'pw.txt').err).toContain('C:\\nowhere\\x.zip');
  });

  it('leaves the store as it was when it is killed amid an import', async () => {
    done(...exportTo('killed-mail'));
    const [zip = ''] = readdirSync(windows.outside(`${HOME}\\killed-mail`));
    done('--store', 'killed', 'init', '--school', '990002');
    const words = ['--store', 'killed', 'import', `killed-mail\\${zip}`, '--password-file', 'pw.txt', '--create-students'];
    const attachments = windows.outside(`${HOME}\\killed\\attachments`);
    const staged = () => readdirSync(attachments).filter((name) => name.startsWith('staging-'));
    await windows.killWhen(words, HOME, () => staged().some((name) => readdirSync(join(attachments, name)).length > 5));
    expect(staged().length).toBe(1);
    expect(JSON.parse(done('--json', '--store', 'killed', 'students')).students).toEqual([]);
    done(...words);
    expect(staged()).toEqual([]);
  });

  it('writes registers and receipts', () => {
    done('--store', 'year', 'init', '--school', '990002');
    const imported = JSON.parse(done('--json', '--store', 'year', 'import', PACKAGE, '--password-file', 'pw.txt', '--create-students'));
    done('--store', 'year', 'pick', 'A800000014', 'R2');
    done('--store', 'year', 'register', '--year', '109', '--out', '名冊');
    expect(readdirSync(windows.outside(`${HOME}\\名冊`))).toEqual(['990002_109_課程學習成果名冊.xlsx']);
    done('--store', 'year', 'receipt', String(imported.historyId), '--out', '名冊');
  });

  it('takes paths of more than 260 characters', () => {
    const long = `C:\\${Array.from({ length: 10 }, () => '學習歷程檔案的資料夾'.repeat(4)).join('\\')}`;
    expect(long.length).toBeGreaterThan(400);
    done(...exportTo(long));
    const [zip = ''] = readdirSync(windows.outside(long));
    done('--store', `${long}\\庫`, 'init', '--school', '990002');
    done('--store', `${long}\\庫`, 'import', `${long}\\${zip}`, '--password-file', 'pw.txt', '--create-students');
  });

  it.each(['CON', 'mail\\NUL', 'D:\\aux.zip', 'mail.', 'a?b'])('makes no folder of a name that Windows keeps for itself: %s', (out) => {
    const { code, err } = run(...exportTo(out));
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_WRITE_FAILED')]);
    expect(err).toContain('CON, NUL');
    expect(readdirSync(windows.outside(HOME))).not.toContain(out);
  });

  it('makes no store or password file of such a name', () => {
    expect(run('--store', 'PRN', 'init', '--school', '990001').code).toBe(2);
    const secret = ['--generate-password', '--password-out', 'COM1'];
    expect(run(...exportTo('out').slice(0, -2), ...secret).err).toContain('LPX_WRITE_FAILED');
  });

  it('refuses a package with a file of such a name', () => {
    const name = 'a-name-that-windows-takes-for-a-device';
    const vectors = join(import.meta.dirname, '../../vectors/hostile');
    for (const ending of ['zip', 'zip.md5'])
      writeFileSync(join(windows.outside(HOME), `${name}.${ending}`), readFileSync(join(vectors, `${name}.${ending}`)));
    const { code, err } = run('verify', `${name}.zip`, '--password-file', 'pw.txt');
    expect([code, err]).toEqual([5, expect.stringContaining('LPX_ENTRY_NAME_UNSAFE')]);
  });
});
