import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readXlsx } from 'hucre/xlsx';
import { describe, expect, it } from 'vitest';
import { writeTemplate } from '#lpx/exchange/write-template.js';
import { messagesIn } from '#lpx/messages/messages.js';
import { SHEET_KINDS } from '#lpx/roster/sheet-kinds.js';
import { templateWorkbook } from '#lpx/roster/template.js';
import { tempFolder } from '../support/temp.js';

const { words } = messagesIn('zh-TW').template;

describe('the template', () => {
  it('has an empty sheet for each kind, students first, its titles those of the columns', async () => {
    const { content, sheets: names } = await templateWorkbook(words);
    const { sheets } = await readXlsx(content);
    expect(sheets.map(({ name }) => name)).toEqual(names);
    expect(names[0]).toBe('學生名單');
    expect([...names].sort()).toEqual(SHEET_KINDS.map(({ title }) => title).sort());
    for (const { name, rows } of sheets) {
      const titles = SHEET_KINDS.find(({ title }) => title === name)?.columns.map(({ title }) => title);
      expect(rows).toHaveLength(1);
      expect(titles).toEqual(expect.arrayContaining(rows[0] as string[]));
      expect(rows[0]).toEqual(
        expect.arrayContaining(
          SHEET_KINDS.find(({ title }) => title === name)
            ?.columns.filter(({ required }) => required)
            .map(({ title }) => title) ?? [],
        ),
      );
    }
  });

  it('offers what registers lack and records need', async () => {
    const { sheets } = await readXlsx((await templateWorkbook(words)).content);
    const titles = (name: string) => sheets.find((sheet) => sheet.name === name)?.rows[0];
    expect(titles('學期課程學習成果')).toEqual(expect.arrayContaining(['學年度', '文件檔案', '影音檔案', '是否認證']));
    expect(titles('競賽參與紀錄')).toEqual(expect.arrayContaining(['學年度', '學期', '文件檔案', '影音檔案', '外部影音連結']));
  });

  it('stays within what Excel takes of lists and hints', async () => {
    const { sheets } = await readXlsx((await templateWorkbook(words)).content);
    const rules = sheets.flatMap(({ dataValidations }) => dataValidations ?? []);
    expect(rules.length).toBeGreaterThan(50);
    for (const { values, inputTitle, inputMessage, errorTitle, errorMessage } of rules) {
      expect((values ?? []).join(',').length).toBeLessThan(255);
      expect([inputTitle, errorTitle].every((title = '') => title.length <= 32)).toBe(true);
      expect((inputMessage ?? '').length).toBeLessThanOrEqual(255);
      expect((errorMessage ?? '').length).toBeLessThanOrEqual(225);
    }
  });

  it('gets the type of a workbook when it is named without one, and takes the place of no file unasked', async () => {
    const path = join(tempFolder(), '範本');
    expect((await writeTemplate({ path, words })).file).toBe(`${path}.xlsx`);
    await expect(writeTemplate({ path: `${path}.xlsx`, words })).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED' });
    writeFileSync(`${path}.xlsx`, 'x');
    await writeTemplate({ path: `${path}.xlsx`, words, existing: 'replace' });
  });
});
