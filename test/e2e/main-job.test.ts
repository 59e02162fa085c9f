import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { LEFT, PASSWORD, SAMPLES, sign, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const password = { env: { LPX_PASSWORD: PASSWORD.toString() } };
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SECRETS = [TRANSFER_STUDENT, PASSWORD.toString()];
let folder = '';
let from = '';
let to = '';
let zipFile = '';

/** Runs with `--json`, checks the output against its schema, and expects an exit code. */
async function checked(code: number, words: readonly string[], options = {}) {
  const ran = await lpxJson(words, options);
  expect(outputFaults(ran.json), JSON.stringify(ran.json)).toEqual([]);
  expect([ran.code, ran.json.ok, ran.json.error?.exitCode ?? 0]).toEqual([code, code === 0, code]);
  return ran;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lpx-e2e-'));
  [from, to] = [join(folder, 'from'), join(folder, 'to')];
  await lpx(['--store', from, 'init', '--school', '990001', '--name', '示範高中']);
  await lpx(['--store', to, 'init', '--school', '990002']);
  await lpx(['--store', from, 'load', join(SAMPLES, 'transfer')]);
  const { json } = await lpxJson(
    ['--store', from, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--term', '1091', '--out', join(folder, 'mail')],
    password,
  );
  zipFile = json.packages[0].path;
  return () => rmSync(folder, { recursive: true });
});

describe('the main job, from the first command to the last', () => {
  it('goes through, and every command’s JSON is what its schema says', async () => {
    const [first, two, mail] = ['one', 'two', 'mail'].map((name) => join(tempFolder(), name)) as [string, string, string];
    await checked(0, ['--store', first, 'init', '--school', '990001']);
    await checked(0, ['--store', two, 'init', '--school', '990002']);
    const loaded = await checked(0, ['--store', first, 'load', join(SAMPLES, 'transfer')]);
    expect(loaded.json.folders[0].students).toMatchObject([{ added: 13 }]);
    await checked(0, ['--store', first, 'students']);
    const exported = await checked(
      0,
      ['--store', first, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--out', mail],
      password,
    );
    const zip = exported.json.packages[0].path;
    await execa('md5sum', ['-c', `${basename(zip)}.md5`], { cwd: mail });
    const verified = await checked(0, ['verify', zip], password);
    expect(verified.json.checks.map((check: { status: string }) => check.status)).toEqual(Array(7).fill('passed'));
    expect((await checked(0, ['--store', two, 'import', zip, '--create-students', '--dry-run'], password)).json.outcome).toBe(
      'would-import',
    );
    expect((await checked(0, ['--store', two, 'import', zip, '--create-students'], password)).json.outcome).toBe('imported');
    expect((await checked(0, ['--store', two, 'import', zip], password)).json.outcome).toBe('unchanged');
    await checked(0, ['show', zip], password);
    await checked(0, ['--store', two, 'show', TRANSFER_STUDENT]);
    const history = await checked(0, ['--store', two, 'history']);
    expect(history.json.entries.map(({ kind }: any) => kind)).toEqual(['import', 'import', 'init']);
    await checked(0, ['code', '1090603xxH11101A1010101', '1091904xxV233050102000B']);
  });

  it('keeps every course code: what the old school shows, the new school shows', async () => {
    const store = join(tempFolder(), 'new');
    await lpx(['--store', store, 'init', '--school', '990002']);
    await lpx(['--store', store, 'import', zipFile, '--create-students'], password);
    const codes = async (where: string) =>
      (await lpxJson(['--store', where, 'show', TRANSFER_STUDENT])).json.students[0].records
        .filter((record: any) => record.courseCode && record.certification === '1')
        .map((record: any) => [record.originSchoolCode, record.courseCode]);
    expect((await codes(store)).length).toBeGreaterThan(0);
    expect(await codes(from)).toEqual(expect.arrayContaining(await codes(store)));
  });
});

describe('every way to fail', () => {
  const damaged = async (resign: boolean) => {
    const copy = join(tempFolder(), basename(zipFile));
    const bytes = readFileSync(zipFile);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] as number) ^ 1;
    writeFileSync(copy, bytes);
    if (resign) sign(copy);
    else writeFileSync(`${copy}.md5`, readFileSync(`${zipFile}.md5`));
    return copy;
  };
  it.each<[string, number, string, () => readonly string[] | Promise<readonly string[]>]>([
    ['no command', 2, 'LPX_USAGE', () => ['bogus']],
    ['an unknown option', 2, 'LPX_USAGE', () => ['verify', zipFile, '--bogus']],
    ['a password in an argument', 2, 'LPX_USAGE', () => ['verify', zipFile, '--password', 'secret']],
    ['a missing file', 2, 'LPX_FILE_NOT_FOUND', () => ['verify', join(folder, 'none.zip')]],
    ['no store', 2, 'LPX_STORE_NOT_FOUND', () => ['--store', join(folder, 'none'), 'students']],
    ['a store that is there', 2, 'LPX_STORE_EXISTS', () => ['--store', to, 'init', '--school', '990002']],
    ['a school code that is none', 2, 'LPX_SCHOOL_CODE', () => ['--store', join(folder, 'x'), 'init', '--school', '99']],
    [
      'a term that is none',
      2,
      'LPX_TERM',
      () => ['--store', from, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--term', '109'],
    ],
    ['no reason', 2, 'LPX_USAGE', () => ['--store', from, 'export', TRANSFER_STUDENT]],
    ['nobody to export', 2, 'LPX_USAGE', () => ['--store', from, 'export', '--reason', 'transfer', '--left', LEFT]],
    [
      'a student who is not there',
      2,
      'LPX_NOT_IN_STORE',
      () => ['--store', from, 'export', 'B800000015', '--reason', 'transfer', '--left', LEFT],
    ],
    [
      'nothing to export',
      6,
      'LPX_NOTHING_TO_EXPORT',
      () => ['--store', from, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--term', '1011'],
    ],
    ['a broken signature', 3, 'LPX_SIGNATURE_MISMATCH', async () => ['verify', await damaged(false)]],
    ['a damaged package', 5, 'LPX_ENTRY_DAMAGED', async () => ['verify', await damaged(true)]],
    [
      'a damaged package to import',
      5,
      'LPX_ENTRY_DAMAGED',
      async () => ['--store', to, 'import', await damaged(true), '--create-students'],
    ],
    ['a student unknown here', 7, 'LPX_STUDENT_UNKNOWN', () => ['--store', to, 'import', zipFile]],
    ['a course code too short', 6, 'LPX_COURSE_CODES_MALFORMED', () => ['code', '109']],
  ])('%s: exit %i, %s, valid JSON, and no word of a secret', async (_, code, errorCode, words) => {
    const ran = await checked(code, await words(), password);
    expect(ran.json.error?.code ?? '').toBe(errorCode);
    for (const secret of SECRETS) expect(JSON.stringify(ran.json.error ?? '') + ran.err).not.toContain(secret);
    expect((await lpxJson(['--store', to, 'students'])).json.students).toEqual([]);
  });

  it('a wrong password: exit 4', async () => {
    const { json } = await checked(4, ['verify', zipFile], { env: { LPX_PASSWORD: 'wrong' } });
    expect(json.error.code).toBe('LPX_PASSWORD_WRONG');
  });

  it('says three things to a person: what happened, what it means for the data, what to do', async () => {
    const { code, out, err } = await lpx(['--store', to, 'import', zipFile], password);
    expect(code).toBe(7);
    expect(out).not.toContain('✘ ');
    const lines = err.trim().split('\n').slice(-3);
    expect(lines[0]).toMatch(/✘ .*LPX_STUDENT_UNKNOWN$/);
    expect(lines[1]).toContain('Nothing was imported');
    expect(lines[2]).toMatch(/→ .*--create-students/);
  });

  it('shows a stack only with --debug, with the places in the sources', async () => {
    const words = ['verify', join(folder, 'none.zip')];
    expect((await lpx(words, password)).err).not.toMatch(/\n\s+at /);
    const [, frame = ''] = /^LpxError: .*\n +at (.*)$/m.exec((await lpx(['--debug', ...words], password)).err) ?? [];
    const [, source = '', line = ''] = /\((src\/io\/file-error\.ts):(\d+):\d+\)$/.exec(frame) ?? [];
    expect(frame).toContain('fileError');
    expect(readFileSync(join(ROOT, source), 'utf8').split('\n')[Number(line) - 1]).toContain('new LpxError');
  });
});

describe('a password', () => {
  const verify = (words: readonly string[], options = {}) => lpx(['verify', zipFile, ...words], options);

  it('comes from a file, its first line', async () => {
    const file = join(tempFolder(), 'pw');
    writeFileSync(file, `\ufeff${PASSWORD}\r\nsecond line\n`);
    expect((await verify(['--password-file', file])).code).toBe(0);
  });

  it('comes from standard input', async () => {
    expect((await verify(['--password-stdin'], { input: `${PASSWORD}\n` })).code).toBe(0);
  });

  it('comes from the environment', async () => {
    expect((await verify([], password)).code).toBe(0);
  });

  it('that is not there is asked for on a terminal only: elsewhere exit 2', async () => {
    const { code, err } = await verify([]);
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_PASSWORD_MISSING')]);
  });

  it('from two places at once is refused', async () => {
    expect((await verify(['--password-stdin', '--password-file', 'x'], { input: 'x' })).code).toBe(2);
  });

  /** An export with a made-up password. */
  const generating = (out: string, file: string) => [
    '--store',
    from,
    'export',
    TRANSFER_STUDENT,
    '--reason',
    'transfer',
    '--left',
    LEFT,
    '--out',
    out,
    '--generate-password',
    '--password-out',
    file,
  ];

  it('is made up strong on request, and written to a file that its owner alone reads, never to the screen', async () => {
    const out = tempFolder();
    const file = join(out, 'pw');
    const ran = await lpx(generating(out, file));
    expect(ran.code).toBe(0);
    const made = readFileSync(file, 'utf8').trim();
    expect(made).toMatch(/^[A-Za-z2-9]{5}(-[A-Za-z2-9]{5}){3}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(ran.out + ran.err).not.toContain(made);
    const zip = join(out, readdirSync(out).find((name) => name.endsWith('.zip')) as string);
    expect((await lpx(['verify', zip, '--password-file', file])).code).toBe(0);
  });

  it('that was made up goes again when no package came of it, and never overwrites a file', async () => {
    const out = tempFolder();
    const file = join(out, 'pw');
    const words = generating(out, file);
    expect((await lpx([...words, '--term', '1011'])).code).toBe(6);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, 'mine');
    expect((await lpx(words)).code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('is in no file of store or package', async () => {
    const found = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(PASSWORD));
    expect(found).toEqual([]);
  });
});

describe('streams', () => {
  it('carry the result on stdout, and notes on stderr, which --quiet drops', async () => {
    const out = tempFolder();
    const words = ['--store', from, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', LEFT, '--out', out];
    const loud = await lpx(words, password);
    expect(loud.out).toContain('.zip');
    expect(loud.err).toContain('never in the same mail');
    expect(loud.err).toContain('needs 7-Zip, or an export with --encryption zipcrypto');
    expect((await lpx(['--quiet', ...words], password)).err).toBe('');
  });

  it('carry no colour and no spinner in a pipe', async () => {
    const { out, err } = await lpx(['verify', zipFile], password);
    expect(out + err).not.toContain('\u001b');
  });

  it('carry no character in JSON that a terminal would obey', async () => {
    const platform = join(tempFolder(), 'platform');
    writeExchangeFolder(platform, [smallPortfolio([courseResult({ subjectName: '國\u202e\u009b31m文\u001b[31m' })])]);
    const store = join(tempFolder(), 'store');
    await lpx(['--store', store, 'init', '--school', '990001']);
    await lpx(['--store', store, 'load', platform]);
    for (const words of [
      ['show', TRANSFER_STUDENT],
      ['--json', 'show', TRANSFER_STUDENT],
    ]) {
      const { out } = await lpx(['--store', store, ...words]);
      expect(out).toContain('文');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  it('mask national ids, save where they were asked for', async () => {
    expect((await lpx(['verify', zipFile], password)).out).not.toContain(TRANSFER_STUDENT);
    expect((await lpx(['--store', from, 'students'])).out).toContain(TRANSFER_STUDENT);
  });
});
