import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LoadedRegisters, type LoadRegistersRequest, loadRegisters, unusedAttachments } from '#lpx/exchange/load-registers.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { writeRegisters } from '#lpx/exchange/register.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { workbook } from '#lpx/roster/tables.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { load, NOW, OPERATOR, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const loadTable = (store: string, path: string, of: Partial<LoadRegistersRequest> = {}) =>
  withStore(store, (open) => loadRegisters(open, { path, ...BY, ...of }));

/** A school with one student on the roll, and one course result unless others are given. */
async function smallSchool(records = [courseResult()]): Promise<{ readonly folder: string; readonly store: string }> {
  const folder = tempFolder();
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return { folder, store };
}
function put(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}
const csv = (folder: string, name: string, ...lines: readonly string[]) => put(join(folder, name), `\ufeff${lines.join('\r\n')}\r\n`);
const recordsIn = async (store: string) => (await studentIn(store, TRANSFER_STUDENT)).records;
const COMPETITIONS = '身分證號,學年度,學期,競賽名稱,競賽等級,結果公布日期,內容簡述,文件檔案';
const competition = (rest: string, id = TRANSFER_STUDENT) => `${id},109,1,${rest}`;

describe('the rows of a register', () => {
  it('become records of their students, with their files, and nothing else changes', async () => {
    const { folder, store } = await smallSchool();
    const before = await studentIn(store, TRANSFER_STUDENT);
    put(join(folder, 'files', TRANSFER_STUDENT, '獎狀.pdf'), pdf('prize'));
    const file = csv(folder, '競賽參與紀錄.csv', COMPETITIONS, competition('程式競賽,全國,109/11/30,一場比賽,獎狀.pdf'));
    const result = await loadTable(store, file, { attachments: join(folder, 'files') });
    expect(result).toMatchObject({ file: '競賽參與紀錄.csv', rows: 1, skippedRows: 0, changed: true });
    expect(result?.students).toMatchObject([
      { nationalId: TRANSFER_STUDENT, created: false, changes: [], added: 1, updated: 0, removed: [] },
    ]);
    const after = await studentIn(store, TRANSFER_STUDENT);
    expect(after.basicData).toEqual(before.basicData);
    expect(after.records[0]).toEqual(before.records[0]);
    expect(after.records[1]).toMatchObject({
      provenance: 'own',
      record: {
        list: 'competitions',
        fields: { originSchoolCode: '990001', competitionLevelCode: '3', resultDate: '2020/11/30', brief: '一場比賽' },
        document: { name: '獎狀.pdf', type: 'pdf' },
      },
    });
    expect((await loadTable(store, file, { attachments: join(folder, 'files') }))?.changed).toBe(false);
  });

  it('leave what the platform says of a record, and say what the register has otherwise', async () => {
    const { folder, store } = await smallSchool();
    await withStore(store, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: ['O1'], unpick: [] }], BY));
    const [before] = await recordsIn(store);
    put(join(folder, '別的.pdf'), pdf('another'));
    const file = csv(
      folder,
      '學期課程學習成果.csv',
      '身分證號,學年度,實際修課學期,課程代碼,科目名稱,成果簡述,是否認證,文件檔案',
      `${TRANSFER_STUDENT},109,1,109990001H11101A1010101,國語文,改過的簡述,否,別的.pdf`,
    );
    const result = await loadTable(store, file);
    expect(result).toMatchObject({ changed: false, students: [{ added: 0, updated: 0, unchanged: 1, updates: [] }] });
    expect(result?.findings.map(({ code, severity, facts }) => [code, severity, facts])).toMatchObject([
      ['LPX_REGISTER_DIFFERS', 'warning', { property: '課程學習成果簡述', stored: '一篇散文', listed: '改過的簡述' }],
      ['LPX_REGISTER_DIFFERS', 'warning', { property: '認證狀態', listed: '2' }],
      ['LPX_REGISTER_DIFFERS', 'warning', { property: '課程學習成果文件檔案連結', listed: expect.stringContaining('別的.pdf') }],
    ]);
    expect(await recordsIn(store)).toEqual([before]);
  });

  it('of --certified do not certify what the platform says is not certified', async () => {
    const { folder, store } = await smallSchool([courseResult({ certification: '2' })]);
    const [before] = await recordsIn(store);
    const file = csv(
      folder,
      '學期課程學習成果.csv',
      '身分證號,學年度,實際修課學期,課程代碼,科目名稱',
      `${TRANSFER_STUDENT},109,1,109990001H11101A1010101,國語文`,
    );
    const result = await loadTable(store, file, { certified: true });
    expect(result?.findings).toMatchObject([{ code: 'LPX_REGISTER_DIFFERS', facts: { property: '認證狀態', stored: '2', listed: '1' } }]);
    expect(await recordsIn(store)).toEqual([before]);
  });

  it('fill in what the platform leaves empty, which does not make the record the register’s', async () => {
    const { folder, store } = await smallSchool([courseResult({ brief: '' })]);
    const file = (brief: string) =>
      csv(
        folder,
        '學期課程學習成果.csv',
        '身分證號,學年度,實際修課學期,課程代碼,科目名稱,成果簡述,是否認證',
        `${TRANSFER_STUDENT},109,1,109990001H11101A1010101,國語文,${brief}`,
      );
    await loadTable(store, file('簡述,'));
    expect((await recordsIn(store))[0]?.record.fields).toMatchObject({ brief: '簡述' });
    expect(await loadTable(store, file('簡述,否'))).toMatchObject({
      changed: false,
      findings: [{ code: 'LPX_REGISTER_DIFFERS' }],
    });
  });

  it('bring a record of a register up to date, and say what changes in it, until the platform says the same', async () => {
    const { folder, store } = await smallSchool();
    const file = (brief: string) => csv(folder, '競賽.csv', COMPETITIONS, competition(`甲,全國,1091130,${brief},`));
    await loadTable(store, file('一'));
    for (const dryRun of [true, false])
      expect(await loadTable(store, file('二'), { dryRun })).toMatchObject({
        students: [{ updated: 1, updates: [{ title: '甲', changes: [{ property: '內容簡述', from: '一', to: '二' }] }] }],
      });
    const { basicData, extras, records } = await studentIn(store, TRANSFER_STUDENT);
    const portfolio = { basicData, extras, records: records.map(({ record }) => ({ ...record, document: null, media: null })) };
    writeExchangeFolder(join(folder, 'later'), [portfolio]);
    await load(store, join(folder, 'later'));
    expect(await loadTable(store, file('三'))).toMatchObject({ changed: false, findings: [{ code: 'LPX_REGISTER_DIFFERS' }] });
  });

  it('of lpx’s own registers change nothing, whatever was picked', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const own = (await recordsIn(store)).map((_, i) => `O${i + 1}`);
    const picked: string[] = [];
    for (const ref of own) {
      const picks = [{ nationalId: TRANSFER_STUDENT, pick: [ref], unpick: [] }];
      await withStore(store, (open) => pickItems(open, picks, BY))
        .then(() => picked.push(ref))
        .catch(() => {});
    }
    expect(picked.length).toBeGreaterThan(3);
    const { registers } = await withStore(store, (open) =>
      writeRegisters(open, {
        academicYear: 109,
        nationalIds: [],
        batch: 'year',
        evening: false,
        format: 'xlsx',
        outFolder: join(folder, 'out'),
        ...BY,
      }),
    );
    const before = await recordsIn(store);
    for (const file of registers.flatMap(({ files }) => files)) {
      const result = await loadTable(store, file);
      expect([basename(file), result?.changed, result?.findings.filter(({ severity }) => severity === 'error')]).toEqual([
        basename(file),
        false,
        [],
      ]);
    }
    expect(await recordsIn(store)).toEqual(before);
  });

  it('that are wrong are all reported, each with sheet, row and column, and nothing is loaded', async () => {
    const { folder, store } = await smallSchool();
    const { content } = await workbook('名冊', [
      {
        name: '競賽參與紀錄',
        rows: [
          ['109學年度競賽名冊'],
          COMPETITIONS.split(','),
          ...[
            competition('好的,全國,1091130,,'),
            competition('日期錯,全國,109/13/30,,'),
            competition('等級錯,宇宙,1091130,,'),
            competition('無此人,全國,1091130,,', 'B800000015'),
            competition('沒有檔案,全國,1091130,,不在.pdf'),
            competition('在外面,全國,1091130,,../../x.pdf'),
            competition(`${'長'.repeat(80)},全國,109/13/30,,`),
          ].map((line) => line.split(',')),
        ],
      },
      {
        name: '作品成果紀錄',
        rows: [
          ['身分證號', '名稱', '日期', '出生日期'],
          [TRANSFER_STUDENT, '詩', '1091130', '0990101'],
          [TRANSFER_STUDENT, '', '1091130'],
        ],
      },
    ]);
    const file = put(join(folder, '名冊.xlsx'), content);
    const error = await loadTable(store, file).catch((error) => error);
    expect(
      error.findings
        .filter(({ severity }: { readonly severity: string }) => severity === 'error')
        .map(({ code, place }: { readonly code: string; readonly place: object }) => [code, place]),
    ).toMatchObject([
      ['LPX_ROSTER_CELL', { sheet: '競賽參與紀錄', row: 3, column: '結果公布日期' }],
      ['LPX_ROSTER_CELL', { sheet: '競賽參與紀錄', row: 4, column: '競賽等級' }],
      ['LPX_ROSTER_CELL', { sheet: '競賽參與紀錄', row: 5, column: '身分證號' }],
      ['LPX_ROSTER_CELL', { sheet: '競賽參與紀錄', row: 8, column: '結果公布日期' }],
      ['LPX_ROSTER_CELL', { sheet: '作品成果紀錄', row: 1, column: '出生日期' }],
      ['LPX_ROSTER_MISSING', { sheet: '作品成果紀錄', row: 2, column: '名稱' }],
      ['LPX_ATTACHMENT_MISSING', { sheet: '競賽參與紀錄', row: 6, column: '文件檔案' }],
      ['LPX_LINK_UNSAFE', { sheet: '競賽參與紀錄', row: 7, column: '文件檔案' }],
    ]);
    expect(await recordsIn(store)).toHaveLength(1);
    const skipped = await loadTable(store, file, { skipBadRows: true });
    expect(skipped).toMatchObject({ rows: 9, skippedRows: 8 });
    expect((await recordsIn(store)).map(({ record }) => (record.fields as { readonly competitionName?: string }).competitionName)).toEqual([
      undefined,
      '好的',
    ]);
  });

  it('with a file that is refused name it, and are left out when bad rows are skipped', async () => {
    const { folder, store } = await smallSchool();
    put(join(folder, 'bad.pdf'), '<script>alert(1)</script>');
    put(join(folder, 'good.pdf'), pdf('good'));
    const file = csv(folder, '競賽.csv', COMPETITIONS, competition('甲,全國,1091130,,bad.pdf'), competition('乙,全國,1091130,,good.pdf'));
    await expect(loadTable(store, file)).rejects.toMatchObject({
      findings: [{ severity: 'error', place: { row: 1, column: '文件檔案' } }],
    });
    expect(await loadTable(store, file, { skipBadRows: true })).toMatchObject({ rows: 2, skippedRows: 1, students: [{ added: 1 }] });
  });

  it.each([
    ['no column for it', '', false, '2', ['LPX_REGISTER_UNCERTIFIED']],
    ['no column, and the clerk saying so', '', true, '1', []],
    ['a column that says so', '是', false, '1', []],
  ])('count as certified only when somebody says so: %s', async (_, yes, certified, certification, codes) => {
    const { folder, store } = await smallSchool();
    const column = yes === '' ? '' : ',是否認證';
    const file = csv(
      folder,
      '學期課程學習成果.csv',
      `身分證號,學年度,實際修課學期,課程代碼,科目名稱${column}`,
      `${TRANSFER_STUDENT},109,1,109990001H11101A1010402,生物${yes && `,${yes}`}`,
    );
    const result = await loadTable(store, file, { certified });
    expect(result?.findings.map(({ code }) => code).filter((code) => code.startsWith('LPX_REGISTER'))).toEqual(codes);
    expect((await recordsIn(store))[1]?.record.fields).toMatchObject({ certification });
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({ kind: 'load', file: '學期課程學習成果.csv', overridden: certified ? 'LPX_NOT_CERTIFIED' : '' });
  });

  it('of a dry run change nothing', async () => {
    const { folder, store } = await smallSchool();
    const file = csv(folder, '競賽.csv', COMPETITIONS, competition('甲,全國,1091130,,'));
    expect(await loadTable(store, file, { dryRun: true })).toMatchObject({ changed: true, students: [{ added: 1 }] });
    expect(await recordsIn(store)).toHaveLength(1);
    expect(await withStore(store, (open) => open.history())).toHaveLength(1);
  });
});

describe('files of the folder of attachments that no row names', () => {
  it('are noted once for all registers of a call, without those that one of them names or the store has', async () => {
    const { folder, store } = await smallSchool();
    const attachments = join(folder, 'files');
    for (const name of ['獎狀', '作品', '多的']) put(join(attachments, TRANSFER_STUDENT, `${name}.pdf`), pdf(name));
    const prizes = csv(folder, '競賽參與紀錄.csv', COMPETITIONS, competition('程式競賽,全國,109/11/30,一場比賽,獎狀.pdf'));
    const works = csv(folder, '作品成果紀錄.csv', '身分證號,名稱,日期,文件檔案', `${TRANSFER_STUDENT},木椅,1091201,作品.pdf`);
    const left = [{ code: 'LPX_ATTACHMENTS_UNUSED', severity: 'note', facts: { count: 1, files: `${TRANSFER_STUDENT}/多的.pdf` } }];
    const loaded = async (...files: readonly string[]) => {
      const results: LoadedRegisters[] = [];
      for (const file of files) results.push((await loadTable(store, file, { attachments })) as LoadedRegisters);
      expect(results.flatMap(({ findings }) => findings.map(({ code }) => code))).not.toContain('LPX_ATTACHMENTS_UNUSED');
      return withStore(store, (open) => unusedAttachments(open, results));
    };
    expect(await loaded(works, prizes)).toMatchObject(left);
    expect(await loaded(prizes)).toMatchObject(left);
  });
});
