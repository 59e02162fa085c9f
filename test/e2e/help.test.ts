import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { exportFrom, importTo, load, SAMPLES, school, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

const MAN = fileURLToPath(new URL('../../dist/man', import.meta.url));

describe('lpx help', () => {
  it('explains lpx, a command and a topic, on stdout, with exit 0', async () => {
    expect((await lpx(['help'])).out).toBe((await lpx(['--help'])).out);
    expect((await lpx(['help', 'import'])).out).toBe((await lpx(['import', '--help'])).out);
    for (const topic of ['package', 'password', 'course-code', 'borrowed-study', 'exit-codes'])
      for (const lang of ['zh-TW', 'en']) {
        const { code, json } = await lpxJson(['--lang', lang, 'help', topic]);
        expect(outputFaults(json)).toEqual([]);
        expect([code, json.topic]).toEqual([0, topic]);
      }
    expect((await lpxJson(['help', 'exit-codes'])).json.text).toMatch(/^Exit codes\n\n[^<]*$/);
    expect((await lpx(['help', 'exit-codes'])).out).toMatch(/^ +10 +the store is busy/m);
  });

  it.each([[['exprot', '--help']], [['help', 'exprot']]])('of a command that is not there ends with 2: %j', async (words) => {
    const { code, out, err } = await lpx(words);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining('Did you mean export?')]);
  });

  it('names what is missing in the language of the reader', async () => {
    const { code, err } = await lpx(['--lang', 'zh-TW', 'verify']);
    expect([code, err]).toEqual([2, expect.stringContaining('少了 <交換檔>')]);
    expect((await lpx(['--lang', 'zh-TW', 'verify', 'x.zip', '--signature'])).err).toContain('--signature <檔案>');
  });
});

describeWith(['groff'], 'the manual page', () => {
  it.each(['man1/lpx.1', 'zh_TW/man1/lpx.1'])('%s is what man can show, with every command', (page) => {
    const { status, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-Kutf8', '-ww', join(MAN, page)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: groff prints bold letters twice
    const text = stdout.replace(/.\u0008/g, '');
    for (const command of ['init', 'export', 'import', 'register', 'where']) expect(text).toMatch(new RegExp(`\\blpx ${command}\\b`));
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) => {
    const script = (await lpx(['completion', 'bash'])).out;
    const list = words.map((word) => `'${word}'`).join(' ');
    const { stdout } = spawnSync(
      'bash',
      ['-c', `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _lpx; printf '%s\\n' "\${COMPREPLY[@]}"`],
      {
        encoding: 'utf8',
      },
    );
    return stdout.trim().split('\n');
  };

  it('in bash knows commands, the options of each, and the values of those that have few', async () => {
    expect(await complete('lpx', 'im')).toEqual(['import']);
    expect(await complete('lpx', 'export', '--pass')).toEqual(['--password-file', '--password-stdin', '--password-out']);
    expect(await complete('lpx', 'export', '--reason', '')).toEqual(['transfer', 'borrowed-study', 'experimental']);
    expect(await complete('lpx', 'import', '--lan')).toEqual(['--lang']);
    expect(await complete('lpx', 'help', 'exp')).toEqual(['export']);
  });

  it.each(['zsh', 'fish', 'powershell'])('has a script for %s that names every command', async (shell) => {
    const { code, json } = await lpxJson(['completion', shell]);
    expect(outputFaults(json)).toEqual([]);
    expect(code).toBe(0);
    for (const command of ['init', 'export', 'register']) expect(json.text).toContain(command);
  });

  it('for no shell there is refuses with the list', async () => {
    expect(await lpx(['completion', 'csh'])).toMatchObject({ code: 2, err: expect.stringContaining('bash, zsh, fish, powershell') });
  });
});

describe('lpx where', () => {
  const where = async (...words: string[]) => {
    const { code, json } = await lpxJson([...words, 'where']);
    expect(outputFaults(json)).toEqual([]);
    expect(code).toBe(0);
    return json;
  };

  it('says which store it is, why, what is in it, and what may come next', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    expect(await where('--store', store)).toMatchObject({
      ...{ store, source: 'option', exists: true, school: { code: '990001' }, counts: { students: 1, records: 12, received: 0 } },
      ...{ last: { kind: 'load' }, next: ['lpx export <student> --reason transfer', 'lpx import <file>', 'lpx students'] },
    });
    const { zipFile } = await exportFrom(store, join(folder, 'mail'));
    expect((await where('--store', store)).next[0]).toBe('lpx receipt --check <file>');
    const other = await school(folder, '990002');
    expect((await where('--store', other)).next).toEqual(['lpx load <folder>', 'lpx import <file>', 'lpx help']);
    const { historyId } = await importTo(other, zipFile);
    expect((await where('--store', other)).next[0]).toBe(`lpx receipt ${historyId}`);
    const { out } = await lpx(['--lang', 'zh-TW', '--store', other, 'where']);
    expect(out).toMatch(/資料庫 .*由 --store 指定/);
    expect(out).toContain('來自他校 10 筆');
  });

  it('says that there is none yet, and how to make one', async () => {
    const folder = join(tempFolder(), 'none');
    expect(await where('--store', folder)).toMatchObject({ exists: false, next: ['lpx init --school <code>', 'lpx demo', 'lpx help'] });
    expect(existsSync(folder)).toBe(false);
  });

  it('tells a damaged store from none', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    await load(store, join(SAMPLES, 'transfer'));
    writeFileSync(join(store, 'lpx.sqlite'), 'x'.repeat(5000));
    expect((await lpx(['--store', store, 'where'])).code).toBe(5);
  });
});
