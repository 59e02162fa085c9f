import { appendFileSync, existsSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { readPasswords } from '#lpx/roster/password-tables.js';
import { appendPasswords, completePasswordTable, makePasswordTable, readSentPasswords } from '#lpx/roster/sent-passwords.js';
import { tempFolder } from '../support/temp.js';

const row = (n: number) => ({
  file: `990001_2021_01_22_10_30_0${n}.zip`,
  md5: `${n}`.repeat(32),
  password: `abcde-ABCDE-23456-fghi${n}`,
  job: `0123abcd-00000000000${n}`,
});

describe('a table of sent passwords', () => {
  it('is for its owner alone, grows by whole rows, and is read by the school that gets it', async () => {
    const file = join(tempFolder(), 'secret', '990002-0123abcd.csv');
    expect(await readSentPasswords(file)).toEqual([]);
    await makePasswordTable(file);
    for (const n of [1, 2, 3]) appendPasswords(file, [row(n)]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await readSentPasswords(file)).toEqual([row(1), row(2), row(3)]);
    expect((await readPasswords(file)).map(({ file, md5, password }) => ({ file, md5, password }))).toEqual(
      [1, 2, 3].map(row).map(({ job: _, ...known }) => known),
    );
  });

  it('loses but the row that was cut off, wherever that was', async () => {
    const file = join(tempFolder(), '990002-0123abcd.csv');
    await makePasswordTable(file);
    appendPasswords(file, [row(1)]);
    appendPasswords(file, [row(2)]);
    const cut = readFileSync(file, 'utf8').split('\r\n').at(2) ?? '';
    for (let length = 0; length < cut.length; length++) {
      rmSync(file);
      await makePasswordTable(file);
      appendPasswords(file, [row(1)]);
      appendFileSync(file, `\r\n${cut.slice(0, length)}`);
      appendPasswords(file, [row(3)]);
      expect(await readSentPasswords(file)).toEqual([row(1), row(3)]);
    }
  });

  it('loses only the rows that are spare once it is complete: not those that somebody added, and no title', async () => {
    const file = join(tempFolder(), '990002-0123abcd.csv');
    await makePasswordTable(file);
    appendPasswords(file, [row(1), row(2)]);
    appendFileSync(file, '\r\nother.zip,,abcd,by hand');
    await completePasswordTable(file, ({ md5 }) => md5 === row(1).md5);
    const { file: name, md5, password, job } = row(2);
    expect(readFileSync(file, 'utf8')).toBe(
      `\uFEFF檔名,MD5,密碼,批次\r\n${[name, md5, password, job].join(',')}\r\nother.zip,,abcd,by hand\r\n`,
    );
    const empty = join(tempFolder(), '990003-0123abcd.csv');
    await makePasswordTable(empty);
    await completePasswordTable(empty, () => false);
    expect(existsSync(empty)).toBe(false);
  });

  it('is a plain file: nothing is read from a link or a pipe in its place, written through one, or made where it is gone', async () => {
    const folder = tempFolder();
    const [file, link, pipe] = ['990002-0123abcd.csv', 'link.csv', 'pipe.csv'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await makePasswordTable(file);
    symlinkSync(file, link);
    execaSync('mkfifo', [pipe]);
    const before = readFileSync(file, 'utf8');
    for (const [other, reason] of [
      [link, 'link'],
      [pipe, 'notPlain'],
    ] as const) {
      for (const work of [makePasswordTable(other), readSentPasswords(other), completePasswordTable(other, () => true)])
        await expect(work).rejects.toMatchObject({ code: 'LPX_FILE_UNREADABLE', facts: { reason } });
      expect(() => appendPasswords(other, [row(1)])).toThrow(expect.objectContaining({ code: 'LPX_WRITE_FAILED' }));
    }
    expect(readFileSync(file, 'utf8')).toBe(before);
    rmSync(file);
    expect(() => appendPasswords(file, [row(1)])).toThrow(expect.objectContaining({ code: 'LPX_WRITE_FAILED' }));
    expect(existsSync(file)).toBe(false);
  });
});
