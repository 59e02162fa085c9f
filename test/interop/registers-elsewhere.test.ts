import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { workbook } from '#lpx/roster/tables.js';
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
