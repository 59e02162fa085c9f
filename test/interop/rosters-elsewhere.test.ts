import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadRegisters } from '#lpx/exchange/load-registers.js';
import { loadRoster } from '#lpx/exchange/load-roster.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { writeTemplate } from '#lpx/exchange/write-template.js';
import { messagesIn } from '#lpx/messages/messages.js';
import { savedByLibreOffice, withOpenpyxl } from '../support/office.js';
import { NOW, OPERATOR, SAMPLES, school, studentIn } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

const ROSTERS = join(SAMPLES, 'rosters');
const BY = { now: NOW, operator: OPERATOR };
const loadList = (store: string, path: string) => withStore(store, (open) => loadRoster(open, { path, ...BY }));
const loadRecords = (store: string, path: string, attachments?: string) =>
  withStore(store, (open) => loadRegisters(open, { path, attachments, ...BY }));

/** Filters of LibreOffice: commas, quotation marks, UTF-8 or CP950, from the first row. */
const FORMS = {
  'as a workbook': 'xlsx',
  'as CSV in UTF-8': 'csv:Text - txt - csv (StarCalc):44,34,76,1',
  'as CSV in Big5': 'csv:Text - txt - csv (StarCalc):44,34,63,1',
} as const;

describeWith(['soffice'], 'a list of students', () => {
  it.each(Object.entries(FORMS))('loads alike when LibreOffice has saved it %s', async (_, form) => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    expect(await loadList(store, join(ROSTERS, 'students.csv'))).toMatchObject({ created: 4 });
    const saved = await savedByLibreOffice(join(ROSTERS, 'students.xlsx'), form, join(folder, 'saved'));
    expect(await loadList(store, saved)).toMatchObject({ created: 0, updated: 0, unchanged: 4 });
  });
});

describeWith(['soffice'], 'a register', () => {
  it('loads alike when LibreOffice has saved it', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    await loadList(store, join(ROSTERS, 'students.csv'));
    await loadRecords(store, join(ROSTERS, 'course-results.xlsx'), join(ROSTERS, 'attachments'));
    const before = await studentIn(store, 'D800000017');
    expect(before.records).toHaveLength(2);
    const saved = await savedByLibreOffice(join(ROSTERS, 'course-results.xlsx'), 'xlsx', join(folder, 'saved'));
    expect(await loadRecords(store, saved, join(ROSTERS, 'attachments'))).toMatchObject({ rows: 3, skippedRows: 0, changed: false });
    expect(await studentIn(store, 'D800000017')).toEqual(before);
  });
});

const FILL = `
def fill(name, values):
    sheet = book[name]
    titles = [cell.value for cell in sheet[1]]
    for title, value in values.items():
        sheet.cell(row=sheet.max_row if title != list(values)[0] else sheet.max_row + 1, column=titles.index(title) + 1, value=value)
fill('學生名單', {'學號': '0090001', '身分證號': 'A800000014', '姓名': '林小禾', '出生日期': '0940309', '班級': '101', '座號': '1'})
fill('學期課程學習成果', {'身分證號': 'A800000014', '學年度': 109, '實際修課學期': 1, '課程代碼': '109990001H11101A1010101', '科目名稱': '國語文', '開課年級': 1, '修課學分': 4, '是否認證': '是'})
fill('競賽參與紀錄', {'身分證號': 'A800000014', '競賽名稱': '程式競賽', '競賽等級代碼': '3 全國', '結果公布日期': '1091130'})
book.save(sys.argv[1])
`;

describeWith(['openpyxl', 'soffice'], 'a template that was filled in', () => {
  it.each(['openpyxl', 'openpyxl, and saved by LibreOffice'])('loads, zeros and codes whole: %s', async (how) => {
    const folder = tempFolder();
    const { file } = await writeTemplate({ path: join(folder, '範本.xlsx'), words: messagesIn('zh-TW').template.words });
    await withOpenpyxl(file, FILL);
    const filled = how === 'openpyxl' ? file : await savedByLibreOffice(file, 'xlsx', join(folder, 'saved'));
    const store = await school(folder, '990001');
    expect(await loadList(store, filled)).toMatchObject({ rows: 1, created: 1 });
    expect(await loadRecords(store, filled)).toMatchObject({ rows: 2, skippedRows: 0 });
    const { basicData, roll, records } = await studentIn(store, 'A800000014');
    expect([basicData.birthDate, roll.studentNumber]).toEqual(['2005/03/09', '0090001']);
    expect(records.map(({ record: { fields } }) => fields)).toMatchObject([
      { academicYear: 109, semester: 1, certification: '1', credits: 4 },
      { academicYear: 109, semester: 1, competitionLevelCode: '3', resultDate: '2020/11/30' },
    ]);
  });

  it('says that it has no rows while it is empty', async () => {
    const folder = tempFolder();
    const { file } = await writeTemplate({ path: join(folder, '範本.xlsx'), words: messagesIn('zh-TW').template.words });
    const copy = join(folder, 'copy.xlsx');
    copyFileSync(file, copy);
    const store = await school(folder, '990001');
    await expect(loadList(store, copy)).rejects.toMatchObject({ code: 'LPX_TABLE_EMPTY' });
  });
});
