import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeTemplate } from '#lpx/exchange/write-template.js';
import { messagesIn } from '#lpx/messages/messages.js';
import { savedByLibreOffice, withOpenpyxl } from '../support/office.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

const LOOK = `
print(json.dumps({sheet.title: {
  'titles': [[cell.value, cell.font.b, (cell.comment.text if cell.comment else '')] for cell in sheet[1]],
  'formats': {sheet[letter + '1'].value: column.number_format for letter, column in sheet.column_dimensions.items()},
  'lists': {sheet[str(rule.sqref).split(':')[0].rstrip('0123456789') + '1'].value: [rule.formula1, rule.showErrorMessage] for rule in sheet.data_validations.dataValidation if rule.type == 'list'},
} for sheet in book}))
`;
interface Sheet {
  readonly titles: readonly (readonly [string, boolean, string])[];
  readonly formats: Readonly<Record<string, string>>;
  readonly lists: Readonly<Record<string, readonly [string, boolean]>>;
}
const template = async (folder: string) =>
  (await writeTemplate({ path: join(folder, '範本.xlsx'), words: messagesIn('zh-TW').template.words })).file;

describeWith(['openpyxl', 'soffice'], 'the template', () => {
  it.each(['as it is', 'saved by LibreOffice'])('has bold titles with hints, text columns and drop-downs: %s', async (how) => {
    const folder = tempFolder();
    const written = await template(folder);
    const file = how === 'as it is' ? written : await savedByLibreOffice(written, 'xlsx', join(folder, 'saved'));
    const book = (await withOpenpyxl(file, LOOK)) as Readonly<Record<string, Sheet>>;
    for (const { titles } of Object.values(book)) expect(titles.filter(([, isBold]) => !isBold)).toEqual([]);
    const competitions = book.競賽參與紀錄;
    expect(competitions?.titles.find(([title]) => title === '競賽等級代碼')?.[2]).toContain('3 全國');
    expect(competitions?.lists).toMatchObject({
      競賽等級代碼: ['"1 校級,2 縣市級,3 全國,4 國際"', true],
      團體參與代碼: ['"1 個人,2 團體"', true],
    });
    expect(book.學期課程學習成果?.lists).toMatchObject({ 是否認證: ['"是,否"', true], 開課年級: ['"1,2,3"', true] });
    for (const title of ['身分證號', '出生日期', '課程代碼']) expect(book.學期課程學習成果?.formats[title]).toBe('@');
    for (const title of ['學號', '身分證號', '出生日期']) expect(book.學生名單?.formats[title]).toBe('@');
  });
});
