import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { PASSWORD, SAMPLES, TRANSFER_STUDENT } from '../support/schools.js';

const env = { env: { LPX_PASSWORD: PASSWORD.toString() } };
const folder = mkdtempSync(join(tmpdir(), 'lpx-test-'));
const [from, to, mail] = [join(folder, 'from'), join(folder, 'to'), join(folder, 'mail')];
const at = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(at(name), 'utf8');
/** Two pages that were made in two minutes are the same, but for the newest entry of the log, which is that of the first. */
const withoutTimes = (html: string) => html.replaceAll(/\d{2}:\d{2}|entry \d+ <span class="code">[0-9a-f]{64}/g, '');
let zip = '';

beforeAll(async () => {
  await lpx(['--store', from, 'init', '--school', '990001', '--name', '示範高中']);
  await lpx(['--store', from, 'load', join(SAMPLES, 'transfer')]);
  await lpx(['--store', to, 'init', '--school', '990002']);
  const words = ['export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', '2021-01-22', '--out', mail, '--html', at('export.html')];
  const { json } = await lpxJson(['--store', from, ...words], env);
  expect([outputFaults(json), json.html]).toEqual([[], at('export.html')]);
  zip = json.packages[0].path;
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('lpx --html', () => {
  it('writes a report of what was exported: every record, its file, the package, what stays; for its user alone', async () => {
    const html = read('export.html');
    expect(html).not.toContain(TRANSFER_STUDENT);
    for (const text of ['A80000****', '林小禾', '990001 示範高中', '讀一條河.pdf', 'Left out', 'data:image/jpeg;base64,'])
      expect(html).toContain(text);
    expect(html).toContain(readFileSync(`${zip}.md5`, 'utf8').slice(0, 32));
    expect(html).not.toContain(PASSWORD.toString());
    expect(statSync(at('export.html')).mode & 0o777).toBe(0o600);
  });

  it('writes one of a package, with small pictures; the national id is masked, whoever signs it', async () => {
    const checked = await lpxJson(['verify', zip, '--html', at('verify.html')], env);
    expect([checked.code, outputFaults(checked.json), checked.json.html]).toEqual([0, [], at('verify.html')]);
    expect(read('verify.html')).toContain('A80000****');
    expect(read('verify.html')).not.toContain(TRANSFER_STUDENT);
    expect(read('verify.html')).toContain('data:image/jpeg;base64,');
    const shown = await lpxJson(['show', zip, '--html', at('shown.html')], env);
    expect([shown.code, outputFaults(shown.json)]).toEqual([0, []]);
    expect(read('shown.html')).toContain('A80000****');
    expect(read('shown.html')).not.toContain(TRANSFER_STUDENT);
  });

  it('writes one of a student of the store, with references, and what a list says', async () => {
    writeFileSync(at('list.csv'), `身分證號,姓名,班級,座號\n${TRANSFER_STUDENT},林小禾,高一甲,12\n`);
    expect((await lpx(['--store', from, 'load', at('list.csv')])).code).toBe(0);
    const { code, json } = await lpxJson(['--store', from, 'show', TRANSFER_STUDENT, '--html', at('student.html')]);
    expect([code, outputFaults(json), json.html]).toEqual([0, [], at('student.html')]);
    expect(read('student.html')).toMatch(/<dt>class<\/dt><dd>高一甲<\/dd>.*<dt>seat<\/dt><dd>12<\/dd>/s);
    expect(read('student.html')).toMatch(/<span class="muted">reference O\d+<\/span>/);
  });

  it('writes one of an import and of its receipt, and of the check of that', async () => {
    const imported = await lpxJson(['--store', to, 'import', zip, '--create-students', '--html', at('import.html')], env);
    expect([imported.code, outputFaults(imported.json), imported.json.html]).toEqual([0, [], at('import.html')]);
    expect(read('import.html')).toContain('<span class="tag">new</span>');
    expect(read('import.html')).not.toContain(TRANSFER_STUDENT);
    const words = ['receipt', String(imported.json.historyId), '--out', mail, '--html', at('receipt.html')];
    const receipt = await lpxJson(['--store', to, ...words]);
    expect([receipt.code, outputFaults(receipt.json)]).toEqual([0, []]);
    for (const text of ['A80000****', '林小禾', receipt.json.receipt.package.contentsDigest]) expect(read('receipt.html')).toContain(text);
    const slip = await lpxJson(['--store', to, 'slip', String(imported.json.historyId), '--out', at('slips')]);
    expect(withoutTimes(readFileSync(slip.json.file, 'utf8'))).toBe(withoutTimes(read('receipt.html')));
    const checked = await lpxJson(['--store', from, 'receipt', '--check', receipt.json.path, '--html', at('checked.html')]);
    expect([checked.code, outputFaults(checked.json)]).toEqual([0, []]);
    expect(read('checked.html')).toContain('The receipt matches the export');
  });

  it('writes one of a package that is refused, with what was found; the exit code stays that of the refusal', async () => {
    const wrong = { env: { LPX_PASSWORD: 'another password' } };
    const verified = await lpxJson(['verify', zip, '--html', at('refused.html')], wrong);
    expect([verified.code, outputFaults(verified.json), verified.json.html]).toEqual([4, [], at('refused.html')]);
    expect(read('refused.html')).toContain('LPX_PASSWORD_WRONG');
    expect(read('refused.html')).not.toContain('Student, to confirm');
    const unknown = await lpx(['--lang', 'zh-TW', '--store', at('other'), 'init', '--school', '990003']);
    expect(unknown.code).toBe(0);
    const imported = await lpx(['--lang', 'zh-TW', '--store', at('other'), 'import', zip, '--html', at('stranger.html')], env);
    expect(imported.code).toBe(7);
    expect(read('stranger.html')).toContain('LPX_STUDENT_UNKNOWN');
    expect(read('stranger.html')).toContain('不予匯入');
  });

  it('never replaces a file unless asked to', async () => {
    writeFileSync(at('mine.html'), 'mine');
    const again = () => lpxJson(['--store', from, 'show', TRANSFER_STUDENT, '--html', at('mine.html')]);
    expect([(await again()).json.html, (await again()).json.html]).toEqual([at('mine_v2.html'), at('mine_v3.html')]);
    expect(read('mine.html')).toBe('mine');
    await lpx(['--store', from, 'show', TRANSFER_STUDENT, '--html', at('mine.html'), '--overwrite']);
    expect(read('mine.html')).toContain('<!DOCTYPE html>');
    const nameless = await lpxJson(['--store', from, 'show', TRANSFER_STUDENT, '--html', at('mail')]);
    expect([nameless.code, nameless.json.error.code]).toEqual([2, 'LPX_WRITE_FAILED']);
  });

  it('takes a name without an extension, and gives it versions too', async () => {
    const written = () => lpxJson(['--store', from, 'show', TRANSFER_STUDENT, '--html', at('plain')]);
    expect([(await written()).json.html, (await written()).json.html]).toEqual([at('plain'), at('plain_v2')]);
  });

  it('says that what was done is done when the report cannot be written', async () => {
    // A link to nowhere: that it is no folder shows only when one is to be made.
    symlinkSync(at('nowhere'), at('link'));
    const store = at('lost');
    await lpx(['--store', store, 'init', '--school', '990004']);
    const words = ['--store', store, 'import', zip, '--create-students', '--html', join(at('link'), 'report.html')];
    const { code, json } = await lpxJson(words, env);
    expect([code, outputFaults(json), json.outcome, json.error.code]).toEqual([2, [], 'imported', 'LPX_REPORT_LOST']);
    expect(json.error.consequence).toBe('The import itself is done, as printed; only the report is missing.');
    expect((await lpxJson(['--store', store, 'students'])).json.students).toHaveLength(1);
  });

  it('refuses a place where there can be no file before it does anything', async () => {
    const store = at('early');
    await lpx(['--store', store, 'init', '--school', '990005']);
    const html = join(at('plain'), 'report.html');
    const { code, json } = await lpxJson(['--store', store, 'import', zip, '--create-students', '--html', html], env);
    expect([code, json.error.code]).toEqual([2, 'LPX_WRITE_FAILED']);
    expect((await lpxJson(['--store', store, 'students'])).json.students).toEqual([]);
  });

  it('is for one package', async () => {
    const { code, err } = await lpx(['verify', zip, zip, '--html', at('two.html')], env);
    expect([code, err]).toEqual([2, expect.stringContaining('--html is for one package.')]);
  });

  it('leaves nothing behind but reports', () => {
    mkdirSync(at('out'), { recursive: true });
    expect(readdirSync(folder).filter((name) => /part|old/.test(name))).toEqual([]);
  });
});
