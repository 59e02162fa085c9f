import { join } from 'node:path';
import { writeXlsx } from 'hucre/xlsx';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { type LoadRosterRequest, loadRoster } from '#lpx/exchange/load-roster.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { listStudents } from '#lpx/exchange/students.js';
import { nationalIdKind } from '#lpx/spec/identifiers/national-id.js';
import type { StoredStudent } from '#lpx/store/store.js';
import fc from '../support/properties.js';
import {
  exportFrom,
  importTo,
  load,
  NOW,
  OPERATOR,
  SAMPLES,
  school,
  studentIn,
  TRANSFER_STUDENT,
  transferSchool,
} from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { rawWorkbook } from '../support/workbooks.js';
import { put } from '../support/zips.js';

const roster = (store: string, path: string, request: Partial<LoadRosterRequest> = {}) =>
  withStore(store, async (open) => {
    const result = await loadRoster(open, { path, now: NOW, operator: OPERATOR, ...request });
    if (!result) throw new Error('a table of registers alone');
    return result;
  });
const list = (text: string, name = '名單.csv') => put(join(tempFolder(), name), Buffer.from(text));
const fresh = () => school(tempFolder(), '990001');
const rosterOf = async (text: string, request: Partial<LoadRosterRequest> = {}) => {
  const store = await fresh();
  return { store, result: await roster(store, list(text), request) };
};
const rollOf = (store: string) =>
  withStore(store, async (open) => {
    const summaries = await open.students();
    const students = await Promise.all(summaries.map(({ nationalId }) => open.student(nationalId) as Promise<StoredStudent>));
    return students.map(({ basicData: { nationalId, name, birthDate }, roll, listed }) => ({
      nationalId,
      name,
      birthDate,
      ...roll,
      listed,
    }));
  });
const byCode = (a: { code: string }, b: { code: string }) => (a.code < b.code ? 1 : -1);
const codesOf = (findings: readonly { code: string }[]) => findings.map(({ code }) => code);
const HEAD = '學號,身分證號,姓名,生日,班級,座號\n';
const ONE = 'A800000014,林小禾';
/** The sample's students have these names and birth dates. */
const SAMPLE = '0910001,A800000014,林小禾,2005/03/09,101,01\n';

describe('a list of students', () => {
  it('puts students on the roll, with what the school calls them by', async () => {
    const { store, result } = await rosterOf(`${HEAD}0910001,A800000014,林小禾,94/3/9,101,01\n0910002,B800000015,王　明,0960701,101,02\n`);
    expect(result).toMatchObject({ created: 2, updated: 0, unchanged: 0, rows: 2, skippedRows: 0, findings: [] });
    expect(await rollOf(store)).toEqual([
      {
        nationalId: 'A800000014',
        name: '林小禾',
        birthDate: '2005/03/09',
        studentNumber: '0910001',
        className: '101',
        seat: '1',
        listed: true,
      },
      {
        nationalId: 'B800000015',
        name: '王明',
        birthDate: '2007/07/01',
        studentNumber: '0910002',
        className: '101',
        seat: '2',
        listed: true,
      },
    ]);
  });

  it.each([
    ['titles in another order and spelling', '姓 名,國民身分證統一編號\n林小禾,A800000014\n'],
    ['titles with line breaks and brackets', '"學生\n姓名","＊身分證\r\n字號（必填）"\n林小禾,A800000014\n'],
    ['a title and a date above the titles', '示範高中學生名冊,\n製表日期：112/09/01,\n\n姓名,身分證字號\n林小禾,A800000014\n'],
    ['the titles once more', '姓名,身分證字號\n林小禾,A800000014\n姓名,身分證字號\n'],
    ['sums and remarks below', `身分證號,姓名\n${ONE}\n合計,1\n以下空白,\n承辦人：王組長,校長：\n`],
    ['wide letters and blanks', '身分證號,姓名\n Ａ８０００ ０００１４　,林小禾\n'],
    ['what keeps Excel from changing it', `身分證號,姓名\n"=""A800000014""",林小禾\n`],
    ['empty rows', `身分證號,姓名\n,\n${ONE}\n,\n`],
    ['tabs', `身分證號\t姓名\n${ONE.replace(',', '\t')}\n`],
    ['semicolons', `身分證號;姓名\n${ONE.replace(',', ';')}\n`],
  ])('is read with %s', async (_, text) => {
    const { store, result } = await rosterOf(text);
    expect(codesOf(result.findings).filter((code) => code !== 'LPX_COLUMN_UNREAD')).toEqual([]);
    expect(await rollOf(store)).toMatchObject([{ nationalId: 'A800000014', name: '林小禾' }]);
  });

  it.each([
    ['0940309', '2005/03/09'],
    ['94/3/9', '2005/03/09'],
    ['民國94年3月9日', '2005/03/09'],
    ['2005-03-09', '2005/03/09'],
    ['2005/3/9 00:00:00', '2005/03/09'],
    ['20050309', '2005/03/09'],
    ['', ''],
  ])('has its birth dates in any form: %j', async (written, birthDate) => {
    const { store, result } = await rosterOf(`身分證號,姓名,生日\n${ONE},${written}\n`);
    expect(await rollOf(store)).toMatchObject([{ birthDate }]);
    expect(result.findings).toEqual([]);
  });

  it('says which zeros Excel has taken, and restores them where nothing else can be meant', async () => {
    const { store, result } = await rosterOf(`${HEAD}910001,A800000014,林小禾,940309,101,1\n1010002,B800000015,王明,1000701,101,2\n`);
    expect(result.findings).toMatchObject([
      {
        code: 'LPX_ROSTER_ZEROS',
        severity: 'warning',
        place: { row: 1, column: '生日' },
        facts: { value: '940309', restored: '2005/03/09' },
      },
      { code: 'LPX_ROSTER_ZEROS', severity: 'warning', place: { row: 1 }, facts: { value: '910001', restored: '0910001' } },
    ]);
    expect((await rollOf(store)).map(({ studentNumber }) => studentNumber)).toEqual(['0910001', '1010002']);
  });

  it('leaves student numbers of many lengths as they are', async () => {
    const { store } = await rosterOf(`${HEAD}1,A800000014,林小禾,,,\n22,B800000015,王明,,,\n333,C800000016,陳大文,,,\n`);
    expect((await rollOf(store)).map(({ studentNumber }) => studentNumber)).toEqual(['1', '22', '333']);
  });

  it('is refused whole, with every error by row and column, as long as a row is wrong', async () => {
    const store = await fresh();
    const text = `${HEAD}1,A800000014,林小禾,94/3/9,101,1\n2,A800000015,王明,94/13/9,101,2\n3,,陳大文,40309,101,3\n4,!,,,101,4\n`;
    const error = await roster(store, list(text)).catch((thrown) => thrown);
    expect(error.code).toBe('LPX_ROSTER_CELL');
    expect(
      error.findings.map(({ code, place, facts }: never) => [
        code,
        (place as { row: number }).row,
        (place as { column: string }).column,
        (facts as { fault?: string }).fault,
      ]),
    ).toEqual([
      ['LPX_ROSTER_CELL', 2, '身分證號', 'checksum'],
      ['LPX_ROSTER_CELL', 2, '生日', 'day'],
      ['LPX_ROSTER_MISSING', 3, '身分證號', undefined],
      ['LPX_ROSTER_CELL', 3, '生日', 'lostZeros'],
      ['LPX_ROSTER_CELL', 4, '身分證號', 'nationalId'],
      ['LPX_ROSTER_MISSING', 4, '姓名', undefined],
    ]);
    expect(await rollOf(store)).toEqual([]);
  });

  it('is loaded without its bad rows where that is asked for', async () => {
    const { store, result } = await rosterOf(`身分證號,姓名\n${ONE}\nA800000015,王明\n,陳大文\n`, { skipBadRows: true });
    expect(result).toMatchObject({ created: 1, skippedRows: 2 });
    expect((await rollOf(store)).map(({ nationalId }) => nationalId)).toEqual(['A800000014']);
  });

  it.each([
    ['an id with a character too many', 'A8000000145,林小禾,,,', 'error', 'nationalId'],
    ['an id that is cut', 'A80000001-4,林小禾,,,', 'error', 'nationalId'],
    ['an id with something behind it', 'A800000014-2,林小禾,,,', 'error', 'nationalId'],
    ['a student number for an id', '1090001,林小禾,,,', 'error', 'nationalId'],
    ['the number of another paper', 'E12345678,林小禾,,,', 'warning', 'otherId'],
    ['an id for a student number', 'B800000015,林小禾,A800000014,,', 'error', 'isId'],
    ['an id for a name', 'B800000015,A800000014,,,', 'error', 'isId'],
    ['a number for a name', 'A800000014,12,,,', 'error', 'name'],
    ['a name that ends a line of a terminal', 'A800000014,林\u001b小禾,,,', 'error', 'unseen'],
    ['a name that is turned round', 'A800000014,林\u202e小禾,,,', 'error', 'unseen'],
    ['a class that does not show', 'A800000014,林小禾,,1\u206601,', 'error', 'unseen'],
    ['a name that lost a character', 'A800000014,林\ufffd禾,,,', 'error', 'lost'],
    ['an error of Excel', 'A800000014,#N/A,,,', 'error', 'excelError'],
    ['an error of Excel for a class', 'A800000014,林小禾,,#DIV/0!,', 'error', 'excelError'],
    ['no number for a seat', 'A800000014,林小禾,,,NaN', 'warning', 'odd'],
    ['a seat that no classroom has', 'A800000014,林小禾,,,1000000000', 'warning', 'odd'],
    ['a broken number for a student number', 'A800000014,林小禾,34402.5,,', 'warning', 'odd'],
    ['a student number of 30 digits', `A800000014,林小禾,${'1'.repeat(30)},,`, 'warning', 'odd'],
    ['a number below zero for a class', 'A800000014,林小禾,,-5,', 'warning', 'odd'],
  ])('does not take %s for what it is not', async (_, row, severity, fault) => {
    const { findings } = await rosterOf(`身分證號,姓名,學號,班級,座號\n${row}\n`).then(
      ({ result }) => result,
      (error) => error,
    );
    expect(findings).toMatchObject([{ code: 'LPX_ROSTER_CELL', severity, facts: { fault } }]);
    expect(JSON.stringify(findings.map(({ facts }: { readonly facts: object }) => facts))).not.toContain('A800000014');
  });

  it('takes the blanks and marks around a name away, and keeps rare Han characters and their variants', async () => {
    const { store, result } = await rosterOf('身分證號,姓名\nA800000014,\u200b林\u{2000b}葛\u{e0100}\u200b\n');
    expect(result.findings).toEqual([]);
    expect(await rollOf(store)).toMatchObject([{ name: '林\u{2000b}葛\u{e0100}' }]);
  });

  it.each([
    ['A123', 'A123'],
    ['小明', '小明'],
    ['A800000015', 'A80000****'],
    ['１０９０００１', '１０９****'],
  ])('shows a wrong national id unless it could be one: %s', async (id, value) => {
    await expect(rosterOf(`身分證號,姓名\n${id},林小禾\n`)).rejects.toMatchObject({ facts: { value } });
  });

  it('without a sound row is refused also then', async () => {
    await expect(rosterOf('身分證號,姓名\nA800000015,王明\n', { skipBadRows: true })).rejects.toMatchObject({ code: 'LPX_ROSTER_CELL' });
  });

  it('keeps a bounded number of errors, and counts the others', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => `A8${String(i).padStart(8, '0')},`).join('\n');
    const error = await rosterOf(`身分證號,姓名\n${rows}\n`).catch((thrown) => thrown);
    expect(error.findings.length).toBe(200);
    expect(error.findings.at(-1).more).toBeGreaterThan(1000);
  });

  it('changes nothing in a dry run, and says what it would', async () => {
    const { store, result } = await rosterOf(HEAD + SAMPLE, { dryRun: true });
    expect(result).toMatchObject({ dryRun: true, created: 1 });
    expect(await rollOf(store)).toEqual([]);
    expect(await withStore(store, (open) => open.history())).toEqual([]);
  });

  it('twice changes nothing, and leaves no second line in the history', async () => {
    const store = await fresh();
    const file = list(HEAD + SAMPLE);
    await roster(store, file);
    expect(await roster(store, file)).toMatchObject({ created: 0, updated: 0, unchanged: 1, students: [] });
    expect(await withStore(store, (open) => open.history())).toMatchObject([
      { kind: 'load', operator: OPERATOR, students: [{ nationalId: 'A800000014', created: true }] },
    ]);
  });

  it('updates what it says, and takes nothing out', async () => {
    const store = await fresh();
    await roster(store, list(HEAD + SAMPLE));
    const result = await roster(store, list('身分證號,姓名,班級\nA800000014,林小荷,201\nB800000015,王明,201\n'));
    expect(result).toMatchObject({
      created: 1,
      updated: 1,
      students: [
        {
          changes: [{ property: 'name', from: '林小禾', to: '林小荷' }],
          rollChanges: [{ property: 'className', from: '101', to: '201' }],
        },
        { rollChanges: [] },
      ],
    });
    expect(await rollOf(store)).toMatchObject([
      { name: '林小荷', birthDate: '2005/03/09', studentNumber: '0910001', className: '201', seat: '1' },
      { nationalId: 'B800000015' },
    ]);
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry?.students[0]?.changes).toEqual([{ property: 'name', from: '林小禾', to: '林小荷' }]);
  });

  it.each([
    ['two names', '身分證號,姓名,姓名\nA800000014,林小禾,王明\n'],
    ['two students side by side', '身分證號,姓名,身分證號,姓名\nA800000014,林小禾,B800000015,王明\n'],
  ])('that says %s in a row under one title is refused', async (_, text) => {
    await expect(rosterOf(text, { skipBadRows: true })).rejects.toMatchObject({ code: 'LPX_ROSTER_REPEATED', place: { row: 1 } });
    const same = text.replace('王明', '林小禾').replace('B800000015', 'A800000014');
    expect((await rosterOf(same)).result).toMatchObject({ created: 1 });
  });

  it('and another list of the same command that differ in a student are not both loaded; where the other is, is said', async () => {
    const [store, earlier] = [await fresh(), new Map()];
    await roster(store, list(HEAD + SAMPLE, '甲.csv'), { earlier });
    await expect(roster(store, list(HEAD + SAMPLE.replace('林小禾', '林小荷'), '乙.csv'), { earlier })).rejects.toMatchObject({
      code: 'LPX_ROSTER_CONFLICT',
      facts: { first: '甲.csv: 2', rollProperty: 'name' },
    });
    expect(await roster(store, list(HEAD + SAMPLE, '丙.csv'), { earlier })).toMatchObject({ unchanged: 1 });
    expect(await rollOf(store)).toMatchObject([{ name: '林小禾' }]);
  });

  it('names a few examples of a note, and counts the rest', async () => {
    const { result } = await rosterOf(HEAD + SAMPLE.repeat(100));
    expect(result.findings.length).toBeLessThan(30);
    expect(result.findings.at(-1)?.more).toBeGreaterThan(70);
  });

  it('does not make a student of a list another person', async () => {
    const store = await fresh();
    await roster(store, list(HEAD + SAMPLE));
    await expect(roster(store, list(HEAD + SAMPLE.replace('林小禾,2005/03/09', '王大同,2006/01/01')))).rejects.toMatchObject({
      code: 'LPX_ROSTER_OTHER_PERSON',
    });
    expect(await rollOf(store)).toMatchObject([{ name: '林小禾', birthDate: '2005/03/09' }]);
  });

  it('that has a student twice counts them once, or says what differs', async () => {
    const { result } = await rosterOf(`${HEAD}${SAMPLE}${SAMPLE}`);
    expect(result).toMatchObject({
      created: 1,
      findings: [{ code: 'LPX_ROSTER_TWICE', severity: 'note', place: { row: 2 }, facts: { first: '2' } }],
    });
    await expect(rosterOf(`${HEAD}${SAMPLE}${SAMPLE.replace(',101,', ',102,')}`)).rejects.toMatchObject({
      code: 'LPX_ROSTER_CONFLICT',
      findings: [
        { place: { row: 1 }, facts: { first: '3', rollProperty: 'class', value: '101', other: '102' } },
        { place: { row: 2 }, facts: { first: '2', rollProperty: 'class', value: '102', other: '101' } },
      ],
    });
    const both = await rosterOf(`${HEAD}${SAMPLE}${SAMPLE.replace(',101,', ',102,')}9,B800000015,王明,,,\n`, { skipBadRows: true });
    expect(both.result).toMatchObject({ created: 1, skippedRows: 2 });
  });

  it('that has two students with one number, or one seat, warns of it', async () => {
    const text = '身分證號,姓名,學號,班級,座號\nA800000014,林小禾,0910001,101,1\nB800000015,王明,0910001,101,01\n';
    const { result } = await rosterOf(text);
    expect(result).toMatchObject({
      created: 2,
      findings: ['studentNumber', 'classSeat'].map((rollProperty) => ({
        ...{ code: 'LPX_ROSTER_SHARED', severity: 'warning', place: { row: 2 } },
        facts: { rollProperty, first: 2 },
      })),
    });
  });

  it.each([
    ['甲,乙\n1,2\n', 'LPX_ROSTER_TITLES'],
    ['身分證號,姓名,事由,學期,離校日,收件學校\nA800000014,林小禾,轉學,,110/01/22,990002\n', 'LPX_LOAD_EXPORT_LIST'],
    ['身分證號,班級\nA800000014,101\n', 'LPX_ROSTER_COLUMN'],
    [HEAD, 'LPX_TABLE_EMPTY'],
  ])('without what it needs says so: %j', async (text, code) => {
    await expect(rosterOf(text)).rejects.toMatchObject({ code });
  });
});

describe('a workbook with lists', () => {
  it('is read sheet by sheet, and says what was not read', async () => {
    const store = await fresh();
    const rows = (names: readonly (readonly string[])[]) => [['姓名', '身分證號', '備註'], ...names.map((row) => [...row])];
    const bytes = await writeXlsx({
      sheets: [
        { name: '說明', rows: [['請填寫']] },
        { name: '101', rows: rows([['林小禾', 'A800000014', '']]) },
        {
          name: '102',
          rows: rows([
            ['王明', 'B800000015', ''],
            ['林小禾', 'A800000014', ''],
          ]),
        },
      ],
    });
    const result = await roster(store, put(join(tempFolder(), 'a.xlsx'), Buffer.from(bytes)));
    expect(result).toMatchObject({ created: 2, rows: 3 });
    expect(result.findings.map(({ code, place }) => [code, place.sheet])).toEqual([
      ['LPX_ROSTER_TWICE', '102'],
      ['LPX_COLUMN_UNREAD', '101'],
      ['LPX_COLUMN_UNREAD', '102'],
      ['LPX_SHEET_UNREAD', '說明'],
    ]);
  });

  it('reads rows that are hidden, and not sheets that are; both are said', async () => {
    const cell = (ref: string, text: string) => `<c r="${ref}" t="str"><v>${text}</v></c>`;
    const titles = `<row r="1">${cell('A1', '姓名')}${cell('B1', '身分證號')}</row>`;
    const shown = `<sheetData>${titles}<row r="2" hidden="1">${cell('A2', '林小禾')}${cell('B2', 'A800000014')}</row></sheetData>`;
    const other = `<sheetData>${titles}<row r="2">${cell('A2', '王明')}${cell('B2', 'B800000015')}</row></sheetData>`;
    const sheets = [
      { name: '101', xml: shown },
      { name: '舊', xml: other, state: 'hidden' },
    ];
    const store = await fresh();
    const { findings } = await roster(store, put(join(tempFolder(), 'a.xlsx'), rawWorkbook({ sheets })));
    expect([...findings].sort(byCode)).toMatchObject([
      { code: 'LPX_SHEET_UNREAD', severity: 'warning', place: { sheet: '舊' }, facts: { reason: 'sheetHidden' } },
      { code: 'LPX_ROWS_HIDDEN', severity: 'note', place: { sheet: '101' }, facts: { count: 1 } },
    ]);
    expect((await rollOf(store)).map(({ nationalId }) => nationalId)).toEqual(['A800000014']);
  });

  it('has titles in two rows, of which some are merged', async () => {
    const cell = (ref: string, text: string) => `<c r="${ref}" t="str"><v>${text}</v></c>`;
    const rows = [
      `<row r="1">${cell('A1', '班級')}${cell('B1', '學生')}</row>`,
      `<row r="2">${cell('B2', '姓名')}${cell('C2', '身分證號')}</row>`,
      `<row r="3">${cell('A3', '101')}${cell('B3', '林小禾')}${cell('C3', 'A800000014')}</row>`,
    ].join('');
    const xml = `<sheetData>${rows}</sheetData><mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells>`;
    const store = await fresh();
    const { findings } = await roster(store, put(join(tempFolder(), 'a.xlsx'), rawWorkbook({ sheets: [{ name: 'a', xml }] })));
    expect(findings).toEqual([]);
    expect(await rollOf(store)).toMatchObject([{ nationalId: 'A800000014', name: '林小禾', className: '101' }]);
  });

  it('has a class in merged cells for all of its rows, and real days', async () => {
    const cell = (ref: string, text: string) => `<c r="${ref}" t="str"><v>${text}</v></c>`;
    const student = (row: number, id: string, name: string, seat: number) =>
      `<row r="${row}">${row === 2 ? cell('A2', '101') : ''}<c r="B${row}"><v>${seat}</v></c>${cell(`C${row}`, id)}${cell(`D${row}`, name)}<c r="E${row}" s="1"><v>38420</v></c></row>`;
    const titles = `<row r="1">${['班級', '座號', '身分證號', '姓名', '生日'].map((title, i) => cell(`${'ABCDE'[i]}1`, title)).join('')}</row>`;
    const xml = `<sheetData>${titles}${student(2, 'A800000014', '林小禾', 1)}${student(3, 'B800000015', '王明', 2)}</sheetData><mergeCells><mergeCell ref="A2:A3"/></mergeCells>`;
    const styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>';
    const store = await fresh();
    await roster(store, put(join(tempFolder(), 'a.xlsx'), rawWorkbook({ sheets: [{ name: 'a', xml }], styles })));
    expect(await rollOf(store)).toMatchObject([
      { className: '101', seat: '1', birthDate: '2005/03/09' },
      { className: '101', seat: '2', birthDate: '2005/03/09' },
    ]);
  });
});

describe('a student from a list', () => {
  it('is found by class and student number', async () => {
    const { store } = await rosterOf(`${HEAD}${SAMPLE}0910101,B800000015,王明,,102,1\n`);
    const found = (...words: string[]) =>
      withStore(store, async (open) => (await listStudents(open, words)).students.map(({ nationalId }) => nationalId));
    expect(await found('101')).toEqual(['A800000014']);
    expect(await found('0910101')).toEqual(['B800000015']);
    expect(await found('林')).toEqual(['A800000014']);
  });

  it('is not exported before basic data come', async () => {
    const { store } = await rosterOf(HEAD + SAMPLE);
    await expect(exportFrom(store, tempFolder())).rejects.toMatchObject({ code: 'LPX_BASIC_DATA_MISSING' });
    await load(store, join(SAMPLES, 'transfer'));
    expect((await studentIn(store, TRANSFER_STUDENT)).listed).toBe(false);
    expect((await exportFrom(store, tempFolder())).packages).toHaveLength(1);
  });

  it('gets basic data from the platform, and keeps class and number', async () => {
    const { store } = await rosterOf(HEAD + SAMPLE.replace('林小禾', '林小荷'));
    const { students } = await load(store, join(SAMPLES, 'transfer'));
    expect(students).toMatchObject([{ created: false, changes: [{ property: 'name', from: '林小荷', to: '林小禾' }] }]);
    expect(await rollOf(store)).toMatchObject([{ name: '林小禾', className: '101', studentNumber: '0910001', listed: false }]);
  });

  it('whom the platform describes as another person is reported', async () => {
    const { store } = await rosterOf(HEAD + SAMPLE.replace('林小禾,2005/03/09', '王大同,2006/01/01'));
    expect((await load(store, join(SAMPLES, 'transfer'))).findings).toContainEqual(
      expect.objectContaining({ code: 'LPX_LOAD_OTHER_PERSON', severity: 'warning' }),
    );
  });

  it('is imported without being created, and is the guard against a stranger’s package', async () => {
    const zip = (await exportFrom(await transferSchool(tempFolder()), tempFolder())).zipFile;
    const here = await school(tempFolder(), '990002');
    await roster(here, list(HEAD + SAMPLE));
    expect(await importTo(here, zip, { createStudents: false })).toMatchObject({ outcome: 'imported', students: [{ created: false }] });
    const other = await school(tempFolder(), '990002');
    await roster(other, list(HEAD + SAMPLE.replace('林小禾', '王大同')));
    expect(await importTo(other, zip, { createStudents: false })).toMatchObject({
      outcome: 'refused',
      conflicts: [{ code: 'LPX_STUDENT_DIFFERS' }],
    });
  });

  it('whom the platform has described stays as it says; the difference is reported', async () => {
    const store = await transferSchool(tempFolder());
    const spelled = await roster(store, list(HEAD + SAMPLE.replace('2005/03/09', '2005/03/10')));
    expect(spelled).toMatchObject({
      updated: 1,
      findings: [{ code: 'LPX_ROSTER_DIFFERS', severity: 'warning', facts: { listed: '2005/03/10' } }],
    });
    expect(await rollOf(store)).toMatchObject([{ birthDate: '2005/03/09', className: '101', listed: false }]);
    await expect(roster(store, list(HEAD + SAMPLE.replace('林小禾,2005/03/09', '王大同,2006/01/01')))).rejects.toMatchObject({
      code: 'LPX_ROSTER_OTHER_PERSON',
    });
  });
});

const LETTERS = [...'ABCDEFGHJKLMNPQRSTUVXYWZIO'];
const madeUpId = fc
  .tuple(fc.constantFrom(...LETTERS), fc.integer({ min: 0, max: 999_999 }))
  .map(([letter, number]) => `${letter}8${String(number).padStart(7, '0')}`)
  .map((start) => [...'0123456789'].map((digit) => start + digit).find((id) => nationalIdKind(id) !== 'other') as string);
const student = fc.record({
  nationalId: madeUpId,
  name: fc.array(fc.constantFrom(...'王林陳李張黃小明大同𠮷坤'), { minLength: 2, maxLength: 4 }).map((all) => all.join('')),
  birthDate: fc
    .date({ min: new Date('1990-01-01'), max: new Date('2010-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10)),
  studentNumber: fc.integer({ min: 1, max: 9_999_999 }).map((number) => String(number).padStart(7, '0')),
  className: fc.constantFrom('101', '102', '資訊一甲', '普三 1'),
  seat: fc.integer({ min: 1, max: 50 }).map(String),
});
const COLUMNS = {
  nationalId: '身分證字號',
  name: '學生姓名',
  birthDate: '出生日期',
  studentNumber: '學號',
  className: '班級',
  seat: '座號',
} as const;
type Column = keyof typeof COLUMNS;

describe('a list in any encoding, its columns in any order', () => {
  it('gives the same roll', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(student, { selector: ({ nationalId }) => nationalId, minLength: 1, maxLength: 8 }),
        fc.shuffledSubarray(Object.keys(COLUMNS) as Column[], { minLength: 6 }),
        fc.constantFrom('utf8', 'utf8 mark', 'utf16le', 'utf16be', 'cp950', 'xlsx'),
        fc.constantFrom(',', '\t', ';'),
        fc.integer({ min: 0, max: 3 }),
        async (students, order, encoding, separator, titleRows) => {
          // CP950 lacks this character of the others.
          const kept = students.map((made) => (encoding === 'cp950' ? { ...made, name: made.name.replaceAll('𠮷', '吉') } : made));
          const rows = [
            ...Array.from({ length: titleRows }, () => ['學生名冊']),
            order.map((column) => COLUMNS[column]),
            ...kept.map((made) => order.map((column) => made[column])),
          ];
          const text = rows.map((row) => row.map((cell) => `"${cell}"`).join(separator)).join('\r\n');
          const bytes = {
            utf8: () => Buffer.from(text),
            'utf8 mark': () => Buffer.from(`\ufeff${text}`),
            utf16le: () => iconv.encode(`\ufeff${text}`, 'utf16le'),
            utf16be: () => iconv.encode(`\ufeff${text}`, 'utf16be'),
            cp950: () => iconv.encode(text, 'cp950'),
            xlsx: async () => Buffer.from(await writeXlsx({ sheets: [{ name: '名單', rows }] })),
          }[encoding];
          const store = await fresh();
          await roster(store, put(join(tempFolder(), encoding === 'xlsx' ? 'a.xlsx' : 'a.csv'), await bytes?.()));
          const sorted = (all: readonly { nationalId: string }[]) => [...all].sort((a, b) => (a.nationalId < b.nationalId ? -1 : 1));
          expect(sorted(await rollOf(store))).toEqual(
            sorted(kept.map((made) => ({ ...made, birthDate: made.birthDate.replaceAll('-', '/'), listed: true }))),
          );
        },
      ),
      { numRuns: 12 },
    );
  });
});
