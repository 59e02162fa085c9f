/** What a clerk reads on the screen, in Chinese. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '#lpx/store/driver.js';
import { lpx } from '../support/cli.js';
import { tempFolder } from '../support/temp.js';

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
    expect((await inChinese(['--store', store, 'log', '--verify'])).out).toMatch(/編號 +有空號 2 個：.*不影響核對/);
  });
});
