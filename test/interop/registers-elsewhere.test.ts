import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { parseCsv } from 'hucre/csv';
import { expect, it } from 'vitest';
import { csv, workbook } from '#lpx/roster/tables.js';
import type { PortfolioRecord } from '#lpx/spec/portfolio.js';
import { registerOf } from '#lpx/spec/registers.js';
import { courseResult, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

const READ = `
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
print(json.dumps({sheet.title: [[(cell.data_type, cell.value) for cell in row] for row in sheet.rows] for sheet in book}))
`;

describeWith(['openpyxl'], 'a register', () => {
  it('is the same workbook to another reader: texts are texts, no formula, codes whole', async () => {
    const record = courseResult({
      brief: '=HYPERLINK("x")',
      subjectName: '𠮷野 <a>&"',
      grade: 1,
      credits: 4,
    }) as unknown as PortfolioRecord<unknown>;
    const register = registerOf(
      [{ student: smallPortfolio().basicData, record, received: true }],
      { kind: 'courseResults', batch: 'year', evening: false },
      '990002',
      109,
    );
    const { name, content } = await workbook(register.name, register.sheets);
    const file = join(tempFolder(), name);
    writeFileSync(file, content);
    const { stdout } = await execa('/usr/bin/python3', ['-c', READ, file], { env: { PYTHONIOENCODING: 'utf-8' } });
    const book = JSON.parse(stdout) as Record<string, [string, unknown][][]>;
    expect(Object.keys(book)).toEqual(register.sheets.map((sheet) => sheet.name));
    expect(book.轉學轉科課程學習成果?.[1]).toEqual([
      ['s', 'A800000014'],
      ['s', '0940309'],
      ['s', '990001'],
      ['n', 109],
      ['n', 1],
      ['s', '109990001H11101A1010101'],
      ['s', '𠮷野 <a>&"'],
      ['n', 1],
      ['n', 4],
      ['s', '=HYPERLINK("x")'],
    ]);
  });
});

/** What a table may have in its cells that a program would take for something else. */
const CELLS = [
  '=1+1',
  '＝SUM(A1)',
  '+886',
  '-1',
  '@x',
  '010301',
  '109990001H11101A1010101',
  '2021-01-21',
  '12345678901234567890',
  '𠮷"<&>',
  1,
  0.5,
];

describeWith(['openpyxl'], 'a table as a workbook', () => {
  it('has its texts as texts and its numbers as numbers, to another reader', async () => {
    const { name, content } = await workbook('表', [{ name: '表', rows: [['標題'], ...CELLS.map((cell) => [cell])] }]);
    const file = join(tempFolder(), name);
    writeFileSync(file, content);
    const { stdout } = await execa('/usr/bin/python3', ['-c', READ, file], { env: { PYTHONIOENCODING: 'utf-8' } });
    const rows = (JSON.parse(stdout) as Record<string, [string, unknown][][]>).表 ?? [];
    expect(rows.slice(1).map(([cell]) => cell)).toEqual(CELLS.map((cell) => [typeof cell === 'string' ? 's' : 'n', cell]));
  });
});

describeWith(['soffice'], 'a table', () => {
  const UTF_8_CSV = 'Text - txt - csv (StarCalc):44,34,76,1';
  const convert = async (file: string) => {
    const folder = tempFolder();
    const reading = file.endsWith('.csv') ? [`--infilter=${UTF_8_CSV}`] : [];
    const writing = ['--convert-to', `csv:${UTF_8_CSV},,0,false,true,false`, '--outdir', folder];
    await execa('soffice', [`-env:UserInstallation=file://${folder}/profile`, '--headless', ...reading, ...writing, file]);
    const text = readFileSync(join(folder, basename(file).replace(/\.[^.]*$/, '.csv')), 'utf8');
    return parseCsv(text, { typeInference: false }).map(([cell]) => String(cell));
  };

  it('comes out of LibreOffice as it went in, as a workbook, and no cell of its CSV is run as a formula', async () => {
    const folder = tempFolder();
    const rows = [['標題'], ...CELLS.map((cell) => [cell])];
    for (const { name, content } of [await workbook('workbook', [{ name: '表', rows }]), csv('table', { name: '表', rows })])
      writeFileSync(join(folder, name), content);
    expect(await convert(join(folder, 'workbook.xlsx'))).toEqual(rows.map(([cell]) => String(cell)));
    const fromCsv = await convert(join(folder, 'table.csv'));
    expect(fromCsv.slice(1, 6)).toEqual(["'=1+1", "'＝SUM(A1)", "'+886", "'-1", "'@x"]);
  });
});
