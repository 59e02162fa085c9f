/** What a clerk reads on the screen, in Chinese. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { lpx } from '../support/cli.js';
import { wipe } from '../support/heaps.js';
import { contentOf, exportFrom, PASSWORD, school, sign, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { written } from '../support/zips.js';

const inChinese = (words: readonly string[]) => lpx(words, { env: { LANG: 'zh_TW.UTF-8' } });

describe('on the screen', () => {
  it('a list names the class and seat that it changes; the log has the numbers of the history, and explains those not in use', async () => {
    const folder = tempFolder();
    const [store, list] = [join(folder, 'store'), join(folder, 'list.csv')];
    const load = async (row: string) => {
      writeFileSync(list, `身分證號,姓名,班級,座號\n${row}\n`);
      return (await inChinese(['--store', store, 'load', list])).out;
    };
    await inChinese(['--store', store, 'init', '--school', '990001']);
    await load('A800000014,林小禾,101,1');
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec("update sqlite_sequence set seq = seq + 2 where name = 'history'");
    database.close();
    expect(await load('A800000014,林小禾,102,7')).toMatch(
      /更新 1 位.*\n {2}A80000\*{4} {2}林小禾 {2}102 {2}7\n {4}班級 101 → 102；座號 1 → 7$/,
    );
    const lines = (await inChinese(['--store', store, 'log'])).out.split('\n');
    expect(lines.map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['1', '#1'],
      ['2', '#2'],
      ['3', '#5'],
    ]);
    const remove = await inChinese(['--store', store, 'remove', 'A800000014', '--yes']);
    expect([remove.code, remove.err]).toEqual([0, expect.any(String)]);
    const shown = await inChinese(['--store', store, 'show', '小禾']);
    expect([shown.code, shown.err]).toEqual([2, expect.stringMatching(/這位學生已移出名冊（紀錄編號 6）。.*\n.*lpx undo 6/s)]);
    const logged = await inChinese(['--store', store, 'log', '--student', '小禾']);
    expect([logged.code, logged.err]).toEqual([0, expect.stringContaining('已移出名冊（紀錄編號 6），可用 lpx undo 6 復原')]);
    writeFileSync(join(folder, 'pw.txt'), 'secret');
    const other = await inChinese(['--store', store, 'load', join(folder, 'pw.txt')]);
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('pw.txt 不是交換資料或名單。')]);
    expect((await inChinese(['--store', store, 'log', '--verify'])).out).toMatch(
      /編號 +有空號 2 個：.*不影響核對[\s\S]*只核對保管紀錄；.*lpx doctor/,
    );
  });

  it('a search for lost files calls an encrypted backup what it is, and advises the identity', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const recipient = await identityToRecipient(await generateX25519Identity());
    const backup = join(folder, 'backup');
    await inChinese(['--store', store, 'backup', backup, '--recipient', recipient]);
    wipe(store);
    const { out, err } = await inChinese(['--store', store, 'recover', backup, '--dry-run']);
    expect(out).toMatch(/下列備份已加密.*--identity <檔案>[\s\S]*backup/);
    expect(out).not.toContain('沒有一個密碼能打開');
    expect(err).toMatch(/沒有放回任何檔案。[\s\S]*--identity/);
  });

  it('a file that is owed is marked, counted and in the history', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const [last] = (await contentOf(zipFile)).filter(({ name }) => name.endsWith('.pdf')).slice(-1);
    const kept = (await contentOf(zipFile)).filter(({ name }) => name !== last?.name);
    writeFileSync(zipFile, await written(kept, 'aes256', PASSWORD));
    sign(zipFile);
    const store = await school(join(folder, 'to'), '990002');
    const words = ['--store', store, 'import', zipFile, '--create-students', '--accept-partial'];
    const { out, err } = await lpx(words, { env: { LANG: 'zh_TW.UTF-8', LPX_PASSWORD: String(PASSWORD) } });
    expect([err, out].join('\n')).not.toContain('--accept-partial');
    expect(err).toMatch(/→ 請索取或找出這個檔案，再用 lpx recover <路徑> 補上。/);
    expect(out).toMatch(/! {2}附件（逐一核對 MD5） +待補檔案 1 個/);
    expect(out).toMatch(/匯入完成，紀錄編號 \d+。 {2}待補檔案 1 個/);
    expect((await inChinese(['--store', store, 'history'])).out).toContain('尚有待補檔案，經承辦人確認');
  });
});
