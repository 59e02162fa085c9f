/** What a result looks like on a terminal that is narrower than it. */
import { describe, expect, it } from 'vitest';
import { remarksOf } from '#lpx/cli/render/entries.js';
import { paint, printable } from '#lpx/cli/render/printable.js';
import { columns, columnsOf, fittingColumns, folded, widthOf, type Yielding } from '#lpx/cli/render/text.js';
import { messagesIn } from '#lpx/messages/messages.js';

/** A terminal of so many columns. */
const terminal = (columns: number) => ({ stdout: { isTTY: true, columns } as NodeJS.WriteStream, verbose: false });
const pipe = { stdout: { columns: 80 } as NodeJS.WriteStream, verbose: false };

describe('the remarks of an entry', () => {
  it('begin with what undid it, which a narrow terminal does not cut off', () => {
    const entry = { kind: 'remove', details: { why: '家長申請退學' }, students: [], outcomes: {}, undoneBy: 13 };
    expect(remarksOf(messagesIn('zh-TW'), entry as never)).toEqual(['已由紀錄編號 13 復原', '家長申請退學']);
  });
});

describe('a row that is wider than the terminal', () => {
  const rows = [
    ['O1', '以再生能源探討社區用電之可行性研究', '1091', 'clerk'],
    ['O2', '科展', '1092', 'clerk'],
  ];
  const leastFirst: Yielding[] = [
    [3, 0],
    [1, 12],
  ];

  it('loses its least important column whole, and then has its title shortened, but no other cell', () => {
    expect(fittingColumns(terminal(46), rows, leastFirst, '  ')[0]).toBe('  O1  以再生能源探討社區用電之可行性研究  1091');
    expect(fittingColumns(terminal(30), rows, leastFirst, '  ')[0]).toBe('  O1  以再生能源探討社…  1091');
  });

  it('keeps as much of a title as it has to', () => {
    expect(fittingColumns(terminal(10), rows, leastFirst)[0]).toBe('O1  以再生能源…  1091');
  });

  it('keeps remarks whole, as many as fit, and the styles of what is cut', () => {
    const remarks = [['O1', `25 筆紀錄  ${paint.dim('11 個檔案')}  缺 3 個檔案`]];
    expect(fittingColumns(terminal(30), remarks, [[1, 8]])).toEqual([`O1  25 筆紀錄  ${paint.dim('11 個檔案')} …`]);
    expect(printable(fittingColumns(terminal(12), [['O1', paint.dim('以再生能源探討')]], [[1, 4]])[0] ?? '', true)).toBe(
      'O1  \u001b[2m以再生\u001b[22m…',
    );
  });

  it('is left as it is where the width is not known, or all of it is asked for', () => {
    for (const whole of [pipe, { ...terminal(30), verbose: true }]) expect(fittingColumns(whole, rows, leastFirst)).toEqual(columns(rows));
    expect(columnsOf({ columns: 80 })).toBeUndefined();
    expect(columnsOf({ isTTY: true, columns: 80 })).toBe(80);
  });

  it('is not as wide as a text that somebody put into a file', () => {
    expect(widthOf(fittingColumns(pipe, [['O1', '長'.repeat(100_000), '1091']], [[1, 12]])[0] ?? '')).toBeLessThan(220);
  });
});

describe('a line that is wider than the terminal', () => {
  it('goes on below, further in, with its cells whole', () => {
    expect(folded('  O1  1091  報告.pdf 12 KB, 海報.png 3 KB', 24)).toEqual(['  O1  1091', '      報告.pdf 12 KB,', '      海報.png 3 KB']);
    expect(folded('short  line', 24)).toEqual(['short  line']);
  });

  it('breaks a sentence between its words, and Chinese between characters, but no path in it', () => {
    const path = '/home/學校/名單/一年級/學生名單.csv';
    const lines = folded(`✘ 錯誤  找不到檔案或資料夾 ${path}，請確認路徑；路徑含空白時請加引號。  LPX_FILE_NOT_FOUND`, 30);
    expect(lines.map((line) => line.trim())).toEqual([
      '✘ 錯誤  找不到檔案或資料夾',
      `${path}，`,
      '請確認路徑；路徑含空白時請',
      '加引號。',
      'LPX_FILE_NOT_FOUND',
    ]);
    expect(folded('    → Check the path; put it in quotes if it contains spaces.', 40)).toEqual([
      '    → Check the path; put it in',
      '        quotes if it contains spaces.',
    ]);
  });

  it('keeps a path in one piece, and its colours', () => {
    const path = paint.bold(`/home/${'a'.repeat(40)}/store`);
    expect(folded(`資料庫  ${path}  （由 --store 指定）`, 30)).toEqual(['資料庫', `    ${path}`, '    （由 --store 指定）']);
  });
});
