import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readXlsx } from 'hucre/xlsx';
import { describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { type MadeRecord, writeExchangeFolder } from '../support/portfolios.js';
import { FULL_STUDENT, PASSWORD, SAMPLES, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const options = { env: { LPX_PASSWORD: PASSWORD.toString() } };

/** Runs with `--json`, checks the output against its schema, and expects an exit code. */
async function run(code: number, store: string, ...words: string[]) {
  const ran = await lpxJson(['--store', store, ...words], options);
  expect(outputFaults(ran.json), ran.out).toEqual([]);
  expect([ran.code, ran.json.error?.exitCode ?? 0], ran.out).toEqual([code, code]);
  return ran.json;
}

/** Course results of a school in one term, each under a code of that school. */
const courses = (school: string, term: string, count: number): MadeRecord[] =>
  Array.from({ length: count }, (_, i) =>
    courseResult(
      {
        originSchoolCode: school,
        academicYear: Number(term.slice(0, 3)),
        semester: Number(term.slice(3)),
        courseCode: `109${school}H11101A10101${String(i + 1).padStart(2, '0')}`,
        subjectName: `${school} 科目${i + 1}`,
        uploadTerm: term,
        createdAt: `2021-01-10 14:03:${String(i).padStart(2, '0')}`,
        grade: Number(term.slice(0, 3)) - 108,
        gradeSemester: Number(term.slice(3)),
      },
      { bytes: pdf(`${school} ${term} ${i}`), type: 'pdf', name: '報告.pdf' },
    ),
  );

describe('a student who transfers from A to B to C and borrows a term at D', () => {
  it('ends at C with all of it: four origins, every code as it was, the limits held, and proof that each package arrived', async () => {
    const folder = tempFolder();
    const store = (name: string) => join(folder, name);
    const SCHOOLS = { A: '990001', B: '990002', C: '990003', D: '990004' } as const;
    type Name = keyof typeof SCHOOLS;
    for (const [name, code] of Object.entries(SCHOOLS)) await run(0, store(name), 'init', '--school', code, '--name', `${name} 校`);
    const platform = async (name: Name, term: string, count: number) => {
      const path = join(folder, `platform-${name}-${term}`);
      writeExchangeFolder(path, [smallPortfolio(courses(SCHOOLS[name], term, count), { schoolCode: SCHOOLS[name] })]);
      await run(0, store(name), 'load', path);
    };
    const send = async (from: Name, to: Name, reason: string, left: string) => {
      const words = ['--reason', reason, '--left', left, '--to', SCHOOLS[to], '--out', join(folder, 'mail')];
      const { packages } = await run(0, store(from), 'export', TRANSFER_STUDENT, ...words);
      const [{ path }] = packages;
      const { historyId } = await run(0, store(to), 'import', path, '--create-students');
      const receipt = await run(0, store(to), 'receipt', String(historyId), '--by', '註冊組', '--out', join(folder, 'mail'));
      expect((await run(0, store(from), 'receipt', '--check', receipt.path)).before).toBe(false);
    };

    await platform('A', '1091', 3);
    await send('A', 'B', 'transfer', '2021-01-22');
    await platform('B', '1092', 2);
    // A semester at D, in the second year; then home to B, and on to C within the same school year.
    await platform('D', '1101', 2);
    await send('D', 'B', 'borrowed-study', '2022-01-20');
    await send('B', 'C', 'transfer', '2022-02-11');
    await platform('C', '1102', 6);

    const { students } = await run(0, store('C'), 'pick', TRANSFER_STUDENT);
    const items: any[] = students[0].items;
    const before = (['A', 'B', 'C', 'D'] as const).flatMap((name) =>
      courses(SCHOOLS[name], { A: '1091', B: '1092', C: '1102', D: '1101' }[name], { A: 3, B: 2, C: 6, D: 2 }[name]),
    );
    const identified = (records: readonly any[]) =>
      records.map((record) => `${record.originSchoolCode} ${record.courseCode} ${record.term ?? record.uploadTerm}`).sort();
    expect(identified(items)).toEqual(identified(before.map((record) => record.fields)));
    expect(items.filter(({ provenance }) => provenance === 'own').map(({ originSchoolCode }) => originSchoolCode)).toEqual(
      Array(6).fill('990003'),
    );

    // Year 110 has 2 borrowed and 6 own course results, of which six may be picked; year 109 has 5.
    const refs = (fits: (item: any) => boolean) => items.filter(fits).map(({ ref }) => ref);
    const borrowed = refs(({ originSchoolCode }) => originSchoolCode === '990004');
    const own = refs(({ provenance }) => provenance === 'own');
    const over = await run(6, store('C'), 'pick', TRANSFER_STUDENT, ...borrowed, ...own.slice(0, 5));
    expect(over.error.code).toBe('LPX_PICK_OVER');
    await run(0, store('C'), 'pick', TRANSFER_STUDENT, ...borrowed, ...own.slice(0, 4), ...refs(({ schoolYear }) => schoolYear === 109));
    const status = await run(0, store('C'), 'status', TRANSFER_STUDENT);
    expect(status.years.filter(({ half }: any) => half === 'courseResults')).toMatchObject([
      { schoolYear: 109, own: 0, transferred: 5, picked: 5, left: 0 },
      { schoolYear: 110, own: 6, transferred: 2, picked: 6, left: 0 },
    ]);
    expect(status.certified.map(({ schoolYear, schoolCode, certified }: any) => [schoolYear, schoolCode, certified])).toEqual([
      [109, '990001', 3],
      [109, '990002', 2],
      [110, '990003', 6],
      [110, '990004', 2],
    ]);

    const { registers } = await run(0, store('C'), 'register', '--year', '110', '--out', join(folder, 'registers'));
    const { sheets } = await readXlsx(readFileSync(registers[0].files[0]));
    const rows = (name: string) => sheets.find((sheet) => sheet.name === name)?.rows.slice(1) ?? [];
    expect(rows('學期課程學習成果')).toHaveLength(4);
    expect(rows('借讀課程學習成果').map((row) => [row[2], row[5]])).toEqual([
      ['990004', '109990004H11101A1010101'],
      ['990004', '109990004H11101A1010102'],
    ]);
    const history = await run(0, store('B'), 'history');
    expect(history.entries.filter(({ kind }: any) => kind === 'export').map(({ receivedBy }: any) => receivedBy)).toEqual([
      '990003 C 校 註冊組',
    ]);
  });
});

describe('the domain’s commands', () => {
  it('advise in both languages, on every case', async () => {
    for (const change of ['transfer', 'borrowed-study', 'experimental', 'suspension', 'repeat'])
      for (const lang of ['zh-TW', 'en']) {
        const { json, code } = await lpxJson(['--lang', lang, 'advise', '--case', change, '--left', '2020-01-20']);
        expect(outputFaults(json)).toEqual([]);
        expect([code, json.case, json.academicYear, json.semester]).toEqual([0, change, 108, 1]);
      }
    const { out } = await lpx(['--lang', 'zh-TW', 'advise', '--case', 'transfer', '--left', '2020-08-10']);
    expect(out).toContain('不需交換資料。');
    expect(out).not.toMatch(/undefined|\{\w+\}/);
  });

  it('draw a ruler under a course code, the guide’s numbers under its parts', async () => {
    const { out } = await lpx(['--lang', 'zh-TW', 'code', '1090603xxH11101A1010101']);
    expect(out.split('\n').slice(0, 3)).toEqual([
      '109 0603xx H 11 101 A 1 0 1 01 01',
      '╰─╯ ╰────╯ │ ╰╯ ╰─╯ │ │ │ │ ╰╯ ╰╯',
      ' 1    2    3 4   5  6 7 8 9 10 11',
    ]);
    const wrong = await lpx(['code', '109990001x11101A10101']);
    expect(wrong.out.split('\n')[1]).toBe('╰─╯ ╰────╯ ^ ╰╯ ╰─╯ │ │ │ │ ╰╯ ^^');
    expect(wrong.out).toContain('character 10, “x”');
  });

  it('name a course’s subject, terms and school once a store knows them', async () => {
    const folder = tempFolder();
    const store = join(folder, 'store');
    writeFileSync(join(folder, 'codes.csv'), '課程代碼,科目名稱,授課學期學分\n109990001H11101A1010201,數學,2B0000\n');
    writeFileSync(join(folder, 'schools.csv'), '代碼,學校名稱\n990001,示範高中\n');
    await run(0, store, 'init', '--school', '990001');
    const loaded = await run(0, store, 'load', '--course-codes', join(folder, 'codes.csv'), '--schools', join(folder, 'schools.csv'));
    expect([loaded.courseCodes, loaded.schools].map(([record]) => record.changed)).toEqual([1, 1]);
    const { codes } = await run(0, store, 'code', '109990001H11101A1010201', '109990001H11101A1010299', '108990001H11101A1010201');
    expect(codes.map(({ listing }: any) => listing.status)).toEqual(['listed', 'unlisted', 'unknown']);
    expect(codes[0].listing).toMatchObject({
      subjectName: '數學',
      terms: [
        { term: 1, credits: 2 },
        { term: 2, alternating: true },
      ],
    });
    expect(codes[0].parts[1].name).toBe('示範高中');
  });

  it('refuse an export once the school year is over, and say how to go on', async () => {
    const folder = tempFolder();
    const store = join(folder, 'store');
    await run(0, store, 'init', '--school', '990001');
    await run(0, store, 'load', join(SAMPLES, 'transfer'));
    const words = ['export', TRANSFER_STUDENT, '--reason', 'transfer', '--out', join(folder, 'mail')];
    const refused = await run(6, store, ...words, '--left', '2021-08-01');
    expect(refused.error.code).toBe('LPX_EXCHANGE_NOT_NEEDED');
    expect((await run(0, store, ...words, '--left', '2021-08-01', '--force')).overridden).toEqual(['LPX_EXCHANGE_NOT_NEEDED']);
    expect((await run(0, store, 'history')).entries[0]).toMatchObject({ kind: 'export', overridden: 'LPX_EXCHANGE_NOT_NEEDED' });
  });

  it('record the choices of many students from a list', async () => {
    const folder = tempFolder();
    const store = join(folder, 'store');
    await run(0, store, 'init', '--school', '990001');
    await run(0, store, 'load', join(SAMPLES, 'transfer'), join(SAMPLES, 'full'));
    const lines: string[] = [];
    for (const id of [TRANSFER_STUDENT, FULL_STUDENT]) {
      const { students } = await run(0, store, 'pick', id);
      const fit = students[0].items.filter(({ unfit }: any) => unfit === undefined);
      lines.push(...fit.slice(0, 2).map(({ ref }: any) => `${id},${ref}`));
    }
    writeFileSync(join(folder, 'choices.csv'), `身分證號,編號\n${lines.join('\n')}\n`);
    const { students } = await run(0, store, 'pick', '--list', join(folder, 'choices.csv'));
    expect(students.map(({ picked }: any) => picked.length)).toEqual([2, 2]);
    expect((await run(0, store, 'register', '--year', '109', '--format', 'csv', '--out', join(folder, 'out'))).students).toBe(2);
  });

  it('of everyone names the students that an export skipped', async () => {
    const folder = tempFolder();
    const store = join(folder, 'store');
    await run(0, store, 'init', '--school', '990001');
    await run(0, store, 'load', join(SAMPLES, 'transfer'), join(SAMPLES, 'full'));
    const words = ['export', '--all', '--reason', 'transfer', '--left', '2021-01-22', '--term', '1091', '--out', join(folder, 'mail')];
    const emptied = join(folder, 'none');
    writeExchangeFolder(emptied, [smallPortfolio([courseResult({ certification: '2' })], { nationalId: 'B800000015' })]);
    await run(0, store, 'load', emptied);
    const { out } = await lpx(['--store', store, ...words], options);
    expect(out).toMatch(/Skipped \(1\)\n +B80000\*{4} +林小禾 +nothing to export/);
  });

  it.each<[string, string, string[]]>([
    ['a day that is none', 'LPX_DAY', ['advise', '--case', 'transfer', '--left', '2020-02-30']],
    ['a case that is none', 'LPX_USAGE', ['advise', '--case', 'holiday']],
    ['nothing to load', 'LPX_USAGE', ['load']],
    ['nobody to pick for', 'LPX_USAGE', ['pick']],
    ['a number that is none', 'LPX_USAGE', ['pick', TRANSFER_STUDENT, '--extended-years', '9']],
    ['a student and a list', 'LPX_USAGE', ['pick', TRANSFER_STUDENT, '--list', 'x.csv']],
    ['a list and a pick to take back', 'LPX_USAGE', ['pick', '--list', 'x.csv', '--remove', 'O1']],
    ['a year that is none', 'LPX_USAGE', ['register', '--year', 'x']],
    ['an import that is none', 'LPX_IMPORT_UNKNOWN', ['receipt', '7']],
    ['an import and a receipt', 'LPX_USAGE', ['receipt', '7', '--check', 'x.json']],
    ['a receipt that is not there', 'LPX_FILE_NOT_FOUND', ['receipt', '--check', 'none.json']],
    ['a student who is not there', 'LPX_STUDENT_NOT_FOUND', ['status', TRANSFER_STUDENT]],
    ['nobody to import', 'LPX_USAGE', ['import', 'none.zip', '--only', '']],
    ['a list of nobody', 'LPX_USAGE', ['import', 'none.zip', '--only', ' ,，']],
    ['an empty folder to load', 'LPX_USAGE', ['load', '']],
    ['an empty id', 'LPX_USAGE', ['export', TRANSFER_STUDENT, ' ', '--reason', 'transfer']],
    ['an empty student', 'LPX_USAGE', ['history', '--student', '']],
    ['an empty folder', 'LPX_USAGE', ['register', '--year', '109', '--out=']],
  ])('say what is off: %s', async (_, code, words) => {
    const store = join(tempFolder(), 'store');
    await run(0, store, 'init', '--school', '990001');
    const { error } = await run(2, store, ...words);
    expect(error.code).toBe(code);
  });
});
