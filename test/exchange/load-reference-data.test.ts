import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '#lpx/errors.js';
import { loadCourseCodes, loadSchools } from '#lpx/exchange/load-reference-data.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { pathOf } from '../support/places.js';
import { exportFrom, importTo, NOW, OPERATOR, school, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const MATHS = '109990001H11101A1010201';
/** The transfer sample's codes, with another name for 數學, no term for 生物, and no 音樂 at all. */
const CODES = [
  '109990001H11101A1010101,國語文,444422',
  `${MATHS},數學乙,444422`,
  '109990001H11101A1010402,生物,002200',
  '109990001H11101A1010401,物理,222200',
].join('\n');
const SCHOOLS = '代碼,學校名稱\n990001,示範高中\n';

function table(text: string): string {
  const file = join(tempFolder(), 'table.csv');
  writeFileSync(file, text);
  return file;
}
const put = (store: string, load: typeof loadCourseCodes, text: string) =>
  withStore(store, (open) => load(open, { path: table(text), now: NOW, operator: OPERATOR }));
const kinds = (findings: readonly Finding[]) =>
  findings.filter(({ code }) => /COURSE_(?:UN|NAME|TERM)|SCHOOL_UN/.test(code)).map(({ code, place }) => [code, pathOf(place)]);

describe('a course code file', () => {
  it('is taken in, twice the same changes nothing, a new line replaces the old', async () => {
    const store = await school(tempFolder(), '990001');
    expect(await put(store, loadCourseCodes, CODES)).toMatchObject({ rows: 4, changed: 4 });
    expect(await put(store, loadCourseCodes, CODES)).toMatchObject({ rows: 4, changed: 0 });
    expect(await put(store, loadCourseCodes, `${MATHS},數學,444422`)).toMatchObject({ rows: 1, changed: 1 });
    await withStore(store, async (open) => {
      const { listings, plans } = await open.courses([MATHS, '108990001H11101A1010101']);
      expect(listings).toEqual([{ code: MATHS, subjectName: '數學', credits: '444422' }]);
      expect([...plans]).toEqual(['109990001']);
      expect((await open.history()).map(({ kind, operator }) => [kind, operator])).toEqual(Array(2).fill(['load', OPERATOR]));
    });
  });

  it('in CP950 keeps user-defined characters, and names the row of a half one', async () => {
    const store = await school(tempFolder(), '990001');
    const file = join(tempFolder(), 'cp950.csv');
    const row = (name: string) => Buffer.concat([Buffer.from(`${MATHS},`), Buffer.from(name, 'hex'), Buffer.from(',444422\n')]);
    writeFileSync(file, row('a440fa40'));
    const load = () => withStore(store, (open) => loadCourseCodes(open, { path: file, now: NOW, operator: OPERATOR }));
    expect((await load()).findings).toMatchObject([{ code: 'LPX_TEXT_GARBLED', place: { row: 0 }, facts: { garbling: 'private' } }]);
    await withStore(store, async (open) => expect((await open.courses([MATHS])).listings[0]?.subjectName).toBe('一\ue000'));
    writeFileSync(file, row('a440a4'));
    expect((await load()).findings).toMatchObject([{ code: 'LPX_TEXT_GARBLED', place: { row: 0 }, facts: { garbling: 'lost' } }]);
  });

  it('is refused whole when one row is wrong, or none can be read', async () => {
    const store = await school(tempFolder(), '990001');
    await expect(put(store, loadCourseCodes, `${CODES}\n109,x,444422`)).rejects.toMatchObject({
      code: 'LPX_TABLE_ROW',
      place: { row: 4, file: 'table.csv' },
      facts: { column: 'courseCode' },
    });
    await expect(put(store, loadCourseCodes, '課程代碼,科目名稱\n')).rejects.toMatchObject({ code: 'LPX_TABLE_EMPTY' });
    expect((await withStore(store, (open) => open.courses([MATHS]))).listings).toEqual([]);
  });

  it('of thousands of courses is taken in', async () => {
    const store = await school(tempFolder(), '990001');
    const codes = Array.from({ length: 3000 }, (_, i) => `109990001H11101A1${String(i).padStart(6, '0')}`);
    expect(await put(store, loadCourseCodes, codes.map((code) => `${code},科目,220000`).join('\n'))).toMatchObject({
      rows: 3000,
      changed: 3000,
    });
  });

  it('is what an export holds the school’s course results against: warnings, and everything goes', async () => {
    const store = await transferSchool(tempFolder());
    await put(store, loadCourseCodes, CODES);
    const { findings, students } = await exportFrom(store, join(tempFolder(), 'mail'));
    expect(kinds(findings)).toEqual([
      ['LPX_COURSE_NAME_DIFFERS', '課程學習成果紀錄[1].科目名稱'],
      ['LPX_COURSE_TERM_DIFFERS', '課程學習成果紀錄[2].開課學期'],
      ['LPX_COURSE_UNLISTED', '課程學習成果紀錄[3].課程代碼'],
    ]);
    expect(students[0]?.courseResults).toBe(4);
  });

  it('of the old school is what an import checks against; the codes stay as they came', async () => {
    const folder = tempFolder();
    const { zipFile, students } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const store = await school(folder, '990002');
    await put(store, loadCourseCodes, CODES);
    const { report, outcome, students: arrived } = await importTo(store, zipFile);
    expect(outcome).toBe('imported');
    expect(kinds(report.findings)).toHaveLength(3);
    expect(arrived[0]?.records.flatMap(({ courseCode }) => courseCode || [])).toEqual(
      students[0]?.courses.map(({ courseCode }) => courseCode),
    );
  });

  it('of another school or year says nothing about these courses', async () => {
    const store = await transferSchool(tempFolder());
    await put(store, loadCourseCodes, '108990001H11101A1010101,國語文,444422\n109990009H11101A1010101,國語文,444422');
    expect(kinds((await exportFrom(store, join(tempFolder(), 'mail'))).findings)).toEqual([]);
  });
});

describe('a list of schools', () => {
  it('names schools, and reports a school code that it does not have', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const store = await school(folder, '990002');
    expect(await put(store, loadSchools, SCHOOLS)).toMatchObject({ rows: 1, changed: 1 });
    expect(kinds((await importTo(store, zipFile)).report.findings)).toEqual([]);
    expect((await withStore(store, (open) => open.schools(['990001', '990002']))).schools).toEqual([{ code: '990001', name: '示範高中' }]);

    const other = await school(tempFolder(), '990003');
    await put(other, loadSchools, '990009,別校\n');
    expect(kinds((await importTo(other, zipFile)).report.findings).map(([code]) => code)).toContain('LPX_SCHOOL_UNLISTED');
  });
});
