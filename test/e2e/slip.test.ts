import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { exportFrom, importTo, PASSWORD, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

/** A school that has exported a student, with number 2 in its history. */
async function sender() {
  const folder = tempFolder();
  const store = await transferSchool(folder);
  const { zipFile } = await exportFrom(store, join(folder, 'mail'), { toSchool: '990002' });
  const slip = (...words: readonly string[]) =>
    lpxJson(['--store', store, 'slip', ...words], { cwd: folder, env: { LANG: 'zh_TW.UTF-8', LPX_PASSWORD: PASSWORD.toString() } });
  return { folder, store, zipFile, slip };
}

describe('the slips of an export', () => {
  it('are a cover letter, with ids masked, in the next version when there is one', async () => {
    const { folder, slip, zipFile } = await sender();
    const { code, json } = await slip('2', '--out', 'letters', '--by', '註冊組 王小明');
    expect([code, outputFaults(json)]).toEqual([0, []]);
    expect(readFileSync(json.file, 'utf8')).toMatch(/<dt>經手人<\/dt><dd>註冊組 王小明<\/dd>/);
    const letter = readFileSync(json.file, 'utf8');
    expect(statSync(json.file).mode & 0o777).toBe(0o600);
    expect(letter).toContain('A80000****');
    expect(letter).not.toMatch(new RegExp(`${TRANSFER_STUDENT}|${PASSWORD}`));
    expect(letter).toContain(readFileSync(`${zipFile}.md5`, 'utf8').slice(0, 32));
    await slip('2', '--out', 'letters');
    expect(readdirSync(join(folder, 'letters'))).toHaveLength(2);
  });

  it('have the password on a sheet of its own, once it has opened the package', async () => {
    const { folder, slip } = await sender();
    const { code, json } = await slip('2', '--out', 'letters', '--password-slip', 'apart/pw.html');
    expect([code, outputFaults(json)]).toEqual([0, []]);
    expect(json.passwordSlip).toEqual({ file: join(folder, 'apart', 'pw.html'), filledIn: true });
    const page = readFileSync(json.passwordSlip.file, 'utf8');
    expect(page).toContain(`<p class="password">${PASSWORD}</p>`);
    expect(page).not.toMatch(/林小禾|A80000/);
    expect(statSync(json.passwordSlip.file).mode & 0o777).toBe(0o600);
    expect(readFileSync(json.file, 'utf8')).not.toContain(PASSWORD.toString());
  });

  it('are not written when the password is wrong, the file is another, or a slip is there already', async () => {
    const { folder, slip, zipFile } = await sender();
    const words = ['2', '--out', 'letters', '--password-slip', 'apart/pw.html'];
    writeFileSync(join(folder, 'bad.txt'), 'another-Pass-2021');
    expect((await slip(...words, '--password-file', 'bad.txt')).code).toBe(4);
    mkdirSync(join(folder, 'apart'));
    writeFileSync(join(folder, 'apart', 'pw.html'), 'mine');
    expect((await slip(...words)).code).toBe(2);
    expect(readFileSync(join(folder, 'apart', 'pw.html'), 'utf8')).toBe('mine');
    writeFileSync(zipFile, 'another file');
    const { code, json } = await slip(...words, '--overwrite');
    expect([code, json.error.code]).toEqual([3, 'LPX_SLIP_PACKAGE']);
    expect(existsSync(join(folder, 'letters'))).toBe(false);
  });

  it('leave the password to be filled in by hand when the package is gone, or on request', async () => {
    const { folder, slip, zipFile } = await sender();
    const blank = await slip('2', '--blank', '--password-slip', 'apart/blank.html');
    expect([blank.code, blank.json.passwordSlip.filledIn]).toEqual([0, false]);
    rmSync(zipFile);
    const { json } = await slip('2', '--password-slip', 'apart/pw.html');
    expect(json.passwordSlip.filledIn).toBe(false);
    expect(readFileSync(join(folder, 'apart', 'pw.html'), 'utf8')).toContain('請手寫');
  });

  it('keep the password out of the folder of its package', async () => {
    const { folder, slip } = await sender();
    const { code, json } = await slip('2', '--password-slip', 'mail/pw.html');
    expect([code, json.error.code, readdirSync(join(folder, 'mail')).length]).toEqual([2, 'LPX_USAGE', 2]);
  });
});

describe('the slip of an import', () => {
  it('is a receipt to sign; of an entry that is neither, there is none', async () => {
    const { folder, zipFile } = await sender();
    const store = await school(folder, '990002');
    await importTo(store, zipFile);
    const slip = (...words: readonly string[]) => lpxJson(['--store', store, 'slip', ...words], { cwd: folder });
    const { code, json } = await slip('1', '--by', '教務處');
    expect([code, outputFaults(json)]).toEqual([0, []]);
    const page = readFileSync(json.file, 'utf8');
    expect(json.file.endsWith('.receipt.html')).toBe(true);
    for (const word of ['A80000****', '林小禾', '990001', 'class="signature"', '教務處']) expect(page).toContain(word);
    expect(page).not.toContain(TRANSFER_STUDENT);
    expect((await slip('1', '--password-slip', 'a/pw.html')).code).toBe(2);
    const none = await slip('9');
    expect([none.code, none.json.error.code]).toEqual([2, 'LPX_SLIP_UNKNOWN']);
  });
});
