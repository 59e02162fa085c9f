import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPasswords } from '#lpx/roster/password-tables.js';
import { appendPasswords, readSentPasswords, writeSentPasswords } from '#lpx/roster/sent-passwords.js';
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
    await writeSentPasswords(file, [row(1)]);
    appendPasswords(file, [row(2)]);
    appendPasswords(file, [row(3)]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await readSentPasswords(file)).toEqual([row(1), row(2), row(3)]);
    expect((await readPasswords(file)).map(({ file, md5, password }) => ({ file, md5, password }))).toEqual(
      [1, 2, 3].map(row).map(({ job: _, ...known }) => known),
    );
  });

  it('loses but the row that was cut off, wherever that was', async () => {
    const file = join(tempFolder(), '990002-0123abcd.csv');
    await writeSentPasswords(file, [row(1)]);
    appendPasswords(file, [row(2)]);
    const cut = readFileSync(file, 'utf8').split('\r\n').at(2) ?? '';
    for (let length = 0; length < cut.length; length++) {
      await writeSentPasswords(file, [row(1)]);
      appendFileSync(file, `\r\n${cut.slice(0, length)}`);
      appendPasswords(file, [row(3)]);
      expect(await readSentPasswords(file)).toEqual([row(1), row(3)]);
    }
  });
});
