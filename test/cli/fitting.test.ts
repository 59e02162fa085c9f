/** What a result looks like on a terminal that is narrower than it. */
import { describe, expect, it } from 'vitest';
import { paint } from '#lpx/cli/render/printable.js';
import { columnsOf, fittingColumns, folded, widthOf } from '#lpx/cli/render/text.js';

describe('a row that is wider than the terminal', () => {
  const rows = [
    ['O1', '以再生能源探討社區用電之可行性研究', '1091'],
    ['O2', '科展', '1092'],
  ];

  it('has its title shortened, and no other cell', () => {
    const lines = fittingColumns(rows, '  ', 1, 30);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(30);
    expect(lines[0]).toMatch(/^ {2}O1 {2}以再生.*… +1091$/);
  });

  it('is left as it is where the width is not known', () => {
    expect(fittingColumns(rows, '', 1)[0]).toContain('以再生能源探討社區用電之可行性研究');
    expect(columnsOf({ columns: 80 })).toBeUndefined();
    expect(columnsOf({ isTTY: true, columns: 80 })).toBe(80);
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
