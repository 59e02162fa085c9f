import { join } from 'node:path';
import { readXlsx } from 'hucre/xlsx';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { isTable } from '#lpx/roster/exchange-folder.js';
import { csv, readTable, workbook } from '#lpx/roster/tables.js';
import { tempFolder } from '../support/temp.js';
import { put } from '../support/zips.js';

const ROWS = [
  ['課程代碼', '科目名稱'],
  ['0109990001', '國語文, 下'],
  ['2B0000', '"引號"'],
];
const TEXT = '課程代碼,科目名稱\r\n0109990001,"國語文, 下"\r\n2B0000,"""引號"""\r\n';
const file = (bytes: Buffer) => put(join(tempFolder(), 'a.csv'), bytes);

describe('a table', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`)],
    ['CP950', iconv.encode(TEXT, 'cp950')],
    ['UTF-16', iconv.encode(`\ufeff${TEXT}`, 'utf16le')],
    ['lines of Unix', Buffer.from(TEXT.replaceAll('\r\n', '\n'))],
    ['tabs', Buffer.from('課程代碼\t科目名稱\n0109990001\t國語文, 下\n2B0000\t"""引號"""\n')],
  ])('is read from %s, every cell as the text it is', async (_, bytes) => {
    expect((await readTable(file(bytes))).filter((row) => row.some((cell) => cell !== ''))).toEqual(ROWS);
  });

  it.each([
    ['a quotation mark that is never closed', `a,b\n1,"2\n${'3,4\n'.repeat(20_000)}`, { code: 'LPX_TABLE_CELL', facts: { row: 2 } }],
    ['a cell without end', `a,b\n1,2\n${'3'.repeat(40_000)}`, { code: 'LPX_TABLE_CELL', facts: { row: 3 } }],
    ['cells without end', ','.repeat(5_000_000), { code: 'LPX_TABLE_LARGE', facts: { file: 'a.csv', what: 'cells' } }],
    ['more bytes than any list', 'a'.repeat(33 * 1024 * 1024), { code: 'LPX_TABLE_LARGE', facts: { file: 'a.csv', what: 'entry' } }],
    ['a mark that is not closed in a small file', 'a,b\n"1,2\n3,4\n', { code: 'LPX_TABLE_QUOTE', facts: { row: 2 } }],
    ['a mark that another one closes', 'a,b\n"1,2\n3,"4"\n', { code: 'LPX_TABLE_QUOTE', facts: { row: 2 } }],
  ])('with %s is refused before it is taken apart', async (_, text, expected) => {
    await expect(readTable(file(Buffer.from(text)))).rejects.toMatchObject(expected);
  });

  it.each([
    ['UTF-16 that begins with a Han character and has no mark', iconv.encode(TEXT, 'utf16le')],
    ['its other half first', iconv.encode(TEXT, 'utf16be')],
  ])('is read from %s', async (_, bytes) => {
    expect((await readTable(file(bytes))).filter((row) => row.some((cell) => cell !== ''))).toEqual(ROWS);
  });

  it.each([
    ['UTF-16 with half a character', Buffer.concat([iconv.encode(`\ufeff${TEXT}`, 'utf16le'), Buffer.of(0x31)]), 'LPX_TABLE_CUT'],
    ['UTF-8 with half a character', Buffer.from('代碼,名稱\n1,國').subarray(0, -1), 'LPX_TABLE_CUT'],
    ['UTF-32', iconv.encode(`\ufeff${TEXT}`, 'utf32le'), 'LPX_TABLE_NOT_TEXT'],
    ['zeros alone', Buffer.alloc(100), 'LPX_TABLE_NOT_TEXT'],
  ])('in %s says so', async (_, bytes, code) => {
    await expect(readTable(file(bytes))).rejects.toMatchObject({ code });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['an empty ZIP', Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)])],
  ])('that is called a workbook and is %s is damaged', async (_, bytes) => {
    const path = put(join(tempFolder(), 'a.xlsx'), bytes);
    expect(await isTable(path)).toBe(true);
    await expect(readTable(path)).rejects.toMatchObject({ code: 'LPX_WORKBOOK_DAMAGED' });
  });

  it('with marks inside its cells is read to its end, however long it is', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [`${i}`, 'a "b" ""c', '"', 'x\n,y']);
    const text = rows.map(([n, plain, , lines]) => `${n},${plain},"""","${lines}"`).join('\n');
    expect(await readTable(file(Buffer.from(text)))).toEqual(rows);
  });

  it('that is missing is reported', async () => {
    await expect(readTable(join(tempFolder(), 'none.csv'))).rejects.toMatchObject({ code: 'LPX_FILE_NOT_FOUND' });
  });
});

describe('CSV that is written', () => {
  it.each(['=1', ' =1', '＝1', '－1', '\u22121', '@x', '+886', "it's", '0012', "'"])('is read again as it was: %j', async (text) => {
    const { content } = csv('a', { name: 's', rows: [['名稱'], [text]] });
    expect((await readTable(file(Buffer.from(content))))[1]).toEqual([text]);
  });

  it.each([' =1', '\u3000=1', '＝1', '＋1', '－1', '＠x', '﹣1', '\u22121', '\t=1', '\u200b=1'])('takes %j for a formula too', (text) => {
    expect(Buffer.from(csv('a', { name: 's', rows: [[text]] }).content).toString()).toContain(`'${text}`);
  });

  it('opens in Excel: a mark, CRLF behind every row, and no text that would run as a formula', () => {
    const text = Buffer.from(
      csv('a', {
        name: 's',
        rows: [
          ['名稱', '=1+1', '-1', '@x', '+x'],
          ['a,b', -1, 0.5, '', 'x"y'],
        ],
      }).content,
    ).toString();
    expect(text).toBe(`\ufeff名稱,'=1+1,'-1,'@x,'+x\r\n"a,b",-1,0.5,,"x""y"\r\n`);
  });
});

describe('a workbook', () => {
  const rows = [
    ['代碼', '名稱', '數'],
    ['0109', '=1+1', -1],
    ['𠮷野家', '<a> & "b"', 2.5],
    ['', 'line\nbreak', 0],
  ];

  it('comes back as it went in: texts stay texts, rare characters stay', async () => {
    const { name, content } = await workbook('名冊', [
      { name: '封面', rows },
      { name: '空', rows: [['只有標題']] },
    ]);
    expect(name).toBe('名冊.xlsx');
    const { sheets } = await readXlsx(content);
    expect(sheets.map((sheet) => sheet.name)).toEqual(['封面', '空']);
    expect(sheets[0]?.rows.map((row) => row.map((cell) => cell ?? ''))).toEqual(rows);
  });

  it('is read where a table is, from its first sheet', async () => {
    const { content } = await workbook('名冊', [
      { name: '封面', rows },
      { name: '空', rows: [['只有標題']] },
    ]);
    expect(await readTable(put(join(tempFolder(), 'list.xlsx'), Buffer.from(content)))).toEqual([
      ['代碼', '名稱', '數'],
      ['0109', '=1+1', '-1'],
      ['𠮷野家', '<a> & "b"', '2.5'],
      ['', 'line\nbreak', '0'],
    ]);
  });

  it('of a format that lpx does not read is called one', async () => {
    const file = put(join(tempFolder(), 'list.csv'), Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(2000)]));
    await expect(readTable(file)).rejects.toMatchObject({ code: 'LPX_TABLE_WORKBOOK', facts: { file: 'list.csv', table: 'xls' } });
  });
});
