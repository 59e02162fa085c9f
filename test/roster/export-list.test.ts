import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { readChoice } from '#lpx/cli/choices.js';
import { readExportList } from '#lpx/roster/export-list.js';
import { workbook } from '#lpx/roster/tables.js';
import { EXCHANGE_REASONS } from '#lpx/spec/status-changes.js';
import { tempFolder } from '../support/temp.js';

async function read(content: string | Uint8Array, name = 'list.csv') {
  const file = join(tempFolder(), name);
  writeFileSync(file, content);
  return readExportList(file, (text) => readChoice(text, EXCHANGE_REASONS));
}

const ROW = {
  row: 1,
  nationalId: 'A800000014',
  reason: 'borrowed-study',
  terms: ['1082', '1091'],
  left: '2021-01-22',
  toSchool: '990002',
} as const;

describe('a list of exports', () => {
  it.each([
    ['Chinese titles', '身分證號,事由,學期,離校日,收件學校\nA800000014,借讀,"109-1、108下",110/01/22,990002\n'],
    [
      'titles as other systems have them, in another order and with more columns',
      '班級,轉入學校代碼,異動原因,姓名,學年學期,離校日期,身分證統一編號\n101,990002,借讀,林小禾,"1091,1082",1100122,a800000014\n',
    ],
    ['English titles', 'To,Left,Reason,Term,National ID\n990002,2021-01-22,Borrowed-Study,"109-1; 108-2",A800000014\n'],
    [
      'tabs, wide characters and empty rows',
      '身分證號\t事由\t學期\t離校日\t收件學校\nＡ８００００００１４\t借讀\t１０９－１、１０８－２\t110/1/22\t９９０００２\n\n\n',
    ],
    ['comments', '身分證號,事由,學期,離校日,收件學校\nA800000014,借讀,1091、1082,2021/1/22,990002\n# 以下尚未確認,,,,\n'],
  ])('is read with %s', async (_, text) => {
    for (const bytes of [Buffer.from(text), iconv.encode(`\ufeff${text}`, 'utf16le')]) {
      const { rows, findings } = await read(bytes);
      expect(findings).toEqual([]);
      expect(rows).toEqual([ROW]);
    }
  });

  it('is read from a workbook, and means all terms where there is none', async () => {
    const sheet = [
      ['身分證號', '事由', '離校日', '收件學校'],
      ['A800000014', '借讀', '2021-01-22', '990002'],
    ];
    const { content } = await workbook('list', [{ name: '名單', rows: sheet }]);
    expect((await read(content, 'list.xlsx')).rows).toEqual([{ ...ROW, terms: [] }]);
  });

  it.each([
    ['an empty file', '', 'LPX_LIST_TITLES'],
    ['no titles', 'A800000014,借讀,1091,110/01/22,990002\n', 'LPX_LIST_TITLES'],
    ['a title missing', '身分證號,事由,學期,離校日\nA800000014,借讀,1091,110/01/22\n', 'LPX_LIST_TITLES'],
    ['titles alone', '身分證號,事由,學期,離校日,收件學校\n', 'LPX_TABLE_EMPTY'],
    ['a password in a file of its own', 'correct horse battery staple\n', 'LPX_LIST_TITLES'],
  ])('that is %s is refused, and nothing of it is in the error', async (_, text, code) => {
    const refused = await read(text).catch((error) => error);
    expect(refused.code).toBe(code);
    expect(`${refused.message}${JSON.stringify(refused.facts)}`).not.toMatch(/A80000001|horse/);
  });

  it.each([
    ['no id', ',借讀,1091,110/01/22,990002', ['nationalId']],
    ['a formula for a day', 'A800000014,借讀,1091,=TODAY(),990002', ['day']],
    ['a day that no calendar has', 'A800000014,借讀,1091,110/02/30,990002', ['day']],
    ['a year of two digits', 'A800000014,借讀,1091,10/01/22,990002', ['day']],
    ['no day', 'A800000014,借讀,1091,,990002', ['day']],
    ['a third semester outside experimental education', 'A800000014,轉學,1093,110/01/22,990002', ['term']],
    ['two terms of which one is wrong', 'A800000014,轉學,1091、109X,110/01/22,990002', ['term']],
    ['a reason that brings no exchange', 'A800000014,休學,1091,110/01/22,990002', ['exchangeReason']],
    ['a school’s name for its code', 'A800000014,借讀,1091,110/01/22,示範高中', ['schoolCode']],
    ['a path for a school', 'A800000014,借讀,1091,110/01/22,../../', ['schoolCode']],
    ['everything wrong', 'A800000014,x,x,x,x', ['exchangeReason', 'term', 'day', 'schoolCode']],
    ['an id where a day belongs', 'A800000014,借讀,1091,A123456789,990002', ['day']],
  ])('names every cell that is wrong with its row, and no id: %s', async (_, line, columns) => {
    const { rows, findings } = await read(`身分證號,事由,學期,離校日,收件學校\nB800000015,轉學,,110/01/22,990002\n${line}\n`);
    expect(rows).toHaveLength(1);
    expect(findings.map(({ facts, place }) => [(facts as { column: string }).column, place.row])).toEqual(
      columns.map((column) => [column, 2]),
    );
    expect(JSON.stringify(findings)).not.toMatch(/A123456789|A800000014/);
  });

  it('has who transfers for one school alone, and warns of another student who goes to several', async () => {
    const titles = '身分證號,事由,學期,離校日,收件學校';
    const of = (reason: string, school: string) => `A800000014,${reason},,110/01/22,${school}`;
    const transfer = await read([titles, of('借讀', '990002'), of('轉學', '990003')].join('\n'));
    const wrong = { code: 'LPX_LIST_ROW', facts: { column: 'studentElsewhere' }, place: { row: 2 } };
    expect([transfer.rows.length, transfer.findings]).toMatchObject([1, [{ ...wrong, severity: 'error' }]]);
    const borrowed = await read([titles, of('借讀', '990002'), of('借讀', '990003')].join('\n'));
    expect([borrowed.rows.length, borrowed.findings]).toMatchObject([2, [{ ...wrong, severity: 'warning' }]]);
  });

  it('takes a student for each school once', async () => {
    const line = 'A800000014,借讀,,110/01/22';
    const { rows, findings } = await read(`身分證號,事由,學期,離校日,收件學校\n${line},990002\n${line},990003\n${line},990002\n`);
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect([rows.length, errors.map(({ place }) => place.row)]).toEqual([2, [3]]);
  });
});
