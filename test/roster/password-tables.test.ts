import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PasswordBook } from '#lpx/package/password-book.js';
import { readPasswords } from '#lpx/roster/password-tables.js';
import { workbook } from '#lpx/roster/tables.js';
import { tempFolder } from '../support/temp.js';

const MD5 = '0123456789abcdef0123456789abcdef';

async function found(table: string | Uint8Array, files: readonly string[], md5 = ''): Promise<string[]> {
  const file = join(tempFolder(), 'passwords.csv');
  writeFileSync(file, table);
  return passwordsIn(file, files, md5);
}

async function passwordsIn(path: string, files: readonly string[], md5 = ''): Promise<string[]> {
  const passwords = await new PasswordBook(await readPasswords(path)).passwordsFor({ files, md5 });
  return passwords.map((password) => Buffer.from(password as string).toString());
}

describe('a table of passwords', () => {
  it('has its columns in any order, by Chinese or English titles, also below a heading', async () => {
    for (const table of [
      'File,Password\na.zip,secret-1\n',
      '密碼,學生,檔名\nsecret-1,林小禾,a.zip\n',
      '109學年度借讀,,\n交換檔 檔名,MD5,解壓縮密碼（請保密）\na.zip,,secret-1\n',
      '\ufeff序號\t檔案名稱\t密碼\r\n1\tA.ZIP\tsecret-1\r\n',
    ])
      expect(await found(table, ['a.zip'])).toEqual(['secret-1']);
  });

  it('names packages by file name, with or without folder and .zip, or by MD5 as tools write it', async () => {
    const table = `檔名,MD5,密碼\nmail\\990002\\a.zip,,one\nb,,two\n,${MD5.toUpperCase()},three\n`;
    expect(await found(table, ['a.zip'])).toEqual(['one']);
    expect(await found(table, ['a (1).zip'])).toEqual(['one']);
    expect(await found(table, ['B.zip'])).toEqual(['two']);
    expect(await found(table, ['c.zip'], MD5)).toEqual(['three']);
    expect(await found(table, ['c.zip'], 'f'.repeat(32))).toEqual([]);
  });

  it('may list several passwords for a package, and the package in a ZIP by its own name', async () => {
    const table = 'file,password\na.zip,old\na.zip,new\na.zip,new\n';
    expect(await found(table, ['a.zip', 'mail.zip'])).toEqual(['old', 'new']);
  });

  it('needs no titles when the password is in the last column', async () => {
    expect(await found('a.zip,secret\nb.zip,other\n', ['a.zip'])).toEqual(['secret']);
    expect(await found(`a.zip,${MD5},secret\n`, ['z.zip'], MD5)).toEqual(['secret']);
  });

  it('keeps a password as it stands, and also takes it without the apostrophe that spreadsheets put before it', async () => {
    expect(await found('file,password\na.zip,"pass, ""word"""\n', ['a.zip'])).toEqual(['pass, "word"']);
    expect(await found("file,password\na.zip,'=secret\n", ['a.zip'])).toContain('=secret');
    expect(await found("file,password\na.zip,'secret\n", ['a.zip'])).toEqual(["'secret", 'secret']);
  });

  it('that names no package, or has no password, is refused without a word of what is in it', async () => {
    for (const table of ['密碼\nsecret-1\n', 'file,password\n', 'secret-1\n']) {
      const error = await found(table, ['a.zip']).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'LPX_PASSWORD_TABLE' });
      expect(JSON.stringify([error.message, error.facts, error.place, error.findings])).not.toContain('secret');
    }
  });
});

describe('a folder of passwords', () => {
  it('has a file for each package, named after it or its MD5, and tables', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'a.pw'), '\ufeff\nsecret-a\r\nolder-a\r\n');
    writeFileSync(join(folder, 'b.zip.pw'), 'secret-b');
    writeFileSync(join(folder, `${MD5}.pw.txt`), 'secret-md5');
    writeFileSync(join(folder, '990001.csv'), '檔名,密碼\nc.zip,secret-c\n');
    const book = await workbook('990003', [
      {
        name: 'x',
        rows: [
          ['密碼', '檔名'],
          ['secret-d', 'd.zip'],
        ],
      },
    ]);
    writeFileSync(join(folder, book.name), book.content);
    writeFileSync(join(folder, 'readme.txt'), 'not a password');
    mkdirSync(join(folder, 'folder.pw'), { recursive: true });
    expect(await passwordsIn(folder, ['a.zip'])).toEqual(['secret-a', 'older-a']);
    expect(await passwordsIn(folder, ['b.zip'])).toEqual(['secret-b']);
    expect(await passwordsIn(folder, ['c.zip'])).toEqual(['secret-c']);
    expect(await passwordsIn(folder, ['d.zip'])).toEqual(['secret-d']);
    expect(await passwordsIn(folder, ['e.zip'], MD5)).toEqual(['secret-md5']);
  });
});
