import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { writeXlsx } from 'hucre/xlsx';
import { describe, expect, it } from 'vitest';
import { readSheets } from '#lpx/roster/tables.js';
import { METHOD } from '#lpx/zip/format.js';
import { tempFolder } from '../support/temp.js';
import { type RawWorkbook, rawWorkbook } from '../support/workbooks.js';
import { put } from '../support/zips.js';

interface ReadSheet {
  readonly name: string;
  readonly hidden: boolean;
  readonly rows: readonly (readonly [row: number, cells: readonly string[], hidden?: true])[];
}

async function sheetsOf(bytes: Buffer): Promise<ReadSheet[]> {
  const sheets: ReadSheet[] = [];
  for await (const { name, hidden, rows } of readSheets(put(join(tempFolder(), 'list.xlsx'), bytes))) {
    const read: ReadSheet['rows'][number][] = [];
    for await (const row of rows) read.push(row.hidden ? [row.row, row.cells, true] : [row.row, row.cells]);
    sheets.push({ name, hidden, rows: read });
  }
  return sheets;
}

const rowsOf = async (workbook: RawWorkbook) => (await sheetsOf(rawWorkbook(workbook)))[0]?.rows;
const sheet = (rows: string, behind = '') => [
  { name: '名單', xml: `<dimension ref="A1:XFD1048576"/><sheetData>${rows}</sheetData>${behind}` },
];
const STYLES =
  '<numFmts><numFmt numFmtId="164" formatCode="0000000"/><numFmt numFmtId="165" formatCode="[$-404]e/m/d;@"/>' +
  '<numFmt numFmtId="166" formatCode="0.00E+00"/><numFmt numFmtId="167" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts>' +
  '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>' +
  '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="22"/></cellXfs>';

describe('a cell of a workbook', () => {
  it.each([
    ['a shared text', '<c r="A1" t="s"><v>0</v></c>', '王小明'],
    ['a shared text in several fonts, without what is read aloud', '<c r="A1" t="s"><v>1</v></c>', '𠮷田'],
    ['a text of its own', '<c r="A1" t="inlineStr"><is><t xml:space="preserve"> a&amp;b </t></is></c>', ' a&b '],
    ['a text of its own in several fonts', '<c r="A1" t="inlineStr"><is><r><t>甲</t></r><r><rPr><b/></rPr><t>乙</t></r></is></c>', '甲乙'],
    ['what a formula came to', '<c r="A1" t="str"><f>B1&amp;C1</f><v>A800000014</v></c>', 'A800000014'],
    ['a number that a formula came to', '<c r="A1"><f>1+1</f><v>2</v></c>', '2'],
    ['a character that XML cannot have', '<c r="A1" t="str"><v>a_x000A_b</v></c>', 'a\nb'],
    ['a number', '<c r="A1"><v>1090001</v></c>', '1090001'],
    ['a long number', '<c r="A1"><v>1.2345678901E10</v></c>', '12345678901'],
    ['a very long number', '<c r="A1"><v>1E+21</v></c>', '1000000000000000000000'],
    ['a small number', '<c r="A1"><v>1.5E-7</v></c>', '0.00000015'],
    ['a number with the noise of binary fractions', '<c r="A1"><v>0.30000000000000004</v></c>', '0.3'],
    ['a number that is shown with zeros before it', '<c r="A1" s="2"><v>910001</v></c>', '0910001'],
    ['a day', '<c r="A1" s="1"><v>38117</v></c>', '2004-05-10'],
    ['a day shown in years of the Republic', '<c r="A1" s="3"><v>38117</v></c>', '2004-05-10'],
    ['a day shown in Chinese', '<c r="A1" s="5"><v>38117</v></c>', '2004-05-10'],
    ['a day and a time', '<c r="A1" s="6"><v>38117.5</v></c>', '2004-05-10 12:00:00'],
    ['a number with an exponent', '<c r="A1" s="4"><v>38117</v></c>', '38117'],
    ['a day before Excel’s wrong leap day', '<c r="A1" s="1"><v>1</v></c>', '1900-01-01'],
    ['a day by its ISO name', '<c r="A1" t="d"><v>2004-05-10T00:00:00</v></c>', '2004-05-10'],
    ['true', '<c r="A1" t="b"><v>1</v></c>', 'TRUE'],
    ['an error', '<c r="A1" t="e"><v>#N/A</v></c>', '#N/A'],
    ['nothing', '<c r="A1" s="1"/>', undefined],
  ])('that is %s is read as people see it', async (_, cell, text) => {
    const texts =
      '<si><t>王小明</t></si><si><r><rPr><sz val="12"/></rPr><t>𠮷</t></r><r><t>田</t></r><rPh sb="0" eb="1"><t>よし</t></rPh><phoneticPr fontId="1"/></si>';
    expect(await rowsOf({ sheets: sheet(`<row r="1">${cell}</row>`), texts, styles: STYLES })).toEqual([
      [0, text === undefined ? [] : [text]],
    ]);
  });

  it('that is a day is counted from 1904 where the workbook does', async () => {
    const sheets = sheet('<row r="1"><c r="A1" s="1"><v>36655</v></c></row>');
    expect(await rowsOf({ sheets, styles: STYLES, date1904: true })).toEqual([[0, ['2004-05-10']]]);
  });

  it('is found by tags of any prefix, and without references', async () => {
    const xml =
      '<x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c><x:v>2</x:v></x:c></x:row><x:row><x:c><x:v>3</x:v></x:c></x:row></x:sheetData>';
    expect(await rowsOf({ sheets: [{ name: 'a', xml }], prefix: 'x:' })).toEqual([
      [0, ['1', '2']],
      [1, ['3']],
    ]);
  });
});

describe('a sheet', () => {
  it('has its rows where the spreadsheet numbers them, hidden ones too', async () => {
    const rows = '<row r="2"><c r="B2"><v>1</v></c></row><row r="5" hidden="1"><c r="A5"><v>2</v></c></row>';
    expect(await rowsOf({ sheets: sheet(rows) })).toEqual([
      [1, ['', '1']],
      [4, ['2'], true],
    ]);
  });

  it('repeats the value of merged cells in all of them', async () => {
    const rows = [
      '<row r="1"><c r="A1"><v>7</v></c><c r="B1"/><c r="C1"><v>101</v></c></row>',
      '<row r="2"><c r="A2"><v>8</v></c></row>',
      '<row r="3"><c r="A3"><v>9</v></c><c r="C3"/></row>',
      '<row r="4"><c r="A4"><v>0</v></c></row>',
    ].join('');
    const merged = '<mergeCells count="2"><mergeCell ref="A1:B1"/><mergeCell ref="C1:C3"/></mergeCells>';
    expect(await rowsOf({ sheets: sheet(rows, merged) })).toEqual([
      [0, ['7', '7', '101']],
      [1, ['8', '', '101']],
      [2, ['9', '', '101']],
      [3, ['0']],
    ]);
  });

  it('that is hidden is said to be', async () => {
    const [first] = sheet('');
    const sheets = [first, { ...first, name: '代碼', state: 'veryHidden' }] as RawWorkbook['sheets'];
    expect((await sheetsOf(rawWorkbook({ sheets }))).map(({ name, hidden }) => [name, hidden])).toEqual([
      ['名單', false],
      ['代碼', true],
    ]);
  });

  it('of a workbook that hucre wrote comes back', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => [`0${i}`, '王小明', i, '𠮷<&>"']);
    const [read] = await sheetsOf(Buffer.from(await writeXlsx({ sheets: [{ name: 's', rows }] })));
    expect(read?.rows.map(([, cells]) => cells)).toEqual(rows.map((row) => row.map(String)));
  });
});

const bomb = (bytes: number, claimed = bytes) => {
  const content = Buffer.alloc(bytes, ' ');
  const data = deflateRawSync(content);
  return { content: data, plain: true, record: { method: METHOD.deflated, size: claimed, crc32: crc32(content) } };
};

describe('a hostile workbook', () => {
  it.each<readonly [string, Partial<RawWorkbook>, string]>([
    [
      'with a part that unpacks to far more than it is',
      { others: [{ name: 'xl/media/a.xml', ...bomb(80 * 1024 * 1024) }] },
      'LPX_TABLE_LARGE',
    ],
    ['with texts that unpack to far more than they are', { others: [{ name: 'x.bin', ...bomb(400 * 1024 * 1024) }] }, 'LPX_TABLE_LARGE'],
    ['whose rows go back', { sheets: sheet('<row r="2"/><row r="1"/>') }, 'LPX_WORKBOOK_DAMAGED'],
    ['with a row beyond the last', { sheets: sheet('<row r="1048577"/>') }, 'LPX_WORKBOOK_DAMAGED'],
    ['with a row that is no number', { sheets: sheet('<row r="x"/>') }, 'LPX_WORKBOOK_DAMAGED'],
    ['with a column beyond the last', { sheets: sheet('<row r="1"><c r="XFE1"><v>1</v></c></row>') }, 'LPX_WORKBOOK_DAMAGED'],
    ['with a reference that is none', { sheets: sheet('<row r="1"><c r="1A"><v>1</v></c></row>') }, 'LPX_WORKBOOK_DAMAGED'],
    ['with a shared text that is not there', { sheets: sheet('<row r="1"><c r="A1" t="s"><v>9</v></c></row>') }, 'LPX_WORKBOOK_DAMAGED'],
    ['with a cell without end', { sheets: sheet(`<row r="1"><c r="A1" t="str"><v>${'a'.repeat(40_000)}</v></c></row>`) }, 'LPX_TABLE_CELL'],
    ['with a tag without end', { sheets: sheet(`<row r="1"><c r="A1" x="${'a'.repeat(3_000_000)}"/></row>`) }, 'LPX_WORKBOOK_DAMAGED'],
    ['with a comment without end', { sheets: sheet(`<!-- ${'<a>'.repeat(100_000)}`) }, 'LPX_WORKBOOK_DAMAGED'],
    ['without sheets', { sheets: [] }, 'LPX_WORKBOOK_DAMAGED'],
    [
      'that merges the same cells again and again',
      {
        sheets: sheet(
          Array.from({ length: 2000 }, (_, i) => `<row r="${i + 1}"><c r="A${i + 1}"><v>1</v></c></row>`).join(''),
          `<mergeCells>${'<mergeCell ref="A1:XFD1048576"/>'.repeat(20_000)}</mergeCells>`,
        ),
      },
      'LPX_TABLE_LARGE',
    ],
  ])('%s is refused', async (_, workbook, code) => {
    await expect(sheetsOf(rawWorkbook({ sheets: sheet(''), ...workbook }))).rejects.toMatchObject({ code, facts: { file: 'list.xlsx' } });
  });

  it('that lies of the size of a part is refused', async () => {
    const others = [{ name: 'xl/worksheets/sheet1.xml', ...bomb(2_000_000, 100) }];
    await expect(sheetsOf(rawWorkbook({ sheets: [], others, named: ['名單'] }))).rejects.toMatchObject({ code: 'LPX_WORKBOOK_DAMAGED' });
  });

  it.each([
    ['lacks the part of a sheet', []],
    [
      'has a sheet in another encoding',
      [
        {
          name: 'xl/worksheets/sheet1.xml',
          content: Buffer.from('<?xml version="1.0" encoding="big5"?><worksheet><sheetData/></worksheet>'),
        },
      ],
    ],
  ])('that %s is refused', async (_, others) => {
    await expect(sheetsOf(rawWorkbook({ sheets: [], others, named: ['名單'] }))).rejects.toMatchObject({ code: 'LPX_WORKBOOK_DAMAGED' });
  });

  it('expands no entities of its own', async () => {
    const xml = '<!DOCTYPE a [<!ENTITY lol "lol">]><sheetData><row r="1"><c r="A1" t="str"><v>&lol;&lol;</v></c></row></sheetData>';
    const rows = await rowsOf({ sheets: [{ name: 'a', xml }] }).catch((error) => error.code);
    expect(['LPX_WORKBOOK_DAMAGED', JSON.stringify([[0, ['&lol;&lol;']]])]).toContain(
      typeof rows === 'string' ? rows : JSON.stringify(rows),
    );
  });

  it.each([700, 1100, -10])('that is cut off at byte %d is refused', async (end) => {
    await expect(sheetsOf(rawWorkbook({ sheets: sheet('') }).subarray(0, end))).rejects.toMatchObject({ code: 'LPX_WORKBOOK_DAMAGED' });
  });

  it('with a cell far to the right costs no more than a row', async () => {
    const rows = Array.from(
      { length: 1000 },
      (_, i) => `<row r="${i + 1}"><c r="A${i + 1}"><v>1</v></c><c r="XFD${i + 1}"><v>2</v></c></row>`,
    );
    const read = await rowsOf({ sheets: sheet(rows.join('')) });
    expect(read?.length).toBe(1000);
    expect(read?.every(([, cells]) => cells.length === 1)).toBe(true);
  });
});
